/**
 * Arcs over a row of words, as functions without a page: what can be an end of one, and which is
 * next to which; what becomes of them when spans change; and where they run so that none lies upon
 * another.
 *
 * A text is a row of stops: each span is one, and each unit (spans.js) that lies in none. An arc
 * leaves its stop upwards, runs along a lane above the line, and comes down on the other. Short
 * arcs take the low lanes, so that they nest. Where the words are wrapped, an arc from one line to
 * another runs to the edge, along it, and back in.
 *
 * Rejected: curves, which in a long line are either flat or as high as the page, and cross each
 * other's labels; and a layout by forces, which moves parts that were not touched.
 */

import { fit, overlap } from "./spans.js";

/** @import { Unit } from "./spans.js" */
/** @import { Span } from "../state/types.js" */

/**
 * @typedef {{from: number, to: number, span: Span | null}} Anchor indices of units, both inclusive
 */

/**
 * @typedef {{head?: unknown, child?: unknown, label?: unknown, [key: string]: unknown}} Relation
 */

/**
 * @typedef {{from: number, to: number, width: number}} Arc from stop to stop, with its label's
 *   width
 */

/** @typedef {{left: number, right: number, line: number}} Box where a stop lies */

/**
 * @typedef {{from: number, to: number, line: number, lane: number}} Run one stretch along a line
 */

/**
 * @typedef {{a: Run, b: Run, x1: number, x2: number, channel: number | null, middle: number}} Route
 */

export const laneHeight = 28;

/**
 * The stops of a row. Spans that fit no units, or lie over one that is there already, make none.
 *
 * @param {Unit[]} row
 * @param {Span[]} spans
 * @returns {Anchor[]}
 */
export function anchors(row, spans) {
  /** @type {Map<number, Anchor>} */
  const begins = new Map();
  for (const span of spans) {
    const range = fit(row, span);
    if (range) begins.set(range.from, { ...range, span });
  }
  /** @type {Anchor[]} */
  const found = [];
  for (let i = 0; i < row.length; i++) {
    const stop = begins.get(i) ?? { from: i, to: i, span: null };
    found.push(stop);
    i = stop.to;
  }
  return found;
}

/**
 * Which stop each token lies in, by the token's id.
 *
 * @param {Unit[]} row
 * @param {Anchor[]} anchored
 * @returns {Map<number, number>}
 */
export function byToken(row, anchored) {
  const found = new Map();
  anchored.forEach((stop, at) => {
    for (let i = stop.from; i <= stop.to; i++) {
      const id = row[i]?.id;
      if (id !== null && id !== undefined && !found.has(id)) found.set(id, at);
    }
  });
  return found;
}

/**
 * The stop that a unit lies in.
 *
 * @param {Anchor[]} anchored
 * @param {number} unit
 */
export function anchorAt(anchored, unit) {
  let low = 0;
  let high = anchored.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((/** @type {Anchor} */ (anchored[middle])).from <= unit) low = middle;
    else high = middle - 1;
  }
  return low;
}

/**
 * The unit above or below a stop, as the eye sees it.
 *
 * @param {Anchor[]} anchored
 * @param {Box[]} boxes where the stops lie
 * @param {number} from
 * @param {1 | -1} step
 * @param {(unit: number) => boolean} stands whether it may be this one
 * @returns {number | null}
 */
export function beyond(anchored, boxes, from, step, stands) {
  const here = boxes[from];
  if (!here) return null;
  const middle = (here.left + here.right) / 2;
  let best = null;
  let nearest = Infinity;
  for (let i = from; i >= 0 && i < anchored.length; i += step) {
    const box = boxes[i];
    const unit = anchored[i]?.from ?? -1;
    if (!box || box.line === here.line || !stands(unit)) continue;
    if (Math.abs(box.line - here.line) > 1 && best !== null) break;
    const off = Math.abs((box.left + box.right) / 2 - middle);
    if (off < nearest) [best, nearest] = [unit, off];
  }
  return best;
}

/**
 * What a relation says of one of its ends.
 *
 * @param {Unit[]} row
 * @param {Anchor} stop
 * @returns {{id: number, span: Record<string, unknown>}}
 */
export function endOf(row, stop) {
  const from = /** @type {Unit} */ (row[stop.from]);
  const to = /** @type {Unit} */ (row[stop.to]);
  const id = to.id ?? stop.to;
  if (!stop.span) return { id, span: { start: from.start, end: to.end, token_start: id, token_end: id, label: null } };
  /** @type {Record<string, unknown>} */
  const span = {};
  for (const key of ["start", "end", "token_start", "token_end", "label"]) {
    if (key in stop.span) span[key] = stop.span[key];
  }
  return { id, span };
}

