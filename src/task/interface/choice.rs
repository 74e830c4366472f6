//! `choice`: options, one or several of which are accepted.
//!
//! `accept` holds the ids of what was chosen, in the type they have in the task (`1` is not
//! `"1"`). Where a task has no options of its own, the project's labels are the options.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::html;
use super::kind::{Card, Kind, Misfit, PLAIN};
use crate::task::Verdict;

pub(super) const KIND: Kind = Kind {
    name: "choice",
    sets: |_| vec!["accept".into()],
    beside: html::filled_in,
    check,
    ..PLAIN
};

fn check(card: &Card<'_>, verdict: Verdict, data: &mut Map<String, Value>) -> Result<(), Misfit> {
    let Some(chosen) = data.get("accept") else {
        if verdict == Verdict::Accept {
            return Err(Misfit::new("accept", "expected a list of the chosen options' ids"));
        }
        return Ok(());
    };
    let Some(chosen) = chosen.as_array() else {
        return Err(Misfit::new("accept", "expected a list of the chosen options' ids"));
    };
    let options: Vec<Value> = match card.task.get("options") {
        Some(Value::Array(options)) => {
            options.into_iter().filter_map(|option| option.get("id").cloned()).collect()
        }
        _ => card.labels().iter().map(|label| label.as_str().into()).collect(),
    };
    let options: HashSet<String> = options.iter().map(Value::to_string).collect();
    let mut seen = HashSet::new();
    for (index, id) in chosen.iter().enumerate() {
        if !options.contains(&id.to_string()) {
            return Err(Misfit::new(
                format!("accept[{index}]"),
                format!("{id} is none of this task's options"),
            ));
        }
        if !seen.insert(id.to_string()) {
            return Err(Misfit::new(format!("accept[{index}]"), format!("{id} is chosen twice")));
        }
    }
    let several = card.setting("choice_style") == Some("multiple".into());
    if chosen.len() > 1 && !several {
        return Err(Misfit::new(
            "accept",
            "expected one option; several need choice_style = \"multiple\"",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::task::interface::{Settings, kind};

    fn receive(style: &str, accept: &Value) -> Result<(), String> {
        let task = json!({
            "text": "a", "options": [{"id": 1, "text": "one"}, {"id": "b", "html": "<b>b</b>"}],
            "config": {"choice_style": style},
        });
        let sent = json!({"answer": "accept", "accept": accept});
        kind::receive(&KIND, Settings::default(), &task, &sent).map(|_| ())
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

    #[test]
    fn labels_stand_in_for_missing_options() {
        let settings = Settings { labels: vec!["X".into()], ..Settings::default() };
        let sent = json!({"answer": "accept", "accept": ["X"]});
        assert!(kind::receive(&KIND, settings, &json!({"text": "a"}), &sent).is_ok());
    }
}
