// Times of a video, for eyes, for ears, and back.

/** 0:48, 12:05, 1:02:03. */
export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const tail = String(rest).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${tail}` : `${minutes}:${tail}`;
}

export function clockRange(start, stop) {
  return `${clock(start)}\u2013${clock(stop)}`;
}

/** 1 hour 2 minutes 3 seconds: what a screen reader says well. */
export function spokenTime(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const parts = [[Math.floor(whole / 3600), "hour"], [Math.floor(whole / 60) % 60, "minute"], [whole % 60, "second"]];
  const said = parts.filter(([count]) => count).map(([count, name]) => `${count} ${name}${count === 1 ? "" : "s"}`);
  return said.join(" ") || "0 seconds";
}

/** Seconds of "48", "0:48", "1:02:03"; null for nothing, NaN for something else. */
export function secondsOf(text) {
  const trimmed = text.trim();
  if (!trimmed) return null;
  if (!/^\d+(:[0-5]?\d){0,2}(\.\d+)?$/.test(trimmed)) return NaN;
  return trimmed.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
}

/** About how long something still takes. */
export function timeLeft(seconds) {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return "";
  if (seconds < 60) return `${Math.max(1, Math.ceil(seconds))}\u00a0s\u00a0left`;
  if (seconds < 3600) return `${Math.ceil(seconds / 60)}\u00a0min\u00a0left`;
  return `${Math.floor(seconds / 3600)}\u00a0h ${Math.ceil((seconds % 3600) / 60)}\u00a0min\u00a0left`;
}
