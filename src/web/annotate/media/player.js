/**
 * A sound or a video with its waveform, as `audio` and `audio_manual` show it.
 *
 * The sound is a native <audio> or <video> without its own controls: these take the space bar,
 * which skips a task, and each browser has others. Over the waveform (waveform.js) lie the
 * segments, real elements at their share of the time, in lanes for their names where they overlap.
 *
 * Enter plays and pauses, as in Prodigy, and so does ctrl with space; `keymap.playpause` of the
 * project has others.
 */

import { h, put, say } from "../../shared/dom.js";
import { t } from "../../shared/i18n.js";
import { numberOf, toText } from "../state/lossless_json.js";
import { normal, sign } from "../state/keys.js";
import { locate, retryAddress } from "./sources.js";
import { clock, lanes } from "../annotations/regions.js";
import { drawWave, waveform } from "./waveform.js";
import { hasNoAudioDevice } from "./media_errors.js";
import { mediaErrorView, blockedMediaView } from "./media_error_view.js";
import { hue } from "../view/label_colors.js";
import { toolButton } from "../view/tool_button.js";

/** @import { Context, KeyHelp, Project } from "../state/types.js" */
/** @import { Region } from "../annotations/regions.js" */

const zooms = [1, 2, 4, 8, 16, 32, 64];
const rates = [0.5, 0.75, 1, 1.25, 1.5, 1.75, 2, 3];

/** The speed in use; it stays from card to card. @type {number | null} */
let rate = null;

/** @param {unknown} keymap @returns {string[]} */
function playKeys(keymap) {
  const own = keymap && typeof keymap === "object" ? /** @type {Record<string, unknown>} */ (keymap).playpause : undefined;
  const keys = (Array.isArray(own) ? own : [own]).filter((key) => typeof key === "string");
  return keys.length ? keys.map(normal) : ["enter", "ctrl+space"];
}

/**
 * A segment in words.
 *
 * @param {Region} region
 */
export const inWords = (region) =>
  t("{label}: {start} to {end}", { label: toText(region.label), start: clock(region.start), end: clock(region.end) });

/**
 * @typedef {{
 *   regions: Region[],
 *   selected?: Region | null,
 *   pending?: {from: number, to: number} | null,
 * }} Look
 */

