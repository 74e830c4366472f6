// Which card is drawn before its turn, and when it is thrown away.
import { test } from "node:test";
import assert from "node:assert/strict";
import { isSame, nextOf } from "../../src/web/annotate/view/prerender.js";
import { current, initial, reduce } from "../../src/web/annotate/state/state.js";

/** @import { Card, Project } from "../../src/web/annotate/state/types.js" */
/** @import { Action, State } from "../../src/web/annotate/state/state.js" */

/** @type {Project} */
const project = {
  project: "p", annotator: "andy", session_id: "p-andy", view_id: "text", labels: [], batch_size: 10,
  instructions: null, config: {}, lease_seconds: 1800, version: "0",
  edition: "1", standing: "here", moved_to: null,
};

/** @type {Action} */
const three = { type: "fetched", tasks: ["a", "b", "c"].map((id) => ({ _id: id, text: id })), pending: [], reason: null, stats: {} };

/** @type {Action} */
const accept = { type: "answer", verdict: "accept", values: {} };

/** @param {...Action} actions @returns {State} */
const run = (...actions) => actions.reduce(reduce, reduce(initial, { type: "project", project }));

test("the card that comes next is drawn, and none behind the last", () => {
  assert.equal(nextOf(run(three))?.task._id, "b");
  assert.equal(nextOf(run(three, accept, accept)), null);
  assert.equal(nextOf(run()), null);
});

test("going back, the next one is the one that was left", () => {
  assert.equal(nextOf(run(three, accept, { type: "undo" }))?.task._id, "b");
});

test("a visit to an earlier card leads back to where it began, so nothing is drawn", () => {
  const previousAnswer = { answer: /** @type {const} */ ("accept"), values: null, flagged: false, comment: "" };
  const visiting = run(three, accept, { type: "visit", task: { _id: "a", text: "a" }, previousAnswer });
  assert.equal(current(visiting)?.task._id, "a");
  assert.equal(nextOf(visiting), null);
});

test("what was drawn of a card holds while the card is as it was", () => {
  const before = /** @type {Card} */ (nextOf(run(three)));
  assert.ok(isSame(before, { ...before, flagged: true }));
  assert.ok(!isSame(before, { ...before, values: { spans: [] } }));
  assert.ok(!isSame(before, { ...before, key: 9 }));
});
