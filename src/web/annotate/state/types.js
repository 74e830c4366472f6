/**
 * The shapes that the modules of the annotation page hand to each other. Only comments: nothing is
 * loaded from here, `tsc` reads it.
 *
 * What comes over the wire keeps its own names (`_id`, `token_start`); what is the page's own is
 * spelled as JavaScript does.
 */

/**
 * A task as the server sends it: the loaded JSON, untouched, and annotd's own keys. Keys that are
 * not known here travel through.
 *
 * @typedef {{
 *   _id: string,
 *   _clean?: Record<string, string>,
 *   _tokens?: Token[],
 *   _options?: Option[],
 *   _size?: {width: number, height: number},
 *   _parts?: unknown[],
 *   text?: unknown, html?: unknown, image?: unknown, audio?: unknown, video?: unknown, label?:
 *   unknown,
 *   title?: unknown, body?: unknown, context_before?: unknown, context_after?: unknown,
 *   spans?: unknown, tokens?: unknown, options?: unknown, accept?: unknown,
 *   meta?: unknown, config?: unknown,
 *   answer?: unknown,
 *   [key: string]: unknown,
 * }} Task
 */

/**
 * Offsets are code points, `end` is exclusive.
 *
 * @typedef {{
 *   text: string,
 *   start: number,
 *   end: number,
 *   id: number,
 *   ws?: boolean,
 *   disabled?: boolean,
 * }} Token
 */

/**
 * Offsets are code points, `end` is exclusive, `token_end` inclusive. Further keys travel through.
 *
 * @typedef {{
 *   start: number, end: number, label: string,
 *   token_start?: number, token_end?: number,
 *   [key: string]: unknown,
 * }} Span
 */

/**
 * @typedef {string | number | object} OptionId an object is a number kept as written, see
 *   lossless_json.js
 */

/** @typedef {{id: OptionId, text?: unknown, html?: unknown, image?: unknown}} Option */

/** @typedef {"accept" | "reject" | "ignore"} Verdict */

/**
 * What an interface has so far for one card: the keys that it would add to the answer. Plain JSON:
 * it is kept as a draft, and comes back after a reload.
 *
 * @typedef {{spans?: Span[], accept?: OptionId[], [key: string]: unknown}} Values
 */

/**
 * @typedef {{
 *   project: string, annotator: string, display?: string, session_id: string, view_id: string,
 *   labels: string[], batch_size: number, instructions: string | null,
 *   config: Record<string, unknown>, lease_seconds: number, version: string,
 *   edition: string, roster_edition?: number | null, standing: Standing, moved_to: string | null,
 *   asked?: {session: string, url: string | null} | null,
 *   media?: boolean, media_from?: string[],
 * }} Project
 */

/**
 * @typedef {{
 *   total: number | null,
 *   progress: number | null,
 *   answered: number | null,
 *   due: number | null,
 * }} Stats
 */

/**
 * Whether the annotator works at this port: `here`, or why not.
 *
 * @typedef {"here" | "paused" | "left" | "moved"} Standing
 */

/** Why no task comes. @typedef {"done" | "waiting" | Exclude<Standing, "here">} Reason */

/**
 * What every reply says beside its own.
 *
 * @typedef {Partial<Stats> & {edition?: string, standing?: Standing}} ServerNotice
 */

/** @typedef {ServerNotice & {tasks: Task[], reason?: Reason | null}} TasksReply */

/** @typedef {{_id: string, status: string, error?: string}} Result */

/** @typedef {ServerNotice & {saved: number, results?: Result[]}} SaveReply */

/**
 * Newest first, each the task with what was answered; and where the answers before them are found.
 *
 * @typedef {{answers: Task[], next: string | null}} History
 */

/**
 * @typedef {{
 *   answer: Verdict,
 *   values: Values | null,
 *   flagged: boolean,
 *   comment: string,
 *   reason?: string | null,
 * }} PreviousAnswer
 */

/**
 * Why a task is not this page's any more: others have it, or its annotator answered it elsewhere.
 *
 * @typedef {"moved" | "answered"} Fate
 */

/**
 * What has become of tasks, by their `_id`.
 *
 * @typedef {{held: string[], moved: string[], answered: string[]}} Whereabouts
 */

/**
 * One card on the page: a task and what its annotator has made of it. `key` is unique on this page
 * and says whether a card has to be drawn again; `values` is null while untouched; `fate` is there
 * where the task is not this page's any more, and stays for what is half done; `size` is the length
 * of the task's JSON, of an answered card.
 *
 * @typedef {{
 *   key: number, task: Task, values: Values | null, flagged: boolean, comment: string,
 *   previousAnswer: PreviousAnswer | null, fate?: Fate | null, size?: number,
 * }} Card
 */

/**
 * A setting by its name: the task's own, or else the project's.
 *
 * @typedef {(name: string) => unknown} Settings
 */

/** @typedef {{keys: string[], does: string}} KeyHelp */

/**
 * What an interface may do while its card is on the page. `edit` takes all of its values again,
 * after every change however small: what is handed to it survives a reload, a crash and a walk back
 * and forth; what is not is lost. `part` is there where the card is made of several and this is one
 * of them.
 *
 * @typedef {{
 *   task: Task,
 *   project: Project,
 *   values: Values | null,
 *   edit: (values: Values) => void,
 *   submit: (verdict: Verdict) => void,
 *   announce: (words: string) => void,
 *   settings: Settings,
 *   part?: "block" | "page",
 * }} Context
 */

/**
 * A drawn card. `key` gets the name of a pressed key (keys.js) before the page does, and says
 * whether it used it. `check` may object to a verdict, in words. `shown` is called once the card is
 * on the page, `gone` when it leaves it: sound ends there, and listeners on the window are taken
 * away. `ahead` is called where the card was drawn before its turn and lies on the page unseen:
 * time to lay out what can be.
 *
 * @typedef {{
 *   key?: (name: string, event: KeyboardEvent) => boolean,
 *   check?: (verdict: Verdict) => string | null,
 *   prepareLayout?: () => void,
 *   mounted?: () => void,
 *   destroy?: () => void,
 * }} View
 */

/**
 * An interface: everything the page knows about one `view_id`.
 *
 * - `draw` fills the card (`host`) and the space above the answer buttons (`question`);
 * - `answer` gives the keys that go into the answer, from the values or, untouched, from the task;
 * - `fromAnswer` takes the values out of an answer that was given before;
 * - `keys` is for the help; `part` where the card is made of several and this is one of them;
 * - `canPrerender` says that a card may be drawn before its turn, while another is in work
 *   (prerender.js): until it is shown it touches nothing but its host, and nothing in it has a name
 *   or an id in the document;
 * - `views`, of an interface that is made of others, says which of them a task needs: they are
 *   there when it is drawn (registry.js).
 *
 * @typedef {{
 *   draw: (host: HTMLElement, question: HTMLElement, context: Context) => View,
 *   answer: (task: Task, values: Values | null, settings: Settings) => Values,
 *   fromAnswer: (record: Task, settings: Settings) => Values | null,
 *   keys: (project: Project, part?: boolean) => KeyHelp[],
 *   canPrerender?: boolean,
 *   views?: (task: Task, settings: Settings) => string[],
 * }} Interface
 */

export {};
