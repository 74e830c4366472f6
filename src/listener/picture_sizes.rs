//! The sizes of pictures in the project's folder, for the pages that draw in them.
//!
//! The server checks shapes against the size of the picture as it is shown, so the page has to
//! count in the same one. A picture that cannot be read, or that is elsewhere, is measured by the
//! page.

use std::path::Path;

use serde_json::value::to_raw_value;
use serde_json::{Map, Value};

use crate::interface::{DrawnOn, Interface};
use crate::media;
use crate::task::media as named;
use crate::task::picture::Size;
use crate::task::{Fields, TaskJson};

/// A picture in the folder: the card that it is on, and the part of that card.
struct Wanted {
    card: usize,
    parts: Vec<usize>,
    path: String,
}

/// Adds `_size` to what a page gets of these tasks: to the card, or to the part of it that has the
/// picture.
pub(super) async fn add(
    folder: Option<&Path>,
    interface: &Interface,
    bodies: impl Iterator<Item = &TaskJson>,
    cards: &mut [Fields],
) {
    let Some(folder) = folder.map(Path::to_owned) else { return };
    let mut wanted = Vec::new();
    for (card, body) in bodies.enumerate() {
        for DrawnOn { source, parts, .. } in interface.drawn_on(body) {
            if named::is_path(&source) {
                wanted.push(Wanted { card, parts, path: source });
            }
        }
    }
    if wanted.is_empty() {
        return;
    }
    let look = move || -> Vec<(Wanted, Option<Size>)> {
        let size = |wanted: &Wanted| media::picture_size(&folder, &wanted.path);
        wanted
            .into_iter()
            .map(|wanted| (size(&wanted), wanted))
            .map(|(size, of)| (of, size))
            .collect()
    };
    for (Wanted { card, parts, .. }, size) in
        tokio::task::spawn_blocking(look).await.unwrap_or_default()
    {
        if let (Some(size), Some(card)) = (size, cards.get_mut(card)) {
            put(card, &parts, size);
        }
    }
}

/// Puts a size where the page looks for it.
fn put(card: &mut Fields, parts: &[usize], size: Size) {
    let (mut key, mut value) = size.page_extra();
    if let [first, rest @ ..] = parts {
        let own = card.get("_parts").and_then(|raw| serde_json::from_str(raw.get()).ok());
        let mut list = own.unwrap_or_default();
        put_in(&mut list, *first, rest, key, value);
        (key, value) = ("_parts".into(), list);
    }
    card.insert(key, to_raw_value(&value).expect("plain values are JSON"));
}

/// The same in a list of parts, which is made as long as it has to be.
fn put_in(list: &mut Value, index: usize, rest: &[usize], key: String, value: Value) {
    if !list.is_array() {
        *list = Value::Array(Vec::new());
    }
    let Some(parts) = list.as_array_mut() else { return };
    if parts.len() <= index {
        parts.resize_with(index + 1, || Value::Object(Map::new()));
    }
    let Some(part) = parts[index].as_object_mut() else { return };
    match rest {
        [] => {
            part.insert(key, value);
        }
        [next, rest @ ..] => {
            let inner = part.entry("_parts").or_insert(Value::Null);
            put_in(inner, *next, rest, key, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::interface::Settings;

    #[tokio::test]
    async fn each_part_of_a_card_gets_the_size_of_its_own_picture() {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, width) in [("a.gif", 40_u16), ("b.gif", 50)] {
            let header =
                [&b"GIF89a"[..], &width.to_le_bytes(), &[30, 0, 0, 0, 0, 0, 0, 0]].concat();
            std::fs::write(folder.path().join(name), header).expect("a picture");
        }
        let blocks = json!({"blocks": [
            {"view_id": "image"}, {"view_id": "image_manual", "image": "b.gif"},
        ]});
        let config = blocks.as_object().expect("an object").clone();
        let settings = Settings { labels: Vec::new(), config };
        let size = |width: u32| json!({"width": width, "height": 30});
        for (view, task, expected) in [
            ("image", json!({"image": "a.gif"}), json!({"_size": size(40)})),
            ("image", json!({"image": "gone.gif"}), json!({})),
            ("text", json!({"image": "a.gif"}), json!({})),
            (
                "blocks",
                json!({"image": "a.gif"}),
                json!({"_size": size(40), "_parts": [{}, {"_size": size(50)}]}),
            ),
            (
                "pages",
                json!({"pages": [
                    {"view_id": "text", "text": "t"}, {"view_id": "image", "image": "a.gif"},
                    {"view_id": "blocks", "image": "a.gif"},
                ]}),
                json!({"_parts": [
                    {}, {"_size": size(40)}, {"_size": size(40), "_parts": [{}, {"_size": size(50)}]},
                ]}),
            ),
        ] {
            let interface = Interface::new(view, settings.clone()).expect("it is there");
            let body = TaskJson::from_value(&task).expect("a task");
            let mut cards = [Fields::new()];
            add(Some(folder.path()), &interface, std::iter::once(&body), &mut cards).await;
            let card = serde_json::to_value(&cards[0]).expect("JSON");
            assert_eq!(card, expected, "{view}: {task}");
        }
    }
}
