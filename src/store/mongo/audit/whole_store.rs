//! What only the whole store shows: foreign documents, documents beside the tasks that nothing
//! refers to, the numbering, the allocation record and its pending plans.

use std::time::Duration;

use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, Document, doc};

use super::OPERATION;
use super::document_check::whole;
use crate::store::Result;
use crate::store::audit::{AuditOptions, Finding, Outcome};
use crate::store::mongo::connection::{MongoConnection, number};
use crate::store::mongo::{allocation_record, unreferenced};
use crate::task::TaskId;

/// A load that has promised tasks for so long is under way no more.
const STALE: Duration = Duration::from_secs(600);

/// Documents that are not annotd's, of which this many are named.
const STRANGERS: i64 = 1000;

/// Looks at what only the whole can tell.
pub(in crate::store::mongo) async fn whole_store(
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
    let mut repairs = Vec::new();
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
        repairs.push(doc! { "$set": set });
    }
    for reserve_plan in pending_plans {
        let Some(tasks) = allocation_record::tasks_of(&reserve_plan) else {
            let says = "a load has left a promise that cannot be read".to_owned();
            found.push(("promise", says, Outcome::derived(repair)));
            repairs.push(doc! { "$pull": { "promised": { "$eq": reserve_plan } } });
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
            repairs.push(doc! { "$pull": { "promised": { "$eq": reserve_plan } } });
        } else {
            let says = format!(
                "a load was stopped before {remaining} of its tasks were in; load the same file again"
            );
            found.push(("promise", says, Outcome::Note));
        }
    }
    if repair {
        for repair in repairs {
            let update = connection.meta.update_one(doc! { "_id": "deal" }, repair);
            connection.run(REPAIR, update).await?;
        }
    }
    Ok(found)
}

/// Whether a load may still be under way.
fn is_fresh(load: ObjectId) -> bool {
    load.timestamp().to_system_time().elapsed().is_ok_and(|age| age < STALE)
}
