// Small choices that outlive the page; a browser that refuses storage just forgets them.

const PREFIX = "videoxl.";

class Preferences {
  constructor(open) {
    this.open = open;
  }

  get(name) {
    try {
      return this.open().getItem(PREFIX + name);
    } catch {
      return null;
    }
  }

  set(name, value) {
    try {
      if (value === null) this.open().removeItem(PREFIX + name);
      else this.open().setItem(PREFIX + name, value);
    } catch {
      // Full or refused: what is remembered here is a convenience.
    }
  }
}

/** For every tab, for good. */
export const preferences = new Preferences(() => localStorage);

/** For this tab, until it is closed. */
export const tabMemory = new Preferences(() => sessionStorage);
