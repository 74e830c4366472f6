/**
 * The colours of labels, and a line of text for what is missing: apart from content.js, so that an
 * interface without text and HTML does not fetch what draws them.
 */

import { h } from "../../shared/dom.js";

/** @param {string} note */
export const empty = (note) => h("p", { class: "empty" }, note);

/** Ten hues there are, each with three edges: solid, dashed, dotted. */
const hues = 10;
const series = 3;

/**
 * A label's place among the colours: which hue, and which edge goes with it. Nothing beyond the
 * thirtieth: there the name carries it alone.
 *
 * @param {string} label
 * @param {string[]} labels
 */
export function look(label, labels) {
  const place = labels.indexOf(label);
  return place >= 0 && place < hues * series ? { hue: place % hues, edge: Math.floor(place / hues) } : null;
}

/** @type {CSSStyleSheet | null} */
let sheet = null;

/** @type {Set<string>} labels that have their edge */
const edged = new Set();

/**
 * Give every element with a label (`data-label`) the edge of its series. The rules make a sheet of
 * the page's own: what draws marks passes a colour and nothing else, and is fast for it.
 *
 * @param {string} label
 * @param {number} edge
 */
function addEdgeRule(label, edge) {
  if (edged.has(label) || !globalThis.document?.adoptedStyleSheets) return;
  edged.add(label);
  if (!sheet) {
    sheet = new CSSStyleSheet();
    document.adoptedStyleSheets.push(sheet);
  }
  sheet.insertRule(`[data-label=${CSS.escape(label)}] { --edge-style: var(--edge-${edge}); --dash: var(--dash-${edge}); --dot: var(--dot-${edge}); --turn: var(--turn-${edge}); }`);
}

/**
 * A label's colour, by its place among the project's labels.
 *
 * @param {string} label
 * @param {string[]} labels
 */
export function hue(label, labels) {
  const found = look(label, labels);
  if (!found) return "var(--hue-none)";
  if (found.edge > 0) addEdgeRule(label, found.edge);
  return `var(--hue-${found.hue})`;
}
