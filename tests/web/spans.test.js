// Selecting, snapping and labelling, on rows of units without a page.
import { test } from "node:test";
import assert from "node:assert/strict";
import { Offsets } from "../../src/web/annotate/annotations/offsets.js";
import { apply, at, beside, covering, fit, lanes, paragraphs, remove, replace, select, split, start, units } from "../../src/web/annotate/annotations/spans.js";

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

test("the spans to begin with are as they came, and what does not lie in the text is kept beside them", () => {
  const a = { start: 4, end: 7, label: "A" };
  const b = { start: 0, end: 3, label: "B" };
  const over = { start: 2, end: 5, label: "C" };
  const outside = { start: 5, end: 99, label: "D" };
  assert.deepEqual(start([a, b, over, outside, null], 10), { spans: [a, b, over], rest: [outside, null] });
  assert.deepEqual(start(undefined, 10), { spans: [], rest: [] });
});

test("those that stand in the line never overlap, whatever came", () => {
  const a = { start: 0, end: 6, label: "A" };
  const b = { start: 4, end: 8, label: "B" };
  const c = { start: 6, end: 9, label: "C" };
  assert.deepEqual(split([c, b, a]), { inline: [a, c], over: [b] });
});

test("spans that overlap lie in different lanes, and a lane is used again where it is free", () => {
  const whole = { start: 0, end: 20, label: "A" };
  const first = { start: 0, end: 4, label: "B" };
  const inner = { start: 3, end: 9, label: "C" };
  const later = { start: 10, end: 12, label: "D" };
  const found = lanes([first, later, inner, whole]);
  assert.deepEqual([whole, first, inner, later].map((span) => found.get(span)), [0, 1, 2, 1]);
});

test("a label longer than its span keeps its lane to itself", () => {
  const short = { start: 0, end: 2, label: "ORGANISATION" };
  const next = { start: 3, end: 9, label: "B" };
  assert.equal(lanes([short, next]).get(next), 0);
  assert.equal(lanes([short, next], () => 10).get(next), 1);
});

test("where spans may overlap, a new one lies over the others, and is there once", () => {
  const units = row("one two three");
  const given = done(apply([], units, { from: 0, to: 1 }, "A", true)).spans;
  const two = done(apply(given, units, { from: 1, to: 2 }, "A", true)).spans;
  assert.deepEqual(two.map((span) => [span.token_start, span.token_end]), [[0, 1], [1, 2]]);
  assert.equal(done(apply(two, units, { from: 1, to: 2 }, "A", true)).spans, two);
  assert.equal(done(apply(two, units, { from: 1, to: 2 }, "B", true)).spans.length, 3);
});

test("a span in the place of another: a new label, a new end, and never over a third", () => {
  const units = row("one two three four");
  const a = { start: 0, end: 7, label: "A", score: 1 };
  const b = { start: 14, end: 18, label: "B" };
  assert.deepEqual(replace([a, b], units, a, { from: 0, to: 1 }, "C", false)?.spans, [
    { start: 0, end: 7, label: "C", token_start: 0, token_end: 1 }, b,
  ]);
  assert.deepEqual(replace([a, b], units, a, { from: 0, to: 2 }, "A", false)?.span.end, 13);
  assert.equal(replace([a, b], units, a, { from: 0, to: 3 }, "A", false), null);
  assert.equal(replace([a, b], units, a, { from: 0, to: 3 }, "A", true)?.span.end, 18);
  assert.equal(replace([a, b], units, a, { from: 3, to: 3 }, "B", true), null);
  assert.equal(replace([a, b], units, a, { from: 0, to: 1 }, "A", false)?.span, a);
});

test("one walks from span to span, those that overlap too", () => {
  const a = { start: 0, end: 7, label: "A" };
  const b = { start: 4, end: 7, label: "B" };
  const c = { start: 8, end: 13, label: "C" };
  const spans = [c, b, a];
  assert.equal(beside(spans, null, 5, 1), a);
  assert.equal(beside(spans, a, 0, 1), b);
  assert.equal(beside(spans, b, 0, 1), c);
  assert.equal(beside(spans, c, 0, 1), null);
  assert.equal(beside(spans, c, 0, -1), b);
  assert.equal(beside(spans, null, 7, 1), c);
  assert.equal(beside(spans, null, 5, -1), b);
  assert.deepEqual(covering(spans, { start: 5, end: 6 }), [a, b]);
});

test("by character, what lies in a disabled token cannot be marked", () => {
  const text = "ab cd";
  const tokens = [{ text: "ab", start: 0, end: 2, id: 0 }, { text: "cd", start: 3, end: 5, id: 1, disabled: true }];
  const row = units({ _id: "t", text, tokens }, new Offsets(text), { characters: true, newlines: false });
  assert.deepEqual(row.map((unit) => unit.barrier), [false, false, false, true, true]);
});

test("at finds the span over a unit", () => {
  const units = row("one two");
  const span = { start: 4, end: 7, label: "A" };
  assert.equal(at([span], units[1]), span);
  assert.equal(at([span], units[0]), null);
});

test("a text falls into paragraphs where no span lies over the line break", () => {
  const text = "One 👩 two\n\nthree\n four\nfive";
  const offsets = new Offsets(text);
  const row = units({ _id: "t", text }, offsets, { characters: false, newlines: false });
  assert.deepEqual(paragraphs(row, offsets, []), [11, 17, 23]);
  assert.deepEqual(paragraphs(row, offsets, [{ start: 11, end: 22 }]), [11, 23]);
});

test("a token that holds a line break and may be labelled is not cut in two", () => {
  const text = "a\nb\n c";
  const offsets = new Offsets(text);
  const tokens = [{ text: "a\nb", start: 0, end: 3, id: 0 }, { text: "\n ", start: 3, end: 5, id: 1 }, { text: "c", start: 5, end: 6, id: 2 }];
  const row = units({ _id: "t", text, tokens }, offsets, { characters: false, newlines: false });
  assert.deepEqual(paragraphs(row, offsets, []), []);
});
