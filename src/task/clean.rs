//! HTML from a task, cleaned before a browser sees it.
//!
//! The task itself travels untouched; beside it goes `_clean`, the cleaned HTML by JSON pointer,
//! and the page shows nothing else. ammonia, which parses as browsers do, keeps a list of plain
//! elements and attributes and drops scripts, event handlers, styles, forms and frames.

use serde_json::{Map, Value};

/// The cleaned HTML of a task: `{"/html": "…", "/options/0/html": "…"}`, or nothing where the task
/// has no HTML.
pub fn clean_parts(task: &Map<String, Value>) -> Option<Value> {
    let mut parts = Map::new();
    if let Some(html) = task.get("html").and_then(Value::as_str) {
        parts.insert("/html".into(), clean(html).into());
    }
    let options = task.get("options").and_then(Value::as_array);
    for (index, option) in options.into_iter().flatten().enumerate() {
        if let Some(html) = option.get("html").and_then(Value::as_str) {
            parts.insert(format!("/options/{index}/html"), clean(html).into());
        }
    }
    (!parts.is_empty()).then_some(Value::Object(parts))
}

/// HTML that can do nothing but be looked at; its links open elsewhere and say nothing of where
/// they were clicked.
pub fn clean(html: &str) -> String {
    ammonia::Builder::default()
        .add_tag_attributes("a", &["target"])
        .set_tag_attribute_value("a", "target", "_blank")
        .link_rel(Some("noopener noreferrer"))
        .clean(html)
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_and_handlers_go_and_text_stays() {
        let html = r#"<p onclick="x()">a<script>b()</script><a href="javascript:c()">d</a></p>"#;
        let cleaned = clean(html);
        assert!(cleaned.contains("<p>a"), "{cleaned}");
        for word in ["script", "onclick", "x()", "b()", "c()"] {
            assert!(!cleaned.contains(word), "{cleaned}");
        }
    }

    #[test]
    fn parts_are_named_by_their_place() {
        let task = serde_json::json!({
            "text": "a", "options": [{"id": 1, "text": "b"}, {"id": 2, "html": "<b>c</b>"}],
        });
        let parts = clean_parts(task.as_object().expect("an object")).expect("parts");
        assert_eq!(parts, serde_json::json!({"/options/1/html": "<b>c</b>"}));
    }
}
