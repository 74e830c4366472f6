//! The tokenizer of stored format 2: words after Unicode's rules (UAX 29), cut at an apostrophe.
//!
//! White space makes no token. It stays exactly as it was, for answers that were given under it and
//! for pages that still wait with it: nothing new is handed out by this version.

use unicode_segmentation::UnicodeSegmentation;

use super::{Token, cut_at_apostrophes};

/// The tokens of a text, with offsets in code points.
pub(super) fn tokenize(text: &str) -> Vec<Token> {
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
