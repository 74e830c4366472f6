/**
 * A reply with tasks, read while it comes: each task as soon as its own bytes are there. Ten tasks
 * may be as many pictures, and the first can be worked on while the others are on a slow line.
 *
 * It is a walk over brackets and quotation marks, a piece of text at a time: what stands between
 * the brackets of `"tasks":[…]` is cut into its objects, what stands around it is the rest of the
 * reply. What is cut out is parsed by others, and what is wrong in it is found there.
 *
 * Rejected: another form of the reply (a task on each line), which would break with Prodigy's; and
 * a parser that gives values as they come, which is a library, and slower than the browser's own.
 */

const structure = /["{}[\]]/g;
const inString = /["\\]/g;
/** What stands before the list, as the key of the outermost object. */
const key = /[{,]\s*"tasks"\s*:\s*$/;

export class Splitter {
  constructor() {
    /** How many brackets are open. */
    this.depth = 0;
    this.string = false;
    /**
     * Whether a string's last character so far is a backslash, with the one it belongs to still to
     * come.
     */
    this.escaped = false;
    /** @type {"rest" | "list" | "task"} where the walk is */
    this.place = "rest";
    /** @type {string[]} */
    this.rest = [];
    /** @type {string[]} */
    this.task = [];
  }

  /**
   * Walk over a piece.
   *
   * @param {string} piece
   * @returns {string[]} the tasks that are whole with it, as they are written
   */
  push(piece) {
    if (!piece) return [];
    /** @type {string[]} */
    const whole = [];
    let from = 0;
    let at = this.escaped ? 1 : 0;
    this.escaped = false;
    const keep = (/** @type {number} */ to) => {
      if (this.place !== "list") this[this.place].push(piece.slice(from, to));
      from = to;
    };
    for (;;) {
      const pattern = this.string ? inString : structure;
      pattern.lastIndex = at;
      const sign = pattern.exec(piece)?.[0];
      if (!sign) break;
      at = pattern.lastIndex;
      if (sign === "\\") {
        this.escaped = at === piece.length;
        at++;
      } else if (sign === '"') {
        this.string = !this.string;
      } else if (sign === "{" || sign === "[") {
        if (this.place === "list" && this.depth === 2 && sign === "{") {
          from = at - 1;
          this.place = "task";
        } else if (this.place === "rest" && this.depth === 1 && sign === "[" && key.test(this.rest.join("") + piece.slice(from, at - 1))) {
          keep(at);
          this.place = "list";
        }
        this.depth++;
      } else {
        this.depth--;
        if (this.place === "task" && this.depth === 2) {
          keep(at);
          whole.push(this.task.join(""));
          this.task = [];
          this.place = "list";
        } else if (this.place === "list" && this.depth === 1) {
          from = at - 1;
          this.place = "rest";
        }
      }
    }
    keep(piece.length);
    return whole;
  }

  /** What stands around the tasks: the reply with an empty list. Half a reply is no JSON. */
  end() {
    return this.rest.join("");
  }
}
