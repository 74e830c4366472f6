//! An annotator's last answers, from the index of who answered when.
//!
//! MongoDB does not sort by a key of an array's elements as we mean it: it would sort by the latest
//! time of any annotator's answer. So nothing is sorted. The index is walked, and what it gives is
//! in its order: this annotator's answers, the latest first. Several shards are walked at once and
//! their order is lost, so there the server sorts, over all of the annotator's answers.
//!
//! The index knows no order among answers of one moment. One answer more than is wanted is read,
//! which shows whether the last moment is cut in two; then its answers are asked for by number.
//! Seldom: an annotator gives one answer in a millisecond, but answers that were taken over may
//! share a time.

use std::cmp::Reverse;

use futures_util::TryStreamExt;
use mongodb::bson::{DateTime, Document, doc};
use mongodb::options::Hint;

use super::connection::MongoConnection;
use super::document::{MalformedDocument, TaskDocument};
use super::find::{at_most, each_whole};
use super::schema::HISTORY;
use super::side_documents::Wanted;
use crate::store::{HistoryCursor, PastAnswer, Result};
use crate::task::Millis;

const OPERATION: &str = "read the history";

pub(super) async fn history(
    connection: &MongoConnection,
    annotator: &str,
    before: Option<HistoryCursor>,
    limit: usize,
    sharded: bool,
) -> Result<Vec<PastAnswer>> {
    if limit == 0 {
        return Ok(Vec::new());
    }
    if sharded {
        let ids = latest(connection, annotator, before, limit).await?;
        let find = connection.tasks.find(doc! { "_id": { "$in": ids } });
        return read(connection, annotator, find).await;
    }
    let mut history = match before {
        Some(before) => of_a_moment(connection, annotator, before, limit).await?,
        None => Vec::new(),
    };
    let left = limit - history.len();
    if left == 0 {
        return Ok(history);
    }
    let time = before.map(|before| before.time_returned);
    let mut earlier = walk(connection, annotator, time, left.saturating_add(1)).await?;
    if earlier.len() > left {
        let next = earlier.pop().map(|history| history.version.time_returned);
        let last = earlier.last().map(|history| history.version.time_returned);
        if let Some(time) = last.filter(|_| last == next) {
            earlier.retain(|history| history.version.time_returned > time);
            let all = HistoryCursor {
                time_returned: time,
                number: crate::allocation::SequenceNumber(i64::MAX),
            };
            let rest = of_a_moment(connection, annotator, all, left - earlier.len()).await?;
            earlier.extend(rest);
        }
    }
    history.extend(earlier);
    Ok(history)
}

/// Answers given before this time, or all, in the order of the index.
async fn walk(
    connection: &MongoConnection,
    annotator: &str,
    before: Option<Millis>,
    limit: usize,
) -> Result<Vec<PastAnswer>> {
    let mut query = doc! { "answers.annotator": annotator };
    if let Some(before) = before {
        let earlier = doc! { "$lt": DateTime::from_millis(before.0) };
        let own = doc! { "annotator": annotator, "time_returned": earlier };
        query.insert("answers", doc! { "$elemMatch": own });
    }
    let hint = Hint::Name(HISTORY.to_owned());
    read(connection, annotator, connection.tasks.find(query).hint(hint).limit(at_most(limit))).await
}

/// Answers given at this moment, to tasks of smaller numbers, the largest first.
async fn of_a_moment(
    connection: &MongoConnection,
    annotator: &str,
    before: HistoryCursor,
    limit: usize,
) -> Result<Vec<PastAnswer>> {
    let time = DateTime::from_millis(before.time_returned.0);
    let own = doc! { "annotator": annotator, "time_returned": time };
    let query = doc! {
        "answers.annotator": annotator,
        "answers": { "$elemMatch": own },
        "number": { "$lt": before.number.0 },
    };
    let hint = Hint::Name(HISTORY.to_owned());
    let find = connection.tasks.find(query).hint(hint).sort(doc! { "number": -1 });
    read(connection, annotator, find.limit(at_most(limit))).await
}

/// The answers of the annotator among the tasks that are found, newest first.
async fn read(
    connection: &MongoConnection,
    annotator: &str,
    find: mongodb::action::Find<'_, mongodb::bson::RawDocumentBuf>,
) -> Result<Vec<PastAnswer>> {
    let find = find.projection(doc! { "held": 0, "skipped": 0, "late": 0 });
    let mut found =
        each_whole(connection, OPERATION, find, Wanted::Current, |mut stored: TaskDocument| {
            let task = stored.task()?;
            let number = stored.number;
            let answer =
                stored.answers.into_iter().find(|stored| stored.answer.annotator == annotator);
            let answer = answer.ok_or(MalformedDocument::Missing("answers"))?;
            if answer.lacks_data {
                return Err(MalformedDocument::Lost { annotator: annotator.to_owned() });
            }
            Ok(PastAnswer { number, task, version: answer.answer.current })
        })
        .await?;
    found.sort_by_key(|history| Reverse(history.cursor()));
    Ok(found)
}

/// The tasks of an annotator's last answers, sorted by the server.
async fn latest(
    connection: &MongoConnection,
    annotator: &str,
    before: Option<HistoryCursor>,
    limit: usize,
) -> Result<Vec<String>> {
    let mut pipeline = vec![
        doc! { "$match": { "answers.annotator": annotator } },
        doc! { "$project": { "answers.annotator": 1, "answers.time_returned": 1, "number": 1 } },
        doc! { "$unwind": "$answers" },
        doc! { "$match": { "answers.annotator": annotator } },
    ];
    if let Some(before) = before {
        let time = DateTime::from_millis(before.time_returned.0);
        pipeline.push(doc! { "$match": { "$or": [
            { "answers.time_returned": { "$lt": time } },
            { "answers.time_returned": time, "number": { "$lt": before.number.0 } },
        ] } });
    }
    pipeline.extend([
        doc! { "$sort": { "answers.time_returned": -1, "number": -1 } },
        doc! { "$limit": at_most(limit) },
        doc! { "$project": { "_id": 1 } },
    ]);
    let found = async {
        let cursor = connection.tasks.aggregate(pipeline).with_type::<Document>().await?;
        cursor.try_collect::<Vec<Document>>().await
    };
    let found = connection.run(OPERATION, found).await?;
    Ok(found.iter().filter_map(|task| task.get_str("_id").ok().map(str::to_owned)).collect())
}
