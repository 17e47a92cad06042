// A file on its way, as one sees it: how far, how fast, how long; cancel, or try again.

import { timeLeft } from "./clock.js";
import { button, element } from "./element.js";
import { sentence } from "./failure.js";
import { bytes, percent } from "./quantity.js";

export class UploadCard {
  /** start is called for each attempt and gives an Upload and what follows it. */
  constructor(name, start) {
    this.start = start;
    this.state = element("p", { class: "upload-state" });
    this.bar = element("progress", { max: "1", "aria-label": `Uploading ${name}` });
    this.cancel = button({ class: "quiet", "aria-label": `Cancel ${name}`, click: () => this.#cancel() }, "Cancel");
    this.again = button({ class: "quiet", "aria-label": `Try ${name} again`, click: () => this.run() }, "Try again");
    this.again.hidden = true;
    const actions = element("div", { class: "upload-actions" }, this.again, this.cancel);
    const title = element("p", { class: "upload-name", dir: "auto" }, name);
    this.root = element("li", { class: "upload" }, title, this.state, this.bar, actions);
  }

  /** Resolves to what came of it; undefined where it failed or was cancelled. */
  async run() {
    const { upload, then } = this.start();
    this.upload = upload;
    this.#say("Waiting\u2026");
    this.bar.hidden = false;
    this.again.hidden = true;
    upload.addEventListener("progress", () => this.#progress(upload));
    try {
      const result = await then(await upload.send());
      this.root.remove();
      return result;
    } catch (error) {
      const words = sentence(error);
      if (words === null) return void this.root.remove();
      this.upload = null;
      this.#say(words, true);
      this.bar.hidden = true;
      this.again.hidden = false;
      return undefined;
    }
  }

  #cancel() {
    if (this.upload) this.upload.cancel();
    else this.root.remove();
  }

  #progress({ sent, total, perSecond, secondsLeft }) {
    this.bar.value = total ? sent / total : 0;
    const speed = perSecond ? [`${bytes(perSecond)}/s`, timeLeft(secondsLeft)] : [];
    const words = [`${percent(sent / total)} of ${bytes(total)}`, ...speed].join(" \u00b7 ");
    this.#say(sent >= total ? "Sent; the server looks at it\u2026" : words);
  }

  #say(words, isBad = false) {
    this.state.textContent = words;
    this.state.classList.toggle("is-bad", isBad);
    if (isBad) this.state.setAttribute("role", "alert");
    else this.state.removeAttribute("role");
  }
}
