//! Taking in answers.

use annotd::allocation::{AnswerOutcome, invariants};
use annotd::task::{TaskId, Verdict, Version};

use super::store_under_test::{
    StoreUnderTest, answer, claim, insert_tasks, look_up, named, nth, record, says,
};

pub async fn an_answer_counts_and_finishes_its_task(place: &StoreUnderTest) {
    let store = place.open().await;
    let ids = insert_tasks(store.as_ref(), 1, 2).await;
    for (nth, annotator) in ["ann", "bob"].into_iter().enumerate() {
        assert!(claim(store.as_ref(), &ids[0], annotator).await);
        let version = says(Verdict::Accept, 100 + i64::try_from(nth).unwrap());
        let recorded = record(store.as_ref(), &ids[0], annotator, version.clone()).await;
        assert_eq!(recorded, AnswerOutcome::Saved);
        let state = look_up(store.as_ref(), &ids[0]).await.state;
        assert_eq!(state.answers.len(), nth + 1);
        assert_eq!(state.answers[nth].current, version);
        assert_eq!(state.finished, nth == 1);
        assert!(state.held.is_empty());
        assert_eq!(invariants::check(&state), []);
    }
    assert_eq!(store.record(Vec::new()).await.unwrap(), []);
}

pub async fn an_answer_that_is_sent_again_changes_nothing(place: &StoreUnderTest) {
    let store = place.open().await;
    let ids = insert_tasks(store.as_ref(), 3, 1).await;
    for id in &ids {
        assert!(claim(store.as_ref(), id, "ann").await);
    }
    let of = |n: usize| answer(&ids[n], "ann", says(Verdict::Accept, 100));
    assert_eq!(store.record(vec![of(0)]).await.unwrap(), [AnswerOutcome::Saved]);
    assert_eq!(store.record(vec![of(0)]).await.unwrap(), [AnswerOutcome::Unchanged]);
    // Old and new in one group, and one of them twice.
    let group = vec![of(0), of(1), of(1), of(2), of(0)];
    assert_eq!(
        store.record(group).await.unwrap(),
        [
            AnswerOutcome::Unchanged,
            AnswerOutcome::Saved,
            AnswerOutcome::Unchanged,
            AnswerOutcome::Saved,
            AnswerOutcome::Unchanged
        ]
    );
    // The same words at another time say nothing new.
    let later = answer(&ids[0], "ann", says(Verdict::Accept, 900));
    assert_eq!(store.record(vec![later]).await.unwrap(), [AnswerOutcome::Unchanged]);
    for id in &ids {
        let state = look_up(store.as_ref(), id).await.state;
        assert_eq!((state.answers.len(), state.answers[0].history.len()), (1, 0));
    }
}

pub async fn a_second_thought_replaces_the_first_and_an_old_copy_does_not(place: &StoreUnderTest) {
    let store = place.open().await;
    let ids = insert_tasks(store.as_ref(), 1, 1).await;
    assert!(claim(store.as_ref(), &ids[0], "ann").await);
    let thoughts = [says(Verdict::Accept, 1), says(Verdict::Reject, 2), says(Verdict::Ignore, 3)];
    let group = thoughts.iter().map(|version| answer(&ids[0], "ann", version.clone())).collect();
    assert_eq!(
        store.record(group).await.unwrap(),
        [AnswerOutcome::Saved, AnswerOutcome::Revised, AnswerOutcome::Revised]
    );
    let old = record(store.as_ref(), &ids[0], "ann", thoughts[0].clone()).await;
    assert_eq!(old, AnswerOutcome::Unchanged, "a copy that was under way for long");
    let state = look_up(store.as_ref(), &ids[0]).await.state;
    assert_eq!(state.answers[0].current, thoughts[2]);
    assert_eq!(state.answers[0].history, thoughts[..2]);
}

pub async fn an_answer_without_a_lease_fills_a_free_slot(place: &StoreUnderTest) {
    let store = place.open().await;
    let ids = insert_tasks(store.as_ref(), 1, 2).await;
    let recorded = record(store.as_ref(), &ids[0], "ann", says(Verdict::Accept, 1)).await;
    assert_eq!(recorded, AnswerOutcome::Saved);
    assert!(claim(store.as_ref(), &ids[0], "bob").await);
    assert!(!claim(store.as_ref(), &ids[0], "cyd").await, "no slot is left");
    let recorded = record(store.as_ref(), &ids[0], "bob", says(Verdict::Accept, 1)).await;
    assert_eq!(recorded, AnswerOutcome::Saved);
    assert!(look_up(store.as_ref(), &ids[0]).await.state.finished);
}

