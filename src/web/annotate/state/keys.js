/**
 * From a key press to its name, and from the name to what it does.
 *
 * Names are as in Prodigy's `keymap`: `a`, `space`, `backspace`, `ctrl+s`, `shift+arrowright`. On a
 * keyboard of another script (Arabic, Cyrillic) a letter goes by its place, and so do the digits of
 * a keyboard that has them above other signs, so that the keys on the buttons work everywhere.
 *
 * A single key does nothing while a text is written in a field, and space and enter belong to the
 * button that has the focus.
 */

/**
 * @typedef {"accept" | "reject" | "ignore" | "undo" | "save" | "flag" | "help"
 *   | "instructions" | "forward" | "comment" | "history"} Command
 */

/** @typedef {Record<Command, string[]>} Keymap */

/** @type {Keymap} */
export const usual = {
  accept: ["a"],
  reject: ["x"],
  ignore: ["space"],
  undo: ["backspace", "delete"],
  save: ["ctrl+s", "meta+s"],
  flag: ["f"],
  help: ["h", "?"],
  instructions: ["i"],
  forward: ["escape"],
  comment: ["c"],
  history: ["y"],
};

/** The keys of the first ten options or labels. */
export const digits = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "0"];

/** @type {Record<string, string>} */
const spelled = { " ": "space", spacebar: "space", del: "delete", esc: "escape", cmd: "meta", command: "meta" };

/**
 * @typedef {Pick<KeyboardEvent,
 *   "key" | "code" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey"
 * >} Press
 */

/**
 * @param {Press} press
 * @returns {string}
 */
export function nameOf(press) {
  let key = press.key.toLowerCase();
  key = spelled[key] ?? key;
  const letter = /^Key([A-Z])$/.exec(press.code)?.[1];
  const digit = /^(?:Digit|Numpad)([0-9])$/.exec(press.code)?.[1];
  if (letter && !/^[a-z]$/.test(key)) key = letter.toLowerCase();
  else if (digit && !press.shiftKey && !/^[a-z]$/.test(key)) key = digit;
  const modifiers = [press.ctrlKey && "ctrl", press.metaKey && "meta", press.altKey && "alt"].filter(Boolean);
  // Shift is part of what a sign is ("?"), and only said of keys that have no sign.
  if (press.shiftKey && key.length > 1) modifiers.push("shift");
  return [...modifiers, key].join("+");
}

/**
 * Whether a press belongs to an input method that is putting a sign together. The Enter that ends a
 * word does, too, though WebKit reports it by `keyCode` alone.
 *
 * @param {Pick<KeyboardEvent, "isComposing" | "keyCode">} event
 */
export const composes = (event) => event.isComposing || event.keyCode === 229;

/**
 * The project's own keys over the usual ones, and the annotator's over both.
 *
 * @param {unknown[]} layers each a `keymap`: command to key or keys
 * @returns {Keymap}
 */
export function keymap(...layers) {
  const map = { ...usual };
  for (const changes of layers) {
    if (!changes || typeof changes !== "object") continue;
    for (const [command, keys] of Object.entries(changes)) {
      if (!(command in map)) continue;
      const list = (Array.isArray(keys) ? keys : [keys]).filter((key) => typeof key === "string");
      map[/** @type {Command} */ (command)] = list.map(normal);
    }
  }
  return map;
}

/**
 * A key's name from a roster, as `nameOf` spells it.
 *
 * @param {string} key
 */
export function normal(key) {
  return partsOf(key.toLowerCase()).map((part) => spelled[part] ?? part).join("+");
}

/**
 * @param {Keymap} map
 * @param {string} name
 * @returns {Command | null}
 */
export function commandOf(map, name) {
  for (const [command, keys] of Object.entries(map)) {
    if (keys.includes(name)) return /** @type {Command} */ (command);
  }
  return null;
}

/**
 * The keys of options or labels: the project's own (`keymap_by_label`), then 1 to 9 and 0 in order.
 *
 * @param {string[]} labels
 * @param {unknown} own
 * @returns {(string | null)[]} one for each label; null where there is none
 */
export function labelKeys(labels, own) {
  const mine = own && typeof own === "object" ? /** @type {Record<string, unknown>} */ (own) : {};
  const taken = new Set(Object.values(mine));
  return labels.map((label, i) => {
    const key = mine[label] ?? mine[String(i)];
    if (typeof key === "string") return normal(key);
    const digit = digits[i];
    return digit && !taken.has(digit) ? digit : null;
  });
}

/**
 * Whether it is a key of a single character, which dictation or a slip of the hand may
 * press unintentionally (WCAG 2.1.4).
 *
 * @param {string} name
 */
export const isSingle = (name) => name === "space" || [...name].length === 1;

/**
 * The key that a press stands for where single characters are switched off: they work with Alt, and
 * do nothing alone.
 *
 * @param {string} name
 * @returns {string | null}
 */
export function withoutSingles(name) {
  if (isSingle(name)) return null;
  const [alt, rest] = name.split("+");
  return alt === "alt" && rest && isSingle(rest) && name === `alt+${rest}` ? rest : name;
}

/**
 * Whose a key is already, other than this command's.
 *
 * @param {Keymap} map
 * @param {Command} command
 * @param {string} name
 * @returns {Command | null}
 */
export function rival(map, command, name) {
  const owner = commandOf(map, name);
  return owner === command ? null : owner;
}

/** @type {Record<string, string>} */
const signs = {
  backspace: "⌫", delete: "⌦", enter: "⏎", escape: "esc", space: "space",
  arrowleft: "←", arrowright: "→", arrowup: "↑", arrowdown: "↓", meta: "⌘", shift: "⇧",
};

/**
 * A key as it is written on a button.
 *
 * @param {string} name
 */
export function sign(name) {
  return partsOf(name).map((part) => signs[part] ?? part).join(" ");
}

/**
 * A key's name in its parts; the last may be the plus itself.
 *
 * @param {string} name
 */
const partsOf = (name) => (name.endsWith("+") ? [...name.slice(0, -1).split("+").filter(Boolean), "+"] : name.split("+"));

/** From what stands on a button, or in the help, back to the name. */
const named = new Map([...Object.entries(signs).map(([name, written]) => /** @type {const} */ ([written, name])), ["−", "-"]]);

/**
 * The names of the keys in a line of the help, where they stand as they are written on buttons, and
 * a row of digits with dots in it.
 *
 * @param {string[]} keys
 */
export function namesIn(keys) {
  return keys.flatMap((key, i) => {
    if (key !== "…") return [normal(key.split(" ").map((part) => named.get(part) ?? part).join("+"))];
    const [from, to] = [digits.indexOf(keys[i - 1] ?? ""), digits.indexOf(keys[i + 1] ?? "")];
    return from < 0 ? [] : digits.slice(from + 1, Math.max(to, from + 1));
  });
}

/**
 * Whether this press belongs to the element that has the focus, not to the page.
 *
 * @param {EventTarget | null} target
 * @param {string} name
 */
export function belongsTo(target, name) {
  if (!(target instanceof Element)) return false;
  if (target.closest("textarea, select, [contenteditable='true']")) return true;
  const input = target.closest("input");
  if (input) {
    if (!["checkbox", "radio", "button", "range"].includes(input.type)) return true;
    if (input.type !== "button" && name.startsWith("arrow")) return true;
    return name === "space" || name === "enter";
  }
  return Boolean(target.closest("button, a[href], summary")) && (name === "space" || name === "enter");
}
