// Questions on the opened video and their answers, as they stream; what recipes found stands among them.

import { Failure, sentence } from "./failure.js";
import { memoryPath } from "./client.js";
import { DocumentView } from "./document_view.js";
import { Exchange, rowsOf } from "./exchange.js";
import { counted } from "./quantity.js";

/** Fires `busy` when it begins or ends to answer, `shown` when another exchange is on the timeline. */
export class Conversation extends EventTarget {
  lanes = [];
  shown = null;
  #views = [];
  #asking = null;
  #pressed = null;

  constructor(root, { client, announcer, tabs, onJump }) {
    super();
    Object.assign(this, { root, client, announcer, tabs, onJump });
  }

  get isBusy() {
    return this.#asking !== null;
  }

  get isEmpty() {
    return this.#views.length === 0;
  }

  /** Moments of the shown exchange, for each lane. */
  get moments() {
    return this.shown?.moments ?? [];
  }

  /** Talk about these memories; what was asked before comes from the server. */
  async open(lanes) {
    this.stop();
    this.#asking = null;
    this.dispatchEvent(new Event("busy"));
    this.lanes = lanes;
    this.#views = [];
    this.root.replaceChildren();
    this.show(null);
    this.root.ariaBusy = "true";
    try {
      await this.refresh();
    } finally {
      if (lanes === this.lanes) this.root.ariaBusy = "false";
    }
  }

  /** Take in answers that are not here yet: of earlier, or of another tab. */
  async refresh() {
    const { lanes } = this;
    if (!lanes.length || this.isBusy) return;
    const [lists] = await Promise.all([
      Promise.all(lanes.map((lane) => this.client.get(memoryPath(lane.id, "questions")))),
      Promise.all(lanes.map((lane) => lane.known)),
    ]);
    if (lanes !== this.lanes || this.isBusy) return;
    for (const [question, answers] of rowsOf(lists.map((list) => list.data))) this.#take(question, answers);
  }

  /** The names of the memories may have come after the questions. */
  label() {
    this.#views.forEach((view) => view.label?.());
  }

  async ask(question) {
    const exchange = this.#exchange(question);
    this.#add(exchange);
    exchange.root.scrollIntoView({ block: "end" });
    return this.#answer(exchange, exchange.replies);
  }

  stop() {
    this.#asking?.abort();
  }

  addDocument(found, formats, { onSave, onClose }) {
    const close = (view) => {
      this.#views = this.#views.filter((other) => other !== view);
      view.root.remove();
      if (this.shown === view) this.show(this.#views.at(-1) ?? null);
      onClose(found);
    };
    const onJump = (...given) => this.#jump(...given);
    const view = new DocumentView(found, formats, { onJump, onShow: (one) => this.show(one), onSave, onClose: close });
    this.#add(view);
    return view;
  }

  show(view) {
    this.shown?.mark(false);
    this.shown = view;
    this.shown?.mark(true);
    this.dispatchEvent(new Event("shown"));
  }

  /** To the next (1) or previous (-1) moment of the shown exchange. */
  step(direction) {
    const buttons = [...(this.shown?.root.querySelectorAll("button.moment, button.marker") ?? [])];
    if (!buttons.length) return;
    const place = buttons.indexOf(this.#pressed);
    const next = place < 0 ? (direction > 0 ? 0 : buttons.length - 1) : (place + direction + buttons.length) % buttons.length;
    buttons[next].click();
  }

  /** Answers of the server, one or null for each memory: into the exchange that has one of them, or a new one. */
  #take(question, answers) {
    const isHere = (view) => answers.some((answer, index) => answer && view.replies?.[index]?.answer?.id === answer.id);
    const found = this.#views.find(isHere);
    const exchange = found ?? this.#exchange(question);
    exchange.replies.forEach((reply, index) => {
      if (answers[index] && !reply.answer) reply.show(answers[index]);
      else if (!found && !answers[index]) reply.offer();
    });
    if (!found) this.#add(exchange);
  }

  #exchange(question) {
    return new Exchange(question, this.lanes, {
      onJump: (...given) => this.#jump(...given),
      onAskAgain: (exchange, reply) => this.isBusy || this.#answer(exchange, [reply]),
      onShow: (exchange) => exchange !== this.shown && this.show(exchange),
    });
  }

  #add(view) {
    this.#views.push(view);
    this.root.append(view.root);
    this.show(view);
  }

  /** Resolves to whether all were answered. */
  async #answer(exchange, replies) {
    const asking = (this.#asking = new AbortController());
    this.dispatchEvent(new Event("busy"));
    replies.forEach((reply) => reply.wait());
    this.show(exchange);
    const done = await Promise.all(replies.map((reply) => this.#stream(exchange.question, reply, asking.signal)));
    if (this.#asking === asking) this.#asking = null;
    this.dispatchEvent(new Event("busy"));
    if (!exchange.root.isConnected) return false;
    this.show(exchange);
    exchange.root.scrollIntoView({ block: "nearest" });
    if (done.some(Boolean)) this.tabs.changed(this.lanes[0]?.id);
    return done.every(Boolean);
  }

  async #stream(question, reply, signal) {
    try {
      const path = memoryPath(reply.lane.id, "ask");
      for await (const { event, data } of this.client.events(path, { question, stream: true }, { signal })) {
        if (event === "text") reply.add(data.text);
        else if (event === "error") throw Failure.of(500, JSON.stringify(data.error ? data : { error: data }));
        else if (event === "answer") {
          reply.show(data);
          this.announcer.say(`${data.text}. ${counted(data.evidence.length, "moment")}.`);
          return true;
        }
      }
      throw new Failure("The answer broke off before it was complete.");
    } catch (error) {
      const words = sentence(error);
      if (words === null) reply.stop();
      else reply.fail(words);
      if (words !== null) this.announcer.say(words);
      return false;
    }
  }

  #jump(view, moment, button) {
    if (view !== this.shown) this.show(view);
    this.#pressed?.setAttribute("aria-pressed", "false");
    this.#pressed = button;
    button?.setAttribute("aria-pressed", "true");
    this.onJump(moment.start, moment.source ?? 0);
  }
}
