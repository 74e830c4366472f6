/**
 * A text with spans, drawn so that a change costs what it changes.
 *
 * The text lies in a row of pieces (text_segments.js), cut where spans begin and end. A span is
 * drawn in one of two ways: in the line, where a <mark> wraps its pieces, with the label's name at
 * its end; or in a lane beneath the line (span_lanes.js), where spans overlap.
 *
 * Where spans are edited, and in a long text, each paragraph is a block of its own, so that a label
 * lays out its paragraph and not the whole text, and what is out of sight is neither laid out nor
 * painted. Only what fills the screen is laid out with the card; the rest follows frame by frame.
 *
 * Pieces never have a margin, padding or border along the line, which would cut the joined letters
 * of an Arabic word.
 *
 * Rejected: inline blocks for tokens, which cut joined letters and cannot be broken.
 */

import { h } from "../../shared/dom.js";
import { t } from "../../shared/i18n.js";
import { toText } from "../state/lossless_json.js";
import { paragraphs, split } from "../annotations/spans.js";
import { SpanLanes } from "./span_lanes.js";
import { TextSegments } from "./text_segments.js";

/** @import { Offsets } from "../annotations/offsets.js" */
/** @import { Span } from "../state/types.js" */
/** @import { Unit } from "../annotations/spans.js" */

/**
 * How spans look: the colour of a label, what is said of a span on the element that shows it, and
 * the button that takes one away.
 *
 * @typedef {{
 *   hue: (label: string) => string,
 *   dress: (element: HTMLElement, span: Span) => void,
 *   drop: (span: Span) => HTMLElement | null,
 * }} Look
 */

/** How much is laid out before it is checked whether that fills the screen, in code points. */
const first = 1200;

/**
 * A first paragraph that is longer than this, more than any screen shows, is laid out in two parts.
 */
const fold = 4000;

/** How much is laid out in each frame after the first. */
const portion = 2500;

/** How many code points make a line, about, for a paragraph that was never laid out. */
const measure = 70;

/**
 * What is selected, as the browser paints it: a class would make the browser lay out the whole text
 * again at each step of the cursor. Browsers without it get the class.
 */
const marker = typeof Highlight === "function" && globalThis.CSS?.highlights ? new Highlight() : null;
if (marker) CSS.highlights.set("picked", marker);

export class SpanText {
  /**
   * @param {HTMLElement} field takes the text
   * @param {Offsets} offsets
   * @param {Unit[]} row
   * @param {{
   *   hue: (label: string) => string,
   *   inLanes: boolean,
   *   opening: number[],
   *   remove?: (span: Span) => void,
   * }} look
   *   how spans look, and where paragraphs begin (spans.js)
   */
  constructor(field, offsets, row, look) {
    this.field = field;
    this.look = look;
    this.segments = new TextSegments(offsets, row, look.opening);
    /** @type {{element: HTMLElement, size: number}[]} what is not laid out yet */
    this.folded = [];
    this.fill(new Set(look.opening));
    /** @type {Map<Span, HTMLElement>} what bears the label of each span in the line */
    this.marks = new Map();
    this.lanes = new SpanLanes(field, this.segments, {
      hue: look.hue,
      dress: (element, span) => this.dress(element, span),
      drop: (span) => this.drop(span),
    });
    /** @type {HTMLElement[]} what is shown as selected */
    this.lit = [];
    /** @type {HTMLElement | null} */
    this.on = null;
    // A paragraph that comes into sight is laid out then, and its labels with it.
    field.addEventListener("contentvisibilityautostatechange", (event) => {
      const { skipped, target } = /** @type {ContentVisibilityAutoStateChangeEvent} */ (event);
      if (!skipped) this.lanes.settle(/** @type {Element} */ (target).querySelectorAll(".tag"));
    }, true);
  }

