// The box that filters labels: which fit what was typed, and which is meant.
import { test } from "node:test";
import assert from "node:assert/strict";
import { filter } from "../../src/web/annotate/editors/label_search.js";

const labels = ["PERSON", "LEGAL PERSON", "Ort", "Verträge", "عقد"];

test("nothing typed leaves all labels, and none is meant", () => {
  assert.deepEqual(filter(labels, " "), { matching: new Set(labels), first: null });
});

test("a label that begins with what was typed goes before one that has it inside", () => {
  const found = filter(["LEGAL PERSON", "PERSON"], "per");
  assert.deepEqual([...found.matching], ["LEGAL PERSON", "PERSON"]);
  assert.equal(found.first, "PERSON");
  assert.equal(filter(labels, "l per").first, "LEGAL PERSON");
});

test("capitals and accents make no difference, in any script", () => {
  assert.equal(filter(labels, "vertrage").first, "Verträge");
  assert.equal(filter(labels, "عق").first, "عقد");
});

test("what fits no label means none", () => {
  assert.deepEqual(filter(labels, "zzz"), { matching: new Set(), first: null });
});
