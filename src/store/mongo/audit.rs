//! Whether each document agrees with itself.
//!
//! `free`, `left`, `seen`, `coders`, `finished` and `position` follow from the other fields. A
//! document is written by one guarded write at a time, so whoever reads it sees it whole, and a
//! daemon at work raises no false alarm. A repair sets those fields alone, if nobody has written to
//! the document since (`rev`); then it is read again, and again repaired, a few times. Answers are
//! never written.
//!
//! The walk is by `_id`, which every document has: `number`, by which others walk, may be what is
//! missing.
//!
//! Rejected: one pipeline update over the whole collection, which says in the server's words what
//! [`TaskState`] says already, and does not tell which tasks were wrong.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;
use std::time::Duration;

use mongodb::bson::oid::ObjectId;
use mongodb::bson::{
    Bson, Document, RawArrayBuf, RawBsonRef, RawDocument, RawDocumentBuf, doc, rawdoc,
};
use mongodb::options::ReturnDocument;

use super::connection::{MongoConnection, number};
use super::document::{self, FORMAT, MalformedDocument, TaskDocument};
use super::side_documents::{self, Wanted, id_in};
use super::{MongoStore, allocation_record, migrations, unreferenced};
use crate::allocation::order::Order;
use crate::allocation::{Position, SequenceNumber, TaskState, invariants};
use crate::store::audit::{
    AuditOptions, AuditedPage, Finding, Outcome, PageRequest, PageToken, differs,
};
use crate::store::{Record, Result};
use crate::task::TaskId;

const OPERATION: &str = "look over the tasks";
/// How often a task is repaired anew because somebody has written to it meanwhile.
const AGAIN: usize = 5;
/// What every task has besides what follows from it.
const NEEDED: [&str; 8] =
    ["number", "priority", "planned", "rev", "held", "answers", "skipped", "late"];
/// A load that has promised tasks for so long is under way no more.
const STALE: Duration = Duration::from_secs(600);
/// Documents that are not annotd's, of which this many are named.
const STRANGERS: i64 = 1000;

/// What is kept in a document and follows from the rest of it.
#[derive(Default)]
struct AnswerStorage {
    free: Option<i64>,
    left: Option<i64>,
    seen: Option<i64>,
    position: Option<i64>,
    finished: Option<bool>,
    coders: Option<Vec<String>>,
}

