/**
 * `choice`: one or several of the options that the task brings, or of the project's labels.
 *
 * The options are native radio buttons and check boxes inside their labels, so that they are what
 * they look like to every browser and screen reader. The chosen ids keep their type: `1` and `"1"`
 * are two options. With `choice_auto_accept`, choosing is answering.
 *
 * To accept without having chosen is nearly always a slip where one option is asked for; the page
 * then asks once more. Among several, "none of these" is an answer.
 */

import { h, put } from "../../shared/dom.js";
import { t } from "../../shared/i18n.js";
import { same, toText } from "../state/lossless_json.js";
import { labelKeys, sign } from "../state/keys.js";
import { empty } from "../view/label_colors.js";
import { drawContent, image, pressable } from "./content.js";

/** @import { Interface, Option, OptionId, Project, Task } from "../state/types.js" */

/**
 * The options: as the server read them, or, where they came so, the task's own.
 *
 * @param {Task} task
 * @param {Project} project
 * @returns {Option[]}
 */
export function optionsOf(task, project) {
  const given = task._options ?? task.options;
  if (Array.isArray(given) && given.length) {
    return given.filter((option) => option && typeof option === "object" && (option.id ?? null) !== null);
  }
  return project.labels.map((label) => ({ id: label, text: label }));
}

/**
 * @param {OptionId[]} accept
 * @param {OptionId} id
 * @param {Option[]} options
 * @param {boolean} several
 * @returns {OptionId[]} what is chosen after this option was pressed, in the order of the options
 */
export function press(accept, id, options, several) {
  const on = accept.some((one) => same(one, id));
  if (!several) return on ? [] : [id];
  return options
    .map((option) => option.id)
    .filter((one) => (same(one, id) ? !on : accept.some((chosen) => same(chosen, one))));
}

/** @param {unknown} given */
const acceptOf = (given) => (Array.isArray(given) ? /** @type {OptionId[]} */ (given) : []);

/** @type {Interface} */
const choice = {
  draw(host, question, context) {
    const { task, project } = context;
    const focus = drawContent(host, task, project);
    if (task.label) put(question, h("p", { class: "asked", dir: "auto" }, toText(task.label)));
    const several = context.settings("choice_style") === "multiple";
    const auto = !several && context.settings("choice_auto_accept") === true;
    const options = optionsOf(task, project);
    const keys = labelKeys(options.map((option) => toText(option.id)), context.settings("keymap_by_label"));
    let accept = context.values?.accept ?? acceptOf(task.accept);
    let warned = false;

    /**
     * @param {Option} option
     * @param {boolean} meant false while the arrow keys go through the options
     */
    const pressed = (option, meant) => {
      accept = press(accept, option.id, options, several);
      refresh();
      context.edit({ accept });
      if (auto && meant && accept.length) context.submit("accept");
    };

    const inputs = options.map((option, i) => {
      const input = h("input", {
        type: several ? "checkbox" : "radio",
        name: "option",
        "data-option": toText(option.id),
        // A radio button that is on gives no change when it is pressed again, but it does give a
        // click; so do space and the arrow keys.
        onclick: (/** @type {MouseEvent} */ event) => {
          pressed(option, event.detail > 0);
          if (event.detail > 0) input.blur();
        },
      });
      const key = keys[i];
      // The row runs the way its words do, so that the box stands where they begin.
      return {
        option,
        input,
        row: h("label", { class: "option", dir: "auto" }, input, h("span", { class: "words" }, optionContent(task, option, i)), key && h("kbd", {}, sign(key))),
      };
    });

    function refresh() {
      for (const { option, input, row } of inputs) {
        input.checked = accept.some((one) => same(one, option.id));
        row.classList.toggle("chosen", input.checked);
      }
    }

    put(
      host,
      options.length
        ? h(
            "div",
            { class: "options", role: several ? "group" : "radiogroup", "aria-label": several ? t("Choose all that fit") : t("Choose one") },
            ...inputs.map(({ row }) => row),
          )
        : empty(t("This task has no options, and the project has no labels.")),
    );
    refresh();

    return {
      key(name) {
        const i = keys.indexOf(name);
        const option = options[i];
        if (i < 0 || !option) return false;
        pressed(option, true);
        const on = accept.some((one) => same(one, option.id));
        context.announce(`${inputs[i]?.row.querySelector(".words")?.textContent ?? ""}: ${on ? t("chosen") : t("not chosen")}`);
        return true;
      },
      check(verdict) {
        if (verdict !== "accept" || several || accept.length || !options.length || warned) return null;
        warned = true;
        return t("Nothing is chosen yet. Choose an option, or accept again to answer without one.");
      },
      mounted: () => focus?.scrollIntoView({ block: "center" }),
    };
  },
  answer: (task, values) => ({ accept: values?.accept ?? acceptOf(task.accept) }),
  fromAnswer: (record) => ({ accept: acceptOf(record.accept) }),
  keys: (project) => [
    { keys: ["1", "…", "9", "0"], does: project.config.choice_style === "multiple" ? t("choose an option, or clear it") : t("choose an option") },
  ],
};

export default choice;

/**
 * @param {Task} task
 * @param {Option} option
 * @param {number} i
 */
function optionContent(task, option, i) {
  const html = task._clean?.[`/options/${i}/html`];
  if (html) return pressable(html);
  if (option.image) return image(option.image, toText(option.text) || t("Option {n}", { n: i + 1 }), { pressed: true });
  return document.createTextNode(toText(option.text) || toText(option.html) || toText(option.id));
}
