/**
 * `html`: accept, reject or skip what a task's HTML shows, or what a template made of it. The
 * server has filled the template in and cleaned it.
 */

import { plain } from "./read_only.js";

export default plain();
