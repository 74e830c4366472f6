//! The roster's file: reads it and checks what it names.
//!
//! [`crate::roster`] is pure and knows no disk. The commands and the daemon read the file here, so
//! that they report the same problems for the same file. The caller prints them.

use std::path::{Path, PathBuf};

use super::certificate;
use super::regular_file::read_regular_file;
use crate::ingest::load;
use crate::interface::Interface;
use crate::media;
use crate::roster::{self, Diagnostic, NeededPart, Roster};

/// A roster and its file.
#[derive(Clone, Debug)]
pub struct RosterFile {
    /// The file.
    pub path: PathBuf,
    /// Its text.
    pub text: String,
    /// The roster that the text means.
    pub roster: Roster,
}

/// Why a roster cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RosterError {
    /// The file cannot be read.
    #[error("cannot read the roster {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// The file is not text.
    #[error("{}:{line}:{column}: this is not UTF-8 text; save the file as UTF-8", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
        /// The line of the first odd byte, from 1.
        line: usize,
        /// Its column, from 1, in characters.
        column: usize,
    },
    /// The roster has mistakes.
    #[error("{}", .0.first())]
    Wrong(Mistakes),
}

/// The mistakes of a roster, with the text they are in.
#[derive(Clone, Debug)]
pub struct Mistakes {
    path: PathBuf,
    text: String,
    problems: Vec<Diagnostic>,
}

impl Mistakes {
    /// How many there are: at least one.
    pub fn count(&self) -> usize {
        self.problems.len()
    }

    /// All of them, as a compiler would show them.
    pub fn explain(&self, colour: bool) -> String {
        roster::explain(&self.problems, &self.text, &self.path.display().to_string(), colour)
    }

    /// The first one, on one line: `file:line:column: what is wrong (what to do)`.
    pub fn first(&self) -> String {
        self.lines().into_iter().next().unwrap_or_default()
    }

    /// All of them, a line each.
    pub fn lines(&self) -> Vec<String> {
        let line = |problem: &Diagnostic| {
            let (line, column) = problem.line_column(&self.text);
            let help = problem.help.as_ref().map(|help| format!(" ({help})")).unwrap_or_default();
            format!("{}:{line}:{column}: {}{help}", self.path.display(), problem.message)
        };
        self.problems.iter().map(line).collect()
    }
}

/// The largest roster, in bytes: some ten thousand annotators.
const LARGEST_ROSTER: u64 = 4 << 20;
/// The largest codebook, in bytes. Each page gets it.
const LARGEST_INSTRUCTIONS: u64 = 4 << 20;

/// Reads the instructions.
///
/// # Errors
/// If it is not a regular file, too large, or not UTF-8.
pub fn read_instructions(path: &Path) -> std::io::Result<String> {
    let bytes = read_regular_file(path, LARGEST_INSTRUCTIONS)?;
    String::from_utf8(bytes)
        .map_err(|error| std::io::Error::new(std::io::ErrorKind::InvalidData, error.utf8_error()))
}

impl RosterFile {
    /// Reads a roster's file.
    ///
    /// # Errors
    /// If the file cannot be read, is not text, or has mistakes: all of them.
    pub fn read(path: &Path) -> Result<Self, RosterError> {
        let text = Self::read_text(path)?;
        match roster::read(&text, &Interface::names()) {
            Ok(roster) => Ok(Self { path: path.to_owned(), text, roster }),
            Err(problems) => {
                Err(RosterError::Wrong(Mistakes { path: path.to_owned(), text, problems }))
            }
        }
    }

    /// Reads a roster's file for a command that needs only a part of it, and returns the mistakes
    /// that the command may ignore; none if there are none.
    ///
    /// # Errors
    /// As [`RosterFile::read`], if a mistake may concern the needed part.
    pub fn read_partly(
        path: &Path,
        needed: NeededPart,
    ) -> Result<(Self, Option<Mistakes>), RosterError> {
        let text = Self::read_text(path)?;
        match roster::read_partly(&text, &Interface::names(), needed) {
            Ok((roster, problems)) => {
                let file = Self { path: path.to_owned(), text, roster };
                let mistakes = file.mistakes(problems);
                Ok((file, mistakes))
            }
            Err(problems) => {
                Err(RosterError::Wrong(Mistakes { path: path.to_owned(), text, problems }))
            }
        }
    }

    fn read_text(path: &Path) -> Result<String, RosterError> {
        let bytes = read_regular_file(path, LARGEST_ROSTER)
            .map_err(|source| RosterError::Read { path: path.to_owned(), source })?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let readable = String::from_utf8_lossy(valid);
            let (line, column) = roster::line_column(&readable, readable.len());
            RosterError::NotText { path: path.to_owned(), line, column }
        })?;
        Ok(text)
    }

    /// The folder to which paths in the roster are relative.
    pub fn base_dir(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// Checks that the files and folders that the roster names exist and can be used.
    pub fn preflight(&self) -> Vec<Diagnostic> {
        let project = &self.roster.project;
        let mut problems = Vec::new();
        if let Some(instructions) = &project.instructions
            && let Err(error) = read_instructions(&self.base_dir().join(&instructions.value))
        {
            let message = format!("cannot read the instructions: {error}");
            let help = "write the file, correct the path (it is relative to the roster's folder), or \
                        delete the line";
            problems.push(Diagnostic::new(message, instructions.at.clone()).help(help));
        }
        for pattern in &project.tasks {
            if let Err(message) = load::find_files(&pattern.value, self.base_dir()) {
                let help = "paths are relative to the roster's folder, and * stands for anything";
                problems.push(Diagnostic::new(message, pattern.at.clone()).help(help));
            }
        }
        if let Some(media) = &project.media
            && let Err(error) = media::folder(&self.base_dir().join(&media.value))
        {
            let message = format!("cannot take pictures and sound from there: {error}");
            let help = "name a folder that is there; paths are relative to the roster's folder";
            problems.push(Diagnostic::new(message, media.at.clone()).help(help));
        }
        problems.extend(certificate::load(&self.roster.server, self.base_dir()).err().map(|p| *p));
        problems
    }

    /// These problems as mistakes of this file, in the order of the text; none if there are none.
    pub fn mistakes(&self, mut problems: Vec<Diagnostic>) -> Option<Mistakes> {
        if problems.is_empty() {
            return None;
        }
        problems.sort_by_key(|problem| (problem.at.start, problem.at.end));
        Some(Mistakes { path: self.path.clone(), text: self.text.clone(), problems })
    }

    /// The roster's warnings, a line each.
    pub fn warnings(&self) -> Vec<String> {
        let warnings = self.roster.places.warnings().to_vec();
        self.mistakes(warnings).map(|odd| odd.lines()).unwrap_or_default()
    }

    /// One problem as the only mistake of this file.
    pub fn mistakes_of(&self, problem: Diagnostic) -> Mistakes {
        Mistakes { path: self.path.clone(), text: self.text.clone(), problems: vec![problem] }
    }
}
