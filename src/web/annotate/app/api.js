/**
 * The calls that the page makes to its annotator's port (contract, section 3), and what can go
 * wrong with them, in words.
 *
 * Addresses are relative, so that the page also works behind a proxy that gives it a path. Every
 * call has a deadline, which is one of silence: a connection over which no byte comes is a server
 * that is away, and one that is slow is not.
 */

import { t } from "../../shared/i18n.js";
import { parse } from "../state/lossless_json.js";
import { Splitter } from "./reply_splitter.js";

/**
 * @import {
 *   History, ServerNotice, Project, TasksReply, SaveReply, Task, Whereabouts
 * } from "../state/types.js"
 */

/**
 * The tasks that the page shows and whose answers it has not given.
 *
 * @typedef {{untouched: string[], touched: string[]}} InView
 */

/** What has become of them. @typedef {{untouched?: Whereabouts, touched?: Whereabouts}} Told */

/** How long no byte may come, in milliseconds. */
const deadline = 20_000;

/**
 * How many characters of a request leave in a millisecond at least: nothing tells how far it has
 * come.
 */
const slowest = 16;

export class ApiError extends Error {
  /**
   * @param {string} message
   * @param {number} status the HTTP status; 0 when there was no reply at all
   * @param {string} code
   */
  constructor(message, status, code) {
    super(message);
    this.status = status;
    this.code = code;
  }

  /** Whether the port wants a key that this browser does not have, or not any more. */
  get locked() {
    return this.status === 401;
  }

  /** Whether the same request may succeed later, unchanged. */
  get passing() {
    return this.status === 0 || this.status >= 500 || [401, 403, 404, 408, 425, 429].includes(this.status);
  }
}

/**
 * The text of a reply, a piece at a time.
 *
 * @param {Response} reply
 * @param {(piece: string) => void} hear
 */
async function listen(reply, hear) {
  const reader = reply.body?.getReader();
  const decoder = new TextDecoder();
  for (;;) {
    const { done = true, value } = (await reader?.read()) ?? {};
    hear(decoder.decode(value, { stream: !done }));
    if (done) return;
  }
}

/**
 * @param {string} path
 * @param {unknown} [body] makes it a POST; a string is sent as it is
 * @param {(tasks: Task[]) => void} [take] is given the tasks of the reply as they come; they are
 *   not in it then
 * @returns {Promise<any>}
 */
async function call(path, body, take) {
  const silence = new AbortController();
  /** @type {RequestInit} */
  const request = { signal: silence.signal, cache: "no-store" };
  let patience = deadline;
  if (body !== undefined) {
    const sent = typeof body === "string" ? body : JSON.stringify(body);
    patience += sent.length / slowest;
    request.method = "POST";
    request.headers = { "content-type": "application/json" };
    request.body = sent;
  }
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const wait = (/** @type {number} */ time) => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(new Error("the server is silent")), time);
  };
  const splitter = new Splitter();
  let reply;
  let text = "";
  try {
    wait(patience);
    reply = await fetch(path, request);
    const cuts = take && reply.ok ? take : null;
    await listen(reply, (piece) => {
      wait(deadline);
      if (!cuts) {
        text += piece;
        return;
      }
      const whole = splitter.push(piece);
      if (whole.length) cuts(whole.map(parse));
    });
    if (cuts) text = splitter.end();
  } catch (error) {
    throw new ApiError(error instanceof Error ? error.message : String(error), 0, "unreachable");
  } finally {
    clearTimeout(timer);
  }
  if (reply.ok) {
    try {
      return parse(text);
    } catch {
      throw new ApiError(t("The server's reply was not JSON."), 502, "not_json");
    }
  }
  /** @type {{message?: string, code?: string}} */
  let told = {};
  try {
    told = parse(text).error ?? {};
  } catch {
    // A proxy's error page; the status says enough.
  }
  throw new ApiError(told.message ?? t("The server answered {status}.", { status: reply.status }), reply.status, told.code ?? "");
}

/**
 * Whose page this is: said with every request, so that a port which changes hands meanwhile is
 * noticed.
 */
let session = "";

/** @param {string} id a session_id */
export function setSession(id) {
  session = id;
}

/**
 * @param {string | null} [asked] whom the page's address asks for
 * @returns {Promise<Project>}
 */
export const getProject = (asked = null) => call(asked ? `project?session=${encodeURIComponent(asked)}` : "project");

/** How many tasks the server is told of in one request at most, in each list. */
const most = 500;

/** @param {InView} view */
const named = ({ untouched, touched }) => ({ untouched: untouched.slice(0, most), touched: touched.slice(0, most) });

/**
 * A batch; the server decides how large, so that little is left lying here when others run short.
 *
 * @param {string[]} excludes the newest last
 * @param {InView} view
 * @param {(tasks: Task[]) => void} take is given the tasks, each as soon as its own bytes are there
 * @returns {Promise<Omit<TasksReply, "tasks"> & Told>} what else the reply says
 */
export const getTasks = (excludes, view, take) =>
  call("get_session_questions", { session_id: session, excludes: excludes.slice(-2 * most), ...named(view) }, take);

/**
 * @param {string[]} answers each already JSON
 * @param {number} sentAt this browser's clock, by which the server sets the times right
 * @param {string} [whose] the session whose answers they are, if it is not this page's
 * @returns {Promise<SaveReply>}
 */
export const submitAnswers = (answers, sentAt, whose = session) =>
  call("give_answers", `{"session_id":${JSON.stringify(whose)},"sent_at":${sentAt},"answers":[${answers.join(",")}]}`);

/**
 * @param {number} n
 * @param {string | null} before what an earlier reply gave as `next`; null for the newest
 * @returns {Promise<History>}
 */
export const getHistory = (n, before) => call(`history?n=${n}${before === null ? "" : `&before=${encodeURIComponent(before)}`}`);

/** @returns {Promise<ServerNotice>} */
export const getProgress = () => call("progress");

/**
 * Keep what lies here, and learn what is not this annotator's any more.
 *
 * @param {InView} view
 * @returns {Promise<Told>}
 */
export const renew = (view) => call("renew", { session_id: session, ...named(view) });

export const endSession = () => call("end_session", { session_id: session });

/** @param {unknown} error */
export const isLocked = (error) => error instanceof ApiError && error.locked;
