//! How many answers, and that it is the same again.

use annotd::allocation::{TaskState, prodigy};
use annotd::store::Record;

use crate::allocation_guide::team::{Team, names, plain};

pub async fn a_number_of_answers(example: &str) {
    let mut team = Team::with(example, &plain(60)).await;
    team.everybody_works().await;
    team.all_is_finished().await;
    assert!(team.regular().await.iter().all(|r| r.state.answers.len() == 3));
    assert_eq!(team.turns.len(), 180);
}

/// Whether each number of answers has, at every prefix, less than one task from its due.
fn keeps_shares(records: &[Record], shares: &[(f64, u32)]) -> bool {
    shares.iter().all(|(share, annotations)| {
        let mut given = 0.0;
        let mut n = 0.0;
        records.iter().all(|record| {
            n += 1.0;
            given += f64::from(u8::from(record.state.planned == *annotations));
            let off: f64 = given - n * share;
            off.abs() < 1.0 - 1e-9 || off.abs() < 1e-9
        })
    })
}

pub async fn an_average(example: &str) {
    let mut team = Team::of(example).await;
    // Several loads count on.
    for part in plain(100).chunks(17) {
        team.load(part).await;
    }
    assert!(keeps_shares(&team.regular().await, &[(0.8, 1), (0.2, 2)]));
    team.everybody_works().await;
    team.all_is_finished().await;
    assert_eq!(team.turns.len(), 120);
}

pub async fn a_mixture(example: &str) {
    for seed in [0, 1, 99] {
        let example = example.replace("[allocation]", &format!("[allocation]\nseed = {seed}"));
        let mut team = Team::with(&example, &plain(100)).await;
        assert!(keeps_shares(&team.regular().await, &[(0.7, 1), (0.3, 3)]), "seed {seed}");
        if seed == 0 {
            team.everybody_works().await;
            team.all_is_finished().await;
            assert_eq!(team.turns.len(), 70 + 3 * 30);
        }
    }
}

pub async fn exact_or_by_hash(example: &str) {
    let team = Team::with(example, &plain(300)).await;
    let mut reversed = plain(300);
    reversed.reverse();
    let other = Team::with(&example.replace("\"hash\"", "\"hash\"\nseed = 9"), &reversed).await;
    let mut twice = 0;
    for record in team.regular().await {
        let by_prodigy = if prodigy::draw(record.task.task_hash) < 0.5 { 2 } else { 1 };
        assert_eq!(record.state.wanted, by_prodigy);
        let again = other.store.look_up(std::slice::from_ref(&record.task.id)).await;
        let again = again.expect("a look").pop().flatten().expect("the same task");
        assert_eq!(again.state.wanted, by_prodigy);
        twice += u32::from(by_prodigy == 2);
    }
    // Roughly the share: a half of 300 is 150, with a standard deviation of 9.
    assert!((110..=190).contains(&twice), "{twice}");
    let exact = Team::with(&example.replace("\"hash\"", "\"exact\""), &plain(300)).await;
    assert!(keeps_shares(&exact.regular().await, &[(0.5, 1), (0.5, 2)]));
    assert!(!keeps_shares(&team.regular().await, &[(0.5, 1), (0.5, 2)]), "hashes only converge");
}

pub async fn seed(example: &str) {
    let plan = async |example: &str| -> Vec<(TaskState, i64)> {
        let team = Team::with(example, &plain(200)).await;
        team.regular().await.into_iter().map(|r| (r.state, r.position.0)).collect()
    };
    let one = plan(example).await;
    assert_eq!(one, plan(example).await);
    let other = plan(&example.replace("seed  = 42", "seed = 43")).await;
    let annotator =
        |plan: &[(TaskState, i64)]| plan.iter().map(|(l, _)| names(l)).collect::<Vec<_>>();
    assert_ne!(annotator(&one), annotator(&other));
    for plan in [one, other] {
        let wanted = |n: u32| plan.iter().filter(|(l, _)| l.wanted == n).count();
        assert_eq!([wanted(1), wanted(2), wanted(3)], [100, 60, 40]);
    }
}
