// Times in the words of an answer become buttons that go there.

import { secondsOf } from "./clock.js";
import { button } from "./element.js";

const TIME = /\b(?:\d{1,2}:)?\d{1,2}:[0-5]\d\b/g;

/** Nodes for a text; times up to `length` seconds are buttons. */
export function withTimeLinks(text, length, onJump) {
  const nodes = [];
  let done = 0;
  for (const match of text.matchAll(TIME)) {
    const seconds = secondsOf(match[0]);
    if (!Number.isFinite(seconds) || seconds > length) continue;
    nodes.push(text.slice(done, match.index), button({ class: "link", click: () => onJump(seconds) }, match[0]));
    done = match.index + match[0].length;
  }
  return [...nodes, text.slice(done)];
}
