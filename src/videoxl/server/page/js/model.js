// The model behind the server: loaded yet or not, and which ratios it has.

const LOOK_EVERY_MS = 1000;

/** Fires `change` when `state` (loading, ready or failed) is another. */
export class Model extends EventTarget {
  state = "loading";
  why = "";
  ratios = [];
  preferred = null;
  #round = 0;

  constructor(client) {
    super();
    this.client = client;
    client.connection.addEventListener("back", () => this.look());
    this.look();
  }

  /** Ask until it is loaded, or cannot be. */
  async look() {
    for (const round = ++this.#round; round === this.#round; await pause()) {
      const { status, why } = await readiness();
      if (status !== "ready" && status !== "failed") continue;
      if (status === "ready" && !(await this.#takeRatios())) continue;
      return this.#become(status, why);
    }
  }

  async #takeRatios() {
    try {
      const { data } = await this.client.get("/v1/models");
      const { ratios = [], default_ratio: preferred = null } = data[0]?.videoxl ?? {};
      [this.ratios, this.preferred] = [ratios, preferred];
      return true;
    } catch {
      return false; // away again, or nobody signed in yet: asked once more
    }
  }

  #become(state, why) {
    [this.state, this.why] = [state, why];
    this.dispatchEvent(new Event("change"));
  }
}

async function readiness() {
  try {
    return await (await fetch("/ready", { cache: "no-store" })).json();
  } catch {
    return {};
  }
}

function pause() {
  return new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
}
