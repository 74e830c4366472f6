//! `annotd export`: formats, names of files, annotators.

use super::{project, stderr};

#[test]
fn an_export_of_an_unknown_annotator_is_refused() {
    let project = project("annotations = 1");
    project.write("tasks.jsonl", "{\"text\":\"a\"}\n");
    project.run(&["load", "-i", "tasks.jsonl"]);
    project.run(&["export", "--annotator", "zach"]);
    let refused = project.annotd(&["export", "--annotator", "bob"]);
    assert_eq!(refused.status.code(), Some(1));
}

#[test]
fn a_table_begins_with_a_byte_order_mark_where_people_open_it() {
    let project = project("annotations = 1");
    project.write("tasks.jsonl", "{\"text\":\"é\"}\n");
    project.run(&["load", "-i", "tasks.jsonl"]);
    let head = "\"date\",\"coder\",\"diff\",\"id\",\"answer\",";
    assert!(project.run(&["export", "--format", "csv"]).starts_with(head));
    let marked = project.run(&["export", "--format", "csv", "--bom", "--raw"]);
    assert!(marked.starts_with(&format!("\u{feff}{head}")), "{marked}");
    // Excel opens a file with a double click; what programs read has no mark.
    let in_file = |options: &[&str]| {
        let mut all = vec!["export", "--format", "csv", "-o", "answers.csv"];
        all.extend(options);
        project.run(&all);
        std::fs::read_to_string(project.path().join("answers.csv")).expect("the table")
    };
    assert!(in_file(&[]).starts_with(&format!("\u{feff}{head}")));
    assert!(in_file(&["--raw"]).starts_with(head));
    for option in ["--bom", "--raw"] {
        let refused = project.annotd(&["export", option]);
        assert_eq!(refused.status.code(), Some(2));
        assert!(stderr(&refused).contains("add --format csv"), "{}", stderr(&refused));
    }
}

#[test]
fn an_export_takes_its_format_from_the_name_of_its_file() {
    let project = project("annotations = 1");
    project.write("tasks.jsonl", "{\"text\":\"a\",\"label\":\"X\"}\n");
    project.run(&["load", "-i", "tasks.jsonl"]);
    let export = |arguments: &[&str]| project.annotd(&[&["export"], arguments].concat());
    for (arguments, said) in [
        (&["-o", "a.csv"][..], "0 answers in a.csv (format csv)"),
        (&["-o", "A.CSV"], "0 answers in A.CSV (format csv)"),
        (&["-o", "a.jsonl"], "0 answers in a.jsonl (format jsonl)"),
        (&["-o", "a"], "0 answers in a (format jsonl)"),
        (&["-o", "a.jsonl", "--format", "tasks"], "1 task in a.jsonl (format tasks)"),
        (&["-o", "a.txt", "--format", "csv"], "0 answers in a.txt (format csv)"),
        (&["-o", "b.csv", "--raw"], "0 answers in b.csv (format csv)"),
    ] {
        let output = export(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
        assert_eq!(stderr(&output), format!("{said}\n"), "{arguments:?}");
    }
    for (name, hint) in [("a.json", "Name it a.jsonl"), ("a.txt", "add --format csv")] {
        let said = stderr(&export(&["-o", name]));
        assert!(said.starts_with(&format!("0 answers in {name} (format jsonl)\nhint: ")), "{said}");
        assert!(said.contains(hint), "{said}");
    }
    for arguments in [
        &["-o", "c.csv", "--format", "jsonl"][..],
        &["-o", "c.csv", "--format", "tasks"],
        &["-o", "c.jsonl", "--format", "csv"],
        &["-o", "c.xlsx"],
        &["-o", "c.tsv"],
        &["-o", "c.jsonl.gz"],
        &["-o", "c.csv.zst", "--format", "csv"],
    ] {
        let output = export(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!project.path().join(arguments[1]).exists(), "{arguments:?}");
    }
}
