//! Words as Unicode and ICU's dictionaries have them, and tokens that rebuild the text.
//!
//! 1. The text is cut into blank and other stretches, as spaCy and Prodigy do it: one blank after a
//!    token is its `ws`; the rest of a blank stretch (line breaks, double blanks, a blank at the
//!    very beginning) is a token of its own.
//! 2. Other stretches are cut into words by ICU: Unicode's rules (UAX 29), with dictionaries for
//!    Chinese, Japanese, Thai, Lao, Khmer and Burmese.
//! 3. Words are cut once more where a name would be out of reach: at an apostrophe (“Uber’s”), at
//!    underscores around a word (Markdown's “_Uber_”), and where the blank after a full stop or a
//!    colon is missing (“in Berlin.The”).
//! 4. A cut within a grapheme is none: a letter keeps its marks, an emoji its parts, Thai its SARA
//!    AM.
//!
//! A hyphen stands for itself between two words, and a number keeps its point: “3.5”, “%”. Web and
//! mail addresses fall into their words, so that a name in one can be marked; a span covers several
//! tokens as easily as one.
//!
//! Rejected: ICU's neural model for Thai and its neighbours. It is twenty times slower, agrees less
//! with the words that spaCy's users have, and rests on floating-point numbers.

use icu_segmenter::options::WordBreakInvariantOptions;
use icu_segmenter::{WordSegmenter, WordSegmenterBorrowed};
use unicode_segmentation::UnicodeSegmentation;

use super::{Token, cut_at_apostrophes, is_blank};

/// The tokens of a text, with offsets in code points.
pub(super) fn tokenize(text: &str) -> Vec<Token> {
    let segmenter = WordSegmenter::new_dictionary(WordBreakInvariantOptions::default());
    let mut row = Row::default();
    for (stretch, blank) in stretches(text) {
        if blank {
            row.push_blank(stretch);
        } else {
            for word in words(segmenter, stretch) {
                row.push(word);
            }
        }
    }
    row.tokens
}

/// Tokens in the making.
#[derive(Default)]
struct Row {
    tokens: Vec<Token>,
    /// Where the next token begins, in code points.
    end: usize,
}

impl Row {
    fn push(&mut self, piece: &str) {
        let (start, id) = (self.end, self.tokens.len());
        self.end += piece.chars().count();
        self.tokens.push(Token { text: piece.to_owned(), start, end: self.end, id, ws: false });
    }

    fn push_blank(&mut self, stretch: &str) {
        let mut rest = stretch;
        if let Some(last) = self.tokens.last_mut()
            && let Some(after) = stretch.strip_prefix(' ')
        {
            last.ws = true;
            self.end += 1;
            rest = after;
        }
        if !rest.is_empty() {
            self.push(rest);
        }
    }
}

/// The text as stretches that are blank by turns, none of which ends within a grapheme.
fn stretches(text: &str) -> impl Iterator<Item = (&str, bool)> {
    let mut graphemes = text.grapheme_indices(true).peekable();
    std::iter::from_fn(move || {
        let is_blank = |grapheme: &str| grapheme.chars().all(is_blank);
        let (start, first) = graphemes.next()?;
        let blank = is_blank(first);
        let mut end = start + first.len();
        while let Some((at, grapheme)) =
            graphemes.next_if(|(_, grapheme)| is_blank(grapheme) == blank)
        {
            end = at + grapheme.len();
        }
        Some((&text[start..end], blank))
    })
}

/// The words of a stretch that is not blank, and what stands between them.
fn words<'a>(segmenter: WordSegmenterBorrowed<'static>, stretch: &'a str) -> Vec<&'a str> {
    let mut begins = stretch.grapheme_indices(true).map(|(at, _)| at).peekable();
    let mut words = Vec::new();
    let mut start = 0;
    for cut in cuts(segmenter, stretch) {
        while begins.next_if(|begin| *begin < cut).is_some() {}
        if cut > start && begins.peek() == Some(&cut) {
            words.push(&stretch[start..cut]);
            start = cut;
        }
    }
    words.push(&stretch[start..]);
    words
}

/// Where a stretch would be cut if there were no graphemes: in order, its ends left out or not.
fn cuts(segmenter: WordSegmenterBorrowed<'static>, stretch: &str) -> Vec<usize> {
    let mut cuts = Vec::new();
    let mut start = 0;
    for end in segmenter.segment_str(stretch) {
        let mut at = start;
        for part in parts(&stretch[start..end]) {
            cuts.push(at);
            at += part.len();
        }
        start = end;
    }
    cuts
}

/// The parts of a word after ICU, so that every name in it is within reach.
fn parts(piece: &str) -> Vec<&str> {
    let word = piece.trim_matches('_');
    if word.is_empty() {
        return vec![piece];
    }
    let front = piece.len() - piece.trim_start_matches('_').len();
    let (before, after) = (&piece[..front], &piece[front + word.len()..]);
    let mut parts = vec![before];
    parts.extend(cut_at_missing_blanks(word).into_iter().flat_map(cut_at_apostrophes));
    parts.push(after);
    parts.retain(|part| !part.is_empty());
    parts
}

/// The parts of “Berlin.The”: a full stop or a colon between a small and a capital letter ends a
/// sentence, and the blank behind it is missing.
fn cut_at_missing_blanks(word: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut start = 0;
    let mut before = None;
    let mut letters = word.char_indices().peekable();
    while let Some((at, c)) = letters.next() {
        let next = letters.peek().copied();
        if matches!(c, '.' | ':')
            && before.is_some_and(char::is_lowercase)
            && let Some((behind, _)) = next.filter(|(_, next)| next.is_uppercase())
        {
            parts.extend([&word[start..at], &word[at..behind]]);
            start = behind;
        }
        before = Some(c);
    }
    parts.push(&word[start..]);
    parts
}
