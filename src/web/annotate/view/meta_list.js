/**
 * The task's `meta`, in the card's corner.
 */

import { h } from "../../shared/dom.js";
import { toText } from "../state/lossless_json.js";

/**
 * Returns null where there is nothing to show.
 *
 * @param {unknown} meta
 */
export function metaList(meta) {
  if (!meta || typeof meta !== "object") return null;
  const entries = Object.entries(meta).filter(([, value]) => value !== null && value !== "");
  if (!entries.length) return null;
  return h("dl", { class: "meta" }, ...entries.map(([name, value]) => {
    const text = toText(value);
    const link = /^https?:\/\//i.test(text);
    return h(
      "div",
      {},
      h("dt", {}, name),
      h("dd", { dir: "auto" }, link ? h("a", { href: text, target: "_blank", rel: "noopener noreferrer", title: text }, text.replace(/^https?:\/\/(www\.)?/i, "")) : text),
    );
  }));
}
