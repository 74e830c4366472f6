/**
 * `diff`: what sets the task's `accept` apart from its `reject`, in one text. What only `accept`
 * has is underlined, what only `reject` has is struck through; colour comes on top, and screen
 * readers say it. Above the answers stands which of the two an answer takes, with a sample of each.
 */

import { h, put } from "../../shared/dom.js";
import { t } from "../../shared/i18n.js";
import { toText } from "../state/lossless_json.js";
import { verdictSign } from "../view/messages.js";
import { empty } from "../view/label_colors.js";
import { drawInput, within } from "./compare.js";
import { textDiff } from "./text_diff.js";

/** @import { Interface } from "../state/types.js" */

/** @type {Interface} */
const diff = {
  draw(host, question, { task, project, settings }) {
    drawInput(host, task, project);
    const [young, old] = ["accept", "reject"].map((key) => {
      const { text, html } = within(task, key);
      return toText(text ?? html);
    });
    const pieces = textDiff(old ?? "", young ?? "", settings("diff_style") ?? "words");
    if (!pieces.length) put(host, empty(t("Both texts are empty.")));
    else {
      const shown = pieces.map(({ kind, text }) =>
        kind === "same"
          ? text
          : h(kind, {}, h("span", { class: "heard-only" }, kind === "ins" ? t("[new:") : t("[old:"), " "), text, h("span", { class: "heard-only" }, "]")),
      );
      put(host, h("div", { class: "text difference", dir: "auto" }, ...shown));
      if (pieces.every(({ kind }) => kind === "same")) put(host, h("p", { class: "note" }, t("Both texts are the same.")));
    }
    put(
      question,
      h(
        "ul",
        { class: "legend" },
        h("li", {}, sign("accept"), h("ins", {}, t("new")), " ", t("Accept: the new text is right.")),
        h("li", {}, sign("reject"), h("del", {}, t("old")), " ", t("Reject: the old text stays.")),
      ),
    );
    return {};
  },
  answer: () => ({}),
  fromAnswer: () => null,
  keys: () => [],
};

export default diff;

/** @param {"accept" | "reject"} verdict */
const sign = (verdict) => h("span", { class: `sign ${verdict}`, "aria-hidden": "true" }, verdictSign[verdict]);
