//! `annotd load`: what it counts, which lines it refuses, and with which places and remedies.

use super::{CLASSIFICATION, project, stderr};
use crate::common::daemon::Project;
use crate::common::outside_data::outside_data;
use serde_json::Value;

#[test]
fn load_says_how_many_were_new_and_a_second_load_adds_none() {
    let Some(file) = outside_data("newsapi-raw-with-duplicates.jsonl") else { return };
    let project = project("annotations = 3");
    let file = file.to_str().expect("UTF-8");
    let within = "61 within this file (line 2 repeats line 1)";
    let said = project.run(&["load", "-i", file]);
    assert_eq!(said, format!("939 new, 61 duplicates: {within}\n"));
    let said = project.run(&["load", "-i", file]);
    assert_eq!(said, format!("0 new, 1000 duplicates: {within}, 939 loaded before\n"));
    let status: Value = serde_json::from_str(&project.run(&["status", "--json"])).expect("JSON");
    assert_eq!(status["total"]["tasks"], 939);
    assert_eq!(status["total"]["wanted"], 939 * 3);
}

#[test]
fn a_broken_line_is_refused_with_its_place_and_loading_resumes_after_the_fix() {
    let project = project("annotations = 1");
    let good = |n: usize| format!("{{\"text\":\"task {n}\",\"label\":\"X\"}}");
    let mut lines: Vec<String> = (1..=900).map(good).collect();
    lines[699] = "{\"text\": \"ümlaut\" \"label\": \"X\"}".into();
    project.write("tasks.jsonl", &lines.join("\n"));
    let refused = project.annotd(&["load", "-i", "tasks.jsonl"]);
    assert_eq!(refused.status.code(), Some(65));
    let said = stderr(&refused);
    assert!(said.contains("tasks.jsonl:700:19: expected `,` or `}`, found `\"label\"`"), "{said}");
    assert!(said.contains("Loaded before it: 699 new, 0 duplicates.\nhint: Fix the line and run the command again; loading resumes there\n"), "{said}");
    lines[699] = good(700);
    project.write("tasks.jsonl", &lines.join("\n"));
    let said = project.run(&["load", "-i", "tasks.jsonl"]);
    assert_eq!(said, "201 new, 699 duplicates: 699 loaded before\n");
}

#[test]
fn wrong_lines_go_to_the_rejects_and_the_rest_is_loaded() {
    let project = Project::new(
        "demo",
        CLASSIFICATION,
        "demo.db",
        "annotations = 1\nassign_field = \"meta.for\"",
        &["andy", "zach"],
    );
    project.write(
        "tasks.jsonl",
        "{\"text\":\"a\"}\n[]\n{\"text\":\"b\",\"meta\":{\"for\":\"eve\"}}\n\
         {\"text\":\"c\",\"meta\":{\"for\":\"zach\"}}\nnonsense\n{\"text\":\"d\"}\n",
    );
    let said = project.run(&["load", "-i", "tasks.jsonl", "--rejects", "wrong.jsonl"]);
    assert_eq!(said, "3 new, 0 duplicates, 3 lines rejected (see wrong.jsonl)\n");
    let rejects = std::fs::read_to_string(project.path().join("wrong.jsonl")).expect("rejects");
    let rejects: Vec<Value> =
        rejects.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(
        rejects.iter().map(|r| r["line"].as_u64()).collect::<Vec<_>>(),
        [Some(2), Some(3), Some(5)]
    );
    let reason = rejects[1]["reason"].as_str().expect("a reason");
    assert!(reason.contains("meta.for names \"eve\", who is not in the roster"), "{reason}");
}

