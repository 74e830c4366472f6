import assert from "node:assert/strict";
import { test } from "node:test";

import { blocksOf, pagesOf, projectOf } from "../../src/web/annotate/interfaces/composite.js";

/** @param {Record<string, unknown>} config */
const settings = (config) => (/** @type {string} */ name) => config[name];

const task = {
  _id: "1", text: "a", options: [{ id: 1 }], config: { choice_style: "single" },
  _clean: { "/html": "<b>task</b>", "/options/0/html": "<i>task</i>", "": "<p>whole</p>" },
  _tokens: [{ text: "a", start: 0, end: 1, id: 0 }],
};

test("what a block says goes before the task and the settings, for that block alone", () => {
  const blocks = [
    { view_id: "ner_manual", labels: ["X"] },
    { view_id: "choice", text: null, options: [{ id: 2 }], choice_style: "multiple" },
    { view_id: "text_input", field_id: "why" },
  ];
  const [first, second, third] = blocksOf(task, settings({ blocks, choice_style: "single" }));
  assert.deepEqual(first?.labels, ["X"]);
  assert.deepEqual(first?.task._tokens, task._tokens);
  assert.equal("text" in /** @type {object} */ (second?.task), false);
  assert.equal("_tokens" in /** @type {object} */ (second?.task), false);
  assert.deepEqual(second?.task.options, [{ id: 2 }]);
  assert.equal(second?.settings("choice_style"), "multiple");
  assert.equal(first?.settings("choice_style"), "single");
  assert.equal(third?.settings("field_id"), "why");
  assert.equal(task.text, "a");
});

test("the cleaned HTML of a key that a block has otherwise is the block's own", () => {
  const blocks = [{ view_id: "choice", options: [{ id: 2, html: "x" }] }, { view_id: "text" }];
  const [first, second] = blocksOf(
    { ...task, _parts: [{ _clean: { "/options/0/html": "<i>block</i>" } }, {}] },
    settings({ blocks }),
  );
  assert.equal(first?.task._clean?.["/options/0/html"], "<i>block</i>");
  assert.equal(first?.task._clean?.["/html"], "<b>task</b>");
  assert.equal(second?.task._clean?.["/options/0/html"], "<i>task</i>");
});

test("blocks inside blocks, and what is no block, are left out", () => {
  for (const blocks of ["text", [{ view_id: "blocks" }], [{ view_id: "pages" }], [1, null, {}], undefined]) {
    assert.deepEqual(blocksOf(task, settings({ blocks })), []);
  }
});

test("a page has its own text, tokens and cleaned HTML", () => {
  const whole = {
    _id: "1",
    pages: [{ view_id: "ner_manual", text: "a", _tokens: "forged" }, { view_id: "html", html: "x", config: { choice_style: "multiple", labels: ["Y"] } }],
    _clean: { "/pages/1/html": "<b>x</b>" },
    _parts: [{ _tokens: [{ text: "a", start: 0, end: 1, id: 0 }] }, {}],
  };
  const [first, second] = pagesOf(whole, settings({ choice_style: "single" }));
  assert.equal(first?.task._tokens?.[0]?.text, "a");
  assert.deepEqual(second?.task._clean, { "/html": "<b>x</b>" });
  assert.equal(second?.settings("choice_style"), "multiple");
  assert.equal(first?.settings("choice_style"), "single");
  assert.deepEqual(second?.labels, ["Y"]);
  const project = /** @type {import("../../src/web/annotate/state/types.js").Project} */ (/** @type {unknown} */ ({ labels: ["P"], config: {} }));
  assert.deepEqual(projectOf(project, /** @type {NonNullable<typeof second>} */ (second)).labels, ["Y"]);
});
