//! Files that commands write: never over a file that annotd works with.

use super::{project, stderr};
use crate::common::daemon::annotd;

#[test]
fn the_rejects_do_not_overwrite_the_input() {
    let project = project("annotations = 1");
    project.write("tasks.jsonl", "{\"text\":\"a\"}\n");
    let arguments = ["load", "-i", "tasks.jsonl", "--rejects", "./tasks.jsonl"];
    assert_eq!(project.annotd(&arguments).status.code(), Some(73));
    let text = std::fs::read_to_string(project.path().join("tasks.jsonl")).expect("the file");
    assert_eq!(text, "{\"text\":\"a\"}\n");
}

#[test]
fn nothing_is_written_over_a_file_that_annotd_works_with() {
    let project = project("annotations = 1");
    let roster = project.path().join("annotators.toml");
    let text = std::fs::read_to_string(&roster).expect("the roster");
    let named = "[project]\ntasks = [\"in/*.jsonl\", \"./elsewhere/../dot/*.jsonl\"]\ninstructions = \"codebook.md\"\n\
                 media = \"media\"\n";
    std::fs::write(&roster, text.replacen("[project]\n", named, 1)).expect("the roster");
    for folder in ["in", "in/deep", "dot", "media", "media/deep", "elsewhere"] {
        std::fs::create_dir(project.path().join(folder)).expect("a folder");
    }
    project.write("in/tasks.jsonl", "{\"text\":\"a\",\"label\":\"X\"}\n");
    project.write("codebook.md", "Read this.");
    project.write("media/deep/a.png", "a picture");
    project.write("other.db", "SQLite format 3\0 and more");
    project.write("more.jsonl", "{\"text\":\"b\",\"label\":\"X\"}\n");
    project.run(&["load", "-i", "more.jsonl"]);
    let at = |name: &str| project.path().join(name);
    let protected = [
        ("in/tasks.jsonl", "a task file of the roster"),
        ("codebook.md", "the codebook"),
        ("demo.db", "a file of the store"),
        ("annotators.toml", "the roster"),
        ("media/deep/a.png", "in the folder of media"),
    ];
    let mut refused = vec![
        // What is not there yet, and would be taken for what it is not.
        ("demo.db-wal".to_owned(), "a file of the store"),
        ("demo.db-journal".to_owned(), "a file of the store"),
        ("demo.db.format-2.20260301T020000Z".to_owned(), "a file of the store"),
        (
            "in/new.jsonl".to_owned(),
            "a file that the daemon would load as tasks when it next starts",
        ),
        (
            "dot/new.jsonl".to_owned(),
            "a file that the daemon would load as tasks when it next starts",
        ),
        ("other.db".to_owned(), "an SQLite database"),
        ("media/new.png".to_owned(), "in the folder of media"),
    ];
    for (index, (name, what)) in protected.into_iter().enumerate() {
        refused.push((name.to_owned(), what));
        refused.push((format!("elsewhere/../{name}"), what));
        let (hard, soft) = (format!("elsewhere/hard{index}"), format!("elsewhere/soft{index}"));
        std::fs::hard_link(at(name), at(&hard)).expect("a link");
        std::os::unix::fs::symlink(at(name), at(&soft)).expect("a link");
        refused.extend([(hard, what), (soft, what)]);
    }
    std::os::unix::fs::symlink(at("demo.db-shm"), at("elsewhere/loose")).expect("a link");
    refused.push(("elsewhere/loose".to_owned(), "a file of the store"));
    let before: Vec<Vec<u8>> =
        protected.iter().map(|(name, _)| std::fs::read(at(name)).expect("the file")).collect();
    for (name, what) in &refused {
        for arguments in [
            &["export", "-o", name][..],
            &["backup", "-o", name],
            &["load", "-i", "more.jsonl", "--rejects", name],
            &["load", "-i", "more.jsonl", "--duplicates", name],
        ] {
            let output = project.annotd(arguments);
            assert_eq!(output.status.code(), Some(73), "{arguments:?}: {}", stderr(&output));
            let option = arguments[arguments.len() - 2];
            let words = format!("{option} names {name}, which is {what}");
            assert!(stderr(&output).contains(&words), "{arguments:?}: {}", stderr(&output));
        }
    }
    let after: Vec<Vec<u8>> =
        protected.iter().map(|(name, _)| std::fs::read(at(name)).expect("the file")).collect();
    assert_eq!(before, after);
    assert!(!at("in/new.jsonl").exists() && !at("demo.db-journal").exists());
    // Other files may lie in the folder of media, as task files often do.
    project.run(&["export", "-o", "media/answers.jsonl"]);
    project.run(&["export", "-o", "in/answers.csv", "--format", "csv"]);
    project.run(&["export", "-o", "in/deep/answers.jsonl"]);
}

#[test]
fn a_load_writes_neither_over_its_input_nor_both_lists_into_one_file() {
    let project = project("annotations = 1");
    project.write("tasks.jsonl", "{\"text\":\"a\",\"label\":\"X\"}\n");
    let at = |name: &str| project.path().join(name);
    std::fs::hard_link(at("tasks.jsonl"), at("hard.jsonl")).expect("a link");
    let load = |rejects: &str, duplicates: &str| {
        let lists = ["--rejects", rejects, "--duplicates", duplicates];
        let refused = project.annotd(&[&["load", "-i", "tasks.jsonl"], &lists[..]].concat());
        assert_eq!(refused.status.code(), Some(73), "{lists:?}");
        stderr(&refused)
    };
    let said = load("hard.jsonl", "b");
    assert!(said.contains("--rejects names hard.jsonl, which is the input itself"), "{said}");
    let said = load("a", "./tasks.jsonl");
    assert!(said.contains("--duplicates names ./tasks.jsonl, which is the input itself"), "{said}");
    let said = load("a", "./a");
    assert!(
        said.contains("--rejects and --duplicates name the same file\nhint: name two files"),
        "{said}"
    );
    // Its standard input is an input, too.
    let mut command = annotd(project.path());
    command.args(["load", "-i", "-", "--rejects", "tasks.jsonl"]);
    command.stdin(std::fs::File::open(at("tasks.jsonl")).expect("the file"));
    let refused = command.output().expect("annotd runs");
    assert_eq!(refused.status.code(), Some(73), "{}", stderr(&refused));
    let text = std::fs::read_to_string(at("tasks.jsonl")).expect("the file");
    assert_eq!(text, "{\"text\":\"a\",\"label\":\"X\"}\n");
}

#[test]
fn rejects_of_before_stay_until_there_are_new_ones() {
    let project = project("annotations = 1");
    project.write("tasks.jsonl", "{\"text\":\"a\"}\n");
    project.write("wrong.jsonl", "kept from before\n");
    let read = || std::fs::read_to_string(project.path().join("wrong.jsonl")).expect("the file");
    project.run(&["load", "-i", "tasks.jsonl", "--rejects", "wrong.jsonl"]);
    assert_eq!(read(), "kept from before\n");
    project.write("tasks.jsonl", "{\"text\":\"b\"}\nno task\n");
    project.run(&["load", "-i", "tasks.jsonl", "--rejects", "wrong.jsonl"]);
    assert!(read().starts_with("{\"file\":"), "{}", read());
}
