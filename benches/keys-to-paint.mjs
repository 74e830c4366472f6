// How long from a key to the picture it makes, in a real Chromium, on texts of 2,000 tokens.
//
//     cargo build && node benches/keys-to-paint.mjs [--view spans_manual] [--keys 60] [--paragraph] [--vsync] [--profile FILE] [--trace FILE]
//
// A project of its own with texts of 2,000 tokens and 300 spans is made and served by a daemon of its
// own; keys are pressed through chromedriver, and the page notes when a key came (the event's own time) and when the
// first frame with its outcome had been painted (the first task after it; before what the page does when it has been). Each kind of key
// gives a line: `nothing` is a key that does nothing, the least that a frame costs here; `labels` names a
// selection, `moves` moves the cursor by a word, `removes` takes a span away, `next card` accepts the card,
// until the next one is painted; `these all` are the last four together. The view `classification` shows a sentence in its document of 20,000 words.
//
// Frames come as soon as they are ready (--disable-frame-rate-limit), so that the figures are the page's work and not
// the wait for a screen of 60 Hz; `--vsync` waits for it as a screen does. With --profile the functions that cost most
// are in a .cpuprofile, for the browser's own tools; with --trace also what it does itself (style, layout,
// paint), frame by frame. ANNOTD names another binary.

import { spawn, execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";

const option = (name, usual) => (process.argv.includes(`--${name}`) ? process.argv[process.argv.indexOf(`--${name}`) + 1] : usual);
const annotd = resolve(process.env.ANNOTD ?? "target/debug/annotd");
const keys = Number(option("keys", 60));
const views = option("view", "ner_manual,spans_manual,pos_manual,spans,classification").split(",");
const profile = option("profile", null);
const trace = option("trace", null);
const folder = mkdtempSync(join(tmpdir(), "keys-to-paint-"));
const children = [];

/** Numbers that are the same every time. */
let seed = 7;
const random = (below) => (seed = (seed * 48271) % 2147483647) % below;

const stock = "police used batons against the protesters two of whom were taken to hospital in Zürich by evening square was empty Merkel University".split(" ");
const labels = ["PERSON", "ORGANISATION", "PLACE", "EVENT", "LAW", "DATE", "MONEY", "GROUP", "PRODUCT", "WORK", "OTHER", "TWELVE"];

function text(words) {
  let whole = "";
  const places = [];
  for (let i = 0; i < words; i++) {
    const word = stock[random(stock.length)];
    places.push([whole.length, whole.length + word.length]);
    // A paragraph has a hundred words, as in a newspaper, unless --paragraph asks for a single one.
    whole += (i + 1) % 100 || process.argv.includes("--paragraph") ? `${word} ` : `${word}\n`;
  }
  return { text: whole.trim(), places };
}

function task(n, view) {
  if (view === "classification") {
    const { text: body, places } = text(20_000);
    const from = 9_000 + n;
    // Its own words, so that it is found where it stands and nowhere before.
    const sentence = `Sentence ${n} ${body.slice(places[from][0], places[from + 20][1])}.`;
    return { text: sentence, label: "PERSON", title: "A long one", body: `${body.slice(0, places[from][0])}${sentence} ${body.slice(places[from + 20][1])}`, meta: { n } };
  }
  const { text: whole, places } = text(2_000);
  const spans = Array.from({ length: 300 }, (_, i) => {
    const overlapping = view.startsWith("spans");
    const first = overlapping ? random(1_990) : i * 6 + 3;
    const last = first + (view === "pos_manual" ? 0 : random(overlapping ? 5 : 3));
    return { start: places[first][0], end: places[last][1], label: labels[random(10)] };
  });
  return { text: whole, spans, meta: { n } };
}

function lines(child, found) {
  return new Promise((done, fail) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      const value = found(line);
      if (value) done(value);
    });
    child.on("exit", () => fail(new Error(`${child.spawnfile} ended`)));
  });
}

async function serve(view) {
  const home = join(folder, view);
  execFileSync("mkdir", [home]);
  const roster = `[project]\nname = "bench"\ninterface = "${view}"\nlabels = ${JSON.stringify(labels)}\n[store]\nurl = "bench.db"\n[allocation]\nannotations = 1\n[server]\nbind = "127.0.0.1"\n[lead]\nport = PORT\n[[annotator]]\nname = "andy"\nport = PORT\n`;
  let port = 20_000 + Math.floor(Math.random() * 30_000);
  writeFileSync(join(home, "annotators.toml"), roster.replace(/PORT/g, () => String(port++)));
  writeFileSync(join(home, "tasks.jsonl"), Array.from({ length: keys + 12 }, (_, n) => JSON.stringify(task(n, view))).join("\n"));
  execFileSync(annotd, ["load", "-i", "tasks.jsonl"], { cwd: home, stdio: ["ignore", "ignore", "inherit"] });
  const daemon = spawn(annotd, ["run"], { cwd: home, stdio: ["ignore", "pipe", "ignore"] });
  children.push(daemon);
  return { daemon, address: await lines(daemon, (line) => /^andy\s+(\S+)/.exec(line)?.[1]) };
}

