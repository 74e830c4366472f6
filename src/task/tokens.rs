//! Tokens for tasks that come without: words after Unicode's own rules (UAX 29), with words cut at
//! an apostrophe.
//!
//! The cut is there for names: in "Uber’s" the name is "Uber", in "l’Europe" it is "Europe", and
//! both have to be within reach of a span that snaps to tokens. A short rest of at most two letters
//! goes with the apostrophe (’s, ’t, ’re), a longer one stands for itself.
//!
//! A grapheme is never cut, so an emoji of several code points and a letter with its combining
//! marks are one token, in every script. White space makes no token; it is what lies between
//! them. A task that brings its own tokens keeps those.
//!
//! Rejected: spaCy's rules, which differ for every language and version. Whoever needs them loads
//! tasks with `tokens`, as Prodigy's own recipes do.

use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;

/// A stretch of a text that a span may begin or end at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// The text it covers.
    pub text: String,
    /// Its first code point, counted from the text's beginning.
    pub start: usize,
    /// The code point after its last one.
    pub end: usize,
    /// Its place in the list, from 0.
    pub id: usize,
    /// Whether white space follows.
    #[serde(default)]
    pub ws: bool,
}

/// The tokens of a text, with offsets in code points.
pub fn tokenize(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut position = 0;
    for piece in text.split_word_bounds().flat_map(cut_at_apostrophes) {
        let start = position;
        position += piece.chars().count();
        if piece.chars().all(char::is_whitespace) {
            if let Some(last) = tokens.last_mut() {
                last.ws = true;
            }
            continue;
        }
        let id = tokens.len();
        tokens.push(Token { text: piece.to_owned(), start, end: position, id, ws: false });
    }
    tokens
}

/// The parts of a word that has apostrophes between its letters; any other piece as it is.
fn cut_at_apostrophes(mut piece: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    while let Some((at, apostrophe)) = piece
        .char_indices()
        .find(|(at, c)| *at > 0 && matches!(c, '\'' | '’') && at + c.len_utf8() < piece.len())
    {
        let rest = &piece[at + apostrophe.len_utf8()..];
        let is_short = rest.chars().count() <= 2;
        let cut = if is_short { at } else { at + apostrophe.len_utf8() };
        parts.push(&piece[..cut]);
        piece = &piece[cut..];
        if is_short {
            break;
        }
    }
    parts.push(piece);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str) -> Vec<(String, usize, usize)> {
        tokenize(text).into_iter().map(|token| (token.text, token.start, token.end)).collect()
    }

    #[test]
    fn words_and_punctuation_stand_apart() {
        assert_eq!(
            pieces("Don't stop, Ada.\n\nGo"),
            [("Don", 0, 3), ("'t", 3, 5), ("stop", 6, 10), (",", 10, 11), ("Ada", 12, 15)]
                .into_iter()
                .chain([(".", 15, 16), ("Go", 18, 20)])
                .map(|(text, start, end)| (text.to_owned(), start, end))
                .collect::<Vec<_>>()
        );
    }

    #[test]
    fn a_name_is_within_reach_of_a_span() {
        let texts = |text| tokenize(text).into_iter().map(|t| t.text).collect::<Vec<_>>();
        assert_eq!(
            texts("Uber’s l’Europe O'Brien's 'so' rock'n'roll"),
            [
                "Uber", "’s", "l’", "Europe", "O'", "Brien", "'s", "'", "so", "'", "rock'", "n'",
                "roll"
            ]
        );
    }

    #[test]
    fn an_emoji_of_many_code_points_is_one_token() {
        assert_eq!(pieces("a 👩‍👩‍👧 b")[1], ("👩‍👩‍👧".to_owned(), 2, 7));
        assert_eq!(pieces("🇩🇪🇫🇷").len(), 2);
    }

    #[test]
    fn combining_marks_stay_with_their_letter() {
        assert_eq!(pieces("cafe\u{301} x")[0], ("cafe\u{301}".to_owned(), 0, 5));
    }

    #[test]
    fn offsets_lead_back_to_the_text_in_any_script() {
        for text in ["سلام دنیا، خوبی؟", "שָׁלוֹם עולם", "日本語のテキスト", "\r\n a\r\nb ", ""]
        {
            let points: Vec<char> = text.chars().collect();
            for token in tokenize(text) {
                assert_eq!(points[token.start..token.end].iter().collect::<String>(), token.text);
            }
        }
    }
}
