/**
 * `ner_manual`: mark stretches of the text and name them; they never overlap (span_editor.js).
 */

import { spanInterface } from "../editors/span_editor.js";

export default spanInterface({ overlapping: false, single: false });
