// The video, or, where it cannot be played, the pictures that the memory keeps of it.

import { memoryPath, thumbnailPath } from "./client.js";
import { element, picture } from "./element.js";
import { intervalAt, intervalsOf, isPlayable, lengthOf } from "./intervals.js";

const NOT_KEPT = "The video itself is not kept here. Pictures of its intervals are shown.";
const NOT_PLAYED = "This browser cannot play this kind of video. Pictures of its intervals are shown.";

/** Fires `time` when `seconds` is another one. */
export class Player extends EventTarget {
  #memory = null;
  #source = 0;
  #seconds = 0;
  #wanted = null; // to go to as soon as the video is open
  #isBroken = false;

  constructor(root, connection) {
    super();
    this.video = element("video", { controls: true, preload: "metadata", playsinline: true, "aria-label": "Video" });
    this.still = element("div", {}, picture(null, { class: "player-still" }));
    this.note = element("p", { class: "player-note" });
    this.still.append(this.note);
    root.append(this.video, this.still);
    this.video.addEventListener("loadedmetadata", () => this.#opened());
    this.video.addEventListener("timeupdate", () => this.#follow());
    this.video.addEventListener("seeking", () => this.#follow());
    this.video.addEventListener("error", () => this.#failed());
    connection.addEventListener("back", () => this.#isBroken && this.#open());
    this.#show();
  }

  get seconds() {
    return this.#seconds;
  }

  get isStill() {
    return this.video.hidden;
  }

  /** Show one of a memory's videos from a time on; the same one again only takes note of what is new. */
  show(memory, source = 0, seconds = null) {
    const isOther = memory?.id !== this.#memory?.id || source !== this.#source;
    const isOtherwise = isPlayable(memory, source) !== isPlayable(this.#memory, this.#source);
    [this.#memory, this.#source] = [memory, source];
    if (isOther) [this.#seconds, this.#wanted] = [seconds ?? 0, seconds];
    if (isOther || isOtherwise) this.#open();
    else if (this.isStill) this.#show();
  }

  /** Go to a time. */
  jump(seconds, { plays = false } = {}) {
    const target = Math.max(0, Math.min(seconds, lengthOf(this.#memory, this.#source)));
    this.#moved(target);
    if (this.isStill) return this.#show();
    const isOpen = this.video.readyState > 0;
    this.#wanted = isOpen ? null : target; // open before its event says so: what was wanted until now is overtaken
    if (isOpen) this.video.currentTime = target;
    if (plays) this.#play();
  }

  toggle() {
    if (this.isStill) return;
    if (this.video.paused) this.#play();
    else this.video.pause();
  }

  #play() {
    this.video.play().catch(() => {}); // refused or overtaken by another jump: the picture is right anyway
  }

  #open() {
    this.#isBroken = false;
    const plays = isPlayable(this.#memory, this.#source);
    this.video.hidden = !plays;
    this.still.hidden = plays;
    this.note.textContent = NOT_KEPT;
    if (!plays) {
      this.video.removeAttribute("src");
      this.video.load();
      return this.#show();
    }
    this.#wanted ??= this.#seconds;
    const [first] = intervalsOf(this.#memory, this.#source);
    if (first) this.video.poster = thumbnailPath(this.#memory.id, first.index);
    else this.video.removeAttribute("poster");
    this.video.src = `${memoryPath(this.#memory.id, "video")}${this.#source ? `?source=${this.#source}` : ""}`;
  }

  #opened() {
    const wanted = this.#wanted;
    this.#wanted = null;
    if (wanted) this.video.currentTime = Math.min(wanted, this.video.duration || Infinity);
  }

  async #failed() {
    if (!this.video.getAttribute("src")) return;
    const id = this.#memory.id;
    this.#isBroken = true;
    const isThere = await canBeRead(this.video.src);
    if (id !== this.#memory?.id || !isThere) return; // the server is away: tried again when it is back
    this.#isBroken = false;
    [this.video.hidden, this.still.hidden] = [true, false];
    this.note.textContent = NOT_PLAYED;
    this.#show();
  }

  /** The video moved; one that opens stands at 0 until it goes where it is wanted. */
  #follow() {
    if (this.#wanted === null && !this.isStill) this.#moved(this.video.currentTime);
  }

  #moved(seconds) {
    this.#seconds = seconds;
    this.dispatchEvent(new Event("time"));
  }

  #show() {
    if (!this.isStill || !this.#memory) return;
    const intervals = intervalsOf(this.#memory, this.#source);
    const interval = intervals[Math.max(0, intervalAt(intervals, this.#seconds))];
    const image = this.still.querySelector("img");
    if (interval) image.setAttribute("src", thumbnailPath(this.#memory.id, interval.index));
    else image.removeAttribute("src");
  }
}

/** Whether the server gives a first byte of it. */
function canBeRead(address) {
  const request = fetch(address, { headers: { range: "bytes=0-0" }, cache: "no-store" });
  return request.then((answer) => answer.ok, () => false);
}
