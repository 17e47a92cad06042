// The library: what was watched, what is being watched; found, renamed, deleted here.

import { memoryPath, thumbnailPath } from "./client.js";
import { clockRange } from "./clock.js";
import { element, picture } from "./element.js";
import { sentence } from "./failure.js";
import { LibraryRow } from "./library_row.js";
import { counted } from "./quantity.js";
import { addressOf } from "./route.js";

const PAGE = 40;
const TYPING_MS = 200;
const BUSY_MS = 1500;
const MOST_HITS = 12;
const QUIET_MS = 20_000;

export class Library {
  #rows = new Map();
  #limit = PAGE;
  #query = "";
  #timer = null;
  #round = 0;

  constructor(root, { client, tabs, route, questions, notices, announcer }) {
    Object.assign(this, { root, client, tabs, route, questions, notices, announcer });
    this.part = (name) => root.querySelector(`#${name}`);
    this.part("search").addEventListener("submit", (event) => event.preventDefault());
    this.part("search-text").addEventListener("input", () => this.#later(TYPING_MS));
    this.part("library-more").addEventListener("click", () => ((this.#limit += PAGE), this.refresh()));
    tabs.addEventListener("change", () => this.refresh());
    route.addEventListener("change", () => this.#markOpen());
    client.connection.addEventListener("back", () => this.refresh());
    document.addEventListener("visibilitychange", () => document.hidden || this.refresh());
  }

  /** Fetch and show; only the latest call counts. */
  async refresh() {
    clearTimeout(this.#timer);
    const round = ++this.#round;
    this.#query = this.part("search-text").value.trim();
    try {
      const [list, hits] = await Promise.all([this.client.get(`/v1/memories?${this.#parameters()}`), this.#hits()]);
      if (round !== this.#round) return;
      this.#show(list, hits);
      const isBusy = list.data.some((memory) => memory.state === "queued" || memory.state === "watching");
      this.#later(isBusy ? BUSY_MS : QUIET_MS);
    } catch (error) {
      if (round !== this.#round || error.isLost) return; // asked again when the server is back
      this.part("library-note").textContent = sentence(error);
      this.#later(QUIET_MS);
    }
  }

  focusSearch() {
    this.part("search-text").focus();
    this.part("search-text").select();
  }

  async rename(memory) {
    const title = await this.questions.text({ heading: "Rename", label: "Title", value: memory.title, yes: "Rename" });
    if (title === null || title === memory.title) return;
    await this.#change(memory, () => this.client.patch(memoryPath(memory.id), { title }), `Renamed to ${title}`);
  }

  async delete(memory) {
    const isSure = await this.questions.confirm({
      heading: `Delete ${memory.title}?`,
      words: "Its memory and the questions asked of it are deleted for good. To keep a copy, download the memory first.",
      yes: "Delete", isDanger: true,
    });
    if (!isSure) return;
    await this.#change(memory, () => this.client.delete(memoryPath(memory.id)), `Deleted ${memory.title}`);
    if (this.route.memory === memory.id) this.route.go({});
    this.part("search-text").focus();
  }

  async #hits() {
    if (!this.#query) return [];
    const { data } = await this.client.get(`/v1/search?${new URLSearchParams({ query: this.#query, limit: MOST_HITS })}`);
    return data.filter((hit) => hit.kind !== "title");
  }

  #parameters() {
    return new URLSearchParams({ limit: this.#limit, ...(this.#query ? { query: this.#query } : {}) });
  }

  #later(milliseconds) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => (document.hidden ? null : this.refresh()), milliseconds);
  }

  #show({ data, has_more: hasMore }, hits) {
    const kept = new Map(data.map((memory) => [memory.id, this.#rows.get(memory.id) ?? this.#row(memory)]));
    for (const [id, row] of this.#rows) if (!kept.has(id)) row.root.remove();
    this.#rows = kept;
    const list = this.part("entries");
    data.forEach((memory, place) => {
      const row = kept.get(memory.id);
      row.update(memory);
      if (list.children[place] !== row.root) list.insertBefore(row.root, list.children[place] ?? null);
    });
    this.part("library-more").hidden = !hasMore;
    this.part("library-note").textContent = this.#note(data, hits);
    this.part("hits").hidden = !hits.length;
    this.part("hit-list").replaceChildren(...hits.map((hit) => this.#hit(hit)));
    this.#markOpen();
  }

  #note(data, hits) {
    if (!this.#query) return data.length ? "" : "Nothing yet. Videos that were watched stay here.";
    if (!data.length && !hits.length) return "Nothing fits. Try other words.";
    return `${counted(data.length, "video")}, ${counted(hits.length, "moment")}`;
  }

  #row(memory) {
    return new LibraryRow(memory, {
      onOpen: ({ id }) => this.route.go({ memory: id }),
      onRename: (one) => this.rename(one),
      onDelete: (one) => this.delete(one),
    });
  }

  #hit(hit) {
    const parts = { memory: hit.memory_id, t: hit.start };
    const open = (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      this.route.go(parts);
    };
    const when = isNumber(hit.start) && element("span", { class: "hit-time" }, `${clockRange(hit.start, hit.stop)} `);
    return element("li", {}, element("a", { class: "hit", href: addressOf(parts), click: open },
      isNumber(hit.interval) && picture(thumbnailPath(hit.memory_id, hit.interval), { class: "hit-picture" }),
      element("span", { class: "hit-words", dir: "auto" }, hit.text || "Looks like it"),
      element("span", { class: "hit-place" }, when, element("span", { dir: "auto" }, hit.title))));
  }

  #markOpen() {
    for (const [id, row] of this.#rows) row.mark(id === this.route.memory);
  }

  async #change(memory, act, said) {
    try {
      await act();
      this.tabs.changed(memory.id);
      this.announcer.say(said);
    } catch (error) {
      this.notices.warn(sentence(error));
    }
  }
}

function isNumber(value) {
  return typeof value === "number";
}