/**
 * @param {Unit[]} row
 * @param {Anchor} head
 * @param {Anchor} child
 * @param {string} label
 * @returns {Relation}
 */
export function relate(row, head, child, label) {
  const from = endOf(row, head);
  const to = endOf(row, child);
  return { head: from.id, child: to.id, label, head_span: from.span, child_span: to.span };
}

/**
 * The relations after spans have changed. An end that lies in a new span is that span now; a
 * relation whose span is gone goes with it, and so does one whose ends have become the same.
 *
 * @param {Relation[]} relations
 * @param {Unit[]} row
 * @param {Span[]} before
 * @param {Span[]} after
 * @returns {Relation[]}
 */
export function reanchor(relations, row, before, after) {
  const removed = before.filter((span) => !after.includes(span));
  const added = after.filter((span) => !before.includes(span));
  if (!removed.length && !added.length) return relations;
  const anchored = anchors(row, after);
  const where = byToken(row, anchored);
  /** @type {Map<number, Unit>} */
  const units = new Map();
  for (const unit of row) if (unit.id !== null) units.set(unit.id, unit);
  /** @param {unknown} id @returns {"same" | "gone" | Anchor} */
  const now = (id) => {
    const unit = typeof id === "number" ? units.get(id) : undefined;
    if (!unit) return "same";
    const stop = anchored[where.get(/** @type {number} */ (id)) ?? -1];
    if (stop?.span && added.includes(stop.span)) return stop;
    return removed.some((span) => overlap(span, unit)) ? "gone" : "same";
  };
  /** @type {Relation[]} */
  const kept = [];
  for (const relation of relations) {
    const head = now(relation?.head);
    const child = now(relation?.child);
    if (head === "gone" || child === "gone" || (head !== "same" && head === child)) continue;
    const next = { ...relation };
    if (head !== "same") {
      const end = endOf(row, head);
      Object.assign(next, { head: end.id, head_span: end.span });
    }
    if (child !== "same") {
      const end = endOf(row, child);
      Object.assign(next, { child: end.id, child_span: end.span });
    }
    const changed = head !== "same" || child !== "same";
    // Two that have come to lie between the same ends with the same label are one.
    const twin = changed && kept.some((one) => one.head === next.head && one.child === next.child && one.label === next.label);
    if (!twin) kept.push(changed ? next : relation);
  }
  return kept;
}

/**
 * Where arcs run.
 *
 * @param {Arc[]} arcs
 * @param {Box[]} boxes
 * @param {{left: number, right: number, rtl: boolean}} page where the words begin and end
 * @returns {{routes: Route[], lanes: number[]}} how many lanes each line needs
 */
export function route(arcs, boxes, page) {
  const xs = attach(arcs, boxes);
  const edge = page.rtl ? page.left : page.right;
  /** @type {Map<number, (Run & {low: number, high: number})[]>} */
  const byLine = new Map();
  /** @type {{from: number, to: number, route: Route}[]} */
  const across = [];
  const routes = arcs.map((arc, i) => {
    const [x1, x2] = /** @type {[number, number]} */ (xs[i]);
    const from = /** @type {Box} */ (boxes[arc.from]).line;
    const to = /** @type {Box} */ (boxes[arc.to]).line;
    const half = arc.width / 2;
    const wished = from === to ? (x1 + x2) / 2 : x1 + Math.sign(edge - x1 || 1) * (half + 12);
    const middle = Math.max(page.left + half, Math.min(page.right - half, wished));
    /** @param {number} line @param {number} end @param {number} begin @param {boolean} named */
    const run = (line, end, begin, named) => {
      const low = Math.min(begin, end, named ? middle - half : begin);
      const high = Math.max(begin, end, named ? middle + half : begin);
      const one = { from: begin, to: end, line, lane: 0, low, high };
      const there = byLine.get(line);
      if (there) there.push(one);
      else byLine.set(line, [one]);
      return one;
    };
    const a = from === to ? run(from, x2, x1, true) : run(from, edge, x1, true);
    const b = from === to ? a : run(to, edge, x2, false);
    /** @type {Route} */
    const made = { a, b, x1, x2, channel: null, middle };
    if (from !== to) across.push({ from: Math.min(from, to), to: Math.max(from, to), route: made });
    return made;
  });
  /** @type {number[]} */
  const lanes = [];
  for (const [line, runs] of byLine) {
    lanes[line] = stack(runs, (one) => one.high - one.low, (one, lane) => (one.lane = lane), (a, b) => a.low < b.high + 6 && b.low < a.high + 6);
  }
  stack(across, (one) => one.to - one.from, (one, lane) => (one.route.channel = lane), (a, b) => a.from <= b.to && b.from <= a.to);
  return { routes, lanes };
}

