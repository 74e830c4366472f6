/**
 * Where the words of a text that is marked lie in the window: the unit under the pointer, the box of a unit, and
 * scrolling to one. Units have no elements of their own (text_pieces.js), so the browser is asked.
 */

import { isLaidOut } from "./span_lanes.js";

/** @import { TextPieces } from "./text_pieces.js" */
/** @import { Unit } from "../spans.js" */

/** How near to the upper and the lower edge of the window the cursor may come, in pixels: bars lie there. */
const edges = { top: 120, bottom: 220 };

/**
 * Where a stretch lies in the window, as far as it is in one piece.
 *
 * @param {TextPieces} pieces
 * @param {{start: number, end: number} | undefined} stretch
 * @returns {DOMRect | null} null for what is not in the text, or not laid out
 */
export function boxOf(pieces, stretch) {
  const box = stretch && rangeOf(pieces, stretch)?.getBoundingClientRect();
  return box && (box.width || box.height) ? box : null;
}

/**
 * @param {TextPieces} pieces
 * @param {{start: number, end: number}} stretch
 */
function rangeOf(pieces, stretch) {
  const part = pieces.parts(stretch)[0];
  if (!part) return null;
  const range = document.createRange();
  range.setStart(part.text, part.from);
  range.setEnd(part.text, part.to);
  return range;
}

/**
 * The unit under a place of the window: only if its own letters are there, not the space beside them.
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
  const caret = caretAt(x, y) ?? caretWhereNothingIsSelected(element, x, y);
  const piece = caret && pieces.owners.get(caret.node);
  if (!caret || !piece) return null;
  const { offsets } = pieces;
  const place = offsets.toPoints(offsets.toUnits(piece.start) + caret.offset);
  // A caret stands between two letters: the pointer may be on either.
  for (const one of [place, place - 1]) {
    const i = unitAt(row, one);
    const boxes = i === null ? [] : rangeOf(pieces, /** @type {Unit} */ (row[i]))?.getClientRects() ?? [];
    for (const { left, right, top, bottom } of boxes) {
      if (x >= left && x <= right && y >= top && y <= bottom) return i;
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
 * @returns {{node: Node, offset: number} | null} null also where it would stand in what does not lie there
 */
function caretAt(x, y) {
  const caret = document.caretPositionFromPoint?.(x, y);
  const range = caret === undefined ? document.caretRangeFromPoint?.(x, y) : null;
  const found = caret ? { node: caret.offsetNode, offset: caret.offset } : range ? { node: range.startContainer, offset: range.startOffset } : null;
  return found?.node.parentElement?.contains(document.elementFromPoint(x, y)) ? found : null;
}

/**
 * The same for WebKit, which knows of no caret in a text that cannot be selected.
 *
 * @param {Element} element what lies there
 * @param {number} x
 * @param {number} y
 */
function caretWhereNothingIsSelected(element, x, y) {
  const field = /** @type {HTMLElement | null} */ (element.closest(".tokens"));
  if (!field) return null;
  field.style.setProperty("-webkit-user-select", "text");
  const caret = caretAt(x, y);
  field.style.removeProperty("-webkit-user-select");
  return caret;
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
