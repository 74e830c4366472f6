// Selecting, snapping and labelling, on rows of units without a page.
import { test } from "node:test";
import assert from "node:assert/strict";
import { Offsets } from "../../src/web/annotate/offsets.js";
import { apply, at, fit, remove, select, start, units } from "../../src/web/annotate/spans.js";

/**
 * @param {string} text
 * @param {Partial<{characters: boolean, newlines: boolean}>} [settings]
 * @param {number[]} [disabled]
 */
function row(text, settings = {}, disabled = []) {
  const offsets = new Offsets(text);
  const tokens = [...text.matchAll(/\n|[^\s]+/gu)].map((match, id) => {
    const begin = offsets.toPoints(match.index);
    return { text: match[0], start: begin, end: begin + [...match[0]].length, id, disabled: disabled.includes(id) };
  });
  const task = { _id: "t", text, tokens };
  return units(task, offsets, { characters: false, newlines: false, ...settings });
}

/** @param {ReturnType<typeof apply>} result */
function done(result) {
  assert.ok("spans" in result);
  return result;
}

test("a label on two tokens becomes a span with token numbers, end exclusive and token_end inclusive", () => {
  const units = row("👩‍👩‍👧 Angela Merkel met");
  const { spans } = done(apply([], units, { from: 1, to: 2 }, "PERSON"));
  assert.deepEqual(spans, [{ start: 6, end: 19, token_start: 1, token_end: 2, label: "PERSON" }]);
});

test("spans never overlap: a new one takes the place of those it touches", () => {
  const units = row("one two three four");
  const first = done(apply([], units, { from: 0, to: 1 }, "A")).spans;
  const both = done(apply(first, units, { from: 3, to: 3 }, "B")).spans;
  const { spans, replaced } = done(apply(both, units, { from: 1, to: 2 }, "C"));
  assert.deepEqual(spans.map((span) => span.label), ["C", "B"]);
  assert.deepEqual(replaced.map((span) => span.label), ["A"]);
});

test("spans come out in the order of the text", () => {
  const units = row("one two three");
  const later = done(apply([], units, { from: 2, to: 2 }, "A")).spans;
  const { spans } = done(apply(later, units, { from: 0, to: 0 }, "B"));
  assert.deepEqual(spans.map((span) => span.start), [0, 8]);
});

test("the same label again changes nothing, and unknown keys stay", () => {
  const units = row("one two");
  const given = [{ start: 0, end: 3, label: "A", score: 0.5, source: "model" }];
  const { spans } = done(apply(given, units, { from: 0, to: 0 }, "A"));
  assert.equal(spans, given);
});

test("another label on a suggestion makes a new span without the suggestion's keys", () => {
  const units = row("one two");
  const { spans } = done(apply([{ start: 0, end: 3, label: "A", score: 0.5 }], units, { from: 0, to: 0 }, "B"));
  assert.deepEqual(spans, [{ start: 0, end: 3, label: "B", token_start: 0, token_end: 0 }]);
});

test("a suggestion that fits no tokens is kept, and nothing is laid over it", () => {
  const units = row("international law");
  const odd = { start: 5, end: 13, label: "A", note: "inside a word" };
  assert.equal(fit(units, odd), null);
  const result = apply([odd], units, { from: 0, to: 1 }, "B");
  assert.deepEqual(result, { blocked: odd });
  assert.deepEqual(remove([odd], odd), []);
});

test("a selection goes both ways and stops at a disabled token", () => {
  const units = row("a b c d e", {}, [3]);
  assert.deepEqual(select(units, 0, 2), { from: 0, to: 2 });
  assert.deepEqual(select(units, 2, 0), { from: 0, to: 2 });
  assert.deepEqual(select(units, 1, 4), { from: 1, to: 2 });
  assert.equal(select(units, 3, 4), null);
});

test("a selection stops at a line break, unless the project allows it", () => {
  const broken = row("a b\nc d");
  assert.deepEqual(select(broken, 0, 4), { from: 0, to: 1 });
  const allowed = row("a b\nc d", { newlines: true });
  assert.deepEqual(select(allowed, 0, 4), { from: 0, to: 4 });
});

test("a line break between tokens cannot be crossed either, and breaks no search", () => {
  const text = "ab cd\nef gh";
  const tokens = [[0, 2], [3, 5], [6, 8], [9, 11]].map(([begin, end], id) => ({
    text: text.slice(begin, end), start: /** @type {number} */ (begin), end: /** @type {number} */ (end), id,
  }));
  const row = units({ _id: "t", text, tokens }, new Offsets(text), { characters: false, newlines: false });
  assert.equal(row.length, 5);
  assert.deepEqual(select(row, 0, 4), { from: 0, to: 1 });
  for (const token of tokens) {
    const range = fit(row, token);
    assert.ok(range && range.from === range.to && row[range.from]?.id === token.id);
  }
  assert.deepEqual(fit(row, { start: 3, end: 8 }), { from: 1, to: 3 });
});

test("blanks at the ends of a selection are left out", () => {
  const text = "a  b";
  const tokens = [[0, 1], [1, 3], [3, 4]].map(([begin, end], id) => ({
    text: "", start: /** @type {number} */ (begin), end: /** @type {number} */ (end), id,
  }));
  const row = units({ _id: "t", text, tokens }, new Offsets(text), { characters: false, newlines: false });
  assert.deepEqual(select(row, 0, 1), { from: 0, to: 0 });
});

test("by character, a unit is what a reader sees as one, and spans carry no token numbers", () => {
  const units = row("e\u0301🇪🇸x", { characters: true });
  assert.deepEqual(units.map((unit) => [unit.start, unit.end]), [[0, 2], [2, 4], [4, 5]]);
  assert.deepEqual(done(apply([], units, { from: 0, to: 1 }, "A")).spans, [{ start: 0, end: 4, label: "A" }]);
});

test("fit finds every token and every run of tokens", () => {
  const units = row("one two three four five");
  for (let from = 0; from < units.length; from++) {
    for (let to = from; to < units.length; to++) {
      const span = { start: units[from]?.start ?? 0, end: units[to]?.end ?? 0 };
      assert.deepEqual(fit(units, span), { from, to });
    }
  }
});

test("the spans to begin with are in order, without overlaps and without what lies outside", () => {
  const a = { start: 4, end: 7, label: "A" };
  const b = { start: 0, end: 3, label: "B" };
  const over = { start: 2, end: 5, label: "C" };
  const outside = { start: 5, end: 99, label: "D" };
  assert.deepEqual(start([a, b, over, outside, null], 10), { spans: [b, a], left: 3 });
  assert.deepEqual(start(undefined, 10), { spans: [], left: 0 });
});

test("at finds the span over a unit", () => {
  const units = row("one two");
  const span = { start: 4, end: 7, label: "A" };
  assert.equal(at([span], units[1]), span);
  assert.equal(at([span], units[0]), null);
});
