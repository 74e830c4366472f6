/**
 * What interfaces have in common to which the answer is a verdict and nothing else: the task is
 * drawn, and the page does the rest.
 */

import { contentView } from "./content.js";

/** @import { Interface } from "../state/types.js" */

/**
 * @param {Parameters<typeof contentView>[3]} [how]
 * @returns {Interface}
 */
export const plain = (how) => ({
  canPrerender: true,
  draw: (host, _question, { task, project }) => contentView(host, task, project, how),
  answer: () => ({}),
  fromAnswer: () => null,
  keys: () => [],
});
