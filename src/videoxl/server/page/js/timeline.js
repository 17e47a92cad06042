// The line under the player: pictures, density, evidence, where the player is. A slider for keys and screen readers.

import { thumbnailPath } from "./client.js";
import { clock, spokenTime } from "./clock.js";
import { element, picture, svgElement } from "./element.js";
import { DRAWN_HEIGHT, DRAWN_WIDTH, densityPath, seamsPath } from "./intervals.js";
import { intervalAt, intervalsOf, lengthOf, neighbour, watchedUntil } from "./intervals.js";
import { Preview, described } from "./preview.js";
import { percent } from "./quantity.js";

const CELL_PIXELS = 96;
const SEAM_PIXELS = 4; // closer than this, seams would hide what they part
const TICK_PIXELS = 90;
const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800];
const FAR_SECONDS = 5;
const MOST_COVERED = 0.6; // marks over more than this say nothing by their colour: outlines alone are drawn

export class Timeline {
  #memory = null;
  #source = 0;
  #most = 0;
  #moments = [];
  #seconds = 0;
  #drawn = "";

  /** onSeek is called with the seconds that a person chose. */
  constructor(onSeek) {
    this.onSeek = onSeek;
    this.strip = element("div", { class: "strip" });
    this.rows = svgElement("path", { class: "density-rows" });
    this.seams = svgElement("path", { class: "density-seams" });
    this.evidence = svgElement("g", { class: "density-evidence" });
    const drawing = { class: "density", viewBox: `0 0 ${DRAWN_WIDTH} ${DRAWN_HEIGHT}`, preserveAspectRatio: "none" };
    const density = svgElement("svg", drawing, this.rows, this.evidence, this.seams);
    this.unwatched = element("div", { class: "unwatched" });
    this.marks = element("div", { class: "marks" });
    this.playhead = element("div", { class: "playhead" });
    this.preview = new Preview();
    const inside = element("div", { class: "track-inside" }, this.strip, density, this.unwatched, this.marks);
    const slider = { class: "track", role: "slider", tabindex: "0", "aria-valuemin": "0" };
    this.track = element("div", slider, inside, this.playhead, this.preview.root);
    this.axis = element("div", { class: "axis", "aria-hidden": "true" });
    this.root = element("div", { class: "timeline" }, this.track, this.axis);
    this.#listen();
    new ResizeObserver(() => this.#draw()).observe(this.track);
  }

  /** Show one of a memory's videos; `most` rows a second are a bar of full height. */
  show(memory, source, most, label) {
    [this.#memory, this.#source, this.#most] = [memory, source, most];
    this.track.setAttribute("aria-label", label);
    this.track.setAttribute("aria-valuemax", this.#length.toFixed(1));
    this.#draw();
    this.at(this.#seconds);
  }

  /** Where the evidence of an answer lies: {start, stop, score}. */
  showMoments(moments) {
    this.#moments = moments.filter((moment) => (moment.source ?? 0) === this.#source);
    this.#drawMoments();
    this.at(this.#seconds);
  }

  /** Where the player is. */
  at(seconds) {
    this.#seconds = seconds;
    this.playhead.style.setProperty("--from", part(seconds, this.#length));
    this.track.setAttribute("aria-valuenow", seconds.toFixed(1));
    if (!this.#memory) return;
    const [, kept] = described(this.#memory, this.#source, seconds);
    const score = this.#momentAt(seconds)?.score;
    const counts = score ? `, ${percent(score)} of the evidence` : "";
    this.track.setAttribute("aria-valuetext", `${spokenTime(seconds)}, ${kept}${counts}`);
    if (document.activeElement === this.track && this.track.matches(":focus-visible")) this.#preview(seconds);
  }

  get #length() {
    return lengthOf(this.#memory, this.#source);
  }

  #draw() {
    const width = this.track.clientWidth;
    if (!this.#memory || !width) return;
    const [length, intervals] = [this.#length, intervalsOf(this.#memory, this.#source)];
    const drawn = [this.#memory.id, this.#source, this.#memory.state, width, length, intervals.length, this.#most].join();
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    this.rows.setAttribute("d", densityPath(intervals, length, this.#most));
    this.seams.setAttribute("d", width / (intervals.length || 1) > SEAM_PIXELS ? seamsPath(intervals, length) : "");
    this.#drawMoments();
    const isWhole = this.#memory.state === "ready";
    this.unwatched.hidden = isWhole;
    this.unwatched.style.setProperty("--from", part(watchedUntil(this.#memory, this.#source), length));
    this.#drawStrip(Math.min(40, Math.max(3, Math.round(width / CELL_PIXELS))), length, intervals);
    this.#drawAxis(length, width);
  }

  /** A frame around each moment, and its intervals' bars in its colour: the stronger, the more it counts. */
  #drawMoments() {
    const length = this.#length;
    const most = Math.max(...this.#moments.map((moment) => moment.score ?? 1), 0.01);
    const drawn = this.#moments.map((moment) => ({ ...moment, strength: (0.3 + 0.7 * ((moment.score ?? 1) / most)).toFixed(2) }));
    this.marks.replaceChildren(...drawn.map(({ start, stop, strength }) => {
      const style = { "--from": part(start, length), "--width": part(stop - start, length), "--strength": strength };
      return element("div", { class: "mark", style });
    }));
    const covered = drawn.reduce((sum, { start, stop }) => sum + stop - start, 0);
    this.evidence.replaceChildren(...(covered > MOST_COVERED * length ? [] : drawn.map((moment) => this.#bars(moment))));
  }

  #bars({ start, stop, strength }) {
    const touched = intervalsOf(this.#memory, this.#source).filter((interval) => start < interval.stop && interval.start < stop);
    return svgElement("path", { d: densityPath(touched, this.#length, this.#most), opacity: strength });
  }

  #drawStrip(count, length, intervals) {
    while (this.strip.childElementCount > count) this.strip.lastChild.remove();
    while (this.strip.childElementCount < count) this.strip.append(element("div", { class: "strip-cell" }));
    [...this.strip.children].forEach((cell, place) => {
      const seconds = ((place + 0.5) / count) * length;
      const index = intervalAt(intervals, seconds);
      const path = index >= 0 && seconds < intervals[index].stop ? thumbnailPath(this.#memory.id, intervals[index].index) : "";
      if ((cell.dataset.path ?? "") === path) return;
      cell.dataset.path = path;
      cell.replaceChildren(...(path ? [picture(path, { loading: "eager" })] : []));
    });
  }

  #drawAxis(length, width) {
    const step = STEPS.find((seconds) => (seconds / length) * width >= TICK_PIXELS) ?? STEPS.at(-1);
    const ticks = [];
    for (let seconds = 0; seconds < length - step * 0.6; seconds += step) ticks.push(seconds);
    this.axis.replaceChildren(
      ...ticks.map((seconds) => element("span", { style: { "--from": part(seconds, length) } }, clock(seconds))),
      element("span", { class: "is-last", style: { "--from": "100%" } }, clock(length)),
    );
  }

  #listen() {
    const { track } = this;
    track.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      track.setPointerCapture(event.pointerId);
      this.onSeek(this.#secondsOf(event));
    });
    track.addEventListener("pointermove", (event) => {
      const seconds = this.#secondsOf(event);
      this.#preview(seconds);
      if (track.hasPointerCapture(event.pointerId)) this.onSeek(seconds);
    });
    track.addEventListener("pointerleave", () => this.preview.hide());
    track.addEventListener("focus", () => track.matches(":focus-visible") && this.#preview(this.#seconds));
    track.addEventListener("blur", () => this.preview.hide());
    track.addEventListener("keydown", (event) => this.#key(event));
  }

  #key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || !this.#memory) return;
    const target = this.#target(event);
    if (target === null) return;
    event.preventDefault();
    event.stopPropagation();
    this.onSeek(Math.max(0, Math.min(target, this.#length)));
  }

  #target({ key, shiftKey }) {
    const step = shiftKey ? 1 : FAR_SECONDS;
    if (key === "Escape") return this.preview.hide(), null;
    if (key === "ArrowRight" || key === "ArrowUp") return this.#seconds + step;
    if (key === "ArrowLeft" || key === "ArrowDown") return this.#seconds - step;
    if (key === "PageUp") return neighbour(this.#memory, this.#source, this.#seconds, 1);
    if (key === "PageDown") return neighbour(this.#memory, this.#source, this.#seconds, -1);
    if (key === "Home") return 0;
    if (key === "End") return this.#length;
    return null;
  }

  #secondsOf(event) {
    const box = this.track.getBoundingClientRect();
    return Math.max(0, Math.min(1, (event.clientX - box.left) / box.width)) * this.#length;
  }

  #preview(seconds) {
    if (this.#memory) this.preview.show(this.#memory, this.#source, seconds, seconds / this.#length, this.#momentAt(seconds));
  }

  #momentAt(seconds) {
    return this.#moments.find((moment) => moment.start <= seconds && seconds < moment.stop);
  }
}

function part(seconds, length) {
  return `${Math.max(0, Math.min(1, seconds / length)) * 100}%`;
}
