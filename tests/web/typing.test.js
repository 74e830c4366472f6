// A field to write in: which presses write, and what an empty one means.
import { test } from "node:test";
import assert from "node:assert/strict";
import { isBlank, onEmpty, isTyping } from "../../src/web/annotate/editors/typing.js";

/**
 * @param {string} key
 * @param {...("ctrl" | "meta" | "alt" | "AltGraph")} held
 */
const stroke = (key, ...held) => ({
  key,
  ctrlKey: held.includes("ctrl"),
  metaKey: held.includes("meta"),
  altKey: held.includes("alt"),
  getModifierState: (/** @type {string} */ name) => /** @type {string[]} */ (held).includes(name),
});

test("signs of any script write, and so do the keys that take them away", () => {
  for (const key of ["a", "X", "é", "ع", "漢", "👩", " ", "?", "Backspace", "Delete", "Dead", "Process"]) {
    assert.ok(isTyping(stroke(key)), key);
  }
});

test("keys that go somewhere do not write, nor do commands", () => {
  for (const key of ["Enter", "Escape", "Tab", "ArrowLeft", "Home", "F5", "Shift", "Control"]) assert.ok(!isTyping(stroke(key)), key);
  assert.ok(!isTyping(stroke("s", "ctrl")));
  assert.ok(!isTyping(stroke("c", "meta")));
  assert.ok(!isTyping(stroke("x", "alt")));
});

test("what AltGr and Option make is a sign like any other", () => {
  assert.ok(isTyping(stroke("@", "ctrl", "alt", "AltGraph")));
  assert.ok(isTyping(stroke("ą", "alt")));
});

test("blanks are nothing", () => {
  for (const text of ["", " ", "\n\t ", "\u00a0\u3000", "\u0085"]) assert.ok(isBlank(text));
  assert.ok(!isBlank(" . "));
});

test("an empty field is asked about where it is what the card is for, unless the project says otherwise", () => {
  assert.equal(onEmpty(undefined, undefined), "ask");
  assert.equal(onEmpty(undefined, "page"), "ask");
  assert.equal(onEmpty(undefined, "block"), "pass");
  assert.equal(onEmpty(true, "block"), "refuse");
  assert.equal(onEmpty(false, undefined), "pass");
});
