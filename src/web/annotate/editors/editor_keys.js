/**
 * The keys that mean the same in every editor.
 */

/** @import { LabelToolbar } from "./label_toolbar.js" */

/**
 * @typedef {{
 *   toolbar: LabelToolbar,
 *   take: (label: string) => void,
 *   walk?: (step: 1 | -1) => void,
 *   removeTarget: () => boolean,
 *   undo: () => unknown,
 *   cancel: () => boolean,
 * }} Editing `walk` selects the next annotation or the one before; `cancel` ends what was begun, or
 *   clears the selection, and returns whether there was any
 */

/**
 * @param {Editing} editor
 * @param {string} name a key's name
 * @returns {boolean | null} whether the key did anything; null if the editor itself decides
 */
export function editorKey(editor, name) {
  const label = editor.toolbar.labelOf(name);
  if (label !== null) {
    editor.take(label);
    return true;
  }
  switch (name) {
    case "/":
      return editor.toolbar.search();
    case ".":
    case ",":
      if (!editor.walk) return null;
      editor.walk(name === "." ? 1 : -1);
      return true;
    case "backspace":
    case "delete":
      return editor.removeTarget();
    case "ctrl+z":
    case "meta+z":
      editor.undo();
      return true;
    case "escape":
      return editor.cancel();
    default:
      return null;
  }
}
