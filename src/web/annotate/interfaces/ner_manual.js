/**
 * `ner_manual`: mark stretches of the text and name them.
 *
 * The text is drawn once, as a row of small elements, one for each unit (spans.js); a span wraps
 * those it covers in a <mark> with its label's name. An edit wraps or unwraps only what changed, so
 * it costs the same in a text of 2,000 tokens as in a headline.
 *
 * Keyboard: the arrows move a cursor by token (up and down by line), with shift they extend it; a
 * label's key or enter names what is under it, backspace removes a span there. Mouse: drag over
 * words, or double-click one, to name them at once; click one to put the cursor on it. Touch: tap
 * the first word, then the last (or the same again); dragging stays scrolling.
 *
 * After a label was given by mouse the cursor goes away: the next label key then means the next
 * stretch, and does not rename the last. Backspace still takes the last one back, and ctrl+z undoes
 * edits one by one.
 *
 * Rejected: the browser's own text selection. It knows nothing of tokens, reports its ends in
 * nodes that the marks keep splitting, and cannot be moved by token.
 */

import { h, put } from "../../shared/dom.js";
import { words } from "../json.js";
import { labelKeys, sign } from "../keys.js";
import { Offsets } from "../offsets.js";
import { apply, at, fit, remove, select, sorted, start, units } from "../spans.js";
import { empty, hue } from "./content.js";

/** @import { Interface, Span } from "../types.js" */

/** @typedef {{start: number, end: number, node: HTMLElement | Text}} Piece */

/** More pieces than any screen shows at once: some 600 words with what lies between them. */
const fold = 1200;

/** The label in use; it stays from card to card, as a pen stays in the hand. */
let pen = "";