export class Player {
  /**
   * @param {HTMLElement} host
   * @param {Context} context
   * @param {boolean} editable
   * @param {() => void} ready its length is known, or it will not come
   */
  constructor(host, context, editable, ready) {
    const { task, project } = context;
    this.context = context;
    this.labels = project.labels;
    this.editable = editable;
    this.ready = ready;
    this.duration = 0;
    this.zoom = 0;
    /** @type {Look} */
    this.look = { regions: [] };
    /** @type {Float32Array | null} */
    this.peaks = null;
    /** Whether there is no sound, and none on its way. */
    this.lacking = false;
    this.keys = playKeys(context.settings("keymap"));
    this.end = new AbortController();
    this.frames = 0;

    const isVideo = Boolean(task.video);
    const found = locate(task.video || task.audio, isVideo ? "video" : "audio");
    this.media = h(isVideo ? "video" : "audio", { preload: "auto", playsinline: isVideo, "aria-label": isVideo ? t("The video") : t("The sound") });
    this.canvas = h("canvas", { "aria-hidden": "true" });
    this.layer = h("div", { class: "regions" });
    this.head = h("div", { class: "playhead", "aria-hidden": "true" });
    this.wave = h("div", { class: "wave" }, this.canvas, this.layer, this.head);
    this.frame = h("div", { class: "wave-frame", tabindex: "0", role: "group", "aria-label": t("The sound over time. The arrow keys go back and forth in it.") }, this.wave);
    this.note = h("p", { class: "wave-note" });
    if ("words" in found) {
      this.lacking = true;
      put(host, blockedMediaView(found.words));
      return;
    }
    this.address = found.address;

    const [first] = this.keys;
    this.button = h(
      "button",
      {
        type: "button",
        class: "play",
        "data-play": "",
        onclick: (/** @type {MouseEvent} */ event) => {
          this.toggle();
          if (event.detail > 0) this.button?.blur();
        },
      },
      h("span", { class: "tool-words" }, t("play")),
      h("kbd", { "aria-hidden": "true" }, sign(first ?? "enter")),
    );
    this.clock = h("span", { class: "clock", role: "timer", "aria-label": t("Time") }, "0:00.0");
    let byPointer = false;
    const wanted = numberOf(context.settings("audio_rate"));
    rate ??= wanted >= 0.25 && wanted <= 4 ? wanted : 1;
    const offered = rates.includes(rate) ? rates : [...rates, rate].sort((a, b) => a - b);
    this.rates = h(
      "select",
      { class: "rate", "aria-label": t("Speed"), onpointerdown: () => (byPointer = true), onchange: () => {
        this.setRate(Number(this.rates?.value));
        // After a mouse click, keys belong to the card again; keyboard users keep the focus.
        if (byPointer) this.rates?.blur();
        byPointer = false;
      } },
      ...offered.map((one) => h("option", { value: one, selected: one === rate }, `${one}×`)),
    );
    this.looping = context.settings("audio_loop") === true;
    this.loop = toolButton(t("loop"), "l", () => this.toggleLoop(), { "data-loop": "", "aria-pressed": String(this.looping) });
    const row = h(
      "div",
      { class: "play-row" },
      this.button,
      this.clock,
      this.rates,
      this.loop,
      toolButton(t("Zoom out"), "-", () => this.zoomBy(-1), { "data-zoom": "out" }),
      toolButton(t("Zoom in"), "+", () => this.zoomBy(1), { "data-zoom": "in" }),
    );
    this.whole = h("div", { class: "player" }, this.media, this.frame, this.note, row);
    put(host, this.whole);
    this.listen();
    this.media.src = found.address;
    this.media.defaultPlaybackRate = rate;
    this.media.playbackRate = rate;
  }

  listen() {
    const { media, frame } = this;
    const { signal } = this.end;
    const on = (/** @type {EventTarget} */ target, /** @type {string} */ name, /** @type {() => void} */ act) => target.addEventListener(name, act, { signal });
    on(media, "loadedmetadata", () => {
      if (Number.isFinite(media.duration)) this.know(media.duration);
      void this.fetchWave(media.duration);
    });
    on(media, "error", () => this.fail());
    on(media, "play", () => this.run());
    on(media, "pause", () => this.show());
    on(media, "seeked", () => this.show());
    on(media, "ended", () => {
      if (this.looping) this.replay();
    });
    if (media.localName === "video") on(media, "click", () => this.toggle());
    on(frame, "scroll", () => this.paint());
    const sight = new ResizeObserver(() => this.paint());
    sight.observe(frame);
    const theme = new MutationObserver(() => this.paint());
    theme.observe(document.documentElement, { attributes: true });
    on(matchMedia("(prefers-color-scheme: dark)"), "change", () => this.paint());
    signal.addEventListener("abort", () => {
      sight.disconnect();
      theme.disconnect();
      cancelAnimationFrame(this.frames);
    });
  }

  fail() {
    const { media, whole, context, address } = this;
    if (!whole || !address || this.lacking) return;
    const at = media.currentTime;
    if (hasNoAudioDevice(media.error)) {
      media.src = retryAddress(address);
      media.currentTime = at;
      const words = t("This device has no audio output. Connect a loudspeaker or headphones, then press play again.");
      say(this.note, words);
      context.announce(words);
      this.show();
      return;
    }
    this.lacking = true;
    const again = () => {
      this.lacking = false;
      note.replaceWith(whole);
      media.src = retryAddress(address);
      // Where it broke off it goes on.
      media.currentTime = at;
      this.ready();
    };
    const note = mediaErrorView(context.task.video || context.task.audio, address, { again, announce: context.announce });
    whole.replaceWith(note);
    this.ready();
  }

  /** @returns {import("./media_error_view.js").Presence} */
  get presence() {
    return this.lacking ? "lacking" : this.there ? "there" : "coming";
  }

