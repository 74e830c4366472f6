/**
 * `pos`: are these labels of the tokens right? They stand in the line; those that overlap lie in
 * lanes.
 */

import { plain } from "./read_only.js";

export default plain();
