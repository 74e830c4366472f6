//! Files that no command may overwrite, however a path names them: those that annotd works with.
//!
//! A file is identified by its device and inode, so a link to it, hard or symbolic, is the file. A
//! file that does not exist yet is identified by its folder and name: a file where SQLite will look
//! for `annotd.db-wal` damages the store as surely as writing over it.
//!
//! In the folder of media, pictures, sounds and videos are protected, and new ones refused: each
//! annotator could open them. Other files may lie there; task files often do.
//!
//! Rejected: a comparison of canonical paths, which misses a second name of the same file; and a
//! check of the file when it is opened, which comes after `--rejects` has truncated it.

use std::fs::{self, Metadata};
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use super::CommandError;
use super::selected_roster::SelectedRoster;
use crate::ingest::load;
use crate::media;
use crate::store;

/// Files of SQLite next to the store's file, by the ending of the name.
const SIDE_FILES: [&str; 3] = ["-wal", "-shm", "-journal"];
/// How a file of SQLite begins.
const SQLITE_MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// How many links to links are followed.
const MAX_LINKS: usize = 40;

/// A file that a command writes.
pub(super) struct Output<'a> {
    /// The option that names it, as in `--rejects`.
    pub(super) option: &'static str,
    /// The file, or `-` for standard output; none if the option was not given.
    pub(super) path: Option<&'a Path>,
}

