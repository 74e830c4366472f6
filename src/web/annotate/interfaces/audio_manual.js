/**
 * `audio_manual`: mark stretches of a sound or a film, and name them.
 *
 * Mouse and touch: drag over the waveform to make a stretch, over a stretch as well, because they
 * may overlap; a click on one selects it, and then it is moved by dragging and changed by its
 * edges. A click elsewhere goes to that time.
 *
 * Keyboard: `[` sets where a stretch begins and `]` where it ends, at the time that is heard, while
 * it plays or not; with a stretch selected they move its ends there. `,` and `.` go through the
 * stretches.
 *
 * As in image_manual, a stretch just made stays chosen until the next begins (annotation_list.js).
 */

import { h, put } from "../../shared/dom.js";
import { plural, t } from "../../shared/i18n.js";
import { clock, move, moveEnd, region, regionsOf, sorted, thousandth } from "../annotations/regions.js";
import { requireMedia } from "../media/media_error_view.js";
import { captions } from "./audio.js";
import { AnnotationList } from "../editors/annotation_list.js";
import { drawToolbar } from "../editors/draw_toolbar.js";
import { toolButton } from "../view/tool_button.js";
import { inWords, Player, playerHelp } from "../media/player.js";

/** @import { Interface, Values } from "../state/types.js" */
/** @import { Region } from "../annotations/regions.js" */

/** How far the pointer goes before a press is a drag, in pixels. */
const slack = 4;

/** The active label; it stays from card to card. */
const hand = { pen: "" };

