/**
 * One card of `image_manual` in work: its shapes (annotation_list.js), what is being drawn, and
 * what each tool and key makes of them.
 *
 * The picture and the shapes on it are drawn by picture.js. What presses and drags mean is in
 * image_pointers.js, the geometry in ../shapes.js.
 */

import { h, put } from "../../shared/dom.js";
import { plural, t } from "../../shared/i18n.js";
import { numberOf, toText } from "../state/lossless_json.js";
import { at, box, corners, equal, move, moveCorner, nearest, outline, shapesOf, simplify, within } from "../annotations/shapes.js";
import { requireMedia } from "../media/media_error_view.js";
import { zoomKey, zoomTools } from "../media/picture_zoom.js";
import { pointers } from "./image_pointers.js";
import { ActiveLabel } from "./active_label.js";
import { AnnotationList } from "./annotation_list.js";
import { editorKey } from "./editor_keys.js";
import { LabelToolbar } from "./label_toolbar.js";
import { toolButton } from "../view/tool_button.js";
import { inWords, Picture } from "../media/picture.js";

/** @import { Context, Values, Verdict, View } from "../state/types.js" */
/** @import { Point, Shape, Size } from "../annotations/shapes.js" */

/** @typedef {"rect" | "polygon" | "freehand"} Mode */
/** @typedef {Mode | "select"} Tool */

/** How near is on it, in pixels of the screen. */
const reach = 9;

const active = new ActiveLabel();

/**
 * The active tool, which stays from card to card.
 *
 * @type {{tool: Tool | null}}
 */
const kept = { tool: null };

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

export class ImageEditor {
  /**
   * @param {HTMLElement} host
   * @param {HTMLElement} question
   * @param {Context} context
   */
  constructor(host, question, context) {
    const { task, project } = context;
    const { labels } = project;
    this.context = context;
    this.modes = modesOf(context.settings("image_manual_modes"));
    this.fromCentre = context.settings("image_manual_from_center") === true;
    active.limitTo(labels);
    if (!kept.tool || (kept.tool !== "select" && !this.modes.includes(kept.tool))) kept.tool = this.modes[0] ?? "rect";

    /** @type {AnnotationList<Shape>} */
    this.annotations = new AnnotationList(shapesOf(context.values ? context.values.spans : task.spans), active, { keep: () => this.keep(), inWords, announce: context.announce });
    /** @type {number | null} the corner that the arrows move */
    this.corner = null;
    /** Corners set so far of what is being drawn. @type {Point[]} */
    this.pending = Array.isArray(context.values?.pending) ? /** @type {Point[]} */ (context.values.pending) : [];
    /** @type {Point | null} */
    this.cursor = null;
    /** Whether the cursor is where the mouse went, and not the keys. */
    this.pointed = false;
    /** Whether a press goes on. */
    this.dragging = false;

    /** @type {Record<Tool, [string, string]>} */
    this.tools = { rect: [t("box"), "b"], polygon: [t("polygon"), "p"], freehand: [t("outline"), "d"], select: [t("select"), "s"] };
    this.toolButtons = /** @type {Tool[]} */ ([...this.modes, "select"]).map((one) => {
      const [name, key] = this.tools[one];
      return toolButton(name, key, () => this.takeTool(one), { "data-tool": one });
    });
    this.drop = toolButton(t("delete"), "backspace", () => void this.removeTarget(), { "data-tool": "delete" });
    this.list = h("div", { class: "drawn", role: "group", "aria-label": t("What is drawn") });
    this.picture = new Picture(host, context, () => this.refresh());
    const { picture } = this;
    this.toolbar = new LabelToolbar(labels, context.settings("keymap_by_label"), {
      over: "media",
      take: (label) => this.take(label),
      back: () => host.focus({ preventScroll: true }),
      announce: context.announce,
      tools: [h("div", { class: "draw-tools" }, ...this.toolButtons, this.drop, ...zoomTools(picture, context.announce))],
    });
    host.prepend(this.toolbar.element);
    this.notSeen = requireMedia(() => picture.presence, ["accept"], {
      lacking: t("The picture could not be shown, so nothing can be drawn on it. Skip the task, or accept again to answer without it."),
    });
    picture.frame.setAttribute("aria-label", t("The picture. The arrow keys move a cross over it, enter sets a corner."));
    put(host, this.list);
    if (task.text) put(host, h("p", { class: "text", dir: "auto" }, toText(task.text)));
    if (task.label) put(question, h("p", { class: "asked", dir: "auto" }, toText(task.label)));
    const stroke = numberOf(context.settings("image_manual_stroke_width"));
    if (stroke > 0) picture.box.style.setProperty("--stroke", String(Math.min(20, stroke)));
    const font = numberOf(context.settings("image_manual_font_size"));
    if (font > 0) picture.marks.style.setProperty("font-size", `${Math.min(48, Math.max(9, font))}px`);
    this.refresh();
    pointers(this);
  }

