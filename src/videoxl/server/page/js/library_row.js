// One line of the library: a picture, a name, what it costs or how far it is, and what can be done with it.

import { memoryPath, thumbnailPath } from "./client.js";
import { clock } from "./clock.js";
import { element, picture } from "./element.js";
import { Menu, choice, download } from "./menu.js";
import { bytes, percent, ratio } from "./quantity.js";
import { addressOf } from "./route.js";
import { share } from "./watching.js";

export class LibraryRow {
  constructor(memory, { onOpen, onRename, onDelete }) {
    this.image = picture(null, { class: "entry-picture", width: "160", height: "90" });
    this.title = element("span", { class: "entry-title", dir: "auto" });
    this.facts = element("span", { class: "entry-facts" });
    this.bar = element("progress", { max: "1", hidden: true });
    const words = element("span", { class: "entry-words" }, this.title, this.facts, this.bar);
    this.link = element("a", { class: "entry-link", href: addressOf({ memory: memory.id }) }, this.image, words);
    this.link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
      event.preventDefault();
      onOpen(this.memory);
    });
    const menu = element("div");
    this.menu = new Menu(menu, {
      label: "", symbol: "more", isIconOnly: true, floats: true,
      items: () => [
        choice("Rename", () => onRename(this.memory)),
        ...this.#downloads(),
        choice("Delete", () => onDelete(this.memory)),
      ],
    });
    this.root = element("li", { class: "entry" }, this.link, menu);
    this.update(memory);
  }

  update(memory) {
    this.memory = memory;
    this.title.textContent = memory.title;
    this.title.title = memory.title;
    this.menu.button.querySelector("span").textContent = `What to do with ${memory.title}`;
    this.facts.classList.toggle("is-bad", memory.state === "failed");
    this.facts.textContent = factsOf(memory);
    this.bar.hidden = memory.state !== "watching";
    this.bar.value = share(memory);
    this.bar.setAttribute("aria-label", `Watching ${memory.title}`);
    if (memory.num_intervals && !this.image.getAttribute("src")) this.image.setAttribute("src", thumbnailPath(memory.id, 0));
  }

  mark(isOpen) {
    if (isOpen) this.link.setAttribute("aria-current", "page");
    else this.link.removeAttribute("aria-current");
  }

  #downloads() {
    const { id, state, bytes: size } = this.memory;
    if (state !== "ready") return [];
    return [download("Download the memory", memoryPath(id, "export"), `one file, ${bytes(size)}`)];
  }
}

function factsOf(memory) {
  if (memory.state === "queued") return "waiting for its turn";
  if (memory.state === "failed") return "could not be watched";
  if (memory.state === "watching") return `${percent(share(memory))} watched`;
  const facts = [memory.duration ? clock(memory.duration) : "", ratio(memory.ratio), bytes(memory.bytes)];
  return facts.filter(Boolean).join(" \u00b7 ");
}
