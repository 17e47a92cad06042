"use strict";
// Chooses among the answers: by the address ("#answers/1/depth=25%20%25"), by words, by right and wrong.
(() => {
  const answers = Array.from(document.querySelectorAll("#list > details"), (element) => ({
    element,
    run: element.dataset.run,
    within: new Set(JSON.parse(element.dataset.in)),
    isRight: "right" in element.dataset,
    isSeen: "seen" in element.dataset,
    words: element.textContent.toLowerCase(),
  }));
  const [run, words, wrong, seen, shown] = ["run", "words", "wrong", "seen", "shown"].map((id) => document.getElementById(id));
  let choices = [];

  function readAddress() {
    const [name, number, ...rest] = location.hash.split("/");
    if (name !== "#answers") return false;
    run.value = number || "";
    choices = rest.map(decodeURIComponent);
    return true;
  }

  function show() {
    const text = words.value.trim().toLowerCase();
    let count = 0;
    for (const answer of answers) {
      const isShown =
        (!run.value || answer.run === run.value) &&
        choices.every((choice) => answer.within.has(choice)) &&
        (!wrong.checked || !answer.isRight) &&
        (!seen.checked || answer.isSeen) &&
        (!text || answer.words.includes(text));
      answer.element.hidden = !isShown;
      count += isShown;
    }
    const chosen = choices.length ? ", " + choices.map((choice) => choice.replace("=", " ")).join(", ") : "";
    shown.textContent = `${count} of ${answers.length} answers${chosen}`;
  }

  function follow() {
    if (!readAddress()) return;
    show();
    document.getElementById("answers").scrollIntoView();
  }

  document.getElementById("controls").addEventListener("submit", (event) => event.preventDefault());
  for (const control of [words, wrong, seen]) control.addEventListener("input", show);
  run.addEventListener("input", () => { choices = []; show(); });
  addEventListener("hashchange", follow);
  readAddress();
  show();
  if (location.hash.startsWith("#answers")) document.getElementById("answers").scrollIntoView();
})();