  get tool() {
    return kept.tool;
  }

  /** @returns {Size} */
  get size() {
    return this.picture.size ?? { width: 1, height: 1 };
  }

  /** How near is on it, in pixels of the picture. */
  get reach() {
    return reach * this.picture.unit();
  }

  /** Hand over what there is. */
  keep() {
    /** @type {Values} */
    const values = { spans: /** @type {any} */ (this.annotations.list), ...this.size };
    if (this.pending.length) values.pending = this.pending;
    this.context.edit(values);
  }

  // Drawing.

  /** What is shown while a pointer draws or moves. */
  preview() {
    const { pending, cursor } = this;
    if (kept.tool === "rect" && pending.length && cursor) {
      const made = this.boxOf(/** @type {Point} */ (pending[0]), cursor);
      return { pending: made ? corners(made) : pending, closed: Boolean(made) };
    }
    const pointing = pending.length && cursor && kept.tool === "polygon" && !equal(/** @type {Point} */ (pending.at(-1)), cursor);
    return { pending: pointing ? [...pending, cursor] : pending, closed: false };
  }

  refresh() {
    const { annotations, picture, list } = this;
    const { selected } = annotations;
    picture.draw({
      shapes: annotations.list,
      selected,
      corner: this.corner,
      cursor: this.dragging ? null : this.cursor,
      names: this.context.settings("image_manual_show_labels") !== false,
      .../** @type {{pending: Point[], closed: boolean}} */ (this.preview()),
    });
    // What cannot be seen is not changed either.
    this.toolbar.element.hidden = picture.lacking;
    list.hidden = picture.lacking;
    this.toolbar.show(annotations.label);
    for (const button of this.toolButtons) button.setAttribute("aria-pressed", String(button.dataset.tool === kept.tool));
    picture.box.dataset.tool = kept.tool ?? "";
    this.drop.toggleAttribute("disabled", !annotations.target() && !this.pending.length);
    const focused = [...list.children].indexOf(/** @type {Element} */ (document.activeElement));
    list.replaceChildren(
      ...this.drawn().map((shape, i) =>
        h(
          "button",
          {
            type: "button",
            class: "drawn-one",
            "data-drawn": i,
            "aria-pressed": String(shape === selected),
            "aria-label": inWords(shape),
            onclick: (/** @type {MouseEvent} */ event) => {
              this.select(shape === annotations.selected ? null : shape);
              if (event.detail > 0) /** @type {HTMLElement | null} */ (document.activeElement)?.blur();
            },
          },
          h("span", { dir: "auto" }, toText(shape.label) || "–"),
        ),
      ),
    );
    if (focused >= 0) /** @type {HTMLElement | undefined} */ (list.children[focused])?.focus();
  }

  /** The shapes that can be drawn. */
  drawn() {
    return this.annotations.list.filter((shape) => corners(shape).length);
  }

