/**
 * The sentence in its document: which of a task's keys is the question, which is context, and where
 * the one lies in the other.
 *
 * Tasks come with the document in several ways, and often say the same thing twice: as `text`, as
 * `html`, as `title` and `body`. `layout` (without a page) decides:
 *
 * - `context_before`/`context_after`: dimmed around the text;
 * - `html` that says the same as `text`: shown in its place, for it is better to read;
 * - `html` or `body` that contains the text: dimmed, with the text marked in place;
 * - `html` or `body` that says something else: the text first, the document dimmed beneath.
 *
 * "The same" and "contains" compare letters and digits only: Markdown's signs, quotation marks and
 * line ends differ between the two and mean nothing here.
 */

import { cleaned, h, put } from "../../shared/dom.js";
import { t } from "../../shared/i18n.js";
import { toText } from "../state/lossless_json.js";

/** @import { Task } from "../state/types.js" */

/**
 * @typedef {{kind: "plain"}
 *   | {kind: "around", before: string, after: string, title: string}
 *   | {kind: "html", html: string, title: string}
 *   | {kind: "in-html", html: string, title: string}
 *   | {kind: "in-body", body: string, from: number, to: number, title: string}
 *   | {kind: "beneath", html: string | null, body: string, title: string}
 * } Layout
 */

/**
 * Letters and digits of a text, lower case, and where each came from.
 *
 * @param {string} text
 * @returns {{bare: string, from: number[]}} `from[i]` is the UTF-16 offset of `bare[i]`
 */
export function bare(text) {
  /** @type {number[]} */
  const from = [];
  let letters = "";
  for (const match of text.matchAll(/[\p{L}\p{N}]/gu)) {
    const lower = match[0].toLowerCase();
    for (let i = 0; i < lower.length; i++) from.push(match.index);
    letters += lower;
  }
  return { bare: letters, from };
}

/**
 * Where `text` lies in `body`, in UTF-16 offsets: to the letter if possible, else by its letters.
 *
 * @param {string} body
 * @param {string} text
 * @returns {{from: number, to: number} | null}
 */
