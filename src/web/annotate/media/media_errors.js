/**
 * Why a picture, sound or video of a task cannot be shown, and what the annotator can do about it.
 *
 * A browser says of a file no more than that it failed. So the own port is asked once more, for the
 * headers alone: what it does not have, what it cannot send now, and what came and could not be
 * shown are three things, and only the second passes. Another host may not be asked by the page's
 * policy, nor can a data URI be.
 */

import { t } from "../../shared/i18n.js";
import { toText } from "../state/lossless_json.js";
import { newLink } from "../view/messages.js";

/**
 * - `away`: the server is out of reach, and the file is loaded once it is back;
 * - `locked`: the server wants another key;
 * - `missing`: the server has no such file;
 * - `broken`: it came, and the browser can do nothing with it;
 * - `inside`: the same, of what a task brings along itself;
 * - `far`: another host did not send it;
 * - `refused`: it was never asked for, see sources.js.
 *
 * @typedef {"away" | "locked" | "missing" | "broken" | "inside" | "far" | "refused"} MediaError
 */

/**
 * @param {string} address
 * @param {string} here the page's own address
 * @param {number | null} status what the own port said to being asked once more, if it said
 *   anything
 * @returns {MediaError}
 */
export function classify(address, here, status) {
  if (/^data:/i.test(address)) return "inside";
  if (isFar(address, here)) return "far";
  if (status === null || status >= 500) return "away";
  if (status === 401 || status === 403) return "locked";
  return status >= 400 ? "missing" : "broken";
}

/**
 * @param {string} address
 * @param {string} here
 */
const isFar = (address, here) => new URL(address, here).origin !== new URL(here).origin;

/**
 * @param {string} address
 * @returns {Promise<MediaError>}
 */
export async function diagnose(address) {
  /** @type {number | null} */
  let status = null;
  if (!/^data:/i.test(address) && !isFar(address, location.href)) {
    status = await fetch(address, { method: "HEAD", cache: "no-store" }).then((reply) => reply.status, () => null);
  }
  return classify(address, location.href, status);
}

/**
 * Whether a sound that failed is whole, and only the device has nothing to play it with. Firefox
 * says of that what it says of a damaged file, but for the message.
 *
 * @param {{message?: string} | null} error
 */
export const hasNoAudioDevice = (error) => /media ?sink|audio ?sink|audio ?(output|device)/i.test(error?.message ?? "");

/**
 * What happened, in words.
 *
 * @param {Exclude<MediaError, "refused">} lack
 * @param {unknown} source what the task says
 */
export function reason(lack, source) {
  const file = toText(source).trim().slice(0, 200);
  switch (lack) {
    case "away":
      return t("The file {file} could not be loaded: the server cannot be reached. Retrying automatically.", { file });
    case "locked":
      return newLink();
    case "missing":
      return t("The file {file} was not found.", { file });
    case "broken":
      return t("Your browser cannot show the file {file}. It may be damaged, or of a type that browsers do not support.", { file });
    case "inside":
      return t("The file inside this task cannot be shown. It may be damaged, or of a type that browsers do not support.");
    case "far":
      return t("The file {file} could not be loaded. Its server may not have it, or cannot be reached from here.", { file });
  }
}

/**
 * What to do about it, in words; nothing where it is said already.
 *
 * @param {MediaError} lack
 */
export function hint(lack) {
  if (lack === "locked") return "";
  return lack === "away"
    ? t("You can wait for it, or skip the task.")
    : t("This needs the project lead: skip the task and let them know.");
}

/**
 * Whether it may be there when it is asked for once more.
 *
 * @param {MediaError} lack
 */
export const isTransient = (lack) => lack !== "refused" && lack !== "inside";
