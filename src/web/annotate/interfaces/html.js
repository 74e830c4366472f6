/**
 * `html`: accept, reject or skip what a task's HTML shows, or what a template made of it. The server has
 * filled the template in and cleaned it.
 */

import { drawContent } from "./content.js";

/** @import { Interface } from "../types.js" */

/** @type {Interface} */
const html = {
  draw(host, _question, { task, project }) {
    const focus = drawContent(host, task, project);
    return { shown: () => focus?.scrollIntoView({ block: "center" }) };
  },
  answer: () => ({}),
  recall: () => null,
  keys: () => [],
};

export default html;