  // Changes.

  /** @param {Shape | null} shape */
  select(shape) {
    this.annotations.select(shape);
    this.corner = null;
    if (shape) {
      this.cursor = null;
      this.context.announce(`${inWords(shape)}. ${t("selected")}`);
      const [first] = corners(shape);
      if (first) this.picture.reveal(first);
    }
    this.refresh();
  }

  removeTarget() {
    if (this.pending.length) {
      this.pending = kept.tool === "polygon" ? this.pending.slice(0, -1) : [];
      this.keep();
      this.context.announce(plural(this.pending.length, "{n} corner set", "{n} corners set"));
      this.refresh();
      return true;
    }
    if (!this.annotations.remove()) return false;
    this.select(null);
    return true;
  }

  /** @param {string} label */
  take(label) {
    this.annotations.take(label);
    this.refresh();
  }

  /** @param {Tool} next */
  takeTool(next) {
    if (next !== "select" && !this.modes.includes(next)) return false;
    if (this.pending.length) this.giveUp();
    kept.tool = next;
    if (next !== "select" && this.annotations.selected) this.annotations.deselect();
    this.context.announce(t("Active tool: {tool}", { tool: this.tools[next][0] }));
    this.refresh();
    return true;
  }

  /**
   * @param {Point} first
   * @param {Point} second
   */
  boxOf(first, second) {
    /** @type {Point} the corner across from the second */
    const across = this.fromCentre ? [2 * first[0] - second[0], 2 * first[1] - second[1]] : first;
    return box(across, second, active.label, this.size);
  }

  /** @param {Shape | null} made */
  add(made) {
    this.pending = [];
    if (made) {
      this.annotations.add(made);
    } else {
      this.keep();
      this.context.announce(t("Too small for a shape."));
    }
  }

  giveUp() {
    this.pending = [];
    this.keep();
  }

  /** Finish what was begun, with the corners that are set. */
  close() {
    if (kept.tool !== "polygon" && kept.tool !== "freehand") return;
    const points = kept.tool === "freehand" ? simplify(this.pending, this.picture.unit() / 2) : this.pending;
    this.add(outline(points, kept.tool, active.label, this.size));
  }

  /**
   * Set a corner, by click or by enter.
   *
   * @param {Point} point
   */
  set(point) {
    if (!active.label) return;
    if (!this.pending.length) this.annotations.deselect();
    const first = this.pending[0];
    if (kept.tool === "rect") {
      if (!first) {
        this.pending = [point];
        this.keep();
        this.context.announce(this.fromCentre ? t("The middle is set. Now set a corner.") : t("One corner is set. Now set the opposite one."));
      } else {
        this.add(this.boxOf(first, point));
      }
    } else if (kept.tool === "polygon") {
      const near = (/** @type {Point | undefined} */ other) => other && Math.hypot(other[0] - point[0], other[1] - point[1]) <= this.reach;
      if (this.pending.length > 2 && (near(first) || near(this.pending.at(-1)))) {
        this.close();
      } else if (!near(this.pending.at(-1))) {
        this.pending = [...this.pending, point];
        this.keep();
        this.context.announce(plural(this.pending.length, "{n} corner set", "{n} corners set"));
      }
    } else if (kept.tool === "freehand") {
      if (this.pending.length) {
        this.close();
      } else {
        this.pending = [point];
        this.keep();
        this.context.announce(t("The outline begins here. Enter ends it."));
      }
    }
  }

  // Keys.

  /** @param {1 | -1} step */
  walk(step) {
    const drawn = this.drawn();
    if (drawn.length) this.select(this.annotations.beside(drawn, step));
  }

  undo() {
    if (this.pending.length) this.removeTarget();
    else if (this.annotations.undo()) this.select(null);
  }

