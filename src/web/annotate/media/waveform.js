/**
 * The waveform of a sound, on a canvas.
 *
 * The file is fetched from this port (or taken out of its data URI) and decoded by the browser at a
 * low rate, which is enough to see where speech is and takes a sixth of the memory. What comes from
 * another host can be played and not read, by the page's policy; what is too long would fill the
 * memory of the tab. Then there is a plain line, and words that say so; nothing else differs.
 *
 * The canvas is as wide as the window on the sound, never as the sound: however far one zooms in, a
 * frame costs the same.
 */

import { peaks } from "../annotations/regions.js";

/** More than this is not decoded, in bytes and in seconds. */
const most = { bytes: 64 << 20, seconds: 45 * 60 };

/** Parts that a waveform is kept in: some at each pixel of a wide screen, four times magnified. */
const detail = 16_384;

/** @typedef {{peaks: Float32Array, seconds: number}} Wave */

/** Waveforms of the last sounds, so that going back costs nothing. @type {Map<string, Wave>} */
const known = new Map();

/**
 * @param {string} address
 * @param {number} duration in seconds; infinite where the file does not say
 * @param {AbortSignal} signal
 * @returns {Promise<Wave | null>} nothing if it cannot be decoded here
 */
export async function waveform(address, duration, signal) {
  const before = known.get(address);
  if (before) return before;
  if (Number.isFinite(duration) && duration > most.seconds) return null;
  try {
    const bytes = await bytesOf(address, signal);
    if (!bytes || signal.aborted) return null;
    const context = new OfflineAudioContext(1, 1, 8000);
    const sound = await context.decodeAudioData(bytes);
    const channels = Array.from({ length: sound.numberOfChannels }, (_, i) => sound.getChannelData(i));
    const found = { peaks: peaks(channels, detail), seconds: sound.duration };
    known.set(address, found);
    for (const [oldest] of known) {
      if (known.size <= 12) break;
      known.delete(oldest);
    }
    return found;
  } catch {
    return null;
  }
}

/**
 * @param {string} address
 * @param {AbortSignal} signal
 * @returns {Promise<ArrayBuffer | null>}
 */
async function bytesOf(address, signal) {
  if (address.startsWith("data:")) {
    const [head, body = ""] = address.split(/,(.*)/s);
    if (body.length > most.bytes * 1.4) return null;
    const text = /;base64$/i.test(head ?? "") ? atob(body) : decodeURIComponent(body);
    return Uint8Array.from(text, (sign) => sign.charCodeAt(0)).buffer;
  }
  // Another host's file would only be a complaint of the policy in the console.
  if (new URL(address, location.href).origin !== location.origin) return null;
  const reply = await fetch(address, { signal });
  if (!reply.ok || Number(reply.headers.get("content-length") ?? 0) > most.bytes) return null;
  return reply.arrayBuffer();
}

/**
 * Draw what is seen of a waveform, or a plain line.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {Float32Array | null} found
 * @param {number} from where the window begins, as a share of the sound
 * @param {number} to
 */
export function drawWave(canvas, found, from, to) {
  const scale = devicePixelRatio || 1;
  const [width, height] = [Math.round(canvas.clientWidth * scale), Math.round(canvas.clientHeight * scale)];
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const pen = canvas.getContext("2d");
  if (!pen) return;
  pen.clearRect(0, 0, width, height);
  pen.fillStyle = getComputedStyle(canvas).color;
  const middle = height / 2;
  pen.fillRect(0, middle - scale / 2, width, scale);
  if (!found) return;
  const bar = Math.max(1, Math.round(scale));
  for (let x = 0; x < width; x += bar) {
    const first = Math.floor((from + ((to - from) * x) / width) * found.length);
    const end = Math.max(first + 1, Math.floor((from + ((to - from) * (x + bar)) / width) * found.length));
    let loud = 0;
    for (let i = first; i < end; i++) loud = Math.max(loud, found[i] ?? 0);
    const tall = loud * (height * 0.46);
    pen.fillRect(x, middle - tall, bar, Math.max(scale, 2 * tall));
  }
}
