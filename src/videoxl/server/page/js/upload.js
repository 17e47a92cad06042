// A file on its way to the server: sent from the disk piece by piece, with progress, and to be cancelled.

import { Failure } from "./failure.js";

/** Fires `progress`; `sent`, `total`, `perSecond` and `secondsLeft` say how far it is. */
export class Upload extends EventTarget {
  sent = 0;
  #request = null;
  #startedAt = 0;

  constructor(client, path, file, fields = {}) {
    super();
    Object.assign(this, { client, path, file, fields, total: file.size });
  }

  get perSecond() {
    const seconds = (performance.now() - this.#startedAt) / 1000;
    return seconds > 0.5 ? this.sent / seconds : null;
  }

  get secondsLeft() {
    return this.perSecond ? (this.total - this.sent) / this.perSecond : null;
  }

  /** Resolves to what the server made of it. */
  async send() {
    try {
      return await this.#attempt();
    } catch (error) {
      if (error.status !== 401 || !(await this.client.askForKey())) throw error;
      return this.#attempt();
    }
  }

  cancel() {
    this.#request?.abort();
  }

  #attempt() {
    const form = new FormData();
    for (const [name, value] of Object.entries(this.fields)) form.append(name, value);
    form.append("file", this.file, this.file.name); // last: the server knows the rest before the bytes come
    const request = (this.#request = new XMLHttpRequest());
    this.#startedAt = performance.now();
    return new Promise((resolve, reject) => {
      request.upload.addEventListener("progress", (event) => {
        [this.sent, this.total] = [event.loaded, event.total || this.total];
        this.dispatchEvent(new Event("progress"));
      });
      request.addEventListener("abort", () => reject(new DOMException("cancelled", "AbortError")));
      request.addEventListener("error", () => {
        this.client.connection.lose();
        reject(new Failure("The upload broke off before it was complete. Try again when the server answers."));
      });
      request.addEventListener("load", () => {
        if (request.status >= 200 && request.status < 300) resolve(JSON.parse(request.responseText));
        else reject(Failure.of(request.status, request.responseText));
      });
      request.open("POST", this.path);
      request.send(form);
    });
  }
}
