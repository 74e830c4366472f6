/**
 * `audio`: is what is heard right? A sound or a film, with the stretches that came with the task.
 */

import { h, put } from "../../shared/dom.js";
import { t } from "../../shared/tongue.js";
import { words } from "../json.js";
import { regionsOf } from "../regions.js";
import { unseen } from "./absent.js";
import { inWords, Player, playerHelp } from "./player.js";

/** @import { Desk, Interface } from "../types.js" */

/** @type {Interface} */
const audio = {
  draw(host, question, desk) {
    const regions = regionsOf(desk.task.audio_spans);
    const player = new Player(host, desk, false, () => {});
    player.draw({ regions });
    if (regions.length) put(host, h("ul", { class: "quiet-words" }, ...regions.map((region) => h("li", { dir: "auto" }, inWords(region)))));
    captions(host, question, desk);
    return {
      key: (key) => player.key(key),
      check: unseen(() => player.presence, ["accept", "reject"], {
        lacking: t("The sound could not be played. Skip the task, or answer once more to do without it."),
      }),
      shown: () => player.shown(),
      gone: () => player.gone(),
    };
  },
  answer: () => ({}),
  recall: () => null,
  keys: playerHelp,
};

export default audio;

/**
 * The task's own words, beneath what is heard and above the answers.
 *
 * @param {HTMLElement} host
 * @param {HTMLElement} question
 * @param {Desk} desk
 */
export function captions(host, question, { task }) {
  if (task.text) put(host, h("p", { class: "text", dir: "auto" }, words(task.text)));
  if (task.label) put(question, h("p", { class: "asked", dir: "auto" }, words(task.label)));
}

