/**
 * A text as it lies in the page: a row of pieces, each a stretch of it in a text node of its own.
 *
 * There are as few pieces as the spans need: a border is made where a span begins or ends, and
 * where a unit shows something of its own (a disabled token, a line break). A text of 2,000 tokens
 * without spans is one text node for each paragraph. Units between the borders have no element;
 * where they lie in the window is asked for in text_geometry.js.
 *
 * Borders are never taken away again: a text node too many costs less than joining them.
 *
 * Rejected: an element for each token. The browser then styles, lays out and paints thousands of
 * boxes that look like nothing: a card took half as long again, and its preparation three times as
 * long.
 */

import { h } from "../../shared/dom.js";

/** @import { Offsets } from "../annotations/offsets.js" */
/** @import { Unit } from "../annotations/spans.js" */

/**
 * A stretch, in code points. `node` is what stands in the page for it: the text itself, or an
 * element around it.
 *
 * @typedef {{
 *   start: number,
 *   end: number,
 *   text: Text,
 *   node: HTMLElement | Text,
 *   stripes: string,
 * }} Segment
 */

export class TextSegments {
  /**
   * @param {Offsets} offsets
   * @param {Unit[]} row
   * @param {number[]} borders where pieces have to begin, besides those of units that look like
   *   something
   */
  constructor(offsets, row, borders) {
    this.offsets = offsets;
    this.row = row;
    /** @type {Segment[]} in the order of the text */
    this.list = [];
    /**
     * @type {WeakMap<Node, Segment>} the piece of each text node, and of each element around one
     */
    this.owners = new WeakMap();
    const shown = row.filter((unit) => unit.end > unit.start && looks(offsets, unit));
    const all = [0, ...borders, ...shown.flatMap(({ start, end }) => [start, end]), offsets.length];
    const places = [...new Set(all)].sort((a, b) => a - b);
    for (let i = 0; i + 1 < places.length; i++) {
      const [start, end] = [/** @type {number} */ (places[i]), /** @type {number} */ (places[i + 1])];
      this.list.push(this.owned({ start, end, ...bare(offsets.slice(start, end)), stripes: "" }));
    }
    for (const unit of shown) {
      const { classList } = this.elementOf(/** @type {Segment} */ (this.list[this.at(unit.start)]));
      classList.toggle("off", unit.barrier);
      classList.toggle("newline", unit.blank && offsets.slice(unit.start, unit.end).includes("\n"));
    }
  }

  /**
   * @param {Segment} piece
   * @returns {Segment} the same
   */
  owned(piece) {
    this.owners.set(piece.text, piece);
    this.owners.set(piece.node, piece);
    return piece;
  }

  /**
   * The piece that a place lies in: its index, -1 before the text.
   *
   * @param {number} place a code point
   */
  at(place) {
    let low = 0;
    let high = this.list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (/** @type {Segment} */ (this.list[middle]).start <= place) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }

  /**
   * Let a piece begin here.
   *
   * @param {number} place a code point
   */
  split(place) {
    const i = this.at(place);
    const piece = this.list[i];
    if (!piece || piece.start === place || place >= piece.end) return;
    const text = piece.text.splitText(this.within(piece, place));
    /** @type {Segment["node"]} */
    let node = text;
    if (piece.node instanceof HTMLElement) {
      node = /** @type {HTMLElement} */ (piece.node.cloneNode(false));
      node.append(text);
      piece.node.after(node);
    }
    this.list.splice(i + 1, 0, this.owned({ start: place, end: piece.end, text, node, stripes: piece.stripes }));
    piece.end = place;
  }

  /**
   * The pieces of a stretch, which begins and ends with a piece.
   *
   * @param {{start: number, end: number}} stretch
   * @returns {Segment[]} none if there is no such stretch in the text
   */
  of({ start, end }) {
    const from = this.at(start);
    const to = this.at(end - 1);
    return this.list[from]?.start === start && this.list[to]?.end === end ? this.list.slice(from, to + 1) : [];
  }

  /**
   * The pieces that a stretch touches, and what of each lies in it, in the text node's own units.
   *
   * @param {{start: number, end: number}} stretch
   * @returns {{text: Text, from: number, to: number}[]}
   */
  parts({ start, end }) {
    const found = [];
    for (let i = Math.max(0, this.at(start)); i < this.list.length; i++) {
      const piece = /** @type {Segment} */ (this.list[i]);
      if (piece.start >= end) break;
      found.push({ text: piece.text, from: this.within(piece, Math.max(start, piece.start)), to: this.within(piece, Math.min(end, piece.end)) });
    }
    return found;
  }

  /**
   * @param {Segment} piece
   * @param {number} place a code point in it
   * @returns {number} the same place in the piece's text node, in UTF-16 units
   */
  within(piece, place) {
    return this.offsets.toUnits(place) - this.offsets.toUnits(piece.start);
  }

  /**
   * The element of a piece; bare text gets one when it has to show something.
   *
   * @param {Segment} piece
   * @returns {HTMLElement}
   */
  elementOf(piece) {
    if (piece.node instanceof HTMLElement) return piece.node;
    const element = h("span", {});
    piece.text.replaceWith(element);
    element.append(piece.text);
    piece.node = element;
    this.owned(piece);
    return element;
  }
}

/** @param {string} said */
function bare(said) {
  const text = document.createTextNode(said);
  return { text, node: text };
}

/**
 * Whether a unit shows something besides its letters.
 *
 * @param {Offsets} offsets
 * @param {Unit} unit
 */
const looks = (offsets, unit) => unit.barrier || (unit.blank && offsets.slice(unit.start, unit.end).includes("\n"));
