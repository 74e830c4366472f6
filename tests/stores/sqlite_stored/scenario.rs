//! A project with a bit of everything that a store keeps, the same at each run.

use std::sync::Arc;

use annotd::allocation::mixture::Mixture;
use annotd::allocation::order::Order;
use annotd::allocation::{
    AnnotatorProfile, AnswerOutcome, AnswersWanted, Ignore, Lane, Overrides, Plan, PlanPolicy,
    Purpose, Route, SettlePolicy, Split, WhenShort,
};
use annotd::planning;
use annotd::store::{Claim, NewTask, Store, StorePolicy, Submission};
use annotd::task::{Basis, Millis, Task, TaskId, TaskJson, Verdict, Version};

/// 70 of 100 once and 30 twice, named in balance.
pub fn rules() -> PlanPolicy {
    PlanPolicy {
        answers: AnswersWanted::Mixture(Mixture::mix(&[(0.7, 1), (0.3, 2)]).unwrap()),
        split: Split::Exact,
        route: Route::Balanced,
        average: None,
        assign_field: None,
        when_short: WhenShort::Hold,
        seed: 3,
        people: ["ann", "bob", "cyd"].iter().map(|name| AnnotatorProfile::new(name)).collect(),
    }
}

/// Ignores are skips, and tasks stand in the order of loading.
pub fn policy() -> StorePolicy {
    StorePolicy {
        rule: SettlePolicy { ignore: Ignore::Skip, ..SettlePolicy::default() },
        order: Order::Loaded,
    }
}

/// A task with this JSON.
pub fn task(text: &str) -> Task {
    Task::new(TaskJson::parse(text).unwrap())
}

fn nth(nth: usize) -> Task {
    task(&format!(r#"{{"text":"sentence {nth}"}}"#))
}

/// A version that adds this, given at this time.
pub fn says(verdict: Verdict, data: &str, at: i64) -> Version {
    Version {
        verdict,
        data: serde_json::from_str(data).unwrap(),
        time_loaded: Millis(at - 9),
        time_returned: Millis(at),
        basis: Basis { edition: 1, tokenizer: 2 },
    }
}

async fn claim(store: &dyn Store, task: &TaskId, annotator: &str, since: i64) {
    let claim = Claim {
        task: task.clone(),
        annotator: annotator.into(),
        since: Millis(since),
        until: Millis(since + 1000),
        basis: Basis { edition: 2, tokenizer: 1 },
    };
    assert_eq!(store.claim(vec![claim]).await.unwrap(), [true], "{task} for {annotator}");
}

/// Stores an answer; says what became of it.
pub async fn answer(
    store: &dyn Store,
    task: &TaskId,
    annotator: &str,
    version: Version,
) -> AnswerOutcome {
    let submission = Submission { task: task.clone(), annotator: annotator.into(), version };
    store.record(vec![submission]).await.unwrap()[0]
}

/// More than a store keeps beside an answer.
pub fn much(letter: &str) -> String {
    format!(r#"{{"user_input":"{}"}}"#, letter.repeat(70_000))
}

/// Fills an empty store.
pub async fn fill(store: &Arc<dyn Store>) {
    let store = &**store;
    store.set_policy(policy());
    let batch = (0..10).map(nth).collect();
    planning::admit(store, &rules(), &Overrides::default(), batch).await.unwrap();
    planning::known_since(store, &rules(), Millis(7)).await.unwrap();
    planning::replan_unfinished(store, &rules(), &policy(), false).await.unwrap();
    let anyone = |task, wanted| NewTask { task, plan: Plan::new(wanted, vec![Lane::Anyone]) };
    let mut early = anyone(nth(20), 2);
    early.plan.priority = 3;
    let bound = Plan { bound: true, ..Plan::new(1, vec![Lane::Of("bob".into())]) };
    let gold = Plan { purpose: Purpose::Gold, ..Plan::new(1, vec![Lane::Gold]) };
    let odd = task(r#"{"text":"ü\u2028","n":1.10,"$a":{"b.c":1e3},"meta":{"x":[null]}}"#);
    let rows = vec![
        early,
        NewTask { task: nth(21), plan: bound },
        NewTask { task: nth(22), plan: gold },
        anyone(odd, 1),
        anyone(nth(23), 1),
    ];
    let ids: Vec<TaskId> = rows.iter().map(|row| row.task.id.clone()).collect();
    store.insert_tasks(rows).await.unwrap();

    // Twice another opinion, a skip, and a repeat of what was answered.
    claim(store, &ids[0], "ann", 50).await;
    answer(store, &ids[0], "ann", says(Verdict::Accept, "{}", 100)).await;
    let spans = r#"{"spans":[{"start":0,"end":2,"weight":1.50}],"flagged":true}"#;
    answer(store, &ids[0], "ann", says(Verdict::Reject, spans, 110)).await;
    answer(store, &ids[0], "ann", says(Verdict::Accept, r#"{"comment":"ü \" \\"}"#, 120)).await;
    claim(store, &ids[0], "bob", 60).await;
    answer(store, &ids[0], "bob", says(Verdict::Ignore, "{}", 130)).await;
    let repeat = Plan {
        bound: true,
        purpose: Purpose::Repeat(ids[0].clone()),
        ..Plan::new(1, vec![Lane::Of("ann".into())])
    };
    let again = NewTask { task: nth(20).repeated_for("ann"), plan: repeat };
    store.insert_tasks(vec![again]).await.unwrap();
    // Late: cyd had it, lost it, and dan was faster; and then cyd thinks again.
    claim(store, &ids[4], "cyd", 70).await;
    store.release("cyd").await.unwrap();
    claim(store, &ids[4], "dan", 80).await;
    answer(store, &ids[4], "dan", says(Verdict::Accept, "{}", 140)).await;
    answer(store, &ids[4], "cyd", says(Verdict::Accept, "{}", 150)).await;
    answer(store, &ids[4], "cyd", says(Verdict::Reject, "{}", 160)).await;
    // Much, and then other much, and then little.
    claim(store, &ids[3], "eve", 90).await;
    answer(store, &ids[3], "eve", says(Verdict::Accept, &much("a"), 170)).await;
    answer(store, &ids[3], "eve", says(Verdict::Accept, &much("b"), 180)).await;
    // Gold, right; and a leased task.
    claim(store, &ids[2], "cyd", 95).await;
    answer(store, &ids[2], "cyd", says(Verdict::Accept, "{}", 190)).await;
    claim(store, &ids[1], "bob", 99).await;

    store.note_loaded_file("/srv/tasks/a.jsonl", "12:34").await.unwrap();
    let keys = [("ann".to_owned(), "k1".to_owned()), ("(lead)".to_owned(), "k2".to_owned())];
    store.set_keys(keys.into(), false).await.unwrap();
    store.set_identity("content").await.unwrap();
    for edition in [r#"{"labels":["A"]}"#, r#"{"labels":["A","B"]}"#] {
        store.edition(edition).await.unwrap();
    }
}
