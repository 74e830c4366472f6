/**
 * `ner_manual`: mark spans of the text and label them; they never overlap (span_editor.js).
 */

import { spanInterface } from "../editors/span_editor.js";

export default spanInterface({ overlapping: false, single: false });
