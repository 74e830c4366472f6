/**
 * `spans_manual`: mark stretches of the text and name them; they may overlap, and lie in lanes
 * beneath it (span_editor.js).
 */

import { spanInterface } from "../editors/span_editor.js";

export default spanInterface({ overlapping: true, single: false });
