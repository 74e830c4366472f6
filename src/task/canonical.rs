//! JSON in one writing for each value, so that two objects say the same exactly when their texts
//! are equal.
//!
//! Keys are sorted; a member that is `null` is as one that is not there; a number is its value, to
//! the last digit: `2`, `2.0` and `20e-1` are one, and two integers of forty digits are one only if
//! all forty are. Strings count to the letter: nothing is normalised that a reader could see.
//!
//! Rejected: numbers as `f64`. Two integers beyond 2⁵³ would be one, and ids are often such
//! integers. Python's `J(x)` of `python_json.rs` is no help either: to it `2` and `2.0` differ.

use serde_json::{Map, Number, Value};

use super::sorted_json::{self, Dialect};

/// The longest run of zeros behind the digits of a whole number that is written out.
const MOST_ZEROS: i64 = 24;

/// This way to write JSON.
#[derive(Clone, Copy)]
struct Canonical;

impl Dialect for Canonical {
    fn has(self, _: &str, value: &Value) -> bool {
        !value.is_null()
    }

    fn string(self, out: &mut String, text: &str) {
        write_string(out, text);
    }

    fn number(self, out: &mut String, number: &Number) {
        write_number(out, number);
    }
}

/// Appends an object.
pub(crate) fn write_object(out: &mut String, map: &Map<String, Value>) {
    sorted_json::write_object(out, map, Canonical);
}

/// The one text of a value.
pub(crate) fn text(value: &Value) -> String {
    let mut out = String::new();
    sorted_json::write(&mut out, value, Canonical);
    out
}

/// A number's one text: its digits without an exponent where it is whole and not very long.
pub(crate) fn number(number: &Number) -> String {
    let mut out = String::new();
    write_number(&mut out, number);
    out
}

/// Only what would end the string is escaped: the text is compared and never read again.
fn write_string(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.find(['"', '\\']) {
        out.push_str(&rest[..at]);
        out.push('\\');
        out.push_str(&rest[at..=at]);
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
    out.push('"');
}

fn write_number(out: &mut String, number: &Number) {
    // With `arbitrary_precision` this is the text as it stood in the file.
    let text = number.as_str();
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text),
    };
    // Most numbers are short and whole.
    if unsigned.len() <= 24 && unsigned != "0" && unsigned.bytes().all(|c| c.is_ascii_digit()) {
        out.push_str(text);
        return;
    }
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()),
        None => (unsigned, Some(0)),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_start_matches('0').trim_end_matches('0');
    if significant.is_empty() {
        out.push('0');
        return;
    }
    let zeros = digits.len() - digits.trim_end_matches('0').len();
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let exponent = exponent
        .and_then(|exponent| exponent.checked_sub(count(fraction.len())))
        .and_then(|exponent| exponent.checked_add(count(zeros)));
    // An exponent that cannot be counted with belongs to no number that is written in two ways.
    let Some(exponent) = exponent else {
        out.push_str(text);
        return;
    };
    out.push_str(sign);
    out.push_str(significant);
    match exponent {
        0 => {}
        1..=MOST_ZEROS => (0..exponent).for_each(|_| out.push('0')),
        _ => {
            out.push('e');
            out.push_str(&exponent.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    fn one(text: &str) -> String {
        super::text(&serde_json::from_str(text).expect("JSON"))
    }

    #[test]
    fn the_order_of_keys_and_absent_members_do_not_matter() {
        assert_eq!(one(r#"{"b":[{"y":null,"x":1}],"a":"\u00fc"}"#), r#"{"a":"ü","b":[{"x":1}]}"#);
        assert_eq!(one(r#"{"a":null}"#), one("{}"));
        assert_ne!(one("[null]"), one("[]"), "a place in a list is a place");
    }

    #[test]
    fn a_number_is_its_value_to_the_last_digit() {
        for (same, written) in [
            ("2", vec!["2.0", "2e0", "20e-1", "0.2E1", "0.02e+2"]),
            ("0", vec!["-0", "0.0", "-0.0e9"]),
            ("1200", vec!["12e2", "1.2e3", "1200.000"]),
            ("-15e-1", vec!["-1.5", "-1.50", "-0.15e1"]),
            ("1e30", vec!["1000000000000000000000000000000", "10.0e29"]),
            ("1000000000000000000000000", vec!["1e24"]),
        ] {
            for text in written {
                assert_eq!(one(text), same, "{text}");
            }
            assert_eq!(one(same), same);
        }
        assert_ne!(one("9007199254740993"), one("9007199254740992"));
        assert_ne!(one("1e99999999999999999999"), one("1e99999999999999999998"));
    }

    #[test]
    fn strings_that_differ_have_texts_that_differ() {
        assert_eq!(one(r#""a\"b\\c""#), r#""a\"b\\c""#);
        assert_ne!(one(r#"["a","b"]"#), one(r#"["a\",\"b"]"#));
        assert_ne!(one(r#""\u00e9""#), one(r#""e\u0301""#), "nothing is normalised");
    }

    proptest! {
        #[test]
        fn whole_numbers_are_themselves(n in any::<i64>(), places in 0_usize..4) {
            let text = if places == 0 { n.to_string() } else { format!("{n}.{}", "0".repeat(places)) };
            prop_assert_eq!(one(&text), n.to_string());
        }
    }
}
