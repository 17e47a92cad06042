// One memory's answer to one question: waiting, streaming, answered, or why not.

import { clock } from "./clock.js";
import { button, element } from "./element.js";
import { lengthOf, watchedUntil } from "./intervals.js";
import { momentList } from "./moments.js";
import { counted, took } from "./quantity.js";
import { withTimeLinks } from "./time_links.js";

export class Reply {
  answer = null;

  constructor(lane, { onJump, onAskAgain }) {
    Object.assign(this, { lane, onJump, onAskAgain });
    this.name = element("p", { class: "reply-name", hidden: true });
    this.body = element("div");
    this.root = element("div", { class: "reply" }, this.name, this.body);
  }

  get evidence() {
    return this.answer?.evidence ?? [];
  }

  /** Times in the words are of the video that the best moment lies in. */
  get #source() {
    return this.evidence[0]?.source ?? 0;
  }

  /** Say which memory answers, where there are two. */
  label(isOneOfTwo) {
    this.name.hidden = !isOneOfTwo;
    this.name.textContent = this.lane.name;
  }

  wait() {
    this.answer = null;
    this.root.classList.add("is-streaming");
    this.root.setAttribute("aria-busy", "true");
    this.text = element("p", { class: "reply-text", dir: "auto" });
    this.waiting = element("p", { class: "reply-waiting" }, "Looking through the memory\u2026");
    this.body.replaceChildren(this.waiting, this.text);
  }

  add(text) {
    this.waiting.remove();
    this.text.append(text);
  }

  show(answer) {
    this.#settle();
    this.answer = answer;
    const { memory } = this.lane;
    const jump = (seconds) => this.onJump({ start: seconds, source: this.#source }, null);
    const words = withTimeLinks(answer.text || "(no words)", lengthOf(memory, this.#source), jump);
    const text = element("p", { class: "reply-text", dir: "auto" }, ...words);
    this.body.replaceChildren(text, ...this.#notes(answer));
    if (answer.evidence.length) this.body.append(momentList(memory, answer.evidence, this.onJump));
    this.body.append(element("p", { class: "reply-cost" }, costOf(answer)));
  }

  fail(words) {
    this.#settle();
    const again = button({ click: () => this.onAskAgain(this) }, "Ask again");
    this.#end(element("p", { class: "reply-error" }, words, again));
  }

  stop() {
    this.#settle();
    this.#end(element("p", { class: "reply-note" }, "Stopped. ", this.#again("Ask again")));
  }

  /** This memory was never asked this. */
  offer() {
    this.body.replaceChildren(element("p", { class: "reply-note" }, "Not asked yet. ", this.#again("Ask it")));
  }

  #again(label) {
    return button({ class: "link", click: () => this.onAskAgain(this) }, label);
  }

  /** Whatever words came, and why there are no more. */
  #end(why) {
    this.body.replaceChildren(...(this.text?.textContent ? [this.text] : []), why);
  }

  #settle() {
    this.root.classList.remove("is-streaming");
    this.root.removeAttribute("aria-busy");
    this.waiting?.remove();
  }

  #notes(answer) {
    const notes = [];
    if (answer.finished === false) notes.push(element("p", { class: "reply-note" }, "Cut at the limit of words."));
    if (answer.unknown_words?.length) {
      notes.push(element("p", { class: "reply-note" }, `The model does not know: ${answer.unknown_words.join(", ")}.`));
    }
    const isPartial = answer.watched_until !== null && answer.watched_until !== undefined;
    if (isPartial && answer.watched_until < lengthOf(this.lane.memory, 0) - 0.5) {
      const hasMore = watchedUntil(this.lane.memory) > answer.watched_until;
      const words = `Answered when the first ${clock(answer.watched_until)} were watched. `;
      notes.push(element("p", { class: "reply-note" }, words, hasMore && this.#again("Ask again")));
    }
    return notes;
  }
}

function costOf({ usage, timings }) {
  const parts = [];
  if (timings) parts.push(took(timings.total_seconds));
  if (usage) parts.push(`${counted(usage.memory_rows, "row")} read`, `${counted(usage.answer_tokens, "token")} said`);
  return parts.join(" \u00b7 ");
}
