//! Leases: kept, prolonged, ended, given back.

use annotd::allocation::AnswerOutcome;
use annotd::store::{ReopenCursor, Store};
use annotd::task::{Millis, TaskId, Verdict};

use super::store_under_test::{
    StoreUnderTest, assert_stats_are_true, claim, insert_tasks, look_up, record, says,
};

async fn told_of(store: &dyn Store, mark: ReopenCursor) -> Vec<TaskId> {
    let (open, next) = store.reopened(mark).await.unwrap();
    assert!(next >= mark, "a mark never goes back");
    open.iter().map(|open| open.task.id.clone()).collect()
}

pub async fn what_is_in_hand_survives_a_restart(place: &StoreUnderTest) {
    let store = place.open().await;
    let ids = insert_tasks(store.as_ref(), 3, 2).await;
    for n in [2, 0] {
        assert!(claim(store.as_ref(), &ids[n], "ann").await);
    }
    assert!(claim(store.as_ref(), &ids[0], "bob").await);
    store.close().await;
    let store = place.open().await;
    let held = store.held_by("ann").await.unwrap();
    assert_eq!(held.iter().map(|held| &held.task.id).collect::<Vec<_>>(), [&ids[0], &ids[2]]);
    assert_eq!((held[0].since, held[0].until), (Millis(10), Millis(1000)));
    assert!(held[0].position < held[1].position);
    assert!(store.held_by("cyd").await.unwrap().is_empty());
    // An answer to what was held before the restart counts.
    let recorded = record(store.as_ref(), &ids[2], "ann", says(Verdict::Accept, 20)).await;
    assert_eq!(recorded, AnswerOutcome::Saved);
    assert_eq!(store.held_by("ann").await.unwrap().len(), 1);
    assert_stats_are_true(store.as_ref()).await;
}

pub async fn what_is_held_beyond_its_time_comes_back(place: &StoreUnderTest) {
    let store = place.open().await;
    let ids = insert_tasks(store.as_ref(), 3, 2).await;
    let (_, mark) = store.reopened(ReopenCursor::default()).await.unwrap();
    for id in &ids[..2] {
        assert!(claim(store.as_ref(), id, "ann").await);
    }
    assert!(claim(store.as_ref(), &ids[0], "bob").await);
    assert_eq!(store.expire_leases(Millis(999)).await.unwrap(), 0);
    store.renew(vec![("bob".into(), Millis(2000))]).await.unwrap();
    assert_eq!(store.expire_leases(Millis(1000)).await.unwrap(), 2, "both of ann's");
    assert_eq!(store.expire_leases(Millis(1000)).await.unwrap(), 0);
    assert!(store.held_by("ann").await.unwrap().is_empty());
    assert_eq!(store.held_by("bob").await.unwrap().len(), 1);
    let told = told_of(store.as_ref(), mark).await;
    assert!(told.contains(&ids[0]) && told.contains(&ids[1]) && !told.contains(&ids[2]));
    assert!(claim(store.as_ref(), &ids[0], "ann").await, "the slot is free again");
    assert_stats_are_true(store.as_ref()).await;
}

pub async fn a_renewal_prolongs_and_never_shortens(place: &StoreUnderTest) {
    let store = place.open().await;
    let ids = insert_tasks(store.as_ref(), 2, 2).await;
    for id in &ids {
        assert!(claim(store.as_ref(), id, "ann").await);
        assert!(claim(store.as_ref(), id, "bob").await);
    }
    let untils = |annotator: &'static str| {
        let store = &store;
        async move {
            let held = store.held_by(annotator).await.unwrap();
            held.iter().map(|held| held.until.0).collect::<Vec<_>>()
        }
    };
    let group = vec![("ann".to_owned(), Millis(3000)), ("cyd".to_owned(), Millis(9000))];
    store.renew(group).await.unwrap();
    assert_eq!(untils("ann").await, [3000, 3000]);
    assert_eq!(untils("bob").await, [1000, 1000]);
    store.renew(vec![("ann".into(), Millis(2000))]).await.unwrap();
    assert_eq!(untils("ann").await, [3000, 3000]);
    store.renew(Vec::new()).await.unwrap();
}

pub async fn what_is_released_comes_back(place: &StoreUnderTest) {
    let store = place.open().await;
    let ids = insert_tasks(store.as_ref(), 3, 1).await;
    let (_, mark) = store.reopened(ReopenCursor::default()).await.unwrap();
    for id in &ids {
        assert!(claim(store.as_ref(), id, "ann").await);
    }
    record(store.as_ref(), &ids[1], "ann", says(Verdict::Accept, 20)).await;
    assert!(!claim(store.as_ref(), &ids[0], "bob").await);
    assert_eq!(store.release("ann").await.unwrap(), 2);
    assert_eq!(store.release("ann").await.unwrap(), 0);
    let told = told_of(store.as_ref(), mark).await;
    assert!(told.contains(&ids[0]) && told.contains(&ids[2]) && !told.contains(&ids[1]));
    assert!(claim(store.as_ref(), &ids[0], "bob").await);
    assert!(look_up(store.as_ref(), &ids[2]).await.state.held.is_empty());
    // What has been taken again is not told of any more.
    assert!(!told_of(store.as_ref(), mark).await.contains(&ids[0]));
    assert_stats_are_true(store.as_ref()).await;
}
