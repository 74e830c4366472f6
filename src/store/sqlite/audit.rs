//! Whether the tables agree with each other.
//!
//! `free`, `finished`, `position`, `queue`, `totals` and `share` follow from the rest. A page of
//! tasks is read within one transaction, so a daemon that writes meanwhile raises no false alarm; a
//! repair reads each task again within the transaction that corrects it.
//!
//! Figures are kept by differences, and so is their repair: what they are off by does not change
//! while others write, so it is taken from one look at everything and subtracted afterwards, and
//! no call waits for a recount.
//!
//! Rejected: rewriting the queue and the stats as a whole, which would keep the only writer
//! for seconds and hide what was wrong.

mod task_rows;
mod whole_store;

use std::collections::HashSet;

use super::Engine;
use crate::store::Result;
use crate::store::audit::{AuditOptions, AuditedPage, Finding, Outcome, PageRequest, PageToken};

/// Whether a row has a value that annotd does not write; every other error is a
/// file that cannot be read.
fn is_content(error: &rusqlite::Error) -> bool {
    !matches!(error, rusqlite::Error::SqliteFailure(..))
}

/// Audits a page, and repairs it if that is asked for.
pub(super) async fn audit_page(
    engine: &Engine,
    page_of: PageRequest,
    how: AuditOptions,
) -> Result<AuditedPage> {
    let limit = page_of.limit;
    // Only what this store has given comes back; anything else begins at the beginning.
    let after = page_of.after.and_then(|after| after.0.parse().ok()).unwrap_or(i64::MIN);
    let mut seen = engine
        .read("look over the tasks", move |connection| {
            task_rows::page(connection, how.order, after, limit)
        })
        .await?;
    let mut repaired = HashSet::new();
    if how.repair && !seen.wrong.is_empty() {
        let wrong = std::mem::take(&mut seen.wrong);
        repaired = engine
            .write("repair tasks", move |connection| {
                task_rows::repair_rows(connection, how.order, &wrong)
            })
            .await?;
    }
    for finding in &mut seen.findings {
        if finding.task.as_ref().is_some_and(|task| repaired.contains(task)) {
            finding.outcome = Outcome::Repaired;
        }
    }
    Ok(AuditedPage {
        records: seen.records,
        findings: seen.findings,
        repaired,
        tasks: seen.tasks,
        next: seen.last.map(|last| PageToken(last.to_string())),
    })
}

/// Audits the whole store, and repairs it if that is asked for.
pub(super) async fn audit_whole(engine: &Engine, how: AuditOptions) -> Result<Vec<Finding>> {
    let whole = engine.read("look over the store", whole_store::whole_store).await?;
    let mut findings = whole.findings.clone();
    if how.repair && findings.iter().any(|finding| finding.outcome == Outcome::Repairable) {
        engine
            .write("repair the store", move |connection| whole_store::repair(connection, &whole))
            .await?;
        for finding in &mut findings {
            if finding.outcome == Outcome::Repairable {
                finding.outcome = Outcome::Repaired;
            }
        }
    }
    Ok(findings)
}
