//! `/metrics`: metrics of the project, the ports and the process for Prometheus.
//!
//! Ports count as requests happen ([`crate::http::HttpMetrics`]); the rest is collected for each
//! scrape. Counts of the store (answers, tasks) are gauges and not counters: they do not restart
//! with the daemon, and they fall when an answer becomes a skip. Names follow Prometheus's
//! conventions: base units, `_total` on counters, `_seconds` on times.
//!
//! Rejected: the `prometheus` crate's own process collector, which knows CPU time in whole seconds
//! and reads `/proc/stat`, which a unit's sandbox may hide.

use procfs::process::{LimitValue, Process};
use prometheus::core::Collector;
use prometheus::proto::MetricFamily;
use prometheus::{
    Counter, Gauge, GaugeVec, IntCounterVec, IntGauge, IntGaugeVec, Opts, TextEncoder,
};

use super::LeadPort;
use super::status::{AnnotatorStatus, Status, StatusSnapshot};
use crate::task::Millis;

/// The text format's own.
pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Everything, in the text format.
pub(super) fn render(port: &LeadPort, snapshot: &StatusSnapshot) -> String {
    let mut page = Exposition::default();
    let status = Status::new(
        &port.project,
        port.project_info.interface,
        snapshot,
        port.daemon.annotators(),
        Vec::new(),
        Some(port.started_at),
        port.allocator.now(),
    );
    of_the_daemon(&mut page, port, &status);
    of_the_store(&mut page, snapshot, &status);
    of_the_project(&mut page, &status);
    of_the_annotators(&mut page, snapshot, &status);
    page.0.extend(port.http_metrics.gather());
    of_the_process(&mut page, port.started_at);
    page.0.sort_by(|one, other| one.name().cmp(other.name()));
    let mut text = String::new();
    for family in &page.0 {
        // The encoder rejects a family without samples, so it is left out.
        let none = family.get_metric().is_empty();
        if !none
            && let Err(error) =
                TextEncoder::new().encode_utf8(std::slice::from_ref(family), &mut text)
        {
            tracing::error!(%error, metric = family.name(), "cannot encode a metric");
        }
    }
    text
}

/// The metric families that were collected so far.
#[derive(Default)]
struct Exposition(Vec<MetricFamily>);

impl Exposition {
    fn put<C: Collector>(&mut self, made: prometheus::Result<C>, fill: impl FnOnce(&C)) {
        // Every name and label below is well-formed, which the tests check. A malformed one would
        // only be left out.
        if let Ok(family) = made {
            fill(&family);
            self.0.extend(family.collect());
        }
    }

    fn number(&mut self, name: &str, help: &str, value: u64) {
        self.put(IntGauge::new(name, help), |gauge| gauge.set(whole(value)));
    }

    fn float(&mut self, name: &str, help: &str, value: f64) {
        self.put(Gauge::new(name, help), |gauge| gauge.set(value));
    }

    /// A figure of each annotator; those without one are left out.
    fn each<'a>(
        &mut self,
        (name, help): (&str, &str),
        annotators: &'a [AnnotatorStatus],
        value: impl Fn(&'a AnnotatorStatus) -> Option<f64>,
    ) {
        self.put(GaugeVec::new(Opts::new(name, help), &["annotator"]), |family| {
            for annotator in annotators {
                if let Some(value) = value(annotator) {
                    family.with_label_values(&[annotator.name.as_str()]).set(value);
                }
            }
        });
    }
}

