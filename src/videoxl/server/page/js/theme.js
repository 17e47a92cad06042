// The button that goes round system, light, dark.

import { preferences } from "./preferences.js";

const NAMES = { system: "as the system has it", light: "light", dark: "dark" };
const NEXT = { system: "light", light: "dark", dark: "system" };

export function startTheme(button, announce) {
  let theme = document.documentElement.dataset.theme ?? "system";
  const name = () => button.setAttribute("aria-label", `Appearance: ${NAMES[theme]}`);
  button.addEventListener("click", () => {
    theme = NEXT[theme];
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
    preferences.set("theme", theme === "system" ? null : theme);
    name();
    announce(`Appearance: ${NAMES[theme]}`);
  });
  name();
}
