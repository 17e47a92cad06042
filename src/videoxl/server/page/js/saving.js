// Documents of the server as files for a person; what a format cannot hold is said.

import { element } from "./element.js";
import { sentence } from "./failure.js";

const LEFT_OUT = "x-videoxl-left-out";

/** What a format needs to know besides: EDL the frame rate of a project. Null where one cancels. */
export async function needsOf(format, questions) {
  if (format !== "edl") return {};
  const rate = await questions.text({
    heading: "Save as EDL", words: "Its timecode counts frames: say how many a second your project has.",
    label: "Frames a second", value: "25", yes: "Save",
  });
  return rate === null ? null : { fps: Number(rate.replace(",", ".")) };
}

/** Fetch a document and save it: GET without a body, POST with one. */
export async function save(client, notices, path, body, fallbackName) {
  try {
    const response = await client.response(path, body);
    offer(await response.blob(), nameOf(response) ?? fallbackName);
    const leftOut = response.headers.get(LEFT_OUT);
    if (leftOut) notices.tell(`Saved, but ${leftOut}.`);
  } catch (error) {
    notices.warn(sentence(error));
  }
}

function offer(blob, name) {
  const address = URL.createObjectURL(blob);
  element("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000); // the browser reads it after the click
}

function nameOf(response) {
  const encoded = /filename\*=utf-8''([^;]+)/i.exec(response.headers.get("content-disposition") ?? "")?.[1];
  try {
    return encoded ? decodeURIComponent(encoded).replace(/[\\/:*?"<>|\p{Cc}]+/gu, "-") : null;
  } catch {
    return null; // not what it should be; another name does as well
  }
}
