// Marks made by hand: which one is chosen, and what a label's key means to it.
import { test } from "node:test";
import assert from "node:assert/strict";
import { Marks } from "../../src/web/annotate/interfaces/marks.js";

/** @typedef {{label?: unknown, n?: number}} Mark */

/** @param {Mark[]} [list] */
function hold(list = []) {
  /** @type {string[]} */
  const said = [];
  const hand = { pen: "CAT" };
  /** @type {Marks<Mark>} */
  const marks = new Marks(list, hand, { keep: () => {}, inWords: (one) => String(one.label), announce: (words) => said.push(words) });
  return { marks, hand, said, labels: () => marks.list.map(({ label }) => label).join(" ") };
}

test("what was just drawn stays chosen: the right label's key names it, and is the next one's too", () => {
  const { marks, hand, labels, said } = hold();
  marks.add({ label: hand.pen });
  assert.equal(marks.here, marks.list[0]);
  assert.match(said[0] ?? "", /label's key names it anew/);
  marks.take("DOG");
  assert.deepEqual([labels(), hand.pen, marks.label], ["DOG", "DOG", "DOG"]);
  assert.equal(marks.here, marks.list[0], "and once more");
  marks.take("COW");
  assert.equal(labels(), "COW");
  marks.letGo();
  marks.add({ label: hand.pen });
  assert.equal(labels(), "COW COW");
});

test("with nothing chosen a label's key is for the next, as in Prodigy", () => {
  const { marks, hand, labels, said } = hold();
  marks.add({ label: hand.pen });
  marks.letGo();
  marks.take("DOG");
  assert.deepEqual([labels(), hand.pen, said.at(-1)], ["CAT", "DOG", "DOG is in hand"]);
  marks.add({ label: hand.pen });
  assert.equal(labels(), "CAT DOG");
});

test("one that was picked is named anew too, and other keys of it stay", () => {
  const { marks, hand } = hold([{ label: "CAT", n: 1 }, { label: "CAT", n: 2 }]);
  marks.select(marks.list[1] ?? null);
  marks.take("DOG");
  assert.deepEqual(marks.list, [{ label: "CAT", n: 1 }, { label: "DOG", n: 2 }]);
  assert.deepEqual([marks.selected, hand.pen], [marks.list[1], "DOG"]);
});

test("a name given is taken back by undo, and what was drawn by backspace", () => {
  const { marks, hand, labels } = hold([{ label: "COW" }]);
  marks.add({ label: hand.pen });
  marks.take("DOG");
  assert.ok(marks.takeBack());
  assert.equal(labels(), "COW CAT");
  const other = hold([{ label: "COW" }]);
  other.marks.add({ label: "CAT" });
  other.marks.take("DOG");
  assert.ok(other.marks.remove());
  assert.equal(other.labels(), "COW");
  assert.equal(other.marks.here, null);
});
