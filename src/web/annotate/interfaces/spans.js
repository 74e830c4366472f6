/**
 * `spans`: are these spans right? They may overlap, and lie in lanes beneath the text.
 */

import { plain } from "./read_only.js";

export default plain({ inLanes: true });
