// Other tabs of this page: what one changes, all show at once.

const CHANNEL = "videoxl";

/** Fires `change` with the id of a memory, or null, in `detail`. */
export class Tabs extends EventTarget {
  constructor() {
    super();
    this.channel = "BroadcastChannel" in window ? new BroadcastChannel(CHANNEL) : null;
    this.channel?.addEventListener("message", (message) => this.#tell(message.data));
  }

  /** Say to every tab, this one too, that a memory (or the list of them) is not as it was. */
  changed(id = null) {
    this.channel?.postMessage(id);
    this.#tell(id);
  }

  #tell(id) {
    this.dispatchEvent(new CustomEvent("change", { detail: typeof id === "string" ? id : null }));
  }
}
