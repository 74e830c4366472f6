/**
 * The button of a label, as every toolbar has it: a dot in the label's colour, its name, its key.
 */

import { h } from "../../shared/dom.js";
import { sign } from "../state/keys.js";
import { hue } from "../view/label_colors.js";

/**
 * @param {string} label
 * @param {string[]} labels all labels of the toolbar; a label's place decides its colour
 * @param {string | null | undefined} key the label's key, if it has one
 * @param {(label: string) => void} choose
 * @param {Record<string, unknown>} [attributes]
 */
export function labelButton(label, labels, key, choose, attributes = {}) {
  const button = h(
    "button",
    { type: "button", class: "label-button", "data-label": label, ...attributes, onclick: () => choose(label) },
    h("span", { class: "dot" }),
    h("span", { dir: "auto" }, label),
    key && h("kbd", { "aria-hidden": "true" }, sign(key)),
  );
  button.style.setProperty("--hue", hue(label, labels));
  return button;
}
