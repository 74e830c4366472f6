/**
 * `image`: is what is shown right? A picture, with the shapes that came with the task drawn on it.
 */

import { h, put } from "../../shared/dom.js";
import { t } from "../../shared/i18n.js";
import { toText } from "../state/lossless_json.js";
import { corners, shapesOf } from "../annotations/shapes.js";
import { requireMedia } from "../media/media_error_view.js";
import { inWords, Picture } from "../media/picture.js";
import { zoomHelp, zoomKey, zoomTools } from "../media/picture_zoom.js";

/** @import { Interface } from "../state/types.js" */

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
      if (drawn.length) put(host, h("ul", { class: "visually-hidden" }, ...drawn.map((shape) => h("li", { dir: "auto" }, inWords(shape)))));
    }
    if (task.text) put(host, h("p", { class: "text", dir: "auto" }, toText(task.text)));
    if (task.label) put(question, h("p", { class: "asked", dir: "auto" }, toText(task.label)));
    return {
      key: (name) => zoomKey(name, picture, context.announce),
      check: requireMedia(() => picture.presence, ["accept", "reject"], {
        lacking: t("The picture could not be shown. Skip the task, or answer again to do without it."),
      }),
    };
  },
  answer: () => ({}),
  fromAnswer: () => null,
  keys: () => [zoomHelp()],
};

export default image;
