//! A team at work: a roster, its store, its allocator, and a clock that moves only when the test
//! moves it.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use annotd::allocation::{
    AnswerOutcome, Overrides, Purpose, SequenceNumber, TaskState, invariants,
};
use annotd::allocator::{Allocator, Clock};
use annotd::config::policies;
use annotd::interface::Interface;
use annotd::planning;
use annotd::roster::{self, Roster};
use annotd::store::sqlite::SqliteStore;
use annotd::store::{ProjectStats, Record, RecordFilter, Store, Submission};
use annotd::task::{Basis, Millis, Task, TaskJson, Verdict, Version};
use serde_json::{Map, Value, json};

/// Longer than any pause after which the allocator searches again for an annotator without tasks.
const A_WHILE: Duration = Duration::from_secs(70);

/// A task that was handed out and answered.
#[derive(Clone, Debug)]
pub struct AnsweredTask {
    pub annotator: String,
    pub task: Arc<Task>,
}

impl AnsweredTask {
    pub fn text(&self) -> String {
        text_of(&self.task)
    }
}

pub fn text_of(task: &Task) -> String {
    task.body.get_as("text").expect("a text")
}

pub fn roster(text: &str) -> Roster {
    match roster::read(text, &Interface::names()) {
        Ok(roster) => roster,
        Err(problems) => {
            panic!("\n{}", roster::explain(&problems, text, "docs/allocation.md", false))
        }
    }
}

pub fn task(value: &Value) -> Task {
    Task::new(TaskJson::from_value(value).expect("a task"))
}

/// A row of plain tasks.
pub fn plain(how_many: usize) -> Vec<Value> {
    (0..how_many).map(|n| json!({"text": format!("task {n}"), "label": "PROTEST"})).collect()
}

pub struct Team {
    pub roster: Roster,
    pub store: Arc<dyn Store>,
    pub allocator: Allocator,
    now: Arc<AtomicI64>,
    folder: tempfile::TempDir,
    /// The answers of all annotators, in order.
    pub turns: Vec<AnsweredTask>,
}

