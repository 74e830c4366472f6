/**
 * Stretches of a sound, without a page: made, changed, laid out in lanes; and what its waveform is
 * drawn from.
 *
 * Times are seconds, rounded to a thousandth: finer than hearing or pointing, and short to read.
 */

/** @typedef {{start: number, end: number, label: string, [key: string]: unknown}} Region */

/** The shortest stretch that can be made, in seconds. */
export const shortest = 0.01;

/** @param {number} seconds */
export const thousandth = (seconds) => Math.round(seconds * 1000) / 1000;

/**
 * @param {number} seconds
 * @param {number} duration
 */
export const within = (seconds, duration) => thousandth(Math.min(duration, Math.max(0, seconds)));

/**
 * The stretches that a task came with, as far as they can be shown.
 *
 * @param {unknown} given
 * @returns {Region[]}
 */
export function regionsOf(given) {
  if (!Array.isArray(given)) return [];
  return given.filter((one) => one && typeof one === "object" && Number.isFinite(one.start) && Number.isFinite(one.end));
}

/**
 * @param {number} a
 * @param {number} b
 * @param {string} label
 * @param {number} duration
 * @returns {Region | null} nothing if it would be too short to hear
 */
export function region(a, b, label, duration) {
  const [start, end] = [within(Math.min(a, b), duration), within(Math.max(a, b), duration)];
  return end - start < shortest ? null : { start, end, label };
}

/**
 * A stretch with one end elsewhere; the other stays.
 *
 * @param {Region} one
 * @param {"start" | "end"} which
 * @param {number} to
 * @param {number} duration
 * @returns {Region}
 */
export function moveEnd(one, which, to, duration) {
  const next = { ...one, [which]: within(to, duration) };
  return next.end - next.start < shortest ? one : next;
}

/**
 * @param {Region} one
 * @param {number} by
 * @param {number} duration
 * @returns {Region}
 */
export function move(one, by, duration) {
  const shift = Math.max(-one.start, Math.min(duration - one.end, by));
  return { ...one, start: thousandth(one.start + shift), end: thousandth(one.end + shift) };
}

/**
 * In the order of time.
 *
 * @param {Region[]} regions
 */
export const sorted = (regions) => regions.slice().sort((a, b) => a.start - b.start || a.end - b.end);

/**
 * The lane of each stretch: the first that is free where it begins.
 *
 * @param {Region[]} regions
 * @returns {{of: Map<Region, number>, count: number}}
 */
export function lanes(regions) {
  /** @type {number[]} */
  const busyUntil = [];
  /** @type {Map<Region, number>} */
  const of = new Map();
  for (const one of sorted(regions)) {
    let lane = busyUntil.findIndex((end) => end <= one.start);
    if (lane < 0) lane = busyUntil.length;
    busyUntil[lane] = one.end;
    of.set(one, lane);
  }
  return { of, count: busyUntil.length };
}

/**
 * The stretch at a time: of several the shortest.
 *
 * @param {Region[]} regions
 * @param {number} time
 */
export function at(regions, time) {
  const here = regions.filter((one) => one.start <= time && time <= one.end);
  return here.sort((a, b) => a.end - a.start - (b.end - b.start))[0] ?? null;
}

/**
 * A time as a clock shows it: `1:02.5`, with hours where there are any.
 *
 * @param {number} seconds
 */
export function clock(seconds) {
  const tenths = Math.max(0, Math.floor(seconds * 10 + 1e-6));
  const [hours, minutes] = [Math.floor(tenths / 36_000), Math.floor(tenths / 600) % 60];
  const rest = `${String(Math.floor(tenths / 10) % 60).padStart(2, "0")}.${tenths % 10}`;
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

/**
 * The loudest of each of these parts, from 0 to 1 of the loudest of all.
 *
 * @param {Float32Array[]} channels
 * @param {number} parts
 * @returns {Float32Array}
 */
export function peaks(channels, parts) {
  const length = channels[0]?.length ?? 0;
  const count = Math.max(1, Math.min(parts, length));
  const found = new Float32Array(count);
  let most = 0;
  for (const channel of channels) {
    for (let i = 0; i < length; i++) {
      const loud = Math.abs(channel[i] ?? 0);
      const part = Math.floor((i * count) / length);
      if (loud > (found[part] ?? 0)) found[part] = loud;
      if (loud > most) most = loud;
    }
  }
  if (most > 0) for (let i = 0; i < count; i++) found[i] = (found[i] ?? 0) / most;
  return found;
}
