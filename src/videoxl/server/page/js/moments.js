// The moments that an answer rests on: a picture, a time, how much it counts. Choose one and the player is there.

import { thumbnailPath } from "./client.js";
import { clockRange, spokenTime } from "./clock.js";
import { button, element, picture } from "./element.js";
import { intervalAt, intervalsOf } from "./intervals.js";
import { percent } from "./quantity.js";

/** A list of moments, best first. onJump gets the moment and its button. */
export function momentList(memory, evidence, onJump) {
  const rows = evidence.map((moment) => element("li", {}, momentButton(memory, moment, onJump)));
  return element("ul", { class: "moments", "aria-label": "Moments" }, ...rows);
}

function momentButton(memory, moment, onJump) {
  const where = memory?.sources?.length > 1 ? ` in video ${(moment.source ?? 0) + 1}` : "";
  const words = element("span", { class: "moment-words" },
    element("span", {}, clockRange(moment.start, moment.stop)),
    element("span", {}, percent(moment.score) + where));
  const share = element("span", { class: "moment-share", style: { "--width": `${(moment.score * 100).toFixed(1)}%` } });
  const span = `${spokenTime(moment.start)} to ${spokenTime(moment.stop)}`;
  const label = `Play from ${span}${where}, ${percent(moment.score)} of the evidence`;
  const shown = picture(thumbnail(memory, moment));
  const made = button({ class: "moment", "aria-label": label, "aria-pressed": "false" }, shown, words, share);
  made.addEventListener("click", () => onJump(moment, made));
  return made;
}

function thumbnail(memory, moment) {
  const intervals = intervalsOf(memory, moment.source ?? 0);
  const interval = intervals[Math.max(0, intervalAt(intervals, moment.start))];
  return interval ? thumbnailPath(memory.id, interval.index) : null;
}
