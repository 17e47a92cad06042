// Numbers with their units.

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

export function bytes(count) {
  let [value, unit] = [count, 0];
  while (value >= 1024 && unit < UNITS.length - 1) [value, unit] = [value / 1024, unit + 1];
  return `${unit && value < 100 ? value.toFixed(1) : Math.round(value)} ${UNITS[unit]}`;
}

export function number(value) {
  return Math.round(value).toLocaleString("en");
}

export function counted(count, name) {
  return `${number(count)} ${name}${count === 1 ? "" : "s"}`;
}

export function percent(share) {
  return `${Math.round(share * 100)} %`;
}

export function rate(perSecond) {
  return perSecond >= 10 ? number(perSecond) : perSecond.toFixed(1);
}

/** 8:1; one that was measured is close to a whole number and rarely just one. */
export function ratio(value) {
  return `${Math.abs(value - Math.round(value)) < 0.05 ? Math.round(value) : value.toFixed(1)}:1`;
}

/** 47 ms, 1.2 s, 90 s. */
export function took(seconds) {
  if (seconds < 0.1) return `${Math.max(1, Math.round(seconds * 1000))} ms`;
  return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
}
