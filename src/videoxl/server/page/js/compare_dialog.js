// Choosing the second memory: another ratio of the same video, watched already or to be watched now.

import { closable } from "./dialogs.js";
import { button, element } from "./element.js";
import { sentence } from "./failure.js";
import { keptOf } from "./lane.js";
import { ratio } from "./quantity.js";
import { settingsOf } from "./settings.js";

const STATES = { queued: "waiting", watching: "being watched", failed: "failed" };

export class CompareDialog {
  constructor(dialog, { client, onChoose }) {
    Object.assign(this, { dialog: closable(dialog), client, onChoose });
    this.choices = dialog.querySelector("#compare-choices");
    this.error = dialog.querySelector("#compare-error");
  }

  async open(memory, ratios) {
    this.memory = memory;
    this.error.textContent = "";
    this.choices.replaceChildren(element("p", {}, "Looking for other ratios\u2026"));
    this.dialog.showModal();
    try {
      const others = await this.#others();
      const missing = ratios.filter((value) => ![memory, ...others].some((one) => Math.round(one.ratio) === value));
      this.choices.replaceChildren(...this.#watched(others), ...this.#unwatched(missing));
      this.choices.querySelector("button")?.focus();
    } catch (error) {
      this.#complain(error);
    }
  }

  async #others() {
    const { data } = await this.client.get("/v1/memories?limit=100");
    return data.filter((other) => other.id !== this.memory.id && isSameVideo(other, this.memory));
  }

  #watched(others) {
    if (!others.length) return [];
    const buttons = others.map((other) => {
      const words = [element("span", {}, ratio(other.ratio)), element("small", {}, STATES[other.state] ?? keptOf(other))];
      return button({ click: () => this.#choose(other.id) }, ...words);
    });
    return [element("h3", {}, "In the library"), element("div", { class: "compare-list" }, ...buttons)];
  }

  #unwatched(ratios) {
    if (!ratios.length) return [];
    const buttons = ratios.map((value) => button({ click: () => this.#watch(value) }, ratio(value)));
    return [element("h3", {}, "Watch it once more at"), element("div", { class: "compare-new" }, ...buttons)];
  }

  async #watch(value) {
    try {
      const { id, title } = this.memory;
      const wanted = { ...settingsOf(this.memory), source: { memory_id: id }, title, ratio: value };
      const other = await this.client.post("/v1/memories", wanted);
      this.#choose(other.id);
    } catch (error) {
      this.#complain(error);
    }
  }

  #choose(id) {
    this.dialog.close();
    this.onChoose(id);
  }

  #complain(error) {
    this.error.textContent = sentence(error) ?? "";
  }
}

function isSameVideo(one, other) {
  if (one.source_sha256 && other.source_sha256) return one.source_sha256 === other.source_sha256;
  return one.title === other.title && one.duration === other.duration;
}
