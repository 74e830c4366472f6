/**
 * `audio_manual`: mark segments of a sound or a video, and label them.
 *
 * Mouse and touch: drag over the waveform to make a segment, over a segment as well, because they
 * may overlap; a click on one selects it, and then it is moved by dragging and changed by its
 * edges. A click elsewhere goes to that time.
 *
 * Keyboard: `[` sets where a segment begins and `]` where it ends, at the time that is heard, while
 * it plays or not; with a segment selected they move its ends there. `,` and `.` go through the
 * segments.
 *
 * As in image_manual, backspace removes a segment just made until the next begins
 * (annotation_list.js).
 */

import { h, put } from "../../shared/dom.js";
import { plural, t } from "../../shared/i18n.js";
import { clock, move, moveEnd, region, regionsOf, sorted, thousandth } from "../annotations/regions.js";
import { requireMedia } from "../media/media_error_view.js";
import { captions } from "./audio.js";
import { ActiveLabel } from "../editors/active_label.js";
import { AnnotationList } from "../editors/annotation_list.js";
import { editorKey } from "../editors/editor_keys.js";
import { LabelToolbar } from "../editors/label_toolbar.js";
import { toolButton } from "../view/tool_button.js";
import { inWords, Player, playerHelp } from "../media/player.js";

/** @import { Interface, Values } from "../state/types.js" */
/** @import { Region } from "../annotations/regions.js" */

/** How far the pointer goes before a press is a drag, in pixels. */
const slack = 4;

const active = new ActiveLabel();

