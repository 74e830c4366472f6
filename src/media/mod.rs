//! The project's folder of pictures, sound and video, which the roster names.
//!
//! A path of a task is followed to where it really leads. A path that leads out of the folder names
//! no file: no `..`, no link to elsewhere, nothing hidden. Only pictures, sound and video count, by
//! the extension of their names: a folder of media often holds the task files as well, with the
//! gold answers in them.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Component, Path, PathBuf};

use crate::task::picture::{self, Size};

/// The folder of this path, as it really is.
///
/// # Errors
/// If it is not there, may not be read, or is no folder.
pub fn folder(path: &Path) -> io::Result<PathBuf> {
    let real = path.canonicalize()?;
    std::fs::read_dir(&real)?;
    Ok(real)
}

/// The file of this path below the folder and its length, if it is one that may be sent.
pub fn find(folder: &Path, path: &str) -> Option<(PathBuf, u64)> {
    let plain = |path: &Path| {
        path.components().all(|part| match part {
            Component::Normal(name) => !name.as_encoded_bytes().starts_with(b"."),
            _ => false,
        })
    };
    if !plain(Path::new(path)) || !is_media(Path::new(path)) {
        return None;
    }
    let folder = folder.canonicalize().ok()?;
    let file = folder.join(path).canonicalize().ok()?;
    let inside = plain(file.strip_prefix(&folder).ok()?);
    let about = file.metadata().ok()?;
    // A pipe or a device might never end.
    (inside && is_media(&file) && about.is_file()).then_some((file, about.len()))
}

/// Whether this path, as a task names it, is a file that may be sent.
pub fn is_there(folder: &Path, path: &str) -> bool {
    find(folder, path.trim()).is_some()
}

/// The size in which a picture of the folder is shown, as far as its header says one.
pub fn picture_size(folder: &Path, path: &str) -> Option<Size> {
    let (file, _) = find(folder, path.trim())?;
    picture::shown_size(BufReader::new(File::open(file).ok()?))
}

/// Whether a file is sent as a picture, sound or video, by the extension of its name.
pub fn is_media(path: &Path) -> bool {
    let kind = mime_guess::from_path(path).first();
    kind.is_some_and(|kind| {
        [mime_guess::mime::IMAGE, mime_guess::mime::AUDIO, mime_guess::mime::VIDEO]
            .contains(&kind.type_())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_media_inside_the_folder_are_found() {
        let top = tempfile::tempdir().expect("a folder");
        let folder = top.path().join("media");
        std::fs::create_dir_all(folder.join("in ner/.hidden")).expect("folders");
        for name in [
            "media/a.png",
            "media/in ner/ü.wav",
            "media/.b.png",
            "media/in ner/.hidden/c.png",
            "media/tasks.jsonl",
            "media/page.html",
            "media/none",
            "secret.png",
            "media/video.mp4",
        ] {
            std::fs::write(top.path().join(name), "x").expect("a file");
        }
        let link = |to: &str, name: &str| {
            std::os::unix::fs::symlink(to, folder.join(name)).expect("a link");
        };
        link("../secret.png", "out.png");
        link("a.png", "also-a.png");
        link("tasks.jsonl", "tasks.png");
        link(".b.png", "b.png");
        link("..", "up");
        for (path, there) in [
            ("a.png", true),
            ("in ner/ü.wav", true),
            ("video.mp4", true),
            ("also-a.png", true),
            ("out.png", false),
            ("tasks.png", false),
            ("b.png", false),
            ("up/secret.png", false),
            ("up/media/a.png", true),
            ("../secret.png", false),
            ("in ner/../a.png", false),
            (".b.png", false),
            ("in ner/.hidden/c.png", false),
            ("tasks.jsonl", false),
            ("page.html", false),
            ("none", false),
            ("in ner", false),
            ("", false),
            ("/etc/passwd", false),
            ("a.png\0", false),
        ] {
            assert_eq!(find(&folder, path).is_some(), there, "{path:?}");
        }
        assert!(super::folder(&folder.join("a.png")).is_err());
    }
}
