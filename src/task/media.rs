//! The pictures, sounds and videos that a task names, as far as they are files or addresses.
//!
//! Looked for are `"image"`, `"audio"` and `"video"` at any depth, in the text of the task as it is
//! stored: without white space between its parts, and with every quotation mark inside of a text
//! escaped, so that what is found is a key. Rejected: to parse each task for it, which may bring
//! megabytes along. Where letters are written as escapes, a key may be, and the task is parsed after
//! all.

use serde_json::{Deserializer, Value};

use super::TaskJson;
use super::task_json::escapes_ascii;

const KEYS: [&str; 3] = [r#""image":""#, r#""audio":""#, r#""video":""#];

/// What a task names, but for what it brings along itself.
pub fn named(task: &TaskJson) -> Vec<String> {
    if escapes_ascii(task.as_str()) {
        let written = Value::Object(task.to_value()).to_string();
        return named_in(&written);
    }
    named_in(task.as_str())
}

fn named_in(task: &str) -> Vec<String> {
    let mut found = Vec::new();
    for key in KEYS {
        for (at, _) in task.match_indices(key) {
            let value = &task[at + key.len() - 1..];
            if value.get(1..6).is_some_and(|start| start.eq_ignore_ascii_case("data:")) {
                continue;
            }
            found.extend(
                Deserializer::from_str(value).into_iter::<String>().next().and_then(Result::ok),
            );
        }
    }
    found
}

/// Whether what a task names is a path in the project's folder.
pub fn is_path(source: &str) -> bool {
    let source = source.trim();
    let scheme = source.split_once(':').map(|(scheme, _)| scheme);
    let has_scheme = scheme.is_some_and(|scheme| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    });
    !source.is_empty() && !source.starts_with("//") && !has_scheme
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn files_are_found_at_any_depth_and_words_about_them_are_not() {
        let task = json!({
            "image": "a.png", "text": "\"image\":\"no.png\"", "video": 3, "audio": "data:audio/wav;base64,AA",
            "options": [{"id": 1, "image": "b\u{e4}\"r.png"}], "pages": [{"audio": "c.wav"}],
        });
        let task = TaskJson::from_value(&task).expect("a task");
        assert_eq!(named(&task), ["a.png", "bä\"r.png", "c.wav"]);
        let escaped = r#"{"\u0069mage":"a.png","pages":[{"aud\u0069o":"c.wav"}]}"#;
        assert_eq!(named(&TaskJson::parse(escaped).expect("a task")), ["a.png", "c.wav"]);
    }

    #[test]
    fn a_path_is_what_is_no_address() {
        for (source, is) in [
            ("cats/one.png", true),
            ("./a b.wav", true),
            ("/etc/passwd", true),
            ("12:30.wav", true),
            ("https://a.example/x.png", false),
            ("//a.example/x.png", false),
            ("javascript:alert(1)", false),
            (" ", false),
        ] {
            assert_eq!(is_path(source), is, "{source}");
        }
    }
}
