/**
 * A text with spans, drawn so that a change costs what it changes.
 *
 * The text lies in a row of pieces: small elements that stay where they are, one for each unit
 * (spans.js) where spans are edited, else one between each two borders of spans. A span is drawn in one
 * of two ways:
 *
 * - in the line: a <mark> wraps its pieces, with the label's name at its end;
 * - in a lane beneath the line, where spans overlap: each piece it covers shows a stripe as its ground, and
 *   the first one carries the label's name. The line grows by an empty inline box that stands as deep as
 *   the lowest lane; so lines without lanes keep their height, and the browser breaks lines as it would.
 *
 * Where spans are edited, and in a long text, each paragraph is a block of its own, so that a label lays
 * out its paragraph and not the whole text, and what is out of sight is neither laid out nor painted. Only
 * what fills the screen is laid out with the card; the rest follows frame by frame.
 *
 * Pieces never have a margin, padding or border along the line, which would cut the joined letters of an
 * Arabic word.
 *
 * Rejected: a layer above the text with boxes measured from it, which has to be measured anew whenever
 * a line breaks elsewhere; and inline blocks for tokens, which cut joined letters and cannot be broken.
 */

import { h } from "../../shared/dom.js";
import { t } from "../../shared/tongue.js";
import { words } from "../json.js";
import { fit, lanes, paragraphs, split } from "../spans.js";

/** @import { Offsets } from "../offsets.js" */
/** @import { Span } from "../types.js" */
/** @import { Unit } from "../spans.js" */

/** @typedef {{start: number, end: number, node: HTMLElement | Text, stripes: string, opens: boolean}} Piece */

/** @typedef {{lane: number, hue: string}} Stripe */

/** How much is laid out before anybody looks whether it fills the screen, in code points. */
const first = 1200;

/** A first paragraph that is longer than this, more than any screen shows, is laid out in two parts. */
const fold = 4000;

/** How much is laid out in each frame after the first. */
const portion = 2500;

/** How many code points make a line, about, for a paragraph that was never laid out. */
const measure = 70;

/**
 * What is selected, as the browser paints it: a class would make the browser lay out the whole text anew
 * at each step of the cursor. Browsers without it get the class.
 */
const marker = typeof Highlight === "function" && globalThis.CSS?.highlights ? new Highlight() : null;
if (marker) CSS.highlights.set("picked", marker);

/** A label's letters are smaller than the text's: how much of a letter's width one takes, and its ends. */
const room = (/** @type {Span} */ span) => Math.ceil([...words(span.label)].length * 0.85) + 2;

/**
 * The text in pieces: units, what lies between them, and, where a span fits no units, the parts that it
 * cuts them into.
 *
 * @param {Offsets} offsets
 * @param {Unit[]} row
 * @param {Span[]} given
 * @param {number[]} [opening] where paragraphs begin (spans.js)
 * @returns {Piece[]}
 */