/// A document that was looked over.
struct Seen {
    record: Record,
    storage: AnswerStorage,
    priority: i32,
    rev: i64,
    missing: Vec<&'static str>,
    format: i32,
    /// Another task has its number.
    double: bool,
    wrong: Vec<(&'static str, String)>,
    /// What is gone and cannot be derived.
    lost: Vec<(&'static str, String)>,
}

/// What a document says, before what lies beside it is known.
struct Draft {
    stored: TaskDocument,
    storage: AnswerStorage,
    priority: i32,
    missing: Vec<&'static str>,
}

impl Draft {
    fn read(document: &RawDocument) -> std::result::Result<Self, MalformedDocument> {
        let mut storage = AnswerStorage::default();
        let mut facts = RawDocumentBuf::new();
        let mut there = HashSet::new();
        let mut priority = None;
        for element in document {
            let (key, value) = element?;
            there.insert(key);
            match key {
                "free" => storage.free = whole(value),
                "left" => storage.left = whole(value),
                "seen" => storage.seen = whole(value),
                "position" => storage.position = whole(value),
                "finished" => storage.finished = value.as_bool(),
                "coders" => storage.coders = texts(value),
                "priority" => {
                    priority = whole(value).and_then(|priority| i32::try_from(priority).ok());
                }
                _ => facts.append_ref(key, value),
            }
        }
        let mut missing: Vec<&'static str> =
            NEEDED.into_iter().filter(|key| !there.contains(key)).collect();
        if priority.is_none() && !missing.contains(&"priority") {
            missing.push("priority");
        }
        let priority = priority.unwrap_or_else(|| {
            storage.position.map_or(0, |position| Position(position).priority())
        });
        // A place for the reader; what the document says of it is in `storage`.
        facts.append("position", Position::new(priority, 0).0);
        let mut stored = TaskDocument::read(&facts)?;
        if missing.contains(&"planned") {
            stored.planned = stored.wanted;
        }
        Ok(Self { stored, storage, priority, missing })
    }

    /// Compares what is kept with what follows, when what lies beside has been filled in. A
    /// document of an older format is a wrong one where the project `is_present`.
    fn seen(
        self,
        order: Option<Order>,
        is_present: bool,
    ) -> std::result::Result<Seen, MalformedDocument> {
        let Self { mut stored, storage, priority, missing } = self;
        let state = TaskState { finished: storage.finished.unwrap_or(false), ..stored.state()? };
        let lost =
            stored.all_answers().filter(|answer| answer.storage.known < answer.storage.revisions);
        let wrong = lost.map(|answer| {
            let (whose, all, there) =
                (&answer.answer.annotator, answer.storage.revisions, answer.storage.known);
            let says = format!(
                "of {all} earlier versions of the answer of {whose:?}, {there} are there; take the \
                 rest from a backup, or live without them"
            );
            ("history", says)
        });
        let lost = wrong.collect();
        let record = Record {
            task: stored.task()?,
            number: stored.number,
            position: storage.position.map_or(stored.position, Position),
            state,
        };
        let (rev, format) = (stored.rev, if is_present { stored.format } else { FORMAT });
        let mut seen = Seen {
            record,
            storage,
            priority,
            rev,
            missing,
            format,
            double: false,
            wrong: Vec::new(),
            lost,
        };
        seen.compare(order);
        Ok(seen)
    }
}

impl Seen {
    /// Where it belongs; none if it may stand where it does.
    fn corrected_position(&self, order: Option<Order>, number: SequenceNumber) -> Option<Position> {
        let state = &self.record.state;
        let unknown = self.storage.position.is_none();
        let order = order.or(unknown.then_some(Order::Loaded))?;
        (unknown || state.remaining() > 0)
            .then(|| order.position(self.priority, number.0, state.remaining()))
    }

    fn compare(&mut self, order: Option<Order>) {
        let state = &self.record.state;
        let mut wrong = Vec::new();
        if self.format < FORMAT {
            let says = format!(
                "it is of the stored format {}: a daemon of an older annotd has written it; stop that \
                 daemon",
                self.format
            );
            wrong.push(("format", says));
        }
        for key in &self.missing {
            wrong.push(("fields", format!("{key:?} is missing, or not what annotd puts there")));
        }
        let count = i64::try_from(state.answers.len()).unwrap_or(i64::MAX);
        for (key, storage, follows) in [
            ("free", self.storage.free, i64::from(state.free())),
            ("left", self.storage.left, i64::from(state.remaining())),
            ("seen", self.storage.seen, count),
        ] {
            if storage != Some(follows) {
                wrong.push((key, differs(storage, follows)));
            }
        }
        let sorted = |names: Option<Vec<String>>| {
            names.map(|mut names| {
                names.sort_unstable();
                names
            })
        };
        let coders: Vec<String> = state.counted_annotators().map(str::to_owned).collect();
        if sorted(self.storage.coders.clone()) != sorted(Some(coders.clone())) {
            let says = format!("{:?} are kept, and {coders:?} have answered", self.storage.coders);
            wrong.push((
                "coders",
                says.replace("None", "none").replace("Some(", "").replace("])", "]"),
            ));
        }
        if self.storage.finished.is_none() {
            wrong.push(("fields", "\"finished\" is missing, or not what annotd puts there".into()));
        }
        // Without a number nobody can say where it belongs.
        if self.storage.position.is_none() {
            wrong.push(("fields", "\"position\" is missing, or not what annotd puts there".into()));
        } else if !self.missing.contains(&"number")
            && let Some(place) = self.corrected_position(order, self.record.number)
            && place != self.record.position
        {
            let (is, should) = (self.record.position.0, place.0);
            wrong.push(("position", format!("it stands at {is}, and the order says {should}")));
        }
        self.wrong = wrong;
    }

    fn is_wrong(&self) -> bool {
        let state = &self.record.state;
        self.double || !self.wrong.is_empty() || invariants::repaired(state) != *state
    }

    /// The write that puts it right.
    fn statement(&self, order: Option<Order>, number: SequenceNumber) -> RawDocumentBuf {
        let count = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
        let before = &self.record.state;
        let after = invariants::repaired(before);
        let mut set = rawdoc! {
            "free": count(after.free()),
            "left": count(after.remaining()),
            "seen": i32::try_from(after.answers.len()).unwrap_or(i32::MAX),
            "finished": after.finished,
        };
        let mut coders = RawArrayBuf::new();
        for annotator in after.counted_annotators() {
            coders.push(annotator);
        }
        set.append("coders", coders);
        if let Some(place) = self.corrected_position(order, number) {
            set.append("position", place.0);
        }
        if after.held != before.held {
            set.append("held", document::of_holds(&after.held));
        }
        if number != self.record.number {
            set.append("number", number.0);
        }
        for key in &self.missing {
            match *key {
                "priority" => set.append("priority", self.priority),
                "planned" => set.append("planned", count(after.planned)),
                // Both have been set, or will be with the write itself.
                "number" | "rev" => {}
                list => set.append(list, RawArrayBuf::new()),
            }
        }
        let mut query = rawdoc! { "_id": self.record.task.id.as_str() };
        if self.missing.contains(&"rev") {
            query.append("rev", rawdoc! { "$exists": false });
        } else {
            query.append("rev", self.rev);
        }
        let mut update = rawdoc! { "$set": set, "$inc": { "rev": 1_i64 } };
        if after.free() > 0 {
            // Whoever hands out tasks may have gone past it.
            update.append("$currentDate", rawdoc! { "reopened": true });
        }
        rawdoc! { "q": query, "u": update }
    }
}

fn whole(value: RawBsonRef<'_>) -> Option<i64> {
    match value {
        RawBsonRef::Int32(number) => Some(i64::from(number)),
        RawBsonRef::Int64(number) => Some(number),
        #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and in range")]
        RawBsonRef::Double(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
            Some(number as i64)
        }
        _ => None,
    }
}

fn texts(value: RawBsonRef<'_>) -> Option<Vec<String>> {
    let items = value.as_array()?.into_iter();
    items.map(|item| item.ok()?.as_str().map(str::to_owned)).collect()
}

/// Looks over the documents behind the bookmark.
pub(super) async fn page(
    store: &MongoStore,
    page: PageRequest,
    how: AuditOptions,
) -> Result<AuditedPage> {
    let connection = &store.connection;
    let query = match &page.after {
        None => doc! { "_id": { "$gte": "" } },
        Some(after) => doc! { "_id": { "$gt": &after.0 } },
    };
    let limit = i64::try_from(page.limit.max(1)).unwrap_or(i64::MAX);
    let find = connection.tasks.find(query).sort(doc! { "_id": 1 }).limit(limit);
    let documents = connection.find(OPERATION, find).await?;
    let last = documents.last().map(|last| PageToken(id_in(last).to_owned()));
    let mut audited =
        AuditedPage { tasks: documents.len() as u64, next: last, ..AuditedPage::default() };
    let mut all = Vec::new();
    for (task, seen) in read_all(store, &documents, how.order).await? {
        match seen {
            Ok(seen) => all.push(seen),
            Err(malformed) => audited.findings.push(Finding {
                breaks: "readable",
                task: Some(task),
                says: format!(
                    "it cannot be read: {malformed}; mend or remove it in {}",
                    connection.location
                ),
                outcome: Outcome::Unrepairable,
            }),
        }
    }
    mark_doubles(connection, &mut all).await?;
    let wrong: Vec<TaskId> =
        all.iter().filter(|seen| seen.is_wrong()).map(|seen| seen.record.task.id.clone()).collect();
    if how.repair && !wrong.is_empty() {
        audited.repaired = mend(store, how.order, wrong).await?;
    }
    for Seen { record, wrong, lost, .. } in all {
        let outcome = Outcome::derived(audited.repaired.contains(&record.task.id));
        let wrong = wrong.into_iter().map(|(breaks, says)| (breaks, says, outcome));
        let lost = lost.into_iter().map(|(breaks, says)| (breaks, says, Outcome::Unrepairable));
        for (breaks, says, outcome) in wrong.chain(lost) {
            let task = Some(record.task.id.clone());
            audited.findings.push(Finding { breaks, task, says, outcome });
        }
        audited.records.push(record);
    }
    Ok(audited)
}

/// Reads documents with what lies beside them; each for itself.
async fn read_all(
    store: &MongoStore,
    documents: &[RawDocumentBuf],
    order: Option<Order>,
) -> Result<Vec<(TaskId, std::result::Result<Seen, MalformedDocument>)>> {
    let task = |document: &RawDocumentBuf| TaskId::from_text(id_in(document));
    let mut drafts: Vec<_> =
        documents.iter().map(|document| (task(document), Draft::read(document))).collect();
    let stored = drafts.iter_mut().filter_map(|(_, draft)| draft.as_mut().ok());
    let stored = stored.map(|draft| &mut draft.stored);
    side_documents::fill(&store.connection, OPERATION, stored, Wanted::All).await?;
    let is_present = store.is_present.load(Ordering::Relaxed);
    let seen =
        |draft: std::result::Result<Draft, MalformedDocument>| draft?.seen(order, is_present);
    Ok(drafts.into_iter().map(|(task, draft)| (task, seen(draft))).collect())
}

/// Marks those whose number another task has, too. The one keeps it whose place was made of it, or
/// else the first by `_id`.
async fn mark_doubles(connection: &MongoConnection, all: &mut [Seen]) -> Result<()> {
    let numbers: Vec<i64> = all.iter().map(|seen| seen.record.number.0).collect();
    let find = connection
        .tasks
        .find(doc! { "number": { "$in": numbers } })
        .projection(doc! { "number": 1, "position": 1 });
    let mut owners: HashMap<i64, (bool, String)> = HashMap::new();
    for document in connection.find(OPERATION, find).await? {
        let read = |key: &str| document.get(key).ok().flatten().and_then(whole);
        let Some(number) = read("number") else { continue };
        let elsewhere = read("position").and_then(number_in) != Some(number);
        let candidate = (elsewhere, id_in(&document).to_owned());
        let owner = owners.entry(number).or_insert_with(|| candidate.clone());
        if candidate < *owner {
            *owner = candidate;
        }
    }
    for seen in all {
        let number = seen.record.number.0;
        let Some((_, owner)) = owners.get(&number) else { continue };
        if owner != seen.record.task.id.as_str() {
            seen.double = true;
            seen.wrong.push(("number", format!("its number, {number}, is that of {owner}")));
        }
    }
    Ok(())
}

/// The number of which a place in the order of loading was made.
fn number_in(position: i64) -> Option<i64> {
    position.checked_sub(Position::new(Position(position).priority(), 0).0)
}

/// Puts these right; says which are.
async fn mend(
    store: &MongoStore,
    order: Option<Order>,
    mut wrong: Vec<TaskId>,
) -> Result<HashSet<TaskId>> {
    let connection = &store.connection;
    // What this adds to the figures is found by the next count.
    let _in_doubt = store.stats.write_guard().await;
    let mut repaired = HashSet::new();
    for _ in 0..AGAIN {
        let ids: Vec<&str> = wrong.iter().map(TaskId::as_str).collect();
        let find = connection.tasks.find(doc! { "_id": { "$in": ids } });
        let documents = connection.find(OPERATION, find).await?;
        // What an older daemon has written is made of this format first, and then looked at again.
        if migrations::to_3::rewrite(connection, &documents).await? > 0 {
            continue;
        }
        // What cannot be read by now stays, and is found the next time.
        let read = read_all(store, &documents, order).await?;
        let mut all: Vec<Seen> = read.into_iter().filter_map(|(_, seen)| seen.ok()).collect();
        mark_doubles(connection, &mut all).await?;
        wrong.clear();
        let mut statements = Vec::new();
        for seen in &all {
            if !seen.is_wrong() {
                repaired.insert(seen.record.task.id.clone());
                continue;
            }
            let number = if seen.double || seen.missing.contains(&"number") {
                number_for(connection, order, seen).await?
            } else {
                seen.record.number
            };
            statements.push(seen.statement(order, number));
            wrong.push(seen.record.task.id.clone());
            store.remaining_cache.forget(&seen.record.task.id);
        }
        if statements.is_empty() {
            break;
        }
        connection.update("repair tasks", statements).await?;
    }
    Ok(repaired)
}

/// A number for a task that has lost its own: the one that its place was made of, if that can be
/// told and nobody has it, or else the next one.
async fn number_for(
    connection: &MongoConnection,
    order: Option<Order>,
    seen: &Seen,
) -> Result<SequenceNumber> {
    if let Some(Order::Loaded) = order
        && let Some(number) = seen.storage.position.and_then(number_in)
    {
        let find = connection.tasks.find(doc! { "number": number }).limit(1);
        if connection.find(OPERATION, find).await?.is_empty() {
            return Ok(SequenceNumber(number));
        }
    }
    let next = connection
        .meta
        .find_one_and_update(doc! { "_id": "numbers" }, doc! { "$inc": { "last": 1_i64 } })
        .upsert(true)
        .return_document(ReturnDocument::After);
    let next = connection.run("repair tasks", next).await?.unwrap_or_default();
    number(&next, "last").map(SequenceNumber).ok_or_else(|| {
        connection.failed("repair tasks", format!("its numbering is damaged: {next}"))
    })
}

/// Looks at what only the whole can tell.
pub(super) async fn whole_store(
    connection: &MongoConnection,
    how: AuditOptions,
) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let mut find = |breaks, says, outcome| {
        findings.push(Finding { breaks, task: None, says, outcome });
    };
    let strangers = connection
        .tasks
        .find(doc! { "_id": { "$not": { "$type": "string" } } })
        .projection(doc! { "_id": 1 })
        .limit(STRANGERS);
    for stranger in connection.find(OPERATION, strangers).await? {
        let id = stranger.get("_id").ok().flatten();
        let says = format!("the document with _id {id:?} is no task of annotd's");
        find("readable", says, Outcome::Unrepairable);
    }
    for (breaks, says, outcome) in unreferenced::look(connection, how.repair).await? {
        find(breaks, says, outcome);
    }
    if let Some(says) = numbering(connection, how.repair).await? {
        find("numbers", says, Outcome::derived(how.repair));
    }
    let allocation_record =
        connection.run(OPERATION, connection.meta.find_one(doc! { "_id": "deal" })).await?;
    if let Some(allocation_record) = allocation_record {
        for (breaks, says, outcome) in dealt(connection, &allocation_record, how.repair).await? {
            find(breaks, says, outcome);
        }
    }
    Ok(findings)
}

/// Whether the next number is free.
async fn numbering(connection: &MongoConnection, repair: bool) -> Result<Option<String>> {
    let highest = connection
        .tasks
        .find(doc! { "number": { "$gte": 0 } })
        .sort(doc! { "number": -1 })
        .projection(doc! { "number": 1, "_id": 0 })
        .limit(1);
    let highest = connection.find(OPERATION, highest).await?;
    let highest =
        highest.first().and_then(|task| task.get("number").ok().flatten()).and_then(whole);
    let Some(highest) = highest else { return Ok(None) };
    let numbers =
        connection.run(OPERATION, connection.meta.find_one(doc! { "_id": "numbers" })).await?;
    let last = numbers.as_ref().and_then(|numbers| number(numbers, "last"));
    if last.is_some_and(|last| last >= highest) {
        return Ok(None);
    }
    if repair {
        // Another load may have raised it meanwhile; a text goes after every number, so it is not
        // the larger of two.
        let update = match last {
            Some(_) => doc! { "$max": { "last": highest } },
            None => doc! { "$set": { "last": highest } },
        };
        let update = connection.meta.update_one(doc! { "_id": "numbers" }, update).upsert(true);
        connection.run("repair the numbering", update).await?;
    }
    Ok(Some(format!(
        "tasks are numbered up to {highest}, and the next would get a number that is taken"
    )))
}

/// What is wrong with the record of what was dealt out.
async fn dealt(
    connection: &MongoConnection,
    allocation_record: &Document,
    repair: bool,
) -> Result<Vec<(&'static str, String, Outcome)>> {
    const REPAIR: &str = "repair the record of what was dealt out";
    let mut found = Vec::new();
    let mut mends = Vec::new();
    let mut set = Document::new();
    if number(allocation_record, "version").is_none() {
        set.insert("version", 1_i64);
    }
    if allocation_record.get_str("state").is_err() {
        set.insert("state", "");
    }
    let pending_plans = allocation_record.get_array("promised").map_or_else(
        |_| {
            set.insert("promised", Vec::<Bson>::new());
            Vec::new()
        },
        Clone::clone,
    );
    if !set.is_empty() {
        let says = "the record of what was dealt out is damaged".to_owned();
        found.push(("deal", says, Outcome::derived(repair)));
        mends.push(doc! { "$set": set });
    }
    for reserve_plan in pending_plans {
        let Some(tasks) = allocation_record::tasks_of(&reserve_plan) else {
            let says = "a load has left a promise that cannot be read".to_owned();
            found.push(("promise", says, Outcome::derived(repair)));
            mends.push(doc! { "$pull": { "promised": { "$eq": reserve_plan } } });
            continue;
        };
        let load = reserve_plan
            .as_document()
            .and_then(|reserve_plan| reserve_plan.get_object_id("load").ok());
        if load.is_some_and(is_fresh) {
            continue;
        }
        let ids: Vec<&str> = tasks.iter().map(TaskId::as_str).collect();
        let find =
            connection.tasks.find(doc! { "_id": { "$in": ids } }).projection(doc! { "_id": 1 });
        let there = connection.find(OPERATION, find).await?.len();
        let remaining = tasks.len().saturating_sub(there);
        if remaining == 0 {
            let says = format!("a load was stopped after all its {there} tasks were in");
            found.push(("promise", says, Outcome::derived(repair)));
            mends.push(doc! { "$pull": { "promised": { "$eq": reserve_plan } } });
        } else {
            let says = format!(
                "a load was stopped before {remaining} of its tasks were in; load the same file again"
            );
            found.push(("promise", says, Outcome::Note));
        }
    }
    if repair {
        for mend in mends {
            let update = connection.meta.update_one(doc! { "_id": "deal" }, mend);
            connection.run(REPAIR, update).await?;
        }
    }
    Ok(found)
}

/// Whether a load may still be under way.
fn is_fresh(load: ObjectId) -> bool {
    load.timestamp().to_system_time().elapsed().is_ok_and(|age| age < STALE)
}
