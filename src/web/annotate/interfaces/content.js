/**
 * What a task shows, drawn the same way by every interface: its text with the spans that came with
 * it, its HTML as the server cleaned it, its image.
 *
 * Whatever a task says goes in as text; markup comes only from `_clean`. Where an
 * image may come from says sources.js.
 */

import { cleaned, h, put } from "../../shared/dom.js";
import { t } from "../../shared/i18n.js";
import { toText } from "../state/lossless_json.js";
import { locate, retryAddress } from "../media/sources.js";
import { Offsets } from "../annotations/offsets.js";
import { start } from "../annotations/spans.js";
import { mediaErrorView, blockedMediaView } from "../media/media_error_view.js";
import { empty, hue } from "../view/label_colors.js";
import { drawInContext } from "../view/context_view.js";
import { spansToRead } from "../view/span_text.js";

/** @import { SpanText } from "../view/span_text.js" */
/** @import { Project, Task, View } from "../state/types.js" */

/**
 * Draw what the question is about.
 *
 * @param {HTMLElement} host
 * @param {Task} task
 * @param {Project} project
 * @param {{inLanes?: boolean}} [look] whether spans lie in lanes beneath the text, as they do where
 *   they overlap
 * @returns {HTMLElement | null} what should be scrolled to
 */
export function drawContent(host, task, project, look = {}) {
  return fill(host, task, project, look, []);
}

/**
 * The same as a card of its own that is not edited.
 *
 * @param {HTMLElement} host
 * @param {Task} task
 * @param {Project} project
 * @param {{inLanes?: boolean}} [look]
 * @returns {View}
 */
export function contentView(host, task, project, look = {}) {
  /** @type {SpanText[]} */
  const texts = [];
  const focus = fill(host, task, project, look, texts);
  return {
    prepareLayout: () => texts.forEach((text) => text.prepare()),
    mounted: () => focus?.scrollIntoView({ block: "center" }),
  };
}

/**
 * @param {HTMLElement} host
 * @param {Task} task
 * @param {Project} project
 * @param {{inLanes?: boolean}} look
 * @param {SpanText[]} texts takes the texts with spans
 * @returns {HTMLElement | null}
 */
function fill(host, task, project, { inLanes = false }, texts) {
  const text = toText(task.text);
  /** @type {HTMLElement | null} */
  let focus = null;
  const filled = task._clean?.[""];
  if (filled !== undefined) {
    put(host, h("div", { class: "html", dir: "auto" }, cleaned(filled)));
    return null;
  }
  if (task.image) put(host, image(task.image, t("The picture in question")));
  if (text.trim() || task._clean?.["/html"]) {
    focus = drawInContext(host, task, (shown) => withSpans(shown, shown === text ? task.spans : [], project, inLanes, texts));
  } else if (task.html) {
    put(host, h("div", { class: "text source", dir: "auto" }, toText(task.html)));
  } else if (!task.image && "text" in task) {
    put(host, empty(t("This task's text is empty.")));
    if (task.body || task.title) focus = drawInContext(host, { ...task, text: "" }, () => document.createTextNode(""));
  }
  return focus;
}

/**
 * A text with the spans that came with its task, as real inline elements with the label in them.
 *
 * @param {string} text
 * @param {unknown} given
 * @param {Project} project
 * @param {boolean} inLanes
 * @param {SpanText[]} texts
 * @returns {Node}
 */
function withSpans(text, given, project, inLanes, texts) {
  const offsets = new Offsets(text);
  const { spans } = start(given, offsets.length);
  if (!spans.length) return document.createTextNode(text);
  // A span without a label marks the place that is meant.
  const drawn = spansToRead(offsets, spans, (label) => (label ? hue(label, project.labels) : "var(--hue-0)"), inLanes);
  texts.push(drawn);
  return drawn.field;
}

/**
 * @param {unknown} source
 * @param {string} alt
 * @param {{pressed?: boolean}} [where] whether it lies inside of what is pressed as a whole
 */
export function image(source, alt, { pressed = false } = {}) {
  const found = locate(source, "image");
  if ("words" in found) return blockedMediaView(found.words);
  const picture = h("img", { src: found.address, alt, class: "picture", decoding: "async" });
  picture.addEventListener("error", () => {
    const again = () => {
      picture.src = retryAddress(found.address);
      note.replaceWith(picture);
    };
    const note = mediaErrorView(source, found.address, pressed ? {} : { again });
    picture.replaceWith(note);
  });
  return picture;
}

/**
 * Cleaned HTML inside something that is pressed as a whole (an option): a link in it becomes text
 * with a small link behind it, so that pressing the option chooses it and does not lead away.
 *
 * @param {string} html
 */
export function pressable(html) {
  const content = cleaned(html);
  for (const link of content.querySelectorAll("a[href]")) {
    const text = h("span", {});
    text.append(...link.childNodes);
    link.replaceWith(text, " ", link);
    link.textContent = "↗";
    link.className = "away";
    link.setAttribute("aria-label", t("open {link} in a new tab", { link: text.textContent ?? "" }));
    link.setAttribute("tabindex", "-1");
  }
  return content;
}
