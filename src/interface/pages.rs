//! `pages`: a list of tasks on one card, of which one is on the page at a time, each with its own
//! `view_id`.
//!
//! The browser sends what was added to each page; what is kept is the pages with it. So that
//! completing them never makes an answer too large to keep, pages that are large already are
//! refused when they are loaded.

use serde_json::{Map, Value};

use super::part::{Part, settings_of};
use super::spec::{AnswerError, Card, InterfaceSpec, Unfit};
use super::suggestions::Parting;
use crate::task::Verdict;

pub(super) const SPEC: InterfaceSpec = InterfaceSpec {
    name: "pages",
    fits,
    content: &[],
    context: &[],
    answer_keys: |_| vec!["pages".into()],
    judges: |_| Vec::new(),
    tokens: |_| false,
    page_extras,
    always_validates: |_| false,
    check,
};

/// What a task has to have.
const NEEDS: &str =
    "a task with `pages`, a list such as [{\"view_id\": \"text\", \"text\": \"…\"}]";

/// The most that the pages of a task may have, in bytes of JSON: each of its answers holds them.
const MOST_BYTES: usize = 1 << 20;

/// What a page cannot be.
const NO_PAGES: [&str; 2] = ["pages", "review"];

fn fits(card: &Card<'_>) -> Result<(), Unfit> {
    let listed = match card.get("pages") {
        Some(Value::Array(listed)) if !listed.is_empty() => listed,
        Some(_) => return Err(Unfit::new("/pages", NEEDS, "none")),
        None => return Err(Unfit::nothing(card, NEEDS)),
    };
    if let Some(raw) = card.fields().get("pages").filter(|raw| raw.get().len() > MOST_BYTES) {
        let expected = format!("`pages` of at most {} KiB", MOST_BYTES >> 10);
        let found = format!("{} KiB", raw.get().len() >> 10);
        return Err(Unfit::new("/pages", expected, found).help("every answer holds them"));
    }
    for (index, part) in parts(card).iter().enumerate() {
        let within = format!("/pages/{index}");
        let Some(part) = part else {
            let view = listed[index].get("view_id").map_or_else(|| "none".into(), Value::to_string);
            let expected = format!("a `view_id` that can be a page for page {}", index + 1);
            let unfit = Unfit::new(within, expected, view);
            return Err(unfit.help("such as `text`, `choice`, `blocks`"));
        };
        let name = format!("page {} ({})", index + 1, part.interface.name());
        part.fits().map_err(|unfit| unfit.inside(&within, &name))?;
    }
    Ok(())
}

/// The pages, in order; nothing where one cannot be shown.
pub(super) fn parts(card: &Card<'_>) -> Vec<Option<Part>> {
    let Some(Value::Array(listed)) = card.get("pages") else {
        return Vec::new();
    };
    let mut settings = settings_of(card);
    // The blocks of a page are its own or the project's.
    settings.shift_remove("pages");
    listed
        .iter()
        .map(|page| {
            let page = page.as_object()?;
            let view = page.get("view_id")?.as_str().filter(|view| !NO_PAGES.contains(view))?;
            let own = page.get("config").and_then(|config| config.get("labels"));
            Part::new(card, view, own.or_else(|| page.get("labels")), settings.clone(), page)
        })
        .collect()
}

/// Parts each page as [`Interface::part_suggestions`](super::Interface::part_suggestions) parts a
/// task.
pub(super) fn part_suggestions(
    card: &Card<'_>,
    how: Parting<'_>,
    counts: &mut Map<String, Value>,
    suggestions: &mut Map<String, Value>,
) {
    let Some(Value::Array(pages)) = counts.get_mut("pages") else { return };
    // What the task itself sets holds for each of its pages.
    let templates = how.templates.with(card.get("config").as_ref(), how.edition);
    let how = Parting { templates: &templates, ..how };
    for (index, (page, part)) in pages.iter_mut().zip(parts(card)).enumerate() {
        let (Some(page), Some(part)) = (page.as_object_mut(), part) else { continue };
        let mut of_page = Map::new();
        part.interface.part_suggestions(&part.body, how, page, &mut of_page);
        if !of_page.is_empty() {
            suggestions.insert(format!("pages[{index}]"), of_page.into());
        }
    }
}

fn page_extras(card: &Card<'_>) -> Map<String, Value> {
    let mut any = false;
    let list: Vec<Value> = parts(card)
        .iter()
        .map(|part| {
            let mut page_extras = part
                .as_ref()
                .map(|part| part.interface.page_extras(&part.body))
                .unwrap_or_default();
            let tokens = part.as_ref().and_then(|part| part.interface.computed_tokens(&part.body));
            if let Some(tokens) = tokens {
                page_extras.insert("_tokens".into(), tokens);
            }
            any |= !page_extras.is_empty();
            Value::Object(page_extras)
        })
        .collect();
    let mut page_extras = Map::new();
    if any {
        page_extras.insert("_parts".into(), list.into());
    }
    page_extras
}