/** @type {Interface} */
const audioManual = {
  draw(host, question, context) {
    const { task, project } = context;
    const { labels } = project;
    active.limitTo(labels);
    const given = context.values ? context.values.audio_spans : task.audio_spans;
    const annotations = new AnnotationList(regionsOf(given), active, { keep, inWords, announce: context.announce });
    /** What cannot be shown stays in the answer. @type {unknown[]} */
    const odd = Array.isArray(given) ? given.filter((one) => !annotations.list.includes(one)) : [];
    /** Where a segment begins that has no end yet. @type {number | null} */
    let pending = typeof context.values?.pending === "number" ? context.values.pending : null;
    /**
     * @type {{
     *   from: number,
     *   x: number,
     *   on: Region | null,
     *   edge: string | null,
     *   grab: Region | null,
     *   moved: boolean,
     *   to: number,
     * } | null}
     */
    let drag = null;

    const begin = toolButton(t("begin here"), "[", () => mark("start"), { "data-mark": "start" });
    const end = toolButton(t("end here"), "]", () => mark("end"), { "data-mark": "end" });
    const drop = toolButton(t("delete"), "backspace", () => void removeTarget(), { "data-tool": "delete" });
    const toolbar = new LabelToolbar(labels, context.settings("keymap_by_label"), {
      over: "media",
      take,
      back: () => host.focus({ preventScroll: true }),
      announce: context.announce,
      tools: [h("div", { class: "draw-tools" }, begin, end, drop)],
    });
    const editing = { toolbar, take, walk, removeTarget, undo, cancel };
    put(host, toolbar.element);
    const player = new Player(host, context, true, refresh);
    const count = h("p", { class: "wave-note", "data-count": "" });
    put(host, count);
    captions(host, question, context);
    const objection = requireMedia(() => player.presence, ["accept"], {
      coming: t("The sound is still loading. Wait for it, or accept again to answer without it."),
      lacking: t("The sound could not be played, so nothing can be marked in it. Skip the task, or accept again to answer without it."),
    });
    refresh();

    function refresh() {
      const dragged = drag?.moved && !drag.grab ? { from: drag.from, to: drag.to } : null;
      const waiting = pending === null ? null : { from: pending, to: pending };
      const { list, selected } = annotations;
      const target = annotations.target();
      player.draw({ regions: list, selected, pending: dragged ?? waiting });
      toolbar.element.hidden = player.lacking;
      count.hidden = player.lacking;
      toolbar.show(annotations.label);
      drop.toggleAttribute("disabled", !target && pending === null);
      count.textContent = pending === null
        ? target ? inWords(target) : list.length ? plural(list.length, "{n} segment marked", "{n} segments marked") : t("No segments marked")
        : t("A segment begins at {time}. ] ends it.", { time: clock(pending) });
    }

    function keep() {
      /** @type {Values} */
      const values = { audio_spans: [...annotations.list, ...odd] };
      if (pending !== null) values.pending = pending;
      context.edit(values);
    }

    /** @param {Region | null} one */
    function select(one) {
      annotations.select(one);
      if (one) {
        player.seek(one.start);
        context.announce(`${inWords(one)}. ${t("selected")}`);
      }
      refresh();
    }

    function removeTarget() {
      if (pending !== null) {
        pending = null;
        keep();
        refresh();
        return true;
      }
      if (!annotations.remove()) return false;
      select(null);
      return true;
    }

    /** @param {string} label */
    function take(label) {
      annotations.take(label);
      refresh();
    }

    /**
     * @param {number} from
     * @param {number} to
     */
    function add(from, to) {
      const made = active.label ? region(from, to, active.label, player.duration) : null;
      pending = null;
      if (made) {
        annotations.add(made);
      } else {
        keep();
        context.announce(t("Too short for a segment."));
      }
    }

    /**
     * Set an end at the time that is heard.
     *
     * @param {"start" | "end"} which
     */
    function mark(which) {
      if (!player.there) return;
      const now = thousandth(player.time);
      if (annotations.selected) {
        const next = moveEnd(annotations.selected, which, now, player.duration);
        if (next === annotations.selected) context.announce(t("Too short for a segment."));
        else {
          annotations.replace(next);
          context.announce(inWords(next));
        }
      } else if (which === "start" || pending === null) {
        // An end without a beginning is where the next segment begins.
        pending = now;
        annotations.deselect();
        keep();
        context.announce(t("A segment begins at {time}. ] ends it.", { time: clock(now) }));
      } else {
        add(pending, now);
      }
      refresh();
    }

    /** @param {1 | -1} step */
    function walk(step) {
      if (annotations.list.length) select(annotations.beside(sorted(annotations.list), step));
    }

    function undo() {
      if (pending !== null) removeTarget();
      else if (annotations.undo()) select(null);
    }

    function cancel() {
      if (pending !== null) return removeTarget();
      if (!annotations.target()) return false;
      select(null);
      return true;
    }

    // Mouse and touch.
    const { wave } = player;
    wave.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || !event.isPrimary || !player.there) return;
      const target = /** @type {Element} */ (event.target);
      const element = /** @type {HTMLElement | null} */ (target.closest("[data-region]"));
      const on = element ? (annotations.list[Number(element.dataset.region)] ?? null) : null;
      const edge = /** @type {HTMLElement | null} */ (target.closest("[data-edge]"))?.dataset.edge ?? null;
      const from = player.timeAt(event);
      drag = { from, x: event.clientX, on, edge, grab: on && (edge || on === annotations.selected) ? on : null, moved: false, to: from };
      wave.setPointerCapture(event.pointerId);
      event.preventDefault();
      /** @type {HTMLElement | null} */ (document.activeElement)?.blur();
    });
    wave.addEventListener("pointermove", (event) => {
      if (!drag || (!drag.moved && Math.abs(event.clientX - drag.x) < slack)) return;
      if (!drag.moved && !drag.grab) annotations.deselect();
      drag.moved = true;
      drag.to = player.timeAt(event);
      if (drag.grab) {
        const { grab, edge } = drag;
        const next = edge === "start" || edge === "end" ? moveEnd(grab, edge, drag.to, player.duration) : move(grab, drag.to - drag.from, player.duration);
        annotations.swap(drag.on, next);
        drag.on = next;
      }
      refresh();
    });
    wave.addEventListener("pointerup", () => {
      if (!drag) return;
      const { moved, grab, on, from, to } = drag;
      drag = null;
      if (!moved) {
        if (on) {
          select(on === annotations.selected ? null : on);
        } else {
          annotations.select(null);
          player.seek(from);
        }
      } else if (grab && on) {
        annotations.swap(on, grab);
        annotations.replace(on);
        context.announce(inWords(on));
      } else {
        add(from, to);
      }
      refresh();
    });
    wave.addEventListener("pointercancel", () => {
      if (drag?.grab) annotations.swap(drag.on, drag.grab);
      drag = null;
      refresh();
    });
    // A button that has the focus is pressed by enter and space; the pointer has had its own way.
    wave.addEventListener("click", (event) => {
      const element = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest("[data-region]"));
      const one = element && event.detail === 0 ? annotations.list[Number(element.dataset.region)] : undefined;
      if (one) select(one === annotations.selected ? null : one);
    });

    return {
      mounted: () => player.mounted(),
      destroy: () => player.destroy(),
      key(key) {
        if (player.lacking) return false;
        const done = editorKey(editing, key);
        if (done !== null) return done;
        if (key === "[" || key === "]") {
          mark(key === "[" ? "start" : "end");
          return true;
        }
        return player.key(key);
      },
      check(verdict) {
        if (verdict === "accept" && pending !== null && !player.lacking) return t("A segment has no end yet. Set it with ], or cancel with Escape.");
        return objection(verdict);
      },
    };
  },
  answer(task, values) {
    // Untouched, what the task came with stays what it is, however odd.
    if (values && "audio_spans" in values) return { audio_spans: values.audio_spans };
    return { audio_spans: "audio_spans" in task ? task.audio_spans : [] };
  },
  fromAnswer: (record) => ({ audio_spans: Array.isArray(record.audio_spans) ? record.audio_spans : [] }),
  keys: (project) => [
    ...playerHelp(project),
    { keys: ["[", "]"], does: t("begin or end a segment at the current time, or move the selected one's ends there") },
    { keys: [".", ","], does: t("select the next or previous segment") },
    { keys: ["1", "…", "9", "0"], does: t("choose a label and give it to the selection") },
    ...(project.labels.length > 10 ? [{ keys: ["/"], does: t("find a label by its name") }] : []),
    { keys: ["⌫"], does: t("delete the selection, or what was just drawn") },
    { keys: ["ctrl z"], does: t("undo the last change to the segments") },
    { keys: ["esc"], does: t("cancel, or clear the selection") },
  ],
};

export default audioManual;
