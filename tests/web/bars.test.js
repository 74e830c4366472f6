// The bars above and below the card: the goal, and double clicks on an answer.
import { test } from "node:test";
import assert from "node:assert/strict";
import { initial, reduce } from "../../src/web/annotate/state/state.js";
import { isSecondClick } from "../../src/web/annotate/view/action_bar.js";
import { goalOf } from "../../src/web/annotate/view/status_bar.js";

/** @import { Action } from "../../src/web/annotate/state/state.js" */

/** @type {Action} */
const told = {
  type: "fetched", tasks: [{ _id: "a", text: "a" }], pending: [], reason: null, stats: { answered: 15, due: 15 },
};

test("while a card waits for its answer, the goal is not reached", () => {
  const open = reduce(initial, told);
  assert.equal(goalOf(open, 15), 16);
  assert.equal(goalOf(open, 3), 15);
  const answered = reduce(open, { type: "answer", verdict: "accept", values: {} });
  assert.equal(goalOf(answered, 16), 15);
  assert.equal(goalOf(reduce(answered, { type: "undo" }), 15), 15, "nor does going back change it");
  assert.equal(goalOf(initial, 0), null);
});

test("the second click of a double click answers nothing", () => {
  assert.equal(isSecondClick({ detail: 2, timeStamp: 1120 }, 1000), true);
  assert.equal(isSecondClick({ detail: 1, timeStamp: 1120 }, 1000), false, "another place or button");
  assert.equal(isSecondClick({ detail: 3, timeStamp: 1450 }, 1000), false, "a quick annotator");
  assert.equal(isSecondClick({ detail: 0, timeStamp: 1050 }, 1000), false, "a key on the button");
});
