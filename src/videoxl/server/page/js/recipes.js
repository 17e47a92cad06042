// Recipes: jobs with a name, such as chapters. What they found is kept for this tab, so that a reload does not lose it.

import { memoryPath } from "./client.js";
import { named } from "./document_view.js";
import { sentence } from "./failure.js";
import { Menu, choice } from "./menu.js";
import { tabMemory } from "./preferences.js";
import { counted } from "./quantity.js";
import { needsOf, save } from "./saving.js";

const MOST_KEPT = 8;
const FORMATS = ["srt", "vtt", "csv", "json", "md", "edl", "otio"];

export class Recipes {
  #id = null;
  #known = [];
  #formats = FORMATS;
  #running = null;

  constructor(root, { client, conversation, questions, notices, announcer }) {
    Object.assign(this, { client, conversation, questions, notices, announcer });
    this.menu = new Menu(root, { label: "Recipes", symbol: "recipes", items: () => this.#items() });
  }

  async load() {
    const list = await this.client.get("/v1/recipes");
    this.#known = list.data.filter((recipe) => recipe.needs !== "questions"); // those are asked one by one
    if (list.formats?.length) this.#formats = list.formats.map((format) => format.name ?? format);
  }

  get formats() {
    return this.#formats;
  }

  /** Recipes are about this memory (or none); what they found before stands in the conversation again. */
  open(id) {
    this.#running?.abort();
    this.#id = id;
    for (const found of this.#kept()) this.#show(found);
  }

  #items() {
    return this.#known.map((recipe) => choice(named(recipe.title ?? recipe.name), () => this.#start(recipe), recipe.description));
  }

  async #start(recipe) {
    const id = this.#id;
    let query = null;
    if (recipe.needs_query) {
      const [heading, words] = [named(recipe.name), recipe.description];
      query = await this.questions.text({ heading, words, label: "What to look for", value: "", yes: "Find" });
      if (query === null) return;
    }
    this.#running?.abort();
    const running = (this.#running = new AbortController());
    this.#busy(recipe.name);
    try {
      const path = memoryPath(id, "recipes", recipe.name);
      const document = await this.client.post(path, { query: query ?? undefined, format: "json" }, { signal: running.signal });
      if (this.#id !== id) return;
      const found = { name: recipe.name, query, document };
      this.#keep([...this.#kept(), found].slice(-MOST_KEPT));
      this.#show(found).root.scrollIntoView({ block: "nearest" });
      this.announcer.say(`${named(recipe.name)}: ${counted(document.markers.length, "moment")}`);
    } catch (error) {
      this.notices.warn(sentence(error));
    } finally {
      if (this.#running === running) this.#busy(null);
    }
  }

  #busy(name) {
    this.menu.button.setAttribute("aria-busy", String(name !== null));
    this.menu.button.querySelector("span").textContent = name ? `${named(name)}\u2026` : "Recipes";
    if (name) this.announcer.say(`${named(name)} is being made`);
  }

  #show(found) {
    return this.conversation.addDocument(found, this.#formats, {
      onSave: (what, format) => this.#save(what, format),
      onClose: (gone) => this.#keep(this.#kept().filter((other) => JSON.stringify(other) !== JSON.stringify(gone))),
    });
  }

  async #save(found, format) {
    const path = memoryPath(this.#id, "recipes", found.name);
    const needs = await needsOf(format, this.questions);
    if (needs === null) return;
    save(this.client, this.notices, path, { query: found.query ?? undefined, format, ...needs }, `${found.name}.${format}`);
  }

  #kept() {
    try {
      return JSON.parse(tabMemory.get(`found.${this.#id}`) ?? "[]");
    } catch {
      return [];
    }
  }

  #keep(found) {
    tabMemory.set(`found.${this.#id}`, found.length ? JSON.stringify(found) : null);
  }
}
