// How far a video is watched: frames, rate, time left; or why it was not.

import { clock, timeLeft } from "./clock.js";
import { button, element } from "./element.js";
import { watchedUntil } from "./intervals.js";
import { counted, number, percent, rate } from "./quantity.js";

/** Share of the frames watched so far, 0 to 1. */
export function share(memory) {
  const { frames = 0, total = 0 } = memory.progress ?? {};
  return total ? Math.min(1, frames / total) : 0;
}

export class Watching {
  constructor(onRetry) {
    this.words = element("strong");
    this.details = element("span");
    this.bar = element("progress", { max: "1" });
    this.retry = button({ hidden: true, click: onRetry }, "Watch it again");
    const line = element("p", { class: "watching-line" }, this.words, this.details);
    this.root = element("div", { class: "watching", hidden: true }, line, this.bar, this.retry);
  }

  show(memory, name) {
    const isFailed = memory.state === "failed";
    this.root.hidden = memory.state === "ready";
    this.root.classList.toggle("is-bad", isFailed);
    this.bar.hidden = isFailed;
    this.retry.hidden = !isFailed;
    this.bar.setAttribute("aria-label", `Watching ${memory.title}`);
    const [words, details] = this.#said(memory);
    this.words.textContent = name ? `${name}: ${words}` : words;
    this.details.textContent = details;
    if (memory.state === "watching" && memory.progress?.total) this.bar.value = share(memory);
    else if (memory.state === "queued") this.bar.value = 0;
    else this.bar.removeAttribute("value");
  }

  #said(memory) {
    if (memory.state === "failed") return [memory.why || "Watching failed; the server's log says more.", ""];
    if (memory.state === "queued") return ["Waiting for its turn", "Watching begins as soon as the server is free."];
    const { frames = 0, total, frames_per_second: perSecond, seconds_left: left } = memory.progress ?? {};
    const done = total ? `${number(frames)} of ${counted(total, "frame")}` : counted(frames, "frame");
    const details = [done, perSecond ? `${rate(perSecond)} frames/s` : "", timeLeft(left)].filter(Boolean);
    return [`Watching, ${percent(share(memory))}`, details.join(" \u00b7 ")];
  }
}

/** What an answer can know so far; empty when everything is watched. */
export function knowledge(memory) {
  if (memory.state === "ready") return "";
  const until = watchedUntil(memory);
  if (memory.state === "failed") return until ? `Answers know the first ${clock(until)}; watching failed there.` : "";
  if (!until) return "You can ask as soon as the first interval is watched.";
  return `You can ask already: answers know the first ${clock(until)}${memory.duration ? ` of ${clock(memory.duration)}` : ""}.`;
}
