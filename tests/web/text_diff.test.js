import assert from "node:assert/strict";
import { test } from "node:test";

import { cut, textDiff } from "../../src/web/annotate/interfaces/text_diff.js";

/** @param {{kind: string, text: string}[]} pieces */
const shown = (pieces) => pieces.map(({ kind, text }) => ({ same: text, ins: `+${text}+`, del: `-${text}-` })[kind]).join("|");

test("words that go stand before words that come, and the rest stays", () => {
  assert.equal(shown(textDiff("The cat sat.", "The dog sat.")), "The |-cat-|+dog+| sat.");
  assert.equal(shown(textDiff("a b c", "a c")), "a |-b -|c");
  assert.equal(shown(textDiff("", "new")), "+new+");
  assert.deepEqual(textDiff("", ""), []);
  assert.equal(shown(textDiff("same", "same")), "same");
});

test("a blank between two changes goes with them", () => {
  assert.equal(shown(textDiff("one two three", "four five three")), "-one two-|+four five+| three");
});

test("scripts without blanks are cut into words, and characters stay whole", () => {
  assert.ok(cut("日本語のテキスト", "words").length > 1);
  assert.deepEqual(cut("a👩‍👩‍👧é", "chars"), ["a", "👩‍👩‍👧", "é"]);
  assert.deepEqual(cut("a\n\nb", "lines"), ["a\n", "\n", "b"]);
  assert.equal(shown(textDiff("قال الوزير", "قال الرئيس")), "قال |-الوزير-|+الرئيس+");
});

test("old and new can be put together again from the pieces, whatever they are", () => {
  let seed = 7;
  const random = (/** @type {number} */ n) => (seed = (seed * 1103515245 + 12345) % 2147483648) % n;
  const text = () => Array.from({ length: random(40) }, () => ["a", "b", " ", "c.", "\n", "d", "é", "👩‍👩‍👧"][random(8)]).join("");
  for (let round = 0; round < 400; round++) {
    const [old, young] = [text(), text()];
    for (const style of ["words", "chars", "sentences", "lines"]) {
      const pieces = textDiff(old, young, style);
      assert.equal(pieces.filter(({ kind }) => kind !== "ins").map((one) => one.text).join(""), old);
      assert.equal(pieces.filter(({ kind }) => kind !== "del").map((one) => one.text).join(""), young);
      for (let i = 1; i < pieces.length; i++) assert.notEqual(pieces[i]?.kind, pieces[i - 1]?.kind);
    }
  }
});

test("texts that are too long for words are held against each other line by line", () => {
  const lines = (/** @type {string} */ word) => Array.from({ length: 300 }, (_, i) => `${word} ${i} b c d e f g h i\n`);
  const pieces = textDiff(["x\n", ...lines("a"), "end 1"].join(""), ["y\n", ...lines("a"), "end 2"].join(""));
  assert.ok(pieces.some(({ kind, text }) => kind === "same" && text.length > 1000));
});