pub async fn an_answer_without_a_slot_is_stored_as_late(place: &StoreUnderTest) {
    let store = place.open().await;
    let ids = insert_tasks(store.as_ref(), 1, 1).await;
    assert!(claim(store.as_ref(), &ids[0], "ann").await);
    let late = record(store.as_ref(), &ids[0], "bob", says(Verdict::Reject, 5)).await;
    assert_eq!(late, AnswerOutcome::Late, "ann holds the only slot");
    let same = record(store.as_ref(), &ids[0], "bob", says(Verdict::Reject, 5)).await;
    assert_eq!(same, AnswerOutcome::Unchanged);
    let other = record(store.as_ref(), &ids[0], "bob", says(Verdict::Ignore, 6)).await;
    assert_eq!(other, AnswerOutcome::Late);
    let counts = record(store.as_ref(), &ids[0], "ann", says(Verdict::Accept, 7)).await;
    assert_eq!(counts, AnswerOutcome::Saved);
    let after = record(store.as_ref(), &ids[0], "cyd", says(Verdict::Accept, 8)).await;
    assert_eq!(after, AnswerOutcome::Late);
    let state = look_up(store.as_ref(), &ids[0]).await.state;
    assert_eq!((state.answers.len(), state.late.len()), (1, 2));
    assert_eq!(state.late[0].current, says(Verdict::Ignore, 6));
    assert_eq!(state.late[0].history, [says(Verdict::Reject, 5)]);
    assert_eq!(invariants::check(&state), []);
}

pub async fn an_answer_to_what_is_not_theirs_is_unknown(place: &StoreUnderTest) {
    let store = place.open().await;
    let anns = named(nth(0), 1, &["ann"]);
    let id = anns.task.id.clone();
    store.insert_tasks(vec![anns]).await.unwrap();
    let group = vec![
        answer(&id, "bob", says(Verdict::Accept, 1)),
        answer(&TaskId::from_text("no such task"), "ann", says(Verdict::Accept, 1)),
        answer(&id, "ann", says(Verdict::Accept, 1)),
    ];
    assert_eq!(
        store.record(group).await.unwrap(),
        [AnswerOutcome::Unknown, AnswerOutcome::Unknown, AnswerOutcome::Saved]
    );
    assert_eq!(look_up(store.as_ref(), &id).await.state.late, []);
}

pub async fn one_group_may_hold_several_answers_to_one_task(place: &StoreUnderTest) {
    let store = place.open().await;
    let ids = insert_tasks(store.as_ref(), 2, 3).await;
    for annotator in ["ann", "bob", "cyd"] {
        for id in &ids {
            assert!(claim(store.as_ref(), id, annotator).await);
        }
    }
    let group = ["ann", "bob", "cyd", "dan"]
        .iter()
        .flat_map(|who| ids.iter().map(|id| answer(id, who, says(Verdict::Accept, 1))))
        .collect();
    let mut expected = vec![AnswerOutcome::Saved; 6];
    expected.extend([AnswerOutcome::Late; 2]);
    assert_eq!(store.record(group).await.unwrap(), expected);
    for id in &ids {
        let state = look_up(store.as_ref(), id).await.state;
        assert_eq!(state.counted_annotators().collect::<Vec<_>>(), ["ann", "bob", "cyd"]);
        assert!(state.finished);
    }
}

pub async fn what_an_interface_adds_comes_out_as_it_went_in(place: &StoreUnderTest) {
    let store = place.open().await;
    let datas = [
        r"{}",
        r#"{"spans":[{"start":0,"end":3,"token_start":0,"label":"GPE"}],"accept":["a","b"]}"#,
        r#"{"annotator":"eve","answer":"reject","history":[1],"stamp":0,"time_loaded":5}"#,
        r#"{"$each":[1],"$a":{"$b":1},"a.b":1,"":2,"n":1.10,"e":1e3,"😀":null}"#,
        "{\"a\\u0000b\":\"\\u0000\"}",
    ];
    let ids = insert_tasks(store.as_ref(), datas.len(), 1).await;
    let versions: Vec<Version> = datas
        .iter()
        .map(|data| Version {
            data: serde_json::from_str(data).unwrap(),
            ..says(Verdict::Accept, 1_700_000_000_123)
        })
        .collect();
    for (id, version) in ids.iter().zip(&versions) {
        assert!(claim(store.as_ref(), id, "ann").await);
        let recorded = record(store.as_ref(), id, "ann", version.clone()).await;
        assert_eq!(recorded, AnswerOutcome::Saved);
        let recorded = record(store.as_ref(), id, "ann", version.clone()).await;
        assert_eq!(recorded, AnswerOutcome::Unchanged);
        let other = record(store.as_ref(), id, "ann", says(Verdict::Reject, 1_700_000_000_124));
        assert_eq!(other.await, AnswerOutcome::Revised);
        let state = look_up(store.as_ref(), id).await.state;
        assert_eq!(state.answers[0].history, std::slice::from_ref(version));
    }
}
