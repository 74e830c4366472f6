/**
 * What interfaces have in common to which the answer is a verdict and nothing else: the task is drawn,
 * and the page does the rest.
 */

import { drawContent } from "./content.js";

/** @import { Interface } from "../types.js" */

/**
 * @param {Parameters<typeof drawContent>[3]} [how]
 * @returns {Interface}
 */
export const plain = (how) => ({
  early: true,
  draw(host, _question, { task, project }) {
    const focus = drawContent(host, task, project, how);
    return { shown: () => focus?.scrollIntoView({ block: "center" }) };
  },
  answer: () => ({}),
  recall: () => null,
  keys: () => [],
});
