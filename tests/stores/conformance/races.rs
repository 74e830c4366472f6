//! Many at once.

use std::sync::Arc;

use annotd::allocation::{AnswerOutcome, Lane, Position, invariants};
use annotd::store::{ReopenCursor, Store};
use annotd::task::Verdict;

use super::store_under_test::{
    StoreUnderTest, all, answer, assert_stats_are_true, insert_tasks, recount, says, wish,
};

/// Works as a daemon would that has these annotators: looks, claims for all of them in one group,
/// answers in one group, until nothing is left.
async fn work(store: Arc<dyn Store>, annotators: Vec<String>) -> u64 {
    let mut saved = 0;
    let mut mark = ReopenCursor::default();
    loop {
        let mut claims = Vec::new();
        let open = store.queued_tasks(&Lane::Anyone, Position::START, 8).await.unwrap();
        let (reopened, next) = store.reopened(mark).await.unwrap();
        mark = next;
        for annotator in &annotators {
            let theirs =
                open.iter().chain(&reopened).filter(|open| !open.participants.contains(annotator));
            claims.extend(theirs.take(3).map(|open| wish(&open.task.id, annotator)));
        }
        if claims.is_empty() && open.is_empty() {
            return saved;
        }
        let granted = store.claim(claims.clone()).await.unwrap();
        let answers = claims
            .iter()
            .zip(&granted)
            .filter(|(_, granted)| **granted)
            .map(|(claim, _)| answer(&claim.task, &claim.annotator, says(Verdict::Accept, 50)))
            .collect();
        for recorded in store.record(answers).await.unwrap() {
            assert!(
                matches!(recorded, AnswerOutcome::Saved | AnswerOutcome::Unchanged),
                "what is held counts, and a claim may be the same twice: {recorded:?}"
            );
            saved += u64::from(recorded == AnswerOutcome::Saved);
        }
        tokio::task::yield_now().await;
    }
}

pub async fn each_task_gets_what_it_wants_however_many_ask(place: &StoreUnderTest) {
    const TASKS: usize = 60;
    let loader = place.open().await;
    insert_tasks(loader.as_ref(), TASKS, 3).await;
    let mut workers = Vec::new();
    for daemon in 0..4 {
        let store = place.open().await;
        for half in 0..2 {
            let annotators = (0..2).map(|n| format!("a{daemon}{half}{n}")).collect();
            workers.push(tokio::spawn(work(Arc::clone(&store), annotators)));
        }
    }
    let mut saved = 0;
    for worker in workers {
        saved += worker.await.unwrap();
    }
    assert_eq!(saved, 3 * TASKS as u64);
    let records = all(loader.as_ref()).await;
    assert_eq!(records.len(), TASKS);
    for record in &records {
        assert_eq!(invariants::check(&record.state), [], "{record:?}");
        assert_eq!((record.state.answers.len(), record.state.late.len()), (3, 0));
        assert!(record.state.finished && record.state.held.is_empty());
    }
    let fresh = place.open().await;
    assert_stats_are_true(fresh.as_ref()).await;
    assert_eq!(recount(&records).answers, 3 * TASKS as u64);
}

pub async fn an_answer_sent_by_many_at_once_is_there_once(place: &StoreUnderTest) {
    let first = place.open().await;
    let ids = insert_tasks(first.as_ref(), 10, 1).await;
    let claims = ids.iter().map(|id| wish(id, "ann")).collect();
    first.claim(claims).await.unwrap();
    let group: Vec<_> = ids.iter().map(|id| answer(id, "ann", says(Verdict::Accept, 50))).collect();
    let mut senders = Vec::new();
    for _ in 0..6 {
        let (store, group) = (place.open().await, group.clone());
        senders.push(tokio::spawn(async move { store.record(group).await.unwrap() }));
    }
    let mut saved = 0;
    for sender in senders {
        for recorded in sender.await.unwrap() {
            assert!(
                matches!(recorded, AnswerOutcome::Saved | AnswerOutcome::Unchanged),
                "{recorded:?}"
            );
            saved += usize::from(recorded == AnswerOutcome::Saved);
        }
    }
    assert_eq!(saved, ids.len(), "each of them is taken in by one");
    for record in all(first.as_ref()).await {
        assert_eq!(invariants::check(&record.state), []);
        assert_eq!(record.state.answers.len(), 1);
    }
}