  /** Clear what was begun or selected last. */
  cancel() {
    const { annotations } = this;
    if (this.pending.length) this.giveUp();
    else if (this.corner !== null) this.corner = null;
    else if (annotations.selected) annotations.deselect();
    else if (annotations.target() || this.cursor) {
      annotations.deselect();
      this.cursor = null;
    } else return false;
    this.refresh();
    return true;
  }

  /**
   * @param {string} key
   * @returns {boolean}
   */
  arrow(key) {
    const { annotations, picture, size, context } = this;
    const [, held, way] = /^(shift\+|ctrl\+|meta\+)?arrow(left|right|up|down)$/.exec(key) ?? [];
    if (!way || !picture.there) return false;
    const usual = Math.max(1, Math.round(Math.max(size.width, size.height) / 100));
    const step = held === "shift+" ? usual * 10 : held ? 1 : usual;
    const [dx, dy] = way === "left" ? [-step, 0] : way === "right" ? [step, 0] : way === "up" ? [0, -step] : [0, step];
    if (annotations.selected) {
      const points = corners(annotations.selected);
      const point = this.corner === null ? null : points[this.corner];
      const to = point && within([point[0] + dx, point[1] + dy], size);
      annotations.replace(to ? moveCorner(annotations.selected, /** @type {number} */ (this.corner), to, size) : move(annotations.selected, dx, dy, size), true);
      if (to) this.corner = nearest(annotations.selected, to);
      context.announce(inWords(annotations.selected));
      const seen = corners(annotations.selected)[this.corner ?? 0];
      if (seen) picture.reveal(seen);
    } else {
      // The first press shows the cross: in the middle, or where something was begun.
      const from = this.cursor ?? this.pending.at(-1);
      this.pointed = false;
      const cursor = within(from ? [from[0] + dx, from[1] + dy] : [size.width / 2, size.height / 2], size);
      this.cursor = cursor;
      if (kept.tool === "freehand" && this.pending.length) {
        this.pending = [...this.pending, cursor];
        this.keep();
      }
      picture.reveal(cursor);
      const under = at(annotations.list, cursor, 0);
      context.announce(`${t("x {x}, y {y}", { x: cursor[0], y: cursor[1] })}${under ? `, ${toText(under.label)}` : ""}`);
    }
    this.refresh();
    return true;
  }

  /** @param {string} key */
  key(key) {
    const { annotations, context } = this;
    if (this.picture.lacking) return false;
    const done = editorKey(this, key);
    if (done !== null) return done;
    if (Object.hasOwn(toolKeys, key)) return this.takeTool(/** @type {Tool} */ (toolKeys[key]));
    if (key === "enter") {
      if (kept.tool === "polygon" && this.pending.length && (!this.cursor || this.pointed)) {
        // The mouse has set these corners, and where it is by now is none.
        if (this.pending.length > 2) this.close();
        else context.announce(t("A polygon needs at least three corners."));
        this.cursor = null;
        this.refresh();
        return true;
      }
      if (!this.cursor || annotations.selected) return false;
      this.set(this.cursor);
      this.refresh();
      return true;
    }
    if (key === "v" && annotations.selected) {
      const count = corners(annotations.selected).length;
      this.corner = this.corner === null ? 0 : this.corner + 1 < count ? this.corner + 1 : null;
      context.announce(this.corner === null ? t("the whole shape") : t("corner {i} of {n}", { i: this.corner + 1, n: count }));
      this.refresh();
      return true;
    }
    return zoomKey(key, this.picture, context.announce) || this.arrow(key);
  }

  /** @param {Verdict} verdict */
  check(verdict) {
    if (verdict !== "accept") return null;
    if (this.pending.length && !this.picture.lacking) return t("A shape is not finished. Close it with Enter or a click on its first corner, or cancel with Escape.");
    return this.notSeen(verdict);
  }

  /** @returns {View} */
  view() {
    return { key: (key) => this.key(key), check: (verdict) => this.check(verdict) };
  }
}
