//! Looking things up.

use annotd::allocation::SequenceNumber;
use annotd::store::{PastAnswer, RecordFilter};
use annotd::task::{TaskId, Verdict};

use super::store_under_test::{
    StoreUnderTest, all, claim, for_anyone, insert_tasks, named, nth, record, says, task,
};

pub async fn a_task_is_found_by_its_identity_and_by_its_hash(place: &StoreUnderTest) {
    let store = place.open().await;
    let same_hash = [
        task(r#"{"text":"a","_task_hash":7}"#),
        task(r#"{"text":"b","_task_hash":7}"#),
        task(r#"{"text":"c","_task_hash":7}"#),
        task(r#"{"text":"d","_task_hash":-8}"#),
    ];
    store
        .insert_tasks(same_hash.iter().cloned().map(|task| for_anyone(task, 1)).collect())
        .await
        .unwrap();
    let [a, b, .., d] = &same_hash;
    let ids = [d.id.clone(), TaskId::from_text("no such task"), a.id.clone(), d.id.clone()];
    let found = store.look_up(&ids).await.unwrap();
    let texts: Vec<_> =
        found.iter().map(|r| r.as_ref().map(|r| r.task.body.as_str().to_owned())).collect();
    let text = |task: &annotd::task::Task| Some(task.body.as_str().to_owned());
    assert_eq!(texts, [text(d), None, text(a), text(d)]);
    assert_eq!(store.with_task_hash(-8).await.unwrap(), std::slice::from_ref(&d.id));
    assert_eq!(store.with_task_hash(7).await.unwrap().len(), 2, "enough to see it is not unique");
    assert!(store.with_task_hash(9).await.unwrap().is_empty());
    assert!(store.look_up(&[]).await.unwrap().is_empty());
    assert_ne!(a.id, b.id);
}

pub async fn the_history_is_the_last_answers_first(place: &StoreUnderTest) {
    let store = place.open().await;
    let ids = insert_tasks(store.as_ref(), 6, 2).await;
    // Bob's answers, all of them later, must not disturb the order of ann's.
    for (nth, at) in [(0, 300), (1, 100), (2, 500), (3, 200), (4, 400)] {
        for (annotator, at) in [("bob", 9000 - at), ("ann", at)] {
            assert!(claim(store.as_ref(), &ids[nth], annotator).await);
            record(store.as_ref(), &ids[nth], annotator, says(Verdict::Accept, at)).await;
        }
    }
    let history = |limit: usize| {
        let store = &store;
        let ids = &ids;
        async move {
            let found = store.history("ann", None, limit).await.unwrap();
            found
                .iter()
                .map(|past| {
                    let nth = ids.iter().position(|id| *id == past.task.id).unwrap();
                    (nth, past.version.time_returned.0)
                })
                .collect::<Vec<_>>()
        }
    };
    assert_eq!(history(3).await, [(2, 500), (4, 400), (0, 300)]);
    assert_eq!(history(10).await.len(), 5);
    assert_eq!(history(0).await, []);
    // A second thought makes an answer the newest.
    record(store.as_ref(), &ids[1], "ann", says(Verdict::Reject, 600)).await;
    assert_eq!(history(2).await, [(1, 600), (2, 500)]);
    // What came too late is not among what can be gone back to.
    for annotator in ["cyd", "dan"] {
        assert!(claim(store.as_ref(), &ids[5], annotator).await);
    }
    record(store.as_ref(), &ids[5], "ann", says(Verdict::Accept, 700)).await;
    assert_eq!(history(1).await, [(1, 600)]);
    assert!(store.history("eve", None, 5).await.unwrap().is_empty());
}

pub async fn the_history_is_read_back_to_the_first_answer(place: &StoreUnderTest) {
    let store = place.open().await;
    let ids = insert_tasks(store.as_ref(), 12, 1).await;
    // Answers that were taken over may share a time, more of them than one looks at in one go.
    let times = [500, 100, 300, 300, 300, 300, 300, 200, 300, 100, 600, 300];
    for (id, at) in ids.iter().zip(times) {
        assert!(claim(store.as_ref(), id, "ann").await);
        record(store.as_ref(), id, "ann", says(Verdict::Accept, at)).await;
    }
    let all: Vec<_> =
        store.history("ann", None, 50).await.unwrap().iter().map(PastAnswer::cursor).collect();
    assert_eq!(all.len(), 12);
    assert!(all.is_sorted_by(|newer, older| newer > older), "{all:?}");
    for limit in 1..=13 {
        let mut read = Vec::new();
        loop {
            let part = store.history("ann", read.last().copied(), limit).await.unwrap();
            assert!(part.len() <= limit);
            if part.is_empty() {
                break;
            }
            read.extend(part.iter().map(PastAnswer::cursor));
        }
        assert_eq!(read, all, "{limit} at a time");
    }
    // What is answered meanwhile moves nothing, and a second thought goes to the newest.
    let middle = all[5];
    record(store.as_ref(), &ids[1], "ann", says(Verdict::Reject, 700)).await;
    let earlier = store.history("ann", Some(middle), 50).await.unwrap();
    assert_eq!(earlier.len(), 5);
    assert!(earlier.iter().all(|past| past.cursor() < middle && past.task.id != ids[1]));
}

pub async fn all_records_come_page_by_page(place: &StoreUnderTest) {
    let store = place.open().await;
    let ids = insert_tasks(store.as_ref(), 20, 1).await;
    record(store.as_ref(), &ids[3], "ann", says(Verdict::Accept, 1)).await;
    let records = all(store.as_ref()).await;
    assert_eq!(records.iter().map(|r| r.task.id.clone()).collect::<Vec<_>>(), ids);
    assert!(records[3].state.finished && !records[4].state.finished);
    let behind = store.records(RecordFilter::All, records[17].number, 100).await.unwrap();
    assert_eq!(behind.len(), 2);
    let open = store.records(RecordFilter::Unfinished, SequenceNumber::START, 100).await.unwrap();
    assert_eq!(open.len(), 19);
    assert!(
        store.records(RecordFilter::All, SequenceNumber(i64::MAX), 100).await.unwrap().is_empty()
    );
}

pub async fn others_hold_only_what_this_annotator_could_have(place: &StoreUnderTest) {
    let store = place.open().await;
    let has_tasks_held_by_others = |annotator: &'static str| {
        let store = &store;
        async move { store.has_tasks_held_by_others(annotator).await.unwrap() }
    };
    let ids = insert_tasks(store.as_ref(), 1, 1).await;
    assert!(!has_tasks_held_by_others("ann").await, "there is no lease");
    assert!(claim(store.as_ref(), &ids[0], "bob").await);
    assert!(has_tasks_held_by_others("ann").await);
    assert!(!has_tasks_held_by_others("bob").await, "he holds it himself");
    record(store.as_ref(), &ids[0], "ann", says(Verdict::Accept, 1)).await;
    assert!(!has_tasks_held_by_others("ann").await, "she has answered it, if late");
    record(store.as_ref(), &ids[0], "bob", says(Verdict::Accept, 2)).await;
    let cyds = named(nth(5), 1, &["cyd"]);
    let id = cyds.task.id.clone();
    store.insert_tasks(vec![cyds]).await.unwrap();
    assert!(claim(store.as_ref(), &id, "cyd").await);
    assert!(!has_tasks_held_by_others("ann").await, "it is not for her");
}
