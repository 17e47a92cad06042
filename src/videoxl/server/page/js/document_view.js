// What a recipe found: marked times with words, to jump to and to save in every format.

import { clock, clockRange } from "./clock.js";
import { button, element, icon } from "./element.js";
import { percent } from "./quantity.js";

export class DocumentView {
  /** found: {name, query, document}, with export's JSON document. */
  constructor(found, formats, { onJump, onShow, onSave, onClose }) {
    this.found = found;
    const { markers: marked = [], remarks: said = [], notes: noted = [] } = found.document;
    const markers = marked.map((marker) => ({ ...marker, start: marker.start_seconds, stop: marker.stop_seconds }));
    this.moments = [markers];
    const title = found.query ? `${named(found.name)}: ${found.query}` : named(found.name);
    const rows = markers.map((marker) => element("li", {}, markerButton(marker, (pressed) => onJump(this, marker, pressed))));
    const remarks = said.map((remark) => element("p", { class: "reply-text", dir: "auto" }, remark.text));
    const notes = noted.map((note) => element("p", { class: "reply-note", dir: "auto" }, note));
    const isEmpty = !rows.length && !remarks.length;
    const buttons = formats.map((format) =>
      button({ class: "quiet", "aria-label": `Save ${title} as ${format}`, click: () => onSave(found, format) }, format));
    const close = button({ class: "icon-button", "aria-label": `Close ${title}`, click: () => onClose(this) }, icon("close"));
    const nothing = element("p", { class: "reply-note" }, "Nothing of this kind was found.");
    this.root = element("li", { class: "exchange" },
      element("div", { class: "exchange-head" }, element("h3", { dir: "auto" }, title), close),
      ...remarks,
      isEmpty ? nothing : element("ol", { class: "markers" }, ...rows),
      ...notes,
      isEmpty ? null : element("p", { class: "formats" }, "Save as", ...buttons));
    this.root.addEventListener("focusin", () => onShow(this));
    this.root.addEventListener("click", (event) => this.root.isConnected && !close.contains(event.target) && onShow(this));
  }

  mark(isShown) {
    this.root.classList.toggle("is-shown", isShown);
  }
}

/** Chapters of chapters. */
export function named(recipe) {
  return recipe.charAt(0).toUpperCase() + recipe.slice(1).replaceAll("_", " ").replaceAll("-", " ");
}

function markerButton(marker, onJump) {
  const isMoment = marker.stop - marker.start < 1;
  const score = marker.score ? element("small", {}, ` ${percent(marker.score)}`) : null;
  const made = button({ class: "marker", "aria-pressed": "false" },
    element("span", { class: "marker-time" }, isMoment ? clock(marker.start) : clockRange(marker.start, marker.stop)),
    element("span", { dir: "auto" }, marker.text || marker.label || "(no words)", score));
  made.addEventListener("click", () => onJump(made));
  return made;
}
