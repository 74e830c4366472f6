//! `choice`: options, one or several of which are accepted.
//!
//! `accept` holds the ids of what was chosen, in the type they have in the task (`1` is not `"1"`).
//! Where a task has no options of its own, the project's labels are the options. Options may be
//! words or objects (`reading::options`); where the page would have to read them, it is sent them
//! read, under `_options`, in the same order.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::fits::{self, Unfit, list, what_is};
use super::html;
use super::spec::{AnswerError, Card, InterfaceSpec, PLAIN};
use crate::task::Verdict;
use crate::task::reading::{self, NoOption};

pub(super) const SPEC: InterfaceSpec = InterfaceSpec {
    name: "choice",
    fits,
    context: &["label", "options", "title", "body", "context_before", "context_after"],
    answer_keys: |_| vec!["accept".into()],
    judges: fits::spans_of_content,
    page_extras,
    check,
    ..PLAIN
};

fn check(
    card: &Card<'_>,
    verdict: Verdict,
    data: &mut Map<String, Value>,
) -> Result<(), AnswerError> {
    let Some(chosen) = data.get("accept") else {
        if verdict == Verdict::Accept {
            return Err(AnswerError::new("accept", "expected a list of the chosen options' ids"));
        }
        return Ok(());
    };
    let Some(chosen) = chosen.as_array() else {
        return Err(AnswerError::new("accept", "expected a list of the chosen options' ids"));
    };
    let ids: HashMap<String, Value> =
        ids(card).into_iter().map(|id| (reading::mark(&id), id)).collect();
    let mut seen = HashSet::new();
    let mut accept = Vec::with_capacity(chosen.len());
    for (index, id) in chosen.iter().enumerate() {
        let mark = reading::mark(id);
        let Some(own) = ids.get(&mark) else {
            return Err(AnswerError::new(
                format!("accept[{index}]"),
                format!("{id} is none of this task's options"),
            ));
        };
        if !seen.insert(mark) {
            return Err(AnswerError::new(
                format!("accept[{index}]"),
                format!("{id} is chosen twice"),
            ));
        }
        // As the task writes it: a page may have made 1 of 1.0.
        accept.push(own.clone());
    }
    let several = card.setting("choice_style") == Some("multiple".into());
    if chosen.len() > 1 && !several {
        return Err(AnswerError::new(
            "accept",
            "expected one option; several need choice_style = \"multiple\"",
        ));
    }
    data.insert("accept".into(), accept.into());
    Ok(())
}

/// The task's own options; nothing where the project's labels stand in for them.
fn own_options(card: &Card<'_>) -> Option<Vec<Value>> {
    match card.get("options") {
        Some(Value::Array(listed)) if !listed.is_empty() => Some(listed),
        _ => None,
    }
}

/// What can be chosen, as it is written in the task.
fn ids(card: &Card<'_>) -> Vec<Value> {
    let Some(listed) = own_options(card) else {
        return card.labels().iter().map(|label| label.as_str().into()).collect();
    };
    let options = reading::usable_options(&listed);
    let ids = options.into_iter().filter_map(|mut option| option.shift_remove("id"));
    ids.filter(|id| !id.is_null()).collect()
}

fn page_extras(card: &Card<'_>) -> Map<String, Value> {
    let mut page_extras = html::filled_in(card);
    let written = |option: &Value| {
        option.as_object().is_some_and(|option| reading::get_in(option, "id").is_some())
    };
    if let Some(listed) = own_options(card).filter(|listed| !listed.iter().all(written)) {
        let options = reading::usable_options(&listed).into_iter().map(Value::Object);
        page_extras.insert("_options".into(), options.collect());
    }
    page_extras
}

fn fits(card: &Card<'_>) -> Result<(), Unfit> {
    options_fit(card)?;
    fits::content(card)
}

