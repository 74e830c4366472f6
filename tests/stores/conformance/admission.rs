//! Letting tasks in.

use std::collections::BTreeMap;

use annotd::allocation::{Lane, Position};
use annotd::store::{InsertReport, NewTask, ReopenCursor};

use super::store_under_test::{StoreUnderTest, all, for_anyone, insert_tasks, nth, task};

pub async fn tasks_stand_in_the_order_in_which_they_came(place: &StoreUnderTest) {
    let store = place.open().await;
    for from in [0, 5] {
        let row = (from..from + 5).map(|n| for_anyone(nth(n), 1)).collect();
        assert_eq!(store.insert_tasks(row).await.unwrap(), InsertReport { new: 5, same: 0 });
    }
    let records = all(store.as_ref()).await;
    let expected: Vec<_> = (0..10).map(|n| nth(n).id).collect();
    assert_eq!(records.iter().map(|r| r.task.id.clone()).collect::<Vec<_>>(), expected);
    assert!(records.is_sorted_by_key(|record| record.position));
    assert_eq!(store.insert_tasks(Vec::new()).await.unwrap(), InsertReport::default());
}

pub async fn a_task_is_there_once_however_often_it_is_admitted(place: &StoreUnderTest) {
    let store = place.open().await;
    let row = |numbers: &[usize]| numbers.iter().map(|n| for_anyone(nth(*n), 1)).collect();
    let first = store.insert_tasks(row(&[1, 2, 1, 3, 2, 1])).await.unwrap();
    assert_eq!(first, InsertReport { new: 3, same: 3 });
    let second = store.insert_tasks(row(&[3, 4, 1, 4])).await.unwrap();
    assert_eq!(second, InsertReport { new: 1, same: 3 });
    let other_plan = vec![for_anyone(nth(1), 9)];
    assert_eq!(store.insert_tasks(other_plan).await.unwrap(), InsertReport { new: 0, same: 1 });
    let records = all(store.as_ref()).await;
    let order: Vec<_> = [1, 2, 3, 4].map(|n| nth(n).id).into();
    assert_eq!(records.iter().map(|r| r.task.id.clone()).collect::<Vec<_>>(), order);
    assert_eq!(records[0].state.wanted, 1, "a task stays as it is");
}

