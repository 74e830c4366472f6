//! Handing out.

use annotd::task::{TaskId, Verdict};

use super::store_under_test::{
    StoreUnderTest, claim, insert_tasks, look_up, named, nth, record, says, wish,
};

pub async fn a_slot_is_handed_out_once(place: &StoreUnderTest) {
    let store = place.open().await;
    let ids = insert_tasks(store.as_ref(), 1, 2).await;
    assert!(claim(store.as_ref(), &ids[0], "ann").await);
    assert!(claim(store.as_ref(), &ids[0], "bob").await);
    assert!(!claim(store.as_ref(), &ids[0], "cyd").await, "both slots are held");
    assert!(!claim(store.as_ref(), &TaskId::from_text("no such task"), "ann").await);
    let state = look_up(store.as_ref(), &ids[0]).await.state;
    let holders: Vec<_> = state.held.iter().map(|hold| hold.annotator.as_str()).collect();
    assert_eq!(holders, ["ann", "bob"]);
    assert_eq!((state.held[0].since.0, state.held[0].until.0), (10, 1000));
}

pub async fn a_claim_that_is_sent_again_is_granted_again(place: &StoreUnderTest) {
    let store = place.open().await;
    let ids = insert_tasks(store.as_ref(), 2, 1).await;
    let group = vec![wish(&ids[0], "ann"), wish(&ids[1], "bob"), wish(&ids[0], "ann")];
    assert_eq!(store.claim(group.clone()).await.unwrap(), [true, true, true]);
    assert_eq!(store.claim(group).await.unwrap(), [true, true, true]);
    let mixed = vec![wish(&ids[1], "ann"), wish(&ids[1], "bob")];
    assert_eq!(store.claim(mixed).await.unwrap(), [false, true]);
    assert_eq!(look_up(store.as_ref(), &ids[0]).await.state.held.len(), 1);
    assert_eq!(store.claim(Vec::new()).await.unwrap(), Vec::<bool>::new());
}

pub async fn a_claim_needs_a_lane_and_no_earlier_answer(place: &StoreUnderTest) {
    let store = place.open().await;
    let ids = insert_tasks(store.as_ref(), 2, 2).await;
    let anns = named(nth(7), 1, &["ann"]);
    let anns_id = anns.task.id.clone();
    store.insert_tasks(vec![anns]).await.unwrap();
    assert!(!claim(store.as_ref(), &anns_id, "bob").await, "it is for ann");
    assert!(claim(store.as_ref(), &anns_id, "ann").await);
    record(store.as_ref(), &ids[0], "ann", says(Verdict::Accept, 20)).await;
    assert!(!claim(store.as_ref(), &ids[0], "ann").await, "she has answered it");
    // A late answer is an answer too.
    for holder in ["bob", "cyd"] {
        assert!(claim(store.as_ref(), &ids[1], holder).await);
    }
    record(store.as_ref(), &ids[1], "ann", says(Verdict::Accept, 20)).await;
    store.release("bob").await.unwrap();
    assert!(!claim(store.as_ref(), &ids[1], "ann").await, "she has answered it, late");
}

pub async fn one_group_can_fill_a_task(place: &StoreUnderTest) {
    let store = place.open().await;
    let ids = insert_tasks(store.as_ref(), 2, 2).await;
    let group = vec![
        wish(&ids[0], "ann"),
        wish(&ids[0], "bob"),
        wish(&ids[0], "cyd"),
        wish(&ids[1], "cyd"),
    ];
    assert_eq!(store.claim(group).await.unwrap(), [true, true, false, true]);
}
