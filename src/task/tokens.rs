//! Tokens for tasks that come without: words after Unicode's own rules (UAX 29).
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
    for piece in text.split_word_bounds() {
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
            [("Don't", 0, 5), ("stop", 6, 10), (",", 10, 11), ("Ada", 12, 15), (".", 15, 16)]
                .into_iter()
                .chain([("Go", 18, 20)])
                .map(|(text, start, end)| (text.to_owned(), start, end))
                .collect::<Vec<_>>()
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
