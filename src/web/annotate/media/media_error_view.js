/**
 * What stands in the place of a picture, a sound or a video that is not there: what happened, what
 * to do, and a button to ask for it once more (media_errors.js has the words). While the server is
 * out of reach it is asked again automatically, at longer and longer intervals, for as long as the
 * card is on the page.
 *
 * And the objection to an answer about what was not seen or heard: once, and then it is the
 * annotator's to decide.
 */

import { h, put, say } from "../../shared/dom.js";
import { t } from "../../shared/i18n.js";
import { diagnose, isTransient, hint, reason } from "./media_errors.js";

/** @import { Verdict } from "../state/types.js" */
/** @import { MediaError } from "./media_errors.js" */

/** The longest wait before the server is asked again, in milliseconds. */
const longest = 30_000;

/**
 * @param {string} what
 * @param {MediaError} lack
 */
const both = (what, lack) => [what, hint(lack)].filter(Boolean).join(" ");

/**
 * For what the project does not allow, which is never asked for.
 *
 * @param {string} what
 */
export const blockedMediaView = (what) => h("div", { class: "media-error", "data-media-error": "refused" }, h("p", { class: "empty", dir: "auto" }, both(what, "refused")));

/**
 * For what was asked for and did not come.
 *
 * @param {unknown} source what the task says
 * @param {string} address
 * @param {{again?: () => void, announce?: (words: string) => void}} callbacks without `again` it
 *   has no button, for a place that is a button itself
 */
export function mediaErrorView(source, address, { again, announce = () => {} }) {
  const note = h("p", { class: "empty", dir: "auto" });
  const retry = again && h("button", { type: "button", "data-retry": "", onclick: () => again() }, t("Try again"));
  const element = h("div", { class: "media-error" }, note);

  async function look() {
    for (let wait = 2000; ; wait = Math.min(longest, wait * 2)) {
      const lack = await diagnose(address);
      const before = element.dataset.mediaError;
      if (before === "away" && lack === "broken") {
        // It was away and is there now: this is the moment to ask for it, and no fault of the
        // file's.
        if (again) again();
        return;
      }
      if (lack !== before && lack !== "refused") {
        element.dataset.mediaError = lack;
        say(note, both(reason(lack, source), lack));
        announce(note.textContent ?? "");
        if (isTransient(lack)) put(element, retry);
      }
      if (lack !== "away" || !again) return;
      await new Promise((resolve) => setTimeout(resolve, wait));
      if (!element.isConnected) return;
    }
  }
  void look();
  return element;
}

/** @typedef {"there" | "coming" | "lacking"} Presence */

/**
 * An objection, once, to a verdict on what is not there.
 *
 * @param {() => Presence} presence
 * @param {Verdict[]} verdicts those that need it
 * @param {{coming?: string, lacking: string}} said without words it is not objected to
 * @returns {(verdict: Verdict) => string | null}
 */
export function requireMedia(presence, verdicts, said) {
  let warned = false;
  return (verdict) => {
    const now = presence();
    const words = now === "there" || warned || !verdicts.includes(verdict) ? null : said[now];
    if (!words) return null;
    warned = true;
    return words;
  };
}
