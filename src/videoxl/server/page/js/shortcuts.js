// Single keys that do something, unless one is typing; they can be switched off in the help.

import { preferences } from "./preferences.js";

const TYPING = "input:not([type=checkbox], [type=radio], [type=file]), textarea, select, [contenteditable]";

export class Shortcuts {
  /** actions: what each key does. */
  constructor(actions, switchBox) {
    this.actions = actions;
    switchBox.checked = preferences.get("keys") !== "off";
    switchBox.addEventListener("change", () => preferences.set("keys", switchBox.checked ? null : "off"));
    document.addEventListener("keydown", (event) => {
      if (!switchBox.checked || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target.closest?.(TYPING) || document.querySelector("dialog[open]")) return;
      const action = this.actions[event.key];
      if (!action) return;
      event.preventDefault();
      action();
    });
  }
}
