/**
 * The cursor in a text between whose words arrows are drawn: the arrow keys move it from stop to
 * stop, or, while spans are marked, from word to word, and with shift select several.
 */

import { toText } from "../state/lossless_json.js";
import { beyond } from "../annotations/arcs.js";

/** @import { RelationEditor } from "./relation_editor.js" */

/**
 * Whether the cursor may stand on this unit.
 *
 * @param {RelationEditor} editor
 * @param {number} unit
 */
export function stands(editor, unit) {
  const { row } = editor;
  if (editor.mode === "spans") return !row[unit]?.barrier && !row[unit]?.blank;
  const stop = editor.anchored[editor.anchorOf(unit)];
  return Boolean(stop && stop.from === unit && (stop.span || (!row[unit]?.barrier && !row[unit]?.blank)));
}

/**
 * The next unit that the cursor may stand on.
 *
 * @param {RelationEditor} editor
 * @param {number} from
 * @param {1 | -1} step
 * @param {boolean} extend a selection does not jump over what cannot be part of it
 */
function next(editor, from, step, extend) {
  const { row } = editor;
  for (let i = from + step; i >= 0 && i < row.length; i += step) {
    if (extend && row[i]?.barrier) return null;
    if (stands(editor, i)) return i;
  }
  return null;
}

/**
 * @param {RelationEditor} editor
 * @param {string} key
 */
export function arrow(editor, key) {
  const { cursor, row, graph, mode } = editor;
  const shifted = key.startsWith("shift+");
  const extend = shifted && mode === "spans";
  const name = shifted ? key.slice(6) : key;
  const onwards = graph.rtl ? "arrowleft" : "arrowright";
  const back = graph.rtl ? "arrowright" : "arrowleft";
  const line = (/** @type {number} */ from, /** @type {1 | -1} */ step) =>
    beyond(editor.anchored, graph.boxes, editor.anchorOf(from), step, (unit) => stands(editor, unit));
  /** @type {number | null} */
  let unit = null;
  if (name === onwards) unit = next(editor, cursor ?? -1, 1, extend && cursor !== null);
  else if (name === back) unit = next(editor, cursor ?? row.length, -1, extend && cursor !== null);
  else if (name === "arrowdown") unit = cursor === null ? next(editor, -1, 1, false) : line(cursor, 1);
  else if (name === "arrowup") unit = cursor === null ? next(editor, row.length, -1, false) : line(cursor, -1);
  else if (name === "home") unit = next(editor, -1, 1, false);
  else if (name === "end") unit = next(editor, row.length, -1, false);
  else return false;
  if (unit !== null) moveTo(editor, unit, extend);
  return true;
}

/**
 * @param {RelationEditor} editor
 * @param {number} unit
 * @param {boolean} extend
 */
function moveTo(editor, unit, extend) {
  const { row, context } = editor;
  if (extend) editor.anchor ??= editor.cursor;
  else editor.anchor = null;
  editor.cursor = unit;
  editor.last = null;
  if (editor.selected) {
    editor.selected = null;
    editor.drawRelations();
  } else {
    editor.refresh();
  }
  editor.element(unit)?.scrollIntoView({ block: "nearest", inline: "nearest" });
  const picked = editor.range();
  const [from, to] = [row[picked?.from ?? -1], row[picked?.to ?? -1]];
  const span = editor.anchored[editor.anchorOf(unit)]?.span;
  if (editor.mode === "relations") context.announce(editor.nameOf(editor.anchorOf(unit)) + (span ? `, ${toText(span.label)}` : ""));
  else if (from && to) context.announce(editor.offsets.slice(from.start, to.end) + (span ? `, ${toText(span.label)}` : ""));
}
