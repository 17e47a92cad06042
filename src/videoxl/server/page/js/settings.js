// How a video is watched: ratio, frames a second, which part, which intervals.

import { secondsOf } from "./clock.js";
import { element } from "./element.js";
import { ratio } from "./quantity.js";

const NO_TIME = "Write times as minutes and seconds, such as 1:30.";
const FALLBACK_RATIOS = [2, 4, 8, 16, 32];

/** The request's fields for watching a video just as a memory was watched. */
export function settingsOf(memory) {
  const { planner, interval_frames, fps, max_frames, start_seconds: start, end_seconds: end } = memory.settings ?? {};
  const kept = memory.settings?.ratio ?? Math.round(memory.ratio);
  const fields = { planner, ratio: kept, interval_frames, fps, max_frames, start, end };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null && value !== undefined));
}

export class Settings {
  ratios = FALLBACK_RATIOS;
  #chosen = null; // by a person; kept when the model comes back

  constructor(root) {
    this.root = root;
    this.part = (name) => root.querySelector(`#${name}`);
    this.part("settings-form").addEventListener("submit", (event) => event.preventDefault());
    root.addEventListener("input", ({ target }) => {
      if (target.name === "ratio") this.#chosen = Number(target.value);
      this.#sum();
    });
    this.offer(FALLBACK_RATIOS, null);
  }

  /** Ratios that the model has, and the one it takes unless told. */
  offer(ratios, preferred) {
    this.ratios = ratios;
    const wanted = [this.#chosen, preferred].find((value) => ratios.includes(value));
    const chosen = wanted ?? ratios[Math.floor(ratios.length / 2)];
    this.part("ratio-choices").replaceChildren(...ratios.map((value) => element("label", { class: "ratio-choice" },
      element("input", { type: "radio", name: "ratio", value, checked: value === chosen }), element("span", {}, ratio(value)))));
    this.#sum();
  }

  /** Fields of the request, or null after saying what is wrong. */
  read() {
    const [start, end] = [secondsOf(this.part("setting-start").value), secondsOf(this.part("setting-end").value)];
    const fps = this.part("setting-fps");
    if (Number.isNaN(start)) return this.#refuse(NO_TIME, "start");
    if (Number.isNaN(end)) return this.#refuse(NO_TIME, "end");
    if (end !== null && end <= (start ?? 0)) return this.#refuse("The end must come after the beginning.", "end");
    if (!fps.checkValidity()) return this.#refuse("Frames a second must be above 0 and at most 60.", "fps");
    this.#refuse("");
    const kept = Number(this.root.querySelector("[name=ratio]:checked").value);
    const fields = { ratio: kept, fps: fps.value ? Number(fps.value) : null, start, end };
    if (this.part("setting-planner").value !== "fixed") fields.planner = this.part("setting-planner").value;
    return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
  }

  #refuse(problem, name) {
    this.part("settings-error").textContent = problem;
    for (const field of this.root.querySelectorAll("[aria-invalid]")) field.removeAttribute("aria-invalid");
    if (!problem) return null;
    this.root.open = true;
    const field = this.part(`setting-${name}`);
    field.setAttribute("aria-invalid", "true");
    field.focus();
    return null;
  }

  #sum() {
    const value = this.root.querySelector("[name=ratio]:checked")?.value;
    const fps = this.part("setting-fps").value || "1";
    const part = this.part("setting-start").value || this.part("setting-end").value ? ", a part of it" : "";
    this.part("settings-now").textContent = `${ratio(Number(value))}, ${fps} frame${fps === "1" ? "" : "s"} a second${part}`;
  }
}
