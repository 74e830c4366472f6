//! What the store knows, as lines.

use std::collections::BTreeMap;
use std::sync::Arc;

use annotd::allocation::{Lane, Position, SequenceNumber, TaskState};
use annotd::export::{Cells, Export, FORMATS, Filter, Format};
use annotd::interface::{Interface, Settings};
use annotd::store::Record;
use annotd::task::{Answer, Basis, Millis, Renamed, Task, TaskJson, Verdict, Version};
use serde_json::{Map, Value, json};

/// 2026-03-02T08:15:00Z.
pub(super) const T: i64 = 1_772_439_300_000;

fn version(verdict: Verdict, data: &Value, returned: i64) -> Version {
    Version {
        verdict,
        data: data.as_object().expect("an object").clone(),
        time_loaded: Millis(returned - 1_550),
        time_returned: Millis(returned),
        basis: Basis::default(),
    }
}

pub(super) fn answer(annotator: &str, verdict: Verdict, data: &Value, returned: i64) -> Answer {
    Answer {
        annotator: annotator.into(),
        current: version(verdict, data, returned),
        history: Vec::new(),
    }
}

pub(super) fn record(task: &str, answers: Vec<Answer>) -> Record {
    let mut state = TaskState::new(2, vec![Lane::Anyone]);
    state.finished = answers.len() >= 2;
    state.answers = answers;
    let task = Arc::new(Task::new(TaskJson::parse(task).expect("a task")));
    Record { task, number: SequenceNumber(0), position: Position(0), state }
}

fn export(interface: Interface, filter: &Filter, cells: Cells) -> Export {
    let renamed = Renamed::default();
    Export { project: "demo".into(), interface, renamed, filter: filter.clone(), cells }
}

fn written(format: &str, interface: Interface, filter: &Filter, records: &[Record]) -> String {
    pen_writes(format, &export(interface, filter, Cells::default()), records)
}

fn table(interface: Interface, filter: &Filter, cells: Cells, records: &[Record]) -> String {
    pen_writes("csv", &export(interface, filter, cells), records)
}

fn pen_writes(format: &str, export: &Export, records: &[Record]) -> String {
    let mut pen = Format::from_name(format).expect("a format").pen(export);
    if pen.surveys() {
        for record in records {
            pen.survey(record);
        }
    }
    let mut out = Vec::new();
    pen.begin(&mut out);
    for record in records {
        let before = out.len();
        let lines = pen.record(record, &mut out);
        assert_eq!(lines == 0, out.len() == before);
    }
    pen.end(&mut out);
    String::from_utf8(out).expect("UTF-8")
}