/** @type {Interface} */
const nerManual = {
  draw(host, _question, desk) {
    const { task, project } = desk;
    const text = words(task.text);
    const offsets = new Offsets(text);
    const row = units(task, offsets, {
      characters: desk.settings("ner_manual_highlight_chars") === true,
      newlines: desk.settings("allow_newline_highlight") === true,
    });
    const labels = project.labels;
    const keys = labelKeys(labels, desk.settings("keymap_by_label"));
    if (!labels.includes(pen)) pen = labels[0] ?? "";

    const begin = start(task.spans, offsets.length);
    let spans = desk.values?.spans ?? begin.spans;
    /** @type {Span[][]} */
    const before = [];
    /** @type {number | null} */
    let cursor = null;
    /** @type {number | null} where a selection began */
    let anchor = null;
    let byKeys = false;
    /** @type {Span | null} the span just made by mouse, which backspace takes back */
    let last = null;

    // The label bar.
    const buttons = labels.map((label, i) => {
      const key = keys[i];
      const button = h(
        "button",
        { type: "button", class: "pen", "data-label": label, onclick: () => take(label) },
        h("span", { class: "dot" }),
        label,
        key && h("kbd", {}, sign(key)),
      );
      button.style.setProperty("--hue", hue(label, labels));
      return button;
    });
    const drop = h(
      "button",
      { type: "button", class: "plain drop-span", onclick: () => removeHere() },
      "remove",
      h("kbd", {}, sign("backspace")),
    );
    put(host, labels.length
      ? h("div", { class: "pens", role: "toolbar", "aria-label": "Labels" }, h("div", { class: "pen-list" }, ...buttons), drop)
      : empty("This project has no labels."));
    if (begin.left) {
      put(host, h("p", { class: "note" }, `${begin.left} of the suggestions lay over another or outside the text and ${begin.left === 1 ? "was" : "were"} left out.`));
    }

    // The text.
    const field = h("div", { class: "text tokens", role: "group", "aria-label": "The text. The arrow keys move from word to word." });
    const pieces = cut(spans);
    /** @type {Map<number, number>} */
    const starts = new Map();
    /** @type {Map<number, number>} */
    const ends = new Map();
    // What lies below the fold is laid out one frame later, so that a long text costs the key press
    // no more than a short one. A span may reach from one part into the other.
    const tail = h("span", { hidden: pieces.length > fold });
    pieces.forEach((piece, i) => {
      starts.set(piece.start, i);
      ends.set(piece.end, i);
      (i < fold ? field : tail).append(piece.node);
    });
    field.append(tail);
    /** @type {Map<Span, HTMLElement>} */
    const marks = new Map();
    /** @type {Element[]} what is shown as selected */
    let lit = [];
    draw();
    // Last, because in a field with dir="auto" each insertion looks at the whole text again.
    field.dir = "auto";
    put(host, text.trim() ? field : empty("This task's text is empty."));
    refresh();

    /**
     * The text in pieces: units, what lies between them, and, where a suggestion fits no units, the
     * parts that it cuts them into.
     *
     * @param {Span[]} given
     * @returns {Piece[]}
     */
    function cut(given) {
      const odd = [...given, ...begin.spans].filter((span) => !fit(row, span)).flatMap((span) => [span.start, span.end]);
      /** @type {Piece[]} */
      const found = [];
      /**
       * @param {number} from
       * @param {number} to
       * @param {number | null} unit
       */
      const add = (from, to, unit) => {
        const inside = odd.length ? odd.filter((cut) => cut > from && cut < to).sort((a, b) => a - b) : [];
        let at = from;
        for (const end of [...inside, to]) {
          if (end === at) continue;
          const part = offsets.slice(at, end);
          if (unit === null) {
            found.push({ start: at, end, node: document.createTextNode(part) });
          } else {
            const node = document.createElement("span");
            node.className = row[unit]?.barrier ? "u off" : "u";
            if (part.includes("\n") && row[unit]?.blank) node.classList.add("newline");
            node.dataset.u = String(unit);
            node.textContent = part;
            found.push({ start: at, end, node });
          }
          at = end;
        }
      };
      let end = 0;
      row.forEach((unit, i) => {
        if (unit.start === unit.end) return;
        add(end, unit.start, null);
        add(unit.start, unit.end, i);
        end = unit.end;
      });
      add(end, offsets.length, null);
      return found;
    }

    /** Wrap the spans that are new and unwrap those that are gone. */
    function draw() {
      for (const [span, mark] of marks) {
        if (spans.includes(span)) continue;
        marks.delete(span);
        mark.querySelector(":scope > .label")?.remove();
        mark.replaceWith(...mark.childNodes);
      }
      for (const span of spans) {
        if (marks.has(span)) continue;
        const from = starts.get(span.start);
        const to = ends.get(span.end);
        if (from === undefined || to === undefined) continue;
        const label = words(span.label);
        const mark = h("mark", { class: "span", "data-span": `${span.start}-${span.end}`, "data-label": label });
        mark.style.setProperty("--hue", hue(label, labels));
        pieces[from]?.node.before(mark);
        for (let i = from; i <= to; i++) mark.append(/** @type {Piece} */ (pieces[i]).node);
        mark.append(
          h(
            "span",
            { class: "label" },
            label,
            h("button", { type: "button", class: "drop", tabindex: "-1", "aria-label": `remove ${label}`, onclick: () => removeSpan(span) }, "×"),
          ),
        );
        marks.set(span, mark);
      }
    }

    /** What is selected, as units. */
    function range() {
      return cursor === null ? null : select(row, anchor ?? cursor, cursor);
    }

    /** Show the selection and what the keys would do with it. */
    function refresh() {
      for (const node of lit) node.classList.remove("picked");
      lit = [];
      const picked = range();
      if (picked) {
        const from = starts.get(/** @type {import("../spans.js").Unit} */ (row[picked.from]).start) ?? 0;
        const to = ends.get(/** @type {import("../spans.js").Unit} */ (row[picked.to]).end) ?? -1;
        for (let i = from; i <= to; i++) {
          const node = pieces[i]?.node;
          if (node instanceof Element) lit.push(node);
        }
        for (const node of lit) node.classList.add("picked");
      }
      const on = here();
      for (const [span, mark] of marks) mark.classList.toggle("on", span === on);
      drop.disabled = !on;
      for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.label === pen));
    }

    /** The span that backspace would remove. */
    function here() {
      if (cursor !== null) return at(spans, row[cursor]);
      return last && spans.includes(last) ? last : null;
    }

    /** @param {Span[]} next */
    function edit(next) {
      if (next === spans) return;
      before.push(spans);
      spans = next;
      draw();
      desk.edit({ spans });
    }

    /** @param {Span} span */
    function removeSpan(span) {
      edit(remove(spans, span));
      desk.announce(`${words(span.label)} removed from ${offsets.slice(span.start, span.end)}`);
      last = null;
      refresh();
    }

    function removeHere() {
      const span = here();
      if (span) removeSpan(span);
      return Boolean(span);
    }

    /**
     * Take a label in hand, and give it to what is selected.
     *
     * @param {string} label
     */
    function take(label) {
      pen = label;
      if (cursor !== null) name();
      else desk.announce(`${label} is in hand`);
      refresh();
    }

    /** Give the selection the label in hand. */
    function name() {
      const picked = range();
      if (!picked || !pen) return;
      const result = apply(spans, row, picked, pen);
      if ("blocked" in result) {
        desk.announce(`A suggestion (${words(result.blocked.label)}) lies there that does not end with a word. Remove it first.`);
        return;
      }
      edit(result.spans);
      const { span, replaced } = result;
      desk.announce(`${offsets.slice(span.start, span.end)}: ${pen}${replaced.length ? `, in place of ${replaced.map((one) => words(one.label)).join(", ")}` : ""}`);
      anchor = null;
      if (byKeys) {
        cursor = picked.to;
      } else {
        cursor = null;
        last = span;
      }
    }

    /**
     * @param {number} unit
     * @param {boolean} extend
     */
    function moveTo(unit, extend) {
      if (extend) anchor ??= cursor;
      else anchor = null;
      cursor = unit;
      byKeys = true;
      last = null;
      refresh();
      nodeOf(unit)?.scrollIntoView({ block: "nearest" });
      const picked = range();
      const span = at(spans, row[unit]);
      const from = picked && row[picked.from];
      const to = picked && row[picked.to];
      if (from && to) desk.announce(offsets.slice(from.start, to.end) + (span ? `, ${words(span.label)}` : ""));
    }

    /** @param {number} unit */
    function nodeOf(unit) {
      const node = pieces[starts.get(row[unit]?.start ?? -1) ?? -1]?.node;
      return node instanceof HTMLElement ? node : null;
    }

    /**
     * The next unit that the cursor can stand on.
     *
     * @param {number} from
     * @param {1 | -1} step
     * @param {boolean} extend a selection does not jump over what cannot be part of it
     */
    function next(from, step, extend) {
      for (let i = from + step; i >= 0 && i < row.length; i += step) {
        if (row[i]?.barrier && extend) return null;
        if (!row[i]?.barrier && !row[i]?.blank) return i;
      }
      return null;
    }

    /**
     * The unit above or below, as the eye sees it.
     *
     * @param {number} from
     * @param {1 | -1} step
     */
    function line(from, step) {
      const box = nodeOf(from)?.getBoundingClientRect();
      if (!box) return null;
      const middle = (box.left + box.right) / 2;
      /** @type {{unit: number, top: number, off: number} | null} */
      let best = null;
      for (let i = from + step; i >= 0 && i < row.length; i += step) {
        if (row[i]?.barrier || row[i]?.blank) continue;
        const other = nodeOf(i)?.getBoundingClientRect();
        if (!other || Math.abs(other.top - box.top) < box.height / 2) continue;
        if (best && Math.abs(other.top - best.top) > box.height / 2) break;
        const off = Math.abs((other.left + other.right) / 2 - middle);
        if (!best || off < best.off) best = { unit: i, top: other.top, off };
      }
      return best?.unit ?? null;
    }

    /** @param {string} key */
    function arrow(key) {
      const extend = key.startsWith("shift+");
      const where = extend ? key.slice(6) : key;
      const leftwards = getComputedStyle(field).direction === "rtl" ? "arrowright" : "arrowleft";
      const rightwards = leftwards === "arrowleft" ? "arrowright" : "arrowleft";
      /** @type {number | null} */
      let unit = null;
      if (where === rightwards) unit = next(cursor ?? -1, 1, extend && cursor !== null);
      else if (where === leftwards) unit = next(cursor ?? row.length, -1, extend && cursor !== null);
      else if (where === "arrowdown") unit = cursor === null ? next(-1, 1, false) : line(cursor, 1);
      else if (where === "arrowup") unit = cursor === null ? next(row.length, -1, false) : line(cursor, -1);
      else if (where === "home") unit = next(-1, 1, false);
      else if (where === "end") unit = next(row.length, -1, false);
      else return false;
      if (unit !== null) moveTo(unit, extend);
      return true;
    }

    // Mouse and touch.
    /** @param {Element | null} element */
    const unitAt = (element) => {
      const node = element?.closest("[data-u]");
      const unit = node && field.contains(node) ? Number(/** @type {HTMLElement} */ (node).dataset.u) : null;
      return unit !== null && !row[unit]?.barrier ? unit : null;
    };
    /** @type {number | null} the unit on which the button went down */
    let held = null;
    let dragged = false;
    field.addEventListener("pointerdown", (event) => {
      if (event.pointerType === "touch" || event.button !== 0) return;
      const target = /** @type {Element} */ (event.target);
      if (target.closest(".drop")) return;
      held = unitAt(target);
      dragged = false;
      if (event.shiftKey && cursor !== null && held !== null) {
        anchor ??= cursor;
      } else {
        cursor = held;
        anchor = held;
      }
      if (held !== null) {
        cursor = held;
        field.setPointerCapture(event.pointerId);
      }
      byKeys = false;
      last = null;
      refresh();
    });
    field.addEventListener("pointermove", (event) => {
      if (held === null) return;
      const unit = unitAt(document.elementFromPoint(event.clientX, event.clientY));
      if (unit === null || unit === cursor) return;
      cursor = unit;
      dragged = true;
      refresh();
    });
    field.addEventListener("pointerup", () => {
      if (held !== null && dragged) name();
      held = null;
      if (!dragged && anchor === cursor) anchor = null;
      refresh();
    });
    field.addEventListener("pointercancel", () => {
      held = null;
      cursor = null;
      anchor = null;
      refresh();
    });
    field.addEventListener("dblclick", (event) => {
      // Not the event's target: that is the field, which captured the pointer.
      const unit = unitAt(document.elementFromPoint(event.clientX, event.clientY));
      if (unit === null || at(spans, row[unit])) return;
      cursor = unit;
      anchor = null;
      byKeys = false;
      name();
      refresh();
    });
    field.addEventListener("click", (event) => {
      if (/** @type {PointerEvent} */ (event).pointerType !== "touch") return;
      const target = /** @type {Element} */ (event.target);
      const unit = unitAt(target);
      if (unit === null || target.closest(".drop")) return;
      const waiting = cursor !== null && !at(spans, row[cursor]);
      byKeys = false;
      last = null;
      if (waiting && !at(spans, row[unit])) {
        anchor = cursor;
        cursor = unit;
        name();
      } else {
        anchor = null;
        cursor = unit;
        if (!at(spans, row[unit])) desk.announce("Now tap the last word, or the same word again.");
      }
      refresh();
    });

    return {
      shown() {
        if (tail.hidden) requestAnimationFrame(() => setTimeout(() => (tail.hidden = false)));
      },
      key(key) {
        const label = labels[keys.indexOf(key)];
        if (label !== undefined) {
          take(label);
          return true;
        }
        if (key === "enter") {
          if (cursor === null) return false;
          name();
          refresh();
          return true;
        }
        if (key === "backspace" || key === "delete") return removeHere();
        if (key === "ctrl+z" || key === "meta+z") {
          const back = before.pop();
          if (!back) return true;
          spans = back;
          last = null;
          draw();
          desk.edit({ spans });
          desk.announce("The last change is undone.");
          refresh();
          return true;
        }
        if (key === "escape") {
          if (cursor === null) return false;
          cursor = null;
          anchor = null;
          refresh();
          return true;
        }
        return arrow(key);
      },
    };
  },
  answer: (task, values) => ({
    spans: sorted(values?.spans ?? start(task.spans, new Offsets(words(task.text)).length).spans),
  }),
  recall: (record) => ({ spans: start(record.spans, Infinity).spans }),
  keys: () => [
    { keys: ["←", "→", "↑", "↓"], does: "move the cursor from word to word, and from line to line" },
    { keys: ["⇧ ←", "⇧ →"], does: "select several words" },
    { keys: ["1", "…", "9", "0"], does: "take a label, and give it to what is selected" },
    { keys: ["⏎"], does: "give the selection the label in hand" },
    { keys: ["⌫"], does: "remove the span under the cursor" },
    { keys: ["ctrl z"], does: "undo the last change to the spans" },
    { keys: ["esc"], does: "let go of the selection" },
  ],
};

export default nerManual;
