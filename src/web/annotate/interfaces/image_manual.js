/**
 * `image_manual`: draw boxes, polygons and outlines on a picture, and name them.
 *
 * Mouse and touch: drag a box or an outline, click a polygon's corners (the first or the last once more
 * closes it). A click on a shape selects it: then it is moved by dragging, changed by its corners,
 * named anew by a label's key, and deleted. In hand for this is also a tool of its own, with which
 * nothing is drawn and a finger scrolls.
 *
 * Keyboard: the arrows move a cross over the picture, by larger steps with shift and by single pixels
 * with ctrl, and enter sets what a click would. `.` and `,` go through the shapes, `c` through the
 * corners of the selected one; the arrows then move these. All of it is told in words.
 *
 * As in ner_manual, a shape just drawn is not selected: the next label's key is meant for the next
 * shape. Backspace still takes it back. What is not closed yet is part of the draft.
 *
 * Rejected: to select on each press, which would make it impossible to draw one shape inside another;
 * and canvas, in which nothing can be found by a test or a person who looks into the page.
 */

import { h, put } from "../../shared/dom.js";
import { plural, t } from "../../shared/tongue.js";
import { numberOf, words } from "../json.js";
import { at, box, corners, equal, move, moveCorner, nearest, outline, simplify, within } from "../shapes.js";
import { shapesOf, zoomHelp, zoomKey, zoomTools } from "./image.js";
import { pens, tool } from "./pens.js";
import { inWords, Picture, sizeOf } from "./picture.js";

/** @import { Interface, Values } from "../types.js" */
/** @import { Point, Shape, Size } from "../shapes.js" */

/** @typedef {"rect" | "polygon" | "freehand"} Mode */
/** @typedef {Mode | "select"} Tool */

/** How near is on it, in pixels of the screen. */
const reach = 9;
/** How far the pointer goes before a press is a drag. */
const slack = 4;

/** The label and the tool in use; they stay from card to card, as a pen stays in the hand. */
let pen = "";
/** @type {Tool | null} */
let hand = null;

/** @type {Record<string, Tool>} */
const toolKeys = { b: "rect", p: "polygon", d: "freehand", s: "select" };

/**
 * The project's modes.
 *
 * @param {unknown} given
 * @returns {Mode[]}
 */
function modesOf(given) {
  /** @type {Mode[]} */
  const all = ["rect", "polygon", "freehand"];
  const some = Array.isArray(given) ? all.filter((mode) => given.includes(mode)) : all;
  return some.length ? some : all;
}

