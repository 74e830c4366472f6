/**
 * Editing spans, as functions without a page: what can be selected, what a selection becomes, and
 * what happens to the spans that are there.
 *
 * A text is a row of units, its tokens, or its characters where the project highlights by
 * character. A selection is a range of units; it stops at a unit that may not be part of a span (a
 * disabled token, a line break unless the project allows it). Where spans never overlap a new one
 * takes the place of those it touches. A span that came with the task and fits no units is drawn
 * and kept as it is until it is deleted, and nothing is laid over it; what cannot even be drawn
 * goes back with the rest.
 *
 * All offsets here are code points (offsets.js).
 */

import { graphemes } from "./offsets.js";
import { tokensOf } from "../state/reading.js";

/** @import { Offsets } from "./offsets.js" */
/** @import { Span, Task, Token } from "../state/types.js" */

/**
 * @typedef {{start: number, end: number, id: number | null, barrier: boolean, blank: boolean}} Unit
 */

/** @typedef {{from: number, to: number}} Range indices of units, both inclusive */

/**
 * The units of a text.
 *
 * @param {Task} task
 * @param {Offsets} offsets
 * @param {{characters: boolean, newlines: boolean}} settings
 * @returns {Unit[]}
 */
export function units(task, offsets, settings) {
  /** @type {{start: number, end: number, id?: number, disabled?: boolean}[]} */
  let segments;
  const tokens = /** @type {Token[] | undefined} */ (tokensOf(task));
  if (settings.characters) {
    const off = (tokens ?? []).filter((token) => token?.disabled === true);
    segments = graphemes(offsets.text);
    if (off.length) segments = segments.map((piece) => ({ ...piece, disabled: off.some((token) => overlap(token, piece)) }));
  } else {
    segments = tokens ? tokens.filter((token) => token && typeof token === "object") : words(offsets);
  }
  /** @type {Unit[]} */
  const found = [];
  let end = 0;
  segments.forEach((piece, i) => {
    // Tokens that lie wrong (before one another, beyond the text) cannot be drawn in a row.
    if (!(piece.start >= end && piece.end > piece.start && piece.end <= offsets.length)) return;
    const gap = offsets.slice(end, piece.start);
    const text = offsets.slice(piece.start, piece.end);
    const blank = text.trim() === "";
    const broken = blank && text.includes("\n") && !settings.newlines;
    if (gap.includes("\n") && !settings.newlines && found.length) {
      const last = /** @type {Unit} */ (found[found.length - 1]);
      // A line break between two tokens stands as an empty unit that cannot be crossed.
      found.push({ start: last.end, end: last.end, id: null, barrier: true, blank: true });
    }
    found.push({
      start: piece.start,
      end: piece.end,
      id: settings.characters ? null : Number.isInteger(piece.id) ? /** @type {number} */ (piece.id) : i,
      barrier: Boolean(piece.disabled) || broken,
      blank,
    });
    end = piece.end;
  });
  return found;
}

/**
 * Words, for a task that has no tokens and was given none. Only drawn with, never sent: the spans
 * then carry no token numbers.
 *
 * @param {Offsets} offsets
 */
function words(offsets) {
  /** @type {{start: number, end: number}[]} */
  const found = [];
  for (const match of offsets.text.matchAll(/[\p{L}\p{M}\p{N}_]+|[^\s\p{L}\p{M}\p{N}_]/gu)) {
    const start = offsets.toPoints(match.index);
    found.push({ start, end: offsets.toPoints(match.index + match[0].length) });
  }
  return found;
}

/**
 * From where a selection began to where it is now: as far as it may go, without blanks at its ends.
 *
 * @param {Unit[]} row
 * @param {number} anchor
 * @param {number} focus
 * @returns {Range | null}
 */
export function select(row, anchor, focus) {
  if (!row[anchor] || row[anchor].barrier) return null;
  const step = focus < anchor ? -1 : 1;
  let last = anchor;
  for (let i = anchor; i !== focus + step; i += step) {
    if (!row[i] || row[i].barrier) break;
    last = i;
  }
  let from = Math.min(anchor, last);
  let to = Math.max(anchor, last);
  while (from < to && row[from]?.blank) from++;
  while (to > from && row[to]?.blank) to--;
  return { from, to };
}

