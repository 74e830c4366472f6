import assert from "node:assert/strict";
import { test } from "node:test";

import { optionsOf } from "../../src/web/annotate/interfaces/choice.js";
import { pagesOf } from "../../src/web/annotate/interfaces/composite.js";
import { same } from "../../src/web/annotate/state/lossless_json.js";
import { read, tokensOf } from "../../src/web/annotate/state/reading.js";
import { current, initial, reduce } from "../../src/web/annotate/state/state.js";

/** @import { Project, Task } from "../../src/web/annotate/state/types.js" */

const project = /** @type {Project} */ (/** @type {unknown} */ ({ labels: ["A"], config: {}, batch_size: 10 }));

test("a key that is null is absent, on every card", () => {
  const task = { _id: "1", text: "a", comment: null, spans: null, config: { choice_style: null } };
  assert.deepEqual(read(task), { _id: "1", text: "a", config: { choice_style: null } });
  const plain = { _id: "1", text: "a" };
  assert.equal(read(plain), plain);
  const state = reduce({ ...initial, project }, { type: "fetched", tasks: [task], pending: [], reason: null, stats: {} });
  assert.equal("comment" in /** @type {object} */ (current(state)?.task), false);
  const [page] = pagesOf({ _id: "1", pages: [{ view_id: "ner_manual", text: "a", tokens: null }] }, () => undefined);
  assert.equal("tokens" in /** @type {object} */ (page?.task), false);
});

test("what the server has read goes before what the task says", () => {
  const task = /** @type {Task} */ ({
    _id: "1", options: ["x", { text: "y" }], _options: [{ id: "x", text: "x" }, { id: "y", text: "y" }],
    tokens: [{ start: 0, end: 1, id: null }], _tokens: [{ text: "a", start: 0, end: 1, id: 0 }],
  });
  assert.deepEqual(optionsOf(task, project).map(({ id }) => id), ["x", "y"]);
  assert.equal(tokensOf(task), task._tokens);
  assert.equal(tokensOf({ _id: "1", tokens: 3 }), undefined);
  assert.deepEqual(optionsOf({ _id: "1", options: [] }, project), [{ id: "A", text: "A" }]);
});

test("ids are one however a number is written, and not across types", () => {
  assert.equal(same(1, 1), true);
  assert.equal(same(1, "1"), false);
  assert.equal(same([1], 1), false);
  assert.equal(same("NaN", NaN), false);
  // As an object that is written as 1.0 (json.js).
  assert.equal(same({ toJSON: () => 1 }, 1), true);
});
