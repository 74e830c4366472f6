//! From whom.

use std::collections::BTreeMap;

use annotd::allocation::{Overrides, prodigy};
use annotd::allocator::Reason;
use annotd::config::policies;
use annotd::planning;
use annotd::task::Verdict;
use serde_json::{Value, json};

use crate::allocation_guide::team::{Team, counted_annotators, names, plain, task, text_of};

pub async fn the_first_who_asks(example: &str) {
    let mut team = Team::with(example, &plain(60)).await;
    // Li never comes; Andy is three times as fast as Zach.
    while team.turn("andy").await {
        team.turn("andy").await;
        team.turn("andy").await;
        team.turn("zach").await;
    }
    assert_eq!(team.turns.iter().filter(|turn| turn.annotator == "andy").count(), 60);
    team.work(&["andy", "zach"]).await;
    team.all_is_finished().await;
    // A slower annotator finds everything that is left.
    let mut team = Team::with(example, &plain(60)).await;
    team.work(&["li"]).await;
    team.work(&["zach"]).await;
    team.all_is_finished().await;
}

/// The largest difference between any two, at every prefix.
fn spread(counts: &BTreeMap<String, i64>) -> i64 {
    counts.values().max().unwrap_or(&0) - counts.values().min().unwrap_or(&0)
}

pub async fn named_evenly(example: &str) {
    let mut team = Team::with(example, &plain(60)).await;
    let people = team.active();
    let mut loads: BTreeMap<String, i64> = people.iter().map(|p| (p.clone(), 0)).collect();
    let mut pairs: BTreeMap<String, i64> = BTreeMap::new();
    for (index, one) in people.iter().enumerate() {
        for other in &people[index + 1..] {
            let mut pair = [one.as_str(), other.as_str()];
            pair.sort_unstable();
            pairs.insert(pair.join("+"), 0);
        }
    }
    for record in team.regular().await {
        let named = names(&record.state);
        assert_eq!(named.len(), 2);
        *pairs.get_mut(&named.join("+")).expect("a pair") += 1;
        for name in named {
            *loads.get_mut(&name).expect("an annotator") += 1;
        }
        assert!(spread(&loads) <= 1 && spread(&pairs) <= 1, "{loads:?} {pairs:?}");
    }
    assert!(pairs.values().all(|count| *count == 10), "{pairs:?}");
    team.everybody_works().await;
    team.all_is_finished().await;
    for record in team.regular().await {
        assert_eq!(counted_annotators(&record.state), names(&record.state));
    }
}

pub async fn named_as_prodigy_does(example: &str) {
    let mut tasks = plain(120);
    // A hash that comes along is kept.
    tasks.push(json!({"text": "given", "label": "PROTEST", "_task_hash": -130_688_452}));
    let mut team = Team::with(example, &tasks).await;
    let pool = team.active();
    assert_eq!(pool, ["alice", "bob", "carol"]);
    for record in team.regular().await {
        let mut chosen = prodigy::annotators(record.task.task_hash, 1.5, &pool);
        chosen.sort();
        assert_eq!(names(&record.state), chosen);
    }
    // As published.
    assert_eq!(names(&team.state("given").await), ["carol"]);
    team.everybody_works().await;
    team.all_is_finished().await;
}

pub async fn everyone_sees_everything(example: &str) {
    let mut team = Team::with(example, &plain(40)).await;
    let mut spanish = example.replace("port = 9012", "port = 9012\ntags = [\"es\"]");
    for annotator in ["andy", "zach", "li"] {
        for _ in 0..10 {
            team.turn(annotator).await;
        }
    }
    let finished = team.progress().await.finished;
    assert_eq!(finished, 10);
    // Mara joins, and Zach leaves.
    spanish = spanish.replace("port = 9011", "port = 9011\nactive = false");
    spanish.push_str("\n[[annotator]]\nname = \"mara\"\nport = 9013\ntags = [\"es\"]\n");
    team.go_on_with(&spanish).await;
    assert_eq!(team.progress().await.finished, finished, "what is finished stays finished");
    team.load(&[json!({"text": "hola", "meta": {"requires": "es"}})]).await;
    team.everybody_works().await;
    team.all_is_finished().await;
    let of = |annotator: &str| team.turns.iter().filter(|turn| turn.annotator == annotator).count();
    assert_eq!((of("andy"), of("zach"), of("li"), of("mara")), (40, 10, 41, 31));
    assert_eq!(counted_annotators(&team.state("hola").await), ["li", "mara"]);
}

