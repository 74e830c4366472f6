/**
 * What sets one text apart from another: the longest common row of their words (characters,
 * sentences, lines), and what has to be taken away and put in around it. Without a page.
 *
 * Words are cut by Intl.Segmenter, which knows scripts that put no blanks between them, and blanks
 * are pieces like words: the pieces always add up to the text.
 *
 * The table of the longest common row has a cell for each pair of pieces. What both texts begin and
 * end with costs none; where the rest would still need too many, it is cut into lines or taken as a
 * whole.
 */

/** @typedef {{kind: "same" | "ins" | "del", text: string}} Piece */

/** The most cells of the table: 32 MB, well below a tenth of a second. */
const most = 8_000_000;

/** @type {Record<string, Intl.SegmenterOptions["granularity"]>} */
const cuts = { words: "word", chars: "grapheme", sentences: "sentence" };

/**
 * A text in pieces.
 *
 * @param {string} text
 * @param {unknown} style words, chars, sentences or lines
 * @returns {string[]}
 */
export function cut(text, style) {
  if (style === "lines") return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  const granularity = cuts[String(style)] ?? "word";
  return Array.from(new Intl.Segmenter(undefined, { granularity }).segment(text), ({ segment }) => segment);
}

/**
 * What to take away from `old` and to put in, to have `young`.
 *
 * @param {string} old
 * @param {string} young
 * @param {unknown} style
 * @returns {Piece[]} never two of a kind after one another; what goes stands before what comes
 */
export function textDiff(old, young, style = "words") {
  const a = cut(old, style);
  const b = cut(young, style);
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail++;
  const inside = between(a.slice(head, a.length - tail), b.slice(head, b.length - tail), style);
  return joined([
    { kind: "same", text: a.slice(0, head).join("") },
    ...inside,
    { kind: "same", text: tail ? a.slice(-tail).join("") : "" },
  ]);
}

/**
 * @param {string[]} a
 * @param {string[]} b
 * @param {unknown} style
 * @returns {Piece[]}
 */
function between(a, b, style) {
  if (!a.length || !b.length || a.length * b.length > most) {
    const [old, young] = [a.join(""), b.join("")];
    if (a.length && b.length && style !== "lines") return textDiff(old, young, "lines");
    return [{ kind: "del", text: old }, { kind: "ins", text: young }];
  }
  // Numbers are compared faster than words.
  const numbers = new Map();
  const number = (/** @type {string} */ piece) => {
    const known = numbers.get(piece) ?? numbers.size;
    numbers.set(piece, known);
    return known;
  };
  const x = Uint32Array.from(a, number);
  const y = Uint32Array.from(b, number);
  const width = y.length + 1;
  const table = new Uint32Array((x.length + 1) * width);
  const at = (/** @type {number} */ i, /** @type {number} */ j) => /** @type {number} */ (table[i * width + j]);
  for (let i = x.length - 1; i >= 0; i--) {
    for (let j = y.length - 1; j >= 0; j--) {
      table[i * width + j] = x[i] === y[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  /** @type {Piece[]} */
  const pieces = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const [old, young] = [a[i], b[j]];
    if (old !== undefined && old === young) {
      pieces.push({ kind: "same", text: old });
      i++;
      j++;
    } else if (old !== undefined && (young === undefined || at(i + 1, j) >= at(i, j + 1))) {
      pieces.push({ kind: "del", text: old });
      i++;
    } else {
      pieces.push({ kind: "ins", text: /** @type {string} */ (young) });
      j++;
    }
  }
  return pieces;
}

/**
 * Neighbours of a kind as one piece, and what goes before what comes. A single blank between two
 * changes goes with them: a sentence that is new is one thing to read, not six.
 *
 * @param {Piece[]} pieces
 * @returns {Piece[]}
 */
function joined(pieces) {
  /** @type {Piece[]} */
  const out = [];
  let [gone, come] = ["", ""];
  const settle = () => {
    if (gone) out.push({ kind: "del", text: gone });
    if (come) out.push({ kind: "ins", text: come });
    [gone, come] = ["", ""];
  };
  pieces.forEach((piece, i) => {
    if (!piece.text) return;
    if (piece.kind === "del") gone += piece.text;
    else if (piece.kind === "ins") come += piece.text;
    else if (gone && come && /^\s$/.test(piece.text) && (pieces[i + 1]?.kind ?? "same") !== "same") {
      gone += piece.text;
      come += piece.text;
    } else {
      settle();
      const last = out.at(-1);
      if (last?.kind === "same") last.text += piece.text;
      else out.push({ ...piece });
    }
  });
  settle();
  return out;
}
