/**
 * `text`: accept, reject or skip what is shown.
 */

import { plain } from "./plain.js";

export default plain();
