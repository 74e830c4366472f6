/**
 * Spans that overlap, in lanes beneath the line: each piece that a span covers shows a stripe as
 * its ground, and the first one carries the label's name. The line grows by an empty inline box
 * that stands as deep as the lowest lane; so lines without lanes keep their height, and the browser
 * breaks lines as it would.
 *
 * A change draws only what lies between its first and its last letter.
 *
 * Rejected: a layer above the text with boxes measured from it, which has to be measured again
 * whenever a line breaks elsewhere.
 */

import { h } from "../../shared/dom.js";
import { toText } from "../state/lossless_json.js";
import { lanes, overlap } from "../annotations/spans.js";

/** @import { Span } from "../state/types.js" */
/** @import { Look } from "./span_text.js" */
/** @import { Segment, TextSegments } from "./text_segments.js" */

/** @typedef {{lane: number, hue: string}} Stripe */

/**
 * A label's letters are smaller than the text's: how much of a letter's width one takes, and its
 * ends.
 */
const room = (/** @type {Span} */ span) => Math.ceil([...toText(span.label)].length * 0.85) + 2;

export class SpanLanes {
  /**
   * @param {HTMLElement} field
   * @param {TextSegments} segments
   * @param {Look} look
   */
  constructor(field, segments, look) {
    this.field = field;
    this.segments = segments;
    this.look = look;
    /** @type {Map<Span, number>} the lane of each span */
    this.lanes = new Map();
    /** @type {Map<Span, HTMLElement>} what bears the label of each */
    this.tags = new Map();
    /** @type {WeakMap<HTMLElement, number>} how far labels were moved, in pixels */
    this.shifts = new WeakMap();
  }

  /**
   * Draw what is new and take away what is gone.
   *
   * @param {Span[]} over
   * @returns {HTMLElement[]} the labels that are new
   */
  draw(over) {
    const before = this.lanes;
    this.lanes = lanes(over, room);
    let [from, to] = [Infinity, -Infinity];
    const touch = (/** @type {Span} */ span) => {
      from = Math.min(from, span.start);
      to = Math.max(to, span.end);
    };
    for (const [span, tag] of this.tags) {
      if (this.lanes.get(span) === before.get(span)) continue;
      tag.parentElement?.remove();
      this.tags.delete(span);
      touch(span);
    }
    const fresh = over.filter((span) => !this.tags.has(span));
    for (const span of fresh) {
      this.segments.split(span.start);
      this.segments.split(span.end);
      touch(span);
    }
    this.stripe(over, from, to);
    return fresh.flatMap((span) => this.tag(span) ?? []);
  }

  /**
   * Draw the stripes of one part of the text.
   *
   * @param {Span[]} over
   * @param {number} from where a piece begins
   * @param {number} to where a piece ends
   */
  stripe(over, from, to) {
    if (from >= to) return;
    const part = over.filter((span) => overlap(span, { start: from, end: to })).sort((a, b) => a.start - b.start);
    let next = 0;
    /** @type {Span[]} */
    let open = [];
    const { list } = this.segments;
    for (let i = Math.max(0, this.segments.at(from)); i < list.length; i++) {
      const piece = /** @type {Segment} */ (list[i]);
      if (piece.start >= to) return;
      while (next < part.length && /** @type {Span} */ (part[next]).start <= piece.start) open.push(/** @type {Span} */ (part[next++]));
      open = open.filter((span) => span.end > piece.start);
      this.ground(piece, open.map((span) => ({ lane: this.lanes.get(span) ?? 0, hue: this.look.hue(toText(span.label)) })));
    }
  }

  /**
   * @param {Segment} piece
   * @param {Stripe[]} stripes
   */
  ground(piece, stripes) {
    const said = stripes.map(({ lane, hue }) => `${lane} ${hue}`).join();
    if (piece.stripes === said) return;
    piece.stripes = said;
    const { style, classList } = this.segments.elementOf(piece);
    classList.toggle("laned", stripes.length > 0);
    const depth = Math.max(0, ...stripes.map(({ lane }) => lane + 1));
    style.setProperty("--depth", String(depth));
    style.setProperty("background-image", stripes.map(({ hue }) => `linear-gradient(${hue}, ${hue})`).join());
    style.setProperty("background-position", stripes.map(({ lane }) => `left 0 bottom calc(var(--lane) * ${depth - lane} - 3px)`).join());
  }

  /** @param {Span} span */
  tag(span) {
    const first = this.segments.of(span)[0];
    if (!first) return null;
    const tag = h("span", { class: "tag label" }, h("bdi", {}, toText(span.label)), this.look.drop(span));
    this.look.dress(tag, span);
    tag.style.setProperty("--at", String(this.lanes.get(span)));
    this.segments.elementOf(first).prepend(h("span", { class: "at" }, tag));
    this.tags.set(span, tag);
    return tag;
  }

  /**
   * Keep labels inside the field: one at the end of a line moves back. Labels out of sight
   * (span_text.css) wait until they come into it.
   *
   * @param {Iterable<HTMLElement>} [tags] all of them if not said
   */
  settle(tags = this.tags.values()) {
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
}

/**
 * Whether the browser has laid out what is in this paragraph. One that cannot say lays everything
 * out.
 *
 * @param {Element} paragraph
 */
export const isLaidOut = (paragraph) => paragraph.firstElementChild?.checkVisibility?.({ contentVisibilityAuto: true }) ?? true;
