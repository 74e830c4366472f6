// What the page says where there is no card.
import { test } from "node:test";
import assert from "node:assert/strict";
import { initial, reduce } from "../../src/web/annotate/state/state.js";
import { emptyStateMessage } from "../../src/web/annotate/view/empty_state.js";

/** @import { Action } from "../../src/web/annotate/state/state.js" */
/** @import { Reason } from "../../src/web/annotate/state/types.js" */

const sent = { waiting: 0, locked: false, elsewhere: false };

/** @param {Reason} reason @param {Partial<typeof sent>} [outbox] */
function says(reason, outbox = {}) {
  /** @type {Action} */
  const told = { type: "fetched", tasks: [], pending: [], reason, stats: { answered: 3 } };
  return emptyStateMessage(reduce(initial, told), { ...sent, ...outbox }).join(" ");
}

test("done, and waiting for others, are different messages", () => {
  assert.match(says("done"), /^You are done\. Thank you\. All your 3 answers are saved\./);
  assert.match(says("waiting"), /Others are working on the remaining tasks/);
  assert.match(says("waiting", { elsewhere: true }), /^Your tasks are in another tab/);
});

test("whatever the reason, answers that wait in this browser are mentioned", () => {
  for (const reason of /** @type {const} */ (["done", "waiting", "paused", "left", "moved"])) {
    assert.match(says(reason, { waiting: 2 }), /2 answers are still in this browser/, reason);
    assert.doesNotMatch(says(reason), /still in this browser/, reason);
  }
});

test("an annotator who is paused or has left is told so", () => {
  assert.match(says("paused"), /^You are paused\./);
  assert.match(says("left"), /^You are no longer part of this project\./);
});
