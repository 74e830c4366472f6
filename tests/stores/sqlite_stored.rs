//! What is stored, to the letter, and how a store of an older format becomes one of the present.
//!
//! `stored/format-2` is a project as the last annotd of format 2 left it: its store, what it
//! exported and backed up, and the roster.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

pub mod scenario;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::scenario::{answer, much, policy, rules, says, task};
use crate::common::daemon::annotd;
use annotd::allocation::{Overrides, SequenceNumber};
use annotd::backup::{self, Backup, Head};
use annotd::export::atomic_file::Output;
use annotd::identity::Identity;
use annotd::ingest::load::rule;
use annotd::interface::{Interface, Settings};
use annotd::planning;
use annotd::store::audit::Outcome;
use annotd::store::{self, Record, RecordFilter, Store, StoreError};
use annotd::task::{Millis, TaskId, Verdict};
use annotd::verify::{self, VerifyOptions, VerifyReport};
use rusqlite::Connection;

const STORE_2: &str = include_str!("golden/format-2/store.sql");
const ROSTER_2: &str = include_str!("golden/format-2/annotators.toml");

/// A folder with the store of format 2 and its roster.
fn of_format_2() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("annotators.toml"), ROSTER_2).unwrap();
    std::fs::write(folder.path().join("tasks.jsonl"), include_str!("golden/format-2/tasks.jsonl"))
        .unwrap();
    let file = Connection::open(folder.path().join("stored.db")).unwrap();
    file.execute_batch(STORE_2).unwrap();
    file.pragma_update(None, "journal_mode", "WAL").unwrap();
    folder
}

