//! Public files of real tasks, which are not part of the repository: every row is read.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use annotd::ingest::read::open;
use annotd::task::{Task, input_hash, task_hash};

use crate::common::outside_data::outside_data;

fn tasks(path: &Path) -> Vec<Task> {
    open(path)
        .expect("opened")
        .map(|entry| match entry {
            Ok(entry) => Task::new(entry.body),
            Err(wrong) => panic!("{wrong}\n{}", wrong.excerpt()),
        })
        .collect()
}

/// How many rows bring a hash of either kind, and how many of these follow from the content.
fn recomputed(tasks: &[Task]) -> [(usize, usize); 2] {
    let mut counts = [(0, 0); 2];
    for task in tasks {
        let value = task.body.to_value();
        let stored = |key: &str| value.get(key).and_then(serde_json::Value::as_i64);
        let computed = [input_hash(&value), task_hash(&value, task.input_hash)];
        for (index, key) in ["_input_hash", "_task_hash"].into_iter().enumerate() {
            if let Some(stored) = stored(key) {
                counts[index].0 += 1;
                counts[index].1 += usize::from(stored == computed[index]);
            }
        }
    }
    counts
}

#[test]
fn every_row_of_every_file_is_read_to_the_letter() {
    for (name, rows) in [
        ("pydata-ams-2023.jsonl", 3372),
        ("news-headlines-ner.jsonl", 373),
        ("news-headlines-raw.jsonl", 200),
        ("newsapi-raw-with-duplicates.jsonl", 1000),
        ("github-issues-with-context.jsonl", 1103),
        ("relations.jsonl", 149),
        ("entity-linking-choice.jsonl", 30),
    ] {
        let Some(path) = outside_data(name) else {
            continue;
        };
        let tasks = tasks(&path);
        assert_eq!(tasks.len(), rows, "{name}");
        let text = fs::read_to_string(&path).expect("read");
        for (task, line) in tasks.iter().zip(text.lines()) {
            // The files differ in their white space; the values must not.
            let read: serde_json::Value = serde_json::from_str(task.body.as_str()).expect("JSON");
            let written: serde_json::Value = serde_json::from_str(line).expect("JSON");
            assert_eq!(read.to_string(), written.to_string(), "{name}");
        }
        let [input, task] = recomputed(&tasks);
        eprintln!(
            "{name}: of {} stored _input_hash {} recompute, of {} stored _task_hash {}",
            input.0, input.1, task.0, task.1
        );
    }
}

#[test]
fn the_hashes_of_a_public_export_recompute_to_themselves() {
    let name = "pydata-ams-2023.jsonl";
    if let Some(path) = outside_data(name) {
        assert_eq!(recomputed(&tasks(&path)), [(3372, 3372), (3372, 3372)]);
    }
}

#[test]
fn duplicates_have_one_identity() {
    let name = "newsapi-raw-with-duplicates.jsonl";
    if let Some(path) = outside_data(name) {
        let identities: HashSet<_> = tasks(&path).into_iter().map(|task| task.id).collect();
        assert_eq!(identities.len(), 939);
    }
}
