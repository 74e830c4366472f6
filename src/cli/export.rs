//! `annotd export`: the answers, as a file.

use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::PossibleValuesParser;

use super::{CommandError, block_on, protected_files, selected_roster, terminal};
use crate::config::policies;
use crate::export::atomic_file::Output;
use crate::export::{Cells, Export, Filter, Format};
use crate::roster::NeededPart;
use crate::store::{RecordFilter, RecordPages};
use crate::task::Millis;

#[derive(Args, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
#[command(after_help = "Example:\n  annotd export -o answers.jsonl\n  annotd export --format csv \
                        --annotator andy --since 2026-03-01 -o andy.csv")]
pub(super) struct Arguments {
    /// jsonl: Prodigy's shape, a line for each answer; tasks: a line for each task with all its
    /// answers; csv [default: csv if FILE ends in .csv, otherwise jsonl]
    #[arg(long, value_parser = PossibleValuesParser::new(Format::names()))]
    format: Option<String>,

    /// The file, written whole or not at all [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Only the answers of these annotators
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    annotator: Vec<String>,

    /// Only answers since a date (UTC), or a time such as 2026-03-01T08:00:00Z
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    since: Option<Millis>,

    /// Only tasks that want no more answers
    #[arg(long)]
    only_finished: bool,

    /// Also answers that arrived too late to count
    #[arg(long)]
    late: bool,

    /// csv: begin with a byte order mark, which Excel needs for é and 日本; a file named with -o has
    /// it anyway
    #[arg(long)]
    bom: bool,

    /// csv, for programs: texts as they are, without the ' before texts that a spreadsheet would
    /// run, and without the mark
    #[arg(long)]
    raw: bool,
}

impl Arguments {
    /// Whether a table goes to a file, which people may open with a double click. A program that
    /// reads standard output would take the mark for a part of the first column's name.
    fn is_for_spreadsheets(&self) -> bool {
        !self.raw && self.output.as_ref().is_some_and(|path| path.as_os_str() != "-")
    }
}

/// The format of `--format`, or the one that the ending of the file's name tells.
fn format_of(asked: Option<&str>, output: Option<&Path>) -> Result<Format, CommandError> {
    let path = output.filter(|path| path.as_os_str() != "-");
    let name = path.map(|path| path.to_string_lossy().to_ascii_lowercase()).unwrap_or_default();
    let shown = path.unwrap_or(Path::new("-")).display();
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    let is_table = ends(&[".csv"]);
    if ends(&[".gz", ".zst"]) {
        let program = if ends(&[".gz"]) { "gzip" } else { "zstd" };
        return Err(CommandError::usage(format!(
            "an export is not compressed, and a file named {shown} would be"
        ))
        .hint(format!("compress it yourself: annotd export … | {program} > {shown}")));
    }
    if ends(&[".tsv", ".tab", ".xls", ".xlsx", ".ods", ".parquet"]) && asked.is_none() {
        return Err(CommandError::usage(format!(
            "annotd does not write the format that the name {shown} tells"
        ))
        .hint(
            "name a file that ends in .csv, which spreadsheets open, or in .jsonl, or choose the \
             format with --format",
        ));
    }
    let format = asked.unwrap_or(if is_table { "csv" } else { "jsonl" });
    let is_lines = ends(&[".jsonl", ".ndjson", ".jl", ".json"]);
    if (is_table && format != "csv") || (is_lines && format == "csv") {
        return Err(CommandError::usage(format!(
            "the name {shown} and the format {format} contradict each other"
        ))
        .hint("name another file, or leave --format out"));
    }
    Format::from_name(format)
        .ok_or_else(|| CommandError::other(format!("there is no format {format}")))
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

pub(super) fn run(roster: Option<&Path>, arguments: &Arguments) -> Result<(), CommandError> {
    let format = format_of(arguments.format.as_deref(), arguments.output.as_deref())?;
    let needs = "[project] and the store's URL";
    let file = selected_roster::read_partly(roster, NeededPart::StoreAndProject, needs)?;
    let output = protected_files::Output { option: "-o", path: arguments.output.as_deref() };
    protected_files::check(&file, &[], &[output])?;
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
        cells: Cells { bom: arguments.bom || arguments.is_for_spreadsheets(), raw: arguments.raw },
    };
    if (arguments.bom || arguments.raw) && format.name != "csv" {
        return Err(CommandError::usage(format!(
            "--bom and --raw are for tables, and {} is none",
            format.name
        ))
        .hint("add --format csv"));
    }
    let mut pen = format.pen(&export);
    let (lines, left_out) = block_on(async {
        let store = file.open_store_to_read().await?;
        let progress = store.stats().await?;
        let known = |name: &String| {
            progress.annotators.contains_key(name) || file.roster.annotator(name).is_some()
        };
        if let Some(unknown) = arguments.annotator.iter().find(|name| !known(name)) {
            let names: Vec<&str> = progress.annotators.keys().map(String::as_str).collect();
            return Err(CommandError::other(format!("there is no annotator {unknown:?}"))
                .hint(format!("there are answers of {}", names.join(", "))));
        }
        // Opened after the store: no file appears if there is nothing to write.
        let mut output = Output::to(arguments.output.as_deref(), Box::new(std::io::stdout()))?;
        let passes = 1 + u64::from(pen.surveys());
        let bar = terminal::bar(
            Some(progress.tasks * passes),
            "exporting {wide_bar} {pos} of {len} tasks, {eta} to go",
        );
        if pen.surveys() {
            let mut pages = RecordPages::new(&*store, RecordFilter::All);
            while let Some(records) = pages.next().await? {
                for record in &records {
                    pen.survey(record);
                }
                bar.inc(records.len() as u64);
            }
        }
        let mut buffer = Vec::new();
        let mut lines = 0;
        let mut pages = RecordPages::new(&*store, RecordFilter::All);
        pen.begin(&mut buffer);
        while let Some(records) = pages.next().await? {
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
        terminal::warning(format_args!(
            "{left_out} answers that arrived during the export are left out, because they need \
             another column; export again to have them"
        ));
    }
    if let Some(path) = &arguments.output {
        let what = if format.name == "tasks" { "task" } else { "answer" };
        terminal::message(format_args!(
            "{} in {} (format {})",
            terminal::counted(lines, what),
            path.display(),
            format.name
        ));
        if arguments.format.is_none()
            && let Some(hint) = name_hint(path)
        {
            terminal::hint(hint);
        }
    }
    Ok(())
}

/// What to say of a file that became JSONL although its name tells something else, or nothing.
fn name_hint(path: &Path) -> Option<String> {
    let name = path.to_string_lossy();
    if name == "-" {
        return None;
    }
    let ending = path.extension()?.to_string_lossy().to_ascii_lowercase();
    if ["jsonl", "ndjson", "jl", "csv"].contains(&ending.as_str()) {
        return None;
    }
    let shown = path.display();
    Some(if ending == "json" {
        format!(
            "{shown} has a JSON object on each line (JSONL), not one list; programs that expect .json \
             may refuse it. Name it {} to show that",
            path.with_extension("jsonl").display()
        )
    } else {
        format!(
            "{shown} has JSONL; for a table, name a file that ends in .csv, or add --format csv"
        )
    })
}
