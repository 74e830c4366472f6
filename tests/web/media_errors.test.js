// Why a picture or a sound is not there: what is told apart, and what is said about it.
import { test } from "node:test";
import assert from "node:assert/strict";
import { hasNoAudioDevice, classify, isTransient, hint, reason } from "../../src/web/annotate/media/media_errors.js";

const here = "http://127.0.0.1:9010/?key=x";

test("what failed is told apart by what the own port says to being asked once more", () => {
  const own = "media/cats/one.png";
  for (const [status, lack] of /** @type {const} */ ([[404, "missing"], [410, "missing"], [200, "broken"], [304, "broken"], [401, "locked"], [403, "locked"], [500, "away"], [503, "away"], [null, "away"]])) {
    assert.equal(classify(own, here, status), lack, String(status));
  }
  assert.equal(classify("https://images.example.org/a.png", here, null), "far");
  assert.equal(classify("data:image/png;base64,AA", here, null), "inside");
});

test("each says what happened and what to do, and never that it is on its way where it is not", () => {
  for (const lack of /** @type {const} */ (["away", "locked", "missing", "broken", "inside", "far"])) {
    const said = `${reason(lack, "cats/one.png")} ${hint(lack)}`;
    assert.match(said, lack === "locked" ? /new one/ : /skip the task/, lack);
    assert.doesNotMatch(said, /still loading/, lack);
    assert.equal(/wait|Retrying/.test(said), lack === "away", lack);
  }
  assert.match(reason("missing", "cats/one.png"), /cats\/one\.png was not found/);
  assert.match(hint("refused"), /needs the project lead/);
});

test("what was refused, or came along and is broken, is not asked for again", () => {
  assert.deepEqual([isTransient("refused"), isTransient("inside"), isTransient("missing"), isTransient("away"), isTransient("far")], [false, false, true, true, true]);
  assert.ok(reason("missing", `${"x".repeat(9000)}.png`).length < 300);
});

test("a sound that nothing can play is no damaged file", () => {
  assert.equal(hasNoAudioDevice({ message: "Error Code: NS_ERROR_DOM_MEDIA_MEDIASINK_ERR (0x806e000b)\nDetails: OnMediaSinkAudioError" }), true);
  assert.equal(hasNoAudioDevice({ message: "NS_ERROR_DOM_MEDIA_DECODE_ERR (0x806e0004)" }), false);
  assert.equal(hasNoAudioDevice({ message: "" }), false);
  assert.equal(hasNoAudioDevice(null), false);
});
