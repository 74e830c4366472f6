/**
 * All interfaces, by their `view_id`. A new one is a file beside this and a line here.
 *
 * A module, and its stylesheets where it has some, is fetched when a project needs it: a page carries
 * what it shows and nothing else. Everything is there before a card is drawn, so that drawing waits for
 * nothing.
 */

/** @import { Interface } from "../types.js" */

/** @typedef {{module: () => Promise<{default: Interface}>, style?: string | string[]}} Place */

/** @type {Record<string, Place>} */
const shelf = {
  text: { module: () => import("./text.js") },
  html: { module: () => import("./html.js") },
  classification: { module: () => import("./classification.js") },
  choice: { module: () => import("./choice.js"), style: "choice" },
  ner: { module: () => import("./ner.js") },
  ner_manual: { module: () => import("./ner_manual.js"), style: ["labels", "spans"] },
  spans: { module: () => import("./spans.js") },
  spans_manual: { module: () => import("./spans_manual.js"), style: ["labels", "spans"] },
  pos: { module: () => import("./pos.js") },
  pos_manual: { module: () => import("./pos_manual.js"), style: ["labels", "spans"] },
  dep: { module: () => import("./dep.js"), style: "graph" },
  relations: { module: () => import("./relations.js"), style: ["labels", "graph"] },
  text_input: { module: () => import("./text_input.js"), style: "written" },
  compare: { module: () => import("./compare.js"), style: "compare" },
  diff: { module: () => import("./diff.js"), style: "compare" },
  image: { module: () => import("./image.js"), style: "media" },
  image_manual: { module: () => import("./image_manual.js"), style: "media" },
  audio: { module: () => import("./audio.js"), style: "media" },
  audio_manual: { module: () => import("./audio_manual.js"), style: "media" },
  llm_io: { module: () => import("./llm_io.js"), style: "compare" },
  blocks: { module: () => import("./blocks.js"), style: "parts" },
  pages: { module: () => import("./pages.js"), style: "parts" },
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
 * Fetch these interfaces. Those that this version does not know are left out; if one cannot be fetched,
 * the promise is rejected and the same call may be made again.
 *
 * @param {string[]} views
 */
export async function fetchInterfaces(views) {
  await Promise.all(
    views.map(async (view) => {
      const place = Object.hasOwn(shelf, view) ? shelf[view] : undefined;
      if (!place || fetched.has(view)) return;
      const [module] = await Promise.all([place.module(), ...[place.style ?? []].flat().map(fetchStyle)]);
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
      link.href = `assets/annotate/interfaces/${name}.css`;
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
