//! A project of format 2, as the last annotd of that format left it.

use std::path::Path;
use std::process::Output;

use annotd::store::StoreError;
use annotd::store::mongo::MongoStore;
use mongodb::bson::{Bson, doc};

use super::world::{documents, put};
use crate::common::daemon::annotd;
use crate::common::mongod::{Database, fail_point, unique};

const ROSTER: &str = include_str!("../golden/mongo-format-2/annotators.toml");
const TASKS: &str = include_str!("../golden/mongo-format-2/stored.jsonl");
const META: &str = include_str!("../golden/mongo-format-2/stored.annotd.jsonl");
const LINES: &str = include_str!("../golden/mongo-format-2/export.jsonl");
const BY_TASK: &str = include_str!("../golden/mongo-format-2/export.tasks.jsonl");

/// A database with the project, and a folder with its roster.
async fn of_format_2() -> (Database, tempfile::TempDir) {
    let database = Database::fresh().await;
    put(&database, "stored", TASKS).await;
    put(&database, "stored.annotd", META).await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("annotators.toml"), ROSTER).unwrap();
    (database, folder)
}

fn run(database: &Database, folder: &Path, arguments: &[&str]) -> Output {
    annotd(folder).args(arguments).env("ANNOTD_STORE_URL", &database.url).output().unwrap()
}

fn says(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

fn succeeds(database: &Database, folder: &Path, arguments: &[&str]) -> String {
    let output = run(database, folder, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", says(&output));
    String::from_utf8(output.stdout).unwrap()
}

fn assert_exports_are_as_they_were(database: &Database, folder: &Path) {
    assert_eq!(succeeds(database, folder, &["export", "--format", "jsonl"]), LINES);
    assert_eq!(succeeds(database, folder, &["export", "--format", "tasks"]), BY_TASK);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_project_of_format_2_gives_the_same_after_a_migration() {
    let (database, folder) = of_format_2().await;
    let folder = folder.path();
    let said = succeeds(&database, folder, &["migrate", "--backup", "before.zst"]);
    assert!(said.contains("had format 2 and has format 3 now. 55 tasks"), "{said}");
    assert_exports_are_as_they_were(&database, folder);
    let verified = run(&database, folder, &["verify"]);
    assert!(verified.status.success(), "{}", says(&verified));
    let stored = documents(&database, "stored").await;
    assert_eq!(stored.len(), 55);
    for document in &stored {
        assert_eq!(document.get_i32("format").unwrap(), 3);
        assert!(matches!(document.get("task_hash"), Some(Bson::Int64(_))), "{document}");
        for list in ["answers", "skipped", "late"] {
            for answer in document.get_array(list).unwrap() {
                let answer = answer.as_document().unwrap();
                assert!(!answer.contains_key("history") && answer.contains_key("revisions"));
            }
        }
    }
    let meta = documents(&database, "stored.annotd").await;
    let deal = meta.iter().find(|meta| meta.get_str("_id") == Ok("deal")).unwrap();
    let state = deal.get_str("state").unwrap();
    assert!(
        state.contains("\"shares\":\"0.7 x 1 + 0.3 x 3\"") && state.contains("\"given\":[31,13]")
    );
    let identity = meta.iter().find(|meta| meta.get_str("_id") == Ok("identity")).unwrap();
    assert_eq!(identity.get_str("rule"), Ok("format-2"));
    // Once is enough.
    let again = succeeds(&database, folder, &["migrate", "--backup", "again.zst"]);
    assert!(again.contains("has the present format already"), "{again}");
    assert!(!folder.join("again.zst").exists());
    // What was written before is a whole backup, of what was there.
    let elsewhere = Database::fresh().await;
    succeeds(&elsewhere, folder, &["restore", "-i", "before.zst"]);
    assert_exports_are_as_they_were(&elsewhere, folder);
    elsewhere.drop().await;
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_project_of_format_2_is_read_as_it_is_and_worked_with_by_nothing() {
    let (database, folder) = of_format_2().await;
    let folder = folder.path();
    let before =
        (documents(&database, "stored").await, documents(&database, "stored.annotd").await);
    assert_exports_are_as_they_were(&database, folder);
    succeeds(&database, folder, &["status"]);
    succeeds(&database, folder, &["backup", "-o", "whole.zst"]);
    std::fs::write(folder.join("more.jsonl"), "{\"text\":\"more\",\"label\":\"PROTEST\"}\n")
        .unwrap();
    for refused in [
        &["run", "--any-port"][..],
        &["load", "-i", "more.jsonl"],
        &["release", "--annotator", "ann"],
        &["verify", "--repair"],
    ] {
        let output = run(&database, folder, refused);
        let said = says(&output);
        assert_eq!(output.status.code(), Some(78), "{refused:?}: {said}");
        assert!(said.contains("of the stored format 2"), "{said}");
        assert!(said.contains("annotd migrate --backup FILE"), "{said}");
    }
    let after = (documents(&database, "stored").await, documents(&database, "stored.annotd").await);
    assert_eq!(before, after);
    database.drop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_that_breaks_off_anywhere_is_gone_on_with() {
    let _alone = fail_point().await;
    let (database, folder) = of_format_2().await;
    let folder = folder.path();
    let app = format!("faults{}", unique());
    let url = format!("{}&appName={app}", database.url);
    let admin = database.client().await.client().database("admin");
    let mut broken = 0;
    for skip in 0.. {
        let data = doc! {
            "failCommands": ["update", "collMod", "findAndModify"], "appName": &app,
            // After it has been carried out, or before: both come about.
            "closeConnection": true,
        };
        let mode = doc! { "skip": skip };
        let fault = doc! { "configureFailPoint": "failCommand", "mode": mode, "data": data };
        admin.run_command(fault).await.unwrap();
        let store = MongoStore::open_to_migrate(&url, "stored").await.unwrap();
        let migrated = store.migrate(|_| ()).await;
        admin
            .run_command(doc! { "configureFailPoint": "failCommand", "mode": "off" })
            .await
            .unwrap();
        // Whatever it has left, it can be read, and nothing works with it.
        assert_exports_are_as_they_were(&database, folder);
        if migrated.is_ok() {
            break;
        }
        broken += 1;
        // An annotd that is older shows what stands in the place of the number, once the fence is
        // there.
        let meta = documents(&database, "stored.annotd").await;
        let format = meta.iter().find(|meta| meta.get_str("_id") == Ok("format")).unwrap();
        let version = format.get("version").unwrap();
        assert!(
            *version == Bson::Int64(2)
                || version.as_str().is_some_and(|text| text.contains("run it again")),
            "{version}"
        );
        let Err(StoreError::OlderFormat { what, .. }) =
            MongoStore::open(&database.url, "stored").await
        else {
            panic!("it opens")
        };
        assert!(what.contains("annotd migrate"), "{what}");
    }
    assert!(broken >= 5, "{broken}");
    let verified = run(&database, folder, &["verify"]);
    assert!(verified.status.success(), "{}", says(&verified));
    database.drop().await;
}

#[tokio::test]
async fn a_store_in_a_file_needs_no_migration_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("annotators.toml"), ROSTER).unwrap();
    let output =
        annotd(folder.path()).args(["migrate", "--backup", "before.zst"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(says(&output).contains("`annotd run` migrates a file"));
}
