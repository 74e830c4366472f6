//! `annotd export`: the answers as a file.

use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::PossibleValuesParser;

use super::{Failure, block_on, roster_file, targets, terminal};
use crate::allocation::SequenceNumber;
use crate::config::policies;
use crate::export::atomic_file::Output;
use crate::export::{Cells, Export, Filter, Format};
use crate::store::{Record, RecordFilter, Store};
use crate::task::Millis;

/// Tasks read from the store at a time.
const PAGE: usize = 500;

#[derive(Args, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
#[command(after_help = "Example:\n  annotd export -o answers.jsonl\n  annotd export --format csv \
                        --annotator andy --since 2026-03-01 -o andy.csv")]
pub(super) struct Arguments {
    /// jsonl: Prodigy's shape, a line per answer; tasks: a line per task with all its answers; csv
    /// [default: csv where FILE ends in .csv, otherwise jsonl]
    #[arg(long, value_parser = PossibleValuesParser::new(Format::names()))]
    format: Option<String>,

    /// The file, written whole or not at all [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Only the answers of these annotators
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    annotator: Vec<String>,

    /// Only answers given since then: a date (UTC) or a time such as 2026-03-01T08:00:00Z
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    since: Option<Millis>,

    /// Only tasks of which nothing more is wanted
    #[arg(long)]
    only_finished: bool,

    /// Also answers that came too late to count
    #[arg(long)]
    late: bool,

    /// csv: begin with a byte order mark, so that Excel shows é and 日本; a file named with -o has it
    #[arg(long)]
    bom: bool,

    /// csv, for programs: texts as they are, without the ' before what a spreadsheet would run as a
    /// formula, and a file without the mark
    #[arg(long)]
    raw: bool,
}

impl Arguments {
    /// Whether a table goes to a file, which a double click may open. A program that reads
    /// standard output would take the mark for a part of the first name.
    fn is_for_eyes(&self) -> bool {
        !self.raw && self.output.as_ref().is_some_and(|path| path.as_os_str() != "-")
    }
}

/// The format that is asked for, or that the name of the file tells.
fn format_of(asked: Option<&str>, output: Option<&Path>) -> Result<Format, Failure> {
    let path = output.filter(|path| path.as_os_str() != "-");
    let name = path.map(|path| path.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let shown = path.unwrap_or(Path::new("-")).display();
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    let is_table = ends(&[".csv"]);
    if ends(&[".gz", ".zst"]) {
        return Err(Failure::usage(format!(
            "an export is not compressed, and {shown} would say that it is; leave -o out and write \
             `annotd export … | gzip > {shown}`"
        )));
    }
    if ends(&[".tsv", ".tab", ".xls", ".xlsx", ".ods", ".parquet"]) && asked.is_none() {
        return Err(Failure::usage(format!(
            "annotd does not write what the name {shown} tells; name a file that ends in .csv, which \
             spreadsheets open, or in .jsonl, or say with --format what it shall hold"
        )));
    }
    let format = asked.unwrap_or(if is_table { "csv" } else { "jsonl" });
    let is_lines = ends(&[".jsonl", ".ndjson", ".jl", ".json"]);
    if (is_table && format != "csv") || (is_lines && format == "csv") {
        return Err(Failure::usage(format!(
            "{shown} is not the name of a file of the format {format}; name another file, or leave \
             --format out"
        )));
    }
    Format::from_name(format).ok_or_else(|| Failure::other(format!("there is no format {format}")))
}

fn parse_time(text: &str) -> Result<Millis, String> {
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Ok(Millis(time.as_millisecond()));
    }
    let date: jiff::civil::Date = text.parse().map_err(|_| {
        "expected a date such as 2026-03-01 or a time such as 2026-03-01T08:00:00Z".to_owned()
    })?;
    let midnight = date
        .to_zoned(jiff::tz::TimeZone::UTC)
        .map_err(|_| "this date is too far away".to_owned())?;
    Ok(Millis(midnight.timestamp().as_millisecond()))
}

pub(super) fn run(roster: Option<&Path>, arguments: &Arguments) -> Result<(), Failure> {
    let format = format_of(arguments.format.as_deref(), arguments.output.as_deref())?;
    let file = roster_file::read(roster)?;
    let output = targets::Output { option: "-o", path: arguments.output.as_deref() };
    targets::check(&file, &[], &[output])?;
    let project = &file.roster.project;
    let export = Export {
        project: project.name.clone(),
        interface: policies::interface(&file.roster),
        renamed: policies::renamed(&file.roster),
        filter: Filter {
            annotators: arguments.annotator.clone(),
            since: arguments.since,
            only_finished: arguments.only_finished,
            late: arguments.late,
        },
        cells: Cells { bom: arguments.bom || arguments.is_for_eyes(), raw: arguments.raw },
    };
    if (arguments.bom || arguments.raw) && format.name != "csv" {
        return Err(Failure::usage(format!(
            "--bom and --raw are for tables, and {} is none; add --format csv",
            format.name
        )));
    }
    let mut pen = format.pen(&export);
    let (lines, left_out) = block_on(async {
        let store = file.open_store_to_read().await?;
        let progress = store.stats().await?;
        let known = |name: &String| {
            progress.annotators.contains_key(name) || file.roster.annotator(name).is_some()
        };
        if let Some(stranger) = arguments.annotator.iter().find(|name| !known(name)) {
            let names: Vec<&str> = progress.annotators.keys().map(String::as_str).collect();
            return Err(Failure::other(format!(
                "there is no annotator {stranger:?}; there are answers of {}",
                names.join(", ")
            )));
        }
        // Opened after the store: no file appears where there is nothing to write.
        let mut output = Output::to(arguments.output.as_deref(), Box::new(std::io::stdout()))?;
        let passes = 1 + u64::from(pen.surveys());
        let bar = terminal::bar(
            Some(progress.tasks * passes),
            "exporting {wide_bar} {pos} of {len} tasks, {eta} to go",
        );
        if pen.surveys() {
            let mut after = SequenceNumber::START;
            while let Some(records) = page(&*store, &mut after).await? {
                for record in &records {
                    pen.survey(record);
                }
                bar.inc(records.len() as u64);
            }
        }
        let mut buffer = Vec::new();
        let mut lines = 0;
        let mut after = SequenceNumber::START;
        pen.begin(&mut buffer);
        while let Some(records) = page(&*store, &mut after).await? {
            for record in &records {
                lines += pen.record(record, &mut buffer);
            }
            output.write(&buffer)?;
            buffer.clear();
            bar.inc(records.len() as u64);
        }
        pen.end(&mut buffer);
        output.write(&buffer)?;
        output.finish()?;
        bar.finish_and_clear();
        store.close().await;
        Ok((lines, pen.left_out()))
    })?;
    if left_out > 0 {
        terminal::say(format_args!(
            "Left out: {left_out} answers that came while this was written and need a column of their \
             own. Export again to have them."
        ));
    }
    if let Some(path) = &arguments.output {
        let what = if format.name == "tasks" { "task" } else { "answer" };
        terminal::say(format_args!(
            "{} in {} (format {})",
            terminal::counted(lines, what),
            path.display(),
            format.name
        ));
    }
    Ok(())
}

/// The next tasks with their answers; nothing where there are no more.
async fn page(
    store: &dyn Store,
    after: &mut SequenceNumber,
) -> Result<Option<Vec<Record>>, Failure> {
    let records = store.records(RecordFilter::All, *after, PAGE).await?;
    let Some(last) = records.last() else { return Ok(None) };
    *after = last.number;
    Ok(Some(records))
}