#[test]
fn every_format_has_the_present_names_of_labels_and_the_task_to_the_letter() {
    let span = |label: &str| json!({"spans": [{"start": 0, "end": 3, "label": label}]});
    let task = r#"{"text":"Ada","spans":[{"start":0,"end":3,"label":"PER","n":1.0}]}"#;
    let mut first = answer("andy", Verdict::Accept, &span("PER"), T);
    first.history.push(version(Verdict::Accept, &span("LOC"), T - 9));
    let records = [record(task, vec![first])];
    let names = [("PER", "PERSON"), ("LOC", "PLACE")];
    let names = names.into_iter().map(|(old, new)| (old.to_owned(), new.to_owned())).collect();
    let export = Export {
        project: "demo".into(),
        interface: view("ner_manual"),
        renamed: Renamed::new(names, true),
        filter: Filter::default(),
        cells: Cells::default(),
    };
    for format in FORMATS {
        let text = pen_writes(format.name, &export, &records);
        assert!(text.contains("PERSON"), "{}: {text}", format.name);
        let own = text.matches(r#""label":"PER","n":1.0"#).count();
        assert_eq!(own, usize::from(format.name != "csv"), "{}: {text}", format.name);
        assert_eq!(text.contains("PLACE"), format.name == "tasks", "{}: {text}", format.name);
    }
}

#[test]
fn the_label_that_was_asked_about_has_its_present_name_and_the_task_keeps_its_own() {
    let task = r#"{"text":"Ada","label":"PER","label_of":"PER"}"#;
    let names: BTreeMap<_, _> = [("PER".to_owned(), "PERSON".to_owned())].into_iter().collect();
    let config = json!({"blocks": [{"view_id": "html"}, {"view_id": "classification"}]});
    for (id, asks) in
        [("classification", true), ("choice", true), ("blocks", true), ("ner_manual", false)]
    {
        let config = config.as_object().expect("an object").clone();
        let interface = Interface::new(id, Settings { labels: Vec::new(), config });
        let export = Export {
            project: "demo".into(),
            interface: interface.expect("an interface"),
            renamed: Renamed::new(names.clone(), true),
            filter: Filter::default(),
            cells: Cells::default(),
        };
        let records = [record(task, vec![answer("andy", Verdict::Accept, &json!({}), T)])];
        let line = pen_writes("jsonl", &export, &records);
        let fields: Map<String, Value> = serde_json::from_str(&line).expect("JSON");
        let now = if asks { "PERSON" } else { "PER" };
        assert_eq!((&fields["label"], &fields["label_of"]), (&json!(now), &json!("PER")), "{id}");
        assert_eq!(fields.get("_task"), asks.then(|| json!({"label": "PER"})).as_ref(), "{id}");
        // The line is the task that it answers.
        let read = super::texts(None, line.as_bytes());
        let back: Map<String, Value> = serde_json::from_str(&read[0]).expect("JSON");
        assert_eq!(back["label"], "PER", "{id}");
        assert_eq!(rows(&pen_writes("csv", &export, &records))[0]["label"], now, "{id}");
        let tasks = pen_writes("tasks", &export, &records);
        assert!(tasks.contains(&format!("\"task\":{task}")), "{id}: {tasks}");
        assert_eq!(tasks.contains("PERSON"), asks, "{id}: {tasks}");
    }
}

fn view(id: &str) -> Interface {
    Interface::new(id, Settings::default()).expect("an interface")
}

pub(super) fn plain(format: &str, interface: Interface, records: &[Record]) -> String {
    written(format, interface, &Filter::default(), records)
}

const HI: &str = r#"{"z":1.10,"text":"hi my name is 0","big":123456789012345678901234567890,"e":1e3,"_task_hash":-978533357,"meta":{"n": 0.50}}"#;

#[test]
fn jsonl_is_the_task_to_the_letter_with_the_answer_behind_it() {
    let records =
        [record(HI, vec![answer("andy", Verdict::Reject, &json!({"comment": "odd"}), T + 999)])];
    let id = records[0].task.id.to_string();
    assert_eq!(
        plain("jsonl", view("classification"), &records),
        format!(
            "{}{id}\"}}\n",
            r#"{"z":1.10,"text":"hi my name is 0","big":123456789012345678901234567890,"e":1e3,"_task_hash":-978533357,"meta":{"n":0.50},"comment":"odd","_input_hash":-784135307,"_view_id":"classification","answer":"reject","_timestamp":1772439300,"_annotator_id":"demo-andy","_session_id":"demo-andy","_id":""#
        )
    );
}

#[test]
fn jsonl_has_the_annotators_spans_in_the_place_of_the_suggested_ones() {
    let task = r#"{"text":"Mae in Rome","spans":[{"start":0,"end":3,"label":"OLD"}],"meta":{}}"#;
    let spans = json!({"spans": [{"start": 7, "end": 11, "label": "LOC", "token_start": 2, "token_end": 2}]});
    let text = plain(
        "jsonl",
        view("ner_manual"),
        &[record(task, vec![answer("a", Verdict::Accept, &spans, T)])],
    );
    let line: Map<String, Value> = serde_json::from_str(&text).expect("JSON");
    let keys: Vec<&str> = line.keys().map(String::as_str).collect();
    assert_eq!(keys[..4], ["text", "spans", "meta", "tokens"]);
    assert_eq!(line["spans"], spans["spans"]);
    assert_eq!(
        line["tokens"][2],
        json!({"text": "Rome", "start": 7, "end": 11, "id": 2, "ws": false})
    );
}

#[test]
fn jsonl_keeps_the_tokens_that_a_task_came_with() {
    let task = r#"{"text":"Mae","tokens":[{"text":"Mae","start":0,"end":3,"id":0,"odd":1.0}]}"#;
    let text = plain(
        "jsonl",
        view("ner_manual"),
        &[record(task, vec![answer("a", Verdict::Accept, &json!({"spans": []}), T)])],
    );
    assert!(text.starts_with(&task[..task.len() - 1]), "{text}");
    assert_eq!(text.matches("tokens").count(), 1);
}

#[test]
fn jsonl_of_every_key_that_a_task_may_have_is_one_object_a_line() {
    // Reads what it writes: the identity survives the way out and in.
    let task = r#"{"text":"a\nb\u2028","label":"X","answer":"accept","_session_id":"old","_id":{"$oid":"1"}}"#;
    let records = [record(
        task,
        vec![
            answer("a", Verdict::Ignore, &json!({}), T),
            answer("b", Verdict::Accept, &json!({"label": "Y"}), T),
        ],
    )];
    let text = plain("jsonl", view("classification"), &records);
    let lines: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["answer"], "ignore");
    assert_eq!(lines[0]["label"], "X");
    assert_eq!(lines[1]["label"], "Y", "the annotator's word goes before the task's");
    assert_eq!(lines[1]["_session_id"], "demo-b");
    assert_eq!(lines[1]["_id"], records[0].task.id.as_str());
    let again = Task::new(TaskJson::parse(text.lines().next().expect("a line")).expect("a task"));
    assert_eq!(again.id, records[0].task.id);
}

