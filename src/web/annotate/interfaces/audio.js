/**
 * `audio`: judge a sound or a video, with the segments that came with the task.
 */

import { h, put } from "../../shared/dom.js";
import { t } from "../../shared/i18n.js";
import { toText } from "../state/lossless_json.js";
import { regionsOf } from "../annotations/regions.js";
import { requireMedia } from "../media/media_error_view.js";
import { inWords, Player, playerHelp } from "../media/player.js";

/** @import { Context, Interface } from "../state/types.js" */

/** @type {Interface} */
const audio = {
  draw(host, question, context) {
    const regions = regionsOf(context.task.audio_spans);
    const player = new Player(host, context, false, () => {});
    player.draw({ regions });
    if (regions.length) put(host, h("ul", { class: "visually-hidden" }, ...regions.map((region) => h("li", { dir: "auto" }, inWords(region)))));
    captions(host, question, context);
    return {
      key: (key) => player.key(key),
      check: requireMedia(() => player.presence, ["accept", "reject"], {
        lacking: t("The sound could not be played. Skip the task, or answer again to do without it."),
      }),
      mounted: () => player.mounted(),
      destroy: () => player.destroy(),
    };
  },
  answer: () => ({}),
  fromAnswer: () => null,
  keys: playerHelp,
};

export default audio;

/**
 * The task's own words, beneath what is heard and above the answers.
 *
 * @param {HTMLElement} host
 * @param {HTMLElement} question
 * @param {Context} context
 */
export function captions(host, question, { task }) {
  if (task.text) put(host, h("p", { class: "text", dir: "auto" }, toText(task.text)));
  if (task.label) put(question, h("p", { class: "asked", dir: "auto" }, toText(task.label)));
}

