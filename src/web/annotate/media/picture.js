/**
 * A picture with shapes over it, as `image` and `image_manual` show it.
 *
 * The shapes are SVG over the picture, in its own pixels, so that zooming needs no calculation;
 * each line is drawn twice, in the label's colour over the page's, and is seen on any picture.
 * Names and handles are small elements of HTML at their places: they keep their size at any zoom,
 * and a name is written in its own direction.
 *
 * A task's own `width` and `height`, where it has both, are the pixels that its shapes count in;
 * they are the picture's, unless it was made smaller since. Many programs give the size of the
 * file, in which a photograph may lie on its side and say so (EXIF); what is seen and drawn on is
 * upright, and so the two are swapped then (shapes.js).
 */

import { h, put } from "../../shared/dom.js";
import { t } from "../../shared/i18n.js";
import { toText } from "../state/lossless_json.js";
import { locate, retryAddress, preloadedSize } from "./sources.js";
import { bounds, corners, isBox, sizeIn } from "../annotations/shapes.js";
import { mediaErrorView, blockedMediaView } from "./media_error_view.js";
import { hue } from "../view/label_colors.js";

/** @import { Context, Task } from "../state/types.js" */
/** @import { Point, Shape, Size } from "../annotations/shapes.js" */

const space = "http://www.w3.org/2000/svg";

/** How often the picture may be doubled by half, and how far it may be made larger. */
const zooms = [1, 1.5, 2, 3, 4, 6, 8];

/** The size of each task's picture, once it is known. @type {WeakMap<Task, Size>} */
const sizes = new WeakMap();

/**
 * The size that a task's shapes count in, as far as it is known.
 *
 * @param {Task} task
 * @returns {Size | null}
 */
export function sizeOf(task) {
  return sizeIn(sizeFrom(task), sizeFrom(task._size) ?? sizes.get(task) ?? null);
}

/**
 * A size from elsewhere, if it is one.
 *
 * @param {unknown} given
 * @returns {Size | null}
 */
export function sizeFrom(given) {
  const { width, height } = /** @type {{width?: unknown, height?: unknown}} */ (given && typeof given === "object" ? given : {});
  return typeof width === "number" && typeof height === "number" && width > 0 && height > 0 ? { width, height } : null;
}

/**
 * @param {string} name
 * @param {Record<string, string | number>} attributes
 */