export function find(body, text) {
  const trimmed = text.trim();
  if (!trimmed) return null;
  const exact = body.indexOf(trimmed);
  if (exact >= 0) return { from: exact, to: exact + trimmed.length };
  const wanted = bare(trimmed).bare;
  if (!wanted) return null;
  const there = bare(body);
  const at = there.bare.indexOf(wanted);
  if (at < 0) return null;
  const from = /** @type {number} */ (there.from[at]);
  const last = /** @type {number} */ (there.from[at + wanted.length - 1]);
  let to = last + ((body.codePointAt(last) ?? 0) > 0xffff ? 2 : 1);
  // The sentence's own full stop and closing quotation mark belong to it.
  const tail = /^[\p{M}.!?…"'”’»)\]]*/u.exec(body.slice(to));
  if (tail) to += tail[0].length;
  return { from, to };
}

/**
 * @param {unknown} value a string, or a list of them
 */
function passage(value) {
  return Array.isArray(value) ? value.map(toText).join("\n\n") : toText(value);
}

/**
 * @param {Task} task
 * @param {(html: string) => string} plain the text of cleaned HTML
 * @returns {Layout}
 */
export function layout(task, plain) {
  const text = toText(task.text);
  const html = task._clean?.["/html"] ?? "";
  const title = toText(task.title);
  const body = toText(task.body);
  if (task.context_before || task.context_after) {
    return { kind: "around", before: passage(task.context_before), after: passage(task.context_after), title };
  }
  const mine = bare(text).bare;
  if (html) {
    const document = bare(plain(html)).bare;
    if (!mine || document === mine || (bare(title).bare + document === mine && title)) {
      const repeated = document.startsWith(bare(title).bare);
      return { kind: "html", html, title: repeated ? "" : title };
    }
    // Nearly the same (a link's address, an image's name): the document is the question itself.
    if (Math.abs(document.length - mine.length) < 0.1 * mine.length && document.slice(0, 60) === mine.slice(0, 60)) {
      return { kind: "html", html, title: "" };
    }
    if (document.includes(mine)) return { kind: "in-html", html, title };
  }
  if (body) {
    const place = find(body, text);
    if (place && bare(body).bare !== mine) return { kind: "in-body", body, ...place, title };
    const all = bare(title).bare + bare(body).bare;
    if (all === mine || bare(body).bare === mine || (mine.includes(bare(body).bare) && mine.length < 1.2 * all.length)) {
      return { kind: "plain" };
    }
  }
  const news = html || body || (title && !mine.includes(bare(title).bare));
  return news ? { kind: "beneath", html: html || null, body, title } : { kind: "plain" };
}

/**
 * Draw a text with its document.
 *
 * @param {HTMLElement} host
 * @param {Task} task
 * @param {(text: string) => Node} draw draws the text itself, with its spans
 * @returns {HTMLElement | null} what should be scrolled to
 */
export function drawInContext(host, task, draw) {
  const plan = layout(task, (html) => {
    const content = cleaned(html);
    // What the page itself says of a picture is not part of the document.
    for (const note of content.querySelectorAll(".unshown")) note.remove();
    return content.textContent ?? "";
  });
  const text = toText(task.text);
  switch (plan.kind) {
    case "plain":
      put(host, sentence(draw(text), false));
      return null;
    case "around": {
      const focus = sentence(draw(text), true);
      put(host, heading(plan.title, true), context(plan.before, -1), focus, context(plan.after));
      return plan.before ? focus : null;
    }
    case "html":
      put(host, heading(plan.title), h("div", { class: "html", dir: "auto" }, cleaned(plan.html)));
      return null;
    case "in-html": {
      const whole = h("div", { class: "html dim", dir: "auto" }, cleaned(plan.html));
      const place = find(whole.textContent ?? "", text);
      put(host, heading(plan.title, true), whole);
      return place ? mark(whole, place.from, place.to) : null;
    }
    case "in-body": {
      const { body, from, to } = plan;
      const focus = h("mark", { class: "sentence" }, draw(body.slice(from, to) === text ? text : body.slice(from, to)));
      put(
        host,
        heading(plan.title, true),
        h("div", { class: "text dim", dir: "auto" }, ...around(body, from, to, focus)),
      );
      return from > 0 ? focus : null;
    }
    case "beneath":
      put(
        host,
        sentence(draw(text), true),
        h(
          "section",
          { class: "document", "aria-label": t("The document") },
          heading(plan.title, true),
          plan.html
            ? h("div", { class: "html dim", dir: "auto" }, cleaned(plan.html))
            : plan.body && h("div", { class: "text dim", dir: "auto" }, ...stretches(plan.body)),
        ),
      );
      return null;
  }
}

/**
 * A text that is worked on, in its document: what comes before it and after it, dimmed.
 *
 * @param {Task} task
 * @param {HTMLElement} field shows the text
 * @returns {{whole: HTMLElement, before: boolean} | null} null if there is nothing around it; else
 *   whether something comes before it, so that it has to be scrolled to
 */
export function surround(task, field) {
  // Cleaned HTML cannot be taken apart at the text's ends; its words are in `body`, or not to be
  // had.
  const plan = layout({ ...task, html: undefined, _clean: {} }, () => "");
  /** @type {[title: string, before: string, after: string] | null} */
  const parts = plan.kind === "around" ? [plan.title, plan.before, plan.after]
    : plan.kind === "in-body" ? [plan.title, plan.body.slice(0, plan.from).trimEnd(), plan.body.slice(plan.to).trimStart()]
    : plan.kind === "beneath" ? [plan.title, "", plan.body]
    : null;
  if (!parts) return null;
  const [title, before, after] = parts;
  field.classList.add("barred");
  const whole = h("div", { class: "surrounded" });
  put(whole, heading(title, true), context(before, -1), field, context(after));
  return { whole, before: before !== "" };
}

/** More letters than any screen shows at once. */
const much = 12_000;

/**
 * A long text in blocks that end with a line, so that the browser lays out those in sight and no
 * others (`.stretch`).
 *
 * @param {string} text
 * @param {number} [near] which block is seen first: 0 the first, -1 the last; it and its neighbour
 *   are laid out with the card
 * @returns {(Node | string)[]}
 */
function stretches(text, near = 0) {
  if (text.length < much) return text ? [text] : [];
  /** @type {HTMLElement[]} */
  const blocks = [];
  for (let at = 0; at < text.length; ) {
    const line = text.indexOf("\n", Math.min(at + 1_500, text.length));
    const end = line < 0 ? text.length : line + 1;
    blocks.push(h("div", { class: "text-part" }, text.slice(at, end)));
    at = end;
  }
  for (const block of near ? blocks.slice(-2) : blocks.slice(0, 2)) block.classList.add("near");
  return blocks;
}

/**
 * A document around what is meant in it.
 *
 * @param {string} body
 * @param {number} from
 * @param {number} to
 * @param {Node} focus
 * @returns {(Node | string)[]}
 */
function around(body, from, to, focus) {
  if (body.length < much) return [body.slice(0, from), focus, body.slice(to)];
  const start = from ? body.lastIndexOf("\n", from - 1) + 1 : 0;
  const line = body.indexOf("\n", to);
  const end = line < 0 ? body.length : line + 1;
  return [
    ...stretches(body.slice(0, start), -1),
    h("div", { class: "text-part near" }, body.slice(start, from), focus, body.slice(to, end)),
    ...stretches(body.slice(end)),
  ];
}

/**
 * @param {Node} content
 * @param {boolean} barred whether it needs to stand out from what is around it
 */
function sentence(content, barred) {
  return h("div", { class: barred ? "text barred" : "text", dir: "auto" }, content);
}

/**
 * @param {string} text
 * @param {number} [near]
 */
function context(text, near) {
  return text ? h("div", { class: "text dim", dir: "auto" }, ...stretches(text, near)) : null;
}

/**
 * @param {string} title
 * @param {boolean} [dim]
 */
function heading(title, dim = false) {
  return title ? h("h2", { class: dim ? "title dim" : "title", dir: "auto" }, title) : null;
}

/**
 * Mark a stretch of text inside elements, by UTF-16 offsets of their text.
 *
 * @param {HTMLElement} root
 * @param {number} from
 * @param {number} to
 * @returns {HTMLElement | null} the first mark
 */
function mark(root, from, to) {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  /** @type {{node: Text, from: number, to: number}[]} */
  const parts = [];
  let at = 0;
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = /** @type {Text} */ (node);
    const end = at + text.length;
    if (end > from && at < to) parts.push({ node: text, from: Math.max(0, from - at), to: Math.min(text.length, to - at) });
    at = end;
  }
  /** @type {HTMLElement | null} */
  let first = null;
  for (const part of parts) {
    // Line ends between blocks need no mark.
    if (!part.node.data.slice(part.from, part.to).trim()) continue;
    const inner = part.node.splitText(part.from);
    inner.splitText(part.to - part.from);
    const element = h("mark", { class: "sentence" });
    inner.replaceWith(element);
    element.append(inner);
    first ??= element;
  }
  return first;
}
