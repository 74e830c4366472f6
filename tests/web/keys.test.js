// Keys and their names; what is shown of numbers; options.
import { test } from "node:test";
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { commandOf, composes, keymap, labelKeys, nameOf, normal, usual } from "../../src/web/annotate/state/keys.js";
import { press } from "../../src/web/annotate/interfaces/choice.js";
import { parse, toText } from "../../src/web/annotate/state/lossless_json.js";

/** @param {string} key @param {string} code @param {Partial<KeyboardEvent>} [more] */
const name = (key, code, more = {}) =>
  nameOf({ key, code, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...more });

test("names are as in a keymap", () => {
  assert.equal(name("a", "KeyA"), "a");
  assert.equal(name("A", "KeyA", { shiftKey: true }), "a");
  assert.equal(name(" ", "Space"), "space");
  assert.equal(name("s", "KeyS", { ctrlKey: true }), "ctrl+s");
  assert.equal(name("ArrowRight", "ArrowRight", { shiftKey: true }), "shift+arrowright");
  assert.equal(name("?", "Slash", { shiftKey: true }), "?");
});

test("on another script's keyboard a letter goes by its place", () => {
  assert.equal(name("ф", "KeyA"), "a");
  assert.equal(name("ش", "KeyA"), "a");
  assert.equal(name("&", "Digit1"), "1");
  assert.equal(name("q", "KeyA"), "q", "a Latin letter goes by what it says");
});

test("a project's keys stand in for the usual ones, the others stay", () => {
  const map = keymap({ accept: ["j"], reject: "K", nonsense: ["z"] });
  assert.equal(commandOf(map, "j"), "accept");
  assert.equal(commandOf(map, "k"), "reject");
  assert.equal(commandOf(map, "a"), null);
  assert.equal(commandOf(map, "space"), "ignore");
  assert.equal(commandOf(usual, "delete"), "undo");
  assert.equal(normal("Cmd+S"), "meta+s");
});

test("labels have the digits in order, unless the project says otherwise", () => {
  assert.deepEqual(labelKeys(["A", "B"], undefined), ["1", "2"]);
  assert.deepEqual(labelKeys(["A", "B", "C"], { B: "p", C: "1" }), [null, "p", "1"]);
  assert.deepEqual(labelKeys(Array.from({ length: 12 }, (_, i) => `L${i}`), null).slice(8), ["9", "0", null, null]);
});

test("options: one replaces the other, several stand in their order, and types are kept apart", () => {
  const options = [{ id: 1 }, { id: "1" }, { id: "b" }];
  assert.deepEqual(press([], 1, options, false), [1]);
  assert.deepEqual(press([1], "1", options, false), ["1"]);
  assert.deepEqual(press(["1"], "1", options, false), []);
  assert.deepEqual(press(["b"], 1, options, true), [1, "b"]);
  assert.deepEqual(press([1, "1"], 1, options, true), ["1"]);
});

test("numbers: what the page calculates with is a number, whatever else is there", () => {
  const value = parse('{"start":3.0,"end":5,"score":0.25,"text":"1.0"}');
  assert.equal(value.start, 3);
  assert.equal(value.score, 0.25);
  assert.equal(value.text, "1.0");
  assert.equal(toText(12), "12");
  assert.equal(toText(null), "");
});

test("numbers that JavaScript cannot hold go back as they came, where the engine can", (t) => {
  if (!("rawJSON" in JSON)) return t.skip("this engine has no JSON.rawJSON");
  const text = '{"id":12345678901234567890,"score":1.0,"small":1e-7,"n":-0}';
  assert.equal(JSON.stringify(parse(text)), text);
});

test("the guide for leads names every command that a keymap may change", () => {
  const guide = readFileSync(new URL("../../docs/annotating.md", import.meta.url), "utf8");
  const leads = guide.slice(guide.indexOf("## For leads"));
  assert.deepEqual(Object.keys(usual).filter((command) => !leads.includes(`\`${command}\``)), []);
});

test("keys that compose a sign are left to the input method", () => {
  assert.equal(composes({ isComposing: true, keyCode: 65 }), true);
  assert.equal(composes({ isComposing: false, keyCode: 229 }), true);
  assert.equal(composes({ isComposing: false, keyCode: 13 }), false);
  const page = new URL("../../src/web/annotate/", import.meta.url);
  const listening = readdirSync(page, { recursive: true }).map(String).filter((file) => file.endsWith(".js"))
    .map((file) => /** @type {const} */ ([file, readFileSync(new URL(file, page), "utf8")]))
    .filter(([, source]) => /"keydown"|onkeydown/.test(source));
  assert.ok(listening.length > 5);
  for (const [file, source] of listening) assert.match(source, /composes\(event\)|this\.key\(event\)/, file);
});
