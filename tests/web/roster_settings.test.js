// What `annotd check` knows of the page (page_settings.rs and schema.rs in src/roster/) is what the
// page has: keys and settings stand in both.
import { test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { usual } from "../../src/web/annotate/state/keys.js";

const source = new URL("../../src/", import.meta.url);
const checks = ["page_settings", "schema"].map((name) => readFileSync(new URL(`roster/${name}.rs`, source), "utf8")).join("\n");

/** @param {string} name of a constant with a list */
function listOf(name) {
  const found = new RegExp(`const ${name}: [^=]*= \\[(.*?)\\n\\];`, "s").exec(checks)?.[1];
  assert.ok(found, name);
  return found;
}

/** @param {string} text */
const quoted = (text) => [...text.matchAll(/"([^"]+)"/g)].map(([, name]) => String(name));

/** @param {string} folder @returns {string[]} the text of each file */
const filesIn = (folder) => readdirSync(new URL(folder, source), { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? filesIn(`${folder}${entry.name}/`) : [readFileSync(new URL(folder + entry.name, source), "utf8")]);

test("keys that the roster may not take from a command are those that the page has", () => {
  const known = Object.fromEntries([...listOf("COMMANDS").matchAll(/\("(\w+)", &\[([^\]]*)\]\)/g)].map(([, command, keys]) => [command, quoted(keys ?? "")]));
  const { playpause, ...commands } = known;
  assert.deepEqual(commands, usual);
  // The player's own: it has no command of the page.
  const player = readFileSync(new URL("web/annotate/media/player.js", source), "utf8");
  for (const key of playpause ?? []) assert.ok(player.includes(`"${key}"`), key);
});

test("every setting that the page asks for is known to the roster, and no other", () => {
  const settings = quoted(listOf("SETTINGS"));
  const page = filesIn("web/annotate/");
  const asked = new Set(page.flatMap((text) => [...text.matchAll(/settings(?:Of\([^)]*\))?\("(\w+)"\)/g)].map(([, name]) => String(name))));
  assert.ok(asked.size > 15, "the pattern finds them");
  for (const name of asked) assert.ok(settings.includes(name), `${name} is not in schema.rs`);
  const all = [...page, ...filesIn("interface/")].join("\n");
  for (const name of settings) assert.match(all, new RegExp(`\\b${name}\\b`), `the page does not read ${name}`);
});
