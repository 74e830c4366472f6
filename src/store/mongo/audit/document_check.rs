//! One document: what it says, what follows from that, and where the two differ.

use std::collections::HashSet;

use mongodb::bson::{RawArrayBuf, RawBsonRef, RawDocument, RawDocumentBuf, rawdoc};

use crate::allocation::order::Order;
use crate::allocation::{Position, SequenceNumber, TaskState, invariants};
use crate::store::Record;
use crate::store::audit::differs;
use crate::store::mongo::document::{self, FORMAT, MalformedDocument, TaskDocument};

/// What every task has besides what follows from it.
const NEEDED: [&str; 8] =
    ["number", "priority", "planned", "rev", "held", "answers", "skipped", "late"];

/// What is kept in a document and follows from the rest of it.
#[derive(Default)]
pub(super) struct Derived {
    pub(super) free: Option<i64>,
    pub(super) left: Option<i64>,
    pub(super) seen: Option<i64>,
    pub(super) position: Option<i64>,
    pub(super) finished: Option<bool>,
    pub(super) coders: Option<Vec<String>>,
}

/// A document that was looked over.
pub(super) struct Seen {
    pub(super) record: Record,
    pub(super) storage: Derived,
    pub(super) priority: i32,
    pub(super) rev: i64,
    pub(super) missing: Vec<&'static str>,
    pub(super) format: i32,
    /// Another task has its number.
    pub(super) double: bool,
    pub(super) wrong: Vec<(&'static str, String)>,
    /// What is gone and cannot be derived.
    pub(super) lost: Vec<(&'static str, String)>,
}

/// What a document says, before what lies beside it is known.
pub(super) struct Draft {
    pub(super) stored: TaskDocument,
    pub(super) storage: Derived,
    pub(super) priority: i32,
    pub(super) missing: Vec<&'static str>,
}

impl Draft {
    pub(super) fn read(document: &RawDocument) -> std::result::Result<Self, MalformedDocument> {
        let mut storage = Derived::default();
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
    pub(super) fn seen(
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
    pub(super) fn corrected_position(
        &self,
        order: Option<Order>,
        number: SequenceNumber,
    ) -> Option<Position> {
        let state = &self.record.state;
        let unknown = self.storage.position.is_none();
        let order = order.or(unknown.then_some(Order::Loaded))?;
        (unknown || state.remaining() > 0)
            .then(|| order.position(self.priority, number.0, state.remaining()))
    }

    pub(super) fn compare(&mut self, order: Option<Order>) {
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
        // Without a number its position is unknown.
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

    pub(super) fn is_wrong(&self) -> bool {
        let state = &self.record.state;
        self.double || !self.wrong.is_empty() || invariants::repaired(state) != *state
    }

    /// The write that puts it right.
    pub(super) fn statement(&self, order: Option<Order>, number: SequenceNumber) -> RawDocumentBuf {
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
            // Queue readers may have passed it.
            update.append("$currentDate", rawdoc! { "reopened": true });
        }
        rawdoc! { "q": query, "u": update }
    }
}

pub(super) fn whole(value: RawBsonRef<'_>) -> Option<i64> {
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

/// The number of which a place in the order of loading was made.
pub(super) fn number_in(position: i64) -> Option<i64> {
    position.checked_sub(Position::new(Position(position).priority(), 0).0)
}
