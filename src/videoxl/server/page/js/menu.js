// A button that opens a small panel of choices. Escape, a click elsewhere or leaving by Tab closes it.

import { button, element, icon } from "./element.js";

export class Menu {
  /**
   * Args:
   *   root: the element that becomes the menu.
   *   label: what the button says; `hidden` for an icon alone.
   *   items: called when it opens; gives buttons and links.
   *   floats: whether the panel lies over what scrolls and would cut it.
   */
  constructor(root, { label, symbol, items, isIconOnly = false, floats = false }) {
    this.items = items;
    this.floats = floats;
    const words = element("span", { class: isIconOnly ? "visually-hidden" : null }, label);
    this.button = button({ "aria-expanded": "false", class: isIconOnly ? "icon-button" : null }, icon(symbol), words);
    this.panel = element("div", { class: floats ? "menu-panel floating" : "menu-panel", hidden: true });
    root.classList.add("menu");
    root.append(this.button, this.panel);
    this.button.addEventListener("click", () => (this.panel.hidden ? this.open() : this.close()));
    this.panel.addEventListener("click", (event) => event.target.closest("button, a") && this.close());
    root.addEventListener("keydown", (event) => this.#key(event));
    root.addEventListener("focusout", (event) => event.relatedTarget && !root.contains(event.relatedTarget) && this.close(false));
    this.leave = (event) => !root.contains(event.target) && this.close(false);
  }

  open() {
    this.panel.replaceChildren(...this.items());
    this.panel.hidden = false;
    this.button.setAttribute("aria-expanded", "true");
    document.addEventListener("pointerdown", this.leave);
    if (this.floats) this.#place();
    this.panel.querySelector("button, a")?.focus();
  }

  close(takesFocus = true) {
    if (this.panel.hidden) return;
    const hadFocus = this.panel.contains(document.activeElement);
    this.panel.hidden = true;
    this.button.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", this.leave);
    if (takesFocus && hadFocus) this.button.focus();
  }

  #key(event) {
    if (this.panel.hidden) return;
    const choices = [...this.panel.querySelectorAll("button, a")];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") this.close();
    else if (step) choices.at((choices.indexOf(document.activeElement) + step + choices.length) % choices.length)?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #place() {
    const place = this.button.getBoundingClientRect();
    const [width, height] = [this.panel.offsetWidth, this.panel.offsetHeight];
    const fits = place.bottom + height + 8 < innerHeight;
    this.panel.style.top = `${fits ? place.bottom + 4 : Math.max(8, place.top - height - 4)}px`;
    this.panel.style.left = `${Math.max(8, Math.min(place.right - width, innerWidth - width - 8))}px`;
  }
}

export function choice(label, act, note) {
  return button({ click: act }, element("span", {}, label), note && element("small", {}, note));
}

export function download(label, href, note) {
  return element("a", { href, download: true }, element("span", {}, label), note && element("small", {}, note));
}
