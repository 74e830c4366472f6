/**
 * `classification`: does this label fit what is shown? The label is the question and stands right
 * above the answers; the document around the sentence is dimmed (document.js).
 *
 * A task without a label of its own asks about the project's first.
 */

import { h, put } from "../../shared/dom.js";
import { words } from "../json.js";
import { contentView } from "./content.js";

/** @import { Interface } from "../types.js" */

/** @type {Interface} */
const classification = {
  early: true,
  draw(host, question, { task, project }) {
    const view = contentView(host, task, project);
    const label = words(task.label) || project.labels[0] || "";
    if (label) put(question, h("p", { class: "asked", dir: "auto" }, label));
    return view;
  },
  answer: () => ({}),
  recall: () => null,
  keys: () => [],
};

export default classification;