  /** @param {number} duration */
  know(duration) {
    this.duration = duration;
    this.draw(this.look);
    this.show();
    this.ready();
  }

  /** @param {number} duration */
  async fetchWave(duration) {
    const found = await waveform(this.address ?? "", duration, this.end.signal);
    if (this.end.signal.aborted) return;
    this.peaks = found?.peaks ?? null;
    if (!found) say(this.note, t("The waveform of this sound cannot be drawn. Everything else works as usual."));
    else if (!this.duration) this.know(found.seconds);
    this.wave.dataset.wave = found ? "drawn" : "plain";
    this.paint();
  }

  /** Whether its length is known, so that one can point into it. */
  get there() {
    return this.duration > 0;
  }

  get time() {
    return this.media.currentTime;
  }

  /** @param {number} to */
  seek(to) {
    if (!this.there) return;
    this.media.currentTime = Math.min(this.duration, Math.max(0, to));
    this.show();
  }

  toggle() {
    if (this.lacking) return;
    if (!this.media.paused) {
      this.media.pause();
      return;
    }
    const { selected } = this.look;
    if (this.looping && selected && (this.time < selected.start || this.time >= selected.end)) this.seek(selected.start);
    this.play();
  }

  play() {
    this.media.play().catch(() => {
      if (!this.lacking && !this.end.signal.aborted) say(this.note, t("The browser needs your click before it plays: press play."));
    });
  }

  replay() {
    this.seek(this.look.selected?.start ?? 0);
    this.play();
  }

  toggleLoop() {
    this.looping = !this.looping;
    this.loop?.setAttribute("aria-pressed", String(this.looping));
    this.context.announce(this.looping ? t("Looping the selection, or the whole recording.") : t("The loop is off."));
  }

  /** @param {number} to */
  setRate(to) {
    rate = to;
    this.media.playbackRate = to;
    this.media.defaultPlaybackRate = to;
    if (this.rates) this.rates.value = String(to);
    this.context.announce(t("{n} times the speed", { n: to }));
  }

  /** @param {1 | -1} step */
  rateBy(step) {
    const now = rate ?? 1;
    const next = step > 0 ? rates.find((one) => one > now) : rates.findLast((one) => one < now);
    if (next) this.setRate(next);
  }

  /** @param {1 | -1} step */
  zoomBy(step) {
    const { frame } = this;
    const middle = this.there ? this.time / this.duration : 0;
    this.zoom = Math.max(0, Math.min(zooms.length - 1, this.zoom + step));
    this.wave.style.setProperty("--zoom", String(zooms[this.zoom]));
    frame.scrollLeft = middle * frame.scrollWidth - frame.clientWidth / 2;
    this.paint();
    this.context.announce(t("{n} times its size", { n: zooms[this.zoom] ?? 1 }));
  }

  /** While it plays, every frame shows where it is. */
  run() {
    cancelAnimationFrame(this.frames);
    const step = () => {
      if (this.media.paused || this.end.signal.aborted) return;
      const { selected } = this.look;
      if (this.looping && selected && this.time >= selected.end) this.media.currentTime = selected.start;
      this.show();
      this.frames = requestAnimationFrame(step);
    };
    step();
  }

  /** Show where it is. */
  show() {
    if (!this.button || !this.clock) return;
    const playing = !this.media.paused;
    say(/** @type {Element} */ (this.button.firstElementChild), playing ? t("pause") : t("play"));
    say(this.clock, this.there ? `${clock(this.time)} / ${clock(this.duration)}` : "0:00.0");
    if (!this.there) return;
    const share = this.time / this.duration;
    this.head.style.setProperty("left", `${100 * share}%`);
    const { frame } = this;
    const x = share * frame.scrollWidth;
    if (this.zoom && (x < frame.scrollLeft || x > frame.scrollLeft + frame.clientWidth)) frame.scrollLeft = x - frame.clientWidth / 4;
  }

  paint() {
    const { scrollLeft, clientWidth, scrollWidth } = this.frame;
    if (scrollWidth) drawWave(this.canvas, this.peaks, scrollLeft / scrollWidth, (scrollLeft + clientWidth) / scrollWidth);
  }

