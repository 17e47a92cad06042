// The dialogs of the page: a question with yes and no, a line of text, the key.

/** Closes a dialog by its buttons marked data-close. */
export function closable(dialog) {
  for (const button of dialog.querySelectorAll("[data-close]")) button.addEventListener("click", () => dialog.close("no"));
  dialog.addEventListener("cancel", () => (dialog.returnValue = "no"));
  return dialog;
}

/** Asks one thing at a time. */
export class QuestionDialog {
  constructor(dialog) {
    this.dialog = closable(dialog);
    this.part = (name) => dialog.querySelector(`#question-${name}`);
    this.part("form").addEventListener("submit", (event) => {
      event.preventDefault();
      dialog.close("yes");
    });
  }

  /** Whether the answer was yes. */
  async confirm({ heading, words, yes, isDanger = false }) {
    this.part("label").hidden = true;
    this.part("text").required = false;
    return this.#ask({ heading, words, yes, isDanger });
  }

  /** A line of text, or null. */
  async text({ heading, words = "", label, value, yes }) {
    this.part("label").hidden = false;
    this.part("label-text").textContent = label;
    const field = this.part("text");
    [field.value, field.required] = [value, true];
    const said = await this.#ask({ heading, words, yes, isDanger: false }, () => field.select());
    return said && field.value.trim() ? field.value.trim() : null;
  }

  #ask({ heading, words, yes, isDanger }, then = () => {}) {
    this.part("heading").textContent = heading;
    this.part("words").textContent = words;
    this.part("words").hidden = !words;
    this.part("yes").textContent = yes;
    this.part("yes").className = isDanger ? "danger" : "primary";
    this.dialog.returnValue = "no";
    this.dialog.showModal();
    then();
    return new Promise((resolve) => {
      this.dialog.addEventListener("close", () => resolve(this.dialog.returnValue === "yes"), { once: true });
    });
  }
}

/** Asks for the server's key and signs in with it; many requests that miss it share one dialog. */
export class KeyDialog {
  #open = null;

  constructor(dialog, signIn) {
    this.dialog = closable(dialog);
    this.signIn = signIn;
    this.field = dialog.querySelector("#key-text");
    this.error = dialog.querySelector("#key-error");
    dialog.querySelector("#key-form").addEventListener("submit", (event) => {
      event.preventDefault();
      this.#try();
    });
  }

  /** Resolves to whether somebody signed in. */
  ask() {
    this.#open ??= new Promise((resolve) => {
      this.#complain("");
      this.field.value = "";
      this.dialog.returnValue = "no";
      this.dialog.showModal();
      this.dialog.addEventListener("close", () => {
        this.#open = null;
        resolve(this.dialog.returnValue === "yes");
      }, { once: true });
    });
    return this.#open;
  }

  async #try() {
    const problem = await this.signIn(this.field.value);
    if (problem === null) this.dialog.close("yes");
    else this.#complain(problem);
  }

  #complain(problem) {
    this.error.textContent = problem;
    this.field.toggleAttribute("aria-invalid", false);
    if (problem) {
      this.field.setAttribute("aria-invalid", "true");
      this.field.select();
    }
  }
}
