// Imports run one way: from the running page down to functions without a page, and never in a
// circle.
import { test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";

const web = new URL("../../src/web/", import.meta.url);

/** Each folder of the page imports from those after it, from itself and from `shared`. */
const folders = ["app", "interfaces", "editors", "media", "view", "storage", "annotations", "state"];

/** @type {Map<string, string[]>} the modules that each module imports when it is loaded */
const graph = new Map();
for (const path of readdirSync(web, { recursive: true }).map(String).filter((name) => name.endsWith(".js"))) {
  const source = readFileSync(new URL(path, web), "utf8");
  const named = [...source.matchAll(/^import [^;]*?"(\.[^"]+)"/gm)].map(([, name]) => String(name));
  graph.set(path, named.map((name) => new URL(name, new URL(path, web)).href.slice(web.href.length)));
}

/** @param {string} path */
const folderOf = (path) => (path.startsWith("annotate/") ? String(path.split("/")[1]) : String(path.split("/")[0]));

test("every folder is in the list, and imports run down it", () => {
  const wrong = [];
  for (const [from, imported] of graph) {
    if (from.startsWith("annotate/")) assert.ok(folders.includes(folderOf(from)), from);
    for (const to of imported) {
      assert.ok(graph.has(to), `${from} imports ${to}`);
      if (folderOf(to) === "shared" || folderOf(to) === folderOf(from)) continue;
      const down = from.startsWith("annotate/") && to.startsWith("annotate/") && folders.indexOf(folderOf(to)) > folders.indexOf(folderOf(from));
      if (!down) wrong.push(`${from} imports ${to}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test("no module imports itself through others", () => {
  /** @type {Set<string>} */
  const done = new Set();
  /** @param {string} path @param {string[]} way */
  const visit = (path, way) => {
    assert.ok(!way.includes(path), [...way, path].join(" → "));
    if (done.has(path)) return;
    for (const to of graph.get(path) ?? []) visit(to, [...way, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
});
