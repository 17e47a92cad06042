// The intervals of a memory: which holds a time, how densely each is kept, how it is drawn.

export const DRAWN_WIDTH = 1000;
export const DRAWN_HEIGHT = 100;
const SHORTEST_SECONDS = 0.001; // what times are divided by
const MOSTLY = 0.95; // of the seconds fit under a full bar

/** Intervals of one of a memory's videos; most have one. */
export function intervalsOf(memory, source) {
  return (memory?.intervals ?? []).filter((interval) => (interval.source ?? 0) === source);
}

/** How long a video is; one without a known duration ends with its last interval. */
export function lengthOf(memory, source) {
  const said = memory?.sources?.[source]?.duration ?? memory?.duration ?? 0;
  return Math.max(said, intervalsOf(memory, source).at(-1)?.stop ?? 0, SHORTEST_SECONDS);
}

/** Whether a video is there to be played. */
export function isPlayable(memory, source) {
  return Boolean(memory && (memory.sources?.[source]?.has_video ?? (source === 0 && memory.has_video)));
}

/** Index of the interval that holds a time, the nearest one before it otherwise; -1 where there is none. */
export function intervalAt(intervals, seconds) {
  let [low, high] = [0, intervals.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (intervals[middle].start <= seconds) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Up to where the video has been watched. */
export function watchedUntil(memory, source = 0) {
  return intervalsOf(memory, source).at(-1)?.stop ?? 0;
}

function rowsPerSecond(interval) {
  return interval.rows / Math.max(interval.stop - interval.start, SHORTEST_SECONDS);
}

/** The rows a second of a full bar: all but a few very dense seconds lie below it. */
export function densest(memories) {
  const all = memories.flatMap((memory) => memory.intervals ?? []);
  const sorted = all.sort((one, other) => rowsPerSecond(one) - rowsPerSecond(other));
  const whole = sorted.reduce((sum, interval) => sum + interval.stop - interval.start, 0);
  let covered = 0;
  const found = sorted.find((interval) => (covered += interval.stop - interval.start) >= MOSTLY * whole);
  return found ? rowsPerSecond(found) : 0;
}

/** Tokens of video and rows of memory, of all that is watched so far. */
export function totals(memory) {
  const add = (name) => (memory.intervals ?? []).reduce((sum, interval) => sum + interval[name], 0);
  return { tokens: add("tokens"), rows: add("rows") };
}

/** One path for all bars: as wide as an interval, as high as it is densely kept. */
export function densityPath(intervals, length, most) {
  return intervals
    .map((interval) => {
      const [left, right] = [place(interval.start, length), place(interval.stop, length)];
      const top = DRAWN_HEIGHT * (1 - 0.88 * (most ? Math.min(1, rowsPerSecond(interval) / most) : 0));
      return `M${left} ${DRAWN_HEIGHT}V${top.toFixed(1)}H${right}V${DRAWN_HEIGHT}Z`;
    })
    .join("");
}

/** Start of the next (1) or the previous (-1) interval; well inside of one, its own start comes before the previous. */
export function neighbour(memory, source, seconds, step) {
  const intervals = intervalsOf(memory, source);
  const index = intervalAt(intervals, seconds);
  const isInside = step < 0 && seconds - (intervals[index]?.start ?? 0) > 1;
  return intervals[isInside ? index : index + step]?.start ?? seconds;
}

/** The seams between intervals. */
export function seamsPath(intervals, length) {
  return intervals.slice(1).map((interval) => `M${place(interval.start, length)} 0V${DRAWN_HEIGHT}`).join("");
}

function place(seconds, length) {
  return ((DRAWN_WIDTH * Math.min(seconds, length)) / length).toFixed(2);
}
