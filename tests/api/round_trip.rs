//! Whatever loading accepts can be shown, annotated, taken and exported, to the letter: random
//! tasks of each interface, answered by the page's own modules in Node.
//!
//! The tasks are odd in the ways that files are: `null` in any key, whole numbers as floats,
//! options as words, tokens and spans of their own, texts in any script. Those that loading refuses
//! are left out. Of the rest the page gets what the server sends, and makes two answers, one
//! untouched and one annotated (`tests/web/simulated_annotator.js`). The server has to take both;
//! the export has to hold the line and the answer to the letter; and a card that comes back from
//! the history has to make the same answer again.
//!
//! Everything follows from the seeds, so a failure is there again at the next run. Node 20 is a
//! browser that has one kind of number; what numbers kept as written do (json.js) is tried in
//! tests/browser.

mod tasks;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::sync::Arc;

use annotd::allocation::{Lane, Position, SequenceNumber, TaskState};
use annotd::export::{Cells, Export, Filter, Format};
use annotd::interface::Interface;
use annotd::store::Record;
use annotd::task::{
    Answer, Basis, Fields, Millis, Renamed, TOKENIZER, Task, TaskJson, Verdict, Version,
};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use tasks::Dice;

/// Tasks of each interface.
const EACH: u64 = 300;
/// How many of these loading has to accept, so that the test says something.
const ACCEPTED: usize = 40;

/// A card that loading accepts.
struct Card {
    interface: Interface,
    task: Arc<Task>,
    seed: u64,
}

impl Card {
    fn line(&self, record: Option<&Fields>) -> Value {
        let mut served = self.interface.page_fields(&self.task.body);
        served.insert("_id".into(), raw(&self.task.id.to_string().into()));
        let settings = self.interface.settings();
        let mut line = json!({
            "view": self.interface.name(),
            "seed": self.seed,
            "project": {
                "project": "p", "annotator": "andy", "view_id": self.interface.name(),
                "labels": settings.labels, "config": settings.config, "batch_size": 10,
            },
            "reply": format!("{{\"tasks\":[{}]}}", serde_json::to_string(&served).expect("JSON")),
        });
        if let Some(record) = record {
            let mut shown = served;
            shown.extend(record.clone());
            line["record"] = serde_json::to_string(&shown).expect("JSON").into();
        }
        line
    }

    /// What the server keeps of an answer that the page sent.
    fn receive(&self, sent: &str) -> Result<Map<String, Value>, String> {
        let mut sent: Map<String, Value> = serde_json::from_str(sent).expect("an object");
        sent.insert("answer".into(), "accept".into());
        let received = self.interface.receive(&self.task.body, &sent);
        received.map(|(_, data)| data).map_err(|misfit| misfit.to_string())
    }

    fn exported(&self, data: &Map<String, Value>) -> Fields {
        let version = Version {
            verdict: Verdict::Accept,
            data: data.clone(),
            time_loaded: Millis(0),
            time_returned: Millis(0),
            basis: Basis { edition: 0, tokenizer: TOKENIZER },
        };
        let answer = Answer { annotator: "andy".into(), current: version, history: Vec::new() };
        let mut state = TaskState::new(1, vec![Lane::Anyone]);
        state.answers = vec![answer];
        let record = Record {
            task: Arc::clone(&self.task),
            number: SequenceNumber(0),
            position: Position(0),
            state,
        };
        let export = Export {
            project: "p".into(),
            interface: self.interface.clone(),
            filter: Filter::default(),
            cells: Cells::default(),
            renamed: Renamed::default(),
        };
        let mut out = Vec::new();
        let written =
            Format::from_name("jsonl").expect("a format").pen(&export).record(&record, &mut out);
        assert_eq!(written, 1);
        serde_json::from_slice(&out).expect("a line of JSON")
    }

    /// That a choice shows every option of its task, and that each can be chosen.
    fn check_options(&self, said: &Value) -> Result<(), String> {
        let Some(shown) = said["options"].as_array() else { return Ok(()) };
        let task = self.task.body.to_value();
        let own = task.get("options").and_then(Value::as_array).filter(|own| !own.is_empty());
        let expected = own.map_or(self.interface.settings().labels.len(), Vec::len);
        if shown.len() != expected {
            return Err(format!("{} of {expected} options are shown", shown.len()));
        }
        shown.iter().try_for_each(|id| self.receive(&json!({"accept": [id]}).to_string()).map(drop))
    }

