//! Looks for the pictures, sounds and videos that tasks name while the tasks are loaded.
//!
//! A missing file is counted and is not an error: it may still be copied there, and the page
//! reports it until then. A picture whose size differs from the one in its task is an error: shapes
//! drawn on it would be misplaced.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use crate::ingest::read::{LineError, Tasks};
use crate::interface::{Interface, Unfit};
use crate::media;
use crate::task::TaskJson;
use crate::task::media as named;
use crate::task::picture::Fit;

/// Files that are not in the project's folder. Cheap to clone; all clones are one.
#[derive(Clone, Debug, Default)]
pub struct MissingMedia(Arc<Mutex<Count>>);

#[derive(Debug, Default)]
struct Count {
    files: u64,
    first: Option<(String, u64)>,
}

impl MissingMedia {
    /// Has the files of these tasks looked for in the folder while the tasks are read. The size of
    /// a picture in which shapes lie is held against the one that the task says.
    pub fn watch(&self, tasks: Tasks, folder: &Path, interface: &Interface) -> Tasks {
        let missing = self.clone();
        let (folder, interface) = (folder.to_owned(), interface.clone());
        tasks.looked_at(move |file, entry| {
            for path in named::named(&entry.body).iter().filter(|path| named::is_path(path)) {
                if !media::is_there(&folder, path) {
                    missing.count(path, entry.line);
                }
            }
            let unfit = of_another_size(&folder, &interface, &entry.body)?;
            Some(LineError::of_task(file, entry.line, &entry.body, unfit))
        })
    }

    fn count(&self, path: &str, line: u64) {
        let mut count = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        count.files += 1;
        count.first.get_or_insert_with(|| (path.chars().take(200).collect(), line));
    }

    /// How many there are, and the first one.
    pub fn count_and_first(&self) -> Option<(u64, String)> {
        let count = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        count.first.as_ref().map(|(first, _)| (count.files, first.clone()))
    }

    /// What there is to say about them, if there are any.
    pub fn words(&self, folder: &Path) -> Option<String> {
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
fn of_another_size(folder: &Path, interface: &Interface, task: &TaskJson) -> Option<Unfit> {
    // Most tasks have none: a look at the text is cheaper than a look at the keys.
    if !task.may_have_key("width") {
        return None;
    }
    interface.drawn_on(task).into_iter().find_map(|picture| {
        let (width, height) = picture.size.filter(|_| named::is_path(&picture.source))?;
        let size = media::picture_size(folder, &picture.source)?;
        let mut unfit = Unfit::of_size(size, width, height);
        unfit.at.insert_str(0, &picture.at);
        (size.fit(width, height) == Fit::Neither).then_some(unfit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::read::{Format, from_reader};
    use crate::interface::Settings;

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
        let missing = MissingMedia::default();
        let interface = Interface::new("image", Settings::default()).expect("it is there");
        let read: Vec<_> = missing.watch(tasks, folder.path(), &interface).collect();
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
        assert_eq!(missing.count_and_first(), Some((2, "b.gif".into())));
        assert_eq!(MissingMedia::default().words(Path::new("media")), None);
    }

    #[test]
    fn the_size_of_a_picture_on_a_page_is_held_against_its_file() {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("a.gif"), gif(40, 30)).expect("a picture");
        let text = "{\"pages\":[{\"view_id\":\"image\",\"image\":\"a.gif\",\"width\":40,\"height\":30}]}\n\
                    {\"pages\":[{\"view_id\":\"image\",\"image\":\"a.gif\",\"width\":40,\"height\":9}]}\n";
        let tasks = from_reader("t", Some(Format::Jsonl), Box::new(text.as_bytes()));
        let interface = Interface::new("pages", Settings::default()).expect("it is there");
        let read: Vec<_> =
            MissingMedia::default().watch(tasks, folder.path(), &interface).collect();
        let wrong: Vec<String> =
            read.iter().filter_map(|entry| Some(entry.as_ref().err()?.to_string())).collect();
        assert_eq!(wrong.len(), 1, "{wrong:?}");
        assert!(
            wrong[0].starts_with("t:2:54: expected the size of the picture, 40 by 30"),
            "{wrong:?}"
        );
    }
}
