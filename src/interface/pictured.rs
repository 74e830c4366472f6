//! What a task with a picture has to be to be loaded: `image`, shapes that can be drawn, and a size
//! that can be counted in.

use serde_json::{Map, Value};

use super::fits::{Unfit, list, texts, what_is};
use super::spec::Card;
use crate::task::picture::{Fit, Size, size_of_data_uri};
use crate::task::reading;

/// What a card with a picture is about.
pub(super) const CONTENT: [&str; 1] = ["image"];
/// What stands around the picture.
pub(super) const CONTEXT: [&str; 2] = ["label", "text"];

/// Checks a task with a picture.
pub(super) fn fits(card: &Card<'_>) -> Result<(), Unfit> {
    texts(card, &CONTENT, "a task with `image`")?;
    for key in ["width", "height"] {
        if let Some(value) = card.get(key)
            && size(&value).is_none()
        {
            let at = format!("/{key}");
            return Err(Unfit::new(at, "the picture's size in pixels", what_is(&value))
                .help("leave `width` and `height` out, and the picture is measured"));
        }
    }
    let image: Option<String> = card.get_as("image");
    if let Some(brought) = image.and_then(|image| size_of_data_uri(&image))
        && let Some((width, height)) = own_size(card)
        && brought.fit(width, height) == Fit::Neither
    {
        return Err(Unfit::of_size(brought, width, height));
    }
    for (index, shape) in list(card, "spans", "shapes")?.iter().enumerate() {
        let at = format!("/spans/{index}");
        let Some(fields) = shape.as_object() else {
            return Err(Unfit::new(at, "a shape, an object with `points`", what_is(shape)));
        };
        if !is_drawable(fields) {
            let (at, found) = match reading::get(shape, "points") {
                Some(points) if points.is_array() => (format!("{at}/points"), "others".to_owned()),
                Some(points) => (format!("{at}/points"), what_is(points)),
                None => (at, "none".into()),
            };
            return Err(Unfit::new(at, "`points`, a list of [x, y] in pixels", found)
                .help("a box may have `x`, `y`, `width` and `height` instead"));
        }
        if let Some(label) = reading::get(shape, "label").filter(|label| !label.is_string()) {
            return Err(Unfit::new(format!("{at}/label"), "a label", what_is(label))
                .help("write it in quotation marks"));
        }
    }
    Ok(())
}

/// The size of a picture that the task brings along itself, as `_size`.
pub(super) fn page_extras(card: &Card<'_>) -> Map<String, Value> {
    let image: Option<String> = card.get_as("image");
    image.and_then(|image| size_of_data_uri(&image)).map(Size::page_extra).into_iter().collect()
}

/// The task's own width and height, where it has both.
pub(super) fn own_size(card: &Card<'_>) -> Option<(f64, f64)> {
    let side = |key: &str| card.get(key).as_ref().and_then(size);
    Some((side("width")?, side("height")?))
}

/// A width or a height, in pixels.
pub(super) fn size(value: &Value) -> Option<f64> {
    reading::number(value).filter(|size| *size > 0.0)
}

/// Whether a page can draw a shape: it has corners, or the edges of a box.
fn is_drawable(shape: &Map<String, Value>) -> bool {
    let number = |value: &Value| reading::number(value).is_some();
    match shape.get("points") {
        Some(Value::Array(points)) => {
            let pair = |point: &Value| {
                point.as_array().is_some_and(|pair| pair.len() == 2 && pair.iter().all(number))
            };
            !points.is_empty() && points.iter().all(pair)
        }
        _ => ["x", "y", "width", "height"].iter().all(|key| shape.get(*key).is_some_and(number)),
    }
}
