/**
 * Where the words of a text that is marked lie in the window: the unit under the pointer, the box
 * of a unit, and scrolling to one. Units have no elements of their own (text_segments.js), so the
 * browser is asked.
 */

import { isLaidOut } from "./span_lanes.js";

/** @import { TextSegments } from "./text_segments.js" */
/** @import { Unit } from "../annotations/spans.js" */

/**
 * How near to the upper and the lower edge of the window the cursor may come, in pixels: bars lie
 * there.
 */
const edges = { top: 120, bottom: 220 };

/**
 * How far beside the pointer the browser is asked once more, in heights of the writing: less than a
 * letter, and less than two.
 */
const beside = [0, -0.3, 0.3, -0.7, 0.7];

/**
 * How many units before and behind a caret are looked at where it does not lead to the right one:
 * more than a line has.
 */
const around = 60;

/** How far beneath the upper edge of a piece its letters are, in heights of its writing. */
const letters = 0.6;

/**
 * Where a stretch lies in the window, as far as it is in one piece.
 *
 * @param {TextSegments} segments
 * @param {{start: number, end: number} | undefined} stretch
 * @returns {DOMRect | null} null for what is not in the text, or not laid out
 */
export function boxOf(segments, stretch) {
  const box = stretch && rangesOf(segments, stretch)[0]?.getBoundingClientRect();
  return box && (box.width || box.height) ? box : null;
}

/**
 * @param {TextSegments} segments
 * @param {{start: number, end: number}} stretch
 */
const rangesOf = (segments, stretch) => segments.parts(stretch).map(({ text, from, to }) => {
  const range = document.createRange();
  range.setStart(text, from);
  range.setEnd(text, to);
  return range;
});

/**
 * The unit under a place of the window: only if its own letters are there, or a stripe beneath
 * them, and not the space beside them.
 *
 * @param {TextSegments} segments
 * @param {Unit[]} row
 * @param {number} x in pixels
 * @param {number} y in pixels
 * @returns {number | null} its index in the row
 */
export function unitUnder(segments, row, x, y) {
  const element = document.elementFromPoint(x, y);
  if (!element || element.closest(".label")) return null;
  // The sign of a line break is no text, so nothing of it lies at a caret.
  const sign = element.closest(".newline");
  const own = sign && segments.owners.get(sign);
  if (own) return unitAt(row, own.start);
  const { height, level } = levelOf(element, x, y);
  const lies = (/** @type {DOMRect} */ box) => isIn(box, x, level);
  // Where the direction changes, the browser names the other end of the stretch: then beside it.
  for (const off of beside) {
    const caret = caretAt(x + off * height, level);
    const piece = caret && segments.owners.get(caret.node);
    if (!caret || !piece) continue;
    const place = segments.offsets.toPoints(segments.offsets.toUnits(piece.start) + caret.offset);
    // A caret stands between two letters: the pointer may be on either.
    for (const one of [place, place - 1]) {
      const i = unitAt(row, one);
      if (i !== null && boxesOf(segments, row[i]).some(lies)) return i;
    }
  }
  // A bracket between two directions has no caret beside it that leads to it.
  return unitsAround(segments, row, x, level).find((i) => boxesOf(segments, row[i]).some(lies)) ?? null;
}

/**
 * The unit that lies nearest to a place of the window that is beside all letters: in the line that
 * is nearest, the nearest in it.
 *
 * @param {TextSegments} segments
 * @param {Unit[]} row
 * @param {HTMLElement} field the text's element
 * @param {number} x in pixels
 * @param {number} y in pixels
 * @returns {number | null} its index in the row; null where no text lies near
 */
