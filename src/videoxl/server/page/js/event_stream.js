// Server-sent events of a response, one by one.

/** Yields {event, data} with data parsed; ends when the server ends the stream. */
export async function* eventsOf(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let pending = "";
  let current = { event: "message", lines: [] };
  try {
    while (true) {
      const { value, done } = await reader.read();
      if (done) return;
      const lines = (pending + value).split(/\r\n|\n|\r(?!$)/);
      pending = lines.pop();
      for (const line of lines) {
        if (line) take(line, current);
        else {
          if (current.lines.length) yield { event: current.event, data: JSON.parse(current.lines.join("\n")) };
          current = { event: "message", lines: [] };
        }
      }
    }
  } finally {
    await reader.cancel().catch(() => {}); // the stream may have broken already
  }
}

function take(line, current) {
  const colon = line.indexOf(":");
  const name = colon < 0 ? line : line.slice(0, colon);
  const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
  if (name === "event") current.event = value;
  else if (name === "data") current.lines.push(value);
}
