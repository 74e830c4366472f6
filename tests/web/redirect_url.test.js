// Where a page goes when its annotator has another port.
import { test } from "node:test";
import assert from "node:assert/strict";
import { redirectUrl } from "../../src/web/annotate/app/redirect_url.js";

test("another port of the same machine is gone to", () => {
  assert.equal(redirectUrl("http://127.0.0.1:9015/", "http://127.0.0.1:9010/"), "http://127.0.0.1:9015/");
  assert.equal(redirectUrl("http://127.0.0.1:9015/", "http://localhost:9010/"), "http://127.0.0.1:9015/");
  assert.equal(redirectUrl("http://10.0.0.7:9015/", "http://10.0.0.7:9010/"), "http://10.0.0.7:9015/");
});

test("a daemon that listens everywhere is where it was reached", () => {
  assert.equal(redirectUrl("http://0.0.0.0:9015/", "http://lab.example.org:9010/"), "http://lab.example.org:9015/");
  assert.equal(redirectUrl("http://[::]:9015/", "http://[2001:db8::7]:9010/"), "http://[2001:db8::7]:9015/");
});

test("a page that came through a proxy stays where it is", () => {
  const own = "https://andy.annotate.example.org/";
  for (const url of ["http://127.0.0.1:9015/", "http://127.9.8.7:9015/", "http://[::1]:9015/", "http://0.0.0.0:9015/"]) {
    assert.equal(redirectUrl(url, own), null);
  }
  assert.equal(redirectUrl("http://127.0.0.1:9015/", "http://andy.annotate.example.org/"), null);
  assert.equal(redirectUrl(own, `${own}?key=1#2`), null);
});

test("an address that people are meant to open is opened", () => {
  const url = "https://andrea.annotate.example.org/";
  assert.equal(redirectUrl(url, "https://andy.annotate.example.org/"), url);
  assert.equal(redirectUrl(url, "http://127.0.0.1:9010/"), url);
});
