/**
 * A small button with its key, as the tools of pictures and sounds are.
 */

import { h } from "../../shared/dom.js";
import { sign } from "../state/keys.js";

/**
 * @param {string} words
 * @param {string} key
 * @param {() => void} press
 * @param {Record<string, unknown>} [more]
 */
export function toolButton(words, key, press, more = {}) {
  const button = h(
    "button",
    {
      type: "button",
      class: "draw-tool",
      onclick: (/** @type {MouseEvent} */ event) => {
        press();
        // After a mouse click, enter and space belong to the card again.
        if (event.detail > 0) button.blur();
      },
      ...more,
    },
    h("span", { class: "tool-words" }, words),
    h("kbd", { "aria-hidden": "true" }, sign(key)),
  );
  return button;
}
