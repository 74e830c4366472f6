/**
 * `classification`: does this label fit what is shown? The label is the question and stands right
 * above the answers; the document around the sentence is dimmed (context_view.js).
 *
 * A task without a label of its own asks about the project's first.
 */

import { h, put } from "../../shared/dom.js";
import { toText } from "../state/lossless_json.js";
import { contentView } from "./content.js";

/** @import { Interface } from "../state/types.js" */

/** @type {Interface} */
const classification = {
  canPrerender: true,
  draw(host, question, { task, project }) {
    const view = contentView(host, task, project);
    const label = toText(task.label) || project.labels[0] || "";
    if (label) put(question, h("p", { class: "asked", dir: "auto" }, label));
    return view;
  },
  answer: () => ({}),
  fromAnswer: () => null,
  keys: () => [],
};

export default classification;
