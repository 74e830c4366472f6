//! The project's figures.

use annotd::store::{AnnotatorStats, BREAK_THRESHOLD_MS, ProjectStats};
use annotd::task::{Millis, Verdict};

use super::store_under_test::{
    StoreUnderTest, answer, assert_stats_are_true, claim, insert_tasks, named, nth, record, says,
    wish,
};

pub async fn the_figures_follow_what_happens(place: &StoreUnderTest) {
    let store = place.open().await;
    assert_eq!(store.stats().await.unwrap(), ProjectStats::default());
    let ids = insert_tasks(store.as_ref(), 4, 2).await;
    store.insert_tasks(vec![named(nth(9), 1, &["ann"])]).await.unwrap();
    insert_tasks(store.as_ref(), 4, 2).await;
    assert_stats_are_true(store.as_ref()).await;

    for id in &ids[..3] {
        assert!(claim(store.as_ref(), id, "ann").await);
        assert!(claim(store.as_ref(), id, "bob").await);
    }
    // Twice the same, and one that is not granted: counted once, and not at all.
    store.claim(vec![wish(&ids[0], "ann"), wish(&ids[0], "cyd")]).await.unwrap();
    assert_stats_are_true(store.as_ref()).await;

    let mut paused = says(Verdict::Accept, 2_000_000);
    paused.time_loaded = Millis(2_000_000 - BREAK_THRESHOLD_MS - 1);
    store
        .record(vec![
            answer(&ids[0], "ann", says(Verdict::Accept, 1000)),
            answer(&ids[0], "bob", says(Verdict::Reject, 1100)),
            answer(&ids[1], "ann", paused),
        ])
        .await
        .unwrap();
    assert_stats_are_true(store.as_ref()).await;
    let stats = store.stats().await.unwrap();
    assert_eq!(
        (stats.tasks, stats.finished, stats.wanted, stats.answers, stats.held),
        (5, 1, 9, 3, 3)
    );
    assert_eq!(stats.open_to_anyone, 5);
    let ann = &stats.annotators["ann"];
    assert_eq!((ann.answered, ann.held, ann.named, ann.timed, ann.worked_ms), (2, 1, 1, 1, 7));
    assert_eq!(ann.last_seen, Some(Millis(2_000_000)));

    record(store.as_ref(), &ids[0], "cyd", says(Verdict::Accept, 3_000_000)).await;
    record(store.as_ref(), &ids[1], "ann", says(Verdict::Reject, 3_000_000)).await;
    assert_stats_are_true(store.as_ref()).await;
    store.release("bob").await.unwrap();
    assert_stats_are_true(store.as_ref()).await;
    store.expire_leases(Millis(5000)).await.unwrap();
    assert_stats_are_true(store.as_ref()).await;
    let stats = store.stats().await.unwrap();
    assert_eq!(stats.held, 0);
    assert_eq!(
        stats.annotators["cyd"],
        AnnotatorStats { late: 1, last_seen: Some(Millis(3_000_000)), ..AnnotatorStats::default() }
    );
}

pub async fn the_figures_of_a_store_that_is_opened_again_are_the_same(place: &StoreUnderTest) {
    let store = place.open().await;
    let ids = insert_tasks(store.as_ref(), 5, 2).await;
    for id in &ids[..4] {
        assert!(claim(store.as_ref(), id, "ann").await);
    }
    record(store.as_ref(), &ids[0], "ann", says(Verdict::Accept, 1000)).await;
    record(store.as_ref(), &ids[0], "bob", says(Verdict::Accept, 1000)).await;
    record(store.as_ref(), &ids[0], "cyd", says(Verdict::Accept, 1000)).await;
    let before = store.stats().await.unwrap();
    store.close().await;
    let store = place.open().await;
    assert_eq!(store.stats().await.unwrap(), before);
    assert_stats_are_true(store.as_ref()).await;
}

pub async fn people_named_for_a_task_are_shown_what_is_left(place: &StoreUnderTest) {
    let store = place.open().await;
    let every = named(nth(0), 3, &["ann", "bob", "cyd"]);
    let any_two = named(nth(1), 2, &["ann", "bob", "cyd"]);
    let ids = [every.task.id.clone(), any_two.task.id.clone()];
    store.insert_tasks(vec![every, any_two]).await.unwrap();
    let left = || async {
        assert_stats_are_true(store.as_ref()).await;
        let stats = store.stats().await.unwrap();
        let named = |name: &str| stats.annotators.get(name).map_or(0, |share| share.named);
        (named("ann"), named("bob"), named("cyd"))
    };
    assert_eq!(left().await, (2, 2, 2));
    for (nth, annotator, expected) in [
        (0, "ann", (1, 2, 2)),
        (1, "ann", (0, 2, 2)),
        (1, "bob", (0, 1, 1)),
        (0, "cyd", (0, 1, 0)),
        (0, "bob", (0, 0, 0)),
    ] {
        assert!(claim(store.as_ref(), &ids[nth], annotator).await);
        assert_stats_are_true(store.as_ref()).await;
        record(store.as_ref(), &ids[nth], annotator, says(Verdict::Accept, 5)).await;
        assert_eq!(left().await, expected);
    }
}