#[test]
fn tasks_with_nothing_to_show_are_refused_with_a_remedy() {
    let project = project("annotations = 1");
    project.write("semicolons.csv", "text;label,x\nhello;X,1\n");
    let refused = project.annotd(&["load", "-i", "semicolons.csv"]);
    assert_eq!(refused.status.code(), Some(65));
    let said = stderr(&refused);
    assert!(said.contains("expected a task with `text`, `html` or `image`, found"), "{said}");
    assert!(said.contains("separate the cells by commas"), "{said}");
    let dry = stderr(&project.annotd(&["load", "-i", "semicolons.csv", "--dry-run"]));
    assert!(!dry.contains("Admitted"), "{dry}");
    project.write("tasks.jsonl", "{\"text\":\"a\"}\n{\"n\":1,\"text\":5}\n");
    let refused = stderr(&project.annotd(&["load", "-i", "tasks.jsonl"]));
    let words = "tasks.jsonl:2:15: expected a text under `text`, found a number (write it in";
    assert!(refused.contains(words), "{refused}");
}

#[test]
fn a_file_without_tasks_is_refused_and_an_empty_one_is_not() {
    let project = project("annotations = 1");
    for (name, text) in
        [("a.csv", "text,label\n"), ("a.json", "[]"), ("a.jsonl", "\n\n"), ("a.txt", " \n")]
    {
        project.write(name, text);
        let refused = project.annotd(&["load", "-i", name]);
        assert_eq!(refused.status.code(), Some(65), "{name}");
        assert!(stderr(&refused).contains(&format!("{name} has no task in it")), "{name}");
    }
    project.write("empty.jsonl", "");
    project.run(&["load", "-i", "empty.jsonl"]);
}

#[test]
fn a_table_that_is_read_otherwise_than_written_is_told() {
    let project = project("annotations = 1");
    project.write("sheet.csv", "Text;Label\nHello, world;X\n");
    let loaded = project.annotd(&["load", "-i", "sheet.csv"]);
    assert!(loaded.status.success());
    let said = stderr(&loaded);
    assert!(said.contains("sheet.csv: the cells are separated by `;`."), "{said}");
    assert!(said.contains("sheet.csv: read `Text` as `text`, `Label` as `label`."), "{said}");
}

#[test]
fn more_answers_than_people_are_refused() {
    let project = project("annotations = 1");
    project.write("tasks.jsonl", "{\"text\":\"a\"}\n");
    let refused = project.annotd(&["load", "-i", "tasks.jsonl", "--annotations", "4"]);
    assert_eq!(refused.status.code(), Some(78));
    assert!(stderr(&refused).contains("has 3 active annotators"), "{}", stderr(&refused));
}

#[test]
fn a_dry_run_touches_nothing() {
    let project = project("annotations = 1");
    project.write("tasks.jsonl", "{\"text\":\"a\"}\n{\"text\":\"b\"}\n");
    let said = project.run(&["load", "-i", "tasks.jsonl", "--dry-run"]);
    assert_eq!(said, "2 new, 0 duplicates (a dry run: nothing was loaded)\n");
    assert!(!project.path().join("demo.db").exists());
}

#[test]
fn a_table_without_a_text_is_told_its_columns_and_what_to_name_one() {
    let project =
        Project::new("demo", "interface = \"text\"", "demo.db", "annotations = 1", &["andy"]);
    project.write("tasks.csv", "satz,meta.source\nEin Satz,desk\n");
    let output = project.annotd(&["load", "-i", "tasks.csv"]);
    assert_eq!(output.status.code(), Some(65));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("a table with the columns `satz`, `meta.source`"), "{said}");
    assert!(said.contains("name the column that holds it `text`, in the first row"), "{said}");
    project.write("tasks.csv", "text,n\nEin Satz,1\n,2\n");
    let output = project.annotd(&["load", "-i", "tasks.csv"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("tasks.csv:3:1:"), "{said}");
    assert!(said.contains("found an empty cell under `text` (fill it in"), "{said}");
}

