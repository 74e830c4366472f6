//! Tokens for tasks that come without: stretches of the text that a span may begin or end at.
//!
//! The rule has a version, which is kept with each hand-out and each answer
//! ([`Basis`](super::Basis)): an answer is checked, and exported, by the tokens that its page had.
//!
//! - Version 1 knows Unicode's words alone, and no white space. It is the tokenizer of stored
//!   format 2.
//! - Version 2 segments Chinese, Japanese, Thai, Lao, Khmer and Burmese by words, and rebuilds the
//!   text: its tokens are those of a spaCy `Doc`, white space included.
//!
//! In both, words are cut at an apostrophe, so that names are within reach: in "Uber’s" the name is
//! "Uber", in "l’Europe" it is "Europe". A task that brings its own tokens keeps those.
//!
//! A change of the rule, or of the data that it rests upon, is a new version. A test holds the
//! tokens of each version to the letter.
//!
//! Rejected: spaCy's rules, which differ for every language and version. Tasks that need them are
//! loaded with `tokens`, as Prodigy's own recipes do.

mod version_1;
mod version_2;

use serde::{Deserialize, Serialize};

/// The version of the rule by which tasks are handed out.
pub const TOKENIZER: u16 = 2;

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
    /// Whether one blank follows (version 1: any white space).
    #[serde(default)]
    pub ws: bool,
}

impl Token {
    /// Whether there is nothing to see of it. It is there so that the tokens rebuild the text; no
    /// span begins or ends at it.
    pub fn is_blank(&self) -> bool {
        self.text.chars().all(is_blank)
    }
}

/// The tokens of a text by this version of the rule, with offsets in code points.
///
/// A version that this build does not know is read as the newest one.
pub fn tokenize(text: &str, version: u16) -> Vec<Token> {
    match version {
        0 | 1 => version_1::tokenize(text),
        _ => version_2::tokenize(text),
    }
}

/// White space as Python has it, and characters without width that stand between words.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{1c}'..='\u{1f}' | '\u{200b}' | '\u{2060}' | '\u{feff}')
}

/// The parts of a word that has apostrophes between its letters; any other piece as it is. A short
/// rest of at most two letters goes with the apostrophe (’s, ’t, ’re), a longer one stands for
/// itself.
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
    use proptest::prelude::*;
    use unicode_segmentation::UnicodeSegmentation;

    use super::*;

    fn pieces(text: &str, version: u16) -> Vec<String> {
        tokenize(text, version).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn words_and_punctuation_stand_apart() {
        for version in [1, 2] {
            let words = pieces("Don't stop, Ada. Go", version);
            assert_eq!(words, ["Don", "'t", "stop", ",", "Ada", ".", "Go"]);
        }
    }

    #[test]
    fn a_name_is_within_reach_of_a_span() {
        for version in [1, 2] {
            assert_eq!(
                pieces("Uber’s l’Europe O'Brien's 'so' rock'n'roll", version),
                [
                    "Uber", "’s", "l’", "Europe", "O'", "Brien", "'s", "'", "so", "'", "rock'",
                    "n'", "roll"
                ]
            );
        }
        assert_eq!(pieces("_Uber_ __ a_b", 2), ["_", "Uber", "_", "__", "a_b"]);
        assert_eq!(pieces("Berlin.The U.S.A.", 2), ["Berlin", ".", "The", "U.S.A", "."]);
        assert_eq!(pieces("says:Ada e.g. 3.5", 2), ["says", ":", "Ada", "e.g", ".", "3.5"]);
    }

    #[test]
    fn white_space_is_as_spacy_and_prodigy_have_it() {
        let all = |text| {
            let token = |token: Token| token.text + if token.ws { "·" } else { "" };
            tokenize(text, 2).into_iter().map(token).collect::<Vec<_>>()
        };
        assert_eq!(all("a b"), ["a·", "b"]);
        assert_eq!(all("a  b "), ["a·", " ", "b·"]);
        assert_eq!(all(" a\n\nb \n c"), [" ", "a", "\n\n", "b·", "\n ", "c"]);
        assert_eq!(all("\r\n\t"), ["\r\n\t"]);
        assert_eq!(all(""), [""; 0]);
    }

    #[test]
    fn thai_chinese_and_japanese_fall_into_words() {
        assert_eq!(pieces("คำปฏิญาณ น้ำ ทำ", 2), ["คำ", "ปฏิญาณ", "น้ำ", "ทำ"]);
        assert_eq!(pieces("我爱北京天安门。", 2), ["我", "爱", "北京", "天安门", "。"]);
        assert_eq!(pieces("東京都に住む", 2), ["東京", "都", "に", "住む"]);
    }

    #[test]
    fn graphemes_are_whole() {
        for version in [1, 2] {
            assert_eq!(pieces("a 👩‍👩‍👧 b", version), ["a", "👩‍👩‍👧", "b"]);
            assert_eq!(pieces("🇩🇪🇫🇷", version).len(), 2);
            assert_eq!(pieces("cafe\u{301} x", version), ["cafe\u{301}", "x"]);
        }
    }

    fn any_text() -> impl Strategy<Value = String> {
        let odd = prop_oneof![
            "[a-zA-Z]{1,6}",
            "[ \n\t\r\u{a0}\u{200b}\u{1f}]{1,3}",
            "['’_.:@/%,-]{1,2}",
            "[0-9.,]{1,4}",
            "[ก-๙]{1,9}",
            "[一-龥]{1,6}",
            "[ぁ-んァ-ヶ]{1,6}",
            "[က-႟ກ-ໝក-៹]{1,8}",
            "[\u{300}-\u{305}\u{200d}\u{fe0f}👩🚀🇩🇪]{1,4}",
            "[؀-ۿא-ת]{1,6}",
            any::<char>().prop_map(String::from),
        ];
        prop::collection::vec(odd, 0..12).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn tokens_rebuild_the_text_and_cut_no_grapheme(text in any_text()) {
            let tokens = tokenize(&text, 2);
            let mut rebuilt = String::new();
            let begins: Vec<usize> = text
                .grapheme_indices(true)
                .map(|(at, _)| text[..at].chars().count())
                .collect();
            for (index, token) in tokens.iter().enumerate() {
                prop_assert_eq!(token.id, index);
                prop_assert_eq!(token.start, rebuilt.chars().count());
                prop_assert!(begins.binary_search(&token.start).is_ok(), "{:?}", token);
                rebuilt.push_str(&token.text);
                prop_assert_eq!(token.end, rebuilt.chars().count());
                if token.ws {
                    prop_assert!(!token.is_blank());
                    rebuilt.push(' ');
                }
            }
            prop_assert_eq!(rebuilt, text);
        }

        #[test]
        fn offsets_lead_back_to_the_text(text in any_text(), version in 1_u16..=2) {
            let points: Vec<char> = text.chars().collect();
            for token in tokenize(&text, version) {
                let covered: String = points[token.start..token.end].iter().collect();
                prop_assert_eq!(covered, token.text);
            }
        }
    }
}
