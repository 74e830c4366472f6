/**
 * Zooming a picture: its buttons, its keys and their line in the help.
 */

import { t } from "../../shared/i18n.js";
import { toolButton } from "../view/tool_button.js";

/** @import { Picture } from "./picture.js" */

export const zoomHelp = () => ({ keys: ["+", "−", "z"], does: t("zoom the picture in or out, or fit it") });

/**
 * @param {Picture} picture
 * @param {(words: string) => void} announce
 */
export function zoomTools(picture, announce) {
  return [
    toolButton(t("Zoom out"), "-", () => zoomKey("-", picture, announce), { "data-zoom": "out" }),
    toolButton(t("Fit"), "z", () => zoomKey("z", picture, announce), { "data-zoom": "fit" }),
    toolButton(t("Zoom in"), "+", () => zoomKey("+", picture, announce), { "data-zoom": "in" }),
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
