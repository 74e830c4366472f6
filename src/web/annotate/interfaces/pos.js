/**
 * `pos`: are these labels of the tokens right? They stand in the line; those that overlap lie in lanes.
 */

import { drawContent } from "./content.js";

/** @import { Interface } from "../types.js" */

/** @type {Interface} */
const pos = {
  draw(host, _question, { task, project }) {
    const focus = drawContent(host, task, project, { inLanes: false });
    return { shown: () => focus?.scrollIntoView({ block: "center" }) };
  },
  answer: () => ({}),
  recall: () => null,
  keys: () => [],
};

export default pos;
