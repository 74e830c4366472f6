// No interface takes a key away from the page: what accepts, skips or comments does so on every
// card.
import { test } from "node:test";
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { fetchInterfaces, interfaceOf } from "../../src/web/annotate/interfaces/registry.js";
import { commandOf, namesIn, sign, usual } from "../../src/web/annotate/state/keys.js";

/** @import { Interface, Project } from "../../src/web/annotate/state/types.js" */

const folder = new URL("../../src/web/annotate/interfaces/", import.meta.url);

/**
 * Keys that mean something nearer while there is something near, and the page's own again where
 * there is not: backspace takes back what was drawn before it goes back a card, escape clears
 * it.
 */
const onPurpose = ["backspace", "delete", "escape"];

/** @type {Project} */
const project = {
  project: "demo", annotator: "andy", session_id: "demo-andy", view_id: "", labels: ["A", "B"], batch_size: 10, instructions: null,
  config: { relations_span_labels: ["X"], choice_style: "multiple" }, lease_seconds: 60, version: "", edition: "", standing: "here", moved_to: null,
};

/** @returns {Promise<[string, Interface][]>} */
async function all() {
  const files = readdirSync(folder).map((file) => file.replace(/\.js$/, ""));
  // There is no page here: a stylesheet is there as soon as it is wanted.
  const head = { append: (/** @type {{onload: () => void}} */ link) => link.onload() };
  Object.assign(globalThis, { document: { createElement: () => ({}), head, documentElement: {} } });
  await fetchInterfaces(files);
  return files.flatMap((name) => {
    const kind = interfaceOf(name);
    return kind ? [/** @type {[string, Interface]} */ ([name, kind])] : [];
  });
}

test("no key of an interface is one of the page's, unless on purpose", async () => {
  const interfaces = await all();
  assert.equal(interfaces.length, 22);
  for (const [name, kind] of interfaces) {
    const keys = kind.keys(project).flatMap((line) => namesIn(line.keys));
    const taken = keys.filter((key) => commandOf(usual, key) && !onPurpose.includes(key));
    assert.deepEqual(taken, [], `${name} takes ${taken.map((key) => `${key} (${commandOf(usual, key)})`).join()}`);
    const twice = keys.filter((key, i) => keys.indexOf(key) !== i);
    assert.deepEqual(twice, [], `${name} says a key twice`);
  }
});

test("on a page of several, n turns whatever lies there, and p does but where it takes the polygon", async () => {
  for (const [name, kind] of await all()) {
    if (name === "pages") continue;
    const keys = kind.keys(project).flatMap((line) => namesIn(line.keys));
    assert.deepEqual(keys.filter((key) => key === "n" || key === "p"), name === "image_manual" ? ["p"] : [], name);
  }
});

test("what stands in the help is read back as the keys that it means", () => {
  assert.deepEqual(namesIn(["1", "…", "9", "0"]), ["1", "2", "3", "4", "5", "6", "7", "8", "9", "0"]);
  assert.deepEqual(namesIn(["ctrl z", "⌫", "−", "+", "⇧ ←", "esc", "?"]), ["ctrl+z", "backspace", "-", "+", "shift+arrowleft", "escape", "?"]);
  for (const name of ["+", "ctrl++", "ctrl+enter", "shift+arrowright", "a"]) assert.deepEqual(namesIn([sign(name)]), [name]);
});