  /**
   * Put the pieces into the field, in paragraphs where there are any.
   *
   * @param {Set<number>} opening
   */
  fill(opening) {
    const { field, segments, folded } = this;
    const { offsets } = segments;
    let [block, paragraph] = [field, field];
    let [size, whole] = [0, 0];
    const guess = () => paragraph.style.setProperty("--lines", String(Math.ceil(size / measure)));
    const [second = Infinity] = opening;
    if (second > fold) {
      // Between two words, if there are any.
      const blank = offsets.text.indexOf(" ", offsets.toUnits(fold));
      segments.split(blank < 0 ? fold : offsets.toPoints(blank));
    }
    segments.list.forEach((piece, i) => {
      if (opening.size && (opening.has(piece.start) || i === 0)) {
        if (i) guess();
        block = h("span", {});
        paragraph = h("span", { class: "paragraph" }, block);
        size = 0;
        field.append(paragraph);
        if (whole >= first) {
          paragraph.hidden = true;
          folded.push({ element: paragraph, size: 0 });
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
    if (opening.size) guess();
  }

  /** Lay out what the screen shows, and the rest in the frames that follow. */
  unfold() {
    while (this.folded.length && this.field.getBoundingClientRect().bottom < innerHeight) this.open(first);
    const later = () => requestAnimationFrame(() => setTimeout(() => {
      if (!this.folded.length || !this.field.isConnected) return;
      this.open(portion);
      if (!this.folded.length) this.lanes.settle();
      later();
    }));
    later();
  }

  /**
   * Lay out a text that is not seen yet, so that what the screen will show is there at once: what
   * is left to the browser comes a frame after the card does.
   */
  prepare() {
    this.open();
    // A text far down, behind what comes before it in its document, is scrolled to.
    const from = Math.max(0, this.field.getBoundingClientRect().top - innerHeight / 2);
    const near = [...this.field.children].filter((block) => block.getBoundingClientRect().top - from < innerHeight);
    for (const block of near) block.classList.add("near");
    this.lanes.settle();
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
    for (const [span, mark] of this.marks) {
      if (inLine.has(span)) continue;
      this.marks.delete(span);
      mark.querySelector(":scope > .label")?.remove();
      mark.replaceWith(...mark.childNodes);
    }
    const fresh = this.lanes.draw(over);
    for (const span of inline) if (!this.marks.has(span)) this.wrap(span);
    return fresh;
  }

  /** @param {Span} span */
  wrap(span) {
    this.segments.split(span.start);
    this.segments.split(span.end);
    const covered = this.segments.of(span);
    if (!covered.length) return;
    const mark = h("mark", { class: "span" });
    this.dress(mark, span);
    covered[0]?.node.before(mark);
    mark.append(...covered.map(({ node }) => node));
    const label = toText(span.label);
    if (label || this.look.remove) mark.append(h("span", { class: "label" }, h("bdi", {}, label), this.drop(span)));
    this.marks.set(span, mark);
  }

  /**
   * @param {HTMLElement} element
   * @param {Span} span
   */
  dress(element, span) {
    const label = toText(span.label);
    element.dataset.span = `${span.start}-${span.end}`;
    element.dataset.label = label;
    element.style.setProperty("--hue", this.look.hue(label));
  }

  /** @param {Span} span */
  drop(span) {
    const { remove } = this.look;
    if (!remove) return null;
    const said = t("remove {label}", { label: toText(span.label) });
    return h("button", { type: "button", class: "drop", tabindex: "-1", "aria-label": said, onclick: () => remove(span) }, "×");
  }

  /**
   * Keep labels in lanes inside the field.
   *
   * @param {Iterable<HTMLElement>} [tags] all of them if not said
   */
  settle(tags) {
    this.lanes.settle(tags);
  }

  /**
   * Show a stretch as selected.
   *
   * @param {Pick<Span, "start" | "end"> | null} stretch
   */
  light(stretch) {
    marker?.clear();
    for (const node of this.lit) node.classList.remove("picked");
    this.lit = [];
    if (!stretch) return;
    if (marker) {
      // The letters alone, not the labels that stand among them.
      for (const { text, from, to } of this.segments.parts(stretch)) {
        marker.add(new StaticRange({ startContainer: text, startOffset: from, endContainer: text, endOffset: to }));
      }
      return;
    }
    this.segments.split(stretch.start);
    this.segments.split(stretch.end);
    this.lit = this.segments.of(stretch).map((piece) => this.segments.elementOf(piece));
    for (const node of this.lit) node.classList.add("picked");
  }

  /** @param {Span | null} span the one that the keys mean */
  turnOn(span) {
    const mark = (span && (this.marks.get(span) ?? this.lanes.tags.get(span))) ?? null;
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
    for (const shown of [this.marks, this.lanes.tags]) {
      for (const [span, other] of shown) if (other === mark) return span;
    }
    return null;
  }
}

/**
 * A text with spans that are not edited. A long one is in paragraphs, too.
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
  const drawn = new SpanText(field, offsets, [], { hue, inLanes, opening });
  drawn.draw(spans);
  requestAnimationFrame(() => {
    drawn.open();
    drawn.settle();
  });
  return drawn;
}
