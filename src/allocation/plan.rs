//! What a task wants when it enters: how many answers, from whom, and how soon.

use serde_json::Value;

use super::{Lane, MAX_PRIORITY, Purpose};
use crate::task::Body;

/// The project's rules, as far as they concern a task that enters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wishes {
    /// Answers wanted for each task.
    pub annotations: u32,
    /// The path of the key that names a task's annotators, such as `meta.target_annotator`.
    pub assign_field: Option<String>,
    /// The annotators of the roster, in its order, active or not.
    pub annotators: Vec<String>,
}

/// What a load says instead of the project's rules.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// Answers wanted for each task.
    pub annotations: Option<u32>,
    /// The annotators whom these tasks are for.
    pub to: Vec<String>,
    /// How early: higher comes first, 0 is the rule.
    pub priority: Option<i32>,
}

/// What is decided about a task when it enters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Answers wanted, at least one.
    pub wanted: u32,
    /// Who may have it.
    pub lanes: Vec<Lane>,
    /// How early: higher comes first.
    pub priority: i32,
    /// Which part of the project's mixture it was counted to; none if the mixture was not asked.
    pub part: Option<u16>,
    /// Whether the task or the load names its annotators: then only a lead moves it.
    pub bound: bool,
    /// What it is there for.
    pub purpose: Purpose,
}

impl Plan {
    /// So many answers by whoever may use these lanes.
    pub fn new(wanted: u32, lanes: Vec<Lane>) -> Self {
        Self { wanted, lanes, priority: 0, part: None, bound: false, purpose: Purpose::Regular }
    }
}

/// Why a task cannot be planned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// It names somebody who is not in the roster.
    #[error(
        "{field} names {name:?}, who is not in the roster; mend the name, or add them to \
         annotators.toml"
    )]
    NotInRoster {
        /// The path of the key.
        field: String,
        /// The name.
        name: String,
    },
    /// What should name annotators is neither a name nor a list of names.
    #[error("{field} should be an annotator's name or a list of names, found {found}")]
    NotNames {
        /// The path of the key.
        field: String,
        /// What stands there.
        found: String,
    },
    /// More answers are wanted than there are people who may give them.
    #[error("{wanted} answers are wanted of {names} named annotators; name more, or want fewer")]
    TooFewNamed {
        /// Answers wanted.
        wanted: u32,
        /// Annotators named.
        names: usize,
    },
}

/// Decides what a task wants.
///
/// A task that names its annotators, or a load that does, wants one answer of each of them unless
/// the load says how many. Any other task wants what the project wants, from anyone.
///
/// # Errors
/// If the task names somebody who cannot be asked.
pub fn plan(wishes: &Wishes, overrides: &Overrides, task: &Body) -> Result<Plan, PlanError> {
    let (field, mut names) = if overrides.to.is_empty() {
        match &wishes.assign_field {
            Some(field) => (field.as_str(), named(field, task)?),
            None => ("", Vec::new()),
        }
    } else {
        ("--to", overrides.to.clone())
    };
    let mut unique = Vec::with_capacity(names.len());
    for name in names.drain(..) {
        if !wishes.annotators.contains(&name) {
            return Err(PlanError::NotInRoster { field: field.to_owned(), name });
        }
        if !unique.contains(&name) {
            unique.push(name);
        }
    }
    let priority = overrides.priority.unwrap_or(0).clamp(-MAX_PRIORITY, MAX_PRIORITY);
    if unique.is_empty() {
        let wanted = overrides.annotations.unwrap_or(wishes.annotations).max(1);
        return Ok(Plan { priority, ..Plan::new(wanted, vec![Lane::Anyone]) });
    }
    let every = u32::try_from(unique.len()).unwrap_or(u32::MAX);
    let wanted = overrides.annotations.unwrap_or(every).max(1);
    if wanted > every {
        return Err(PlanError::TooFewNamed { wanted, names: unique.len() });
    }
    let lanes = unique.into_iter().map(Lane::Of).collect();
    Ok(Plan { priority, bound: true, ..Plan::new(wanted, lanes) })
}

/// The names under a path such as `meta.target_annotator`; none if there is nothing.
fn named(field: &str, task: &Body) -> Result<Vec<String>, PlanError> {
    let mut keys = field.split('.');
    let mut value = keys.next().and_then(|key| task.get(key)).unwrap_or(Value::Null);
    for key in keys {
        value = value.get_mut(key).map_or(Value::Null, Value::take);
    }
    let not_names =
        |found: &Value| PlanError::NotNames { field: field.to_owned(), found: found.to_string() };
    match &value {
        Value::Null => Ok(Vec::new()),
        Value::String(name) => Ok(vec![name.clone()]),
        Value::Array(names) => names
            .iter()
            .map(|name| name.as_str().map(str::to_owned).ok_or_else(|| not_names(name)))
            .collect(),
        other => Err(not_names(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wishes() -> Wishes {
        Wishes {
            annotations: 3,
            assign_field: Some("meta.target_annotator".into()),
            annotators: vec!["andy".into(), "zach".into(), "li".into(), "mo".into()],
        }
    }

    fn planned(task: &str, overrides: &Overrides) -> Result<Plan, PlanError> {
        plan(&wishes(), overrides, &Body::parse(task).expect("a task"))
    }

    fn of(names: &[&str]) -> Vec<Lane> {
        names.iter().map(|name| Lane::Of((*name).to_owned())).collect()
    }

    #[test]
    fn a_task_that_names_nobody_is_for_anyone() {
        let plan = planned(r#"{"text":"a"}"#, &Overrides::default()).expect("a plan");
        assert_eq!(plan, Plan::new(3, vec![Lane::Anyone]));
    }

    #[test]
    fn a_task_that_names_people_wants_one_answer_of_each() {
        let one = planned(r#"{"meta":{"target_annotator":"li"}}"#, &Overrides::default());
        assert_eq!(one, Ok(Plan { priority: 0, bound: true, ..Plan::new(1, of(&["li"])) }));
        let two =
            planned(r#"{"meta":{"target_annotator":["li","mo","li"]}}"#, &Overrides::default());
        assert_eq!(two, Ok(Plan { priority: 0, bound: true, ..Plan::new(2, of(&["li", "mo"])) }));
    }

    #[test]
    fn a_load_goes_before_the_rules() {
        let overrides = Overrides {
            annotations: Some(1),
            to: vec!["andy".into(), "zach".into()],
            priority: Some(5),
        };
        let plan = planned(r#"{"meta":{"target_annotator":"li"}}"#, &overrides);
        assert_eq!(
            plan,
            Ok(Plan { priority: 5, bound: true, ..Plan::new(1, of(&["andy", "zach"])) })
        );
    }

    #[test]
    fn names_that_cannot_be_asked_are_refused() {
        let stranger = planned(r#"{"meta":{"target_annotator":"eve"}}"#, &Overrides::default());
        assert!(matches!(stranger, Err(PlanError::NotInRoster { name, .. }) if name == "eve"));
        let number = planned(r#"{"meta":{"target_annotator":3}}"#, &Overrides::default());
        assert!(matches!(number, Err(PlanError::NotNames { .. })));
    }

    #[test]
    fn priority_comes_before_the_order_of_admission() {
        use super::super::Position;
        assert!(Position::new(1, 900) < Position::new(0, 1));
        assert!(Position::new(0, 1) < Position::new(0, 2));
        assert!(Position::new(0, 2) < Position::new(-1, 0));
    }
}
