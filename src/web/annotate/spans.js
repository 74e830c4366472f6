/**
 * Editing spans, as functions without a page: what can be selected, what a selection becomes, and
 * what happens to the spans that are there.
 *
 * A text is a row of units, its tokens, or its characters where the project highlights by
 * character. A selection is a range of units; it stops at a unit that may not be part of a span (a
 * disabled token, a line break unless the project allows it), and spans never overlap: a new one
 * takes the place of those it touches. A span that came with the task and fits no units is drawn
 * and kept as it is until somebody deletes it, and nothing is laid over it.
 *
 * All offsets here are code points (offsets.js).
 */

import { graphemes } from "./offsets.js";

/** @import { Offsets } from "./offsets.js" */
/** @import { Span, Task, Token } from "./types.js" */

/** @typedef {{start: number, end: number, id: number | null, barrier: boolean, blank: boolean}} Unit */

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
  let pieces;
  if (settings.characters) {
    pieces = graphemes(offsets.text);
  } else {
    const tokens = Array.isArray(task.tokens) ? task.tokens : task._tokens;
    pieces = Array.isArray(tokens) ? /** @type {Token[]} */ (tokens) : words(offsets);
  }
  /** @type {Unit[]} */
  const found = [];
  let end = 0;
  pieces.forEach((piece, i) => {
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
 * From where somebody began to where they are: as far as it may go, without blanks at its ends.
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
 * The spans to begin with: those of the task that are spans, in order, and how many had to be left
 * out because they lie over another or outside the text.
 *
 * @param {unknown} given
 * @param {number} length of the text
 * @returns {{spans: Span[], left: number}}
 */
export function start(given, length) {
  const list = Array.isArray(given) ? given : [];
  /** @type {Span[]} */
  const spans = [];
  const usable = list.filter(
    (span) => span && Number.isInteger(span.start) && Number.isInteger(span.end) &&
      span.start >= 0 && span.start < span.end && span.end <= length,
  );
  for (const span of sorted(usable)) {
    const last = spans[spans.length - 1];
    if (!last || !overlap(last, span)) spans.push(span);
  }
  return { spans, left: list.length - spans.length };
}

/**
 * Give a range of units a label.
 *
 * @param {Span[]} spans
 * @param {Unit[]} row
 * @param {Range} range
 * @param {string} label
 * @returns {{spans: Span[], span: Span, replaced: Span[]} | {blocked: Span}}
 */
export function apply(spans, row, range, label) {
  const from = /** @type {Unit} */ (row[range.from]);
  const to = /** @type {Unit} */ (row[range.to]);
  /** @type {Span} */
  const span =
    from.id === null || to.id === null
      ? { start: from.start, end: to.end, label }
      : { start: from.start, end: to.end, token_start: from.id, token_end: to.id, label };
  const touched = spans.filter((one) => overlap(one, span));
  const twin = touched.find((one) => one.start === span.start && one.end === span.end);
  // Nothing changes, so the span keeps whatever else it carries.
  if (twin?.label === label) return { spans, span: twin, replaced: [] };
  const blocked = touched.find((one) => !fit(row, one));
  if (blocked) return { blocked };
  return {
    spans: sorted([...spans.filter((one) => !touched.includes(one)), span]),
    span,
    replaced: touched,
  };
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
