/**
 * Where the words of a text that is marked lie in the window: the unit under the pointer, the box of a unit, and
 * scrolling to one. Units have no elements of their own (text_pieces.js), so the browser is asked.
 */

import { isLaidOut } from "./span_lanes.js";

/** @import { TextPieces } from "./text_pieces.js" */
/** @import { Unit } from "../spans.js" */

/** How near to the upper and the lower edge of the window the cursor may come, in pixels: bars lie there. */
const edges = { top: 120, bottom: 220 };

/** How far beside the pointer the browser is asked once more, in heights of the writing: less than a letter, and less than two. */
const beside = [0, -0.3, 0.3, -0.7, 0.7];

/** How far beneath the upper edge of a piece its letters are, in heights of its writing. */
const letters = 0.6;

/**
 * Where a stretch lies in the window, as far as it is in one piece.
 *
 * @param {TextPieces} pieces
 * @param {{start: number, end: number} | undefined} stretch
 * @returns {DOMRect | null} null for what is not in the text, or not laid out
 */
export function boxOf(pieces, stretch) {
  const box = stretch && rangesOf(pieces, stretch)[0]?.getBoundingClientRect();
  return box && (box.width || box.height) ? box : null;
}

/**
 * @param {TextPieces} pieces
 * @param {{start: number, end: number}} stretch
 */
const rangesOf = (pieces, stretch) => pieces.parts(stretch).map(({ text, from, to }) => {
  const range = document.createRange();
  range.setStart(text, from);
  range.setEnd(text, to);
  return range;
});

/**
 * The unit under a place of the window: only if its own letters are there, or a stripe beneath them, and not
 * the space beside them.
 *
 * @param {TextPieces} pieces
 * @param {Unit[]} row
 * @param {number} x in pixels
 * @param {number} y in pixels
 * @returns {number | null} its index in the row
 */
export function unitUnder(pieces, row, x, y) {
  const element = document.elementFromPoint(x, y);
  if (!element || element.closest(".label")) return null;
  // The sign of a line break is no text, so nothing of it lies at a caret.
  const sign = element.closest(".newline");
  const own = sign && pieces.owners.get(sign);
  if (own) return unitAt(row, own.start);
  const lies = (/** @type {DOMRect} */ box, /** @type {number} */ down, slack = 0) =>
    x >= box.left - slack && x <= box.right + slack && down >= box.top && down <= box.bottom;
  const laned = element.closest(".laned");
  // Boxes end between two pixels, and the browser names either.
  const lane = [...(laned?.getClientRects() ?? [])].find((box) => lies(box, y, 1));
  const height = parseFloat(getComputedStyle(element).fontSize);
  const level = lane ? Math.min(y, lane.top + letters * height) : y;
  // Where the direction changes, the browser names the other end of the stretch: then beside it.
  for (const off of beside) {
    const caret = caretAt(x + off * height, level);
    const piece = caret && pieces.owners.get(caret.node);
    if (!caret || !piece) continue;
    const place = pieces.offsets.toPoints(pieces.offsets.toUnits(piece.start) + caret.offset);
    // A caret stands between two letters: the pointer may be on either.
    for (const one of [place, place - 1]) {
      const i = unitAt(row, one);
      const boxes = i === null ? [] : rangesOf(pieces, /** @type {Unit} */ (row[i])).flatMap((range) => [...range.getClientRects()]);
      if (boxes.some((box) => lies(box, level))) return i;
    }
  }
  return null;
}

/**
 * @param {Unit[]} row
 * @param {number} place a code point
 * @returns {number | null} the unit that it lies in
 */
export function unitAt(row, place) {
  let low = 0;
  let high = row.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (/** @type {Unit} */ (row[middle]).end <= place) low = middle + 1;
    else high = middle;
  }
  const unit = row[low];
  return unit && unit.start <= place && place < unit.end ? low : null;
}

/**
 * Where a caret would stand if one pressed here. Browsers have two names for it.
 *
 * @param {number} x
 * @param {number} y
 * @returns {{node: Node, offset: number} | null}
 */
function caretAt(x, y) {
  const caret = document.caretPositionFromPoint?.(x, y);
  if (caret !== undefined) return caret && { node: caret.offsetNode, offset: caret.offset };
  const range = document.caretRangeFromPoint?.(x, y);
  return range ? { node: range.startContainer, offset: range.startOffset } : null;
}

/** @type {Unit | null} what was scrolled to last: there is one cursor */
let revealed = null;

/**
 * Scroll to a unit.
 *
 * @param {TextPieces} pieces
 * @param {Unit | undefined} unit
 * @param {() => number} roof how far down the page what sticks to its top reaches, in pixels
 */
export function reveal(pieces, unit, roof) {
  if (!unit) return;
  revealed = unit;
  const holder = pieces.list[pieces.at(unit.start)]?.text.parentElement;
  const paragraph = holder?.closest(".paragraph");
  // What lies around a far place is laid out when it comes into sight, and is then as high as it is.
  let far = Boolean(paragraph && !isLaidOut(paragraph));
  if (far) paragraph?.scrollIntoView({ block: "nearest" });
  let frames = 4;
  const go = () => {
    if (revealed !== unit || !holder?.isConnected) return;
    const box = boxOf(pieces, unit);
    if (box) {
      const above = Math.max(edges.top, roof() + 8) - box.top;
      const below = box.bottom - (innerHeight - edges.bottom);
      const by = above > 0 ? -above : Math.max(0, Math.min(below, -above));
      if (by) scrollBy(0, by);
      far ||= by !== 0;
    }
    if (far && frames-- > 0) requestAnimationFrame(go);
  };
  go();
}
