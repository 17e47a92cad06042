// Short messages over the page. Errors stay until they are closed; the others go by themselves.

import { button, element, icon } from "./element.js";

const SHOWN_MS = 7000;

export class Notices {
  constructor(root) {
    this.root = root;
  }

  tell(text) {
    const notice = this.#add(text, "status", "notice");
    let timer;
    const start = () => (timer = setTimeout(() => notice.remove(), SHOWN_MS));
    const wait = () => clearTimeout(timer);
    for (const name of ["pointerenter", "focusin"]) notice.addEventListener(name, wait);
    for (const name of ["pointerleave", "focusout"]) notice.addEventListener(name, start);
    start();
  }

  warn(text) {
    if (!text || [...this.root.children].some((notice) => notice.dataset.text === text)) return;
    this.#add(text, "alert", "notice is-bad");
  }

  #add(text, role, kind) {
    const close = button({ class: "icon-button", "aria-label": "Dismiss", click: () => notice.remove() }, icon("close"));
    const notice = element("div", { class: kind, "data-text": text }, element("span", { role }, text), close);
    this.root.append(notice);
    return notice;
  }
}