fn export(folder: &Path, format: &str) -> String {
    let output = annotd(folder).args(["export", "--format", format]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn assert_exports_are_as_they_were(folder: &Path) {
    assert_eq!(export(folder, "jsonl"), include_str!("golden/format-2/export.jsonl"));
    assert_eq!(export(folder, "tasks"), include_str!("golden/format-2/export.tasks.jsonl"));
}

fn format_of(file: &Path) -> i64 {
    Connection::open(file)
        .unwrap()
        .query_row("SELECT value FROM meta WHERE key = 'format'", [], |row| row.get(0))
        .unwrap()
}

async fn all(store: &dyn Store) -> Vec<Record> {
    store.records(RecordFilter::All, SequenceNumber::START, 1000).await.unwrap()
}

async fn verify(store: &dyn Store, repair: bool) -> VerifyReport {
    let (rules, policy) = (rules(), policy());
    let rule = rule::in_force(store, None).await.unwrap();
    let interface = Interface::new("text", Settings::default()).unwrap();
    let identity = &Identity::new(rule, interface, None);
    let now = Millis(0);
    let inquiry =
        VerifyOptions { rules: &rules, policy: &policy, identity, repair, now, shown: 20 };
    verify::verify(store, inquiry, |_| ()).await.unwrap()
}

/// What remains of a look, but for notes: names and tasks.
fn broken(report: &VerifyReport) -> Vec<(&'static str, Option<TaskId>)> {
    let findings = report.kinds.values().flat_map(|kind| &kind.first);
    let wrong = findings.filter(|finding| finding.outcome != Outcome::Note);
    wrong.map(|finding| (finding.breaks, finding.task.clone())).collect()
}

/// Every row of every table, a line each, in the order of the keys; what is long as its length.
fn every_row(file: &Path) -> String {
    let file = Connection::open(file).unwrap();
    let names: Vec<String> = file
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let mut text = String::new();
    for name in names {
        writeln!(text, "## {name}").unwrap();
        let mut statement = file.prepare(&format!("SELECT * FROM {name}")).unwrap();
        let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let mut lines = Vec::new();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let cell = |(nth, column): (usize, &String)| {
                let value = match row.get_ref(nth).unwrap() {
                    rusqlite::types::ValueRef::Null => "NULL".to_owned(),
                    rusqlite::types::ValueRef::Integer(number) => number.to_string(),
                    rusqlite::types::ValueRef::Text(text) if text.len() > 10_000 => {
                        format!("({} bytes)", text.len())
                    }
                    rusqlite::types::ValueRef::Text(text) => {
                        format!("'{}'", std::str::from_utf8(text).unwrap())
                    }
                    other => panic!("{column} holds {other:?}"),
                };
                format!("{column}={value}")
            };
            let cells: Vec<String> = columns.iter().enumerate().map(cell).collect();
            lines.push(cells.join(" "));
        }
        if name != "meta" {
            // By their keys, which stand first.
            lines.sort_by_key(|line| {
                let number = line.split(['=', ' ']).nth(1).and_then(|n| n.parse::<i64>().ok());
                (number, line.clone())
            });
        }
        for line in lines {
            writeln!(text, "{line}").unwrap();
        }
    }
    text
}

/// Compares with a file of `stored/`; with ANNOTD_WRITE_GOLDEN it writes that file.
fn assert_golden(name: &str, text: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/stores/golden").join(name);
    if std::env::var_os("ANNOTD_WRITE_GOLDEN").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap();
    for (is, was) in text.lines().zip(golden.lines()) {
        assert_eq!(is, was, "{name}: what is stored has changed; that is a new stored format");
    }
    assert_eq!(text.lines().count(), golden.lines().count(), "{name}");
}

async fn filled(folder: &Path) -> (PathBuf, Arc<dyn Store>) {
    let path = folder.join("annotd.db");
    let store = store::open("annotd.db", folder, "p").await.unwrap();
    scenario::fill(&store).await;
    (path, store)
}

#[tokio::test]
async fn every_row_is_stored_as_it_always_was() {
    let folder = tempfile::tempdir().unwrap();
    let (path, store) = filled(folder.path()).await;
    store.close().await;
    assert_golden("sqlite.txt", &every_row(&path));
}

#[tokio::test]
async fn every_version_comes_back_and_large_ones_lie_apart() {
    let folder = tempfile::tempdir().unwrap();
    let (path, store) = filled(folder.path()).await;
    let records = all(&*store).await;
    let of = |text: &str| {
        let found = records.iter().find(|record| record.task.body.as_str().contains(text));
        found.unwrap().state.clone()
    };
    let verdicts = |answer: &annotd::task::Answer| -> Vec<Verdict> {
        answer.history.iter().chain([&answer.current]).map(|version| version.verdict).collect()
    };
    let early = of("sentence 20");
    let expected = [Verdict::Accept, Verdict::Reject, Verdict::Accept];
    assert_eq!(verdicts(&early.answers[0]), expected);
    assert_eq!(early.answers[0].history[1].data["spans"][0]["weight"].to_string(), "1.50");
    assert_eq!(verdicts(&of("sentence 23").late[0]), [Verdict::Accept, Verdict::Reject]);
    let eve = &of("$a").answers[0];
    assert_eq!(eve.history[0].data["user_input"].as_str().unwrap().len(), 70_000);
    assert!(eve.current.data["user_input"].as_str().unwrap().starts_with("bb"));
    let file = Connection::open(&path).unwrap();
    let count = |sql: &str| file.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM large"), 2);
    assert_eq!(count("SELECT max(length(data)) < 1000 FROM answer"), 1);
    // An old copy of the first changes nothing; a new opinion counts on.
    let id = records.iter().find(|r| r.state.answers.contains(eve)).unwrap().task.id.clone();
    let copy = says(Verdict::Accept, &much("a"), 170);
    assert_eq!(answer(&*store, &id, "eve", copy).await.as_str(), "unchanged");
    let little = says(Verdict::Reject, "{}", 300);
    assert_eq!(answer(&*store, &id, "eve", little).await.as_str(), "revised");
    let record = store.look_up(&[id]).await.unwrap().remove(0).unwrap();
    assert_eq!(record.state.answers[0].history.len(), 2);
    assert_eq!(count("SELECT max(nth) FROM history WHERE annotator = 'eve'"), 2);
    assert_eq!(broken(&verify(&*store, false).await), []);
}

#[tokio::test]
async fn earlier_versions_that_are_spare_are_removed_and_lost_ones_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let (path, store) = filled(folder.path()).await;
    assert_eq!(broken(&verify(&*store, false).await), []);
    let before = all(&*store).await;
    let file = Connection::open(&path).unwrap();
    file.execute_batch(
        "INSERT INTO history SELECT seq, annotator, revisions + 1, answer, data, time_loaded, \
         time_returned, edition, tokenizer, NULL FROM answer WHERE annotator IN ('ann', 'eve'); \
         INSERT INTO large SELECT seq, annotator, 9, data FROM large LIMIT 1;",
    )
    .unwrap();
    // A spare is none of the versions.
    let plain = |records: &[Record]| -> Vec<_> {
        records.iter().map(|record| record.state.clone()).collect()
    };
    assert_eq!(plain(&all(&*store).await), plain(&before));
    let found = verify(&*store, false).await;
    let names: Vec<_> = broken(&found).iter().map(|(name, _)| *name).collect();
    assert_eq!((names, found.repairable()), (vec!["history", "history", "large"], 3));
    assert_eq!(verify(&*store, true).await.remain(), 0);
    assert_eq!(broken(&verify(&*store, true).await), []);
    assert_eq!(plain(&all(&*store).await), plain(&before));
    // The next change of the answer takes the number of the spare.
    let ann = before.iter().find(|r| r.state.answers.iter().any(|a| a.annotator == "ann")).unwrap();
    file.execute_batch(
        "INSERT INTO history SELECT seq, annotator, revisions + 1, 'ignore', '{}', 0, 0, 0, 1, NULL \
         FROM answer WHERE annotator = 'ann'",
    )
    .unwrap();
    answer(&*store, &ann.task.id, "ann", says(Verdict::Reject, "{}", 500)).await;
    let after = store.look_up(std::slice::from_ref(&ann.task.id)).await.unwrap().remove(0).unwrap();
    let (was, is) = (&ann.state.answers[0], &after.state.answers[0]);
    assert_eq!(is.history.len(), was.history.len() + 1);
    assert_eq!(is.history.last(), Some(&was.current));
    assert_eq!(broken(&verify(&*store, false).await), []);
    // An edition that a lease names, and that is gone.
    file.execute_batch("UPDATE hold SET edition = 9").unwrap();
    let names: Vec<_> =
        broken(&verify(&*store, true).await).iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["edition"]);
    file.execute_batch("UPDATE hold SET edition = 2").unwrap();
    // An earlier version that is gone.
    file.execute_batch("DELETE FROM history WHERE annotator = 'ann' AND nth = 2").unwrap();
    let lost = verify(&*store, true).await;
    assert_eq!(broken(&lost), [("history", Some(ann.task.id.clone()))]);
    assert_eq!((lost.remain(), lost.repairable()), (1, 0));
}

