/**
 * `relations`: connect words, or spans of them, with named arrows.
 *
 * One presses where the arrow begins, then where it ends; it gets the label in hand. A label's key
 * takes it in hand, or, where an arrow is chosen, gives it to that. With `relations_span_labels` there
 * are two modes, and in the second the words are marked first, as in `ner_manual`.
 *
 * Everything is kept as the task had it until it is touched: what cannot be drawn (an end that is no
 * token, a span that fits none) is said and goes back as it came.
 *
 * Rejected: asking for the label after each arrow, which costs a look and a press where most arrows of
 * a project have the same few.
 */

import { h, put, say } from "../../shared/dom.js";
import { plural, t } from "../../shared/tongue.js";
import { byToken, reanchor, relate, stops } from "../arcs.js";
import { same, words } from "../json.js";
import { labelKeys, sign } from "../keys.js";
import { Offsets } from "../offsets.js";
import { apply, at, select, sorted, start, units } from "../spans.js";
import { empty, hue } from "./basics.js";
import { Graph, formula } from "./graph.js";

/** @import { Relation, Stop } from "../arcs.js" */
/** @import { Interface, Span, Task, Values } from "../types.js" */

/** @typedef {"relations" | "spans"} Mode */

/** The label in hand in each mode, and the mode; they stay from card to card. @type {Record<Mode, string>} */
const pens = { relations: "", spans: "" };

/** @type {Mode} */
let mode = "relations";