export function unitNear(segments, row, field, x, y) {
  const box = field.getBoundingClientRect();
  // In the room beside the text no caret is found: the nearest one is at its edge.
  const { paddingLeft, paddingRight } = getComputedStyle(field);
  const [from, to] = [box.left + parseFloat(paddingLeft), box.right - parseFloat(paddingRight)];
  const [left, top] = [within(x, from + 1, to - 1), within(y, box.top + 1, box.bottom - 1)];
  const { level } = levelOf(document.elementFromPoint(left, top) ?? field, left, top);
  /** @type {{unit: number, down: number, across: number} | null} */
  let best = null;
  for (const unit of unitsAround(segments, row, left, level)) {
    if (row[unit]?.barrier || row[unit]?.blank) continue;
    for (const one of boxesOf(segments, row[unit])) {
      const down = Math.abs(level - within(level, one.top, one.bottom));
      const across = Math.abs(left - within(left, one.left, one.right));
      // Lines that overlap by a pixel or two are one distance away.
      const nearer = !best || down < best.down - 3 || (down < best.down + 3 && across < best.across);
      if (nearer) best = { unit, down, across };
    }
  }
  return best?.unit ?? null;
}

/** @param {number} value @param {number} least @param {number} most */
const within = (value, least, most) => Math.max(least, Math.min(value, Math.max(least, most)));

/** @param {DOMRect} box @param {number} x @param {number} y @param {number} [slack] */
const isIn = (box, x, y, slack = 0) => x >= box.left - slack && x <= box.right + slack && y >= box.top && y <= box.bottom;

/**
 * Where in a line the letters are that a place belongs to: stripes beneath them belong to them.
 *
 * @param {Element} element what lies there
 * @param {number} x
 * @param {number} y
 */
function levelOf(element, x, y) {
  const laned = element.closest(".laned");
  // Boxes end between two pixels, and the browser names either.
  const lane = [...(laned?.getClientRects() ?? [])].find((box) => isIn(box, x, y, 1));
  const height = parseFloat(getComputedStyle(element).fontSize);
  return { height, level: lane ? Math.min(y, lane.top + letters * height) : y };
}

/**
 * @param {TextSegments} segments
 * @param {Unit | undefined} unit
 */
const boxesOf = (segments, unit) => (unit ? rangesOf(segments, unit).flatMap((range) => [...range.getClientRects()]) : []);

/**
 * The units around the caret that the browser names for a place, in their order.
 *
 * @param {TextSegments} segments
 * @param {Unit[]} row
 * @param {number} x
 * @param {number} y
 * @returns {number[]}
 */
function unitsAround(segments, row, x, y) {
  const caret = caretAt(x, y);
  const piece = caret && segments.owners.get(caret.node);
  if (!caret || !piece) return [];
  const place = segments.offsets.toPoints(segments.offsets.toUnits(piece.start) + caret.offset);
  const after = firstAfter(row, place);
  const from = Math.max(0, after - around);
  return Array.from({ length: Math.min(row.length, after + around) - from }, (_, i) => from + i);
}

/**
 * @param {Unit[]} row
 * @param {number} place a code point
 * @returns {number | null} the unit that it lies in
 */
export function unitAt(row, place) {
  const found = firstAfter(row, place);
  const unit = row[found];
  return unit && unit.start <= place && place < unit.end ? found : null;
}

/**
 * @param {Unit[]} row
 * @param {number} place a code point
 * @returns {number} the first unit that ends behind it
 */
function firstAfter(row, place) {
  let low = 0;
  let high = row.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (/** @type {Unit} */ (row[middle]).end <= place) low = middle + 1;
    else high = middle;
  }
  return low;
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
 * @param {TextSegments} segments
 * @param {Unit | undefined} unit
 * @param {() => number} roof how far down the page what sticks to its top reaches, in pixels
 */
export function reveal(segments, unit, roof) {
  if (!unit) return;
  revealed = unit;
  const holder = segments.list[segments.at(unit.start)]?.text.parentElement;
  const paragraph = holder?.closest(".paragraph");
  // What lies around a far place is laid out when it comes into sight, and is then as high as it
  // is.
  let far = Boolean(paragraph && !isLaidOut(paragraph));
  if (far) paragraph?.scrollIntoView({ block: "nearest" });
  let frames = 4;
  const go = () => {
    if (revealed !== unit || !holder?.isConnected) return;
    const box = boxOf(segments, unit);
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