/** @type {Interface} */
const audioManual = {
  draw(host, question, context) {
    const { task, project } = context;
    const { labels } = project;
    if (!labels.includes(hand.pen)) hand.pen = labels[0] ?? "";
    const given = context.values ? context.values.audio_spans : task.audio_spans;
    const marks = new AnnotationList(regionsOf(given), hand, { keep, inWords, announce: context.announce });
    /** What cannot be shown stays in the answer. @type {unknown[]} */
    const odd = Array.isArray(given) ? given.filter((one) => !marks.list.includes(one)) : [];
    /** Where a stretch begins that has no end yet. @type {number | null} */
    let pending = typeof context.values?.pending === "number" ? context.values.pending : null;
    /**
     * @type {{from: number, x: number, on: Region | null, edge: string | null, grab: Region | null, moved: boolean, to: number} | null}
     */
    let drag = null;

    const begin = toolButton(t("begin here"), "[", () => mark("start"), { "data-mark": "start" });
    const end = toolButton(t("end here"), "]", () => mark("end"), { "data-mark": "end" });
    const drop = toolButton(t("delete"), "backspace", () => void removeHere(), { "data-tool": "delete" });
    const bar = drawToolbar(labels, context.settings("keymap_by_label"), take, begin, end, drop);
    put(host, bar.element);
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
      const { list, selected } = marks;
      player.draw({ regions: list, selected, pending: dragged ?? waiting });
      bar.element.hidden = player.lacking;
      count.hidden = player.lacking;
      bar.show(marks.label);
      drop.toggleAttribute("disabled", !marks.here && pending === null);
      count.textContent = pending === null
        ? marks.here ? inWords(marks.here) : list.length ? plural(list.length, "{n} segment marked", "{n} segments marked") : t("No segments marked")
        : t("A segment begins at {time}. ] ends it.", { time: clock(pending) });
    }

    function keep() {
      /** @type {Values} */
      const values = { audio_spans: [...marks.list, ...odd] };
      if (pending !== null) values.pending = pending;
      context.edit(values);
    }

    /** @param {Region | null} one */
    function select(one) {
      marks.select(one);
      if (one) {
        player.seek(one.start);
        context.announce(`${inWords(one)}. ${t("selected")}`);
      }
      refresh();
    }

    function removeHere() {
      if (pending !== null) {
        pending = null;
        keep();
        refresh();
        return true;
      }
      if (!marks.remove()) return false;
      select(null);
      return true;
    }

    /** @param {string} label */
    function take(label) {
      marks.take(label);
      refresh();
    }

    /**
     * @param {number} from
     * @param {number} to
     */
    function add(from, to) {
      const made = hand.pen ? region(from, to, hand.pen, player.duration) : null;
      pending = null;
      if (made) {
        marks.add(made);
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
      if (marks.selected) {
        const next = moveEnd(marks.selected, which, now, player.duration);
        if (next === marks.selected) context.announce(t("Too short for a segment."));
        else {
          marks.replace(next);
          context.announce(inWords(next));
        }
      } else if (which === "start" || pending === null) {
        // An end without a beginning is where the next stretch begins.
        pending = now;
        marks.letGo();
        keep();
        context.announce(t("A segment begins at {time}. ] ends it.", { time: clock(now) }));
      } else {
        add(pending, now);
      }
      refresh();
    }

    // Mouse and touch.
    const { wave } = player;
    wave.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || !event.isPrimary || !player.there) return;
      const target = /** @type {Element} */ (event.target);
      const element = /** @type {HTMLElement | null} */ (target.closest("[data-region]"));
      const on = element ? (marks.list[Number(element.dataset.region)] ?? null) : null;
      const edge = /** @type {HTMLElement | null} */ (target.closest("[data-edge]"))?.dataset.edge ?? null;
      const from = player.timeAt(event);
      drag = { from, x: event.clientX, on, edge, grab: on && (edge || on === marks.selected) ? on : null, moved: false, to: from };
      wave.setPointerCapture(event.pointerId);
      event.preventDefault();
      /** @type {HTMLElement | null} */ (document.activeElement)?.blur();
    });
    wave.addEventListener("pointermove", (event) => {
      if (!drag || (!drag.moved && Math.abs(event.clientX - drag.x) < slack)) return;
      if (!drag.moved && !drag.grab) marks.letGo();
      drag.moved = true;
      drag.to = player.timeAt(event);
      if (drag.grab) {
        const { grab, edge } = drag;
        const next = edge === "start" || edge === "end" ? moveEnd(grab, edge, drag.to, player.duration) : move(grab, drag.to - drag.from, player.duration);
        marks.swap(drag.on, next);
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
          select(on === marks.selected ? null : on);
        } else {
          marks.select(null);
          player.seek(from);
        }
      } else if (grab && on) {
        marks.swap(on, grab);
        marks.replace(on);
        context.announce(inWords(on));
      } else {
        add(from, to);
      }
      refresh();
    });
    wave.addEventListener("pointercancel", () => {
      if (drag?.grab) marks.swap(drag.on, drag.grab);
      drag = null;
      refresh();
    });
    // A button that has the focus is pressed by enter and space; the pointer has had its own way.
    wave.addEventListener("click", (event) => {
      const element = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest("[data-region]"));
      const one = element && event.detail === 0 ? marks.list[Number(element.dataset.region)] : undefined;
      if (one) select(one === marks.selected ? null : one);
    });

    return {
      mounted: () => player.mounted(),
      destroy: () => player.destroy(),
      key(key) {
        if (player.lacking) return false;
        const label = bar.labelOf(key);
        if (label !== null) {
          take(label);
          return true;
        }
        if (key === "[" || key === "]") {
          mark(key === "[" ? "start" : "end");
          return true;
        }
        if (key === "." || key === ",") {
          if (marks.list.length) select(marks.beside(sorted(marks.list), key === "." ? 1 : -1));
          return true;
        }
        if (key === "backspace" || key === "delete") return removeHere();
        if (key === "ctrl+z" || key === "meta+z") {
          if (pending !== null) return removeHere();
          if (marks.undo()) select(null);
          return true;
        }
        if (key === "escape") {
          if (pending !== null) return removeHere();
          if (!marks.here) return false;
          select(null);
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
    { keys: ["⌫"], does: t("delete the selection, or what was just drawn") },
    { keys: ["ctrl z"], does: t("undo the last change to the segments") },
    { keys: ["esc"], does: t("cancel, or clear the selection") },
  ],
};

export default audioManual;
