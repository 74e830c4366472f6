/**
 * `llm_io`: what a language model was asked, and what it said. A long prompt is folded, because it
 * is the same from card to card and the answer is what is read.
 */

import { h, put } from "../../shared/dom.js";
import { t } from "../../shared/i18n.js";
import { toText } from "../state/lossless_json.js";
import { empty } from "../view/label_colors.js";

/** @import { Interface, Task } from "../state/types.js" */

/**
 * A prompt of more characters than this is folded, and on a phone one of more than fits beside the
 * answer.
 */
const long = () => (matchMedia("(max-width: 640px)").matches ? 400 : 1500);

/**
 * @param {Task} task
 * @param {"prompt" | "response"} key
 */
function said(task, key) {
  const llm = /** @type {Record<string, unknown>} */ (task.llm && typeof task.llm === "object" ? task.llm : {});
  return toText(task[key] ?? llm[key]);
}

/** @type {Interface} */
const llmIo = {
  draw(host, _question, { task }) {
    const prompt = said(task, "prompt");
    const response = said(task, "response");
    put(
      host,
      h(
        "details",
        { class: "exchange", open: prompt.length <= long() },
        h("summary", {}, t("Prompt")),
        prompt ? h("div", { class: "text dim", dir: "auto" }, prompt) : empty(t("There is no prompt.")),
      ),
      h(
        "section",
        { class: "exchange" },
        h("h2", { class: "head" }, t("Response")),
        response ? h("div", { class: "text", dir: "auto" }, response) : empty(t("The response is empty.")),
      ),
    );
    return {};
  },
  answer: () => ({}),
  fromAnswer: () => null,
  keys: () => [],
};

export default llmIo;
