/**
 * Two small things that every interface needs, in a file of their own: whoever draws no text and no HTML
 * does not fetch what draws them (content.js).
 */

import { h } from "../../shared/dom.js";

/** @param {string} note */
export const empty = (note) => h("p", { class: "empty" }, note);

/**
 * A label's colour: its place among the project's labels, without a hue beyond the tenth.
 *
 * @param {string} label
 * @param {string[]} labels
 */
export function hue(label, labels) {
  const place = labels.indexOf(label);
  return place >= 0 && place < 10 ? `var(--hue-${place})` : "var(--hue-none)";
}
