// Adding: drop or choose files, give an address, bring back a memory that was downloaded.

import { sentence } from "./failure.js";
import { Upload } from "./upload.js";
import { UploadCard } from "./upload_card.js";

const MEMORY_FILE = ".vxlz";

export class Adding {
  #running = 0;
  #last = Promise.resolve(); // files go one after the other

  constructor({ client, settings, tabs, notices, onAdded }) {
    Object.assign(this, { client, settings, tabs, notices, onAdded });
    this.uploads = document.querySelector("#uploads");
    this.#listenToFiles();
    this.#listenToDrops();
    this.#listenToAddress();
    addEventListener("beforeunload", (event) => this.#running && event.preventDefault());
  }

  /** Files of whichever kind: a memory is imported, anything else is for the server to judge. */
  add(files) {
    const fields = [...files].some((file) => !isMemory(file)) ? this.settings.read() : {};
    if (fields === null) return;
    for (const file of files) this.#enqueue(file, fields);
  }

  #enqueue(file, fields) {
    const path = isMemory(file) ? "/v1/memories/import" : "/v1/files";
    const named = { ...fields, title: file.name };
    const card = new UploadCard(file.name, () => ({
      upload: new Upload(this.client, path, file, isMemory(file) ? {} : { purpose: "user_data" }),
      then: (result) => this.#sent(isMemory(file) ? result : this.#watch({ file_id: result.id }, named)),
    }));
    this.uploads.append(card.root);
    card.root.scrollIntoView({ block: "nearest" });
    this.#running += 1;
    const run = () => (card.root.isConnected ? card.run() : undefined);
    this.#last = this.#last.then(run).finally(() => (this.#running -= 1));
  }

  #watch(source, fields) {
    return this.client.post("/v1/memories", { source, ...fields });
  }

  async #sent(promise) {
    const memory = await promise;
    this.tabs.changed(memory.id);
    this.onAdded(memory);
    return memory;
  }

  #listenToFiles() {
    for (const name of ["#video-file", "#import-file"]) {
      const field = document.querySelector(name);
      field.addEventListener("change", () => {
        this.add([...field.files]);
        field.value = ""; // the same file may be chosen again
      });
    }
  }

  #listenToDrops() {
    const veil = document.querySelector("#drop-veil");
    const hasFiles = (event) => event.dataTransfer?.types.includes("Files") && !document.querySelector("dialog[open]");
    addEventListener("dragenter", (event) => hasFiles(event) && (veil.hidden = false));
    addEventListener("dragleave", (event) => event.relatedTarget === null && (veil.hidden = true));
    addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault());
    addEventListener("drop", (event) => {
      veil.hidden = true;
      if (!hasFiles(event)) return;
      event.preventDefault();
      this.add([...event.dataTransfer.files]);
    });
  }

  #listenToAddress() {
    const form = document.querySelector("#address");
    const [field, error] = [form.querySelector("#address-text"), form.querySelector("#address-error")];
    const complain = (words) => {
      error.textContent = words;
      field.toggleAttribute("aria-invalid", false);
      if (words) {
        field.setAttribute("aria-invalid", "true");
        field.focus();
      }
    };
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const address = addressIn(field.value);
      if (address === null) return complain("Give a whole address, such as https://example.org/film.mp4.");
      const fields = this.settings.read();
      if (fields === null) return;
      complain("");
      form.querySelector("button").disabled = true;
      try {
        await this.#sent(this.#watch({ url: address }, fields));
        field.value = "";
      } catch (problem) {
        complain(sentence(problem) ?? "");
      } finally {
        form.querySelector("button").disabled = false;
      }
    });
  }
}

function isMemory(file) {
  return file.name.toLowerCase().endsWith(MEMORY_FILE);
}

/** An http(s) address, or null. */
function addressIn(text) {
  try {
    const address = new URL(text.trim());
    return ["http:", "https:"].includes(address.protocol) ? address.href : null;
  } catch {
    return null;
  }
}