/**
 * The units that a span covers exactly, or null if it lies across their borders.
 *
 * @param {Unit[]} row
 * @param {Pick<Span, "start" | "end">} span
 * @returns {Range | null}
 */
export function fit(row, span) {
  const from = first(row, (unit) => unit.start >= span.start && unit.end > unit.start);
  if (row[from]?.start !== span.start) return null;
  let to = first(row, (unit) => unit.end >= span.end);
  if (row[to]?.end !== span.end || to < from) return null;
  return { from, to };
}

/**
 * Where the paragraphs of a text begin, apart from the first: after a line break that no span lies
 * over, or can be made over.
 *
 * @param {Unit[]} row
 * @param {Offsets} offsets
 * @param {Pick<Span, "start" | "end">[]} spans
 * @returns {number[]} in order
 */
export function paragraphs(row, offsets, spans) {
  /** @type {number[]} */
  const found = [];
  const order = sorted(/** @type {Span[]} */ (spans));
  let [unit, span, covered] = [0, 0, 0];
  for (const match of offsets.text.matchAll(/\n(?=[^\n])/g)) {
    const place = offsets.toPoints(match.index + 1);
    while (unit < row.length && /** @type {Unit} */ (row[unit]).end < place) unit++;
    // The unit that the line break lies in, if any; empty ones hold nothing.
    let holder = unit;
    while (row[holder] && row[holder]?.start === row[holder]?.end) holder++;
    const held = row[holder];
    if (held && held.start < place && (!held.barrier || held.end > place)) continue;
    while (span < order.length && /** @type {Span} */ (order[span]).start < place) covered = Math.max(covered, /** @type {Span} */ (order[span++]).end);
    if (covered > place) continue;
    found.push(place);
  }
  return found;
}

/**
 * Binary search: the first unit of which `test` holds, given that it holds of all after it.
 *
 * @param {Unit[]} row
 * @param {(unit: Unit) => boolean} test
 */
function first(row, test) {
  let low = 0;
  let high = row.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    // An empty unit (a line break) lies where its neighbour ends; it is never a border.
    if (test(/** @type {Unit} */ (row[middle])) || beyond(row, middle, test)) high = middle;
    else low = middle + 1;
  }
  while (low < row.length && row[low]?.start === row[low]?.end) low++;
  return low;
}

/**
 * @param {Unit[]} row
 * @param {number} i
 * @param {(unit: Unit) => boolean} test
 */
function beyond(row, i, test) {
  const unit = /** @type {Unit} */ (row[i]);
  const before = row[i - 1];
  return unit.start === unit.end && before !== undefined && test(before);
}

/**
 * @param {Pick<Span, "start" | "end">} a
 * @param {Pick<Span, "start" | "end">} b
 */
export const overlap = (a, b) => a.start < b.end && b.start < a.end;

/**
 * @param {Span[]} spans
 * @returns {Span[]}
 */
export const sorted = (spans) => spans.slice().sort((a, b) => a.start - b.start || a.end - b.end);

/**
 * The spans to begin with, and what of the list cannot be drawn: it goes back as it came.
 *
 * @param {unknown} given
 * @param {number} length of the text
 * @returns {{spans: Span[], rest: unknown[]}}
 */
export function start(given, length) {
  const list = Array.isArray(given) ? given : [];
  /** @type {Span[]} */
  const spans = [];
  /** @type {unknown[]} */
  const rest = [];
  for (const one of list) {
    const lies = one && Number.isInteger(one.start) && Number.isInteger(one.end) &&
      one.start >= 0 && one.start < one.end && one.end <= length;
    if (lies) spans.push(one);
    else rest.push(one);
  }
  return { spans, rest };
}

/**
 * Spans that can stand in the line, and those that lie over one of them.
 *
 * @param {Span[]} spans
 * @returns {{inline: Span[], over: Span[]}}
 */
export function split(spans) {
  /** @type {Span[]} */
  const inline = [];
  /** @type {Span[]} */
  const over = [];
  let end = 0;
  for (const span of sorted(spans)) {
    if (span.start < end) over.push(span);
    else {
      inline.push(span);
      end = span.end;
    }
  }
  return { inline, over };
}

/**
 * The lane beneath the text in which each span is drawn: the first that is free, in the order of
 * the text and the longer before the shorter, so that what lies inside another lies beneath it.
 *
 * @param {Span[]} spans
 * @param {(span: Span) => number} room how many code points its label takes at least
 * @returns {Map<Span, number>}
 */