async function open() {
  const driver = spawn("chromedriver", ["--port=0"], { stdio: ["ignore", "pipe", "ignore"] });
  children.push(driver);
  const port = await lines(driver, (line) => /successfully on port (\d+)/.exec(line)?.[1]);
  const call = async (path, body, method = "POST") => {
    const reply = await fetch(`http://127.0.0.1:${port}${path}`, { method, body: body && JSON.stringify(body) });
    const { value } = await reply.json();
    if (value?.error) throw new Error(value.message);
    return value;
  };
  const args = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--window-size=1280,900", `--user-data-dir=${join(folder, "profile")}`];
  if (trace) args.push("--trace-startup=devtools.timeline,cc", `--trace-startup-file=${resolve(trace)}`, "--trace-startup-format=json", "--trace-startup-duration=0");
  if (!process.argv.includes("--vsync")) args.push("--disable-frame-rate-limit");
  const { sessionId } = await call("/session", { capabilities: { alwaysMatch: { browserName: "chrome", "goog:chromeOptions": { args } } } });
  const at = `/session/${sessionId}`;
  return {
    go: (url) => call(`${at}/url`, { url }),
    run: (script, ...args) => call(`${at}/execute/sync`, { script, args }),
    cdp: (cmd, params = {}) => call(`${at}/goog/cdp/execute`, { cmd, params }),
    press: (...names) => call(`${at}/actions`, {
      actions: [{ type: "key", id: "keyboard", actions: names.flatMap((value) => [{ type: "keyDown", value }, { type: "keyUp", value }]) }],
    }),
    close: () => call(at, undefined, "DELETE"),
  };
}

/** Runs in the page: notes each key, and when what came of it was painted. */
const watch = `
  window.noted = [];
  const painted = (then) => requestAnimationFrame(() => scheduler.postTask(then, { priority: "user-blocking" }));
  const stage = document.querySelector("#stage");
  const now = () => stage.querySelector(".card:not(.unseen)");
  addEventListener("keydown", (event) => {
    const at = event.timeStamp;
    const card = now();
    const note = () => painted(() => window.noted.push(performance.now() - at));
    if (event.key !== "a") return note();
    new MutationObserver((_, observer) => {
      if (now() === card) return;
      observer.disconnect();
      note();
    }).observe(stage, { childList: true, subtree: true, attributeFilter: ["class"] });
  }, true);`;

const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

async function until(browser, script) {
  for (let i = 0; i < 500; i++) {
    if (await browser.run(`return ${script}`)) return;
    await sleep(20);
  }
  throw new Error(`waited in vain for ${script}`);
}

function print(view, what, all) {
  const sorted = all.slice().sort((a, b) => a - b);
  const share = (part) => sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))].toFixed(1).padStart(6);
  console.log(`${view.padEnd(15)} ${what.padEnd(10)} ${String(sorted.length).padStart(4)} keys   median ${share(0.5)} ms   p95 ${share(0.95)} ms   most ${share(1)} ms`);
}

const [left, right, backspace, f8] = ["\ue012", "\ue014", "\ue003", "\ue038"];

async function measure(browser, view) {
  const { daemon, address } = await serve(view);
  await browser.go(address);
  await until(browser, "document.body.dataset.state === 'task'");
  await browser.run(watch);
  const take = async (n, what, pressed) => {
    const all = [];
    for (let i = 0; i < n; i++) {
      for (const [key, counts] of pressed(i)) {
        await browser.run("window.noted.length = 0");
        await browser.press(key);
        // Nothing is asked of the page while it works: each question is work, too.
        await sleep(100);
        await until(browser, "window.noted.length > 0");
        if (counts) all.push(...(await browser.run("return window.noted")));
        // What follows a card (more of a long text, the sending of its answer) is done before the next key.
        if (key === "a") await sleep(150);
      }
    }
    print(view, what, all);
    return all;
  };
  const every = [];
  await take(6, "(warm-up)", () => [["a", true]]);
  await take(keys, "nothing", () => [[f8, true]]);
  if (view.endsWith("_manual")) {
    every.push(...(await take(keys, "moves", () => [[right, true]])));
    every.push(...(await take(keys, "labels", (i) => [[right, false], [right, false], [String(1 + (i % 3)), true]])));
    every.push(...(await take(keys, "removes", (i) => [["1", false], [backspace, true], ...(i % 2 ? [[left, false]] : [])])));
  }
  every.push(...(await take(keys, "next card", () => [["a", true]])));
  print(view, "these all", every);
  daemon.kill("SIGTERM");
}

try {
  const browser = await open();
  if (profile) {
    await browser.cdp("Profiler.enable");
    await browser.cdp("Profiler.start");
  }
  for (const view of views) await measure(browser, view);
  if (profile) writeFileSync(profile, JSON.stringify((await browser.cdp("Profiler.stop")).profile));
  await browser.close();
} finally {
  for (const child of children) child.kill("SIGTERM");
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}