fn check(
    card: &Card<'_>,
    verdict: Verdict,
    data: &mut Map<String, Value>,
) -> Result<(), AnswerError> {
    let parts = parts(card);
    let sent = match data.get("pages") {
        Some(Value::Array(sent)) => sent.clone(),
        None if verdict != Verdict::Accept => return Ok(()),
        None => Vec::new(),
        Some(_) => {
            return Err(AnswerError::new("pages", "expected a list with what was added to each"));
        }
    };
    if sent.len() > parts.len() {
        let message = format!("{} pages, and the task has {}", sent.len(), parts.len());
        return Err(AnswerError::new("pages", message));
    }
    let mut sent = sent.into_iter();
    let mut pages = Vec::with_capacity(parts.len());
    for (index, part) in parts.iter().enumerate() {
        let Some(part) = part else {
            return Err(AnswerError::new(
                format!("pages[{index}]"),
                "this page cannot be answered",
            ));
        };
        let mut added = match sent.next() {
            Some(Value::Object(added)) => added,
            None | Some(Value::Null) => Map::new(),
            Some(_) => {
                return Err(AnswerError::new(
                    format!("pages[{index}]"),
                    "expected an object with what was added",
                ));
            }
        };
        added.insert("answer".into(), verdict.as_str().into());
        let (_, data) = part.interface.receive(&part.body, &added).map_err(|misfit| {
            AnswerError::new(format!("pages[{index}].{}", misfit.at), misfit.message)
        })?;
        let mut page = part.body.to_value();
        page.extend(data);
        pages.push(Value::Object(page));
    }
    data.insert("pages".into(), pages.into());
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::interface::{Interface, Settings, spec};
    use crate::task::TaskJson;

    fn two() -> Value {
        json!({"pages": [
            {"view_id": "choice", "text": "a", "options": [{"id": 1, "text": "one"}], "odd": 1.50},
            {"view_id": "text_input", "text": "b"},
        ]})
    }

    #[test]
    fn an_answer_holds_the_pages_with_what_was_added() {
        let sent = json!({"answer": "accept", "pages": [{"accept": [1]}, {"user_input": "so", "text": "z"}]});
        let mut expected = two();
        expected["pages"][0]["accept"] = json!([1]);
        expected["pages"][1]["user_input"] = json!("so");
        assert_eq!(spec::receive(&SPEC, Settings::default(), &two(), &sent), Ok(expected.clone()));
        // A page as it is kept is as good as what was added to it.
        let again = json!({"answer": "accept", "pages": expected["pages"]});
        assert_eq!(spec::receive(&SPEC, Settings::default(), &two(), &again), Ok(expected));
    }

    #[test]
    fn a_misfit_says_on_which_page() {
        let sent = json!({"answer": "accept", "pages": [{"accept": [2]}]});
        assert_eq!(
            spec::receive(&SPEC, Settings::default(), &two(), &sent),
            Err("pages[0].accept[0]: 2 is none of this task's options".into())
        );
        assert!(
            spec::receive(&SPEC, Settings::default(), &two(), &json!({"answer": "accept"}))
                .is_err()
        );
        assert_eq!(
            spec::receive(&SPEC, Settings::default(), &two(), &json!({"answer": "ignore"})),
            Ok(json!({}))
        );
    }

    #[test]
    fn pages_that_cannot_be_are_refused_before_anybody_sees_them() {
        let interface = Interface::new("pages", Settings::default()).expect("it is there");
        let refused = |task: &Value| {
            interface.can_show(&TaskJson::from_value(task).expect("a task")).is_err()
        };
        assert!(!refused(&two()));
        for pages in [
            json!([]),
            json!([{"text": "a"}]),
            json!([{"view_id": "pages", "pages": []}]),
            json!([{"view_id": "text"}]),
            json!([{"view_id": "text", "text": "x".repeat(1 << 20)}]),
        ] {
            assert!(refused(&json!({"pages": pages})));
        }
    }

    #[test]
    fn each_page_has_its_own_tokens_and_templates() {
        let task = json!({"pages": [
            {"view_id": "ner_manual", "text": "Ada"},
            {"view_id": "html", "n": 3, "config": {"html_template": "<b>{{n}}</b>"}},
        ]});
        let interface = Interface::new("pages", Settings::default()).expect("it is there");
        let parts = interface.page_extras(&TaskJson::from_value(&task).expect("a task"));
        assert_eq!(parts["_parts"][0]["_tokens"][0]["text"], "Ada");
        assert_eq!(parts["_parts"][1]["_clean"], json!({"": "<b>3</b>"}));
    }
}
