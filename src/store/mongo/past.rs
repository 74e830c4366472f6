//! An annotator's last answers, from the index of who answered when.
//!
//! MongoDB does not sort by a key of an array's elements as we mean it: it would sort by the
//! latest time of anybody's answer. So nothing is sorted. The index is walked, and what it gives is
//! in its order: this annotator's answers, the latest first. Several shards are walked at once and
//! their order is lost, so there the server sorts, over all of the annotator's answers.
//!
//! The index knows no order among answers of one moment. One answer more than is wanted is read, which
//! shows whether the last moment is cut in two; then its answers are asked for by number. Seldom: an
//! annotator gives one answer in a millisecond, but answers that were taken over may share a time.

use std::cmp::Reverse;

use futures_util::TryStreamExt;
use mongodb::bson::{DateTime, Document, doc};
use mongodb::options::Hint;

use super::beside::Wanted;
use super::document::{Odd, Stored};
use super::reads::{at_most, each_whole};
use super::schema::HISTORY;
use super::server::Server;
use crate::store::{Cursor, Past, Result};
use crate::task::Millis;

const DOING: &str = "read the history";

pub(super) async fn history(
    server: &Server,
    annotator: &str,
    before: Option<Cursor>,
    limit: usize,
    sharded: bool,
) -> Result<Vec<Past>> {
    if limit == 0 {
        return Ok(Vec::new());
    }
    if sharded {
        let ids = latest(server, annotator, before, limit).await?;
        let find = server.tasks.find(doc! { "_id": { "$in": ids } });
        return read(server, annotator, find).await;
    }
    let mut past = match before {
        Some(before) => of_a_moment(server, annotator, before, limit).await?,
        None => Vec::new(),
    };
    let left = limit - past.len();
    if left == 0 {
        return Ok(past);
    }
    let time = before.map(|before| before.time_returned);
    let mut earlier = walk(server, annotator, time, left.saturating_add(1)).await?;
    if earlier.len() > left {
        let next = earlier.pop().map(|past| past.version.time_returned);
        let last = earlier.last().map(|past| past.version.time_returned);
        if let Some(time) = last.filter(|_| last == next) {
            earlier.retain(|past| past.version.time_returned > time);
            let all =
                Cursor { time_returned: time, number: crate::allocation::SequenceNumber(i64::MAX) };
            let rest = of_a_moment(server, annotator, all, left - earlier.len()).await?;
            earlier.extend(rest);
        }
    }
    past.extend(earlier);
    Ok(past)
}

/// Answers given before this time, or all, in the order of the index.
async fn walk(
    server: &Server,
    annotator: &str,
    before: Option<Millis>,
    limit: usize,
) -> Result<Vec<Past>> {
    let mut query = doc! { "answers.annotator": annotator };
    if let Some(before) = before {
        let earlier = doc! { "$lt": DateTime::from_millis(before.0) };
        let own = doc! { "annotator": annotator, "time_returned": earlier };
        query.insert("answers", doc! { "$elemMatch": own });
    }
    let hint = Hint::Name(HISTORY.to_owned());
    read(server, annotator, server.tasks.find(query).hint(hint).limit(at_most(limit))).await
}

/// Answers given at this moment, to tasks of smaller numbers, the largest first.
async fn of_a_moment(
    server: &Server,
    annotator: &str,
    before: Cursor,
    limit: usize,
) -> Result<Vec<Past>> {
    let time = DateTime::from_millis(before.time_returned.0);
    let own = doc! { "annotator": annotator, "time_returned": time };
    let query = doc! {
        "answers.annotator": annotator,
        "answers": { "$elemMatch": own },
        "number": { "$lt": before.number.0 },
    };
    let hint = Hint::Name(HISTORY.to_owned());
    let find = server.tasks.find(query).hint(hint).sort(doc! { "number": -1 });
    read(server, annotator, find.limit(at_most(limit))).await
}

/// The answers of the annotator among the tasks that are found, newest first.
async fn read(
    server: &Server,
    annotator: &str,
    find: mongodb::action::Find<'_, mongodb::bson::RawDocumentBuf>,
) -> Result<Vec<Past>> {
    let find = find.projection(doc! { "held": 0, "skipped": 0, "late": 0 });
    let mut found = each_whole(server, DOING, find, Wanted::Current, |mut stored: Stored| {
        let task = stored.task()?;
        let number = stored.number;
        let answer = stored.answers.into_iter().find(|stored| stored.answer.annotator == annotator);
        let answer = answer.ok_or(Odd::Missing("answers"))?;
        if answer.lacks_data {
            return Err(Odd::Lost { annotator: annotator.to_owned() });
        }
        Ok(Past { number, task, version: answer.answer.current })
    })
    .await?;
    found.sort_by_key(|past| Reverse(past.cursor()));
    Ok(found)
}

/// The tasks of an annotator's last answers, sorted by the server.
async fn latest(
    server: &Server,
    annotator: &str,
    before: Option<Cursor>,
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
        let cursor = server.tasks.aggregate(pipeline).with_type::<Document>().await?;
        cursor.try_collect::<Vec<Document>>().await
    };
    let found = server.ask(DOING, found).await?;
    Ok(found.iter().filter_map(|task| task.get_str("_id").ok().map(str::to_owned)).collect())
}