fn whole(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[allow(clippy::cast_precision_loss)] // counts of tasks and answers are far below 2⁵³
fn float(value: u64) -> f64 {
    value as f64
}

#[allow(clippy::cast_precision_loss)] // milliseconds since 1970 are far below 2⁵³
fn seconds(at: Millis) -> f64 {
    at.0 as f64 / 1000.0
}

fn of_the_daemon(page: &mut Exposition, port: &LeadPort, status: &Status) {
    let opts = Opts::new("annotd_build_info", "Always 1; the labels say which annotd this is.");
    page.put(IntGaugeVec::new(opts, &["version"]), |family| {
        family.with_label_values(&[&status.version]).set(1);
    });
    let opts = Opts::new("annotd_project_info", "Always 1; the labels say what is annotated.");
    page.put(IntGaugeVec::new(opts, &["project", "interface"]), |family| {
        family.with_label_values(&[&status.project, &status.interface]).set(1);
    });
    page.float(
        "annotd_start_time_seconds",
        "When the daemon started, in seconds since 1970.",
        seconds(port.started_at),
    );
    let opts = Opts::new(
        "annotd_reloads_total",
        "Reloads of the roster since the start: applied, or refused because something was wrong.",
    );
    let reloads = port.daemon.reloads();
    page.put(IntCounterVec::new(opts, &["outcome"]), |family| {
        for (outcome, count) in [("applied", reloads.applied), ("refused", reloads.refused)] {
            family.with_label_values(&[outcome]).inc_by(count);
        }
    });
}

fn of_the_store(page: &mut Exposition, snapshot: &StatusSnapshot, status: &Status) {
    page.number(
        "annotd_store_up",
        "1 while the store answers, and 0 while it does not: then the figures of the project are the \
         last ones known.",
        u64::from(snapshot.store_error.is_none()),
    );
    let opts = Opts::new("annotd_store_info", "Always 1; the label says which engine it is.");
    page.put(IntGaugeVec::new(opts, &["kind"]), |family| {
        family.with_label_values(&[&status.store.kind]).set(1);
    });
    if let Some(as_of) = snapshot.as_of {
        page.float(
            "annotd_figures_timestamp_seconds",
            "When the figures of the project were read from the store, in seconds since 1970.",
            seconds(as_of),
        );
    }
}

fn of_the_project(page: &mut Exposition, status: &Status) {
    let total = &status.total;
    for (name, help, value) in [
        ("annotd_tasks", "Tasks admitted.", total.tasks),
        ("annotd_tasks_finished", "Tasks of which nothing more is wanted.", total.finished),
        (
            "annotd_tasks_short",
            "Unfinished tasks that want more answers than there are people who may give them.",
            total.short,
        ),
        ("annotd_tasks_in_hand", "Leased tasks, once for each holder.", total.in_hand),
        ("annotd_answers", "Answers that count.", total.answers),
        ("annotd_answers_wanted", "Answers wanted in all.", total.wanted),
    ] {
        page.number(name, help, value);
    }
}

fn of_the_annotators(page: &mut Exposition, snapshot: &StatusSnapshot, status: &Status) {
    let people = &status.annotators;
    page.each(("annotd_annotator_answers", "Answers that count."), people, |a| {
        Some(float(a.answered))
    });
    page.each(("annotd_annotator_answers_late", "Answers that came too late."), people, |a| {
        Some(float(a.late))
    });
    page.each(("annotd_annotator_tasks_in_hand", "Leased tasks."), people, |a| {
        Some(float(a.in_hand))
    });
    page.each(("annotd_annotator_tasks_left", "Tasks left for them."), people, |a| {
        Some(float(a.left))
    });
    let share = |a: &AnnotatorStatus| snapshot.progress.annotators.get(&a.name);
    page.each(
        (
            "annotd_annotator_last_seen_timestamp_seconds",
            "When their last answer was given, in seconds since 1970; missing if there is none.",
        ),
        people,
        |a| share(a).and_then(|share| share.last_seen).map(seconds),
    );
    page.each(
        (
            "annotd_listener_up",
            "1 while the annotator's port listens, and 0 while it should and does not; missing for \
             who is not active or has left.",
        ),
        people,
        |a| match &*a.state {
            "listening" => Some(1.0),
            "down" => Some(0.0),
            _ => None,
        },
    );
    let opts = Opts::new(
        "annotd_listener_restarts_total",
        "How often the annotator's listener was started again after it had failed.",
    );
    page.put(IntCounterVec::new(opts, &["annotator"]), |family| {
        for annotator in people {
            family.with_label_values(&[annotator.name.as_str()]).inc_by(annotator.restarts);
        }
    });
}

/// What the system says of this process; what it does not say is left out.
fn of_the_process(page: &mut Exposition, started_at: Millis) {
    page.float(
        "process_start_time_seconds",
        "When the process started, in seconds since 1970.",
        seconds(started_at),
    );
    let Ok(process) = Process::myself() else { return };
    if let Ok(stat) = process.stat() {
        let ticks = float(stat.utime + stat.stime);
        let counter = Counter::new("process_cpu_seconds_total", "CPU time spent, in seconds.");
        page.put(counter, |counter| counter.inc_by(ticks / float(procfs::ticks_per_second())));
        page.number(
            "process_resident_memory_bytes",
            "Memory in use, in bytes.",
            stat.rss * procfs::page_size(),
        );
        page.number("process_virtual_memory_bytes", "Address space taken, in bytes.", stat.vsize);
        page.number(
            "process_threads",
            "Threads of the process.",
            u64::try_from(stat.num_threads).unwrap_or(0),
        );
    }
    if let Ok(open) = process.fd_count() {
        page.number("process_open_fds", "Open file descriptors.", open as u64);
    }
    if let Ok(limits) = process.limits()
        && let LimitValue::Value(most) = limits.max_open_files.soft_limit
    {
        page.number("process_max_fds", "Most file descriptors that may be open.", most);
    }
}
