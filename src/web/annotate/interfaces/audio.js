/**
 * `audio`: is what is heard right? A sound or a film, with the stretches that came with the task.
 */

import { h, put } from "../../shared/dom.js";
import { t } from "../../shared/tongue.js";
import { words } from "../json.js";
import { regionsOf } from "../regions.js";
import { inWords, Player, playerHelp } from "./player.js";

/** @import { Desk, Interface, Verdict } from "../types.js" */

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

/**
 * An objection to accepting what was not heard.
 *
 * @param {Player} player
 * @returns {(verdict: Verdict) => string | null}
 */
export function once(player) {
  let warned = false;
  return (verdict) => {
    if (verdict !== "accept" || player.there || warned) return null;
    warned = true;
    return t("The sound is not there yet. Wait for it, or accept once more to answer without it.");
  };
}
