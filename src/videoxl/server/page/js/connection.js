// Whether the server answers. When it stops, this asks until it is back, and says so.

const FIRST_WAIT_MS = 400;
const LONGEST_WAIT_MS = 5000;

/** Fires `lost` and `back`. */
export class Connection extends EventTarget {
  isUp = true;

  /** Somebody got no answer: start asking for one. */
  lose() {
    if (!this.isUp) return;
    this.isUp = false;
    this.dispatchEvent(new Event("lost"));
    this.#ask();
  }

  /** Resolves when the server answers. */
  back() {
    if (this.isUp) return Promise.resolve();
    return new Promise((resolve) => this.addEventListener("back", resolve, { once: true }));
  }

  async #ask() {
    for (let wait = FIRST_WAIT_MS; !this.isUp; wait = Math.min(wait * 1.6, LONGEST_WAIT_MS)) {
      await pause(wait);
      this.isUp = await answers();
    }
    this.dispatchEvent(new Event("back"));
  }
}

async function answers() {
  try {
    return (await fetch("/health", { cache: "no-store" })).ok;
  } catch {
    return false;
  }
}

function pause(milliseconds) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    addEventListener("online", () => (clearTimeout(timer), resolve()), { once: true });
  });
}
