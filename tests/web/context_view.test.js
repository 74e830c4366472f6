// Where a sentence lies in its document, and which of a task's keys is context.
import { test } from "node:test";
import assert from "node:assert/strict";
import { find, layout } from "../../src/web/annotate/view/context_view.js";

/** @param {string} html */
const plain = (html) => html.replace(/<[^>]*>/g, "");

/** @param {Record<string, unknown>} task */
const kind = (task) => layout({ _id: "t", ...task }, plain).kind;

test("a sentence is found to the letter, or by its letters", () => {
  assert.deepEqual(find("One. Two three. Four.", "Two three."), { from: 5, to: 15 });
  const body = "He said:\n“Two\n  three”. Then left.";
  const place = find(body, 'two three"');
  assert.ok(place);
  assert.equal(body.slice(place.from, place.to), "Two\n  three”.");
  assert.equal(find("nothing", "else"), null);
  assert.equal(find("nothing", "  "), null);
});

test("a sentence that ends with an emoji's neighbour or a wide letter is cut nowhere", () => {
  const body = "x 𝒜𝒷 y";
  const place = find(body, "𝒜 𝒷");
  assert.ok(place);
  assert.equal(body.slice(place.from, place.to), "𝒜𝒷");
});

test("a text alone is plain", () => {
  assert.equal(kind({ text: "a" }), "plain");
  assert.equal(kind({ text: "Only a title", title: "", body: "", html: "" }), "plain");
});

test("context before and after goes around", () => {
  assert.equal(kind({ text: "b", context_before: "a" }), "around");
  assert.equal(kind({ text: "b", context_after: ["c", "d"] }), "around");
});

test("HTML that says the same as the text stands in its place", () => {
  const html = "<h1>Add Documentation</h1>";
  assert.equal(kind({ text: "# Add Documentation\n\n", title: "Add Documentation", html, _clean: { "/html": html } }), "html");
});

test("HTML that was not cleaned is not taken", () => {
  assert.equal(kind({ text: "a", html: "<p>Something else</p>" }), "plain");
});

test("a sentence in its document is marked in place", () => {
  const html = "<p>Before. The <b>guards</b> beat him. After.</p>";
  assert.equal(kind({ text: "The guards beat him.", html, _clean: { "/html": html } }), "in-html");
  assert.equal(kind({ text: "The guards beat him.", body: "Before. The guards beat him. After." }), "in-body");
});

test("a document without the sentence goes beneath it", () => {
  assert.equal(kind({ text: "The guards beat him.", body: "Quite another story." }), "beneath");
});

test("a text that is title and body is not shown twice", () => {
  assert.equal(kind({ text: "# Title\n\nThe body.", title: "Title", body: "The body." }), "plain");
});
