/**
 * Shapes on a picture, without a page: boxes, polygons and outlines, in the picture's own pixels.
 *
 * Coordinates are rounded to a tenth of a pixel, as Prodigy's are: a picture that is shown smaller
 * than it is cannot be pointed at more exactly, and one that is shown larger should not lose what
 * was seen. Nothing leaves the border. Keys of a shape that are not known here stay on it when it
 * is moved.
 */

import { numberOf } from "../state/lossless_json.js";

/** @typedef {[number, number]} Point */

/** @typedef {{width: number, height: number}} Size */

/** @typedef {{label?: unknown, type?: unknown, points?: unknown, [key: string]: unknown}} Shape */

/**
 * How much the two proportions of a picture may differ and still be the same, rounded to whole
 * pixels once or twice.
 */
const alike = 0.02;

/**
 * The pixels that a picture's shapes count in: those that the task gives, turned as the picture is
 * shown.
 *
 * @param {Size | null} given by the task; perhaps of the file, in which the picture lies on its
 *   side
 * @param {Size | null} shown of the picture as the browser shows it, once that is known
 * @returns {Size | null}
 */
export function sizeIn(given, shown) {
  if (!given || !shown) return given ?? shown;
  const turned = { width: given.height, height: given.width };
  const off = (/** @type {Size} */ size) => Math.abs(Math.log((size.width * shown.height) / (size.height * shown.width)));
  return off(turned) < off(given) && off(turned) < alike ? turned : given;
}

/** @param {number} value */
export const tenth = (value) => Math.round(value * 10) / 10;

/**
 * @param {Point} point
 * @param {Size} size
 * @returns {Point}
 */
export function within([x, y], { width, height }) {
  return [tenth(Math.min(width, Math.max(0, x))), tenth(Math.min(height, Math.max(0, y)))];
}

/**
 * The corners of a shape that may be of any make; none if it has none that can be drawn.
 *
 * @param {Shape} shape
 * @returns {Point[]}
 */
export function corners(shape) {
  if (Array.isArray(shape.points)) {
    const points = shape.points.map((point) => (Array.isArray(point) ? /** @type {Point} */ ([numberOf(point[0]), numberOf(point[1])]) : /** @type {Point} */ ([NaN, NaN])));
    return points.every(([x, y]) => Number.isFinite(x) && Number.isFinite(y)) ? points : [];
  }
  const [x, y, width, height] = [shape.x, shape.y, shape.width, shape.height].map(numberOf);
  if (x === undefined || y === undefined || width === undefined || height === undefined) return [];
  return [x, y, width, height].every(Number.isFinite) ? [[x, y], [x, y + height], [x + width, y + height], [x + width, y]] : [];
}

/**
 * @param {Point[]} points
 * @returns {{left: number, top: number, right: number, bottom: number}}
 */
export function bounds(points) {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of points) {
    left = Math.min(left, x);
    top = Math.min(top, y);
    right = Math.max(right, x);
    bottom = Math.max(bottom, y);
  }
  return { left, top, right, bottom };
}

/**
 * What a box says of itself, from two opposite corners.
 *
 * @param {Point} a
 * @param {Point} b
 * @param {Size} size
 */
function frame(a, b, size) {
  const { left, top, right, bottom } = bounds([within(a, size), within(b, size)]);
  /** @type {Point[]} */
  const points = [[left, top], [left, bottom], [right, bottom], [right, top]];
  return {
    points,
    x: left,
    y: top,
    width: tenth(right - left),
    height: tenth(bottom - top),
    center: [tenth((left + right) / 2), tenth((top + bottom) / 2)],
  };
}

/**
 * A box between two corners; nothing if it would be thinner than a pixel.
 *
 * @param {Point} a
 * @param {Point} b
 * @param {string} label
 * @param {Size} size
 * @returns {Shape | null}
 */
export function box(a, b, label, size) {
  const made = frame(a, b, size);
  return made.width < 1 || made.height < 1 ? null : { label, type: "rect", ...made };
}

/**
 * A shape along these corners; nothing if they enclose nothing.
 *
 * @param {Point[]} points
 * @param {"polygon" | "freehand"} type
 * @param {string} label
 * @param {Size} size
 * @returns {Shape | null}
 */
export function outline(points, type, label, size) {
  const inside = points.map((point) => within(point, size));
  const distinct = inside.filter((point, i) => !i || !equal(point, /** @type {Point} */ (inside[i - 1])));
  return distinct.length < 3 || area(distinct) < 1 ? null : { label, type, points: distinct };
}

/**
 * @param {Point} a
 * @param {Point} b
 */
export const equal = (a, b) => a[0] === b[0] && a[1] === b[1];

