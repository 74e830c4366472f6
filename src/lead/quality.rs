//! How often annotators are right on gold tasks, and consistent on repeats.
//!
//! Both are counted from the checks, which are a small part of a project with an index of their
//! own. The dashboard counts again only after a check was answered, and at most every few seconds.
//! An ignore is not an answer to compare, so it does not count.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::allocation::{Purpose, SettlePolicy};
use crate::store::{ProjectStats, Record, RecordFilter, RecordPages, Result, Store};
use crate::task::{Answer, Version, gold};

/// A count may take this part of the time.
const MAX_TIME_SHARE: u32 = 50;
/// The shortest pause between two counts.
const MIN_PAUSE: Duration = Duration::from_secs(3);

/// One annotator's checks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct AnnotatorQuality {
    /// Gold tasks, whose right answer is known.
    pub gold: Agreement,
    /// Tasks that they had answered before.
    pub repeats: Agreement,
}

/// How many of some answers agree with the expected one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Agreement {
    /// Answers.
    pub answered: u64,
    /// Those of them that agree with the right answer, or with the first one.
    pub agreed: u64,
}

impl Agreement {
    fn record(&mut self, agreed: bool) {
        self.answered += 1;
        self.agreed += u64::from(agreed);
    }

    /// `9 of 10`; empty without an answer.
    pub fn in_words(self) -> String {
        if self.answered == 0 {
            String::new()
        } else {
            format!("{} of {}", self.agreed, self.answered)
        }
    }
}

/// Counts the checks of all annotators.
///
/// # Errors
/// If the store cannot be read.
pub async fn count(
    store: &dyn Store,
    rule: &SettlePolicy,
) -> Result<BTreeMap<String, AnnotatorQuality>> {
    let mut quality: BTreeMap<String, AnnotatorQuality> = BTreeMap::new();
    let mut pages = RecordPages::new(store, RecordFilter::Checks);
    while let Some(page) = pages.next().await? {
        let firsts: Vec<_> = page
            .iter()
            .filter_map(|record| match &record.state.purpose {
                Purpose::Repeat(first) => Some(first.clone()),
                _ => None,
            })
            .collect();
        let firsts = store.look_up(&firsts).await?;
        let mut firsts = firsts.into_iter();
        for record in &page {
            match record.state.purpose {
                Purpose::Regular => {}
                Purpose::Gold => record_gold(&mut quality, rule, record),
                Purpose::Repeat(_) => {
                    if let Some(Some(first)) = firsts.next() {
                        record_repeat(&mut quality, rule, record, &first);
                    }
                }
            }
        }
    }
    Ok(quality)
}

fn record_gold(
    quality: &mut BTreeMap<String, AnnotatorQuality>,
    rule: &SettlePolicy,
    record: &Record,
) {
    let Ok(Some(right)) = gold::gold(&record.task.body) else { return };
    for answer in everyones(record) {
        if let Some(agrees) = agrees(rule, record, &right, &answer.current) {
            quality.entry(answer.annotator.clone()).or_default().gold.record(agrees);
        }
    }
}

fn record_repeat(
    quality: &mut BTreeMap<String, AnnotatorQuality>,
    rule: &SettlePolicy,
    record: &Record,
    first: &Record,
) {
    for answer in everyones(record) {
        let before = everyones(first).find(|before| before.annotator == answer.annotator);
        let agrees = before.and_then(|b| agrees(rule, record, &b.current, &answer.current));
        if let Some(agrees) = agrees {
            quality.entry(answer.annotator.clone()).or_default().repeats.record(agrees);
        }
    }
}

fn everyones(record: &Record) -> impl Iterator<Item = &Answer> {
    record.state.answers.iter().chain(&record.state.late)
}

fn agrees(rule: &SettlePolicy, record: &Record, one: &Version, other: &Version) -> Option<bool> {
    let likeness = rule.measure.likeness(&record.task.body, one, other)?;
    Some(likeness >= rule.threshold - 1e-12)
}

/// The checks of all annotators, as last counted.
#[derive(Clone, Default)]
pub struct CachedQuality(Arc<Mutex<QualityCounts>>);

#[derive(Default)]
struct QualityCounts {
    quality: BTreeMap<String, AnnotatorQuality>,
    /// The answers to checks that there were.
    of: u64,
    due: Option<Instant>,
}

impl CachedQuality {
    /// As they are now, or were a moment ago.
    pub async fn now(
        &self,
        store: &dyn Store,
        rule: &SettlePolicy,
        progress: &ProjectStats,
    ) -> BTreeMap<String, AnnotatorQuality> {
        let began = Instant::now();
        {
            let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if known.of == progress.checks || known.due.is_some_and(|due| began < due) {
                return known.quality.clone();
            }
        }
        match count(store, rule).await {
            Ok(quality) => {
                let pause = MIN_PAUSE.max(began.elapsed() * MAX_TIME_SHARE);
                let due = Some(Instant::now() + pause);
                let counted = QualityCounts { quality: quality.clone(), of: progress.checks, due };
                *self.0.lock().unwrap_or_else(PoisonError::into_inner) = counted;
                quality
            }
            Err(error) => {
                tracing::debug!(%error, "the checks stay as they were");
                self.last()
            }
        }
    }

    /// As they were last counted.
    pub fn last(&self) -> BTreeMap<String, AnnotatorQuality> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).quality.clone()
    }
}
