// What is shown, kept in the address: reload, bookmarks, back and a second tab all work by it.

const NAMES = ["memory", "compare", "t"];

/** Fires `change` when another page of ours is to be shown. */
export class Route extends EventTarget {
  constructor() {
    super();
    addEventListener("popstate", () => this.dispatchEvent(new Event("change")));
  }

  get memory() {
    return this.#parameter("memory");
  }

  get compare() {
    return this.#parameter("compare");
  }

  get seconds() {
    const given = Number.parseFloat(this.#parameter("t") ?? "");
    return Number.isFinite(given) && given >= 0 ? given : null;
  }

  /** Go somewhere; parts that are not given are gone from the address. */
  go(parts) {
    history.pushState(null, "", addressOf(parts));
    this.dispatchEvent(new Event("change"));
  }

  /** Note where the player is, without a step in the history. */
  noteSeconds(seconds) {
    const parts = { memory: this.memory, compare: this.compare, t: seconds > 0 ? seconds.toFixed(1).replace(/\.0$/, "") : null };
    history.replaceState(null, "", addressOf(parts));
  }

  #parameter(name) {
    return new URLSearchParams(location.search).get(name) || null;
  }
}

export function addressOf(parts) {
  const query = new URLSearchParams();
  for (const name of NAMES) if (parts[name] !== null && parts[name] !== undefined) query.set(name, parts[name]);
  return query.size ? `/?${query}` : "/";
}
