// Where a question is written. What is typed outlives a reload; a question that was cut off comes back.

import { button, element } from "./element.js";
import { tabMemory } from "./preferences.js";

const FOR_NANO = ["What picture was inserted?", "When is it inserted?", "What comes first?"];
const FOR_OTHERS = ["What happens in this video?", "When does it begin to change?", "Who or what can be seen?"];

export class AskBox {
  #id = null;

  constructor(form, suggestions, { onAsk, onStop }) {
    Object.assign(this, { form, suggestions, onAsk });
    const part = (name) => form.querySelector(`#ask-${name}`);
    [this.text, this.send, this.stop, this.note] = [part("text"), part("send"), part("stop"), part("note")];
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#ask();
    });
    this.stop.addEventListener("click", onStop);
    this.text.addEventListener("input", () => this.#remember(this.text.value));
    this.text.addEventListener("keydown", (event) => {
      if (event.key === "Escape") onStop();
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#ask();
    });
  }

  get isBusy() {
    return !this.stop.hidden;
  }

  open(id) {
    this.#id = id;
    this.text.value = tabMemory.get(`question.${id}`) ?? "";
  }

  say(note) {
    if (this.note.textContent !== note) this.note.textContent = note;
  }

  busy(isBusy) {
    const hadFocus = document.activeElement === this.stop;
    this.send.hidden = isBusy;
    this.stop.hidden = !isBusy;
    if (hadFocus) this.text.focus();
  }

  /** Questions to begin with, where none was asked. */
  suggest(model, isWanted) {
    const texts = !isWanted ? [] : model?.includes("nano") ? FOR_NANO : FOR_OTHERS;
    if (texts.length === this.suggestions.querySelectorAll("button").length) return;
    const buttons = texts.map((text) => button({ click: () => this.#ask(text) }, text));
    this.suggestions.replaceChildren(...(buttons.length ? [element("p", {}, "Ask, for example:"), ...buttons] : []));
  }

  async #ask(text = this.text.value) {
    const question = text.trim();
    if (!question || this.isBusy) return this.text.focus();
    const id = this.#id;
    this.text.value = "";
    tabMemory.set(`question.${id}`, question); // until it is answered
    if ((await this.onAsk(question)) && tabMemory.get(`question.${id}`) === question) tabMemory.set(`question.${id}`, null);
  }

  #remember(text) {
    tabMemory.set(`question.${this.#id}`, text || null);
  }
}
