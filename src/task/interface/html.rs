//! `html`: the task's `html`, or HTML from a template that any of its keys may fill in.
//!
//! The template is filled in here, cleaned, and sent beside the task, which stays what it was; the page
//! knows no templates. One that cannot be filled in says so on the card.

use serde_json::{Map, Value};

use super::kind::{Card, Kind, PLAIN};
use crate::task::clean::clean;
use crate::task::gold;
use crate::task::template::{Template, TemplateError};

pub(super) const KIND: Kind = Kind { name: "html", lacks, beside: filled_in, ..PLAIN };

/// The setting that holds a template.
const TEMPLATE: &str = "html_template";

fn lacks(card: &Card<'_>) -> Option<&'static str> {
    match card.setting(TEMPLATE) {
        Some(Value::String(template)) => Template::parse(&template)
            .is_err()
            .then_some("an `html_template` whose tags and sections end where they should"),
        _ => card.lacks_all(&["html"], "a task with `html`, or the setting `html_template`"),
    }
}

/// The template with the task filled in, where there is one.
pub(super) fn filled_in(card: &Card<'_>) -> Map<String, Value> {
    let mut beside = Map::new();
    if let Some(Value::String(template)) = card.setting(TEMPLATE) {
        let html = fill(&template, card).unwrap_or_else(|error| {
            ammonia::clean_text(&format!("html_template cannot be filled in: {error}."))
        });
        let mut parts = Map::new();
        parts.insert(String::new(), clean(&html).into());
        beside.insert("_clean".into(), parts.into());
    }
    beside
}

fn fill(template: &str, card: &Card<'_>) -> Result<String, TemplateError> {
    let mut fields = card.task.fields();
    gold::hide(&mut fields);
    let task = fields
        .into_iter()
        .filter_map(|(key, value)| Some((key, serde_json::from_str(value.get()).ok()?)))
        .collect();
    Template::parse(template)?.fill(&task)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::task::Body;
    use crate::task::interface::{Interface, Settings};

    fn shown(template: &str, task: &Value) -> Value {
        let mut settings = Settings::default();
        settings.config.insert(TEMPLATE.into(), template.into());
        let interface = Interface::new("html", settings).expect("it is there");
        interface.beside(&Body::from_value(task).expect("a task"))["_clean"][""].clone()
    }

    #[test]
    fn a_template_is_filled_in_and_cleaned() {
        let task =
            json!({"a": "<i>x</i>", "b": "<b onclick=f()>y</b>", "meta": {"gold": "reject"}});
        assert_eq!(
            shown("<p>{{a}} {{{b}}}<script>{{a}}</script> {{meta.gold}}</p>", &task),
            "<p>&lt;i&gt;x&lt;/i&gt; <b>y</b> </p>"
        );
    }

    #[test]
    fn a_tasks_own_template_goes_before_the_projects_and_a_wrong_one_says_so() {
        let task = json!({"a": 1, "config": {"html_template": "{{#a}}"}});
        let said = shown("{{a}}", &task);
        assert!(
            said.as_str().is_some_and(|said| said.contains("do not belong together")),
            "{said}"
        );
    }
}
