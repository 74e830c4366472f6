/**
 * The menu: what can be opened, how the page looks, how it is answered, and the end of a session.
 * What is chosen holds at once and is remembered in this browser.
 */

import { h } from "../../shared/dom.js";
import { chosenLanguage, density, setDensity, setLanguage, setSize, setTheme, stepSize, theme, themes } from "../../shared/preferences.js";
import { languages, t } from "../../shared/i18n.js";
import { show } from "./dialogs.js";
import { toText } from "../state/lossless_json.js";

/** @import { Project } from "../state/types.js" */

/**
 * Buttons of which one is pressed.
 *
 * @param {string} name
 * @param {[value: string, words: string][]} choices
 * @param {() => string} now
 * @param {(value: string) => void} choose
 */
function choice(name, choices, now, choose) {
  const buttons = choices.map(([value, says]) => {
    const button = h("button", { type: "button", [`data-${name}-choice`]: value }, says);
    button.addEventListener("click", () => {
      choose(value);
      mark();
    });
    return /** @type {const} */ ([value, button]);
  });
  const mark = () => {
    for (const [value, button] of buttons) button.setAttribute("aria-pressed", String(value === now()));
  };
  mark();
  return h("div", { class: "menu-row" }, ...buttons.map(([, button]) => button));
}

/**
 * @param {Project} project
 * @param {{
 *   instructions: () => void, keys: () => void, history: () => void, stop: () => void, renew: () =>
 *   void,
 *   flagged: boolean | null, flag: () => void, swipe: boolean | null, setSwipe: (on: boolean) =>
 *   void, }} callbacks `flagged` is null where there is no card, `swipe` where the card is dragged
 *   on
 */
export function showMenu(project, callbacks) {
  let { swipe } = callbacks;
  const themeWords = { auto: t("same as system"), light: t("light"), dark: t("dark") };
  /** @type {[string, string][]} */
  const tongues = Object.entries(languages).map(([tag, { name }]) => [tag, name]);
  show(
    "menu",
    t("Menu"),
    h("div", { class: "menu-row" },
      h("button", { type: "button", onclick: callbacks.instructions }, t("Instructions")),
      h("button", { type: "button", onclick: callbacks.keys }, t("Keys")),
      h("button", { type: "button", onclick: callbacks.history }, t("Your answers")),
      callbacks.flagged === null ? null : h("button", { type: "button", "data-command": "flag", "aria-pressed": String(callbacks.flagged), onclick: callbacks.flag }, `⚑ ${t("Flag this task")}`),
    ),
    h("h3", {}, t("Colours")),
    choice("theme", themes.map((name) => [name, themeWords[name]]), theme, setTheme),
    h("h3", {}, t("Text size")),
    h("div", { class: "menu-row" },
      h("button", { type: "button", onclick: () => stepSize(-1) }, t("Smaller")),
      h("button", { type: "button", onclick: () => stepSize(1) }, t("Larger")),
      h("button", { type: "button", onclick: () => setSize(null) }, t("Reset")),
    ),
    h("h3", {}, t("Spacing")),
    choice("density", [["comfortable", t("comfortable")], ["compact", t("compact")]], density, setDensity),
    h("h3", {}, t("Page language")),
    choice("language", [["auto", t("same as browser")], ...tongues], () => chosenLanguage() ?? "auto", (tag) => {
      setLanguage(tag === "auto" ? null : tag);
      callbacks.renew();
    }),
    ...(swipe === null
      ? []
      : [
          h("h3", {}, t("Swipe to answer: right accepts, left rejects")),
          choice("swipe", [["on", t("on")], ["off", t("off")]], () => (swipe ? "on" : "off"), (value) => callbacks.setSwipe((swipe = value === "on"))),
        ]),
    h("h3", {}, t("Finish")),
    h("div", { class: "menu-row" }, h("button", { type: "button", onclick: callbacks.stop }, t("Stop for now"))),
    h("p", { class: "small" }, t("Your answers are saved as you give them; you can also just close the page. Stopping gives the tasks waiting for you to others right away.")),
    h("p", { class: "small" }, `annotd ${toText(project.version)} · ${project.session_id}`),
  );
}