#[test]
fn jsonl_keeps_what_a_task_had_under_an_answers_keys_apart() {
    let task = r#"{"text":"a","accept":[1.0],"comment":"\u00e9","flagged":true,"answer":"reject"}"#;
    let records = [record(
        task,
        vec![
            answer("a", Verdict::Accept, &json!({"accept": [2], "comment": "odd"}), T),
            answer("b", Verdict::Ignore, &json!({"skip_reason": "unclear"}), T),
        ],
    )];
    let text = plain("jsonl", view("choice"), &records);
    let lines: Vec<&str> = text.lines().collect();
    let begins = r#"{"text":"a","accept":[2],"comment":"odd","answer":"accept","_task":{"accept":[1.0],"comment":"\u00e9","flagged":true,"answer":"reject"},"_input_hash""#;
    assert!(lines[0].starts_with(begins), "{}", lines[0]);
    let begins = r#"{"text":"a","accept":[1.0],"answer":"ignore","skip_reason":"unclear","_task":{"comment":"\u00e9","flagged":true,"answer":"reject"},"_input_hash""#;
    assert!(lines[1].starts_with(begins), "{}", lines[1]);
    // Both lines load as the task again.
    for read in super::texts(None, text.as_bytes()) {
        let own = TaskJson::parse(task).expect("a task");
        let read = TaskJson::parse(&read).expect("a task");
        for (key, value) in own.fields() {
            assert_eq!(read.fields()[&key].get(), value.get(), "{key}");
        }
    }
}

#[test]
fn tasks_have_everything() {
    let mut record = record(
        HI,
        vec![answer("andy", Verdict::Accept, &json!({"history": 1, "accept": ["x"]}), T)],
    );
    record.state.answers[0].history.push(version(Verdict::Ignore, &json!({}), T - 60_000));
    record.state.late.push(answer("li", Verdict::Reject, &json!({}), T + 250));
    let id = record.task.id.to_string();
    let expected = [
        r#"{"_id":""#,
        &id,
        r#"","_input_hash":-784135307,"_task_hash":-978533357,"task":"#,
        &HI.replace(": ", ":"),
        r#","wanted":2,"seen":1,"coders":["andy"],"finished":false,"answers":[{"annotator":"andy","#,
        r#""answer":"accept","history_":1,"accept":["x"],"time_loaded":"2026-03-02T08:14:58.450Z","#,
        r#""time_returned":"2026-03-02T08:15:00.000Z","history":[{"answer":"ignore","#,
        r#""time_loaded":"2026-03-02T08:13:58.450Z","time_returned":"2026-03-02T08:14:00.000Z"}]}],"#,
        r#""late":[{"annotator":"li","answer":"reject","time_loaded":"2026-03-02T08:14:58.700Z","#,
        r#""time_returned":"2026-03-02T08:15:00.250Z","history":[]}]}"#,
        "\n",
    ]
    .concat();
    assert_eq!(plain("tasks", view("choice"), &[record]), expected);
}