#[tokio::test]
async fn a_store_of_format_2_is_read_as_it_is_and_changed_by_the_daemon_alone() {
    let folder = of_format_2();
    let path = folder.path().join("stored.db");
    let before = every_row(&path);
    assert_exports_are_as_they_were(folder.path());
    for (command, code) in [
        (&["status"][..], 0),
        (&["verify"][..], 0),
        (&["backup", "-o", "backup.zst"][..], 0),
        (&["check", "--store"][..], 0),
        (&["verify", "--repair"][..], 78),
        (&["load", "-i", "tasks.jsonl"][..], 78),
        (&["release", "--annotator", "ann"][..], 78),
        (&["link", "ann"][..], 78),
    ] {
        let output = annotd(folder.path()).args(command).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{command:?}: {said}");
        assert!(code == 0 || said.contains("`annotd run`"), "{command:?}: {said}");
    }
    // So does a start that is refused for the rule of identity.
    let roster = folder.path().join("annotators.toml");
    let text = std::fs::read_to_string(&roster).unwrap();
    let other = text.replacen("[project]\n", "[project]\nidentity = \"content\"\n", 1);
    std::fs::write(&roster, other).unwrap();
    let output = annotd(folder.path()).arg("run").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(78), "{said}");
    assert!(said.contains("told apart by \"format-2\""), "{said}");
    std::fs::write(&roster, text).unwrap();
    assert_eq!(every_row(&path), before, "it is unchanged");

    let store = store::open_to_run("stored.db", folder.path(), "stored").await.unwrap();
    assert_eq!(store.identity().await.unwrap().as_deref(), Some("format-2"));
    let keys = store.keys().await.unwrap();
    assert_eq!(keys.keys().collect::<Vec<_>>(), ["(lead)", "ann", "bob", "cyd"]);
    // What was dealt by the mixture goes on where it was.
    let deal = store.allocation_record().await.unwrap();
    assert!(deal.state.contains(r#""shares":"0.7 x 1 + 0.3 x 2""#), "{}", deal.state);
    assert!(deal.state.contains(r#""given":[26,12]"#), "{}", deal.state);
    assert!(deal.state.contains(r#""rules":"loaded balanced hold""#), "{}", deal.state);
    store.close().await;
    assert_eq!(format_of(&path), 3);
    assert_exports_are_as_they_were(folder.path());
    let output = annotd(folder.path()).arg("verify").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));

    // The copy is what was there.
    let copies = copies_in(folder.path());
    assert_eq!(copies.len(), 1, "{copies:?}");
    assert!(copies[0].to_string_lossy().contains("stored.db.format-2."), "{copies:?}");
    assert_eq!(every_row(&copies[0]), before);
    // Once is enough.
    store::open_to_run("stored.db", folder.path(), "stored").await.unwrap().close().await;
    assert_eq!(copies_in(folder.path()).len(), 1);
}

/// The copies that lie beside a store.
fn copies_in(folder: &Path) -> Vec<PathBuf> {
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    // What SQLite lays beside a file that is looked at is no copy.
    let mut copies: Vec<PathBuf> = names
        .filter(|path| path.to_string_lossy().contains(".format-"))
        .filter(|path| !path.to_string_lossy().ends_with("-wal"))
        .filter(|path| !path.to_string_lossy().ends_with("-shm"))
        .collect();
    copies.sort();
    copies
}

#[tokio::test]
async fn the_daemon_brings_a_store_of_format_2_to_the_present_and_says_where_the_copy_is() {
    use crate::common::daemon::Project;
    let project = Project { dir: of_format_2() };
    let daemon = project.start();
    let log = project.log();
    assert!(daemon.stop().success(), "{log}");
    assert!(log.contains("lies beside it"), "{log}");
    assert!(log.contains(".format-2."), "{log}");
    assert_eq!(format_of(&project.path().join("stored.db")), 3);
}

#[tokio::test]
async fn the_format_is_not_changed_while_another_process_has_the_file_open() {
    let folder = of_format_2();
    let path = folder.path().join("stored.db");
    let before = every_row(&path);
    // As every annotd has it open, of whatever format.
    let open = Connection::open(&path).unwrap();
    open.query_row("SELECT count(*) FROM task", [], |row| row.get::<_, i64>(0)).unwrap();
    let refused = annotd(folder.path()).args(["run", "--any-port"]).output().unwrap();
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(78), "{said}");
    let words = format!("is of format 2, and process {} has it open", std::process::id());
    assert!(said.contains(&words), "{said}");
    assert_eq!(every_row(&path), before, "it is unchanged");
    assert!(copies_in(folder.path()).is_empty());
    drop(open);
    store::open_to_run("stored.db", folder.path(), "stored").await.unwrap().close().await;
    assert_eq!(format_of(&path), 3);
}

#[tokio::test]
async fn a_new_store_has_the_tables_of_one_that_came_through_every_format() {
    let folder = of_format_2();
    store::open_to_run("stored.db", folder.path(), "stored").await.unwrap().close().await;
    store::open("new.db", folder.path(), "stored").await.unwrap().close().await;
    let tables = |name: &str| -> BTreeMap<String, Vec<String>> {
        let file = Connection::open(folder.path().join(name)).unwrap();
        let mut statement = file
            .prepare(
                "SELECT s.name, group_concat(c.name || ' ' || c.type || ' ' || c.\"notnull\" || ' ' || c.pk) \
                 FROM sqlite_schema s, pragma_table_xinfo(s.name) c WHERE s.type = 'table' GROUP BY s.name \
                 UNION ALL SELECT name, sql FROM sqlite_schema WHERE type = 'index'",
            )
            .unwrap();
        let rows = statement
            .query_map([], |row| Ok((row.get(0)?, row.get::<_, Option<String>>(1)?)))
            .unwrap();
        rows.map(|row| {
            let (name, text): (String, Option<String>) = row.unwrap();
            let mut parts: Vec<String> =
                text.unwrap_or_default().split(',').map(str::to_owned).collect();
            // A column that came later stands last.
            parts.sort();
            (name, parts)
        })
        .collect()
    };
    assert_eq!(tables("stored.db"), tables("new.db"));
}

#[tokio::test]
async fn earlier_versions_of_format_2_come_over_to_the_letter_and_damage_stays_where_it_is() {
    let folder = of_format_2();
    let path = folder.path().join("stored.db");
    let file = Connection::open(&path).unwrap();
    let history = r#"[{"answer":"accept","data":{"w":1.50,"big":123456789012345678901234567890,"e":1E+3,"t":"ü\u00fc\ud83d\ude00\/\u0000","a":[{"b":null}]},"time_loaded":-5,"time_returned":9},{"answer":"reject","data":{},"time_loaded":10,"time_returned":11}]"#;
    let change = "UPDATE answer SET history = ?1 WHERE (seq, annotator) = \
                  (SELECT seq, annotator FROM answer ORDER BY seq, annotator LIMIT 1 OFFSET ?2)";
    for (nth, text) in [history, "{", "[7]", "{\"a\":{}}", "[{}]"].iter().enumerate() {
        file.execute(change, (text, nth)).unwrap();
    }
    let large = format!(r#"{{"comment":"{}"}}"#, "x".repeat(70_000));
    file.execute("UPDATE answer SET data = ?1 WHERE seq = (SELECT max(seq) FROM answer)", [&large])
        .unwrap();
    let odd: Vec<i64> = file
        .prepare("SELECT seq FROM answer ORDER BY seq, annotator LIMIT 5")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    drop(file);
    let store = store::open_to_run("stored.db", folder.path(), "stored").await.unwrap();
    let file = Connection::open(&path).unwrap();
    let data: String = file
        .query_row("SELECT data FROM history WHERE seq = ?1 AND nth = 1", [odd[0]], |row| {
            row.get(0)
        })
        .unwrap();
    assert!(history.contains(&data), "{data}");
    let count = |sql: &str| file.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert!(count("SELECT count(*) FROM large") >= 1);
    // Damaged tasks are named, each, and the rest is there.
    let report = verify(&*store, false).await;
    let unreadable = report.kinds.get("readable").map_or(0, |kind| kind.found);
    let damaged: std::collections::BTreeSet<i64> = odd[1..].iter().copied().collect();
    assert_eq!(unreadable, damaged.len() as u64, "{report:?}");
}

#[tokio::test]
async fn a_backup_brings_every_row_back() {
    let folder = tempfile::tempdir().unwrap();
    let (path, store) = filled(folder.path()).await;
    let file = folder.path().join("backup.zst");
    let output = Output::to(Some(&file), Box::new(std::io::sink())).unwrap();
    let head = Head::new("p", "sqlite", Millis(5000));
    backup::create(&*store, &head, output, |_| ()).await.unwrap();
    store.close().await;
    let backup = Backup::open(&file, std::io::empty()).unwrap();
    let contents = backup.check(|_| ()).unwrap();
    let copy = store::open_for_restore("copy.db", folder.path(), "p").await.unwrap();
    backup::begin(&*copy, Millis(6000)).await.unwrap();
    backup::restore(&*copy, &backup, &contents, |_| ()).await.unwrap();
    copy.end_restore().await.unwrap();
    copy.close().await;
    let restored = every_row(&folder.path().join("copy.db"));
    // On which occasion a task came back, and in which order answers of different standing came, is
    // not kept in a backup.
    let plain = |text: &str| -> Vec<String> {
        let words = |line: &str| -> String {
            let standing = line.contains("counts=");
            let is_of_place = |word: &str| {
                word.starts_with("reopened=") || (standing && word.starts_with("nth="))
            };
            let kept = line.split(' ').filter(|word| !is_of_place(word));
            kept.collect::<Vec<_>>().join(" ")
        };
        text.lines().map(words).filter(|line| !line.starts_with("key='reopened'")).collect()
    };
    assert_eq!(plain(&restored), plain(&every_row(&path)));
    let lines = zstd::decode_all(std::fs::File::open(&file).unwrap()).unwrap();
    assert_golden("backup.jsonl", &shortened(&String::from_utf8(lines).unwrap()));
}

/// The lines of a backup, with long texts as their length, and without what differs each time.
fn shortened(text: &str) -> String {
    let line = |line: &str| {
        if line.starts_with("{\"annotd\"") {
            return format!("{}\n", line.split("\"version\"").next().unwrap());
        }
        if line.starts_with("{\"large\"") {
            let (start, data) = line.split_once("\"data\":").unwrap();
            return format!("{start}({} bytes)\n", data.len());
        }
        format!("{}\n", line.split(",\"sha256\"").next().unwrap())
    };
    text.lines().map(line).collect()
}

#[tokio::test]
async fn a_backup_of_format_1_is_restored_into_the_present_format() {
    let folder = tempfile::tempdir().unwrap();
    let old =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/stores/golden/format-2/backup.jsonl");
    let backup = Backup::open(&old, std::io::empty()).unwrap();
    let contents = backup.check(|_| ()).unwrap();
    assert_eq!((contents.tasks, contents.answers), (55, 68));
    std::fs::write(folder.path().join("annotators.toml"), ROSTER_2).unwrap();
    let store = store::open_for_restore("stored.db", folder.path(), "stored").await.unwrap();
    assert_eq!(backup::begin(&*store, Millis(5)).await.unwrap(), None);
    backup::restore(&*store, &backup, &contents, |_| ()).await.unwrap();
    store.end_restore().await.unwrap();
    assert_eq!(store.identity().await.unwrap().as_deref(), Some("format-2"));
    let deal = store.allocation_record().await.unwrap();
    assert!(deal.state.contains(r#""shares":"0.7 x 1 + 0.3 x 2""#), "{}", deal.state);
    store.close().await;
    assert_exports_are_as_they_were(folder.path());
    assert_eq!(format_of(&folder.path().join("stored.db")), 3);
}

#[tokio::test]
async fn a_mixture_of_format_2_goes_on_where_it_was() {
    let folder = of_format_2();
    let store = store::open_to_run("stored.db", folder.path(), "stored").await.unwrap();
    let more = |from: usize| (from..from + 62).map(|n| task(&format!(r#"{{"text":"more {n}"}}"#)));
    let rules = annotd::allocation::PlanPolicy { seed: 7, ..rules() };
    planning::admit(&*store, &rules, &Overrides::default(), more(0).collect()).await.unwrap();
    // 38 were dealt before: of 100, 70 want one answer and 30 want two.
    let state = store.allocation_record().await.unwrap().state;
    assert!(state.contains(r#""given":[70,30]"#), "{state}");
}

#[tokio::test]
async fn a_store_that_is_newer_or_of_something_else_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    store::open("a.db", folder.path(), "p").await.unwrap().close().await;
    let file = Connection::open(folder.path().join("a.db")).unwrap();
    file.execute_batch("UPDATE meta SET value = 4 WHERE key = 'format'").unwrap();
    drop(file);
    for error in [
        store::open("a.db", folder.path(), "p").await.err(),
        store::open_to_run("a.db", folder.path(), "p").await.err(),
        store::open_to_read("a.db", folder.path(), "p").await.err(),
        store::open_for_restore("a.db", folder.path(), "p").await.err(),
    ] {
        let Some(StoreError::Unreadable { what, .. }) = error else { panic!("{error:?}") };
        assert!(what.contains("newer annotd (format 4, this one knows 3)"), "{what}");
    }
}

#[tokio::test]
async fn a_store_of_format_2_that_holds_nothing_takes_a_backup_in() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stored.db");
    let file = Connection::open(&path).unwrap();
    file.execute_batch(STORE_2).unwrap();
    file.execute_batch("DELETE FROM task; DELETE FROM queue; DELETE FROM hold; DELETE FROM answer")
        .unwrap();
    drop(file);
    let store = store::open_for_restore("stored.db", folder.path(), "stored").await.unwrap();
    store.close().await;
    assert_eq!((format_of(&path), copies_in(folder.path()).len()), (3, 0));
}
