/**
 * Mouse and touch on a picture that is drawn on: what presses and drags mean to the editor.
 *
 * A press becomes a drag once the pointer has gone a little way. On the selected shape a drag moves
 * it, or the corner that was pressed; elsewhere it draws what the active tool draws. A press
 * without a drag is a click. While a shape is dragged it is only shown so; it is one change when it
 * is let go.
 */

import { at, move, moveCorner, within } from "../annotations/shapes.js";
import { inWords } from "../media/picture.js";

/** @import { ImageEditor } from "./image_editor.js" */
/** @import { Point, Shape } from "../annotations/shapes.js" */

/** How far the pointer goes before a press is a drag. */
const slack = 4;

/** @param {ImageEditor} editor */
export function pointers(editor) {
  const { picture, annotations } = editor;
  const place = picture.box;
  /**
   * @type {{
   *   from: Point,
   *   shape: Shape | null,
   *   corner: number | null,
   *   moved: boolean,
   *   path: Point[],
   *   x: number,
   *   y: number,
   * } | null}
   */
  let drag = null;

  /** @param {PointerEvent} event */
  const pointOf = (event) => within(picture.point(event), editor.size);

  /**
   * A click: on a corner yet to be set, on a shape, or beside all of them.
   *
   * @param {Point} point
   */
  const press = (point) => {
    if (editor.pending.length) return editor.set(point);
    const hit = at(annotations.list, point, editor.reach, editor.tool === "polygon");
    if (hit) return editor.select(hit === annotations.selected ? null : hit);
    if (annotations.selected) return editor.select(null);
    annotations.deselect();
    if (editor.tool === "polygon") editor.set(point);
  };

  const endDrag = () => {
    drag = null;
    editor.dragging = false;
  };

  place.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || !event.isPrimary || !picture.there) return;
    const point = pointOf(event);
    const handle = /** @type {Element} */ (event.target).closest?.("[data-corner]");
    editor.cursor = null;
    const onSelected = annotations.selected && (handle || at([annotations.selected], point, editor.reach));
    drag = {
      from: point,
      shape: onSelected ? annotations.selected : null,
      corner: handle ? Number(/** @type {HTMLElement} */ (handle).dataset.corner) : null,
      moved: false,
      path: [point],
      x: event.clientX,
      y: event.clientY,
    };
    editor.dragging = true;
    if (editor.tool !== "select" || drag.shape) {
      place.setPointerCapture(event.pointerId);
      // The press must not begin a selection of text, but it takes the focus from a field.
      event.preventDefault();
      /** @type {HTMLElement | null} */ (document.activeElement)?.blur();
    }
  });

  place.addEventListener("pointermove", (event) => {
    const point = pointOf(event);
    if (!drag) {
      if (editor.tool === "polygon" && editor.pending.length) {
        editor.cursor = point;
        editor.pointed = true;
        editor.refresh();
      }
      return;
    }
    if (!drag.moved && Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < slack) return;
    const first = !drag.moved;
    drag.moved = true;
    if (first && !drag.shape && editor.tool !== "polygon" && editor.tool !== "select") annotations.deselect();
    if (drag.shape && annotations.selected) {
      const [dx, dy] = [point[0] - drag.from[0], point[1] - drag.from[1]];
      annotations.swap(annotations.selected, drag.corner === null ? move(drag.shape, dx, dy, editor.size) : moveCorner(drag.shape, drag.corner, point, editor.size));
    } else if (editor.tool === "rect") {
      editor.pending = [drag.from];
      editor.cursor = point;
    } else if (editor.tool === "freehand") {
      if (first) editor.pending = drag.path;
      drag.path.push(point);
      editor.pending = drag.path;
    }
    editor.refresh();
  });

  place.addEventListener("pointerup", (event) => {
    if (!drag) return;
    const { moved, shape, from, path, corner } = drag;
    endDrag();
    const point = pointOf(event);
    if (moved && shape && annotations.selected) {
      const next = annotations.selected;
      annotations.swap(next, shape);
      annotations.replace(next);
      editor.context.announce(inWords(next));
    } else if (moved && editor.tool === "rect") {
      editor.pending = [];
      editor.cursor = null;
      if (annotations.active.label) editor.add(editor.boxOf(from, point));
    } else if (moved && editor.tool === "freehand") {
      editor.pending = path;
      editor.close();
    } else if (corner === null) {
      press(moved ? from : point);
    }
    editor.refresh();
  });

  place.addEventListener("pointercancel", () => {
    if (drag?.shape && annotations.selected) annotations.swap(annotations.selected, drag.shape);
    if (editor.tool !== "polygon") editor.pending = [];
    endDrag();
    editor.cursor = null;
    editor.refresh();
  });
}
