//! What is written is what is read.

use super::reading::read_answer;
use super::*;
use crate::task::{Millis, TaskJson, Verdict};

fn version(data: &str) -> Version {
    Version {
        verdict: Verdict::Accept,
        data: serde_json::from_str(data).expect("an object"),
        time_loaded: Millis(1),
        time_returned: Millis(-2),
        basis: Basis::default(),
    }
}

#[test]
fn an_answer_comes_back_whatever_its_keys() {
    for data in [
        r"{}",
        r#"{"spans":[{"start":0,"end":3,"label":"A"}],"note":"ü"}"#,
        r#"{"annotator":"eve","history":3,"$each":[1],"a.b":1}"#,
        r#"{"weight":1.10}"#,
        r#"{"data_json":"{}"}"#,
    ] {
        let answer = Answer {
            annotator: "andy".into(),
            current: version(data),
            history: vec![version(r#"{"first":true}"#), version(data)],
        };
        let mut side_documents = SideDocuments::default();
        let task = TaskId::from_text("0123");
        let document =
            of_answer(&task, &answer, &AnswerStorage::new(i64::MIN), &mut side_documents);
        let stored = read_answer(&document).expect("an answer");
        assert_eq!(stored.answer.current, answer.current);
        assert!(stored.answer.history.is_empty(), "it lies beside");
        assert_eq!(stored.storage, AnswerStorage { revisions: 2, ..AnswerStorage::new(i64::MIN) });
        let (earlier, large) = side_documents.counts();
        assert_eq!((earlier, large), (2, 0));
    }
}

#[test]
fn an_answer_of_format_2_keeps_what_its_interface_called_as_annotd_does_now() {
    let version =
        rawdoc! { "answer": "reject", "large": "a box", "time_loaded": DateTime::from_millis(1) };
    let stored = read_answer(&rawdoc! {
        "annotator": "andy", "answer": "accept", "edition": "second", "revisions": 7,
        "time_loaded": DateTime::from_millis(1), "time_returned": DateTime::from_millis(2),
        "history": [version], "stamp": 5_i64,
    });
    let stored = stored.expect("an answer");
    assert_eq!(
        serde_json::json!(stored.answer.current.data),
        serde_json::json!({"edition":"second","revisions":7})
    );
    assert_eq!(
        serde_json::json!(stored.answer.history[0].data),
        serde_json::json!({"large":"a box"})
    );
    assert_eq!(stored.answer.current.basis, Basis::default());
    assert_eq!(stored.storage, AnswerStorage::new(5));
}

#[test]
fn a_task_comes_back_to_the_letter() {
    for text in [
        r#"{"text":"a","meta":{"n":[1,2.5,null]}}"#,
        r#"{"text":"a","n":1e3,"$a":1.10,"":{"a.b":123456789012345678901234567890}}"#,
    ] {
        let task = Task::new(TaskJson::parse(text).expect("an object"));
        let plan = Plan { priority: 1, ..Plan::new(3, vec![Lane::Anyone]) };
        let document = of_task(&task, &plan, SequenceNumber(7), Position::new(1, 7), Some(5));
        assert_eq!(document.get("task_json").expect("BSON").is_some(), text.contains("1e3"));
        let mut stored = TaskDocument::read(&document).expect("a task");
        assert_eq!(*stored.task().expect("a task"), task);
        assert_eq!(stored.state().expect("all is there"), TaskState::new(3, vec![Lane::Anyone]));
        assert_eq!((stored.free, stored.left, stored.reopened), (3, 3, Some(5)));
    }
}

#[test]
fn what_is_not_annotds_is_named() {
    let malformed = TaskDocument::read(&rawdoc! { "_id": "a", "position": "first" });
    assert_eq!(
        malformed.err().map(|malformed| malformed.to_string()).as_deref(),
        Some("\"position\" is not what annotd puts there")
    );
}
