// One memory on the page: its timeline, how far it is watched. Two of them when ratios are compared.

import { element } from "./element.js";
import { totals } from "./intervals.js";
import { LiveMemory } from "./live_memory.js";
import { bytes, counted, ratio } from "./quantity.js";
import { Timeline } from "./timeline.js";
import { Watching } from "./watching.js";

/** Fires `change`, `gone` and `failure` as its memory does. */
export class Lane extends EventTarget {
  constructor(client, id, { onSeek, onRetry }) {
    super();
    this.id = id;
    this.live = new LiveMemory(client, id);
    this.timeline = new Timeline(onSeek);
    this.watching = new Watching(() => onRetry(this));
    this.head = element("p", { class: "lane-head", hidden: true });
    this.root = element("div", { class: "lane" }, this.head, this.timeline.root);
    for (const name of ["change", "gone"]) this.live.addEventListener(name, () => this.dispatchEvent(new Event(name)));
    this.live.addEventListener("failure", ({ detail }) => this.dispatchEvent(new CustomEvent("failure", { detail })));
  }

  /** Resolves when its memory is known, or cannot be. */
  get known() {
    return this.live.known;
  }

  get memory() {
    return this.live.memory;
  }

  /** 8:1, and what it costs. */
  get name() {
    return this.memory ? ratio(this.memory.settings?.ratio ?? this.memory.ratio) : "\u2026";
  }

  show(source, most, isOneOfTwo) {
    if (!this.memory) return;
    this.head.hidden = !isOneOfTwo;
    this.head.replaceChildren(element("strong", {}, this.name), element("span", {}, keptOf(this.memory)));
    this.watching.show(this.memory, isOneOfTwo ? this.name : "");
    this.timeline.show(this.memory, source, most, isOneOfTwo ? `Timeline at ${this.name}` : "Timeline");
  }

  close() {
    this.live.close();
    this.root.remove();
    this.watching.root.remove();
  }
}

/** What is kept, and how large it is once it is whole. */
export function keptOf(memory) {
  const rows = memory.rows || totals(memory).rows;
  if (!rows) return "nothing kept yet";
  return memory.bytes ? `${counted(rows, "row")}, ${bytes(memory.bytes)}` : counted(rows, "row");
}