    /// That a line has the whole task and the whole answer.
    fn check_line(&self, data: &Map<String, Value>, untouched: bool) -> Result<(), String> {
        let line = self.exported(data);
        let sets = self.interface.answer_keys(&self.task.body);
        let apart: Fields = line
            .get("_task")
            .map(|apart| serde_json::from_str(apart.get()).expect("an object"))
            .unwrap_or_default();
        for (key, value) in &self.task.body.fields() {
            let same = |other: Option<&Box<RawValue>>| {
                other.is_some_and(|other| other.get() == value.get())
            };
            let computed = key == "tokens" && value.get() == "null";
            // Pages are completed with what their own answers hold, untouched too.
            let completed = !untouched || value.get() == "null" || key == "pages";
            let by_answer = sets.contains(key) && completed;
            if !(same(line.get(key)) || same(apart.get(key)) || computed || by_answer) {
                return Err(format!("{key} is not as it was: {:?}", line.get(key)));
            }
        }
        for (key, value) in data {
            let there = line.get(key).map(|there| serde_json::from_str::<Value>(there.get()));
            if !there.is_some_and(|there| there.is_ok_and(|there| there == *value)) {
                return Err(format!("{key} of the answer is not there: {:?}", line.get(key)));
            }
        }
        Ok(())
    }
}

fn raw(value: &Value) -> Box<RawValue> {
    serde_json::value::to_raw_value(value).expect("JSON")
}

/// What the page says to each of these lines.
fn ask(lines: &[Value]) -> Vec<Value> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/web/simulated_annotator.js");
    let mut page = Command::new("node")
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node runs");
    let mut input = page.stdin.take().expect("its input");
    let output = BufReader::new(page.stdout.take().expect("its output"));
    let said: Vec<Value> = std::thread::scope(|scope| {
        scope.spawn(move || {
            for line in lines {
                writeln!(input, "{line}").expect("node reads");
            }
        });
        output
            .lines()
            .map(|line| serde_json::from_str(&line.expect("UTF-8")).expect("JSON"))
            .collect()
    });
    assert!(page.wait().expect("node ends").success());
    assert_eq!(said.len(), lines.len());
    said
}

fn cards() -> Vec<Card> {
    let mut cards = Vec::new();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for view in Interface::names() {
        for number in 0..EACH {
            let mut dice = Dice::new(view, number);
            let (settings, text) = tasks::task(view, &mut dice);
            let interface = Interface::new(view, settings).expect("it is there");
            let body = TaskJson::parse(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
            if interface.can_show(&body).is_ok() {
                *counts.entry(interface.name()).or_default() += 1;
                cards.push(Card { interface, task: Arc::new(Task::new(body)), seed: number });
            }
        }
    }
    for view in Interface::names() {
        let accepted = counts.get(view).copied().unwrap_or_default();
        assert!(accepted >= ACCEPTED, "{view}: only {accepted} of {EACH} could be loaded");
    }
    cards
}

#[test]
fn what_loads_comes_out_to_the_letter() {
    let cards = cards();
    let lines: Vec<Value> = cards.iter().map(|card| card.line(None)).collect();
    let answers = ask(&lines);
    let mut wrong: BTreeMap<String, (usize, String)> = BTreeMap::new();
    let mut report = |card: &Card, what: &str, why: String, said: &Value| {
        let place = format!("{} {what}: {}", card.interface.name(), kind_of(&why));
        let told = format!("{why}\n  task {}\n  said {said}", card.task.body);
        wrong.entry(place).or_insert((0, told)).0 += 1;
    };
    let mut again = Vec::new();
    for (card, said) in cards.iter().zip(&answers) {
        if let Some(error) = said.get("error") {
            report(card, "page", error.to_string(), said);
            continue;
        }
        if let Err(why) = card.check_options(said) {
            report(card, "options", why, said);
        }
        for what in ["untouched", "annotated"] {
            let sent = said[what].as_str().expect("a text");
            let data = match card.receive(sent) {
                Ok(data) => data,
                Err(misfit) => {
                    report(card, what, misfit, &said[what]);
                    continue;
                }
            };
            if let Err(why) = card.check_line(&data, what == "untouched") {
                report(card, what, why, &said[what]);
            }
            let record: Fields =
                data.iter().map(|(key, value)| (key.clone(), raw(value))).collect();
            again.push((card, data, card.line(Some(&record))));
        }
    }
    let lines: Vec<Value> = again.iter().map(|(_, _, line)| line.clone()).collect();
    for ((card, data, _), said) in again.iter().zip(ask(&lines)) {
        let Some(sent) = said["again"].as_str() else {
            report(card, "again", said.to_string(), &said);
            continue;
        };
        match card.receive(sent) {
            Ok(same) if same == *data => {}
            Ok(other) => {
                let why = format!("another answer: {}", Value::Object(other));
                report(card, "again", why, &Value::Object(data.clone()));
            }
            Err(misfit) => report(card, "again", misfit, &said),
        }
    }
    let told: Vec<String> =
        wrong.iter().map(|(place, (count, told))| format!("{count} × {place}\n  {told}")).collect();
    assert!(told.is_empty(), "{}", told.join("\n"));
}

/// The words of a message without its numbers and quotations, to count what is alike.
fn kind_of(why: &str) -> String {
    why.chars().filter(|c| !c.is_ascii_digit()).take(50).collect()
}
