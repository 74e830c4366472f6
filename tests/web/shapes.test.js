// Shapes on a picture: made, moved, changed and found, never beyond its border.
import { test } from "node:test";
import assert from "node:assert/strict";
import { area, at, box, bounds, corners, move, moveCorner, nearest, outline, simplify, sizeIn } from "../../src/web/annotate/annotations/shapes.js";

const size = { width: 400, height: 300 };

/** @param {import("../../src/web/annotate/annotations/shapes.js").Shape | null} shape */
const made = (shape) => {
  assert.ok(shape);
  return shape;
};

test("a box says its corners, its size and its middle, in tenths of a pixel", () => {
  assert.deepEqual(box([10.04, 20.06], [4, 8], "CAT", size), {
    label: "CAT", type: "rect",
    points: [[4, 8], [4, 20.1], [10, 20.1], [10, 8]],
    x: 4, y: 8, width: 6, height: 12.1, center: [7, 14.1],
  });
});

test("nothing is drawn beyond the border, and nothing too small to see", () => {
  assert.deepEqual(corners(made(box([-50, -50], [900, 900], "CAT", size))), [[0, 0], [0, 300], [400, 300], [400, 0]]);
  assert.equal(box([10, 10], [10.5, 200], "CAT", size), null);
  assert.equal(outline([[1, 1], [2, 2], [3, 3]], "polygon", "CAT", size), null);
  assert.equal(outline([[1, 1], [1, 1], [30, 3]], "polygon", "CAT", size), null);
});

test("a shape that is moved keeps its form and whatever else it has", () => {
  const shape = { ...made(box([10, 10], [50, 30], "CAT", size)), score: 0.5 };
  const moved = move(shape, 1000, -1000, size);
  assert.deepEqual([moved.x, moved.y, moved.width, moved.height, moved.score], [360, 0, 40, 20, 0.5]);
  const polygon = made(outline([[10, 10], [50, 10], [30, 40]], "polygon", "CAT", size));
  assert.deepEqual(move(polygon, -100, 5, size).points, [[0, 15], [40, 15], [20, 45]]);
});

test("a corner that is dragged across the others is another corner of the same box", () => {
  const shape = made(box([100, 100], [200, 200], "CAT", size));
  const turned = moveCorner(shape, 0, [300, 250], size);
  assert.deepEqual(bounds(corners(turned)), { left: 200, top: 200, right: 300, bottom: 250 });
  assert.equal(nearest(turned, [300, 250]), 2);
  assert.equal(moveCorner(shape, 0, [200, 150], size), shape, "never without a width");
});

test("of several shapes the smallest is found, and one by its line alone where that is asked", () => {
  const large = made(box([0, 0], [300, 300], "A", size));
  const small = made(box([50, 50], [90, 90], "B", size));
  assert.equal(at([small, large], [60, 60], 5), small);
  assert.equal(at([small, large], [200, 200], 5), large);
  assert.equal(at([small, large], [70, 70], 5, true), null);
  assert.equal(at([small, large], [91, 70], 5, true), small);
  assert.equal(at([], [1, 1], 5), null);
});

test("shapes of any make are drawn as far as they can be", () => {
  assert.deepEqual(corners({ x: 1, y: 2, width: 3, height: 4 }), [[1, 2], [1, 6], [4, 6], [4, 2]]);
  assert.deepEqual(corners({ points: [[1, 2], "x"] }), []);
  assert.deepEqual(corners({ label: "A" }), []);
});

test("an outline keeps its form with fewer points", () => {
  /** @type {[number, number][]} */
  const circle = Array.from({ length: 1000 }, (_, i) => [200 + 100 * Math.cos(i / 159.2), 150 + 100 * Math.sin(i / 159.2)]);
  const fewer = simplify(circle, 0.5);
  assert.ok(fewer.length < 80 && fewer.length > 12, String(fewer.length));
  assert.ok(Math.abs(area(fewer) - area(circle)) < 0.01 * area(circle));
});

test("shapes count in the task's pixels, turned as the picture is shown", () => {
  const size = (/** @type {number} */ width, /** @type {number} */ height) => ({ width, height });
  const shown = size(300, 400);
  // Not known yet, or not given.
  assert.deepEqual(sizeIn(null, null), null);
  assert.deepEqual(sizeIn(size(400, 300), null), size(400, 300));
  assert.deepEqual(sizeIn(null, shown), shown);
  // As it is, made smaller, and of the file in which it lies on its side.
  assert.deepEqual(sizeIn(size(300, 400), shown), shown);
  assert.deepEqual(sizeIn(size(100, 133), shown), size(100, 133));
  assert.deepEqual(sizeIn(size(400, 300), shown), shown);
  assert.deepEqual(sizeIn(size(133, 100), shown), size(100, 133));
  // What fits neither way is the task's, as it was before.
  assert.deepEqual(sizeIn(size(900, 100), shown), size(900, 100));
  assert.deepEqual(sizeIn(size(500, 500), size(500, 500)), size(500, 500));
});