/**
 * Give each thing, the shortest first, the lowest lane in which nothing is in its way.
 *
 * @template T
 * @param {T[]} things
 * @param {(one: T) => number} length
 * @param {(one: T, lane: number) => void} take
 * @param {(a: T, b: T) => boolean} collide
 * @returns {number} how many lanes there are
 */
function stack(things, length, take, collide) {
  /** @type {T[][]} */
  const lanes = [];
  for (const one of things.slice().sort((a, b) => length(a) - length(b))) {
    let lane = lanes.length;
    // Above everything shorter that it spans, so that its ends do not cross them.
    while (lane > 0 && !(lanes[lane - 1] ?? []).some((other) => collide(one, other))) lane--;
    take(one, lane);
    const there = lanes[lane];
    if (there) there.push(one);
    else lanes.push([one]);
  }
  return lanes.length;
}

/**
 * Where each arc leaves its stop and comes down: beside each other, in the order in which they do
 * not cross.
 *
 * @param {Arc[]} arcs
 * @param {Box[]} boxes
 * @returns {[number, number][]}
 */
function attach(arcs, boxes) {
  /** @type {Map<number, {arc: number, end: 0 | 1, other: number}[]>} */
  const at = new Map();
  arcs.forEach(({ from, to }, arc) => {
    for (const [stop, other, end] of /** @type {[number, number, 0 | 1][]} */ ([[from, to, 0], [to, from, 1]])) {
      const one = { arc, end, other };
      const there = at.get(stop);
      if (there) there.push(one);
      else at.set(stop, [one]);
    }
  });
  /** @type {[number, number][]} */
  const xs = arcs.map(() => [0, 0]);
  for (const [stop, ends] of at) {
    const { left, right, line } = /** @type {Box} */ (boxes[stop]);
    const middle = (left + right) / 2;
    const gap = Math.min(12, Math.max(2, (right - left - 8) / ends.length));
    /** @param {number} other how far to the right it leads, as the eye sees it */
    const reach = (other) => {
      const box = /** @type {Box} */ (boxes[other]);
      return (box.line === line ? (box.left + box.right) / 2 : 1e6) - middle;
    };
    const placed = ends.map((one) => ({ ...one, reach: reach(one.other) }));
    placed.sort((a, b) => Number(a.reach > 0) - Number(b.reach > 0) || b.reach - a.reach || a.arc - b.arc);
    placed.forEach((one, i) => {
      const pair = /** @type {[number, number]} */ (xs[one.arc]);
      pair[one.end] = middle + (i - (placed.length - 1) / 2) * gap;
    });
  }
  return xs;
}

/** How far above its line a lane runs. @param {number} lane */
export const rise = (lane) => 16 + lane * laneHeight;

/**
 * The line of an arc, as SVG says it.
 *
 * @param {Route} route
 * @param {number[]} tops where each line of words begins
 * @param {number} edge
 * @param {1 | -1} outwards
 */
export function path({ a, b, x1, x2, channel }, tops, edge, outwards) {
  const top1 = tops[a.line] ?? 0;
  const y1 = top1 - rise(a.lane);
  if (channel === null) return `M${x1} ${top1 - 2}${bend(x1, y1, x2, y1)}V${top1 - 3}`;
  const top2 = tops[b.line] ?? 0;
  const y2 = top2 - rise(b.lane);
  const x = edge + outwards * (6 + (channel % 5) * 6);
  return `M${x1} ${top1 - 2}V${y1 + 4}Q${x1} ${y1} ${x1 + outwards * 4} ${y1}H${x}V${y2}H${x2 + outwards * 4}Q${x2} ${y2} ${x2} ${y2 + 4}V${top2 - 3}`;
}

/**
 * @param {number} x1
 * @param {number} y1
 * @param {number} x2
 * @param {number} y2
 */
function bend(x1, y1, x2, y2) {
  const step = Math.min(4, Math.abs(x2 - x1) / 2) * (x2 < x1 ? -1 : 1);
  return `V${y1 + 4}Q${x1} ${y1} ${x1 + step} ${y1}H${x2 - step}Q${x2} ${y2} ${x2} ${y2 + 4}`;
}

/**
 * The head of an arrow that comes down at this place.
 *
 * @param {number} x
 * @param {number} top
 */
export const arrowHead = (x, top) => `M${x - 4} ${top - 9}L${x} ${top - 1}L${x + 4} ${top - 9}Z`;