/// The rows of a table, by the names of their columns.
fn rows(text: &str) -> Vec<Map<String, Value>> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let names = reader.headers().expect("a head").clone();
    reader
        .records()
        .map(|row| {
            let row = row.expect("a row as long as the head");
            names.iter().zip(&row).map(|(name, cell)| (name.to_owned(), cell.into())).collect()
        })
        .collect()
}

#[test]
fn csv_has_a_column_for_every_key_and_every_cell_in_quotes() {
    let data = json!({
        "accept": ["a", 2],
        "spans": [{"start": 0, "end": 1, "label": "X"}],
        "comment": "odd", "flagged": true,
    });
    let records = [
        record(
            r#"{"text":"a","label":"-1","n":-1.50,"date":"then","meta":{"source":"web","of":{"x":1e3}},"tokens":[]}"#,
            vec![
                answer("andy", Verdict::Accept, &data, T),
                answer("zach", Verdict::Ignore, &json!({"skip_reason": "unclear"}), T + 5),
            ],
        ),
        record(
            r#"{"html":"<b>","accept":["z"],"comment":"first","meta":null}"#,
            vec![answer("li", Verdict::Reject, &json!({}), T)],
        ),
        record(r#"{"text":"untouched","own":1}"#, Vec::new()),
    ];
    let [a, b] = [&records[0].task.id, &records[1].task.id];
    assert_eq!(
        plain("csv", view("choice"), &records),
        [
            r#""date","coder","diff","id","answer","accept","spans","comment","flagged","skip_reason","#,
            r#""text","html","label","date_","meta","n","meta.of","meta.source","check""#,
            "\n",
            &format!(r#""2026-03-02T08:15:00.000Z","andy","1.6","{a}","accept","#),
            r#""[""a"",2]","[{""start"":0,""end"":1,""label"":""X""}]","odd","true","","#,
            r#""a","","'-1","then","","-1.50","{""x"":1e3}","web","""#,
            "\n",
            &format!(r#""2026-03-02T08:15:00.005Z","zach","1.6","{a}","ignore","#),
            r#""","","","","unclear","a","","'-1","then","","-1.50","{""x"":1e3}","web","""#,
            "\n",
            &format!(r#""2026-03-02T08:15:00.000Z","li","1.6","{b}","reject","#),
            r#""[""z""]","","","","","","<b>","","","","","","","""#,
            "\n",
        ]
        .concat()
    );
}

#[test]
fn csv_has_what_each_interface_adds() {
    for (id, task, added) in [
        ("text_input", r#"{"text":"a"}"#, json!({"user_input": "hola"})),
        ("relations", r#"{"text":"Ana leads"}"#, json!({"relations": [{"head": 0}], "spans": []})),
        ("image_manual", r#"{"image":"a.png"}"#, json!({"spans": [{"points": [[1, 5.5]]}]})),
        ("audio_manual", r#"{"audio":"a.wav"}"#, json!({"audio_spans": [{"start": 0.4}]})),
        ("pages", r#"{"pages":[]}"#, json!({"pages": [{"accept": [1]}]})),
        ("html", r#"{"html":"<p>"}"#, json!({"a client's own": "b"})),
    ] {
        let records = [record(task, vec![answer("a", Verdict::Accept, &added, T)])];
        let text = plain("csv", view(id), &records);
        let row = &rows(&text)[0];
        for (key, value) in added.as_object().expect("an object") {
            let plain = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            assert_eq!(row[key], plain, "{id}");
        }
        let shown: Map<String, Value> = serde_json::from_str(task).expect("JSON");
        assert!(shown.keys().all(|key| row.contains_key(key)), "{id}: {row:?}");
    }
}

#[test]
fn csv_runs_nowhere_and_is_raw_on_request() {
    let task = r#"{"text":"=HYPERLINK(\"x\"), \"so\"\nb;@c","=1":"\u00e9","image":"data:image/png;base64,"}"#;
    let task = task.replace("base64,", &format!("base64,{}", "A".repeat(300)));
    let records = [record(&task, vec![answer("a", Verdict::Accept, &json!({}), T)])];
    let text = plain("csv", view("text"), &records);
    let row = &rows(&text)[0];
    assert_eq!(row["text"], "'=HYPERLINK(\"x\"), \"so\"\nb;'@c");
    assert_eq!(row["'=1"], "é");
    assert_eq!(row["image"], "data:image/png;base64…");
    let cells = Cells { raw: true, bom: true };
    let text = table(view("text"), &Filter::default(), cells, &records);
    let text = text.strip_prefix('\u{feff}').expect("a byte order mark");
    let own: Map<String, Value> = serde_json::from_str(&task).expect("JSON");
    for (key, value) in own {
        assert_eq!(rows(text)[0][&key], value);
    }
}

#[test]
fn csv_with_a_thousand_keys_and_more_has_one_column_for_them() {
    let meta: Map<String, Value> = (0..1200).map(|n| (n.to_string(), n.into())).collect();
    let task = json!({"text": "a", "meta": meta}).to_string();
    let records = [record(&task, vec![answer("a", Verdict::Accept, &json!({}), T)])];
    let text = plain("csv", view("text"), &records);
    let row = &rows(&text)[0];
    assert_eq!(row["meta"], Value::Object(meta).to_string());
}

#[test]
fn csv_leaves_out_an_answer_that_came_too_late_for_its_columns_and_says_so() {
    let yes = |data: &Value| vec![answer("a", Verdict::Accept, data, T)];
    let seen = record(r#"{"text":"1"}"#, yes(&json!({})));
    let new = record(r#"{"text":"2"}"#, yes(&json!({"why": "so"})));
    let export = export(view("text"), &Filter::default(), Cells::default());
    let mut pen = Format::from_name("csv").expect("a format").pen(&export);
    pen.survey(&seen);
    let mut out = Vec::new();
    pen.begin(&mut out);
    assert_eq!(pen.record(&seen, &mut out), 1);
    assert_eq!((pen.record(&new, &mut out), pen.left_out()), (0, 1));
}

#[test]
fn filters_choose_annotators_times_finished_tasks_and_late_answers() {
    let yes = |annotator: &str, at: i64| answer(annotator, Verdict::Accept, &json!({}), at);
    let mut first = record(r#"{"text":"1"}"#, vec![yes("a", T), yes("b", T + 10)]);
    first.state.late.push(yes("c", T + 20));
    let records = [
        first,
        record(r#"{"text":"2"}"#, vec![yes("a", T + 30)]),
        record(r#"{"text":"3"}"#, vec![]),
    ];
    let lines = |format: &str, filter: Filter| {
        written(format, view("text"), &filter, &records).lines().count()
    };
    let of_a = || Filter { annotators: vec!["a".into()], ..Filter::default() };
    let since = || Filter { since: Some(Millis(T + 10)), ..Filter::default() };
    let finished = || Filter { only_finished: true, ..Filter::default() };
    let late = || Filter { late: true, ..Filter::default() };
    for (name, make, jsonl, tasks) in [
        ("all", Filter::default as fn() -> Filter, 3, 3),
        ("of one", of_a, 2, 2),
        ("since", since, 2, 2),
        ("finished", finished, 2, 1),
        ("late too", late, 4, 3),
    ] {
        assert_eq!(lines("jsonl", make()), jsonl, "{name}");
        assert_eq!(lines("csv", make()), jsonl + 1, "{name}");
        assert_eq!(lines("tasks", make()), tasks, "{name}");
    }
    let text = written("jsonl", view("text"), &late(), &records);
    assert_eq!(text.matches("\"_late\":true").count(), 1);
    let text = written("csv", view("text"), &late(), &records);
    assert!(text.lines().next().expect("a head").ends_with(",\"check\",\"late\""));
}

#[test]
fn every_format_has_a_name_of_its_own() {
    assert_eq!(Format::names(), ["jsonl", "csv", "tasks"]);
    for format in FORMATS {
        assert_eq!(Format::from_name(format.name).expect("itself").name, format.name);
    }
    assert!(Format::from_name("conll").is_none());
}
