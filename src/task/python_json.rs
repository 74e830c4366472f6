//! JSON as Python's `json.dumps(x, sort_keys=True, separators=(",", ":"))` writes it, which is
//! what Prodigy hashes (`J(x)` in its description).
//!
//! Keys sorted by code point, no spaces, everything outside ASCII as `\uXXXX` in surrogate pairs,
//! integers as they are, floats in Python's shortest form.

use std::fmt::Write as _;

use serde_json::{Number, Value};

use super::sorted_json::{self, Dialect};

/// `J(x)`, with members left out at every depth.
#[derive(Clone, Copy)]
pub(crate) struct Python<'k> {
    /// The keys of what is left out.
    pub without: &'k [&'k str],
}

impl Dialect for Python<'_> {
    fn has(self, key: &str, _: &Value) -> bool {
        !self.without.contains(&key)
    }

    fn string(self, out: &mut String, text: &str) {
        write_string(out, text);
    }

    fn number(self, out: &mut String, number: &Number) {
        write_number(out, number);
    }
}

/// Appends `J(value)` to `out`.
pub(crate) fn write(out: &mut String, value: &Value) {
    sorted_json::write(out, value, Python { without: &[] });
}

fn write_string(out: &mut String, text: &str) {
    out.push('"');
    let mut taken = 0;
    for (at, c) in text.char_indices() {
        if matches!(c, ' '..='\u{7f}') && !matches!(c, '"' | '\\') {
            continue;
        }
        out.push_str(&text[taken..at]);
        taken = at + c.len_utf8();
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            _ => c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| write_unit(out, *unit)),
        }
    }
    out.push_str(&text[taken..]);
    out.push('"');
}

/// Appends a code unit of UTF-16 as `\uXXXX`.
fn write_unit(out: &mut String, unit: u16) {
    out.push_str("\\u");
    for place in [12, 8, 4, 0] {
        out.extend(char::from_digit(u32::from(unit >> place & 0xf), 16));
    }
}

fn write_number(out: &mut String, number: &Number) {
    // With `arbitrary_precision` this is the text as it stood in the file.
    let text = number.as_str();
    if text.contains(['.', 'e', 'E']) {
        write_float(out, text.parse().unwrap_or(f64::NAN));
    } else if text == "-0" {
        out.push('0');
    } else {
        out.push_str(text);
    }
}

/// Python's `repr` of a float: the shortest digits that read back as the same number, with an
/// exponent when it is below −4 or at least 16.
fn write_float(out: &mut String, x: f64) {
    if x.is_infinite() {
        out.push_str(if x > 0.0 { "Infinity" } else { "-Infinity" });
        return;
    }
    if x.is_nan() {
        out.push_str("NaN");
        return;
    }
    // Rust's `{:e}` gives the same shortest digits as Python, as d.ddde±x.
    let scientific = format!("{x:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&exponent) {
        let plain = format!("{x}");
        out.push_str(&plain);
        if !plain.contains('.') {
            out.push_str(".0");
        }
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        write!(out, "{digits}e{sign}{:02}", exponent.abs()).expect("writing to a string");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn j(text: &str) -> String {
        let mut out = String::new();
        write(&mut out, &serde_json::from_str(text).expect("JSON"));
        out
    }

    #[test]
    fn keys_are_sorted_and_other_scripts_escaped() {
        assert_eq!(j(r#"{"é": "😀/", "b": [1, null, true], "a": "\u0000\u007f"}"#), {
            "{\"a\":\"\\u0000\u{7f}\",\"b\":[1,null,true],\"\\u00e9\":\"\\ud83d\\ude00/\"}"
        });
    }

    #[test]
    fn numbers_are_written_as_python_writes_them() {
        // Each pair was printed by Python 3.11: json.dumps(json.loads(x)).
        for (from, to) in [
            ("1", "1"),
            ("-0", "0"),
            ("-0.0", "-0.0"),
            ("1.10", "1.1"),
            ("1e3", "1000.0"),
            ("1E15", "1000000000000000.0"),
            ("1e16", "1e+16"),
            ("1.5e22", "1.5e+22"),
            ("0.0001", "0.0001"),
            ("0.00001", "1e-05"),
            ("1.25e-7", "1.25e-07"),
            ("1e-100", "1e-100"),
            ("123456789012345678901234567890", "123456789012345678901234567890"),
            ("1e400", "Infinity"),
        ] {
            assert_eq!(j(from), to, "{from}");
        }
    }
}