pub async fn tasks_that_name_their_annotators(example: &str) {
    let for_one = json!({"text": "for one", "meta": {"target_annotator": "li"}});
    let for_two = json!({"text": "for two", "meta": {"target_annotator": ["andy", "li"]}});
    let mut tasks = plain(40);
    tasks.extend([for_one, for_two, json!({"text": "for anyone"})]);
    let mut team = Team::with(example, &tasks).await;
    // No other takes over Li's tasks, however long she stays away.
    team.work(&["andy", "zach"]).await;
    team.pass(std::time::Duration::from_secs(30 * 24 * 60 * 60));
    team.work(&["andy", "zach"]).await;
    assert!(team.state("for one").await.answers.is_empty());
    assert_eq!(counted_annotators(&team.state("for two").await), ["andy"]);
    team.everybody_works().await;
    team.all_is_finished().await;
    assert_eq!(counted_annotators(&team.state("for one").await), ["li"]);
    assert_eq!(counted_annotators(&team.state("for two").await), ["andy", "li"]);
    assert_eq!(team.state("for anyone").await.answers.len(), 2);
    let stranger = json!({"text": "for eve", "meta": {"target_annotator": "eve"}});
    let planning = policies::plan_policy(&team.roster);
    let refused =
        planning::admit(&*team.store, &planning, &Overrides::default(), vec![task(&stranger)])
            .await;
    assert!(refused.expect_err("a wrong line").to_string().contains("not in the roster"));
}

pub async fn overrides(example: &str) {
    let mut team = Team::of(example).await;
    let named = |text: &str| json!({"text": text, "meta": {"target_annotator": "li"}});
    let to = vec!["andy".to_owned(), "zach".to_owned()];
    let overrides = Overrides { to: to.clone(), ..Overrides::default() };
    team.load_with(&overrides, &[named("both")]).await;
    team.load_with(&Overrides { annotations: Some(1), ..overrides }, &[named("one of them")]).await;
    let three = Overrides { annotations: Some(3), ..Overrides::default() };
    team.load_with(&three, &[json!({"text": "three"})]).await;
    team.everybody_works().await;
    team.all_is_finished().await;
    assert_eq!(counted_annotators(&team.state("both").await), to);
    assert_eq!(team.state("one of them").await.answers.len(), 1);
    assert_eq!(team.state("three").await.answers.len(), 3);
}

pub async fn tags(example: &str) {
    let with = |text: String, requires: Value| json!({"text": text, "label": "PROTEST", "meta": {"requires": requires}});
    let mut tasks = plain(20);
    tasks.extend((0..40).map(|n| with(format!("es {n}"), json!("es"))));
    tasks.push(with("hard".into(), json!(["es", "expert"])));
    let mut team = Team::with(example, &tasks).await;
    // Li does not come for days: what was hers is taken over, and every third task is disputed.
    let disputes = |annotator: &str, text: &str| {
        if annotator == "zach" && text.ends_with('3') { Verdict::Reject } else { Verdict::Accept }
    };
    team.work_by(&["andy", "zach", "mara"], &disputes).await;
    team.pass(std::time::Duration::from_secs(25 * 60 * 60));
    team.work_by(&["andy", "zach", "mara"], &disputes).await;
    team.work_by(&["andy", "zach", "li", "mara"], &disputes).await;
    let mut stolen_or_asked = 0;
    for record in team.regular().await {
        let text = text_of(&record.task);
        let annotator = counted_annotators(&record.state);
        if text.starts_with("es") {
            assert!(!annotator.contains(&"mara".to_owned()), "{text} went to Mara");
            assert!(record.state.finished, "{text}");
            stolen_or_asked += usize::from(annotator.len() == 3);
        } else if text == "hard" {
            assert_eq!(annotator, ["zach"]);
            assert!(!record.state.finished);
        } else {
            assert!(record.state.finished, "{text}");
        }
    }
    assert!(stolen_or_asked > 0, "no third opinion was asked for");
    assert_eq!(team.progress().await.short, 1);
}

pub async fn quota(example: &str) {
    let mut team = Team::with(example, &plain(60)).await;
    // Leases count, too.
    assert_eq!(team.ask("andy", 30).await.len(), 20);
    team.everybody_works().await;
    team.all_is_finished().await;
    assert_eq!(team.progress().await.annotators["andy"].answered, 20);
    team.load(&plain(70)[60..]).await;
    assert!(team.ask("andy", 1).await.is_empty());
    let batch = team.allocator.tasks("andy", 1, std::collections::HashSet::new()).await;
    assert_eq!(batch.expect("a batch").reason, Some(Reason::Done));
    // Under balanced routing, no annotator is named for more either.
    let balanced = example.replace("annotations = 1", "annotations = 1\nroute = \"balanced\"");
    let mut team = Team::with(&balanced, &plain(60)).await;
    assert_eq!(
        team.pending_named().await,
        BTreeMap::from([("andy".into(), 20), ("zach".into(), 40)])
    );
    team.everybody_works().await;
    team.all_is_finished().await;
}

pub async fn weight(example: &str) {
    let mut team = Team::with(example, &plain(100)).await;
    let mut given: BTreeMap<String, f64> = BTreeMap::new();
    let mut n = 0.0;
    for record in team.regular().await {
        n += 1.0;
        for name in names(&record.state) {
            *given.entry(name).or_default() += 1.0;
        }
        for (name, share) in [("andy", 0.2), ("zach", 0.4), ("li", 0.4)] {
            let given = given.get(name).copied().unwrap_or_default();
            assert!((given - n * share).abs() < 1.0, "{name} has {given} of {n}");
        }
    }
    team.everybody_works().await;
    team.all_is_finished().await;
    assert_eq!(team.progress().await.annotators["andy"].answered, 20);
}