function svg(name, attributes) {
  const element = document.createElementNS(space, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}

/**
 * @typedef {{
 *   shapes: Shape[],
 *   selected?: Shape | null,
 *   corner?: number | null,
 *   pending?: Point[],
 *   cursor?: Point | null,
 *   closed?: boolean,
 *   names?: boolean,
 * }} Look
 */

export class Picture {
  /**
   * @param {HTMLElement} host
   * @param {Context} context
   * @param {() => void} changed the picture is there and its size is known, or it will not come
   */
  constructor(host, context, changed) {
    const { task, project } = context;
    this.labels = project.labels;
    this.zoom = 0;
    /** @type {Size | null} */
    this.size = sizeOf(task);
    /** Whether there is no picture, and none on its way. */
    this.lacking = false;
    /** Whether it is shown. */
    this.there = false;
    this.layer = svg("svg", { class: "shapes", "aria-hidden": "true", preserveAspectRatio: "none" });
    this.marks = h("div", { class: "shape-marks", "aria-hidden": "true" });
    this.box = h("div", { class: "picture-box" });
    this.frame = h("div", { class: "picture-frame", tabindex: "0", role: "group", "aria-label": t("The picture") }, this.box);
    put(host, this.frame);

    const found = locate(task.image, "image");
    if ("words" in found) {
      this.lacking = true;
      this.frame.replaceWith(blockedMediaView(found.words));
      return;
    }
    const img = h("img", { alt: toText(task.text) || t("The picture in question"), draggable: "false", decoding: "sync" });
    put(this.box, img);
    this.box.append(this.layer, this.marks);
    const settle = () => {
      this.there = true;
      // Browsers give the size of the picture as it is shown; one that has none is drawn like this.
      sizes.set(task, { width: img.naturalWidth || 300, height: img.naturalHeight || 150 });
      this.size = sizeOf(task);
      this.fit();
      changed();
    };
    const ahead = preloadedSize(found.address);
    if (ahead) sizes.set(task, ahead);
    this.size = sizeOf(task);
    if (this.size) this.fit();
    img.addEventListener("load", settle);
    img.addEventListener("error", () => {
      this.there = false;
      this.lacking = true;
      const again = () => {
        this.lacking = false;
        note.replaceWith(this.frame);
        img.src = retryAddress(found.address);
        changed();
      };
      const note = mediaErrorView(task.image, found.address, { again, announce: context.announce });
      this.frame.replaceWith(note);
      changed();
    });
    img.src = found.address;
  }

  /** @returns {import("./media_error_view.js").Presence} */
  get presence() {
    return this.there ? "there" : this.lacking ? "lacking" : "coming";
  }

  /** Lay the picture out by its size. */
  fit() {
    if (!this.size) return;
    const { width, height } = this.size;
    this.layer.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.box.style.setProperty("--w", String(width));
    this.box.style.setProperty("--h", String(height));
    this.box.classList.add("sized");
  }

  /** @param {-1 | 0 | 1} step 0 shows the whole picture */
  zoomBy(step) {
    const before = this.frame;
    const [x, y] = [(before.scrollLeft + before.clientWidth / 2) / before.scrollWidth, (before.scrollTop + before.clientHeight / 2) / before.scrollHeight];
    this.zoom = step ? Math.max(0, Math.min(zooms.length - 1, this.zoom + step)) : 0;
    this.box.style.setProperty("--zoom", String(zooms[this.zoom]));
    before.scrollLeft = x * before.scrollWidth - before.clientWidth / 2;
    before.scrollTop = y * before.scrollHeight - before.clientHeight / 2;
    return zooms[this.zoom] ?? 1;
  }

  /** How many pixels of the picture one of the screen is. */
  unit() {
    const shown = this.box.getBoundingClientRect().width;
    return this.size && shown ? this.size.width / shown : 1;
  }

  /**
   * Where the pointer is on the picture, perhaps beyond its border. In whole pixels, unless the
   * picture is shown larger than it is: no pointer is finer.
   *
   * @param {{clientX: number, clientY: number}} event
   * @returns {Point}
   */
  point({ clientX, clientY }) {
    const shown = this.box.getBoundingClientRect();
    const size = this.size ?? { width: 1, height: 1 };
    const [x, y] = [((clientX - shown.left) / shown.width) * size.width, ((clientY - shown.top) / shown.height) * size.height];
    return this.unit() > 0.95 ? [Math.round(x), Math.round(y)] : [x, y];
  }

  /**
   * Scroll a point into view.
   *
   * @param {Point} point
   */
  reveal([x, y]) {
    if (!this.size) return;
    const { frame, box } = this;
    const [left, top] = [(x / this.size.width) * box.offsetWidth, (y / this.size.height) * box.offsetHeight];
    const edge = 24;
    if (left < frame.scrollLeft + edge) frame.scrollLeft = left - edge;
    if (left > frame.scrollLeft + frame.clientWidth - edge) frame.scrollLeft = left - frame.clientWidth + edge;
    if (top < frame.scrollTop + edge) frame.scrollTop = top - edge;
    if (top > frame.scrollTop + frame.clientHeight - edge) frame.scrollTop = top - frame.clientHeight + edge;
  }

  /** @param {Look} look */
  draw({ shapes, selected = null, corner = null, pending = [], cursor = null, closed = false, names = true }) {
    if (!this.size) return;
    const { width, height } = this.size;
    this.layer.replaceChildren();
    this.marks.replaceChildren();
    for (const shape of shapes) {
      const points = corners(shape);
      if (!points.length) continue;
      const label = toText(shape.label);
      const colour = hue(label, this.labels);
      const on = shape === selected;
      const group = svg("g", { class: on ? "shape on" : "shape", "data-shape": shapes.indexOf(shape), "data-label": label });
      /** @type {SVGElement} */ (group).style.setProperty("--hue", colour);
      const line = points.map(([x, y]) => `${x},${y}`).join(" ");
      group.append(svg("polygon", { class: "under", points: line }), svg("polygon", { class: "over", points: line }));
      this.layer.append(group);
      const { left, right, top } = bounds(points);
      if (names && label) {
        const name = h("span", { class: "shape-name", dir: "auto" }, label);
        name.style.setProperty("--hue", colour);
        if (on) name.classList.add("on");
        if (top / height < 0.08) name.classList.add("below");
        // From the side with more room, so that it never reaches beyond the border.
        const fromRight = left + right > width;
        const room = Math.min(60, (100 * Math.max(0, fromRight ? Math.min(right, width) : width - Math.max(0, left))) / width);
        name.style.setProperty("max-width", `${Math.max(10, room)}%`);
        this.place(name, [Math.min(Math.max(0, left), width * 0.9), top]);
        if (fromRight) {
          name.style.setProperty("left", "auto");
          name.style.setProperty("right", `${Math.min(90, Math.max(0, 100 - (100 * right) / width))}%`);
        }
      }
      // What was just drawn has none: a press there may begin the next.
      if (shape !== selected || points.length > 200) continue;
      points.forEach((point, i) => {
        const handle = h("span", { class: i === corner ? "handle on" : "handle", "data-corner": i });
        if (isBox(shape)) handle.classList.add(i % 2 ? "nesw" : "nwse");
        this.place(handle, point);
      });
    }
    if (pending.length) {
      const line = pending.map(([x, y]) => `${x},${y}`).join(" ");
      const kind = closed ? "polygon" : "polyline";
      this.layer.append(svg(kind, { class: "under pending", points: line }), svg(kind, { class: "over pending", points: line }));
      if (!closed) pending.forEach((point) => this.place(h("span", { class: "corner-dot" }), point));
    }
    if (cursor) {
      const [x, y] = cursor;
      for (const kind of ["under", "over"]) {
        this.layer.append(
          svg("line", { class: `${kind} cross`, x1: x, x2: x, y1: 0, y2: height }),
          svg("line", { class: `${kind} cross`, x1: 0, x2: width, y1: y, y2: y }),
        );
      }
    }
  }

  /**
   * @param {HTMLElement} mark
   * @param {Point} at
   */
  place(mark, [x, y]) {
    if (!this.size) return;
    mark.style.setProperty("left", `${(100 * x) / this.size.width}%`);
    mark.style.setProperty("top", `${(100 * y) / this.size.height}%`);
    this.marks.append(mark);
  }
}

/**
 * A shape in words.
 *
 * @param {Shape} shape
 */
export function inWords(shape) {
  const { left, top, right, bottom } = bounds(corners(shape));
  const parts = { label: toText(shape.label), x: Math.round(left), y: Math.round(top), width: Math.round(right - left), height: Math.round(bottom - top) };
  if (isBox(shape)) return t("{label}: box at {x}, {y}, {width} by {height}", parts);
  if (shape.type === "freehand") return t("{label}: outline at {x}, {y}, {width} by {height}", parts);
  return t("{label}: polygon at {x}, {y}, {width} by {height}", parts);
}