export function cut(offsets, row, given, opening = []) {
  const opens = new Set(opening);
  const odd = [...new Set([...opening, ...given.filter((span) => !fit(row, span)).flatMap((span) => [span.start, span.end])])].sort((a, b) => a - b);
  /** @type {Piece[]} */
  const found = [];
  let next = 0;
  /**
   * @param {number} from
   * @param {number} to
   * @param {number | null} unit
   */
  const add = (from, to, unit) => {
    let at = from;
    while (at < to) {
      while (next < odd.length && /** @type {number} */ (odd[next]) <= at) next++;
      const end = Math.min(odd[next] ?? to, to);
      const part = offsets.slice(at, end);
      found.push({ start: at, end, node: unit === null ? document.createTextNode(part) : unitOf(part, unit, row[unit]), stripes: "", opens: opens.has(at) });
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

/**
 * @param {string} text
 * @param {number} place
 * @param {Unit | undefined} unit
 */
function unitOf(text, place, unit) {
  const node = document.createElement("span");
  node.className = unit?.barrier ? "u off" : "u";
  if (unit?.blank && text.includes("\n")) node.classList.add("newline");
  node.dataset.u = String(place);
  node.textContent = text;
  return node;
}

export class SpanText {
  /**
   * @param {HTMLElement} field takes the text
   * @param {Piece[]} pieces
   * @param {{hue: (label: string) => string, inLanes: boolean, remove?: (span: Span) => void, roof?: () => number}} look how
   * spans look, and how far down the page what sticks to its top reaches, in pixels
   */
  constructor(field, pieces, look) {
    this.field = field;
    this.pieces = pieces;
    this.look = look;
    /** @type {Map<number, number>} */
    this.starts = new Map();
    /** @type {Map<number, number>} */
    this.ends = new Map();
    /** @type {{element: HTMLElement, size: number}[]} what is not laid out yet */
    this.folded = [];
    this.fill();
    /** @type {Map<Span, HTMLElement>} what bears the label of each span */
    this.marks = new Map();
    /** @type {Map<Span, number>} the lane of each span that has one */
    this.lanes = new Map();
    /** @type {WeakMap<HTMLElement, number>} how far labels in lanes were moved, in pixels */
    this.shifts = new WeakMap();
    /** @type {Set<number>} pieces with stripes */
    this.striped = new Set();
    /** @type {HTMLElement[]} what is shown as selected */
    this.lit = [];
    /** @type {HTMLElement | null} */
    this.on = null;
    /** @type {HTMLElement | null} what was scrolled to last */
    this.revealed = null;
    // A paragraph that comes into sight is laid out then, and its labels with it.
    field.addEventListener("contentvisibilityautostatechange", (event) => {
      const { skipped, target } = /** @type {ContentVisibilityAutoStateChangeEvent} */ (event);
      if (!skipped) this.settle(/** @type {Element} */ (target).querySelectorAll(".tag"));
    }, true);
  }

  /** Put the pieces into the field, in paragraphs where there are any. */
  fill() {
    const { field, pieces, folded } = this;
    const inBlocks = pieces.some((piece) => piece.opens);
    let [block, size, whole] = [field, 0, 0];
    const guess = () => block.style.setProperty("--lines", String(Math.ceil(size / measure)));
    pieces.forEach((piece, i) => {
      this.starts.set(piece.start, i);
      this.ends.set(piece.end, i);
      if (inBlocks && (piece.opens || i === 0)) {
        if (i) guess();
        block = h("span", { class: "paragraph" });
        size = 0;
        field.append(block);
        if (whole >= first) {
          block.hidden = true;
          folded.push({ element: block, size: 0 });
        }
      } else if (size >= fold && !folded.length) {
        // A span may reach from one part into the other.
        const tail = h("span", { hidden: true });
        block.append(tail);
        block = tail;
        folded.push({ element: tail, size: 0 });
      }
      block.append(piece.node);
      const length = piece.end - piece.start;
      size += length;
      whole += length;
      const last = folded.at(-1);
      if (last) last.size += length;
    });
    if (inBlocks) guess();
  }

  /** Lay out what the screen shows, and the rest in the frames that follow. */
  unfold() {
    while (this.folded.length && this.field.getBoundingClientRect().bottom < innerHeight) this.open(first);
    const later = () => requestAnimationFrame(() => setTimeout(() => {
      if (!this.folded.length || !this.field.isConnected) return;
      this.open(portion);
      if (!this.folded.length) this.settle();
      later();
    }));
    later();
  }

  /**
   * Lay out a text that is not seen yet, so that what the screen will show is there at once: what is left to
   * the browser comes a frame after the card does.
   */
  prepare() {
    this.open();
    // A text far down, behind what comes before it in its document, is scrolled to.
    const from = Math.max(0, this.field.getBoundingClientRect().top - innerHeight / 2);
    const near = [...this.field.children].filter((block) => block.getBoundingClientRect().top - from < innerHeight);
    for (const block of near) block.classList.add("near");
    this.settle();
  }

  /**
   * Lay out more of the text.
   *
   * @param {number} [size] how much at least, all of it if not said
   */
  open(size = Infinity) {
    for (let left = size; left > 0; ) {
      const next = this.folded.shift();
      if (!next) return;
      next.element.hidden = false;
      left -= next.size;
    }
  }

  /**
   * Draw what is new and take away what is gone.
   *
   * @param {Span[]} spans
   * @returns {HTMLElement[]} the labels in lanes that are new
   */
  draw(spans) {
    const { inline, over } = this.look.inLanes ? { inline: [], over: spans } : split(spans);
    const inLine = new Set(inline);
    const lane = lanes(over, room);
    for (const [span, mark] of this.marks) {
      const was = this.lanes.get(span);
      if (was === undefined ? inLine.has(span) : lane.get(span) === was) continue;
      this.marks.delete(span);
      if (was === undefined) {
        mark.querySelector(":scope > .label")?.remove();
        mark.replaceWith(...mark.childNodes);
      } else {
        mark.parentElement?.remove();
      }
    }
    this.lanes = lane;
    for (const span of inline) if (!this.marks.has(span)) this.wrap(span);
    return over.length || this.striped.size ? this.stripe(over) : [];
  }

  /**
   * The pieces of a span.
   *
   * @param {Pick<Span, "start" | "end">} span
   * @returns {[number, number] | null}
   */
  reach(span) {
    const from = this.starts.get(span.start);
    const to = this.ends.get(span.end);
    return from === undefined || to === undefined ? null : [from, to];
  }

  /** @param {Span} span */
  wrap(span) {
    const reach = this.reach(span);
    if (!reach) return;
    const mark = h("mark", { class: "span" });
    this.dress(mark, span);
    this.pieces[reach[0]]?.node.before(mark);
    for (let i = reach[0]; i <= reach[1]; i++) mark.append(/** @type {Piece} */ (this.pieces[i]).node);
    const label = words(span.label);
    if (label || this.look.remove) mark.append(h("span", { class: "label", dir: "auto" }, label, this.drop(span)));
    this.marks.set(span, mark);
  }

  /**
   * @param {HTMLElement} element
   * @param {Span} span
   */
  dress(element, span) {
    const label = words(span.label);
    element.dataset.span = `${span.start}-${span.end}`;
    element.dataset.label = label;
    element.style.setProperty("--hue", this.look.hue(label));
  }

  /** @param {Span} span */
  drop(span) {
    const { remove } = this.look;
    if (!remove) return null;
    const said = t("remove {label}", { label: words(span.label) });
    return h("button", { type: "button", class: "drop", tabindex: "-1", "aria-label": said, onclick: () => remove(span) }, "×");
  }

  /**
   * @param {Span[]} over
   * @returns {HTMLElement[]} the labels that are new
   */
  stripe(over) {
    const fresh = [];
    /** @type {Map<number, Stripe[]>} */
    const stripes = new Map();
    for (const span of over) {
      const reach = this.reach(span);
      if (!reach) continue;
      const lane = /** @type {number} */ (this.lanes.get(span));
      const hue = this.look.hue(words(span.label));
      for (let i = reach[0]; i <= reach[1]; i++) {
        const there = stripes.get(i);
        if (there) there.push({ lane, hue });
        else stripes.set(i, [{ lane, hue }]);
      }
      if (!this.marks.has(span)) fresh.push(this.tag(span, reach[0], lane));
    }
    for (const i of this.striped) if (!stripes.has(i)) this.ground(i, []);
    for (const [i, some] of stripes) this.ground(i, some);
    this.striped = new Set(stripes.keys());
    return fresh;
  }

  /**
   * The element of a piece; what lies between units becomes one when it has to show something.
   *
   * @param {number} i
   * @returns {HTMLElement}
   */
  elementOf(i) {
    const piece = /** @type {Piece} */ (this.pieces[i]);
    if (piece.node instanceof HTMLElement) return piece.node;
    const element = document.createElement("span");
    piece.node.replaceWith(element);
    element.append(piece.node);
    piece.node = element;
    return element;
  }

  /**
   * @param {number} i
   * @param {Stripe[]} stripes
   */
  ground(i, stripes) {
    const piece = /** @type {Piece} */ (this.pieces[i]);
    const said = stripes.map(({ lane, hue }) => `${lane} ${hue}`).join();
    if (piece.stripes === said) return;
    piece.stripes = said;
    const { style, classList } = this.elementOf(i);
    classList.toggle("laned", stripes.length > 0);
    const depth = Math.max(0, ...stripes.map(({ lane }) => lane + 1));
    style.setProperty("--depth", String(depth));
    style.setProperty("background-image", stripes.map(({ hue }) => `linear-gradient(${hue}, ${hue})`).join());
    style.setProperty("background-position", stripes.map(({ lane }) => `left 0 bottom calc(var(--lane) * ${depth - lane} - 3px)`).join());
  }

  /**
   * @param {Span} span
   * @param {number} first
   * @param {number} lane
   */
  tag(span, first, lane) {
    const label = words(span.label);
    const tag = h("span", { class: "tag" }, h("span", { class: "label", dir: "auto" }, label, this.drop(span)));
    this.dress(tag, span);
    tag.style.setProperty("--at", String(lane));
    this.elementOf(first).prepend(h("span", { class: "at" }, tag));
    this.marks.set(span, tag);
    return tag;
  }

  /**
   * Keep labels in lanes inside the field: one at the end of a line moves back. Labels out of sight
   * (annotate.css) wait until they come into it.
   *
   * @param {Iterable<HTMLElement>} [tags] all of them if not said
   */
  settle(tags = this.lanes.size ? this.field.querySelectorAll(".tag") : []) {
    /** @type {Map<Element | null, boolean>} */
    const seen = new Map();
    const inSight = [...tags].filter((tag) => {
      const paragraph = tag.closest(".paragraph");
      if (!seen.has(paragraph)) seen.set(paragraph, !paragraph || isLaidOut(paragraph));
      return seen.get(paragraph);
    });
    if (!inSight.length) return;
    const field = (this.field.closest(".text") ?? this.field).getBoundingClientRect();
    const shifts = inSight.map((tag) => {
      const box = tag.getBoundingClientRect();
      if (!box.width) return null;
      const was = this.shifts.get(tag) ?? 0;
      const [left, right] = [box.left - was, box.right - was];
      if (right > field.right) return Math.max(field.left - left, field.right - right);
      return left < field.left ? Math.min(field.left - left, field.right - right) : 0;
    });
    inSight.forEach((tag, i) => {
      const shift = shifts[i] ?? null;
      if (shift === null || shift === (this.shifts.get(tag) ?? 0)) return;
      this.shifts.set(tag, shift);
      // Only where it moves: hundreds of elements with a transform take long to paint.
      if (shift) tag.style.setProperty("transform", `translateX(${shift}px)`);
      else tag.style.removeProperty("transform");
    });
  }

  /**
   * Show a stretch as selected.
   *
   * @param {Pick<Span, "start" | "end"> | null} stretch
   */
  light(stretch) {
    const reach = stretch && this.reach(stretch);
    marker?.clear();
    for (const node of this.lit) node.classList.remove("picked");
    this.lit = [];
    if (!reach) return;
    for (let i = reach[0]; i <= reach[1]; i++) {
      const node = this.pieces[i]?.node;
      if (marker) {
        // A piece's own text stands last in it, behind the labels of lanes.
        const text = node instanceof Text ? node : node?.lastChild;
        if (text instanceof Text) marker.add(new StaticRange({ startContainer: text, startOffset: 0, endContainer: text, endOffset: text.length }));
      } else if (node instanceof HTMLElement) {
        node.classList.add("picked");
        this.lit.push(node);
      }
    }
  }

  /** @param {Span | null} span the one that the keys mean */
  turnOn(span) {
    const mark = (span && this.marks.get(span)) ?? null;
    if (mark === this.on) return;
    this.on?.classList.remove("on");
    mark?.classList.add("on");
    this.on = mark;
  }

  /**
   * The span whose label this element belongs to.
   *
   * @param {Element} element
   * @returns {Span | null}
   */
  spanOfLabel(element) {
    const mark = element.closest(".label")?.closest("[data-span]");
    if (!mark) return null;
    for (const [span, other] of this.marks) if (other === mark) return span;
    return null;
  }

  /**
   * Scroll to a unit.
   *
   * @param {Unit | undefined} unit
   */
  reveal(unit) {
    const node = this.nodeOf(unit);
    if (!node) return;
    this.revealed = node;
    const paragraph = node.closest(".paragraph");
    // What lies around a far place is laid out when it comes into sight, and is then as high as it is.
    let frames = !paragraph || isLaidOut(paragraph) ? 0 : 4;
    const go = () => {
      if (this.revealed !== node || !node.isConnected) return;
      node.scrollIntoView({ block: "nearest" });
      const hidden = (this.look.roof?.() ?? 0) + 8 - node.getBoundingClientRect().top;
      if (hidden > 0) scrollBy(0, -hidden);
      if (frames-- > 0) requestAnimationFrame(go);
    };
    go();
  }

  /** @param {Unit | undefined} unit */
  nodeOf(unit) {
    const node = this.pieces[this.starts.get(unit?.start ?? -1) ?? -1]?.node;
    return node instanceof HTMLElement ? node : null;
  }
}

/**
 * Whether the browser has laid out what is in this paragraph. One that cannot say lays everything out.
 *
 * @param {Element} paragraph
 */
const isLaidOut = (paragraph) => paragraph.firstElementChild?.checkVisibility?.({ contentVisibilityAuto: true }) ?? true;

/**
 * A text with spans that nobody edits. A long one is in paragraphs, too.
 *
 * @param {Offsets} offsets
 * @param {Span[]} spans
 * @param {(label: string) => string} hue
 * @param {boolean} inLanes
 * @returns {SpanText}
 */
export function spansToRead(offsets, spans, hue, inLanes) {
  const field = h("span", { class: inLanes ? "read lanes" : "read" });
  const opening = offsets.length > fold ? paragraphs([], offsets, spans) : [];
  const drawn = new SpanText(field, cut(offsets, [], spans, opening), { hue, inLanes });
  drawn.draw(spans);
  requestAnimationFrame(() => {
    drawn.open();
    drawn.settle();
  });
  return drawn;
}
