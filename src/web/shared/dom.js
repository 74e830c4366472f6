/**
 * The few helpers with which all pages make elements.
 *
 * `h("p", { class: "note" }, "text", child)` makes an element; text always goes in as text, so
 * nothing that a task says can become markup. The one door for markup is `cleaned`, and it takes
 * only what the server has cleaned.
 *
 * Rejected: a template language or virtual DOM. The pages redraw one card at a time and keep the
 * rest by hand, which is less code than either and costs nothing at a key press.
 */

/** @typedef {Node | string | number | null | undefined | false} Child */

/**
 * Make an element. Attributes that are `false`, `null` or `undefined` are left out, `true` is an
 * empty attribute, and functions are listeners (`onclick`).
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} name
 * @param {Record<string, unknown>} [attributes]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (typeof value === "function") {
      element.addEventListener(key.slice(2), /** @type {EventListener} */ (value));
    } else {
      element.setAttribute(key, value === true ? "" : String(value));
    }
  }
  put(element, ...children);
  return element;
}

/**
 * Append children; strings become text.
 *
 * @param {Element | DocumentFragment} parent
 * @param {...Child} children
 */
export function put(parent, ...children) {
  for (const child of children) {
    if (child === null || child === undefined || child === false) continue;
    parent.append(typeof child === "number" ? String(child) : child);
  }
}

/**
 * Set an element's text only where it differs, so that a live region speaks only of changes and a
 * repeated update costs no layout.
 *
 * @param {Element} element
 * @param {string} text
 */
export function say(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** @type {((content: DocumentFragment) => void) | null} */
let settle = null;

/**
 * What else is done with cleaned markup before it is shown.
 *
 * @param {(content: DocumentFragment) => void} treatment
 */
export function onCleaned(treatment) {
  settle = treatment;
}

/**
 * Markup that the server has cleaned, as nodes. Links open beside the page, so that a click never
 * takes the annotator away from the task.
 *
 * @param {string} html
 * @returns {DocumentFragment}
 */
export function cleaned(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  for (const link of template.content.querySelectorAll("a[href]")) {
    link.setAttribute("target", "_blank");
    link.setAttribute("rel", "noopener noreferrer");
  }
  settle?.(template.content);
  return template.content;
}

/**
 * The element with this id, which the page's HTML is known to have.
 *
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no element with the id ${id}`);
  return element;
}
