// Stretches of a sound, and what its waveform is drawn from.
import { test } from "node:test";
import assert from "node:assert/strict";
import { at, clock, lanes, move, moveEnd, peaks, region, regionsOf } from "../../src/web/annotate/annotations/regions.js";

test("a stretch lies within its sound, in thousandths of a second", () => {
  assert.deepEqual(region(2.00049, 0.1, "A", 4), { start: 0.1, end: 2, label: "A" });
  assert.deepEqual(region(-1, 9, "A", 4), { start: 0, end: 4, label: "A" });
  assert.equal(region(1, 1.004, "A", 4), null);
});

test("an end never passes the other, and what is moved keeps its length", () => {
  const one = { start: 1, end: 2, label: "A", id: 7 };
  assert.deepEqual(moveEnd(one, "end", 3.5, 4), { ...one, end: 3.5 });
  assert.equal(moveEnd(one, "end", 0.5, 4), one);
  assert.deepEqual(move(one, 10, 4), { ...one, start: 3, end: 4 });
  assert.deepEqual(move(one, -10, 4), { ...one, start: 0, end: 1 });
});

test("what overlaps lies in lanes", () => {
  const [a, b, c] = [[0, 2], [1, 3], [2, 4]].map(([start = 0, end = 0]) => ({ start, end, label: "A" }));
  assert.ok(a && b && c);
  const { of, count } = lanes([c, b, a]);
  assert.deepEqual([of.get(a), of.get(b), of.get(c), count], [0, 1, 0, 2]);
  assert.equal(at([a, b, c], 3.5), c);
  assert.equal(at([a, b, c], 5), null);
});

test("what is no stretch is left alone", () => {
  assert.deepEqual(regionsOf("x"), []);
  assert.deepEqual(regionsOf([{ start: 1 }, null, { start: 1, end: 2, label: "A" }]).length, 1);
});

test("a clock shows tenths, and hours where there are any", () => {
  assert.deepEqual([0, 2, 62.54, 3723.9].map(clock), ["0:00.0", "0:02.0", "1:02.5", "1:02:03.9"]);
});

test("a waveform shows the loudest of each part", () => {
  const loud = peaks([Float32Array.from([0, 0.1, -0.5, 0]), Float32Array.from([0, 0, 0, 0.25])], 2);
  assert.deepEqual([...loud].map((one) => Math.round(one * 100)), [20, 100]);
  assert.equal(peaks([], 10).length, 1);
});
