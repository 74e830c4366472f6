//! Gold and repeats.

use std::collections::{BTreeMap, HashMap, HashSet};

use annotd::allocation::{AnswerOutcome, Purpose};
use annotd::config::policies;
use annotd::lead::quality;
use annotd::task::Verdict;
use serde_json::{Value, json};

use crate::allocation_guide::team::{Team, plain, text_of};

fn gold_tasks(how_many: usize) -> Vec<Value> {
    (0..how_many)
        .map(|n| json!({"text": format!("gold {n}"), "label": "PROTEST", "meta": {"gold": {"answer": if n % 2 == 0 { "accept" } else { "reject" }}}}))
        .collect()
}

pub async fn gold(example: &str) {
    let mut tasks = plain(150);
    // In the middle of a file, as they come.
    for (n, gold) in gold_tasks(30).into_iter().enumerate() {
        tasks.insert(n * 4, gold);
    }
    let mut team = Team::with(example, &tasks).await;
    // Andy is always right; Zach accepts everything; Li ignores gold.
    let opinion = |annotator: &str, text: &str| {
        let odd = text.ends_with(['1', '3', '5', '7', '9']);
        match (text.starts_with("gold"), annotator) {
            (true, "andy") if odd => Verdict::Reject,
            (true, "li") => Verdict::Ignore,
            _ => Verdict::Accept,
        }
    };
    team.work_by(&["andy", "zach", "li"], &opinion).await;
    team.all_is_finished().await;
    // The share, at any moment, for each annotator, in an order of their own.
    let mut turns_of_gold = HashSet::new();
    for annotator in ["andy", "zach", "li"] {
        let own: Vec<bool> = team
            .turns
            .iter()
            .filter(|turn| turn.annotator == annotator)
            .map(|turn| turn.text().starts_with("gold"))
            .collect();
        let (mut gold, mut n) = (0.0, 0.0);
        for is_gold in &own {
            n += 1.0;
            gold += f64::from(u8::from(*is_gold));
            let off: f64 = gold - n * 0.1;
            assert!(off.abs() < 1.0 + 1e-9, "{annotator} has had {gold} of {n}");
        }
        assert!(gold >= 10.0, "{annotator} has had {gold}");
        turns_of_gold.insert(own);
    }
    assert_eq!(turns_of_gold.len(), 3, "gold comes at other times for each annotator");
    let once: HashSet<_> =
        team.turns.iter().map(|turn| (turn.annotator.clone(), turn.task.id.clone())).collect();
    assert_eq!(once.len(), team.turns.len(), "no annotator gets a gold task twice");
    // The figures of the rest know nothing of it.
    let progress = team.progress().await;
    assert_eq!((progress.tasks, progress.finished), (150, 150));
    assert_eq!((progress.wanted, progress.answers), (300, 300));
    let answered: u64 = progress.annotators.values().map(|share| share.answered).sum();
    assert_eq!(answered, 300);
    assert_eq!(progress.checks + 300, team.turns.len() as u64);
    // How right each annotator is.
    let counted = quality::count(&*team.store, &policies::store_policy(&team.roster).rule).await;
    let counted = counted.expect("counted");
    let andy = counted["andy"].gold;
    assert!(andy.answered > 0 && andy.answered == andy.agreed);
    let zach = counted["zach"].gold;
    assert!(zach.agreed > 0 && zach.agreed < zach.answered);
    assert!(!counted.contains_key("li"), "an ignore is no opinion");
    let said = team.annotd(&["status"]);
    assert!(said.contains(&andy.in_words()) && said.contains("gold correct"), "{said}");
    // Without a share none is handed out; without other tasks none comes.
    let mut team = Team::with(&example.replace("gold        = 0.1", "gold = 0"), &tasks).await;
    team.work(&["andy"]).await;
    assert!(team.turns.iter().all(|turn| !turn.text().starts_with("gold")));
    let mut team = Team::with(example, &gold_tasks(5)).await;
    team.work(&["andy"]).await;
    assert!(team.turns.is_empty());
}

pub async fn repeats(example: &str) {
    const AFTER: usize = 20;
    let mut team = Team::with(example, &plain(300)).await;
    let purposes = |records: Vec<annotd::store::Record>| -> HashMap<_, _> {
        records.into_iter().map(|r| (r.task.id.clone(), r.state.purpose)).collect()
    };
    let mut said: BTreeMap<(String, String), Verdict> = BTreeMap::new();
    let mut idle = 0;
    while idle < 2 {
        let mut any = false;
        for annotator in ["andy", "zach"] {
            let Some(task) = team.ask(annotator, 1).await.pop() else { continue };
            any = true;
            let key = (annotator.to_owned(), text_of(&task));
            // Andy says the same again, Zach the opposite.
            let verdict = match said.get(&key) {
                Some(_) if annotator == "zach" => Verdict::Reject,
                _ => Verdict::Accept,
            };
            said.insert(key, verdict);
            assert_eq!(team.say(annotator, &task, verdict).await, AnswerOutcome::Saved);
            team.turns.push(crate::allocation_guide::team::AnsweredTask {
                annotator: annotator.to_owned(),
                task,
            });
        }
        idle = if any { 0 } else { idle + 1 };
        team.pass(std::time::Duration::from_secs(1));
    }
    team.check().await;
    team.all_is_finished().await;
    let purposes = purposes(team.records().await);
    for annotator in ["andy", "zach"] {
        let own: Vec<_> = team.turns.iter().filter(|turn| turn.annotator == annotator).collect();
        let mut repeated = HashSet::new();
        let (mut repeats, mut n) = (0.0, 0.0);
        for (at, turn) in own.iter().enumerate() {
            n += 1.0;
            let Purpose::Repeat(first) = &purposes[&turn.task.id] else { continue };
            repeats += 1.0;
            let before = own.iter().position(|turn| turn.task.id == *first).expect("their own");
            assert!(at - before > AFTER, "{annotator}: {before} comes again at {at}");
            assert!(repeated.insert(first.clone()), "{annotator}: once more");
            assert!(repeats < n * 0.1 + 1.0, "{annotator} has had {repeats} of {n}");
        }
        assert!(repeats > (n - 40.0) * 0.1 - 2.0, "{annotator} has had {repeats} of {n}");
    }
    let progress = team.progress().await;
    assert_eq!((progress.tasks, progress.wanted, progress.answers), (300, 300, 300));
    assert_eq!(progress.checks + 300, team.turns.len() as u64);
    let counted = quality::count(&*team.store, &policies::store_policy(&team.roster).rule).await;
    let counted = counted.expect("counted");
    assert_eq!(counted["andy"].repeats.agreed, counted["andy"].repeats.answered);
    assert_eq!(counted["zach"].repeats.agreed, 0);
}
