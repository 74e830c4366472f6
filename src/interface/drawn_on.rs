//! The pictures of a task in which shapes lie: those whose size the page and the server count in.
//!
//! The files are elsewhere; here is said which ones matter, where the task names them, and where
//! the page looks for what belongs to each.

use super::spec::Card;
use super::{Interface, blocks, image, pages, pictured};
use crate::task::TaskJson;

/// A picture in which shapes lie.
#[derive(Clone, Debug, PartialEq)]
pub struct DrawnOn {
    /// The path, URL or data URI under `image`.
    pub source: String,
    /// The width and the height that the task says, if it says both.
    pub size: Option<(f64, f64)>,
    /// The part of the task that names it, as a JSON pointer; empty for the task itself.
    pub at: String,
    /// The part of the card that it belongs to: the places in `_parts`, from the outside. Empty for
    /// the whole card.
    pub parts: Vec<usize>,
}

impl Interface {
    /// The pictures of this task in which shapes lie, one for each part of the card that has its
    /// own.
    pub fn drawn_on(&self, task: &TaskJson) -> Vec<DrawnOn> {
        let card = self.card(task);
        if self.spec.name == blocks::SPEC.name {
            return of_blocks(&card);
        }
        if self.spec.name == pages::SPEC.name {
            let parts = pages::parts(&card).into_iter().enumerate();
            let within = parts.filter_map(|(index, part)| Some((index, part?)));
            return within
                .flat_map(|(index, part)| {
                    let pictures = part.interface.drawn_on(&part.body);
                    pictures.into_iter().map(move |picture| picture.inside("pages", index))
                })
                .collect();
        }
        if self.spec.content != image::SPEC.content {
            return Vec::new();
        }
        let Some(source) = card.get_as("image") else { return Vec::new() };
        vec![DrawnOn {
            source,
            size: pictured::own_size(&card),
            at: String::new(),
            parts: Vec::new(),
        }]
    }
}

/// Blocks about the task's own picture share it.
fn of_blocks(card: &Card<'_>) -> Vec<DrawnOn> {
    let mut found: Vec<DrawnOn> = Vec::new();
    for (index, (part, overrides)) in blocks::parts(card).into_iter().enumerate() {
        for picture in part.interface.drawn_on(&part.body) {
            if overrides.contains_key("image") {
                found.push(picture.inside("config/blocks", index));
            } else if !found.iter().any(|picture| picture.parts.is_empty()) {
                found.push(picture);
            }
        }
    }
    found
}

impl DrawnOn {
    fn inside(mut self, list: &str, index: usize) -> Self {
        self.at = format!("/{list}/{index}{}", self.at);
        self.parts.insert(0, index);
        self
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::interface::Settings;

    fn found(view: &str, config: &Value, task: &Value) -> Vec<(String, String, Vec<usize>)> {
        let config = config.as_object().expect("an object").clone();
        let interface = Interface::new(view, Settings { labels: Vec::new(), config });
        let body = TaskJson::from_value(task).expect("a task");
        let pictures = interface.expect("it is there").drawn_on(&body).into_iter();
        pictures.map(|picture| (picture.source, picture.at, picture.parts)).collect()
    }

    #[test]
    fn each_part_of_a_card_that_has_its_own_picture_is_found_once() {
        let a = json!({"image": "a.png", "width": 1, "height": 2, "text": "t"});
        let whole = ("a.png".to_owned(), String::new(), Vec::new());
        let none = json!({});
        for view in ["image", "image_manual"] {
            assert_eq!(found(view, &none, &a), std::slice::from_ref(&whole), "{view}");
        }
        assert_eq!(found("choice", &none, &a), []);
        let blocks = json!({"blocks": [
            {"view_id": "text"}, {"view_id": "image"}, {"view_id": "image_manual"},
            {"view_id": "image", "image": "b.png"}, {"view_id": "choice", "image": "c.png"},
        ]});
        let own = ("b.png".to_owned(), "/config/blocks/3".to_owned(), vec![3]);
        assert_eq!(found("blocks", &blocks, &a), [whole, own]);
        let task = json!({"pages": [
            {"view_id": "text", "text": "t"},
            {"view_id": "image_manual", "image": "a.png"},
            {"view_id": "blocks", "image": "b.png"},
        ]});
        let expected = [("a.png", "/pages/1", 1), ("b.png", "/pages/2", 2)];
        let pictures = found("pages", &blocks, &task);
        let pages: Vec<_> =
            pictures.iter().map(|(source, at, parts)| (&**source, &**at, parts[0])).collect();
        assert_eq!(pages[..2], expected);
        assert_eq!(pictures[1].2, [2], "a page's own picture is its blocks' as well");
        assert_eq!(pictures[2].2, [2, 3]);
    }
}
