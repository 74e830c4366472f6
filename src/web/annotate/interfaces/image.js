/**
 * `image`: is what is shown right? A picture, with the shapes that came with the task drawn on it.
 */

import { h, put } from "../../shared/dom.js";
import { t } from "../../shared/i18n.js";
import { toText } from "../state/lossless_json.js";
import { corners } from "../editors/shapes.js";
import { requireMedia } from "../media/media_error_view.js";
import { inWords, Picture } from "../media/picture.js";
import { tool } from "../editors/draw_toolbar.js";

/** @import { Interface } from "../state/types.js" */
/** @import { Shape } from "../editors/shapes.js" */

/**
 * The shapes that a task came with, as far as they can be drawn.
 *
 * @param {unknown} given
 * @returns {Shape[]}
 */
export function shapesOf(given) {
  return Array.isArray(given) ? given.filter((one) => one && typeof one === "object") : [];
}

/** @type {Interface} */
const image = {
  draw(host, question, context) {
    const { task } = context;
    const shapes = shapesOf(task.spans);
    const tools = h("div", { class: "draw-tools" });
    const draw = () => {
      picture.draw({ shapes, names: context.settings("image_manual_show_labels") !== false });
      tools.hidden = picture.lacking;
    };
    const picture = new Picture(host, context, draw);
    draw();
    put(tools, ...zoomTools(picture, context.announce));
    put(host, tools);
    if (!picture.lacking) {
      const drawn = shapes.filter((shape) => corners(shape).length);
      if (drawn.length) put(host, h("ul", { class: "quiet-words" }, ...drawn.map((shape) => h("li", { dir: "auto" }, inWords(shape)))));
    }
    if (task.text) put(host, h("p", { class: "text", dir: "auto" }, toText(task.text)));
    if (task.label) put(question, h("p", { class: "asked", dir: "auto" }, toText(task.label)));
    return {
      key: (name) => zoomKey(name, picture, context.announce),
      check: requireMedia(() => picture.presence, ["accept", "reject"], {
        lacking: t("The picture could not be shown. Skip the task, or answer once more to do without it."),
      }),
    };
  },
  answer: () => ({}),
  fromAnswer: () => null,
  keys: () => [zoomHelp()],
};

export default image;

export const zoomHelp = () => ({ keys: ["+", "−", "z"], does: t("make the picture larger or smaller, or show all of it") });

/**
 * @param {Picture} picture
 * @param {(words: string) => void} announce
 */
export function zoomTools(picture, announce) {
  return [
    tool(t("smaller"), "-", () => zoomKey("-", picture, announce), { "data-zoom": "out" }),
    tool(t("whole"), "z", () => zoomKey("z", picture, announce), { "data-zoom": "fit" }),
    tool(t("larger"), "+", () => zoomKey("+", picture, announce), { "data-zoom": "in" }),
  ];
}

/**
 * @param {string} name
 * @param {Picture} picture
 * @param {(words: string) => void} announce
 */
export function zoomKey(name, picture, announce) {
  /** @type {Record<string, -1 | 0 | 1>} */
  const steps = { "+": 1, "=": 1, "-": -1, z: 0 };
  const step = Object.hasOwn(steps, name) ? steps[name] : undefined;
  if (step === undefined || picture.lacking) return false;
  announce(t("{n} times its size", { n: picture.zoomBy(step) }));
  return true;
}
