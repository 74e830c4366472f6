/**
 * `pos_manual`: name single tokens. A label given by keyboard moves on to the next token
 * (span_editor.js).
 */

import { spanInterface } from "../editors/span_editor.js";

export default spanInterface({ overlapping: false, single: true });
