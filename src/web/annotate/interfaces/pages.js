/**
 * `pages`: a list of tasks on one card, one of them on the page at a time, each drawn by its own
 * `view_id`.
 *
 * The values are what each page adds (null while it is untouched), with the page that is open and
 * those that were seen, so that a reload half-way comes back to the same place. An answer has the
 * first alone; the server puts it into the pages.
 *
 * A page is drawn again each time it is opened. Its last drawing is still asked
 * whether it objects to a verdict, so that it does not have to be drawn for the question.
 */

import { h, put, say } from "../../shared/dom.js";
import { t } from "../../shared/i18n.js";
import { empty } from "../view/label_colors.js";
import { blocksOf, pagesOf, projectOf } from "./composite.js";

/** @import { Interface, Task, Values, View } from "../state/types.js" */
/** @import { InterfaceLookup, Settings } from "./composite.js" */

const next = ["n", "arrowright"];
const previous = ["p", "arrowleft"];

/**
 * What was added to each page.
 *
 * @param {Values | null} values
 * @returns {(Values | null)[]}
 */
const addedOf = (values) => (Array.isArray(values?.pages) ? values.pages : []);

/**
 * @param {InterfaceLookup} interfaceOf
 * @returns {Interface}
 */
export function pagesOver(interfaceOf) {
  return {
    draw(host, question, context) {
      const parts = pagesOf(context.task, context.settings);
      if (!parts.length) {
        put(host, empty(t("This task has no pages that can be shown.")));
        return {};
      }
      const { values } = context;
      const added = parts.map((_, i) => addedOf(values)[i] ?? null);
      // Values without a place are those of an answer, and who answered has seen every page.
      const seen = new Set(values && !Array.isArray(values._seen) ? parts.keys() : /** @type {number[]} */ (values?._seen ?? []));
      let at = Math.min(Number(values?._page ?? 0) || 0, parts.length - 1);
      /** @type {View[]} */
      const views = [];

      const keep = () => context.edit({ pages: added, _page: at, _seen: [...seen] });
      const place = h("p", { class: "place", "aria-live": "polite" });
      // On a phone the sign is all there is room for; the words are heard (composite.css).
      const back = h(
        "button",
        { type: "button", "data-page": "previous", onclick: () => turn(at - 1) },
        h("span", { "aria-hidden": "true" }, "‹"), h("span", { class: "long" }, t("previous page")), h("kbd", { "aria-hidden": "true" }, "p"),
      );
      const on = h(
        "button",
        { type: "button", "data-page": "next", onclick: () => turn(at + 1) },
        h("span", { class: "long" }, t("next page")), h("span", { "aria-hidden": "true" }, "›"), h("kbd", { "aria-hidden": "true" }, "n"),
      );
      const asked = h("div", { class: "question inside" });
      const sheet = h("div", { class: "sheet" });
      put(host, sheet);
      put(question, asked, h("nav", { class: "page-turn", "aria-label": t("Pages") }, back, place, on));

      function draw() {
        const part = /** @type {NonNullable<typeof parts[0]>} */ (parts[at]);
        const kind = interfaceOf(part.view);
        sheet.className = `sheet ${part.view}`;
        sheet.replaceChildren();
        asked.replaceChildren();
        seen.add(at);
        const i = at;
        views[at] = kind
          ? kind.draw(sheet, asked, {
              ...context,
              task: part.task,
              project: projectOf(context.project, part),
              values: added[at] ?? null,
              settings: part.settings,
              part: "page",
              edit(mine) {
                added[i] = mine;
                keep();
              },
            })
          : {};
        if (!kind) put(sheet, empty(t("This page cannot be shown.")));
        back.disabled = at === 0;
        on.disabled = at === parts.length - 1;
        say(place, t("Page {n} of {all}", { n: at + 1, all: parts.length }));
      }

      /** @param {number} to */
      function turn(to) {
        if (to < 0 || to >= parts.length || to === at) return;
        // The button at the end is about to be disabled, and would drop the focus.
        const pressed = document.activeElement === back || document.activeElement === on;
        views[at]?.destroy?.();
        at = to;
        draw();
        keep();
        if (pressed && document.activeElement instanceof HTMLButtonElement && document.activeElement.disabled) (to === 0 ? on : back).focus();
        scrollTo(0, 0);
        views[at]?.mounted?.();
      }

      draw();

      return {
        key(name, event) {
          if (views[at]?.key?.(name, event)) return true;
          if (next.includes(name)) turn(at + 1);
          else if (previous.includes(name)) turn(at - 1);
          else return false;
          return true;
        },
        check(verdict) {
          if (verdict === "accept" && seen.size < parts.length) {
            const first = parts.findIndex((_, i) => !seen.has(i));
            return t("View all pages first: page {n} has not been opened yet.", { n: first + 1 });
          }
          for (const i of parts.keys()) {
            const objection = views[i]?.check?.(verdict);
            if (!objection) continue;
            if (i !== at) {
              turn(i);
              // The new drawing has not objected yet, and would do so once more.
              views[i]?.check?.(verdict);
            }
            return t("Page {n}: {words}", { n: i + 1, words: objection });
          }
          return null;
        },
        mounted: () => views[at]?.mounted?.(),
        destroy: () => views[at]?.destroy?.(),
      };
    },
    answer(task, values, settings) {
      const added = addedOf(values);
      return {
        pages: pagesOf(task, settings).map((part, i) => interfaceOf(part.view)?.answer(part.task, added[i] ?? null, part.settings) ?? {}),
      };
    },
    fromAnswer: (record, settings) => ({
      pages: pagesOf(record, settings).map((part) => interfaceOf(part.view)?.fromAnswer(part.task, part.settings) ?? null),
    }),
    keys: () => [
      { keys: next, does: t("next page") },
      { keys: previous, does: t("previous page") },
    ],
    views(task, settings) {
      return pagesOf(task, settings).flatMap((part) => [part.view, ...inside(part.view, part.task, part.settings)]);
    },
  };
}

/**
 * The views of a page that is itself made of several. Its interface is not there yet when this is
 * asked, but of those that can be a page only blocks are.
 *
 * @param {string} view
 * @param {Task} task
 * @param {Settings} settings
 */
function inside(view, task, settings) {
  return view === "blocks" ? blocksOf(task, settings).map((block) => block.view) : [];
}
