// The server's HTTP. Errors come out as Failure; where a key is missing, it is asked for and the request repeated.

import { eventsOf } from "./event_stream.js";
import { Failure } from "./failure.js";

export class Client {
  /** askForKey resolves to whether somebody signed in. */
  constructor(connection, askForKey) {
    this.connection = connection;
    this.askForKey = askForKey;
  }

  get(path, options) {
    return this.#json("GET", path, undefined, options);
  }

  post(path, body, options) {
    return this.#json("POST", path, body, options);
  }

  patch(path, body) {
    return this.#json("PATCH", path, body);
  }

  delete(path) {
    return this.#json("DELETE", path);
  }

  /** The response itself, for what is no JSON: GET without a body, POST with one. */
  response(path, body, options) {
    return this.#send(body === undefined ? "GET" : "POST", path, body, options);
  }

  /** Events of a stream: GET without a body, POST with one. */
  async *events(path, body, { signal } = {}) {
    const response = await this.response(path, body, { signal });
    try {
      yield* eventsOf(response);
    } catch (error) {
      throw this.#explained(error);
    }
  }

  async #json(method, path, body, options) {
    const response = await this.#send(method, path, body, options);
    try {
      return await response.json();
    } catch (error) {
      throw this.#explained(error);
    }
  }

  async #send(method, path, body, { signal } = {}, isRepeat = false) {
    const headers = body === undefined ? {} : { "content-type": "application/json" };
    const content = body === undefined ? undefined : JSON.stringify(body);
    let response;
    try {
      response = await fetch(path, { method, headers, body: content, signal, credentials: "same-origin", cache: "no-store" });
    } catch (error) {
      throw this.#explained(error);
    }
    if (response.ok) return response;
    const failure = Failure.of(response.status, await response.text().catch(() => ""));
    if (response.status === 401 && !isRepeat && (await this.askForKey())) {
      return this.#send(method, path, body, { signal }, true);
    }
    throw failure;
  }

  #explained(error) {
    if (error.name === "AbortError") return error;
    this.connection.lose();
    return Failure.lost();
  }
}

/** /v1/memories/ID/...; each part is escaped. */
export function memoryPath(id, ...parts) {
  return ["/v1/memories", id, ...parts].map((part, index) => (index ? encodeURIComponent(part) : part)).join("/");
}

export function thumbnailPath(id, interval) {
  return memoryPath(id, "thumbnails", `${interval}.jpg`);
}
