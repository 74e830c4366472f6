/**
 * `text`: accept, reject or skip what is shown.
 */

import { plain } from "./read_only.js";

export default plain();
