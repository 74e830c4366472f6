/**
 * Words in a line, or in lines, with arcs above them: the drawing of `relations` and `dep`.
 *
 * The words are laid out by the browser (a wrapping row); where they came to lie is measured once,
 * and again when the width changes. From that the arcs are computed (arcs.js), each line gets the
 * room that its arcs need, and one SVG draws them all. The labels are buttons above it, so that
 * they are pressed and read like any others. An edit of an arc measures no words, so it costs the
 * same in a long text.
 *
 * Rejected: words in the SVG, which would lose the browser's line breaking, its shaping of scripts,
 * and the size of type that the annotator has set.
 */

import { h, put } from "../../shared/dom.js";
import { arrowHead, laneHeight, path, rise, route } from "../annotations/arcs.js";
import { toText } from "../state/lossless_json.js";
import { hue } from "./label_colors.js";

/** @import { Anchor } from "../annotations/arcs.js" */
/** @import { Offsets } from "../annotations/offsets.js" */
/** @import { Unit } from "../annotations/spans.js" */

/** @typedef {{from: number, to: number, label: string, hue: string, on?: boolean}} Drawn */

const space = "http://www.w3.org/2000/svg";

export class Graph {
  /**
   * @param {{
   *   offsets: Offsets, row: Unit[], wrap: boolean, heads: boolean, pick: boolean, lanes: number,
   *   name: string, spanLabels: string[], beneath?: (unit: Unit) => string,
   * }} how `lanes`: the room that a line has in any case
   */
  constructor(how) {
    this.how = how;
    this.arcs = /** @type {Drawn[]} */ ([]);
    this.svg = document.createElementNS(space, "svg");
    this.svg.setAttribute("class", "arcs");
    this.svg.setAttribute("aria-hidden", "true");
    this.names = h("div", { class: "arc-names" });
    this.row = h("div", { class: "graph-row" });
    this.field = h(
      "div",
      { class: how.wrap ? "graph wrap" : "graph", role: "group", "aria-label": how.name, tabindex: how.wrap ? null : "0" },
      this.row,
    );
    /** @type {HTMLElement[]} */
    this.elements = [];
    /** @type {Map<number, HTMLElement>} */
    this.units = new Map();
    /** @type {{left: number, right: number, line: number}[]} */
    this.boxes = [];
    /** @type {HTMLElement[]} the first word of each line */
    this.firsts = [];
    /** @type {Map<string, number>} */
    this.widths = new Map();
    this.width = -1;
    this.rtl = false;
    this.watch = new ResizeObserver(() => {
      if (this.field.clientWidth !== this.width) this.layout();
    });
  }

  /** @param {Anchor[]} anchors */
  drawWords(anchors) {
    const { offsets, row, pick, beneath } = this.how;
    this.units.clear();
    this.elements = [];
    /** @type {Node[]} */
    const nodes = [];
    /** @param {number} i */
    const wordOf = (i) => {
      const unit = /** @type {Unit} */ (row[i]);
      const text = offsets.slice(unit.start, unit.end);
      const word = h("span", { class: "u", "data-u": i, dir: "auto" }, unit.blank ? (text.includes("\n") ? "↵" : "␣") : text);
      if (unit.barrier) word.classList.add("off");
      if (unit.blank) word.classList.add("blank");
      this.units.set(i, word);
      return word;
    };
    let end = 0;
    for (const stop of anchors) {
      const unit = /** @type {Unit} */ (row[stop.from]);
      const gap = offsets.slice(end, unit.start).trim();
      end = (/** @type {Unit} */ (row[stop.to])).end;
      // What no token covers is still part of the text.
      if (gap) nodes.push(h("span", { class: "u off", dir: "auto" }, gap));
      if (unit.start === unit.end) {
        this.elements.push(h("span", { class: "break" }));
      } else if (stop.span) {
        const label = toText(stop.span.label);
        const box = h("mark", { class: "stop box", "data-span": `${stop.span.start}-${stop.span.end}`, "data-label": label });
        for (let i = stop.from; i <= stop.to; i++) if (row[i]?.start !== row[i]?.end) put(box, wordOf(i), " ");
        put(box, h("span", { class: "kind", dir: "auto" }, label));
        box.style.setProperty("--hue", hue(label, this.how.spanLabels));
        this.elements.push(box);
      } else {
        const word = wordOf(stop.from);
        if (pick && !unit.barrier && !unit.blank) word.classList.add("stop");
        const below = beneath?.(unit);
        this.elements.push(beneath ? h("span", { class: "stack" }, word, h("span", { class: "kind", dir: "auto" }, below)) : word);
      }
      nodes.push(/** @type {HTMLElement} */ (this.elements[this.elements.length - 1]));
      if (unit.blank && !stop.span && unit.end > unit.start && offsets.slice(unit.start, unit.end).includes("\n")) {
        nodes.push(h("span", { class: "break" }));
      }
    }
    const rest = offsets.slice(end, offsets.length).trim();
    if (rest) nodes.push(h("span", { class: "u off", dir: "auto" }, rest));
    this.row.replaceChildren(this.svg, this.names, ...nodes);
    if (!this.row.dir) this.row.dir = /** @type {string} */ (directionOf(offsets.text));
    if (this.field.isConnected) this.layout();
  }