/// Checks that there is something to choose, and that what is chosen already is of it.
fn options_fit(card: &Card<'_>) -> Result<(), Unfit> {
    let listed = list(card, "options", "options")?;
    if listed.is_empty() && card.labels().is_empty() {
        let needs = "options: a task with `options`, or `labels` of the project";
        return Err(Unfit::new(if card.has("options") { "/options" } else { "" }, needs, "none"));
    }
    reading::options(&listed).map_err(|(index, why)| {
        let at = format!("/options/{index}");
        match why {
            NoOption::Nameless => Unfit::new(at, "an option", what_is(&listed[index])).help(
                "an option is a word, or an object with an `id` (a text or a number) or a `text`",
            ),
            NoOption::Twice(id) => {
                Unfit::new(at, "an option with an id of its own", format!("{id} once more"))
                    .help("give each option an `id` that no other one has")
            }
        }
    })?;
    let ids: HashSet<String> = ids(card).iter().map(reading::mark).collect();
    for (index, id) in list(card, "accept", "the ids of options")?.iter().enumerate() {
        if !ids.contains(&reading::mark(id)) {
            let at = format!("/accept/{index}");
            return Err(Unfit::new(at, "the id of an option", id.to_string())
                .help("take it out of `accept`, or add the option"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::interface::{Interface, Settings, spec};
    use crate::task::TaskJson;

    fn receive(style: &str, accept: &Value) -> Result<(), String> {
        let task = json!({
            "text": "a", "options": [{"id": 1, "text": "one"}, {"id": "b", "html": "<b>b</b>"}],
            "config": {"choice_style": style},
        });
        let sent = json!({"answer": "accept", "accept": accept});
        spec::receive(&SPEC, Settings::default(), &task, &sent).map(|_| ())
    }

    #[test]
    fn ids_keep_their_type() {
        assert_eq!(receive("single", &json!([1])), Ok(()));
        assert_eq!(
            receive("single", &json!(["1"])),
            Err("accept[0]: \"1\" is none of this task's options".into())
        );
    }

    #[test]
    fn several_only_where_several_are_asked_for() {
        assert_eq!(receive("multiple", &json!([1, "b"])), Ok(()));
        assert!(receive("single", &json!([1, "b"])).is_err());
        assert!(receive("multiple", &json!([1, 1])).is_err());
    }

    fn said(labels: &[&str], task: &str) -> Result<(), (String, String)> {
        let labels = labels.iter().map(|label| (*label).to_owned()).collect();
        let settings = Settings { labels, ..Settings::default() };
        let interface = Interface::new("choice", settings).expect("it is there");
        let unfit = interface.can_show(&TaskJson::parse(task).expect("a task"));
        unfit.map_err(|unfit| (unfit.at, format!("{}, found {}", unfit.expected, unfit.found)))
    }

    #[test]
    fn what_can_be_chosen_is_looked_at_when_it_is_loaded() {
        let own = |rest: &str| format!("{{\"text\":\"a\",{rest}}}");
        for (rest, at, words) in [
            ("\"options\":\"A\"", "/options", "a list of options"),
            ("\"options\":[]", "/options", "options: a task with"),
            ("\"options\":[\"A\",{\"id\":null}]", "/options/1", "an option, found an object"),
            (
                "\"options\":[\"A\",{\"text\":\"A\"}]",
                "/options/1",
                "an option with an id of its own",
            ),
            (
                "\"options\":[\"A\"],\"accept\":[\"B\"]",
                "/accept/0",
                "the id of an option, found \"B\"",
            ),
            ("\"options\":[\"A\"],\"accept\":\"A\"", "/accept", "a list of the ids"),
        ] {
            let (found, said) = said(&[], &own(rest)).expect_err(rest);
            assert_eq!(found, at, "{rest}");
            assert!(said.starts_with(words), "{rest}: {said}");
        }
        assert_eq!(said(&["A"], &own("\"options\":[],\"accept\":[\"A\"]")), Ok(()));
        assert_eq!(
            said(&[], &own("\"options\":[1.0,{\"text\":\"b\"}],\"accept\":[1,\"b\"]")),
            Ok(())
        );
    }

    #[test]
    fn words_and_objects_without_an_id_are_options_with_one() {
        let task = json!({"text": "a", "options": ["A", 2, {"text": "b", "id": null}]});
        let interface = Interface::new("choice", Settings::default()).expect("it is there");
        let page_extras = interface.page_extras(&TaskJson::from_value(&task).expect("a task"));
        let read =
            json!([{"id": "A", "text": "A"}, {"id": 2, "text": "2"}, {"text": "b", "id": "b"}]);
        assert_eq!(page_extras["_options"], read);
        let sent = json!({"answer": "accept", "accept": ["b"]});
        let kept = spec::receive(&SPEC, Settings::default(), &task, &sent);
        assert_eq!(kept, Ok(json!({"accept": ["b"]})));
    }

    #[test]
    fn an_id_comes_back_as_the_task_writes_it() {
        let task: Value = serde_json::from_str(r#"{"text":"a","options":[{"id":1.0,"text":"x"}]}"#)
            .expect("JSON");
        let sent = json!({"answer": "accept", "accept": [1]});
        let kept = spec::receive(&SPEC, Settings::default(), &task, &sent).expect("fits");
        assert_eq!(kept["accept"].to_string(), "[1.0]");
    }

    #[test]
    fn labels_stand_in_for_missing_options() {
        let settings = Settings { labels: vec!["X".into()], ..Settings::default() };
        let sent = json!({"answer": "accept", "accept": ["X"]});
        assert!(spec::receive(&SPEC, settings, &json!({"text": "a"}), &sent).is_ok());
    }
}
