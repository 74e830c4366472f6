/**
 * All interfaces, by their `view_id`. A new one is a file beside this and a line here.
 */

import { choice } from "./choice.js";
import { classification } from "./classification.js";
import { nerManual } from "./ner_manual.js";
import { text } from "./text.js";

/** @import { Interface } from "../types.js" */

/** @type {Record<string, Interface>} */
const interfaces = {
  text,
  classification,
  choice,
  ner_manual: nerManual,
};

/**
 * @param {string} view
 * @returns {Interface | null}
 */
export const interfaceOf = (view) => interfaces[view] ?? null;
