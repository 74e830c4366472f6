//! What the disk says about the pictures, sounds and films that tasks name, while they are loaded.
//!
//! A file that is not there is counted and no mistake: it may be on its way, and the page says so where it is
//! missing. A picture of another size than its task says is one: whatever is drawn on it would lie
//! elsewhere.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use crate::exchange::read::{Entry, Tasks, WrongLine};
use crate::listener::media;
use crate::task::interface::Unfit;
use crate::task::media as named;
use crate::task::picture::Fit;
use crate::task::reading;

/// Files that are not in the project's folder. Cheap to clone; all clones are one.
#[derive(Clone, Debug, Default)]
pub(super) struct Missing(Arc<Mutex<Count>>);

#[derive(Debug, Default)]
struct Count {
    files: u64,
    first: Option<(String, u64)>,
}

impl Missing {
    /// Has the files of these tasks looked for in the folder while the tasks are read. With `is_drawn_on`
    /// a picture's size is held against its task's.
    pub(super) fn watch(&self, tasks: Tasks, folder: PathBuf, is_drawn_on: bool) -> Tasks {
        let missing = self.clone();
        tasks.looked_at(move |file, entry| {
            for path in named::named(&entry.body).iter().filter(|path| named::is_path(path)) {
                if !media::is_there(&folder, path) {
                    missing.count(path, entry.line);
                }
            }
            let unfit = is_drawn_on.then(|| of_another_size(&folder, entry)).flatten()?;
            Some(WrongLine::of_task(file, entry.line, &entry.body, unfit))
        })
    }

    fn count(&self, path: &str, line: u64) {
        let mut count = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        count.files += 1;
        count.first.get_or_insert_with(|| (path.chars().take(200).collect(), line));
    }

    /// What there is to say about them, if there are any.
    pub(super) fn words(&self, folder: &Path) -> Option<String> {
        let count = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (first, line) = count.first.as_ref()?;
        let (many, them) = match count.files {
            1 => ("1 file that a task names is".to_owned(), "it"),
            files => (format!("{files} files that tasks name are"), "them"),
        };
        Some(format!(
            "{many} not in the folder {}: {first} of line {line}{}. The tasks are loaded; put {them} \
             there before annotators see these tasks.",
            folder.display(),
            if count.files > 1 { " is the first" } else { "" },
        ))
    }
}

/// Why the size that a task says cannot be its picture's.
fn of_another_size(folder: &Path, entry: &Entry) -> Option<Unfit> {
    // Most tasks have none: a look at the text is cheaper than a look at the keys.
    if !entry.body.as_str().contains("\"width\"") {
        return None;
    }
    let fields = reading::fields(&entry.body);
    let get = |key: &str| serde_json::from_str::<Value>(fields.get(key)?.get()).ok();
    let side = |key: &str| get(key).as_ref().and_then(reading::number);
    let (width, height) = (side("width")?, side("height")?);
    let image = get("image")?;
    let path = image.as_str().filter(|path| named::is_path(path))?;
    let size = media::picture_size(folder, path)?;
    (size.fit(width, height) == Fit::Neither).then(|| Unfit::of_size(size, width, height))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exchange::read::{Format, from_reader};

    /// A GIF of these sides: its header is all that is read.
    fn gif(width: u16, height: u16) -> Vec<u8> {
        [&b"GIF89a"[..], &width.to_le_bytes(), &height.to_le_bytes(), &[0; 8]].concat()
    }

    #[test]
    fn files_that_are_not_there_are_counted_and_sizes_of_other_pictures_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("a.gif"), gif(40, 30)).expect("a picture");
        let text = "{\"image\":\"a.gif\",\"width\":40,\"height\":30.0}\n\
                    {\"image\":\"a.gif\",\"width\":30,\"height\":40}\n\
                    {\"image\":\"a.gif\",\"height\":9,\"width\":40}\n\
                    {\"image\":\"b.gif\",\"width\":1,\"height\":2}\n\
                    {\"audio\":\"https://a.example/c.wav\",\"options\":[{\"image\":\"d.png\"}]}\n";
        let tasks = from_reader("t", Some(Format::Jsonl), Box::new(text.as_bytes()));
        let missing = Missing::default();
        let read: Vec<_> = missing.watch(tasks, folder.path().to_owned(), true).collect();
        let wrong: Vec<String> =
            read.iter().filter_map(|entry| Some(entry.as_ref().err()?.to_string())).collect();
        assert_eq!(
            wrong,
            [
                "t:3:37: expected the size of the picture, 40 by 30, found 40 by 9 (leave `width` and \
              `height` out, and the picture is measured)"
            ]
        );
        let words = missing.words(Path::new("media")).expect("two are missing");
        assert!(
            words.starts_with(
                "2 files that tasks name are not in the folder media: b.gif of line 4"
            )
        );
        assert_eq!(Missing::default().words(Path::new("media")), None);
    }
}
