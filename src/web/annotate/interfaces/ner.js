/**
 * `ner`: are these spans right? They stand in the line; those that overlap lie in lanes.
 */

import { plain } from "./read_only.js";

export default plain();
