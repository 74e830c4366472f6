/**
 * `text`: accept, reject or skip what is shown.
 */

import { drawContent } from "./content.js";

/** @import { Interface } from "../types.js" */

/** @type {Interface} */
const text = {
  draw(host, _question, { task, project }) {
    const focus = drawContent(host, task, project);
    return { shown: () => focus?.scrollIntoView({ block: "center" }) };
  },
  answer: () => ({}),
  recall: () => null,
  keys: () => [],
};

export default text;
