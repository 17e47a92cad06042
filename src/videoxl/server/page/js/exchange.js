// A question and its replies, one for each memory that was asked.

import { element } from "./element.js";
import { Reply } from "./reply.js";

export class Exchange {
  constructor(question, lanes, { onJump, onAskAgain, onShow }) {
    this.question = question;
    const jump = (moment, button) => onJump(this, moment, button);
    this.replies = lanes.map((lane) => new Reply(lane, { onJump: jump, onAskAgain: (reply) => onAskAgain(this, reply) }));
    this.replies.forEach((reply) => reply.label(lanes.length > 1));
    this.heading = element("h3", { dir: "auto" }, question);
    const replies = element("div", { class: "replies" }, ...this.replies.map((reply) => reply.root));
    this.root = element("li", { class: "exchange" }, this.heading, replies);
    this.root.addEventListener("focusin", () => onShow(this));
    this.root.addEventListener("click", () => onShow(this));
  }

  /** Moments for each lane's timeline. */
  get moments() {
    return this.replies.map((reply) => reply.evidence);
  }

  label() {
    this.replies.forEach((reply) => reply.label(this.replies.length > 1));
  }

  mark(isShown) {
    this.root.classList.toggle("is-shown", isShown);
  }
}

/** Questions of one or two memories as rows: [question, [answer or null for each memory]]. */
export function rowsOf(lists) {
  if (lists.length === 1) return lists[0].map((answer) => [answer.question, [answer]]);
  const [first, second] = [lists[0], [...lists[1]]];
  const rows = first.map((answer) => {
    const place = second.findIndex((other) => other.question === answer.question);
    return [answer.question, [answer, place < 0 ? null : second.splice(place, 1)[0]]];
  });
  return [...rows, ...second.map((answer) => [answer.question, [null, answer]])];
}