impl Team {
    /// The team of a roster, with nothing to do yet.
    pub async fn of(text: &str) -> Self {
        let roster = roster(text);
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("annotators.toml"), text).expect("the roster");
        let store: Arc<dyn Store> = Arc::new(
            SqliteStore::open(&folder.path().join(&roster.store.url), &roster.project.name)
                .expect("a store"),
        );
        let now = Arc::new(AtomicI64::new(1_700_000_000_000));
        let terms = policies::store_policy(&roster);
        store.set_policy(terms.clone());
        let at = Millis(now.load(Ordering::SeqCst));
        let planning = policies::plan_policy(&roster);
        let known = planning::known_since(&*store, &planning, at).await.expect("known");
        planning::replan_unfinished(&*store, &planning, &terms, false).await.expect("looked over");
        let allocator = start(&store, &now, &roster, known);
        Self { roster, store, allocator, now, folder, turns: Vec::new() }
    }

    /// The same with tasks.
    pub async fn with(text: &str, tasks: &[Value]) -> Self {
        let team = Self::of(text).await;
        team.load(tasks).await;
        team
    }

    pub async fn load(&self, tasks: &[Value]) {
        self.load_with(&Overrides::default(), tasks).await;
    }

    pub async fn load_with(&self, overrides: &Overrides, tasks: &[Value]) {
        let batch: Vec<Task> = tasks.iter().map(task).collect();
        let planning = policies::plan_policy(&self.roster);
        let loaded = planning::admit(&*self.store, &planning, overrides, batch).await;
        assert_eq!(loaded.expect("they are admitted").new, tasks.len() as u64);
        self.allocator.notify_tasks_changed().await;
    }

    /// Continues with another roster, as a daemon that is restarted with it.
    pub async fn go_on_with(&mut self, text: &str) -> u64 {
        self.roster = roster(text);
        let terms = policies::store_policy(&self.roster);
        self.store.set_policy(terms.clone());
        let planning = policies::plan_policy(&self.roster);
        let now = self.allocator.now();
        let known = planning::known_since(&*self.store, &planning, now).await.expect("known");
        let changed = planning::replan_unfinished(&*self.store, &planning, &terms, false)
            .await
            .expect("looked over");
        self.allocator = start(&self.store, &self.now, &self.roster, known);
        changed
    }

    /// The same team with a new allocator.
    pub fn started_again(mut self) -> Self {
        self.allocator = start(&self.store, &self.now, &self.roster, BTreeMap::new());
        self
    }

    /// Replans as the daemon does now and then while tasks have a shortfall.
    pub async fn replan(&self) {
        let (planning, terms) =
            (policies::plan_policy(&self.roster), policies::store_policy(&self.roster));
        planning::replan_unfinished(&*self.store, &planning, &terms, true)
            .await
            .expect("looked over");
        self.allocator.notify_tasks_changed().await;
    }

    pub fn pass(&self, time: Duration) {
        let ms = i64::try_from(time.as_millis()).expect("a short time");
        self.now.fetch_add(ms, Ordering::SeqCst);
    }

    pub fn active(&self) -> Vec<String> {
        self.roster.active().map(|annotator| annotator.name.clone()).collect()
    }

    pub async fn ask(&self, annotator: &str, most: usize) -> Vec<Arc<Task>> {
        let batch = self.allocator.tasks(annotator, most, HashSet::new()).await.expect("a batch");
        batch.given.into_iter().map(|given| given.task).collect()
    }

    pub async fn say(&self, annotator: &str, task: &Task, verdict: Verdict) -> AnswerOutcome {
        self.say_with(annotator, task, verdict, Map::new()).await
    }

    pub async fn say_with(
        &self,
        annotator: &str,
        task: &Task,
        verdict: Verdict,
        data: Map<String, Value>,
    ) -> AnswerOutcome {
        let now = self.allocator.now();
        let version = Version {
            verdict,
            data,
            time_loaded: now,
            time_returned: now,
            basis: Basis::default(),
        };
        let submission =
            Submission { task: task.id.clone(), annotator: annotator.to_owned(), version };
        self.allocator.answers(vec![submission]).await.expect("stored")[0]
    }

    /// An annotator asks for a task and accepts it. Returns whether there was one.
    pub async fn turn(&mut self, annotator: &str) -> bool {
        self.turn_by(annotator, &|_, _| Verdict::Accept).await
    }

    async fn turn_by(&mut self, annotator: &str, opinion: &dyn Fn(&str, &str) -> Verdict) -> bool {
        let Some(task) = self.ask(annotator, 1).await.pop() else { return false };
        let verdict = opinion(annotator, &text_of(&task));
        assert_eq!(self.say(annotator, &task, verdict).await, AnswerOutcome::Saved, "{annotator}");
        self.turns.push(AnsweredTask { annotator: annotator.to_owned(), task });
        true
    }

    /// These ask in turn and accept, until none of them gets a task, now or after a while.
    pub async fn work(&mut self, people: &[&str]) {
        self.work_by(people, &|_, _| Verdict::Accept).await;
    }

    /// The same with given answers.
    pub async fn work_by(&mut self, people: &[&str], opinion: &dyn Fn(&str, &str) -> Verdict) {
        let mut in_vain = 0;
        while in_vain < 2 {
            let mut any = false;
            for annotator in people {
                any |= self.turn_by(annotator, opinion).await;
            }
            if any {
                in_vain = 0;
            } else {
                in_vain += 1;
                self.pass(A_WHILE);
            }
        }
        self.check().await;
    }

    /// All active annotators work until none of them gets a task.
    pub async fn everybody_works(&mut self) {
        let people = self.active();
        let people: Vec<&str> = people.iter().map(String::as_str).collect();
        self.work(&people).await;
    }

    pub async fn records(&self) -> Vec<Record> {
        let mut all = Vec::new();
        let mut after = SequenceNumber::START;
        loop {
            let page = self.store.records(RecordFilter::All, after, 500).await.expect("records");
            let Some(last) = page.last() else { return all };
            after = last.number;
            all.extend(page);
        }
    }

    /// The records of the regular tasks, in the order of loading.
    pub async fn regular(&self) -> Vec<Record> {
        let all = self.records().await.into_iter();
        all.filter(|record| record.state.purpose == Purpose::Regular).collect()
    }

    pub async fn state(&self, text: &str) -> TaskState {
        let all = self.records().await;
        let found = all.into_iter().find(|record| text_of(&record.task) == text);
        found.unwrap_or_else(|| panic!("there is no {text:?}")).state
    }

    pub async fn progress(&self) -> ProjectStats {
        self.store.stats().await.expect("figures")
    }

    /// How many tasks wait for each annotator.
    pub async fn pending_named(&self) -> BTreeMap<String, i64> {
        let mut pending_named = BTreeMap::new();
        for record in self.regular().await {
            for name in record.state.pending_named().filter(|_| !record.state.finished) {
                *pending_named.entry(name.to_owned()).or_default() += 1;
            }
        }
        pending_named
    }

    /// Checks every invariant of a single task, and that each task is finished or has a shortfall.
    pub async fn check(&self) {
        for record in self.records().await {
            assert_eq!(invariants::check(&record.state), [], "{}", text_of(&record.task));
        }
    }

    /// Checks that only checks are left.
    pub async fn all_is_finished(&self) {
        for record in self.regular().await {
            let (text, state) = (text_of(&record.task), &record.state);
            assert!(state.finished, "{text} is not finished: {state:?}");
            assert_eq!(state.answers.len(), state.wanted as usize, "{text}");
        }
    }

    /// Runs a command while the team works.
    pub fn annotd(&self, arguments: &[&str]) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_annotd"))
            .current_dir(self.path())
            .env_remove("ANNOTD_STORE_URL")
            .args(arguments)
            .output()
            .expect("annotd runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "annotd {arguments:?}: {said}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

fn start(
    store: &Arc<dyn Store>,
    now: &Arc<AtomicI64>,
    roster: &Roster,
    known_since: BTreeMap<String, Millis>,
) -> Allocator {
    let clock = Arc::clone(now);
    let clock: Clock = Arc::new(move || Millis(clock.load(Ordering::SeqCst)));
    let policy = policies::allocator_policy(roster, known_since);
    Allocator::start(Arc::clone(store), clock, policy.into_source()).0
}

/// The names whose answers count, in the order of the alphabet.
pub fn counted_annotators(state: &TaskState) -> Vec<String> {
    let mut counted_annotators: Vec<String> =
        state.counted_annotators().map(str::to_owned).collect();
    counted_annotators.sort();
    counted_annotators
}

/// The names that a task names, in the order of the alphabet.
pub fn names(state: &TaskState) -> Vec<String> {
    let mut names: Vec<String> = state.names().map(str::to_owned).collect();
    names.sort();
    names
}
