// Numbers, sizes and times as a reader wants them; all times are UTC.

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const hundredths = new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const SIZES = ["bytes", "kB", "MB", "GB", "TB"];

export const isNumber = (type) => /^(int|bigint|double|decimal)/.test(type);

/** Return the name of a column as a reader sees it. */
export const heading = (name) => name.replaceAll("_", " ");

/** Return a number as its column's type asks for. */
export function number(value, type = "bigint") {
  if (value === null || value === undefined) return "–";
  return /^(decimal|double)/.test(type) ? hundredths.format(value) : whole.format(value);
}

/** Return a size in bytes with three digits at most. */
export function size(bytes) {
  if (bytes === null || bytes === undefined) return "–";
  let step = 0;
  for (; bytes >= 1000 && step < SIZES.length - 1; step += 1) bytes /= 1000;
  return `${step ? bytes.toPrecision(3) : bytes} ${SIZES[step]}`;
}

/** Return a time as `2026-01-31 12:00:00`. */
export function time(value) {
  const date = new Date(value);
  return value && !Number.isNaN(date.getTime()) ? date.toISOString().slice(0, 19).replace("T", " ") : "–";
}

/** Return a number of seconds in the largest unit that it fills. */
export function span(seconds) {
  if (!Number.isFinite(seconds)) return "–";
  for (const [length, name] of [[86400, "day"], [3600, "hour"], [60, "minute"]]) {
    if (seconds >= length) return plural(Math.floor(seconds / length), name);
  }
  return plural(seconds, "second");
}

/** Return how long ago a time was, in words. */
export function ago(value, now = Date.now()) {
  return `${span(Math.max(0, Math.round((now - new Date(value).getTime()) / 1000)))} ago`;
}

/** Return a count with its noun. */
export function plural(count, noun) {
  return `${whole.format(count)} ${noun}${count === 1 ? "" : "s"}`;
}