pub async fn a_task_comes_out_as_it_went_in(place: &StoreUnderTest) {
    let store = place.open().await;
    let deep = format!(r#"{{"text":"deep","a":{}{}}}"#, "[".repeat(70), "]".repeat(70));
    let texts = [
        r#"{"text":"plain","meta":{"z":1,"a":[true,false,null,"x"]},"score":0.5}"#,
        r#"{"text":"numbers","a":1.10,"b":1e3,"c":1.0,"d":1,"e":-0,"f":-0.0,"g":1E+2}"#,
        r#"{"text":"big","n":1234567890123456789012345678901234567890,"m":9223372036854775807}"#,
        r#"{"text":"keys","$a":{"$oid":"5f"},"a.b":{"$ref":"x","$id":1},"":0,"😀":{"ключ":"值"}}"#,
        "{\"text\":\"nul\\u0000\",\"a\\u0000b\":[{\"\\u0000\":1}]}",
        r#"{"text":"own","_id":"mine","task":1,"held":[],"answers":{"x":1},"$set":{"a":1}}"#,
        r#"{"text":"Zażółć \"gęślą\" \\ jaźń\n\t \u0001 👩‍👩‍👧 שלום","_task_hash":5}"#,
        r#"{"text":"ints","a":-9223372036854775808,"b":9223372036854775808,"c":2147483648}"#,
        &deep,
    ];
    let row: Vec<NewTask> = texts.iter().map(|text| for_anyone(task(text), 1)).collect();
    assert_eq!(store.insert_tasks(row.clone()).await.unwrap().new, texts.len() as u64);
    let open = store.queued_tasks(&Lane::Anyone, Position::START, 100).await.unwrap();
    for (reading, tasks) in [
        ("records", all(store.as_ref()).await.into_iter().map(|r| r.task).collect::<Vec<_>>()),
        ("queue", open.into_iter().map(|open| open.task).collect()),
    ] {
        assert_eq!(tasks.len(), row.len());
        for (read, admission) in tasks.iter().zip(&row) {
            let given = &admission.task;
            // The text tells number formats and the order of keys apart.
            let text = |task: &annotd::task::Task| {
                serde_json::from_str::<serde_json::Value>(task.body.as_str()).unwrap().to_string()
            };
            assert_eq!(text(read), text(given), "{reading}");
            assert_eq!(
                (&read.id, read.input_hash, read.task_hash),
                (&given.id, given.input_hash, given.task_hash)
            );
        }
    }
    let again = store.insert_tasks(row).await.unwrap();
    assert_eq!(again, InsertReport { new: 0, same: texts.len() as u64 });
}

pub async fn a_higher_priority_comes_first_and_is_told_of(place: &StoreUnderTest) {
    let store = place.open().await;
    let with_priority = |n: usize, priority: i32| {
        let mut admission = for_anyone(nth(n), 1);
        admission.plan.priority = priority;
        admission
    };
    store.insert_tasks(vec![with_priority(0, 0), with_priority(1, 0)]).await.unwrap();
    let (_, mark) = store.reopened(ReopenCursor::default()).await.unwrap();
    store
        .insert_tasks(vec![with_priority(2, 5), with_priority(3, -5), with_priority(4, 5)])
        .await
        .unwrap();
    let order: Vec<_> = [2, 4, 0, 1, 3].map(|n| nth(n).id).into();
    let open = store.queued_tasks(&Lane::Anyone, Position::START, 10).await.unwrap();
    assert_eq!(open.iter().map(|open| open.task.id.clone()).collect::<Vec<_>>(), order);
    let (told, _) = store.reopened(mark).await.unwrap();
    for n in [2, 4] {
        assert!(told.iter().any(|open| open.task.id == nth(n).id), "task {n} is told of");
    }
}

pub async fn a_loaded_file_is_remembered(place: &StoreUnderTest) {
    let store = place.open().await;
    assert_eq!(store.loaded_file("tasks/a.jsonl").await.unwrap(), None);
    store.note_loaded_file("tasks/a.jsonl", "1").await.unwrap();
    store.note_loaded_file("tasks/b.jsonl", "2").await.unwrap();
    store.note_loaded_file("tasks/a.jsonl", "3").await.unwrap();
    let store = place.open().await;
    assert_eq!(store.loaded_file("tasks/a.jsonl").await.unwrap().as_deref(), Some("3"));
    assert_eq!(store.loaded_file("tasks/b.jsonl").await.unwrap().as_deref(), Some("2"));
}

pub async fn keys_are_kept_or_replaced_as_is_asked_for(place: &StoreUnderTest) {
    let keys = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(name, key)| ((*name).to_owned(), (*key).to_owned())).collect()
    };
    let store = place.open().await;
    assert_eq!(store.keys().await.unwrap(), BTreeMap::new());
    // A file of this name is not an access key.
    store.note_loaded_file("key:andy", "1").await.unwrap();
    store.set_keys(keys(&[("andy", "1"), ("(lead)", "2")]), true).await.unwrap();
    store.set_keys(keys(&[("andy", "3"), ("Zach_1-b", "4")]), true).await.unwrap();
    let other = place.open().await;
    let expected = keys(&[("(lead)", "2"), ("Zach_1-b", "4"), ("andy", "1")]);
    assert_eq!(other.keys().await.unwrap(), expected, "who has a key keeps it");
    other.set_keys(keys(&[("andy", "5"), ("li", "6")]), false).await.unwrap();
    let expected = keys(&[("(lead)", "2"), ("Zach_1-b", "4"), ("andy", "5"), ("li", "6")]);
    assert_eq!(store.keys().await.unwrap(), expected, "and another process sees a new one");
    store.set_keys(BTreeMap::new(), false).await.unwrap();
    assert_eq!(store.keys().await.unwrap(), expected);
}

pub async fn of_two_who_make_the_first_key_one_prevails(place: &StoreUnderTest) {
    let (one, other) = (place.open().await, place.open().await);
    let all = |key: &str| (0..20).map(|n| (format!("p{n}"), format!("{key}{n}"))).collect();
    let (a, b) = tokio::join!(one.set_keys(all("a"), true), other.set_keys(all("b"), true));
    a.unwrap();
    b.unwrap();
    let keys = one.keys().await.unwrap();
    assert_eq!(keys.len(), 20);
    assert_eq!(keys, other.keys().await.unwrap());
}

pub async fn the_rule_of_identity_is_set_once(place: &StoreUnderTest) {
    let store = place.open().await;
    assert_eq!(store.identity().await.unwrap(), None);
    assert_eq!(store.set_identity("meta.id").await.unwrap(), "meta.id");
    assert_eq!(store.set_identity("content").await.unwrap(), "content", "there is no task yet");
    insert_tasks(store.as_ref(), 1, 1).await;
    assert_eq!(store.set_identity("task_hash").await.unwrap(), "content");
    assert_eq!(store.identity().await.unwrap().as_deref(), Some("content"));
}

pub async fn an_edition_has_one_number_for_ever(place: &StoreUnderTest) {
    let store = place.open().await;
    assert!(store.editions().await.unwrap().is_empty());
    assert_eq!(store.edition("[\"A\"]").await.unwrap(), 1);
    assert_eq!(store.edition("[\"B\"]").await.unwrap(), 2);
    assert_eq!(store.edition("[\"A\"]").await.unwrap(), 1);
    let editions = store.editions().await.unwrap();
    assert_eq!(editions, [(1, "[\"A\"]".to_owned()), (2, "[\"B\"]".to_owned())].into());
}
