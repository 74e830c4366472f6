/**
 * The cursor in a text whose spans are edited: from token to token and from line to line by the
 * arrows, from span to span by `.` and `,`; with shift, or ctrl and shift, the arrows move the ends
 * of what is selected.
 *
 * Lines are what the eye sees: where the browser broke the text, measured when it is asked for.
 */

import { t } from "../../shared/i18n.js";
import { toText } from "../state/lossless_json.js";
import { beside, covering, fit } from "../annotations/spans.js";
import { boxOf } from "../view/text_geometry.js";

/** @import { Unit } from "../annotations/spans.js" */
/** @import { SpanEditor } from "./span_editor.js" */

/**
 * Select the next span, or the one before.
 *
 * @param {SpanEditor} editor
 * @param {1 | -1} way
 */
export function walk(editor, way) {
  const { row, spans, last, drawn, context } = editor;
  const place = row[editor.cursor ?? (way > 0 ? 0 : row.length - 1)]?.start ?? 0;
  const from = editor.selected ?? (last && spans.includes(last) ? last : null);
  const span = beside(spans, from, place, way);
  if (!span) {
    context.announce(spans.length ? t("There are no more spans.") : t("There are no spans."));
    return;
  }
  editor.byKeys = true;
  drawn.open();
  editor.select(span);
  editor.refresh();
  editor.reveal();
}

/**
 * @param {SpanEditor} editor
 * @param {number} unit
 * @param {boolean} extend
 */
function moveTo(editor, unit, extend) {
  const { row } = editor;
  if (extend && !editor.rules.single) editor.anchor ??= editor.cursor;
  else editor.anchor = null;
  editor.selected = null;
  editor.cursor = unit;
  editor.byKeys = true;
  editor.last = null;
  editor.refresh();
  editor.reveal();
  const picked = editor.range();
  const labels = covering(editor.spans, row[unit]).map((span) => toText(span.label)).join(", ");
  if (picked) editor.context.announce(editor.said(editor.stretch(picked)) + (labels && `, ${labels}`));
}

/**
 * The next unit that the cursor can stand on.
 *
 * @param {Unit[]} row
 * @param {number} from
 * @param {1 | -1} step
 * @param {boolean} extend a selection does not jump over what cannot be part of it
 */
export function next(row, from, step, extend) {
  for (let i = from + step; i >= 0 && i < row.length; i += step) {
    if (row[i]?.barrier && extend) return null;
    if (!row[i]?.barrier && !row[i]?.blank) return i;
  }
  return null;
}

/**
 * The unit above or below.
 *
 * @param {SpanEditor} editor
 * @param {number} from
 * @param {1 | -1} step
 */
function line({ row, drawn }, from, step) {
  const box = boxOf(drawn.segments, row[from]);
  if (!box) return null;
  const middle = (box.left + box.right) / 2;
  /** @type {{unit: number, top: number, off: number} | null} */
  let best = null;
  for (let i = from + step; i >= 0 && i < row.length; i += step) {
    if (row[i]?.barrier || row[i]?.blank) continue;
    const other = boxOf(drawn.segments, row[i]);
    if (!other || Math.abs(other.top - box.top) < 8) continue;
    if (best && Math.abs(other.top - best.top) > 8) break;
    const off = Math.abs((other.left + other.right) / 2 - middle);
    if (!best || off < best.off) best = { unit: i, top: other.top, off };
  }
  return best?.unit ?? null;
}

/**
 * @param {SpanEditor} editor
 * @param {string} name
 */
export function arrow(editor, name) {
  const { cursor, row } = editor;
  const parts = name.split("+");
  const where = parts.pop();
  const extend = parts.join() === "shift";
  const front = parts.join() === "ctrl,shift" || parts.join() === "alt,shift";
  if (parts.length && !extend && !front) return false;
  const leftwards = (editor.direction ??= getComputedStyle(editor.field).direction) === "rtl" ? "arrowright" : "arrowleft";
  const rightwards = leftwards === "arrowleft" ? "arrowright" : "arrowleft";
  const step = where === rightwards ? 1 : where === leftwards ? -1 : 0;
  if (front && !editor.selected) {
    const target = step ? editor.target() : null;
    if (!target) return false;
    editor.select(target);
  }
  if (editor.selected && step && (extend || front)) {
    const range = fit(row, editor.selected);
    if (!range) return true;
    const unit = next(row, front ? range.from : range.to, step, true);
    if (unit !== null) editor.resize(front ? "from" : "to", unit);
    editor.refresh();
    return true;
  }
  /** @type {number | null} */
  let unit = null;
  // What is not laid out yet lies nowhere.
  if (!step) editor.drawn.open();
  if (step > 0) unit = next(row, cursor ?? -1, 1, extend && cursor !== null);
  else if (step < 0) unit = next(row, cursor ?? row.length, -1, extend && cursor !== null);
  else if (where === "arrowdown") unit = cursor === null ? next(row, -1, 1, false) : line(editor, cursor, 1);
  else if (where === "arrowup") unit = cursor === null ? next(row, row.length, -1, false) : line(editor, cursor, -1);
  else if (where === "home") unit = next(row, -1, 1, false);
  else if (where === "end") unit = next(row, row.length, -1, false);
  else return false;
  if (unit !== null) moveTo(editor, unit, extend);
  return true;
}
