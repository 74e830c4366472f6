/**
 * What a key press means while a text is written, and what an empty field means. Without a page.
 *
 * On a card that is there to be written on, a letter belongs to the field wherever the focus went
 * meanwhile: a click beside the field, to read or to copy, must not make verdicts of the words that
 * follow.
 */

/**
 * @typedef {Pick<KeyboardEvent,
 *   "key" | "ctrlKey" | "metaKey" | "altKey" | "getModifierState"
 * >} Stroke
 */

/**
 * Whether a press writes: a sign of any script, the beginning of one (a dead key, an input method),
 * or one that takes signs away. AltGr is part of a sign; what it is reported as (Ctrl and Alt) is
 * not meant.
 *
 * @param {Stroke} stroke
 */
export function isTyping(stroke) {
  const { key } = stroke;
  const graph = stroke.getModifierState("AltGraph");
  if (!graph && (stroke.ctrlKey || stroke.metaKey)) return false;
  // Option makes signs of letters on a Mac; elsewhere Alt leaves the letter as it is, and it is a
  // command.
  if (!graph && stroke.altKey && /^[\x20-\x7e]$/.test(key)) return false;
  return [...key].length === 1 || ["Backspace", "Delete", "Dead", "Process"].includes(key);
}

/**
 * Whether nothing is written; blanks are nothing. The server counts the same (text_input.rs).
 *
 * @param {string} text
 */
export const isBlank = (text) => /^[\s\u0085]*$/.test(text);

/**
 * What is to be done where an empty field is accepted: `refuse` it, `ask` once, or let it `pass`.
 * In a block a field is often one for a remark, and usually stays empty.
 *
 * @param {unknown} required the setting
 * @param {"block" | "page" | undefined} part
 * @returns {"refuse" | "ask" | "pass"}
 */
export function onEmpty(required, part) {
  if (required === true) return "refuse";
  return required === false || part === "block" ? "pass" : "ask";
}
