//! JSON as Python's `json.dumps(x, sort_keys=True, separators=(",", ":"))` writes it, which is
//! what Prodigy hashes (`J(x)` in its description).
//!
//! Keys sorted by code point, no spaces, everything outside ASCII as `\uXXXX` in surrogate pairs,
//! integers as they are, floats in Python's shortest form. serde_json has a formatter trait, but
//! neither sorted keys beside `preserve_order` nor Python's floats, so the writer is ours.

use std::fmt::Write as _;

use serde_json::{Number, Value};

/// Appends `J(value)` to `out`.
pub(super) fn write(out: &mut String, value: &Value) {
    write_without(out, value, &[]);
}

/// Appends `J(value)` to `out`, leaving out the keys in `without` at every depth.
pub(super) fn write_without(out: &mut String, value: &Value, without: &[&str]) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => write_number(out, number),
        Value::String(text) => write_string(out, text),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_without(out, item, without);
            }
            out.push(']');
        }
        Value::Object(map) => {
            let mut entries: Vec<_> =
                map.iter().filter(|(key, _)| !without.contains(&key.as_str())).collect();
            // Bytes of UTF-8 sort as their code points do, which is Python's order.
            entries.sort_by_key(|(key, _)| *key);
            out.push('{');
            for (index, (key, item)) in entries.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_string(out, key);
                out.push(':');
                write_without(out, item, without);
            }
            out.push('}');
        }
    }
}

fn write_string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='\u{7f}' => out.push(c),
            _ => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(out, "\\u{unit:04x}").expect("writing to a string");
                }
            }
        }
    }
    out.push('"');
}

fn write_number(out: &mut String, number: &Number) {
    // With `arbitrary_precision` this is the text as it stood in the file.
    let text = number.to_string();
    if text.contains(['.', 'e', 'E']) {
        write_float(out, text.parse().unwrap_or(f64::NAN));
    } else if text == "-0" {
        out.push('0');
    } else {
        out.push_str(&text);
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
