/**
 * `image_manual`: draw boxes, polygons and outlines on a picture, and name them.
 *
 * Mouse and touch: drag a box or an outline, click a polygon's corners (the first or the last once
 * more closes it). A click on a shape selects it: then it is moved by dragging, changed by its
 * corners, renamed by a label's key, and deleted. The select tool does the same; with it nothing
 * is drawn and a finger scrolls.
 *
 * Keyboard: the arrows move a cross over the picture, by larger steps with shift and by single
 * pixels with ctrl, and enter sets what a click would. `.` and `,` go through the shapes, `v`
 * through the corners of the selected one; the arrows then move these. All of it is told in words.
 *
 * A shape just drawn is taken back by backspace until the next begins (annotation_list.js). It is
 * not selected and has no outline, as the arrows, a drag and a label's key are for the next one.
 * What is not closed yet is part of the draft.
 *
 * The card in work is in image_editor.js. Here is what goes into the answer and what the help says.
 *
 * Rejected: to select on each press, which would make it impossible to draw one shape inside
 * another; and canvas, in which nothing can be found by a test or a person who looks into the page.
 */

import { t } from "../../shared/i18n.js";
import { shapesOf } from "../annotations/shapes.js";
import { zoomHelp } from "../media/picture_zoom.js";
import { ImageEditor } from "../editors/image_editor.js";
import { sizeFrom, sizeOf } from "../media/picture.js";

/** @import { Interface, Values } from "../state/types.js" */

/** @type {Interface} */
const imageManual = {
  draw: (host, question, context) => new ImageEditor(host, question, context).view(),
  answer(task, values) {
    const size = sizeOf(task);
    /** @type {Values} */
    const own = {};
    // Untouched, what the task came with stays what it is, however odd.
    if (values && "spans" in values) own.spans = values.spans;
    else own.spans = "spans" in task ? /** @type {any} */ (task.spans) : [];
    const { width, height } = values ?? {};
    const given = sizeFrom(task);
    // The size that the task has is the task's; one that it lacks, or has swapped, is the answer's.
    if (typeof width === "number" && typeof height === "number") {
      return given?.width === width && given.height === height ? own : { ...own, width, height };
    }
    return size && !given ? { ...own, ...size } : own;
  },
  fromAnswer(record) {
    /** @type {Values} */
    const values = { spans: /** @type {any} */ (shapesOf(record.spans)) };
    if (typeof record.width === "number" && typeof record.height === "number") Object.assign(values, { width: record.width, height: record.height });
    return values;
  },
  keys: (project) => [
    { keys: ["b", "p", "d", "s"], does: t("choose the box, polygon, outline or select tool") },
    { keys: ["←", "→", "↑", "↓"], does: t("move the cross or the selection; ⇧ for larger steps, ctrl for single pixels") },
    { keys: ["⏎"], does: t("set a corner where the cross is; on the first or the last corner, or after the mouse, it closes a polygon") },
    { keys: [".", ","], does: t("select the next or previous shape") },
    { keys: ["v"], does: t("go to the next corner of the selected shape") },
    { keys: ["1", "…", "9", "0"], does: t("choose a label and give it to the selection") },
    ...(project.labels.length > 10 ? [{ keys: ["/"], does: t("find a label by its name") }] : []),
    { keys: ["⌫"], does: t("delete the selection, what was just drawn, or the last corner") },
    { keys: ["ctrl z"], does: t("undo the last change to the shapes") },
    { keys: ["esc"], does: t("cancel, or clear the selection") },
    zoomHelp(),
  ],
};

export default imageManual;
