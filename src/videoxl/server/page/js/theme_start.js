// Runs before anything is drawn, so that a chosen appearance does not flash; theme.js lets it be chosen.
try {
  const chosen = localStorage.getItem("videoxl.theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // Storage is refused: the appearance of the system it is.
}