/** @param {Point[]} points */
export function area(points) {
  let sum = 0;
  points.forEach(([x, y], i) => {
    const [nextX, nextY] = /** @type {Point} */ (points[(i + 1) % points.length]);
    sum += x * nextY - nextX * y;
  });
  return Math.abs(sum) / 2;
}

/** @param {Shape} shape */
export const isBox = (shape) => shape.type === "rect" || ((shape.type ?? null) === null && (shape.width ?? null) !== null);

/**
 * A shape a little further, as far as the border allows.
 *
 * @param {Shape} shape
 * @param {number} dx
 * @param {number} dy
 * @param {Size} size
 * @returns {Shape}
 */
export function move(shape, dx, dy, size) {
  const points = corners(shape);
  const { left, top, right, bottom } = bounds(points);
  const x = Math.max(-left, Math.min(size.width - right, dx));
  const y = Math.max(-top, Math.min(size.height - bottom, dy));
  const moved = points.map(([px, py]) => within([px + x, py + y], size));
  if (!isBox(shape)) return { ...shape, points: moved };
  return { ...shape, ...frame(/** @type {Point} */ (moved[0]), /** @type {Point} */ (moved[2]), size) };
}

/**
 * A shape with one of its corners elsewhere. A box stays a box: the corner across stays where it
 * is.
 *
 * @param {Shape} shape
 * @param {number} corner
 * @param {Point} to
 * @param {Size} size
 * @returns {Shape}
 */
export function moveCorner(shape, corner, to, size) {
  const points = corners(shape);
  if (isBox(shape)) {
    const across = points[(corner + 2) % 4];
    const made = across && frame(across, to, size);
    return made && made.width >= 1 && made.height >= 1 ? { ...shape, ...made } : shape;
  }
  const next = points.map((point, i) => (i === corner ? within(to, size) : point));
  return { ...shape, points: next };
}

/**
 * Which corner of a box a point has become after it was dragged across others.
 *
 * @param {Shape} shape
 * @param {Point} point
 */
export function nearest(shape, [x, y]) {
  const distances = corners(shape).map(([px, py]) => Math.hypot(px - x, py - y));
  return distances.indexOf(Math.min(...distances));
}

/**
 * Whether a point lies inside.
 *
 * @param {Point[]} points
 * @param {Point} point
 */
export function contains(points, [x, y]) {
  let inside = false;
  points.forEach(([ax, ay], i) => {
    const [bx, by] = /** @type {Point} */ (points[(i + 1) % points.length]);
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) inside = !inside;
  });
  return inside;
}

/**
 * How far a point is from the segment between two others.
 *
 * @param {Point} point
 * @param {Point} a
 * @param {Point} b
 */
function distance([x, y], [ax, ay], [bx, by]) {
  const [dx, dy] = [bx - ax, by - ay];
  const along = dx || dy ? Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy))) : 0;
  return Math.hypot(x - ax - along * dx, y - ay - along * dy);
}

/**
 * The shape at a point: of several the smallest, so that one inside another can be had.
 *
 * @param {Shape[]} shapes
 * @param {Point} point
 * @param {number} reach how near to a line is on it, in pixels of the picture
 * @param {boolean} [onlyLines] leave out what lies inside
 * @returns {Shape | null}
 */
export function at(shapes, point, reach, onlyLines = false) {
  /** @type {{shape: Shape, size: number} | null} */
  let best = null;
  for (const shape of shapes) {
    const points = corners(shape);
    if (!points.length) continue;
    const onLine = points.some((corner, i) => distance(point, corner, /** @type {Point} */ (points[(i + 1) % points.length])) <= reach);
    if (!onLine && (onlyLines || !contains(points, point))) continue;
    const size = area(points);
    if (!best || size < best.size) best = { shape, size };
  }
  return best?.shape ?? null;
}

/**
 * A line with fewer points, nowhere further than this from what it was.
 *
 * @param {Point[]} points
 * @param {number} off
 * @returns {Point[]}
 */
export function simplify(points, off) {
  const keep = new Set([0, points.length - 1]);
  /** @type {[number, number][]} */
  const parts = [[0, points.length - 1]];
  for (let part = parts.pop(); part; part = parts.pop()) {
    const [from, to] = part;
    let furthest = -1;
    let most = off;
    for (let i = from + 1; i < to; i++) {
      const far = distance(/** @type {Point} */ (points[i]), /** @type {Point} */ (points[from]), /** @type {Point} */ (points[to]));
      if (far > most) [furthest, most] = [i, far];
    }
    if (furthest < 0) continue;
    keep.add(furthest);
    parts.push([from, furthest], [furthest, to]);
  }
  return points.filter((_, i) => keep.has(i));
}

/**
 * The shapes that a task came with, as far as they can be drawn.
 *
 * @param {unknown} given
 * @returns {Shape[]}
 */
export function shapesOf(given) {
  return Array.isArray(given) ? given.filter((one) => one && typeof one === "object") : [];
}