/// Refuses outputs that name a file of annotd, an input of the same command, or one another.
///
/// # Errors
/// Which option, which file, and what it is.
pub(super) fn check(
    file: &SelectedRoster,
    inputs: &[&Path],
    outputs: &[Output<'_>],
) -> Result<(), CommandError> {
    let mut written: Vec<(&str, FileIdentity)> = Vec::new();
    for Output { option, path } in outputs {
        let Some(path) = path.filter(|path| path.as_os_str() != "-") else { continue };
        let place = FileIdentity::of(path);
        let what = inputs
            .iter()
            .find(|input| place.is_input(input))
            .map(|_| "the input itself".to_owned());
        let what = match what {
            Some(what) => Some(what),
            None => protected_as(file, &place)?,
        };
        if let Some(what) = what {
            return Err(CommandError::output(format!(
                "{option} names {}, which is {what}",
                path.display()
            ))
            .hint("name another file"));
        }
        if let Some((other, _)) = written.iter().find(|(_, other)| place.is(other)) {
            let message = format!("{other} and {option} name the same file");
            return Err(CommandError::output(message).hint("name two files"));
        }
        written.push((option, place));
    }
    Ok(())
}

/// What a file is to annotd, in words that follow "which is"; none if it may be written.
fn protected_as(
    file: &SelectedRoster,
    place: &FileIdentity,
) -> Result<Option<String>, CommandError> {
    let (project, server) = (&file.roster.project, &file.roster.server);
    let in_base_dir = |named: &str| file.base_dir().join(named);
    if place.is(&FileIdentity::of(&file.path)) {
        return Ok(Some("the roster".to_owned()));
    }
    let url = file.store_url()?;
    if let Some(store) = store::file_of(&url, file.base_dir())
        && place.is_store(&store)
    {
        return Ok(Some("a file of the store".to_owned()));
    }
    if place.is_database() {
        return Ok(Some("an SQLite database".to_owned()));
    }
    let named = [
        (&project.instructions, "the codebook"),
        (&server.cert, "the certificate of the ports"),
        (&server.key, "the key of the certificate"),
    ];
    for (path, what) in named {
        if path.as_ref().is_some_and(|path| place.is(&FileIdentity::of(&in_base_dir(&path.value))))
        {
            return Ok(Some(what.to_owned()));
        }
    }
    for pattern in &project.tasks {
        let files = load::find_files(&pattern.value, file.base_dir()).unwrap_or_default();
        if files.iter().any(|file| place.is(&FileIdentity::of(&file.path))) {
            return Ok(Some(format!("a task file of the roster (tasks = {:?})", pattern.value)));
        }
        if place.matches(&pattern.value, file.base_dir()) {
            let pattern = &pattern.value;
            let what = "a file that the daemon would load as tasks when it next starts";
            return Ok(Some(format!("{what} (tasks = {pattern:?})")));
        }
    }
    if let Some(folder) = &project.media
        && place.is_media_of(&in_base_dir(&folder.value))
    {
        return Ok(Some(format!("in the folder of media (media = {:?})", folder.value)));
    }
    Ok(None)
}

/// Which file a path names, whether it exists or not.
struct FileIdentity {
    /// Its whole path, with links resolved.
    path: PathBuf,
    /// None if it does not exist.
    metadata: Option<Metadata>,
}

impl FileIdentity {
    fn of(path: &Path) -> Self {
        let path = resolve_links(path);
        Self { metadata: fs::metadata(&path).ok(), path }
    }

    /// Whether a command reads this file, also as its standard input.
    fn is_input(&self, input: &Path) -> bool {
        if input.as_os_str() != "-" {
            return self.is(&Self::of(input));
        }
        let stdin = Self::of(Path::new("/dev/stdin"));
        stdin.metadata.as_ref().is_some_and(Metadata::is_file) && self.is(&stdin)
    }

    /// Whether it is an SQLite database: the store of this roster or of another.
    fn is_database(&self) -> bool {
        let mut head = [0; SQLITE_MAGIC.len()];
        self.metadata.as_ref().is_some_and(Metadata::is_file)
            && fs::File::open(&self.path).is_ok_and(|mut file| file.read_exact(&mut head).is_ok())
            && head == *SQLITE_MAGIC
    }

    /// Whether the two are one file.
    fn is(&self, other: &Self) -> bool {
        self.path == other.path
            || match (&self.metadata, &other.metadata) {
                (Some(one), Some(other)) => {
                    device_and_inode(one).is_some_and(|id| Some(id) == device_and_inode(other))
                }
                _ => false,
            }
    }

    /// Whether it is the store's file, one of SQLite's next to it, or a copy that a migration left.
    fn is_store(&self, store: &Path) -> bool {
        let store = resolve_links(store);
        let sibling = |end: &str| {
            let mut name = store.clone().into_os_string();
            name.push(end);
            Self::of(Path::new(&name))
        };
        if self.is(&Self::of(&store)) || SIDE_FILES.iter().any(|end| self.is(&sibling(end))) {
            return true;
        }
        let copy = sibling(".format-").path;
        let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
        self.path.parent() == copy.parent()
            && name(&self.path).zip(name(&copy)).is_some_and(|(own, copy)| own.starts_with(&copy))
    }

    /// Whether a pattern of the roster would find it. The folders before the first wildcard are
    /// resolved, so that `./`, `../` and links name the same files as for the daemon.
    fn matches(&self, pattern: &str, base_dir: &Path) -> bool {
        let is_wild =
            |part: &Component<'_>| part.as_os_str().to_string_lossy().contains(['*', '?', '[']);
        let parts: Vec<Component<'_>> = Path::new(pattern).components().collect();
        let literal = parts.iter().take_while(|part| !is_wild(part)).count();
        let literal = literal.min(parts.len().saturating_sub(1));
        let folder = resolve_links(&base_dir.join(parts[..literal].iter().collect::<PathBuf>()));
        let rest = parts[literal..].iter().collect::<PathBuf>();
        let options = glob::MatchOptions {
            require_literal_leading_dot: true,
            require_literal_separator: true,
            ..glob::MatchOptions::new()
        };
        let Ok(pattern) = glob::Pattern::new(&rest.to_string_lossy()) else { return false };
        self.path
            .strip_prefix(folder)
            .is_ok_and(|within| pattern.matches_path_with(within, options))
    }

    /// Whether it is a picture, sound or video in this folder, or would be one.
    fn is_media_of(&self, folder: &Path) -> bool {
        let folder = resolve_links(folder);
        (self.path.starts_with(&folder) && media::is_media(&self.path))
            // A second name of one of them; nearly every file has one name.
            || self.has_more_names() && self.is_in(&folder)
    }

    /// Whether one of the media of a folder is this file.
    fn is_in(&self, folder: &Path) -> bool {
        let Ok(entries) = fs::read_dir(folder) else { return false };
        entries.flatten().any(|entry| {
            let path = entry.path();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => self.is_in(&path),
                Ok(_) => media::is_media(&path) && self.is(&Self::of(&path)),
                Err(_) => false,
            }
        })
    }

    #[cfg(unix)]
    fn has_more_names(&self) -> bool {
        use std::os::unix::fs::MetadataExt;
        self.metadata.as_ref().is_some_and(|metadata| metadata.is_file() && metadata.nlink() > 1)
    }

    #[cfg(not(unix))]
    fn has_more_names(&self) -> bool {
        false
    }
}

/// A path without links, also if its file does not exist.
fn resolve_links(path: &Path) -> PathBuf {
    let mut path = if path.as_os_str().is_empty() { Path::new(".") } else { path }.to_owned();
    for _ in 0..MAX_LINKS {
        if let Ok(whole) = path.canonicalize() {
            return whole;
        }
        let Ok(target) = fs::read_link(&path) else { break };
        path = folder_of(&path).join(target);
    }
    let folder = folder_of(&path).canonicalize();
    match (folder, path.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => std::path::absolute(&path).unwrap_or(path),
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The device and the inode of a file.
#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "other systems give none")]
fn device_and_inode(metadata: &Metadata) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    Some((metadata.dev(), metadata.ino()))
}

/// Elsewhere paths decide.
#[cfg(not(unix))]
fn device_and_inode(_: &Metadata) -> Option<(u64, u64)> {
    None
}
