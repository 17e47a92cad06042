// The small picture over the timeline: what is at a time, and how much of it is kept.

import { thumbnailPath } from "./client.js";
import { clock, clockRange } from "./clock.js";
import { element, picture } from "./element.js";
import { intervalAt, intervalsOf } from "./intervals.js";
import { counted, percent, ratio } from "./quantity.js";

export class Preview {
  constructor() {
    this.image = picture(null, { loading: "eager" });
    this.when = element("strong");
    this.kept = element("span");
    this.counts = element("span", { class: "preview-moment" });
    const words = element("p", {}, this.when, this.kept, this.counts);
    this.root = element("div", { class: "preview", hidden: true, "aria-hidden": "true" }, this.image, words);
  }

  show(memory, source, seconds, share, moment) {
    this.root.hidden = false;
    this.root.style.setProperty("--from", `${share * 100}%`);
    const [when, kept, index] = described(memory, source, seconds);
    this.when.textContent = when;
    this.kept.textContent = kept;
    this.counts.textContent = moment?.score ? `${percent(moment.score)} of the evidence` : "";
    const path = index === null ? null : thumbnailPath(memory.id, index);
    if (path === null) this.image.removeAttribute("src");
    else if (this.image.getAttribute("src") !== path) this.image.setAttribute("src", path);
  }

  hide() {
    this.root.hidden = true;
  }
}

/** Words for a time of a memory: when, what is kept, and which thumbnail. */
export function described(memory, source, seconds) {
  const intervals = intervalsOf(memory, source);
  const interval = intervals[intervalAt(intervals, seconds)];
  if (!interval || seconds >= interval.stop) {
    return [clock(seconds), memory.state === "ready" ? "nothing kept here" : "not watched yet", null];
  }
  const kept = `${counted(interval.rows, "row")} of ${counted(interval.tokens, "token")}, ${ratio(interval.ratio)}`;
  return [`${clock(seconds)}  in ${clockRange(interval.start, interval.stop)}`, kept, interval.index];
}