  /** @param {Drawn[]} arcs */
  drawArcs(arcs) {
    this.arcs = arcs;
    if (this.field.isConnected && this.boxes.length) this.paint();
  }

  /** Find out where the words lie, then draw the arcs. */
  layout() {
    this.width = this.field.clientWidth;
    for (const first of this.firsts) first.style.removeProperty("margin-top");
    this.firsts = [];
    let line = -1;
    let top = -Infinity;
    this.boxes = this.elements.map((element) => {
      const { offsetLeft: left, offsetTop, offsetWidth } = element;
      if (offsetWidth > 0 && Math.abs(offsetTop - top) > 12) {
        line++;
        top = offsetTop;
        this.firsts.push(element);
      }
      return { left, right: left + offsetWidth, line: Math.max(0, line) };
    });
    this.rtl = getComputedStyle(this.row).direction === "rtl";
    this.paint();
  }

  paint() {
    const { arcs } = this;
    const missing = [...new Set(arcs.map((arc) => arc.label))].filter((label) => !this.widths.has(label));
    const labels = arcs.map((arc, i) => nameOf(arc, i));
    this.names.replaceChildren(...labels);
    for (const label of missing) this.widths.set(label, labels[arcs.findIndex((arc) => arc.label === label)]?.offsetWidth ?? 0);
    const margin = this.how.wrap ? 36 : 4;
    const full = this.row.clientWidth;
    const page = { left: this.rtl ? margin : 0, right: full - (this.rtl ? 0 : margin), rtl: this.rtl };
    const { routes, lanes } = route(arcs.map((arc) => ({ from: arc.from, to: arc.to, width: this.widths.get(arc.label) ?? 0 })), this.boxes, page);
    this.firsts.forEach((first, line) => {
      const needed = Math.max(lanes[line] ?? 0, this.how.lanes);
      first.style.setProperty("margin-top", `${needed ? rise(needed - 1) + laneHeight / 2 + 4 : 4}px`);
    });
    const tops = this.firsts.map((first) => first.offsetTop);
    const edge = this.rtl ? page.left : page.right;
    const outwards = this.rtl ? -1 : 1;
    const drawn = document.createDocumentFragment();
    routes.forEach((one, i) => {
      const arc = /** @type {Drawn} */ (arcs[i]);
      const d = path(one, tops, edge, outwards);
      const group = document.createElementNS(space, "g");
      group.setAttribute("class", arc.on ? "arc on" : "arc");
      group.dataset.arc = String(i);
      group.dataset.label = arc.label;
      group.style.setProperty("--hue", arc.hue);
      const parts = [["line", d], ["hit", d], ...(this.how.heads ? [["tip", arrowHead(one.x2, tops[one.b.line] ?? 0)]] : [])];
      for (const [name, shape] of parts) {
        const part = document.createElementNS(space, "path");
        part.setAttribute("class", /** @type {string} */ (name));
        part.setAttribute("d", /** @type {string} */ (shape));
        group.append(part);
      }
      drawn.append(group);
      const label = /** @type {HTMLElement} */ (labels[i]);
      label.style.setProperty("left", `${one.middle}px`);
      label.style.setProperty("top", `${(tops[one.a.line] ?? 0) - rise(one.a.lane)}px`);
    });
    this.svg.replaceChildren(drawn);
  }

  /** Once it is on the page. */
  mounted() {
    this.layout();
    this.watch.observe(this.field);
  }

  destroy() {
    this.watch.disconnect();
  }
}

/**
 * The name on an arc. Not reached by Tab: the list of relations is, and has all of them in words.
 *
 * @param {Drawn} arc
 * @param {number} i
 */
function nameOf(arc, i) {
  const name = h("button", { type: "button", class: arc.on ? "arc-name on" : "arc-name", "data-arc": i, "data-arc-label": arc.label, tabindex: "-1", dir: "auto" }, arc.label || "·");
  name.style.setProperty("--hue", arc.hue);
  return name;
}

/**
 * Which way a text runs: as its first letter does. Said once and for all, because with dir="auto" a
 * browser looks through the whole text at each change.
 *
 * @param {string} text
 */
function directionOf(text) {
  const letter = /\p{L}/u.exec(text)?.[0] ?? "";
  return /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}]/u.test(letter) ? "rtl" : "ltr";
}

/**
 * A relation in words. It reads from head to child, whichever way the page and the words run.
 *
 * @param {string} head
 * @param {string} label
 * @param {string} child
 */
export function formula(head, label, child) {
  return h("span", { class: "formula", dir: "ltr" }, h("bdi", {}, head), " —", h("bdi", {}, label), "→ ", h("bdi", {}, child));
}
