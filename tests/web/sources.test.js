// Where pictures and sound come from: an address, or words about why there is none.
import { test } from "node:test";
import assert from "node:assert/strict";
import { allowSources, fileOf, locateIn, preloadPictures } from "../../src/web/annotate/media/sources.js";

const allowed = { origin: "http://127.0.0.1:9010", folder: true, from: ["https://images.example.org"] };

/**
 * @param {unknown} source
 * @param {import("../../src/web/annotate/media/sources.js").Sort} [sort]
 */
const address = (source, sort = "image") => {
  const found = locateIn(source, sort, allowed);
  return "address" in found ? found.address : null;
};

/** @param {unknown} source @param {Partial<typeof allowed>} [other] */
const said = (source, other = {}) => {
  const found = locateIn(source, "image", { ...allowed, ...other });
  return "words" in found ? found.words : "";
};

test("a path names a file in the project's folder, whatever signs are in it", () => {
  assert.equal(address("cats/one.png"), "media/cats/one.png");
  assert.equal(address("./cats//one 100%.png"), "media/cats/one%20100%25.png");
  assert.equal(address("ü#1?.png"), "media/%C3%BC%231%3F.png");
  assert.match(said("../a.png"), /leads out/);
  assert.match(said("/etc/a.png"), /leads out/);
  assert.match(said("a.png", { folder: false }), /the file a\.png, .* no folder/);
});

test("an address in HTML is written as addresses are", () => {
  assert.equal(fileOf("a%20b/c.png?d#e"), "a b/c.png");
  assert.equal(fileOf("100%.png"), "100%.png");
  assert.equal(fileOf("https://a.example/a%20b.png?c"), "https://a.example/a%20b.png?c");
});

test("another host has to be allowed, and the words ask nothing of an annotator that is the lead's", () => {
  assert.equal(address("https://images.example.org/a.png?b"), "https://images.example.org/a.png?b");
  assert.equal(address("HTTPS://IMAGES.example.org:443/a.png"), "https://images.example.org/a.png");
  assert.equal(address("http://127.0.0.1:9010/media/a.png"), "http://127.0.0.1:9010/media/a.png");
  assert.match(said("https://other.example/a.png"), /on other\.example, .*does not allow/);
  assert.doesNotMatch(said("https://other.example/a.png") + said("a.png", { folder: false }), /roster|media_from|\[project\]/);
  assert.match(said("http://images.example.org/a.png"), /does not allow/);
  assert.match(said("//images.example.org/a.png"), /does not allow/);
  assert.match(said("https://"), /not the address/);
});

test("data comes along only as what is shown, and nothing that runs is an address", () => {
  assert.equal(address("data:image/png;base64,AA"), "data:image/png;base64,AA");
  assert.equal(address("data:text/html,<script>x()</script>"), null);
  assert.equal(address("data:image/png;base64,AA", "audio"), null);
  assert.equal(address("data:audio/wav;base64,AA", "audio"), "data:audio/wav;base64,AA");
  for (const odd of ["javascript:alert(1)", "file:///etc/passwd", "blob:x", "", null, "   "]) assert.equal(address(odd), null);
});

test("pictures are asked for one after the other, in the order of their cards, and each once", () => {
  /** @type {(EventTarget & {src?: string})[]} */
  const asked = [];
  class Picture extends EventTarget {
    constructor() {
      super();
      asked.push(this);
    }
  }
  Object.assign(globalThis, { Image: Picture, location: { origin: allowed.origin } });
  allowSources(/** @type {any} */ ({ media: true, media_from: [] }));
  const tasks = ["a", "b", "c"].map((name) => /** @type {any} */ ({ image: `${name}.png` }));
  const names = () => asked.map(({ src }) => src?.split("/").pop());
  preloadPictures(tasks);
  preloadPictures(tasks);
  assert.deepEqual(names(), ["a.png"]);
  asked[0]?.dispatchEvent(new Event("load"));
  assert.deepEqual(names(), ["a.png", "b.png"]);
  // One that does not come holds up no other.
  asked[1]?.dispatchEvent(new Event("error"));
  asked[2]?.dispatchEvent(new Event("load"));
  assert.deepEqual(names(), ["a.png", "b.png", "c.png"]);
});
