/**
 * All interfaces, by their `view_id`. A new one is a file beside this and a line here.
 *
 * A module, and its stylesheets where it has some, is fetched when a project needs it: a page
 * carries what it shows and nothing else. Everything is there before a card is drawn, so that
 * drawing waits for nothing.
 *
 * `blocks` and `pages` are made of other interfaces. They are given the look-up and do not import
 * this file, which imports them.
 */

/** @import { Interface } from "../state/types.js" */

/** @typedef {{module: () => Promise<{default: Interface}>, style?: string | string[]}} Loader */

/** @type {Record<string, Loader>} */
const loaders = {
  text: { module: () => import("./text.js") },
  html: { module: () => import("./html.js") },
  classification: { module: () => import("./classification.js") },
  choice: { module: () => import("./choice.js"), style: "choice" },
  ner: { module: () => import("./ner.js") },
  ner_manual: { module: () => import("./ner_manual.js"), style: ["label_toolbar", "span_editor"] },
  spans: { module: () => import("./spans.js") },
  spans_manual: { module: () => import("./spans_manual.js"), style: ["label_toolbar", "span_editor"] },
  pos: { module: () => import("./pos.js") },
  pos_manual: { module: () => import("./pos_manual.js"), style: ["label_toolbar", "span_editor"] },
  dep: { module: () => import("./dep.js"), style: "arc_graph" },
  relations: { module: () => import("./relations.js"), style: ["label_toolbar", "arc_graph"] },
  text_input: { module: () => import("./text_input.js"), style: "text_input" },
  compare: { module: () => import("./compare.js"), style: "compare" },
  diff: { module: () => import("./diff.js"), style: "compare" },
  image: { module: () => import("./image.js"), style: ["tools", "picture"] },
  image_manual: { module: () => import("./image_manual.js"), style: ["label_toolbar", "tools", "picture"] },
  audio: { module: () => import("./audio.js"), style: ["tools", "sound"] },
  audio_manual: { module: () => import("./audio_manual.js"), style: ["label_toolbar", "tools", "sound"] },
  llm_io: { module: () => import("./llm_io.js"), style: "compare" },
  blocks: { module: async () => ({ default: (await import("./blocks.js")).blocksOver(interfaceOf) }), style: "composite" },
  pages: { module: async () => ({ default: (await import("./pages.js")).pagesOver(interfaceOf) }), style: "composite" },
};

/** @type {Map<string, Interface>} */
const fetched = new Map();

/** @type {Map<string, Promise<void>>} */
const styles = new Map();

/**
 * An interface that has been fetched.
 *
 * @param {string} view
 * @returns {Interface | null}
 */
export const interfaceOf = (view) => fetched.get(view) ?? null;

/**
 * Fetch these interfaces. Those that this version does not know are left out; if one cannot be
 * fetched, the promise is rejected and the same call may be made again.
 *
 * @param {string[]} views
 */
export async function fetchInterfaces(views) {
  await Promise.all(
    views.map(async (view) => {
      const loader = Object.hasOwn(loaders, view) ? loaders[view] : undefined;
      if (!loader || fetched.has(view)) return;
      const [module] = await Promise.all([loader.module(), ...[loader.style ?? []].flat().map(fetchStyle)]);
      fetched.set(view, module.default);
    }),
  );
}

/**
 * @param {string} name
 * @returns {Promise<void>}
 */
function fetchStyle(name) {
  let known = styles.get(name);
  if (!known) {
    known = new Promise((resolve, reject) => {
      const link = document.createElement("link");
      link.rel = "stylesheet";
      link.href = `assets/annotate/styles/${name}.css`;
      link.onload = () => resolve();
      link.onerror = () => {
        styles.delete(name);
        link.remove();
        reject(new Error(`${link.href} could not be fetched`));
      };
      document.head.append(link);
    });
    styles.set(name, known);
  }
  return known;
}
