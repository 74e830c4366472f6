/**
 * `blocks`: several interfaces beneath one another on one card, all about the same task.
 *
 * Each block has its part of the values, told apart by the keys that it adds to an answer. A key
 * goes to the block that was used last, then to the others in their order; the first that can use
 * it, does. What a block says about a verdict before it is given is said one after the other.
 */

import { h, put } from "../../shared/dom.js";
import { empty } from "../view/label_colors.js";
import { t } from "../../shared/i18n.js";
import { blocksOf, projectOf, valuesOf } from "./composite.js";

/** @import { Interface, Task, Values, View } from "../state/types.js" */
/** @import { InterfaceLookup, Part, Settings } from "./composite.js" */

/**
 * @param {InterfaceLookup} interfaceOf
 * @returns {Interface}
 */
export function blocksOver(interfaceOf) {
  /**
   * The blocks that can be drawn, each with its interface.
   *
   * @param {Task} task
   * @param {Settings} settings
   * @returns {{part: Part, kind: Interface}[]}
   */
  function drawable(task, settings) {
    return blocksOf(task, settings).flatMap((part) => {
      const kind = interfaceOf(part.view);
      return kind ? [{ part, kind }] : [];
    });
  }

  return {
    draw(host, _question, context) {
      const { project } = context;
      const all = drawable(context.task, context.settings);
      /** @type {Values | null} */
      let values = context.values;
      /** @type {{view: View, section: HTMLElement}[]} */
      const drawn = [];
      let last = -1;

      all.forEach(({ part, kind }, i) => {
        const section = h("section", { class: `block ${part.view}`, "data-block": i });
        const above = h("div", { class: "question inside" });
        const view = kind.draw(section, above, {
          ...context,
          task: part.task,
          project: projectOf(project, part),
          values: valuesOf(kind, part, values),
          settings: part.settings,
          part: "block",
          edit(mine) {
            values = { ...values, ...mine };
            context.edit(values);
          },
        });
        if (above.childNodes.length) put(section, above);
        const here = () => (last = i);
        section.addEventListener("focusin", here);
        section.addEventListener("pointerdown", here);
        drawn.push({ view, section });
        put(host, section);
      });
      if (!all.length) put(host, empty(t("This task has no blocks that can be shown.")));

      return {
        key(name, event) {
          const order = drawn.filter((_, i) => i !== last);
          const first = drawn[last];
          if (first) order.unshift(first);
          const taker = order.find(({ view }) => view.key?.(name, event) === true);
          // Whose key it was is whose keys come next.
          if (taker) last = drawn.indexOf(taker);
          return taker !== undefined;
        },
        check(verdict) {
          for (const { view, section } of drawn) {
            const objection = view.check?.(verdict);
            if (!objection) continue;
            section.scrollIntoView({ block: "nearest" });
            return objection;
          }
          return null;
        },
        mounted() {
          // From the last to the first: where two of them want to be seen or written in, the first
          // is.
          for (const { view } of drawn.toReversed()) view.mounted?.();
        },
        destroy() {
          for (const { view } of drawn) view.destroy?.();
        },
      };
    },
    answer(task, values, settings) {
      return Object.assign({}, ...drawable(task, settings).map(({ part, kind }) => kind.answer(part.task, valuesOf(kind, part, values), part.settings)));
    },
    fromAnswer(record, settings) {
      // A block sees the answer's keys as they were given, whatever it says of the task's.
      const found = drawable(record, settings).map(({ part, kind }) => {
        const keys = Object.keys(kind.answer(part.task, null, part.settings));
        const given = Object.fromEntries(keys.filter((key) => key in record).map((key) => [key, record[key]]));
        return kind.fromAnswer({ ...part.task, ...given }, part.settings);
      });
      return found.some(Boolean) ? Object.assign({}, ...found) : null;
    },
    keys(project) {
      const settings = (/** @type {string} */ name) => project.config[name];
      return drawable({ _id: "" }, settings).flatMap(({ part, kind }) => kind.keys(projectOf(project, part), true));
    },
    views: (task, settings) => [...new Set(blocksOf(task, settings).map(({ view }) => view))],
  };
}
