/**
 * What a person has chosen about the look of the pages: theme, text size, density and language,
 * remembered in this browser.
 *
 * Applied as attributes on the root element, which theme.css reads. `auto` is the absence of a
 * choice and follows the system. Loaded first in each page, so that a dark room sees no flash of
 * white. Where storage is refused (private windows), the choice lasts as long as the page.
 */

/** @typedef {"auto" | "light" | "dark"} Theme */

export const themes = /** @type {const} */ (["auto", "light", "dark"]);

/** Text sizes in px; the middle one is the default of theme.css. */
export const sizes = [15, 16, 18, 20, 22, 25, 28, 32];

/** @param {string} key */
export function read(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/**
 * @param {string} key
 * @param {string | null} value
 */
export function write(key, value) {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch {
    // Refused by the browser; the choice still holds for this page.
  }
}

/** @returns {Theme} */
export function theme() {
  const kept = document.documentElement.dataset.theme;
  return kept === "light" || kept === "dark" ? kept : "auto";
}

/** @param {string | null} choice */
export function setTheme(choice) {
  const root = document.documentElement;
  if (choice === "light" || choice === "dark") {
    root.dataset.theme = choice;
    write("annotd.theme", choice);
  } else {
    delete root.dataset.theme;
    write("annotd.theme", null);
  }
}

/** @returns {number} the size of the task's text in px, as it is now */
export function size() {
  const now = parseFloat(getComputedStyle(document.documentElement).getPropertyValue("--size"));
  return Number.isFinite(now) ? now : 18;
}

/** @param {number | null} px */
export function setSize(px) {
  const root = document.documentElement;
  if (px !== null && px >= 12 && px <= 40) {
    root.style.setProperty("--size", `${px}px`);
    write("annotd.size", String(px));
  } else {
    root.style.removeProperty("--size");
    write("annotd.size", null);
  }
  announceResize();
}

/**
 * The next size up or down from the present one.
 *
 * @param {1 | -1} step
 */
export function stepSize(step) {
  const now = size();
  const next =
    step > 0 ? sizes.find((px) => px > now) : sizes.findLast((px) => px < now);
  if (next) setSize(next);
}

/**
 * How much stands on the page: with room around it, or close together.
 *
 * @returns {"comfortable" | "compact"}
 */
export const density = () => (document.documentElement.dataset.density === "compact" ? "compact" : "comfortable");

/** @param {string | null} choice */
export function setDensity(choice) {
  const root = document.documentElement;
  if (choice === "compact") root.dataset.density = choice;
  else delete root.dataset.density;
  write("annotd.density", choice === "compact" ? choice : null);
  announceResize();
}

/** For what was measured, it is as if the window had another size. */
const announceResize = () => dispatchEvent(new Event("resize"));

/** The language that was chosen; null where it is the browser's. */
export const chosenLanguage = () => read("annotd.language");

/** @param {string | null} choice takes effect after a reload */
export const setLanguage = (choice) => write("annotd.language", choice);

/** Apply what was chosen in an earlier visit. */
export function applyPreferences() {
  setDensity(read("annotd.density"));
  const chosen = read("annotd.theme");
  if (chosen) setTheme(chosen);
  const px = Number(read("annotd.size"));
  if (px) setSize(px);
}