export function lanes(spans, room = () => 0) {
  /** @type {Map<Span, number>} */
  const found = new Map();
  /** @type {number[]} where each lane is free again */
  const free = [];
  for (const span of spans.slice().sort((a, b) => a.start - b.start || b.end - a.end)) {
    let lane = free.findIndex((end) => end <= span.start);
    if (lane < 0) lane = free.length;
    free[lane] = Math.max(span.end, span.start + room(span));
    found.set(span, lane);
  }
  return found;
}

/**
 * A span of a range of units, with the numbers of its tokens where they have any.
 *
 * @param {Unit[]} row
 * @param {Range} range
 * @param {string} label
 * @returns {Span}
 */
export function spanOf(row, range, label) {
  const from = /** @type {Unit} */ (row[range.from]);
  const to = /** @type {Unit} */ (row[range.to]);
  return from.id === null || to.id === null
    ? { start: from.start, end: to.end, label }
    : { start: from.start, end: to.end, token_start: from.id, token_end: to.id, label };
}

/**
 * Give a range of units a label. Where spans may not overlap, the new one takes the place of those
 * that it touches.
 *
 * @param {Span[]} spans
 * @param {Unit[]} row
 * @param {Range} range
 * @param {string} label
 * @param {boolean} [overlapping]
 * @returns {{spans: Span[], span: Span, replaced: Span[]} | {blocked: Span}}
 */
export function apply(spans, row, range, label, overlapping = false) {
  const span = spanOf(row, range, label);
  const touched = spans.filter((one) => overlap(one, span));
  const twin = touched.find((one) => one.start === span.start && one.end === span.end && one.label === label);
  // Nothing changes, so the span keeps whatever else it carries.
  if (twin && (overlapping || touched.length === 1)) return { spans, span: twin, replaced: [] };
  if (overlapping) return { spans: sorted([...spans, span]), span, replaced: [] };
  const blocked = touched.find((one) => !fit(row, one));
  if (blocked) return { blocked };
  return {
    spans: sorted([...spans.filter((one) => !touched.includes(one)), span]),
    span,
    replaced: touched,
  };
}

/**
 * Put another span in the place of one, or only another label: `null` where it would touch a span
 * that it may not touch, or be there twice.
 *
 * @param {Span[]} spans
 * @param {Unit[]} row
 * @param {Span} old
 * @param {Range} range
 * @param {string} label
 * @param {boolean} overlapping
 * @returns {{spans: Span[], span: Span} | null}
 */
export function replace(spans, row, old, range, label, overlapping) {
  const span = spanOf(row, range, label);
  const same = (/** @type {Span} */ one) => one.start === span.start && one.end === span.end && one.label === label;
  if (same(old)) return { spans, span: old };
  const others = remove(spans, old);
  if (others.some((one) => (overlapping ? same(one) : overlap(one, span)))) return null;
  return { spans: sorted([...others, span]), span };
}

/**
 * The spans over a unit or another stretch, in the order of the text.
 *
 * @param {Span[]} spans
 * @param {Pick<Span, "start" | "end"> | undefined} unit
 */
export const covering = (spans, unit) => (unit ? sorted(spans.filter((span) => overlap(span, unit))) : []);

/**
 * The span after this one, or, without one, the first that ends after `place`; likewise backwards.
 *
 * @param {Span[]} spans
 * @param {Span | null} from
 * @param {number} place a code point
 * @param {1 | -1} way
 * @returns {Span | null}
 */
export function beside(spans, from, place, way) {
  const order = sorted(spans);
  const at = from ? order.indexOf(from) : -1;
  if (at >= 0) return order[at + way] ?? null;
  if (way > 0) return order.find((span) => span.end > place) ?? null;
  return order.findLast((span) => span.start < place) ?? null;
}

/**
 * @param {Span[]} spans
 * @param {Span} span
 */
export const remove = (spans, span) => spans.filter((one) => one !== span);

/**
 * The span that covers a unit.
 *
 * @param {Span[]} spans
 * @param {Unit | undefined} unit
 * @returns {Span | null}
 */
export const at = (spans, unit) => (unit && spans.find((span) => overlap(span, unit))) ?? null;
