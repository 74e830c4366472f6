//! A cell that no spreadsheet program runs.
//!
//! Texts come from strangers, and a spreadsheet takes a cell for a formula by its first character:
//! `=`, `+`, `-`, `@`, as ASCII or in the wide and small forms that Chinese, Japanese and Korean
//! systems take for the same; a tab or a line break there is passed over. Such a cell gets a `'`
//! before it. Blanks, quotes and invisible characters before the formula do not count: some
//! programs drop them.
//!
//! Where the decimal mark is a comma, lists are parted by semicolons: opened with a double click,
//! the text `a;=1+1` becomes two cells, whatever quotes stand around it. So within a text, too, a
//! `'` goes before what would be a formula behind a semicolon, a tab or a line break.
//!
//! Numbers of JSON are no texts, and stay: `-0.5` is a number to a spreadsheet as well.

/// The characters that begin a formula.
const BEGINS: [char; 12] = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '﹦', '﹢', '﹣', '﹫'];

/// The characters behind which another cell may begin, in one locale or another.
const PARTS: [char; 4] = [';', '\t', '\n', '\r'];

/// A text that no spreadsheet program takes for a formula; the text itself where `raw` is wanted.
pub(super) fn escape_formulas(text: String, raw: bool) -> String {
    if raw {
        return text;
    }
    let places = formulas(&text);
    if places.is_empty() && !text.starts_with(['\t', '\n', '\r']) {
        return text;
    }
    let mut safe = String::with_capacity(text.len() + places.len() + 1);
    safe.push('\'');
    let mut written = 0;
    for place in places.into_iter().filter(|place| *place > 0) {
        safe.push_str(&text[written..place]);
        safe.push('\'');
        written = place;
    }
    safe.push_str(&text[written..]);
    safe
}

/// Where the parts of the text begin that would be formulas, in bytes.
fn formulas(text: &str) -> Vec<usize> {
    let mut found = Vec::new();
    // The beginning of a part of which nothing has been seen that shows.
    let mut part = Some(0);
    for (at, c) in text.char_indices() {
        if PARTS.contains(&c) {
            part = Some(at + c.len_utf8());
        } else if let Some(begin) = part
            && !passed_over(c)
        {
            if BEGINS.contains(&c) {
                found.push(begin);
            }
            part = None;
        }
    }
    found
}

fn passed_over(c: char) -> bool {
    let invisible = matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{ad}');
    c.is_whitespace() || c.is_control() || c == '"' || invisible
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cell(text: &str) -> String {
        escape_formulas(text.to_owned(), false)
    }

    #[test]
    fn a_formula_is_a_text_in_every_locale() {
        for (text, expected) in [
            ("=1+1", "'=1+1"),
            ("-1", "'-1"),
            ("＝1", "'＝1"),
            ("﹣1", "'﹣1"),
            ("\tx", "'\tx"),
            ("\r\n=1", "'\r\n'=1"),
            (" \u{a0}\u{feff}=1", "' \u{a0}\u{feff}=1"),
            ("\"=1", "'\"=1"),
            ("a;=cmd|' /C calc'!A0;b", "'a;'=cmd|' /C calc'!A0;b"),
            ("a\n- b", "'a\n'- b"),
        ] {
            assert_eq!(cell(text), expected, "{text:?}");
            assert_eq!(escape_formulas(text.to_owned(), true), text);
        }
    }

    #[test]
    fn other_texts_stay_as_they_are() {
        for text in ["", "a=1", "3 - 2", "a, =1", "so; it is", "'=1", "a\nb", "{\"a\":-1}", "日本"]
        {
            assert_eq!(cell(text), text);
        }
    }

    proptest! {
        /// Cut at whatever parts cells, no part begins with a formula, and nothing but `'` was
        /// added.
        #[test]
        fn no_part_of_a_cell_is_a_formula(text in "[a=+@;\t\r\n\" '＝\u{feff}é-]{0,12}") {
            let cell = cell(&text);
            for part in cell.split(PARTS) {
                let first = part.trim_start_matches(passed_over).chars().next();
                prop_assert!(!first.is_some_and(|c| BEGINS.contains(&c)), "{:?}", cell);
            }
            prop_assert_eq!(cell.replace('\'', ""), text.replace('\'', ""));
        }
    }
}
