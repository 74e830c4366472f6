//! Looking for the next task.

use annotd::allocation::{Lane, Position};

use super::store_under_test::{
    StoreUnderTest, claim, for_anyone, insert_tasks, named, nth, record, says,
};
use annotd::task::Verdict;

pub async fn a_lane_shows_what_is_free_in_it_and_nothing_else(place: &StoreUnderTest) {
    let store = place.open().await;
    let row = vec![
        for_anyone(nth(0), 2),
        named(nth(1), 1, &["ann"]),
        named(nth(2), 2, &["ann", "bob"]),
        for_anyone(nth(3), 1),
        for_anyone(nth(4), 1),
    ];
    let ids: Vec<_> = row.iter().map(|admission| admission.task.id.clone()).collect();
    store.insert_tasks(row).await.unwrap();
    assert!(claim(store.as_ref(), &ids[0], "ann").await);
    assert!(claim(store.as_ref(), &ids[3], "bob").await);
    record(store.as_ref(), &ids[4], "bob", says(Verdict::Accept, 20)).await;

    let anyone = store.queued_tasks(&Lane::Anyone, Position::START, 10).await.unwrap();
    assert_eq!(anyone.len(), 1, "the others are full");
    assert_eq!((&anyone[0].task.id, anyone[0].free), (&ids[0], 1));
    assert_eq!(anyone[0].participants, ["ann"]);
    assert_eq!(anyone[0].lanes, [Lane::Anyone]);
    let anns = store.queued_tasks(&Lane::Of("ann".into()), Position::START, 10).await.unwrap();
    assert_eq!(anns.iter().map(|open| &open.task.id).collect::<Vec<_>>(), [&ids[1], &ids[2]]);
    assert_eq!(anns[1].lanes, [Lane::Of("ann".into()), Lane::Of("bob".into())]);
    let rest = store.queued_tasks(&Lane::Of("ann".into()), anns[0].position, 10).await.unwrap();
    assert_eq!(rest.iter().map(|open| &open.task.id).collect::<Vec<_>>(), [&ids[2]]);
    let limited = store.queued_tasks(&Lane::Of("ann".into()), Position::START, 1).await.unwrap();
    assert_eq!(limited.len(), 1);
    let none = store.queued_tasks(&Lane::Of("cyd".into()), Position::START, 10).await.unwrap();
    assert!(none.is_empty());
}

pub async fn the_first_open_task_is_one_that_this_annotator_may_have(place: &StoreUnderTest) {
    let store = place.open().await;
    let ids = insert_tasks(store.as_ref(), 4, 2).await;
    assert!(claim(store.as_ref(), &ids[0], "ann").await);
    assert!(claim(store.as_ref(), &ids[1], "ann").await);
    record(store.as_ref(), &ids[1], "ann", says(Verdict::Accept, 20)).await;
    let open = store.queued_tasks(&Lane::Anyone, Position::START, 10).await.unwrap();
    let first = |annotator: &'static str, after: Position| {
        let store = &store;
        async move { store.first_queued_for(annotator, &Lane::Anyone, after).await.unwrap() }
    };
    assert_eq!(first("ann", Position::START).await, Some(open[2].position));
    assert_eq!(first("bob", Position::START).await, Some(open[0].position));
    assert_eq!(first("ann", open[2].position).await, Some(open[3].position));
    assert_eq!(first("ann", open[3].position).await, None);
}
