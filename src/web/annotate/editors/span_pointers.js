/**
 * Mouse and touch on a text whose spans are edited: what presses and drags mean to the editor.
 *
 * A press becomes a drag once the pointer has moved a few pixels, so that a drag over a single word
 * marks it, and a slight movement during a click does not. A drag may begin and end beside the
 * letters, where the nearest word counts; one that never comes near a letter and stays at one word
 * means nothing.
 */

import { covering, fit } from "../annotations/spans.js";
import { t } from "../../shared/i18n.js";
import { unitNear, unitUnder } from "../view/text_geometry.js";

/** @import { SpanEditor } from "./span_editor.js" */

/** How far the pointer goes before a press is a drag, in pixels. */
const slack = 4;

/**
 * @param {SpanEditor} editor
 * @returns {() => void} ends a press that goes on, when the card leaves the page
 */
export function pointers(editor) {
  const { field, row } = editor;
  /** @type {number | null} the unit on which the button went down */
  let held = null;
  /** @type {"from" | "to" | null} the end of the selected span that is being moved */
  let edge = null;
  let dragged = false;
  /**
   * @type {{clientX: number, clientY: number, touched: boolean} | null} where a press began, and
   *   whether it came over letters
   */
  let press = null;
  /** Whether a finger has marked the first word, and the next tap is the last one. */
  let begun = false;

  // Not by the event's target: that is the field, once it has captured the pointer.
  /** @param {MouseEvent} event */
  const unitAt = ({ clientX, clientY }) => {
    const unit = unitUnder(editor.drawn.segments, row, clientX, clientY);
    return unit !== null && !row[unit]?.barrier ? unit : null;
  };

  /**
   * The same, or the nearest, for a pointer that drags.
   *
   * @param {{clientX: number, clientY: number}} event
   */
  const nearest = ({ clientX, clientY }) => unitNear(editor.drawn.segments, row, field, clientX, clientY);

  /**
   * Select the next span over a unit, after the last of them the unit alone.
   *
   * @param {number} unit
   * @param {import("../state/types.js").Span | null} before what was selected before the press
   */
  const cycle = (unit, before) => {
    const over = covering(editor.spans, row[unit]);
    const span = over[before ? over.indexOf(before) + 1 : 0] ?? null;
    editor.select(span);
    if (!span) {
      editor.cursor = unit;
      editor.anchor = null;
    }
    return span;
  };

  /** @type {import("../state/types.js").Span | null} */
  let before = null;

  field.addEventListener("selectstart", (event) => event.preventDefault());

  field.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "touch" || event.button !== 0) return;
    const target = /** @type {Element} */ (event.target);
    if (target.closest(".drop")) return;
    editor.byKeys = false;
    const named = editor.drawn.spanOfLabel(target);
    if (named) {
      editor.select(named);
      editor.refresh();
      return;
    }
    held = unitAt(event);
    press = { clientX: event.clientX, clientY: event.clientY, touched: held !== null };
    dragged = false;
    edge = null;
    before = editor.selected;
    const range = before && fit(row, before);
    if (event.shiftKey && held !== null && range) {
      editor.resize(held < (range.from + range.to) / 2 ? "from" : "to", held);
      held = null;
      press = null;
      editor.refresh();
      return;
    }
    if (held !== null && range && !editor.rules.single && (held === range.from || held === range.to)) {
      edge = held === range.to ? "to" : "from";
    } else if (event.shiftKey && editor.cursor !== null && held !== null) {
      editor.anchor ??= editor.cursor;
      editor.cursor = held;
    } else {
      editor.selected = null;
      editor.cursor = held;
      editor.anchor = held;
    }
    field.setPointerCapture(event.pointerId);
    editor.last = null;
    editor.refresh();
  });

  field.addEventListener("pointermove", (event) => {
    if (!press) return;
    if (!dragged && Math.hypot(event.clientX - press.clientX, event.clientY - press.clientY) < slack) return;
    const under = unitAt(event);
    press.touched ||= under !== null;
    if (held === null) {
      // It began beside the letters.
      held = nearest(press);
      if (held === null) return;
      editor.cursor = held;
      editor.anchor = held;
    }
    const unit = under ?? nearest(event);
    if (unit === null) return;
    if (edge) {
      const range = editor.selected && fit(row, editor.selected);
      if (!range || unit === range[edge]) return;
      dragged = true;
      editor.resize(edge, unit);
    } else {
      if (dragged && unit === editor.cursor) return;
      dragged = true;
      editor.cursor = unit;
    }
    editor.refresh();
  });

  field.addEventListener("pointerup", (event) => {
    const [unit, began] = [held, press];
    press = null;
    held = null;
    if (unit === null || !began) return;
    if (dragged) {
      if (!edge && (began.touched || editor.cursor !== editor.anchor)) editor.name();
      else if (!edge) editor.clearSelection();
    } else if (!event.shiftKey) {
      cycle(unit, before);
    }
    edge = null;
    editor.refresh();
  });

  const drop = () => {
    press = null;
    held = null;
    edge = null;
  };

  field.addEventListener("pointercancel", () => {
    drop();
    editor.clearSelection();
  });

  field.addEventListener("dblclick", (event) => {
    const unit = unitAt(event);
    if (unit === null || covering(editor.spans, row[unit]).length) return;
    editor.cursor = unit;
    editor.anchor = null;
    editor.byKeys = false;
    editor.name();
    editor.refresh();
  });

  field.addEventListener("click", (event) => {
    if (/** @type {PointerEvent} */ (event).pointerType !== "touch") return;
    const target = /** @type {Element} */ (event.target);
    if (target.closest(".drop")) return;
    editor.byKeys = false;
    const named = editor.drawn.spanOfLabel(target);
    const unit = named ? null : unitAt(event);
    if (named) {
      begun = false;
      editor.select(named);
    } else if (unit !== null) {
      const over = covering(editor.spans, row[unit]).length > 0;
      if (begun && editor.cursor !== null && (editor.rules.overlapping || !over)) {
        begun = false;
        editor.anchor = editor.cursor;
        editor.cursor = unit;
        editor.name();
      } else {
        begun = cycle(unit, editor.selected) === null && (editor.rules.overlapping || !over);
        if (begun) editor.context.announce(t("Now tap the last word, or the same word again."));
      }
    }
    editor.refresh();
  });

  return drop;
}
