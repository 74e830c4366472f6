/**
 * `spans`: are these spans right? They may overlap, and lie in lanes beneath the text.
 */

import { drawContent } from "./content.js";

/** @import { Interface } from "../types.js" */

/** @type {Interface} */
const spans = {
  draw(host, _question, { task, project }) {
    const focus = drawContent(host, task, project, { inLanes: true });
    return { shown: () => focus?.scrollIntoView({ block: "center" }) };
  },
  answer: () => ({}),
  recall: () => null,
  keys: () => [],
};

export default spans;
