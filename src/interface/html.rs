//! `html`: the task's `html`, or HTML from a template that any of its keys may fill in.
//!
//! The template is filled in here, cleaned, and sent beside the task, which stays what it was; the
//! page knows no templates. The card shows the error of one that cannot be filled in.

pub mod sanitize;
pub mod template;

use serde_json::{Map, Value};

use super::fits::{self, Unfit, texts};
use super::spec::{Card, InterfaceSpec, PLAIN};
use crate::interface::html::sanitize::sanitize;
use crate::interface::html::template::{Template, TemplateError};
use crate::task::gold;
use crate::task::reading;

pub(super) const SPEC: InterfaceSpec = InterfaceSpec {
    name: "html",
    fits,
    content: &["html"],
    judges: fits::spans_of_content,
    page_extras: filled_in,
    ..PLAIN
};

/// The setting that holds a template.
const TEMPLATE: &str = "html_template";

fn fits(card: &Card<'_>) -> Result<(), Unfit> {
    template(card).unwrap_or_else(|| {
        texts(card, SPEC.content, "a task with `html`, or the setting `html_template`")
    })
}

/// Whether the card has a template.
pub(super) fn has_template(card: &Card<'_>) -> bool {
    card.setting(TEMPLATE).is_some_and(|template| template.is_string())
}

/// What can be said of the card's template, if it has one.
pub(super) fn template(card: &Card<'_>) -> Option<Result<(), Unfit>> {
    let Some(Value::String(template)) = card.setting(TEMPLATE) else { return None };
    let html = match fill(&template, card) {
        Ok(html) => html,
        Err(error) => {
            let expected = "an `html_template` that can be filled in";
            let found = format!("one that cannot: {error}");
            return Some(Err(Unfit::new("/config/html_template", expected, found)));
        }
    };
    let shown = sanitize(&html);
    let shows = shown.contains("<img") || !reading::is_blank(&without_tags(&shown));
    Some(if shows {
        Ok(())
    } else {
        Err(Unfit::nothing(card, "a task with the keys that `html_template` names"))
    })
}

/// What of cleaned HTML is text.
fn without_tags(html: &str) -> String {
    let mut inside = false;
    let text = html.chars().filter(|c| {
        inside = (inside || *c == '<') && *c != '>';
        !inside && *c != '>'
    });
    text.collect()
}

/// The template with the task filled in, where there is one.
pub(super) fn filled_in(card: &Card<'_>) -> Map<String, Value> {
    let mut page_extras = Map::new();
    if let Some(Value::String(template)) = card.setting(TEMPLATE) {
        let html = fill(&template, card).unwrap_or_else(|error| {
            ammonia::clean_text(&format!("html_template cannot be filled in: {error}."))
        });
        let mut parts = Map::new();
        parts.insert(String::new(), sanitize(&html).into());
        page_extras.insert("_clean".into(), parts.into());
    }
    page_extras
}

fn fill(template: &str, card: &Card<'_>) -> Result<String, TemplateError> {
    let mut fields = card.fields().clone();
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
    use crate::interface::{Interface, Settings};
    use crate::task::TaskJson;

    fn shown(template: &str, task: &Value) -> Value {
        let mut settings = Settings::default();
        settings.config.insert(TEMPLATE.into(), template.into());
        let interface = Interface::new("html", settings).expect("it is there");
        interface.page_extras(&TaskJson::from_value(task).expect("a task"))["_clean"][""].clone()
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
    fn a_template_is_the_content_of_a_card_that_asks() {
        for view in ["html", "choice", "classification", "text_input"] {
            let mut settings = Settings { labels: vec!["A".into()], ..Settings::default() };
            settings.config.insert(TEMPLATE.into(), "<b>{{q}}</b>".into());
            let interface = Interface::new(view, settings).expect("it is there");
            let body = |task: Value| TaskJson::from_value(&task).expect("a task");
            let asked = body(json!({"q": "p", "label": "A"}));
            assert_eq!(interface.can_show(&asked), Ok(()), "{view}");
            assert_eq!(interface.page_extras(&asked)["_clean"][""], "<b>p</b>", "{view}");
            let nothing = interface.can_show(&body(json!({"q": null, "label": "A"})));
            assert_eq!(nothing.is_ok(), view == "text_input", "{view}");
        }
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
