/**
 * What floats above the page: the menu, the keys, the instructions, the answers that the server
 * would not take. All are native <dialog> elements, which keep the focus inside, close on Escape,
 * and give the focus back.
 */

import { cleaned, h, put } from "../shared/dom.js";
import { setSize, setTheme, stepSize, theme, themes } from "../shared/preferences.js";
import { words } from "./json.js";
import { sign } from "./keys.js";

/** @import { Interface, Project } from "./types.js" */
/** @import { Keymap } from "./keys.js" */
/** @import { Entry } from "./outbox.js" */

/** @type {HTMLDialogElement | null} */
let open = null;

/** Whether a dialog is open, and keys belong to it. */
export const isOpen = () => open !== null;

/** @param {string} [name] only if it is this one */
export function close(name) {
  if (!open || (name && open.dataset.dialog !== name)) return false;
  open.close();
  return true;
}

/**
 * @param {string} name
 * @param {string} title
 * @param {...(Node | string | null)} content
 */
function show(name, title, ...content) {
  close();
  const button = h("button", { type: "button", class: "plain", "aria-label": "Close" }, "×");
  const dialog = h(
    "dialog",
    { "data-dialog": name, "aria-label": title },
    h("header", {}, h("h2", {}, title), button),
    h("div", { class: "inside" }, ...content),
  );
  button.addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  dialog.addEventListener("close", () => {
    if (open === dialog) open = null;
    dialog.remove();
  });
  document.body.append(dialog);
  open = dialog;
  dialog.showModal();
  return dialog;
}

/**
 * @param {Keymap} map
 * @param {Interface} kind
 * @param {Project} project
 */
export function showKeys(map, kind, project) {
  /** @type {[string[], string][]} */
  const rows = [
    [map.accept, "accept"],
    [map.reject, "reject"],
    [map.ignore, "skip"],
    [map.undo, "undo: back to the card before, as far as you like"],
    [map.forward, "from there, back to where you were"],
    [map.flag, "flag this task, or take the flag away"],
    [map.save, "send now what waits here (it happens by itself too)"],
    [map.instructions, "the instructions"],
    [map.help, "this list"],
  ];
  const own = kind.keys(project);
  show(
    "help",
    "Keys",
    h(
      "dl",
      { class: "keys" },
      ...own.map(({ keys, does }) => line(keys, does)),
      ...rows.map(([keys, does]) => line(keys.map(sign), does)),
    ),
  );
}

/**
 * @param {string[]} keys
 * @param {string} does
 */
function line(keys, does) {
  return h("div", {}, h("dt", {}, ...keys.flatMap((key) => (key === "…" ? [" … "] : [h("kbd", {}, key), " "]))), h("dd", {}, does));
}

/** @param {Project} project */
export function showInstructions(project) {
  const text = project.instructions
    ? h("div", { class: "html", dir: "auto" }, cleaned(project.instructions))
    : h("p", {}, "This project has no written instructions.");
  show("instructions", "Instructions", text).classList.add("wide");
}

/**
 * @param {Project} project
 * @param {{instructions: () => void, keys: () => void, stop: () => void}} hands
 */
export function showMenu(project, hands) {
  const themeButtons = themes.map((name) => {
    const button = h("button", { type: "button", "data-theme-choice": name }, { auto: "as the system", light: "light", dark: "dark" }[name]);
    button.addEventListener("click", () => {
      setTheme(name);
      mark();
    });
    return button;
  });
  const mark = () => {
    for (const button of themeButtons) button.setAttribute("aria-pressed", String(button.dataset.themeChoice === theme()));
  };
  mark();
  show(
    "menu",
    "Menu",
    h("div", { class: "menu-row" },
      h("button", { type: "button", onclick: hands.instructions }, "Instructions ", h("kbd", {}, "i")),
      h("button", { type: "button", onclick: hands.keys }, "Keys ", h("kbd", {}, "h")),
    ),
    h("h3", {}, "Colours"),
    h("div", { class: "menu-row" }, ...themeButtons),
    h("h3", {}, "Size of the text"),
    h("div", { class: "menu-row" },
      h("button", { type: "button", "aria-label": "Smaller", onclick: () => stepSize(-1) }, "A−"),
      h("button", { type: "button", "aria-label": "Larger", onclick: () => stepSize(1) }, "A+"),
      h("button", { type: "button", onclick: () => setSize(null) }, "as usual"),
    ),
    h("h3", {}, "Finish"),
    h("div", { class: "menu-row" }, h("button", { type: "button", onclick: hands.stop }, "Stop for now")),
    h("p", { class: "small" }, "Your answers are saved as you give them; you can also just close the page. Stopping here sets the tasks that lie ready for you free for others at once."),
    h("p", { class: "small" }, `annotd ${words(project.version)} · ${project.session_id}`),
  );
}

/**
 * The answers that the server would not take, each with its reason.
 *
 * @param {Entry[]} entries
 * @param {{reopen: (entry: Entry) => void, drop: (entry: Entry) => void, again: (entry: Entry) => void}} hands
 */
export function showProblems(entries, hands) {
  const list = h("ul", { class: "problems" });
  const dialog = show(
    "problems",
    "Answers that need a look",
    h("p", {}, "The server did not take these. They are kept in this browser; everything else goes on."),
    list,
  );
  for (const entry of entries) {
    const reason = entry.problem?.error || (entry.problem?.status === "unknown" ? "The server does not know this task as one of yours. It may have been given to somebody else." : "No reason was given.");
    const item = h("li", {}, h("p", {}, reason), h("p", { class: "small" }, `Task ${entry.key[2].slice(0, 12)}…`));
    const done = (/** @type {(entry: Entry) => void} */ act) => () => {
      act(entry);
      item.remove();
      if (!list.children.length) dialog.close();
    };
    put(item, h("div", { class: "menu-row" },
      h("button", { type: "button", onclick: () => { dialog.close(); hands.reopen(entry); } }, "Show the task again"),
      h("button", { type: "button", onclick: done(hands.again) }, "Send once more"),
      h("button", { type: "button", onclick: done(hands.drop) }, "Give this answer up"),
    ));
    put(list, item);
  }
}