/** @type {Interface} */
const relationsInterface = {
  draw(host, _question, desk) {
    const { task, project } = desk;
    const text = words(task.text);
    const offsets = new Offsets(text);
    const row = units(task, offsets, { characters: false, newlines: desk.settings("allow_newline_highlight") === true });
    const own = desk.settings("relations_span_labels");
    const labels = {
      relations: project.labels,
      spans: Array.isArray(own) ? own.filter((label) => typeof label === "string") : /** @type {string[]} */ ([]),
    };
    const keys = {
      relations: labelKeys(labels.relations, desk.settings("keymap_by_label")),
      spans: labelKeys(labels.spans, desk.settings("keymap_by_label")),
    };
    for (const one of /** @type {Mode[]} */ (["relations", "spans"])) {
      if (!labels[one].includes(pens[one])) pens[one] = labels[one][0] ?? "";
    }
    if (!labels.spans.length) mode = "relations";
    else if (!labels.relations.length) mode = "spans";

    let values = begun(task, desk.values);
    /** @type {{spans: Span[], relations: Relation[]}[]} */
    const before = [];
    /** @type {Stop[]} */
    let stopped = [];
    /** @type {Map<number, number>} */
    let where = new Map();
    /** @type {Relation[]} those that are drawn, in the order of their arcs */
    let drawn = [];
    /** @type {number | null} */
    let cursor = null;
    /** @type {number | null} where a selection of words began */
    let anchor = null;
    /** @type {number | null} where the next arrow begins */
    let head = null;
    /** @type {Relation | null} */
    let chosen = null;
    /** @type {Relation | Span | null} what was just made, which backspace takes back */
    let last = null;

    const bar = h("div", { class: "graph-bar", role: "toolbar", "aria-label": t("Labels") });
    const drop = h("button", { type: "button", class: "plain graph-drop", onclick: () => removeHere() }, t("remove"), h("kbd", {}, sign("backspace")));
    /** @type {HTMLButtonElement[]} */
    let buttons = [];
    const graph = new Graph({
      offsets, row, pick: true, lanes: desk.settings("wrap") === false ? 3 : 1, spanLabels: labels.spans,
      wrap: desk.settings("wrap") !== false,
      heads: desk.settings("hide_arrow_heads") !== true,
      name: t("The text. The arrow keys move from word to word; the relations stand in words beneath."),
    });
    const count = h("p", { class: "graph-count" });
    const list = h("ul", { class: "graph-list" });
    const note = h("p", { class: "note", hidden: true });
    if (!labels.relations.length && !labels.spans.length) put(host, empty(t("This project has no labels.")));
    else put(host, bar);
    put(host, note, text.trim() ? graph.field : empty(t("This task's text is empty.")), h("section", { class: "graph-words" }, count, list));
    drawBar();
    drawAll();

    // Drawing.

    function drawBar() {
      buttons = labels[mode].map((label, i) => {
        const key = keys[mode][i];
        const button = h(
          "button",
          { type: "button", class: "graph-pen", "data-label": label, onclick: () => take(label) },
          h("span", { class: "dot" }),
          h("span", { dir: "auto" }, label),
          key && h("kbd", {}, sign(key)),
        );
        button.style.setProperty("--hue", hue(label, labels[mode]));
        return button;
      });
      const names = { relations: t("relations"), spans: t("spans") };
      const modes = labels.spans.length && labels.relations.length
        ? h(
            "div",
            { class: "graph-modes", role: "group", "aria-label": t("What to draw") },
            .../** @type {Mode[]} */ (["spans", "relations"]).map((one) =>
              h("button", { type: "button", "data-mode": one, "aria-pressed": String(mode === one), onclick: () => turn(one) }, names[one], mode === one ? null : h("kbd", {}, "m")),
            ),
          )
        : null;
      bar.replaceChildren();
      put(bar, modes, h("div", { class: "graph-pens" }, ...buttons), drop);
    }

    function drawAll() {
      stopped = stops(row, start(values.spans, offsets.length).spans);
      where = byToken(row, stopped);
      graph.drawWords(stopped);
      drawRelations();
    }

    /** @param {Relation} relation @returns {[number, number] | null} */
    function endsOf(relation) {
      const from = where.get(/** @type {number} */ (relation?.head));
      const to = where.get(/** @type {number} */ (relation?.child));
      return from === undefined || to === undefined ? null : [from, to];
    }

    function drawRelations() {
      drawn = values.relations.filter((relation) => endsOf(relation));
      graph.drawArcs(drawn.map((relation) => {
        const [from, to] = /** @type {[number, number]} */ (endsOf(relation));
        const label = words(relation.label);
        return { from, to, label, hue: hue(label, labels.relations), on: relation === chosen };
      }));
      const hidden = values.relations.length - drawn.length + values.spans.length - stopped.filter((stop) => stop.span).length;
      note.hidden = !hidden;
      say(note, hidden ? plural(hidden, "{n} suggestion fits no words and is not drawn. It is kept as it is.", "{n} suggestions fit no words and are not drawn. They are kept as they are.") : "");
      drawList();
      refresh();
    }

    function drawList() {
      const focused = document.activeElement;
      const place = list.contains(focused) ? [...list.children].findIndex((item) => item.contains(focused)) : -1;
      const wasDrop = focused?.classList.contains("graph-cross");
      say(count, drawn.length ? plural(drawn.length, "{n} relation", "{n} relations") : t("No relations yet."));
      list.replaceChildren(...drawn.map((relation) => {
        const [from, to] = /** @type {[number, number]} */ (endsOf(relation));
        const label = words(relation.label);
        const said = `${nameOf(from)} —${label}→ ${nameOf(to)}`;
        const line = h(
          "li",
          {},
          h("button", { type: "button", class: "plain graph-line", "aria-pressed": String(relation === chosen), onclick: () => choose(relation) }, formula(nameOf(from), label, nameOf(to))),
          h("button", { type: "button", class: "plain graph-cross", "aria-label": t("remove {what}", { what: said }), onclick: () => removeRelation(relation) }, "×"),
        );
        line.style.setProperty("--hue", hue(label, labels.relations));
        return line;
      }));
      if (place < 0) return;
      // Who walks through the list keeps their place in it.
      const item = list.children[Math.min(place, list.children.length - 1)];
      const next = item?.querySelector(wasDrop ? ".graph-cross" : ".graph-line");
      if (next instanceof HTMLElement) next.focus();
      else host.focus({ preventScroll: true });
    }

    /** Show what is selected and what the keys would do with it. */
    function refresh() {
      for (const element of graph.row.querySelectorAll(".picked, .head")) element.classList.remove("picked", "head");
      if (mode === "spans") {
        const picked = range();
        if (picked) for (let i = picked.from; i <= picked.to; i++) graph.units.get(i)?.classList.add("picked");
      } else {
        element(cursor)?.classList.add("picked");
        element(head)?.classList.add("head");
      }
      drop.disabled = !target();
      for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.label === pens[mode]));
    }

    // What lies where.

    /** @param {number | null} unit @returns {number} the stop that a unit lies in */
    function stopOf(unit) {
      if (unit === null) return -1;
      let low = 0;
      let high = stopped.length - 1;
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if ((/** @type {Stop} */ (stopped[middle])).from <= unit) low = middle;
        else high = middle - 1;
      }
      return low;
    }

    /** @param {number | null} unit */
    function element(unit) {
      return unit === null ? null : mode === "spans" ? graph.units.get(unit) : graph.elements[stopOf(unit)];
    }

    /** @param {number} stop */
    function nameOf(stop) {
      const { from, to } = /** @type {Stop} */ (stopped[stop]);
      const [first, second] = [row[from], row[to]];
      return first && second ? offsets.slice(first.start, second.end) : "";
    }

    function range() {
      return cursor === null ? null : select(row, anchor ?? cursor, cursor);
    }

    /** Whether the cursor may stand on this unit. @param {number} unit */
    function stands(unit) {
      if (mode === "spans") return !row[unit]?.barrier && !row[unit]?.blank;
      const stop = stopped[stopOf(unit)];
      return Boolean(stop && stop.from === unit && (stop.span || (!row[unit]?.barrier && !row[unit]?.blank)));
    }

    /** What backspace would remove. @returns {Relation | Span | null} */
    function target() {
      if (chosen) return chosen;
      if (mode === "spans" && cursor !== null) return stopped[stopOf(cursor)]?.span ?? null;
      const there = last && (values.relations.includes(last) || values.spans.includes(/** @type {Span} */ (last)));
      return there ? last : null;
    }

    // Changes.

    /** @param {Partial<{spans: Span[], relations: Relation[]}>} change */
    function edit(change) {
      before.push(values);
      values = { ...values, ...change };
      desk.edit(values);
      if (change.spans) drawAll();
      else drawRelations();
    }

    /** @param {string} label */
    function take(label) {
      pens[mode] = label;
      if (mode === "relations" && chosen) return relabel(chosen, label);
      if (mode === "relations" && head !== null && cursor !== null && stopOf(cursor) !== stopOf(head)) return connect(head, cursor);
      if (mode === "spans" && cursor !== null) return mark();
      desk.announce(t("{label} is in hand", { label }));
      refresh();
    }

    /**
     * @param {Relation} relation
     * @param {string} label
     */
    function relabel(relation, label) {
      if (relation.label === label) return;
      if (values.relations.some((one) => one.head === relation.head && one.child === relation.child && one.label === label)) {
        desk.announce(t("This relation is there already."));
        return;
      }
      const { color: _, ...rest } = relation;
      const next = { ...rest, label };
      chosen = next;
      edit({ relations: values.relations.map((one) => (one === relation ? next : one)) });
      desk.announce(label);
    }

    /**
     * @param {number} from a unit
     * @param {number} to
     */
    function connect(from, to) {
      const label = pens.relations;
      const [a, b] = [stopped[stopOf(from)], stopped[stopOf(to)]];
      if (!a || !b || a === b || !label) return;
      const next = relate(row, a, b, label);
      head = null;
      const twin = values.relations.find((one) => same([one?.head, one?.child, one?.label], [next.head, next.child, next.label]));
      if (twin) {
        desk.announce(t("This relation is there already."));
        refresh();
        return;
      }
      last = next;
      edit({ relations: [...values.relations, next] });
      desk.announce(`${nameOf(stopOf(from))} —${label}→ ${nameOf(stopOf(to))}`);
    }

    /** Pick where an arrow begins, or end the one that was begun. @param {number} unit */
    function pick(unit) {
      chosen = null;
      if (head === null) {
        head = unit;
        desk.announce(t("From {what}. Now choose where it leads.", { what: nameOf(stopOf(unit)) }));
        drawRelations();
      } else if (stopOf(head) === stopOf(unit)) {
        head = null;
        refresh();
      } else {
        connect(head, unit);
      }
    }

    /** @param {Relation} relation */
    function choose(relation) {
      chosen = chosen === relation ? null : relation;
      head = null;
      if (mode !== "relations" && chosen) turn("relations", true);
      drawRelations();
      const ends = chosen && endsOf(chosen);
      if (ends) desk.announce(`${nameOf(ends[0])} —${words(chosen?.label)}→ ${nameOf(ends[1])}`);
    }

    /** @param {Relation} relation */
    function removeRelation(relation) {
      const ends = endsOf(relation);
      if (chosen === relation) chosen = null;
      edit({ relations: values.relations.filter((one) => one !== relation) });
      if (ends) desk.announce(t("removed: {what}", { what: `${nameOf(ends[0])} —${words(relation.label)}→ ${nameOf(ends[1])}` }));
    }

    function removeHere() {
      const one = target();
      if (!one) return false;
      last = null;
      if (values.relations.includes(one)) {
        removeRelation(one);
      } else {
        const spans = values.spans.filter((span) => span !== one);
        const relations = reanchor(values.relations, row, values.spans, spans);
        const lost = values.relations.length - relations.length;
        edit({ spans, ...(lost ? { relations } : {}) });
        desk.announce(lost ? plural(lost, "span removed, and {n} relation with it", "span removed, and {n} relations with it") : t("span removed"));
      }
      return true;
    }

    /** Give the selected words the label in hand. */
    function mark() {
      const picked = range();
      const label = pens.spans;
      if (!picked || !label) return;
      const usable = start(values.spans, offsets.length).spans;
      const result = apply(usable, row, picked, label);
      if ("blocked" in result) {
        desk.announce(t("A suggestion lies there that does not end with a word."));
        return;
      }
      const { span, replaced } = result;
      anchor = null;
      if (result.spans !== usable) {
        const odd = values.spans.filter((one) => !usable.includes(one));
        const spans = odd.length ? [...result.spans, ...odd] : sorted(result.spans);
        const relations = reanchor(values.relations, row, values.spans, spans);
        last = span;
        edit({ spans, ...(relations === values.relations ? {} : { relations }) });
      }
      desk.announce(`${offsets.slice(span.start, span.end)}: ${label}${replaced.length ? `, ${t("in place of {what}", { what: replaced.map((one) => words(one.label)).join(", ") })}` : ""}`);
      refresh();
    }

    /**
     * @param {Mode} next
     * @param {boolean} [quietly]
     */
    function turn(next, quietly) {
      if (mode === next || !labels[next].length) return;
      mode = next;
      head = null;
      anchor = null;
      last = null;
      if (mode === "spans") chosen = null;
      else if (cursor !== null) cursor = stopped[stopOf(cursor)]?.from ?? null;
      const focused = bar.contains(document.activeElement);
      drawBar();
      if (focused) /** @type {HTMLElement | null} */ (bar.querySelector(`[data-mode=${mode}]`))?.focus();
      drawRelations();
      if (!quietly) desk.announce(mode === "spans" ? t("Now you mark spans.") : t("Now you draw relations."));
    }

    // Moving.

    /**
     * @param {number} from
     * @param {1 | -1} step
     * @param {boolean} extend
     */
    function next(from, step, extend) {
      for (let i = from + step; i >= 0 && i < row.length; i += step) {
        if (extend && row[i]?.barrier) return null;
        if (stands(i)) return i;
      }
      return null;
    }

    /**
     * The word above or below, as the eye sees it.
     *
     * @param {number} from
     * @param {1 | -1} step
     */
    function line(from, step) {
      const here = graph.boxes[stopOf(from)];
      if (!here) return null;
      const middle = (here.left + here.right) / 2;
      let best = null;
      let nearest = Infinity;
      for (let i = stopOf(from); i >= 0 && i < stopped.length; i += step) {
        const box = graph.boxes[i];
        const unit = stopped[i]?.from ?? -1;
        if (!box || box.line === here.line || !stands(unit)) continue;
        if (Math.abs(box.line - here.line) > 1 && best !== null) break;
        const off = Math.abs((box.left + box.right) / 2 - middle);
        if (off < nearest) [best, nearest] = [unit, off];
      }
      return best;
    }

    /** @param {string} key */
    function arrow(key) {
      const shifted = key.startsWith("shift+");
      const extend = shifted && mode === "spans";
      const name = shifted ? key.slice(6) : key;
      const onwards = graph.rtl ? "arrowleft" : "arrowright";
      const back = graph.rtl ? "arrowright" : "arrowleft";
      /** @type {number | null} */
      let unit = null;
      if (name === onwards) unit = next(cursor ?? -1, 1, extend && cursor !== null);
      else if (name === back) unit = next(cursor ?? row.length, -1, extend && cursor !== null);
      else if (name === "arrowdown") unit = cursor === null ? next(-1, 1, false) : line(cursor, 1);
      else if (name === "arrowup") unit = cursor === null ? next(row.length, -1, false) : line(cursor, -1);
      else if (name === "home") unit = next(-1, 1, false);
      else if (name === "end") unit = next(row.length, -1, false);
      else return false;
      if (unit === null) return true;
      if (extend) anchor ??= cursor;
      else anchor = null;
      cursor = unit;
      last = null;
      if (chosen) {
        chosen = null;
        drawRelations();
      } else {
        refresh();
      }
      element(unit)?.scrollIntoView({ block: "nearest", inline: "nearest" });
      const picked = range();
      const [from, to] = [row[picked?.from ?? -1], row[picked?.to ?? -1]];
      const span = stopped[stopOf(unit)]?.span;
      if (mode === "relations") desk.announce(nameOf(stopOf(unit)) + (span ? `, ${words(span.label)}` : ""));
      else if (from && to) desk.announce(offsets.slice(from.start, to.end) + (span ? `, ${words(span.label)}` : ""));
      return true;
    }

    // Mouse and touch.

    /** @param {Element | null} place @returns {number | null} */
    function unitAt(place) {
      const word = place?.closest("[data-u]") ?? place?.closest("mark.stop")?.querySelector("[data-u]");
      if (!(word instanceof HTMLElement) || !graph.row.contains(word)) return null;
      const unit = Number(word.dataset.u);
      if (mode === "spans") return row[unit]?.barrier ? null : unit;
      const from = stopped[stopOf(unit)]?.from ?? -1;
      return stands(from) ? from : null;
    }
    /** @type {number | null} the word on which the button went down */
    let held = null;
    let dragged = false;
    graph.field.addEventListener("pointerdown", (event) => {
      dragged = false;
      if (event.pointerType === "touch" || event.button !== 0) return;
      held = unitAt(/** @type {Element} */ (event.target));
      if (mode !== "spans" || held === null) return;
      if (event.shiftKey && cursor !== null) anchor ??= cursor;
      else anchor = held;
      cursor = held;
      last = null;
      refresh();
    });
    graph.field.addEventListener("pointermove", (event) => {
      if (held === null || mode !== "spans" || event.pointerType === "touch") return;
      const unit = unitAt(/** @type {Element} */ (event.target));
      if (unit === null || unit === cursor) return;
      cursor = unit;
      dragged = true;
      refresh();
    });
    const letGo = (/** @type {PointerEvent} */ event) => {
      if (held === null) return;
      const begun = held;
      held = null;
      if (mode === "spans") {
        if (!dragged) {
          if (anchor === cursor) anchor = null;
          return;
        }
        mark();
        cursor = null;
        refresh();
        return;
      }
      const unit = event.target instanceof Element ? unitAt(event.target) : null;
      if (unit === null || unit === begun) return;
      dragged = true;
      cursor = null;
      chosen = null;
      connect(begun, unit);
    };
    // Anywhere: whoever lets go beside the text has let go.
    addEventListener("pointerup", letGo);
    graph.field.addEventListener("click", (event) => {
      const place = /** @type {Element} */ (event.target);
      const arc = place.closest("[data-arc]");
      if (arc instanceof HTMLElement || arc instanceof SVGElement) {
        const relation = drawn[Number(arc.dataset.arc)];
        if (relation) choose(relation);
        return;
      }
      const unit = unitAt(place);
      if (unit === null || dragged) return;
      if (mode === "relations") {
        cursor = null;
        pick(unit);
      } else if (/** @type {PointerEvent} */ (event).pointerType === "touch") {
        const waiting = cursor !== null && !at(values.spans, row[cursor]) && !at(values.spans, row[unit]);
        anchor = waiting ? cursor : null;
        cursor = unit;
        last = null;
        if (waiting) {
          mark();
          cursor = null;
        } else if (!at(values.spans, row[unit])) {
          desk.announce(t("Now tap the last word, or the same word again."));
        }
        refresh();
      }
    });
    graph.field.addEventListener("dblclick", (event) => {
      const unit = unitAt(/** @type {Element} */ (event.target));
      if (mode !== "spans" || unit === null || stopped[stopOf(unit)]?.span) return;
      cursor = unit;
      anchor = null;
      mark();
      cursor = null;
      refresh();
    });

    return {
      shown: () => graph.shown(),
      gone() {
        graph.gone();
        removeEventListener("pointerup", letGo);
      },
      key(key) {
        const label = labels[mode][keys[mode].indexOf(key)];
        if (label !== undefined) {
          take(label);
          return true;
        }
        switch (key) {
          case "m":
            if (!labels.spans.length || !labels.relations.length) return false;
            turn(mode === "spans" ? "relations" : "spans");
            return true;
          case "enter":
            if (cursor === null) return false;
            if (mode === "spans") mark();
            else pick(cursor);
            return true;
          case "backspace":
          case "delete":
            return removeHere();
          case "ctrl+z":
          case "meta+z": {
            const back = before.pop();
            if (!back) return true;
            values = back;
            chosen = null;
            head = null;
            last = null;
            desk.edit(values);
            drawAll();
            desk.announce(t("The last change is undone."));
            return true;
          }
          case "escape":
            if (chosen) chosen = null;
            else if (head !== null) head = null;
            else if (cursor !== null) cursor = anchor = null;
            else return false;
            drawRelations();
            return true;
          default:
            return arrow(key);
        }
      },
    };
  },
  // Untouched, both go back as they came, whatever they are.
  answer: (task, values) => values ?? recall(task),
  recall,
  keys: ({ config }) => [
    { keys: ["←", "→", "↑", "↓"], does: t("move the cursor from word to word, and from line to line") },
    { keys: ["⏎"], does: t("begin a relation here, or end it here") },
    { keys: ["1", "…", "9", "0"], does: t("take a label, and give it to the relation that is chosen") },
    ...(config?.relations_span_labels
      ? [
          { keys: ["m"], does: t("change between spans and relations") },
          { keys: ["⇧ ←", "⇧ →"], does: t("select several words") },
        ]
      : []),
    { keys: ["⌫"], does: t("remove what is chosen, or was just drawn") },
    { keys: ["ctrl z"], does: t("undo the last change to the drawing") },
    { keys: ["esc"], does: t("let go") },
  ],
};

/**
 * @param {Task} record
 * @returns {Values}
 */
function recall({ spans = [], relations = [] }) {
  return { spans: /** @type {Span[]} */ (spans), relations };
}

/**
 * What there is to begin with: what somebody has made of the card, or what the task has.
 *
 * @param {Task} task
 * @param {Values | null} values
 * @returns {{spans: Span[], relations: Relation[]}}
 */
function begun(task, values) {
  const list = (/** @type {unknown} */ one) => (Array.isArray(one) ? one : []);
  return { spans: list(values ? values.spans : task.spans), relations: list(values ? values.relations : task.relations) };
}

export default relationsInterface;
