// The opened video: name and facts, how far it is watched, player, timelines.

import { clock } from "./clock.js";
import { element } from "./element.js";
import { densest, lengthOf, neighbour, totals, watchedUntil } from "./intervals.js";
import { Lane, keptOf } from "./lane.js";
import { counted } from "./quantity.js";
import { share } from "./watching.js";

/** Fires `change` when a memory is newer, `gone` when one is not there. */
export class Film extends EventTarget {
  lanes = [];
  source = 0; // which of the memory's videos is shown
  #seconds = null;

  constructor(root, { client, player, onSeek, onRetry, onFailure }) {
    super();
    Object.assign(this, { root, client, player, onSeek, onRetry, onFailure });
    this.part = (name) => root.querySelector(`#${name}`);
    this.sources = element("select", { "aria-label": "Which video", change: () => this.showSource(Number(this.sources.value)) });
    this.legend = element("p", { class: "legend", "aria-hidden": "true" });
    player.addEventListener("time", () => this.lanes.forEach((lane) => lane.timeline.at(player.seconds)));
  }

  get memory() {
    return this.lanes[0]?.memory ?? null;
  }

  /** Open one memory, or two of the same video; null closes. */
  open(id, compareId, seconds) {
    const ids = [id, compareId].filter(Boolean);
    if (ids[0] !== this.lanes[0]?.id) [this.#seconds, this.source] = [seconds, 0];
    const kept = new Map(this.lanes.map((lane) => [lane.id, lane]));
    const lanes = ids.map((one) => kept.get(one) ?? this.#lane(one));
    this.lanes.filter((lane) => !lanes.includes(lane)).forEach((lane) => lane.close());
    const isOther = lanes[0] !== this.lanes[0];
    this.lanes = lanes;
    this.part("timelines").replaceChildren(this.sources, ...lanes.map((lane) => lane.root), this.legend);
    this.part("watchings").replaceChildren(...lanes.map((lane) => lane.watching.root));
    if (isOther) {
      this.part("film-title").textContent = "";
      this.part("film-facts").replaceChildren();
      this.player.show(null);
    }
    this.#show();
  }

  /** Look again at a memory that was changed elsewhere; all of them without an id. */
  refresh(id = null) {
    this.lanes.filter((lane) => id === null || lane.id === id).forEach((lane) => lane.live.refresh());
  }

  showMoments(moments) {
    this.lanes.forEach((lane, index) => lane.timeline.showMoments(moments[index] ?? []));
  }

  /** Show another of the memory's videos. */
  showSource(source, seconds = 0) {
    if (source === this.source) return;
    [this.source, this.#seconds] = [source, seconds];
    this.#show();
    this.dispatchEvent(new Event("change"));
  }

  /** To the start of the next (1) or previous (-1) interval. */
  step(direction) {
    if (this.memory) this.onSeek(neighbour(this.memory, this.source, this.player.seconds, direction));
  }

  #lane(id) {
    const lane = new Lane(this.client, id, { onSeek: this.onSeek, onRetry: this.onRetry });
    lane.addEventListener("change", () => this.#changed(lane));
    lane.addEventListener("failure", ({ detail }) => this.onFailure(detail));
    lane.addEventListener("gone", () => this.dispatchEvent(new CustomEvent("gone", { detail: id })));
    return lane;
  }

  #changed(lane) {
    if (!this.lanes.includes(lane)) return;
    this.#show();
    this.dispatchEvent(new Event("change"));
  }

  #show() {
    const memories = this.lanes.map((lane) => lane.memory).filter(Boolean);
    this.lanes.forEach((lane) => lane.show(this.source, densest(memories), this.lanes.length > 1));
    if (!this.memory) return;
    this.part("film-title").textContent = this.memory.title;
    this.part("film-facts").replaceChildren(...this.#facts().map((fact) => element("span", {}, fact)));
    this.player.show(this.memory, this.source, this.#seconds);
    this.#showSources();
    this.#showLegend(memories);
    const progress = this.memory.state === "watching" ? `${Math.round(share(this.memory) * 100)} % ` : "";
    document.title = `${progress}${this.memory.title} - videoxl`;
  }

  #showSources() {
    const { sources = [] } = this.memory;
    this.sources.hidden = sources.length < 2;
    if (this.sources.options.length !== sources.length) {
      const named = sources.map((source, index) => element("option", { value: index }, `Video ${index + 1}: ${source.name}`));
      this.sources.replaceChildren(...named);
    }
    this.sources.value = String(this.source);
  }

  #facts() {
    const { duration, model } = this.memory;
    const { tokens } = totals(this.memory);
    const kept = tokens ? `${counted(tokens, "token")} kept as ${keptOf(this.memory)}` : "";
    const ofOne = this.lanes.length === 1 ? [this.lanes[0].name, kept] : []; // of two, each lane says its own
    return [duration ? clock(duration) : "", model, ...ofOne].filter(Boolean);
  }

  #showLegend(memories) {
    const isOpen = (memory) => watchedUntil(memory, this.source) < lengthOf(memory, this.source);
    const isPartly = memories.some((memory) => memory.state !== "ready" && isOpen(memory));
    this.legend.replaceChildren(
      element("span", {}, element("i", { class: "is-rows" }), "rows kept per second"),
      element("span", {}, element("i", { class: "is-mark" }), "evidence of the answer"),
      ...(isPartly ? [element("span", {}, element("i", { class: "is-unwatched" }), "not watched yet")] : []),
    );
  }
}
