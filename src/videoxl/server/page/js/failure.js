// What went wrong, in one sentence that a person can act on.

const LOST = "The server does not answer. The page goes on by itself when it is back.";

export class Failure extends Error {
  /** status is that of HTTP; 0 where no answer came. */
  constructor(message, status = 0) {
    super(message);
    this.status = status;
  }

  get isLost() {
    return this.status === 0;
  }

  static lost() {
    return new Failure(LOST, 0);
  }

  /** Of a status and a body that should be OpenAI's error object, and may be anything. */
  static of(status, body) {
    try {
      const message = JSON.parse(body).error.message;
      if (typeof message === "string" && message) return new Failure(capitalised(message), status);
    } catch {
      // Not our server's JSON: a proxy in between, perhaps.
    }
    return new Failure(fallback(status), status);
  }
}

/** The sentence of any error; null where a person stopped it on purpose. */
export function sentence(error) {
  if (error?.name === "AbortError") return null;
  if (error instanceof Failure) return error.message;
  console.error(error);
  return "The page made a mistake. Reload it; what the server holds is not touched.";
}

/** With a capital letter, unless it begins with a name or a number. */
function capitalised(text) {
  return /^[a-z]+ /.test(text) ? text[0].toUpperCase() + text.slice(1) : text;
}

function fallback(status) {
  if (status === 401) return "The server needs a key. Sign in and try again.";
  if (status === 404) return "The server does not have this. It may have been deleted.";
  if (status === 413) return "This is larger than the server takes.";
  if (status === 429) return "The server has too much to do. Try again in a moment.";
  if (status >= 500) return `The server failed (${status}). Try again; its log says more.`;
  return `The server refused this (${status}).`;
}