/** @type {Interface} */
const imageManual = {
  draw(host, question, desk) {
    const { task, project } = desk;
    const { labels } = project;
    const modes = modesOf(desk.settings("image_manual_modes"));
    const fromCentre = desk.settings("image_manual_from_center") === true;
    if (!labels.includes(pen)) pen = labels[0] ?? "";
    if (!hand || (hand !== "select" && !modes.includes(hand))) hand = modes[0] ?? "rect";

    let shapes = shapesOf(desk.values ? desk.values.spans : task.spans);
    /** @type {Shape[][]} */
    const before = [];
    /** @type {Shape | null} the shape whose latest change was a small step of an arrow key */
    let nudged = null;
    /** @type {Shape | null} */
    let selected = null;
    /** @type {number | null} */
    let corner = null;
    /** @type {Shape | null} the shape just drawn by mouse, which backspace takes back */
    let last = null;
    /** Corners set so far of what is being drawn. @type {Point[]} */
    let pending = Array.isArray(desk.values?.pending) ? /** @type {Point[]} */ (desk.values.pending) : [];
    /** @type {Point | null} */
    let cursor = null;
    /** @type {{from: Point, shape: Shape | null, corner: number | null, moved: boolean, path: Point[], x: number, y: number} | null} */
    let drag = null;
    let warned = false;

    const bar = pens(labels, desk.settings("keymap_by_label"), take);
    /** @type {Record<Tool, [string, string]>} */
    const tools = { rect: [t("box"), "b"], polygon: [t("polygon"), "p"], freehand: [t("outline"), "d"], select: [t("select"), "s"] };
    const toolButtons = /** @type {Tool[]} */ ([...modes, "select"]).map((one) => {
      const [name, key] = tools[one];
      return tool(name, key, () => takeTool(one), { "data-tool": one });
    });
    const drop = tool(t("delete"), "backspace", () => void removeHere(), { "data-tool": "delete" });
    put(host, bar.element);
    const picture = new Picture(host, desk, refresh);
    if (picture.trouble) return { check: () => null };
    bar.element.querySelector(".draw-tools")?.append(...toolButtons, drop, ...zoomTools(picture, desk.announce));
    picture.frame.setAttribute("aria-label", t("The picture. The arrow keys move a cross over it, enter sets a corner."));
    const list = h("div", { class: "drawn", role: "group", "aria-label": t("What is drawn") });
    put(host, list);
    if (task.text) put(host, h("p", { class: "text", dir: "auto" }, words(task.text)));
    if (task.label) put(question, h("p", { class: "asked", dir: "auto" }, words(task.label)));
    const stroke = numberOf(desk.settings("image_manual_stroke_width"));
    if (stroke > 0) picture.box.style.setProperty("--stroke", String(Math.min(20, stroke)));
    const font = numberOf(desk.settings("image_manual_font_size"));
    if (font > 0) picture.marks.style.setProperty("font-size", `${Math.min(48, Math.max(9, font))}px`);
    refresh();

    /** @returns {Size} */
    function size() {
      return picture.size ?? { width: 1, height: 1 };
    }

    /** Hand over what there is. */
    function keep() {
      /** @type {Values} */
      const values = { spans: /** @type {any} */ (shapes), ...size() };
      if (pending.length) values.pending = pending;
      desk.edit(values);
    }

    /**
     * @param {Shape[]} next
     * @param {Shape | null} [nudge] the shape as it is after a small step
     */
    function edit(next, nudge = null) {
      if (!nudge || nudged !== selected) before.push(shapes);
      nudged = nudge;
      shapes = next;
      keep();
    }

    /** What is shown while a pointer draws or moves. */
    function preview() {
      if (hand === "rect" && pending.length && cursor) {
        const made = box(opposite(/** @type {Point} */ (pending[0]), cursor), cursor, pen, size());
        return { pending: made ? corners(made) : pending, closed: Boolean(made) };
      }
      const pointing = pending.length && cursor && hand === "polygon" && !equal(/** @type {Point} */ (pending.at(-1)), cursor);
      return { pending: pointing ? [...pending, cursor] : pending, closed: false };
    }

    /**
     * @param {Point} first
     * @param {Point} second
     * @returns {Point} the corner across from the second
     */
    function opposite(first, second) {
      return fromCentre ? [2 * first[0] - second[0], 2 * first[1] - second[1]] : first;
    }

    function refresh() {
      picture.draw({
        shapes,
        selected,
        corner,
        cursor: drag ? null : cursor,
        names: desk.settings("image_manual_show_labels") !== false,
        .../** @type {{pending: Point[], closed: boolean}} */ (preview()),
      });
      bar.show(selected ? words(selected.label) : pen);
      for (const button of toolButtons) button.setAttribute("aria-pressed", String(button.dataset.tool === hand));
      picture.box.dataset.tool = hand ?? "";
      drop.toggleAttribute("disabled", !here() && !pending.length);
      const drawn = shapes.filter((shape) => corners(shape).length);
      const focused = [...list.children].indexOf(/** @type {Element} */ (document.activeElement));
      list.replaceChildren(
        ...drawn.map((shape, i) => {
          const button = h(
            "button",
            {
              type: "button",
              class: "drawn-one",
              "data-drawn": i,
              "aria-pressed": String(shape === selected),
              "aria-label": inWords(shape),
              onclick: (/** @type {MouseEvent} */ event) => {
                select(shape === selected ? null : shape);
                if (event.detail > 0) /** @type {HTMLElement | null} */ (document.activeElement)?.blur();
              },
            },
            h("span", { dir: "auto" }, words(shape.label) || "–"),
          );
          return button;
        }),
      );
      if (focused >= 0) /** @type {HTMLElement | undefined} */ (list.children[focused])?.focus();
    }

    /** @param {Shape | null} shape */
    function select(shape) {
      selected = shape;
      corner = null;
      last = null;
      nudged = null;
      if (shape) {
        cursor = null;
        desk.announce(`${inWords(shape)}. ${t("selected")}`);
        const [first] = corners(shape);
        if (first) picture.reveal(first);
      }
      refresh();
    }

    /** What backspace would delete. */
    function here() {
      return selected ?? (last && shapes.includes(last) ? last : null);
    }

    function removeHere() {
      if (pending.length) {
        pending = hand === "polygon" ? pending.slice(0, -1) : [];
        keep();
        desk.announce(plural(pending.length, "{n} corner set", "{n} corners set"));
        refresh();
        return true;
      }
      const shape = here();
      if (!shape) return false;
      edit(shapes.filter((one) => one !== shape));
      desk.announce(t("{label} deleted", { label: words(shape.label) }));
      select(null);
      return true;
    }

    /**
     * Take a label in hand, or give it to the selected shape.
     *
     * @param {string} label
     */
    function take(label) {
      if (!selected) {
        pen = label;
        desk.announce(t("{label} is in hand", { label }));
      } else if (words(selected.label) !== label) {
        replace({ ...selected, label });
        desk.announce(`${inWords(/** @type {Shape} */ (selected))}`);
      }
      refresh();
    }

    /** @param {Tool} next */
    function takeTool(next) {
      if (next !== "select" && !modes.includes(next)) return false;
      if (pending.length) giveUp();
      hand = next;
      if (next !== "select") selected = null;
      desk.announce(t("{tool} is in hand", { tool: tools[next][0] }));
      refresh();
      return true;
    }

    /**
     * Put the selected shape anew.
     *
     * @param {Shape} next
     * @param {boolean} [small] whether it was a small step, which is undone with its neighbours
     */
    function replace(next, small = false) {
      const old = selected;
      if (!old || next === old) return;
      const all = shapes.map((one) => (one === old ? next : one));
      edit(all, small ? next : null);
      selected = next;
    }

    /** @param {Shape | null} made */
    function add(made) {
      pending = [];
      if (!made) {
        keep();
        desk.announce(t("That is too small to be a shape."));
        return;
      }
      edit([...shapes, made]);
      last = made;
      selected = null;
      desk.announce(inWords(made));
    }

    function giveUp() {
      pending = [];
      keep();
    }

    /** Finish what was begun, with the corners that are set. */
    function close() {
      if (hand === "polygon" || hand === "freehand") {
        const points = hand === "freehand" ? simplify(pending, picture.unit() / 2) : pending;
        add(outline(points, hand, pen, size()));
      }
    }

    /**
     * Set a corner, by click or by enter.
     *
     * @param {Point} point
     */
    function set(point) {
      if (!pen) return;
      const first = pending[0];
      if (hand === "rect") {
        if (!first) {
          pending = [point];
          keep();
          desk.announce(fromCentre ? t("The middle is set. Now a corner.") : t("One corner is set. Now the one across."));
        } else {
          add(box(opposite(first, point), point, pen, size()));
        }
      } else if (hand === "polygon") {
        const near = (/** @type {Point | undefined} */ other) => other && Math.hypot(other[0] - point[0], other[1] - point[1]) <= reach * picture.unit();
        if (pending.length > 2 && (near(first) || near(pending.at(-1)))) {
          close();
        } else if (!near(pending.at(-1))) {
          pending = [...pending, point];
          keep();
          desk.announce(plural(pending.length, "{n} corner set", "{n} corners set"));
        }
      } else if (hand === "freehand") {
        if (pending.length) {
          close();
        } else {
          pending = [point];
          keep();
          desk.announce(t("The outline begins here. Enter ends it."));
        }
      }
    }

    // Mouse and touch.
    picture.box.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || !event.isPrimary || !picture.there) return;
      const point = within(picture.point(event), size());
      const handle = /** @type {Element} */ (event.target).closest?.("[data-corner]");
      cursor = null;
      const onSelected = selected && (handle || at([selected], point, reach * picture.unit()));
      drag = {
        from: point,
        shape: onSelected ? selected : null,
        corner: handle ? Number(/** @type {HTMLElement} */ (handle).dataset.corner) : null,
        moved: false,
        path: [point],
        x: event.clientX,
        y: event.clientY,
      };
      if (hand !== "select" || drag.shape) {
        picture.box.setPointerCapture(event.pointerId);
        // The press must not begin a selection of text, but it takes the focus from a field.
        event.preventDefault();
        /** @type {HTMLElement | null} */ (document.activeElement)?.blur();
      }
    });
    picture.box.addEventListener("pointermove", (event) => {
      const point = within(picture.point(event), size());
      if (!drag) {
        if (hand === "polygon" && pending.length) {
          cursor = point;
          refresh();
        }
        return;
      }
      if (!drag.moved && Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < slack) return;
      const first = !drag.moved;
      drag.moved = true;
      if (drag.shape && selected) {
        const [dx, dy] = [point[0] - drag.from[0], point[1] - drag.from[1]];
        const next = drag.corner === null ? move(drag.shape, dx, dy, size()) : moveCorner(drag.shape, drag.corner, point, size());
        shapes = shapes.map((one) => (one === selected ? next : one));
        selected = next;
      } else if (hand === "rect") {
        pending = [drag.from];
        cursor = point;
      } else if (hand === "freehand") {
        if (first) pending = drag.path;
        drag.path.push(point);
        pending = drag.path;
      }
      refresh();
    });
    const end = (/** @type {PointerEvent} */ event) => {
      if (!drag) return;
      const { moved, shape, from, path } = drag;
      const began = drag.corner;
      drag = null;
      const point = within(picture.point(event), size());
      if (moved && shape && selected) {
        const next = selected;
        shapes = shapes.map((one) => (one === next ? shape : one));
        selected = shape;
        replace(next);
        desk.announce(inWords(next));
      } else if (moved && hand === "rect") {
        pending = [];
        cursor = null;
        if (pen) add(box(opposite(from, point), point, pen, size()));
      } else if (moved && hand === "freehand") {
        pending = path;
        close();
      } else if (began === null) {
        press(moved ? from : point);
      }
      refresh();
    };
    picture.box.addEventListener("pointerup", end);
    picture.box.addEventListener("pointercancel", () => {
      if (drag?.shape && selected) {
        const { shape } = drag;
        shapes = shapes.map((one) => (one === selected ? shape : one));
        selected = shape;
      }
      if (hand !== "polygon") pending = [];
      drag = null;
      cursor = null;
      refresh();
    });

    /**
     * A click: on a corner yet to be set, on a shape, or beside all of them.
     *
     * @param {Point} point
     */
    function press(point) {
      if (pending.length) return set(point);
      const hit = at(shapes, point, reach * picture.unit(), hand === "polygon");
      if (hit) return select(hit === selected ? null : hit);
      if (selected) return select(null);
      if (hand === "polygon") set(point);
    }

    /**
     * @param {string} key
     * @returns {boolean}
     */
    function arrow(key) {
      const [, held, way] = /^(shift\+|ctrl\+|meta\+)?arrow(left|right|up|down)$/.exec(key) ?? [];
      if (!way || !picture.there) return false;
      const { width, height } = size();
      const usual = Math.max(1, Math.round(Math.max(width, height) / 100));
      const step = held === "shift+" ? usual * 10 : held ? 1 : usual;
      const [dx, dy] = way === "left" ? [-step, 0] : way === "right" ? [step, 0] : way === "up" ? [0, -step] : [0, step];
      if (selected) {
        const points = corners(selected);
        const point = corner === null ? null : points[corner];
        const to = point && within([point[0] + dx, point[1] + dy], size());
        replace(to ? moveCorner(selected, /** @type {number} */ (corner), to, size()) : move(selected, dx, dy, size()), true);
        if (to) corner = nearest(selected, to);
        desk.announce(inWords(selected));
        const seen = corners(selected)[corner ?? 0];
        if (seen) picture.reveal(seen);
      } else {
        // The first press shows the cross: in the middle, or where something was begun.
        const from = cursor ?? pending.at(-1);
        cursor = within(from ? [from[0] + dx, from[1] + dy] : [width / 2, height / 2], size());
        last = null;
        if (hand === "freehand" && pending.length) {
          pending = [...pending, cursor];
          keep();
        }
        picture.reveal(cursor);
        const under = at(shapes, cursor, 0);
        desk.announce(`${t("x {x}, y {y}", { x: cursor[0], y: cursor[1] })}${under ? `, ${words(under.label)}` : ""}`);
      }
      refresh();
      return true;
    }

    /** @param {1 | -1} step */
    function walk(step) {
      const drawn = shapes.filter((shape) => corners(shape).length);
      if (!drawn.length) return;
      const from = selected ? drawn.indexOf(selected) : step > 0 ? -1 : drawn.length;
      select(drawn[(from + step + drawn.length) % drawn.length] ?? null);
    }

    return {
      key(key) {
        const label = bar.labelOf(key);
        if (label !== null) {
          take(label);
          return true;
        }
        if (Object.hasOwn(toolKeys, key)) return takeTool(/** @type {Tool} */ (toolKeys[key]));
        if (key === "enter") {
          if (!cursor || selected) return false;
          set(cursor);
          refresh();
          return true;
        }
        if (key === "backspace" || key === "delete") return removeHere();
        if (key === "." || key === ",") {
          walk(key === "." ? 1 : -1);
          return true;
        }
        if (key === "c" && selected) {
          const count = corners(selected).length;
          corner = corner === null ? 0 : corner + 1 < count ? corner + 1 : null;
          desk.announce(corner === null ? t("the whole shape") : t("corner {i} of {n}", { i: corner + 1, n: count }));
          refresh();
          return true;
        }
        if (key === "ctrl+z" || key === "meta+z") {
          if (pending.length) return removeHere();
          const back = before.pop();
          if (!back) return true;
          shapes = back;
          keep();
          select(null);
          desk.announce(t("The last change is undone."));
          return true;
        }
        if (key === "escape") {
          if (pending.length) giveUp();
          else if (corner !== null) corner = null;
          else if (selected) selected = null;
          else if (cursor) cursor = null;
          else return false;
          refresh();
          return true;
        }
        return zoomKey(key, picture, desk.announce) || arrow(key);
      },
      check(verdict) {
        if (verdict !== "accept") return null;
        if (pending.length) return t("A shape is not finished yet. Close it with enter or a click on its first corner, or give it up with escape.");
        if (picture.there || warned) return null;
        warned = true;
        return t("The picture is not there yet. Wait for it, or accept once more to answer without it.");
      },
    };
  },
  answer(task, values) {
    const size = sizeOf(task);
    /** @type {Values} */
    const own = {};
    // Untouched, what the task came with stays what it is, however odd.
    if (values && "spans" in values) own.spans = values.spans;
    else if (!("spans" in task)) own.spans = [];
    const { width, height } = values ?? {};
    if (typeof width === "number" && typeof height === "number") return { ...own, width, height };
    return size ? { ...own, ...size } : own;
  },
  recall(record) {
    /** @type {Values} */
    const values = { spans: /** @type {any} */ (shapesOf(record.spans)) };
    if (typeof record.width === "number" && typeof record.height === "number") Object.assign(values, { width: record.width, height: record.height });
    return values;
  },
  keys: () => [
    { keys: ["b", "p", "d", "s"], does: t("take the box, the polygon, the outline, or the hand that selects") },
    { keys: ["←", "→", "↑", "↓"], does: t("move the cross, or what is selected; larger steps with ⇧, single pixels with ctrl") },
    { keys: ["⏎"], does: t("set a corner where the cross is; on the first or the last corner it closes a polygon") },
    { keys: [".", ","], does: t("select the next shape, the one before") },
    { keys: ["c"], does: t("take the next corner of the selected shape") },
    { keys: ["1", "…", "9", "0"], does: t("take a label, or give it to what is selected") },
    { keys: ["⌫"], does: t("delete what is selected, or the last corner") },
    { keys: ["ctrl z"], does: t("undo the last change to the shapes") },
    { keys: ["esc"], does: t("let go") },
    zoomHelp(),
  ],
};

export default imageManual;
