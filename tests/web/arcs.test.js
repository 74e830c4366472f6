// Arcs over a row of words: their ends, what becomes of them when spans change, and where they run.
import { test } from "node:test";
import assert from "node:assert/strict";
import { beyond, byToken, reanchor, relate, route, anchorAt, anchors } from "../../src/web/annotate/annotations/arcs.js";

const text = "one two three four";
const row = [...text.matchAll(/\S+/g)].map((match, id) => ({
  start: match.index, end: match.index + match[0].length, id, barrier: false, blank: false,
}));
const pair = { start: 0, end: 7, token_start: 0, token_end: 1, label: "A" };
const own = (/** @type {number} */ id) => ({ start: row[id]?.start, end: row[id]?.end, token_start: id, token_end: id, label: null });

/**
 * @param {number} from
 * @param {number} to
 * @param {import("../../src/web/annotate/state/types.js").Span[]} spans
 */
function connected(from, to, spans) {
  const anchored = anchors(row, spans);
  const [a, b] = [anchored[from], anchored[to]];
  assert.ok(a && b);
  return relate(row, a, b, "R");
}

test("a span is one stop, and the id of its last token is the end of a relation", () => {
  const anchored = anchors(row, [pair]);
  assert.deepEqual(anchored.map((stop) => [stop.from, stop.to]), [[0, 1], [2, 2], [3, 3]]);
  assert.equal(byToken(row, anchored).get(0), 0);
  assert.deepEqual(connected(0, 2, [pair]), { head: 1, child: 3, label: "R", head_span: pair, child_span: own(3) });
});

test("every unit of a span leads to its stop", () => {
  const anchored = anchors(row, [pair]);
  assert.deepEqual([0, 1, 2, 3].map((unit) => anchorAt(anchored, unit)), [0, 0, 1, 2]);
});

test("above and below is what lies nearest in the next line in which the cursor may stand", () => {
  const anchored = anchors(row, []);
  const boxes = [[0, 0], [100, 0], [0, 1], [100, 2]].map(([left = 0, line = 0]) => ({ left, right: left + 60, line }));
  assert.equal(beyond(anchored, boxes, 1, 1, () => true), 2);
  assert.equal(beyond(anchored, boxes, 1, 1, (unit) => unit !== 2), 3);
  assert.equal(beyond(anchored, boxes, 2, -1, () => true), 0);
  assert.equal(beyond(anchored, boxes, 0, -1, () => true), null);
});

test("a span that is removed takes its relations along, and others stay the same objects", () => {
  const gone = connected(0, 2, [pair]);
  const stays = connected(1, 2, [pair]);
  const left = reanchor([gone, stays], row, [pair], []);
  assert.equal(left.length, 1);
  assert.equal(left[0], stays);
});

test("a span that is drawn over an end becomes that end, and what leads nowhere then is dropped", () => {
  const [outside, inside] = [connected(0, 3, []), connected(0, 1, [])];
  assert.deepEqual(reanchor([outside, inside], row, [], [pair]), [{ ...outside, head: 1, head_span: pair }]);
});

test("short arcs run beneath long ones, and arcs that do not meet share a lane", () => {
  const boxes = [0, 1, 2, 3, 4, 5].map((i) => ({ left: i * 100, right: i * 100 + 60, line: 0 }));
  const page = { left: 0, right: 600, rtl: false };
  const { routes, lanes } = route([{ from: 0, to: 3, width: 30 }, { from: 2, to: 1, width: 30 }, { from: 4, to: 5, width: 30 }], boxes, page);
  assert.deepEqual(routes.map((one) => one.a.lane), [1, 0, 0]);
  assert.deepEqual(lanes, [2]);
});

test("an arc to another line runs to the edge where lines end", () => {
  const boxes = [{ left: 100, right: 160, line: 0 }, { left: 100, right: 160, line: 1 }];
  for (const [rtl, edge] of /** @type {[boolean, number][]} */ ([[false, 560], [true, 40]])) {
    const { routes } = route([{ from: 0, to: 1, width: 30 }], boxes, { left: rtl ? 40 : 0, right: rtl ? 600 : 560, rtl });
    assert.deepEqual([routes[0]?.a.to, routes[0]?.b.to, routes[0]?.channel], [edge, edge, 0]);
  }
});