  /**
   * The time at a place of the window.
   *
   * @param {{clientX: number}} event
   */
  timeAt({ clientX }) {
    const { left, width } = this.wave.getBoundingClientRect();
    return width ? Math.min(1, Math.max(0, (clientX - left) / width)) * this.duration : 0;
  }

  /**
   * Show these stretches. What has the focus keeps it.
   *
   * @param {Look} look
   */
  draw(look) {
    this.look = look;
    if (!this.there) return;
    const { of } = lanes(look.regions);
    const focused = [...this.layer.children].indexOf(/** @type {Element} */ (document.activeElement));
    const elements = look.regions.map((region, i) => {
      const name = h("span", { class: "region-name", dir: "auto" }, toText(region.label));
      const on = region === look.selected;
      const about = { class: on ? "region on" : "region", "data-region": i, "data-label": toText(region.label) };
      const element = this.editable
        ? h(
            "button",
            { ...about, type: "button", "aria-pressed": String(on), "aria-label": inWords(region) },
            name,
            h("span", { class: "region-edge start", "data-edge": "start" }),
            h("span", { class: "region-edge end", "data-edge": "end" }),
          )
        : h("div", about, name);
      element.style.setProperty("--hue", hue(toText(region.label), this.labels));
      name.style.setProperty("--lane", String(Math.min(5, of.get(region) ?? 0)));
      this.lay(element, region.start, region.end);
      return element;
    });
    if (look.pending) {
      const element = h("div", { class: "region pending" });
      this.lay(element, Math.min(look.pending.from, look.pending.to), Math.max(look.pending.from, look.pending.to));
      elements.push(element);
    }
    this.layer.replaceChildren(...elements);
    if (focused >= 0) /** @type {HTMLElement | undefined} */ (this.layer.children[focused])?.focus();
  }

  /**
   * @param {HTMLElement} element
   * @param {number} start
   * @param {number} end
   */
  lay(element, start, end) {
    element.style.setProperty("left", `${(100 * start) / this.duration}%`);
    element.style.setProperty("width", `${(100 * (end - start)) / this.duration}%`);
  }

  /** The card is on the page. */
  mounted() {
    if (this.context.settings("audio_autoplay") === true && !this.lacking) this.play();
  }

  /** The card goes: so does its sound. */
  destroy() {
    this.end.abort();
    this.media.pause();
    this.media.removeAttribute("src");
    this.media.load();
  }

  /**
   * Keys of every player.
   *
   * @param {string} key
   */
  key(key) {
    if (this.lacking) return false;
    if (this.keys.includes(key)) {
      this.toggle();
      return true;
    }
    const [, held, way] = /^(shift\+|ctrl\+|meta\+)?arrow(left|right)$/.exec(key) ?? [];
    if (way) {
      const step = held === "shift+" ? 5 : held ? 0.1 : 1;
      this.seek(this.time + (way === "left" ? -step : step));
      if (this.media.paused) this.context.announce(clock(this.time));
      return true;
    }
    switch (key) {
      case "home":
        this.seek(0);
        return true;
      case "end":
        this.seek(this.duration);
        return true;
      case "l":
        this.toggleLoop();
        return true;
      case "<":
        this.rateBy(-1);
        return true;
      case ">":
        this.rateBy(1);
        return true;
      case "+":
      case "=":
        this.zoomBy(1);
        return true;
      case "-":
        this.zoomBy(-1);
        return true;
      default:
        return false;
    }
  }
}

/**
 * @param {Project} project
 * @returns {KeyHelp[]}
 */
export const playerHelp = (project) => [
  { keys: playKeys(project.config.keymap).map(sign), does: t("play, or pause") },
  { keys: ["←", "→"], does: t("a second back or forth; five with ⇧, a tenth with ctrl") },
  { keys: ["<", ">"], does: t("play slower, or faster") },
  { keys: ["l"], does: t("loop the selection, or the whole recording") },
  { keys: ["+", "−"], does: t("zoom the waveform in or out") },
];
