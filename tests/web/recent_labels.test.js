// The labels used last: who stands there keeps the place, who was not used for longest gives it up.
import { test } from "node:test";
import assert from "node:assert/strict";
import { none, size, used } from "../../src/web/annotate/editors/recent_labels.js";

/** @param {string} labels one letter each */
const after = (labels) => [...labels].reduce(used, none);

test("labels stand in the order of their first use, and stay where they are", () => {
  assert.deepEqual(after("abc").places, ["a", "b", "c"]);
  assert.deepEqual(after("abcab").places, ["a", "b", "c"]);
  assert.deepEqual(after("abcab").order, ["b", "a", "c"]);
});

test("a new one takes the place of the one that was not used for longest", () => {
  assert.equal(after("abcdef").places.length, size);
  assert.deepEqual(after("abcdefg").places, ["g", "b", "c", "d", "e", "f"]);
  assert.deepEqual(after("abcdefag").places, ["a", "g", "c", "d", "e", "f"]);
});

test("the same label again changes nothing", () => {
  const once = after("ab");
  assert.equal(used(once, "b"), once);
});
