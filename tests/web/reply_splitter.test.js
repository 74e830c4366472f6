// A reply with tasks is cut into them while it comes, wherever its pieces end.
import { test } from "node:test";
import assert from "node:assert/strict";
import { Splitter } from "../../src/web/annotate/app/reply_splitter.js";

/** @param {string[]} pieces */
function split(pieces) {
  const splitter = new Splitter();
  const tasks = pieces.flatMap((piece) => splitter.push(piece));
  return { tasks, rest: splitter.end() };
}

const odd = [
  '{"text":"a \\"quoted\\" [one], {two}","n":1.10}',
  '{"tasks":[{"tasks":[1]}],"text":"\\\\"}',
  '{"text":"\\u005b\\\\\\"]}","spans":[[],[{}]]}',
  "{}",
  '{ "text" : "ends in a backslash \\\\" , "x" : [ ] }',
];
const reply = `{"tasks":[${odd.join(",")}],"total":3,"reason":null,"others":[{"a":1}]}`;

test("wherever the pieces end, the tasks come out as they are written, and the rest without them", () => {
  const rest = '{"tasks":[],"total":3,"reason":null,"others":[{"a":1}]}';
  for (let size = 1; size <= reply.length; size++) {
    const pieces = [];
    for (let at = 0; at < reply.length; at += size) pieces.push(reply.slice(at, at + size));
    assert.deepEqual(split(pieces), { tasks: odd, rest }, `pieces of ${size}`);
  }
});

test("a task is there with its own last character", () => {
  const splitter = new Splitter();
  assert.deepEqual(splitter.push('{"tasks":[{"text":"a"'), []);
  assert.deepEqual(splitter.push("}"), ['{"text":"a"}']);
  assert.deepEqual(splitter.push(', {"text":"b"} , {"te'), ['{"text":"b"}']);
});

test("white space and other keys before the list change nothing", () => {
  const { tasks, rest } = split(['{ "figures": {"tasks": [{"no": 1}]}, "a": "\\"tasks\\":[", "tasks" :\n [ {"x": 1} ] }']);
  assert.deepEqual(tasks, ['{"x": 1}']);
  assert.deepEqual(JSON.parse(rest).tasks, []);
});

test("no task is no task, and half a reply is no JSON", () => {
  assert.deepEqual(split(['{"tasks":[],"reason":"done"}']), { tasks: [], rest: '{"tasks":[],"reason":"done"}' });
  assert.deepEqual(split(['{"error":{"code":"x"}}']), { tasks: [], rest: '{"error":{"code":"x"}}' });
  for (const half of ['{"tasks":[{"a":1},{"b"', '{"tasks":[{"a":1}', '{"tasks":[', ""]) {
    assert.throws(() => JSON.parse(split([half]).rest));
  }
});

test("random replies in random pieces", () => {
  let seed = 7;
  const random = (/** @type {number} */ below) => (seed = (seed * 48271) % 2147483647) % below;
  const text = () => Array.from({ length: random(8) }, () => ['"', "\\", "[", "]", "{", "}", ",", ":", "é", "😀", "a"][random(11)]).join("");
  /** @param {number} depth @returns {unknown} */
  const value = (depth) => [() => text(), () => random(1000), () => null, () => Array.from({ length: random(3) }, () => value(depth - 1)), () => object(depth - 1)][depth > 0 ? random(5) : random(3)]?.();
  /** @param {number} depth */
  const object = (depth) => Object.fromEntries(Array.from({ length: random(4) }, () => [text() || "tasks", value(depth)]));
  for (let n = 0; n < 500; n++) {
    const tasks = Array.from({ length: random(5) }, () => JSON.stringify(object(4)));
    const around = JSON.stringify({ ...object(2), tasks: 0, after: object(3) });
    const whole = around.replace('"tasks":0', `"tasks":[${tasks.join(",")}]`);
    const pieces = [];
    for (let at = 0; at < whole.length;) {
      const length = 1 + random(20);
      pieces.push(whole.slice(at, at + length));
      at += length;
    }
    const found = split(pieces);
    assert.deepEqual(found.tasks, tasks, whole);
    assert.deepEqual(JSON.parse(found.rest), { ...JSON.parse(around), tasks: [] });
  }
});
