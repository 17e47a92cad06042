// One memory as it is now: followed by its events while it is watched, through restarts of the server.

import { memoryPath } from "./client.js";

const SETTLED = new Set(["ready", "failed"]);
const DETAILS_EVERY_MS = 1000;
const DETAILS_MS_AN_INTERVAL = 3; // of a very long film they are many bytes: less often then
const RETRY_MS = 1500;

/** Fires `change` when `memory` is newer, `gone` when there is none, `failure` with the error in `detail`. */
export class LiveMemory extends EventTarget {
  memory = null;
  #stop = new AbortController();
  #wake = () => {};
  #detailsAt = 0;

  constructor(client, id) {
    super();
    this.client = client;
    this.id = id;
    /** Resolves when there is a first `memory`, or none to be had. */
    this.known = new Promise((resolve) => {
      for (const name of ["change", "gone", "failure"]) this.addEventListener(name, resolve, { once: true });
    });
    this.#follow();
  }

  /** Look again: somebody changed it. */
  refresh() {
    this.#detailsAt = 0;
    this.#wake();
  }

  close() {
    this.#stop.abort();
    this.#wake();
  }

  get #isClosed() {
    return this.#stop.signal.aborted;
  }

  async #follow() {
    while (!this.#isClosed) {
      try {
        await this.#look();
        if (SETTLED.has(this.memory.state)) await this.#woken();
        else await this.#listen();
      } catch (error) {
        if (this.#isClosed) return;
        if (error.status === 404) return void this.dispatchEvent(new Event("gone"));
        if (error.isLost) await this.client.connection.back();
        else {
          this.dispatchEvent(new CustomEvent("failure", { detail: error }));
          await this.#woken(RETRY_MS);
        }
      }
    }
  }

  async #look() {
    const memory = await this.client.get(memoryPath(this.id), { signal: this.#stop.signal });
    if (this.#isClosed) return;
    this.#detailsAt = performance.now();
    this.#take(memory);
  }

  /** Events until the watching ends or the tab is hidden: a hidden tab gives its connection to the others. */
  async #listen() {
    if (document.hidden) return this.#shown();
    const pause = new AbortController();
    const hide = () => document.hidden && pause.abort();
    document.addEventListener("visibilitychange", hide);
    try {
      const signal = AbortSignal.any([this.#stop.signal, pause.signal]);
      for await (const { data } of this.client.events(memoryPath(this.id, "events"), undefined, { signal })) {
        if (data.deleted) return this.#look(); // which finds that it is gone
        const settles = SETTLED.has(data.state);
        this.#take({ ...this.memory, ...data });
        if (settles) return this.#look();
        const pauseMs = Math.max(DETAILS_EVERY_MS, DETAILS_MS_AN_INTERVAL * (this.memory.intervals?.length ?? 0));
        if (performance.now() - this.#detailsAt > pauseMs) await this.#look(); // events come without intervals
      }
      await this.#woken(RETRY_MS / 3); // the server ended the stream early
    } catch (error) {
      if (!pause.signal.aborted) throw error;
    } finally {
      document.removeEventListener("visibilitychange", hide);
    }
  }

  #take(memory) {
    this.memory = memory;
    this.dispatchEvent(new Event("change"));
  }

  #shown() {
    return new Promise((resolve) => {
      this.#wake = resolve;
      document.addEventListener("visibilitychange", resolve, { once: true });
    });
  }

  #woken(milliseconds) {
    return new Promise((resolve) => {
      this.#wake = resolve;
      if (milliseconds !== undefined) setTimeout(resolve, milliseconds);
    });
  }
}
