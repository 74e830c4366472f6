// Annotations: which one is selected, and what a label's key means to it.
import { test } from "node:test";
import assert from "node:assert/strict";
import { ActiveLabel } from "../../src/web/annotate/editors/active_label.js";
import { AnnotationList } from "../../src/web/annotate/editors/annotation_list.js";

/** @typedef {{label?: unknown, n?: number}} Mark */

/** @param {Mark[]} [list] */
function hold(list = []) {
  /** @type {string[]} */
  const said = [];
  const active = new ActiveLabel();
  active.set("CAT");
  /** @type {AnnotationList<Mark>} */
  const marks = new AnnotationList(list, active, { keep: () => {}, inWords: (one) => String(one.label), announce: (words) => said.push(words) });
  return { marks, active, said, labels: () => marks.list.map(({ label }) => label).join(" ") };
}

test("what was just drawn stays chosen, and a label's key is for the next, as in Prodigy", () => {
  const { marks, active, labels, said } = hold();
  marks.add({ label: active.label });
  assert.equal(marks.target(), marks.list[0]);
  marks.take("DOG");
  assert.deepEqual([labels(), active.label, marks.label, said.at(-1)], ["CAT", "DOG", "DOG", "Active label: DOG"]);
  assert.equal(marks.target(), marks.list[0], "backspace takes it back");
  marks.add({ label: active.label });
  assert.equal(labels(), "CAT DOG");
});

test("a selected one is renamed too, and its other keys stay", () => {
  const { marks, active } = hold([{ label: "CAT", n: 1 }, { label: "CAT", n: 2 }]);
  marks.select(marks.list[1] ?? null);
  marks.take("DOG");
  assert.deepEqual(marks.list, [{ label: "CAT", n: 1 }, { label: "DOG", n: 2 }]);
  assert.deepEqual([marks.selected, active.label], [marks.list[1], "DOG"]);
});

test("a name given is taken back by undo, and what was drawn by backspace", () => {
  const { marks, labels } = hold([{ label: "COW" }]);
  marks.select(marks.list[0] ?? null);
  marks.take("DOG");
  assert.ok(marks.undo());
  assert.equal(labels(), "COW");
  marks.add({ label: "CAT" });
  assert.ok(marks.remove());
  assert.equal(labels(), "COW");
  assert.equal(marks.target(), null);
});
