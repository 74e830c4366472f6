/**
 * The addresses of pictures, sounds and videos: makes of a task's value an address that the page
 * may use, or a message that says why there is none.
 *
 * A task has a URL, a data URI or a path. A path names a file in the folder of the roster
 * (`project.media`), which the server sends at `media/…`; it is the name of a file, so that `%` and
 * `#` in it are those signs. Another host has to be allowed by the roster (`project.media_from`):
 * the page's policy stops the browser from asking any other host, and what it would stop is told
 * here in words instead. The line that would allow it is the lead's to write, and stands in the log
 * and in what `load` says. What is asked for and does not come is told by media_errors.js.
 *
 * Every interface goes this way, and so does cleaned HTML (`settle`).
 */

import { h, onCleaned } from "../../shared/dom.js";
import { t } from "../../shared/i18n.js";
import { toText } from "../state/lossless_json.js";

/** @import { Project, Task } from "../state/types.js" */

/** @typedef {"image" | "audio" | "video"} Sort */

/** @typedef {{origin: string, folder: boolean, from: readonly string[]}} Allowed */

/** @typedef {{address: string} | {words: string}} Located */

/** @type {Allowed} */
let allowed = { origin: "", folder: false, from: [] };

/** @type {Record<Sort, RegExp>} */
const data = {
  image: /^data:image\/(png|jpeg|gif|webp|avif|bmp|svg\+xml)[;,]/i,
  audio: /^data:(audio|video)\/[\w.+-]+[;,]/i,
  video: /^data:(audio|video)\/[\w.+-]+[;,]/i,
};

/**
 * What a task says, as an address; without a page.
 *
 * @param {unknown} source
 * @param {Sort} sort
 * @param {Allowed} allowed
 * @returns {Located}
 */
export function locateIn(source, sort, { origin, folder, from }) {
  const said = toText(source).trim();
  if (!said) return { words: t("This task names no file.") };
  if (/^data:/i.test(said)) {
    return data[sort].test(said) ? { address: said } : { words: t("The file inside this task is of a type that cannot be shown: {start}", { start: said.slice(0, 40) }) };
  }
  if (/^(https?:)?\/\//i.test(said)) {
    const url = URL.canParse(said, origin || undefined) ? new URL(said, origin || undefined) : null;
    if (!url) return { words: t("This is not the address of a file: {address}", { address: said.slice(0, 200) }) };
    if ((url.origin === origin && isFile(url.pathname)) || from.includes(url.origin)) return { address: url.href };
    return { words: t("This task's file is on {host}, which this project does not allow.", { host: url.host }) };
  }
  if (/^[a-z][a-z0-9+.-]*:/i.test(said)) {
    return { words: t("This is not the address of a file: {address}", { address: said.slice(0, 200) }) };
  }
  const parts = said.split("/").filter((part) => part !== "." && part !== "");
  if (said.startsWith("/") || parts.includes("..") || !parts.length) {
    return { words: t("The path {path} leads out of the project's folder.", { path: said.slice(0, 200) }) };
  }
  if (!folder) {
    return { words: t("This task names the file {path}, but the project has no folder for files.", { path: said.slice(0, 200) }) };
  }
  return { address: `media/${parts.map(encodeURIComponent).join("/")}` };
}

/**
 * The same for this page.
 *
 * @param {unknown} source
 * @param {Sort} sort
 */
export const locate = (source, sort) => locateIn(source, sort, allowed);

/**
 * An address to ask for once more what did not come, or could not be shown: another one, because
 * browsers remember both. Of our own port only, to which what is asked behind the path means
 * nothing; another host may have signed it.
 *
 * @param {string} address
 */
export const retryAddress = (address) => (address.startsWith("media/") ? `${address}?again=${Date.now()}` : address);

/**
 * Whether a path of our own port is a file. Its other addresses do something, and a picture must
 * not.
 *
 * @param {string} path
 */
const isFile = (path) => path.includes("/media/") || /\.(png|jpe?g|gif|webp|avif|svg|mp3|wav|ogg|oga|opus|flac|m4a|mp4|webm|ogv)$/i.test(path);

/**
 * Go by what the project allows from now on.
 *
 * @param {Project} project
 */
export function allowSources(project) {
  allowed = { origin: location.origin, folder: project.media === true, from: project.media_from ?? [] };
  onCleaned(settle);
}

/**
 * What an address in HTML names. A relative one is written as addresses are, with `%20` for a
 * blank.
 *
 * @param {string} source
 */
export function fileOf(source) {
  if (/^([a-z][a-z0-9+.-]*:|\/\/)/i.test(source)) return source;
  const path = source.replace(/[?#].*$/s, "");
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/**
 * Pictures and sound in cleaned HTML: at their addresses, or in words.
 *
 * @param {DocumentFragment} content
 */
function settle(content) {
  for (const element of content.querySelectorAll("img, audio, video, source")) {
    element.removeAttribute("srcset");
    element.removeAttribute("poster");
    const source = element.getAttribute("src");
    if (source === null) continue;
    const sort = element.localName === "img" ? "image" : "video";
    const found = locate(fileOf(source), sort);
    if ("address" in found) {
      element.setAttribute("src", found.address);
    } else {
      const alt = element.getAttribute("alt");
      element.replaceWith(h("em", { class: "unshown", dir: "auto" }, alt ? `${alt}: ${found.words}` : found.words));
    }
  }
}

/**
 * The size of a picture that has come ahead of its card.
 *
 * @param {string} address
 */
export function preloadedSize(address) {
  const picture = ahead.get(address);
  return picture?.complete && picture.naturalWidth ? { width: picture.naturalWidth, height: picture.naturalHeight } : null;
}

/** Pictures that were asked for ahead, the latest last; as many as a batch may bring. */
const ahead = /** @type {Map<string, HTMLImageElement>} */ (new Map());

/** Addresses of pictures that are asked for next, in the order of their cards. */
const queue = /** @type {string[]} */ ([]);

/** Whether a picture that was asked for ahead is on its way. */
let isLoading = false;

/**
 * Ask for the pictures of tasks that lie ready, so that their cards are whole when they come.
 *
 * They come one after the other: on a slow line, pictures of later cards would take the time of the
 * one that the annotator waits for.
 *
 * @param {Task[]} tasks
 */
export function preloadPictures(tasks) {
  for (const { image } of tasks) {
    const found = image ? locate(image, "image") : { words: "" };
    if (!("address" in found) || ahead.has(found.address) || queue.includes(found.address)) continue;
    queue.push(found.address);
  }
  loadNext();
}

function loadNext() {
  const address = isLoading ? undefined : queue.shift();
  if (address === undefined) return;
  isLoading = true;
  const picture = new Image();
  const done = () => {
    isLoading = false;
    loadNext();
  };
  picture.addEventListener("load", done, { once: true });
  picture.addEventListener("error", done, { once: true });
  picture.decoding = "async";
  picture.src = address;
  ahead.set(address, picture);
  for (const [oldest] of ahead) {
    if (ahead.size <= 24) break;
    ahead.delete(oldest);
  }
}