#[test]
fn a_load_reports_tasks_that_keep_their_settings_and_answers_that_are_not_loaded() {
    let project = project("annotations = 1");
    let line = |text: &str| format!("{{\"text\":\"{text}\",\"label\":\"X\"}}\n");
    project.write("tasks.jsonl", &(line("a") + &line("b")));
    project.run(&["load", "-i", "tasks.jsonl"]);
    project.write("more.jsonl", &(line("a") + &line("b") + &line("c")));
    let load = ["load", "-i", "more.jsonl", "--to", "andy", "--priority", "5"];
    let said = project.run(&load);
    let kept = "2 of these tasks were loaded before and keep their settings: --to and --priority apply \
                to new tasks only.\n";
    assert_eq!(said, format!("1 new, 2 duplicates: 2 loaded before\n{kept}"));
    project.write("more.jsonl", &(line("a") + &line("d")));
    let said = project.run(&load[..5]);
    let kept = "1 of these tasks was loaded before and keeps its settings: --to applies to new tasks \
                only.\n";
    assert_eq!(said, format!("1 new, 1 duplicate: 1 loaded before\n{kept}"));
    // Without such an option, or without such tasks, there is nothing to say.
    assert_eq!(project.run(&load[..3]), "0 new, 2 duplicates: 2 loaded before\n");

    let answer = "\"answer\":\"accept\",\"_session_id\":\"demo-andy\"";
    project.write(
        "answers.jsonl",
        &format!("{{\"text\":\"e\",\"label\":\"X\",{answer}}}\n{}", line("f")),
    );
    let said = project.run(&["load", "-i", "answers.jsonl"]);
    let words = "2 new, 0 duplicates\n1 new task is an exported answer: the task is loaded, and the \
                 answer is not.";
    assert!(said.starts_with(words), "{said}");
    assert!(said.contains("use `annotd backup` and `annotd restore`"), "{said}");
}

#[test]
fn places_are_those_of_the_line_in_the_file() {
    let project = Project::new(
        "demo",
        "interface = \"spans_manual\"\nlabels = [\"X\"]",
        "demo.db",
        "annotations = 1",
        &["andy"],
    );
    let load = |text: &str, name: &str| {
        project.write(name, text);
        let refused = project.annotd(&["load", "-i", name]);
        assert_eq!(refused.status.code(), Some(65));
        stderr(&refused)
    };
    let spans = "[{\"start\":0,\"end\":99,\"label\":\"X\"}]";
    let compact = format!("{{\"text\":\"é a\",\"spans\":{spans}}}\n");
    let said = load(&compact, "tasks.jsonl");
    let at = |said: &str, name: &str| -> (usize, usize) {
        let place = said.split(&format!("{name}:")).nth(1).expect("a place");
        let mut numbers = place.split(':').map(|number| number.parse::<usize>().expect("a number"));
        (numbers.next().expect("a line"), numbers.next().expect("a column"))
    };
    let (_, column) = at(&said, "tasks.jsonl");
    let pointed = |text: &str, column: usize| text.chars().skip(column - 1).collect::<String>();
    let target = pointed(&compact, column);
    for (before, colon, comma) in [("", ": ", ", "), ("  ", " :\t", "\t, "), ("\t", " : ", " ,  ")]
    {
        let spans = spans.replace(':', colon).replace(',', comma);
        let spaced =
            format!("{before}{{\"text\"{colon}\"é a\"{comma}\"spans\"{colon}{spans} }} \n");
        let said = load(&spaced, "tasks.jsonl");
        let (line, column) = at(&said, "tasks.jsonl");
        assert_eq!(line, 1);
        assert_eq!(
            pointed(&spaced, column).split_whitespace().next().map(|word| word.chars().next()),
            target.split_whitespace().next().map(|word| word.chars().next()),
            "{said}\n{spaced}"
        );
        let excerpt = said.lines().nth(1).expect("an excerpt").replace(' ', "");
        assert!(excerpt.contains("\"label\""), "the line is shown as it is: {said}");
    }
    // In a file of JSON the line counts as well.
    let pretty = "[\n  {\n    \"text\": \"a\",\n    \"spans\": [\n      {\"start\": 0, \"end\": 99, \
                  \"label\": \"X\"}\n    ]\n  }\n]\n";
    let (line, column) = at(&load(pretty, "tasks.json"), "tasks.json");
    assert!((4..=5).contains(&line) && column > 1, "{line}:{column}");
}
