/**
 * Mouse and touch on a text between whose words arrows are drawn: what presses and drags mean to
 * the editor.
 *
 * Relations: press one word and then the other, or drag from one to the other; press an arc, or its
 * name, to select it. Spans: drag over words, or double-click one, to name them at once; a finger
 * taps the first word, then the last, because dragging stays scrolling.
 */

import { t } from "../../shared/i18n.js";
import { at } from "../annotations/spans.js";
import { stands } from "./relation_cursor.js";

/** @import { RelationEditor } from "./relation_editor.js" */

/**
 * @param {RelationEditor} editor
 * @returns {() => void} ends the listening on the window
 */
export function pointers(editor) {
  const { graph, row } = editor;
  /** @type {number | null} the word on which the button went down */
  let held = null;
  let dragged = false;

  /** @param {Element | null} place @returns {number | null} */
  const unitAt = (place) => {
    const word = place?.closest("[data-u]") ?? place?.closest("mark.stop")?.querySelector("[data-u]");
    if (!(word instanceof HTMLElement) || !graph.row.contains(word)) return null;
    const unit = Number(word.dataset.u);
    if (editor.mode === "spans") return row[unit]?.barrier ? null : unit;
    const from = editor.anchored[editor.anchorOf(unit)]?.from ?? -1;
    return stands(editor, from) ? from : null;
  };

  graph.field.addEventListener("pointerdown", (event) => {
    dragged = false;
    if (event.pointerType === "touch" || event.button !== 0) return;
    held = unitAt(/** @type {Element} */ (event.target));
    if (editor.mode !== "spans" || held === null) return;
    if (event.shiftKey && editor.cursor !== null) editor.anchor ??= editor.cursor;
    else editor.anchor = held;
    editor.cursor = held;
    editor.last = null;
    editor.refresh();
  });

  graph.field.addEventListener("pointermove", (event) => {
    if (held === null || editor.mode !== "spans" || event.pointerType === "touch") return;
    const unit = unitAt(/** @type {Element} */ (event.target));
    if (unit === null || unit === editor.cursor) return;
    editor.cursor = unit;
    dragged = true;
    editor.refresh();
  });

  const release = (/** @type {PointerEvent} */ event) => {
    if (held === null) return;
    const begun = held;
    held = null;
    if (editor.mode === "spans") {
      if (!dragged) {
        if (editor.anchor === editor.cursor) editor.anchor = null;
        return;
      }
      editor.mark();
      editor.cursor = null;
      editor.refresh();
      return;
    }
    const unit = event.target instanceof Element ? unitAt(event.target) : null;
    if (unit === null || unit === begun) return;
    dragged = true;
    editor.cursor = null;
    editor.selected = null;
    editor.connect(begun, unit);
  };
  // Anywhere: a release beside the text counts too.
  addEventListener("pointerup", release);

  graph.field.addEventListener("click", (event) => {
    const place = /** @type {Element} */ (event.target);
    const arc = place.closest("[data-arc]");
    if (arc instanceof HTMLElement || arc instanceof SVGElement) {
      const relation = editor.drawn[Number(arc.dataset.arc)];
      if (relation) editor.select(relation);
      return;
    }
    const unit = unitAt(place);
    if (unit === null || dragged) return;
    if (editor.mode === "relations") {
      editor.cursor = null;
      editor.pick(unit);
    } else if (/** @type {PointerEvent} */ (event).pointerType === "touch") {
      const { cursor } = editor;
      const { spans } = editor.values;
      const waiting = cursor !== null && !at(spans, row[cursor]) && !at(spans, row[unit]);
      editor.anchor = waiting ? cursor : null;
      editor.cursor = unit;
      editor.last = null;
      if (waiting) {
        editor.mark();
        editor.cursor = null;
      } else if (!at(spans, row[unit])) {
        editor.context.announce(t("Now tap the last word, or the same word again."));
      }
      editor.refresh();
    }
  });

  graph.field.addEventListener("dblclick", (event) => {
    const unit = unitAt(/** @type {Element} */ (event.target));
    if (editor.mode !== "spans" || unit === null || editor.anchored[editor.anchorOf(unit)]?.span) return;
    editor.cursor = unit;
    editor.anchor = null;
    editor.mark();
    editor.cursor = null;
    editor.refresh();
  });

  return () => removeEventListener("pointerup", release);
}
