//! `image_manual`: boxes, polygons and outlines drawn on a picture, each with a label.
//!
//! Coordinates are pixels of the picture itself, whatever size it was shown in, from its upper left
//! corner. A shape that the task already had is taken back as it is, even if it lies outside; one
//! that the annotator made lies inside the border, as far as the picture's size is known: from the
//! task's `width` and `height`, or else from the browser, which adds them.
//!
//! A box has its four corners in `points` and says the same once more as `x`, `y`, `width`,
//! `height` and `center`; what is missing of it is completed here.

use serde_json::{Map, Value, json};

use super::pictured;
use super::spec::{AnswerError, Card, InterfaceSpec, PLAIN};
use super::suggestion_index::{self, SuggestionIndex};
use crate::task::{Verdict, reading};

pub(super) const SPEC: InterfaceSpec = InterfaceSpec {
    name: "image_manual",
    fits: pictured::fits,
    content: &pictured::CONTENT,
    context: &pictured::CONTEXT,
    page_extras: pictured::page_extras,
    // A size that the task lacks, or that is swapped on the page, is the answer's.
    answer_keys: |_| vec!["spans".into(), "width".into(), "height".into()],
    tokens: |_| false,
    check,
    ..PLAIN
};

/// The most corners of one shape.
const MOST_POINTS: usize = 10_000;
/// The longest side of a picture that any browser shows, in pixels.
const LARGEST: f64 = 100_000.0;
/// What is said twice may differ by a rounding.
const ROUNDING: f64 = 0.11;

fn check(card: &Card<'_>, _: Verdict, data: &mut Map<String, Value>) -> Result<(), AnswerError> {
    for key in ["width", "height"] {
        if data.get(key).is_some_and(|size| pictured::size(size).is_none_or(|size| size > LARGEST))
        {
            return Err(AnswerError::new(key, "expected the picture's size in pixels"));
        }
    }
    let sent = |key: &str| data.get(key).and_then(pictured::size);
    let (mut width, mut height) = (sent("width"), sent("height"));
    if let Some((own_width, own_height)) = pictured::own_size(card) {
        // The picture is turned when it is shown, and the task has the size that its file says.
        let is_swapped = width == Some(own_height) && height == Some(own_width);
        if !is_swapped || width == height {
            (width, height) = (Some(own_width), Some(own_height));
            data.shift_remove("width");
            data.shift_remove("height");
        }
    }
    let Some(spans) = data.get_mut("spans") else {
        if !card.has("spans") {
            data.insert("spans".into(), Value::Array(Vec::new()));
        }
        return Ok(());
    };
    let own = card.get("spans");
    if own.is_some_and(|own| !own.is_array() && suggestion_index::same(&own, spans)) {
        return Ok(());
    }
    let Some(spans) = spans.as_array_mut() else {
        return Err(AnswerError::new("spans", "expected a list of shapes"));
    };
    let given = card.list("spans");
    let known = SuggestionIndex::of(card, &given);
    let places: Vec<Value> = given.iter().map(unlabelled).collect();
    let places = SuggestionIndex::of(card, &places);
    for (index, span) in spans.iter_mut().enumerate() {
        if let Some(old) = known.find(span) {
            *span = old.clone();
            continue;
        }
        let at = |key: &str| format!("spans[{index}].{key}");
        let label = known.label(span);
        // With another label, a shape that came along is still where it was, and may be odd.
        let is_renamed = places.find(&unlabelled(span)).is_some();
        let Some(span) = span.as_object_mut() else {
            return Err(AnswerError::new(format!("spans[{index}]"), "expected a shape"));
        };
        label.map_err(|message| AnswerError::new(at("label"), message))?;
        if is_renamed {
            continue;
        }
        let points = points(span).map_err(|message| AnswerError::new(at("points"), message))?;
        for (place, (x, y)) in points.iter().enumerate() {
            let outside = |value: f64, size: Option<f64>| {
                value < 0.0 || size.is_some_and(|size| value > size)
            };
            if outside(*x, width) || outside(*y, height) {
                let message = format!("{x}, {y} lies outside the picture");
                return Err(AnswerError::new(format!("spans[{index}].points[{place}]"), message));
            }
        }
        if is_box(span) {
            complete(span, &points).map_err(|(key, message)| AnswerError::new(at(key), message))?;
        }
    }
    Ok(())
}

/// A shape without its label.
fn unlabelled(shape: &Value) -> Value {
    let mut shape = shape.clone();
    if let Some(shape) = shape.as_object_mut() {
        shape.shift_remove("label");
    }
    shape
}

/// Whether a shape is a box: by its type, or without a type by a box's width. The page goes by
/// the same (shapes.js).
fn is_box(shape: &Map<String, Value>) -> bool {
    match reading::get_in(shape, "type") {
        Some(kind) => kind == "rect",
        None => reading::get_in(shape, "width").is_some(),
    }
}

/// The corners of a shape, of which there are as many as its type needs.
fn points(span: &Map<String, Value>) -> Result<Vec<(f64, f64)>, String> {
    let fewest = match reading::get_in(span, "type").map(Value::as_str) {
        _ if is_box(span) => 4,
        None | Some(Some("polygon" | "freehand")) => 3,
        _ => return Err("expected a type: \"rect\", \"polygon\" or \"freehand\"".into()),
    };
    let expected = || "expected a list of [x, y], in pixels".to_owned();
    let list = span.get("points").and_then(Value::as_array).ok_or_else(expected)?;
    let pair = |point: &Value| match point.as_array().map(Vec::as_slice) {
        Some([x, y]) => Some((x.as_f64()?, y.as_f64()?)),
        _ => None,
    };
    let points: Vec<(f64, f64)> =
        list.iter().map(pair).collect::<Option<_>>().ok_or_else(expected)?;
    if points.len() < fewest {
        return Err(format!("expected at least {fewest} corners, found {}", points.len()));
    }
    if points.len() > MOST_POINTS {
        return Err(format!("{} corners; at most {MOST_POINTS} are kept", points.len()));
    }
    Ok(points)
}

/// Holds what a box says of itself against its corners, and adds what it does not say.
fn complete(
    span: &mut Map<String, Value>,
    points: &[(f64, f64)],
) -> Result<(), (&'static str, String)> {
    let least = |values: &mut dyn Iterator<Item = f64>| values.fold(f64::INFINITY, f64::min);
    let most = |values: &mut dyn Iterator<Item = f64>| values.fold(f64::NEG_INFINITY, f64::max);
    let (left, right) =
        (least(&mut points.iter().map(|p| p.0)), most(&mut points.iter().map(|p| p.0)));
    let (top, bottom) =
        (least(&mut points.iter().map(|p| p.1)), most(&mut points.iter().map(|p| p.1)));
    let corner = |(x, y): &(f64, f64)| {
        let near = |a: f64, b: f64| (a - b).abs() < ROUNDING;
        (near(*x, left) || near(*x, right)) && (near(*y, top) || near(*y, bottom))
    };
    if points.len() != 4 || !points.iter().all(corner) {
        return Err(("points", "expected the four corners of an upright box".into()));
    }
    let (width, height) = (right - left, bottom - top);
    if width <= 0.0 || height <= 0.0 {
        return Err(("points", "expected a box with a width and a height".into()));
    }
    for (key, value) in [("x", left), ("y", top), ("width", width), ("height", height)] {
        match span.get(key).filter(|said| !said.is_null()) {
            None => {
                span.insert(key.into(), tenth(value));
            }
            Some(said) if said.as_f64().is_some_and(|said| (said - value).abs() < ROUNDING) => {}
            Some(said) => return Err((key, format!("expected {}, found {said}", tenth(value)))),
        }
    }
    if span.get("center").is_none_or(Value::is_null) {
        span.insert("center".into(), json!([tenth(left + width / 2.0), tenth(top + height / 2.0)]));
    }
    Ok(())
}

/// A tenth of a pixel; whole pixels without a point, as JavaScript writes them.
fn tenth(value: f64) -> Value {
    // A zero is added so that there is no minus before one.
    let rounded = (value * 10.0).round() / 10.0 + 0.0;
    serde_json::from_str(&rounded.to_string()).unwrap_or_else(|_| json!(rounded))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interface::{Settings, spec};

    fn receive(task: &Value, sent: &Value) -> Result<Value, String> {
        let settings = Settings { labels: vec!["CAT".into(), "DOG".into()], ..Settings::default() };
        let mut sent = sent.clone();
        sent["answer"] = "accept".into();
        spec::receive(&SPEC, settings, task, &sent)
    }

    fn square() -> Value {
        json!({"label": "CAT", "type": "rect", "points": [[1, 2], [1, 6.5], [4, 6.5], [4, 2]]})
    }

    #[test]
    fn a_box_is_completed_from_its_corners() {
        let task = json!({"image": "a.png"});
        let sent = json!({"spans": [square()], "width": 10, "height": 8});
        let mut whole = square();
        for (key, value) in
            [("x", json!(1)), ("y", json!(2)), ("width", json!(3)), ("height", json!(4.5))]
        {
            whole[key] = value;
        }
        whole["center"] = json!([2.5, 4.3]);
        assert_eq!(receive(&task, &sent), Ok(json!({"spans": [whole], "width": 10, "height": 8})));
    }

    #[test]
    fn the_size_that_a_task_has_is_the_tasks() {
        let task = json!({"image": "a.png", "width": 10, "height": 8});
        let sent = json!({"spans": [], "width": 99, "height": 99});
        assert_eq!(receive(&task, &sent), Ok(json!({"spans": []})));
        let mut far = square();
        far["points"][2] = json!([4, 8.5]);
        far["type"] = "polygon".into();
        let sent = json!({"spans": [far], "width": 99, "height": 99});
        assert_eq!(
            receive(&task, &sent),
            Err("spans[0].points[2]: 4, 8.5 lies outside the picture".into())
        );
    }

    #[test]
    fn a_size_that_is_swapped_as_the_picture_is_shown_is_the_answers() {
        let task = json!({"image": "a.jpg", "width": 8, "height": 5});
        let mut tall = square();
        tall["points"] = json!([[1, 2], [1, 7], [4, 7], [4, 2]]);
        let sent = json!({"spans": [tall], "width": 5, "height": 8});
        let kept = receive(&task, &sent).expect("fits");
        assert_eq!((&kept["width"], &kept["height"]), (&json!(5), &json!(8)));
        let sent = json!({"spans": [tall], "width": 8, "height": 5});
        assert!(receive(&task, &sent).is_err(), "it lies outside");
        let sent = json!({"spans": [square()], "width": 9, "height": 9});
        let flat = json!({"image": "a.jpg", "width": 8, "height": 7});
        assert_eq!(receive(&flat, &sent).expect("fits").get("width"), None);
    }

    #[test]
    fn what_is_no_shape_is_refused_with_its_place() {
        let task = json!({"image": "a.png"});
        let with = |key: &str, value: Value| {
            let mut span = square();
            span[key] = value;
            receive(&task, &json!({"spans": [span]})).expect_err("refused")
        };
        assert!(with("label", json!("COW")).starts_with("spans[0].label: \"COW\" is none of"));
        assert!(with("type", json!("circle")).starts_with("spans[0].points: expected a type"));
        assert!(with("points", json!([[1, 2], [3, 4]])).contains("at least 4 corners"));
        assert!(with("points", json!([[1, 2], [3, 4], [5, 6], [7, 8]])).contains("upright box"));
        assert!(with("points", json!([[1, 2], [1, 2], [1, 2], [1, 2]])).contains("a width"));
        assert!(with("points", json!([[-1, 2], [-1, 3], [4, 3], [4, 2]])).contains("outside"));
        assert!(with("x", json!(2)).contains("expected 1, found 2"));
        assert!(receive(&task, &json!({"spans": [3]})).is_err());
        assert!(receive(&task, &json!({"spans": [], "width": 0})).is_err());
    }

    #[test]
    fn a_shape_that_came_along_takes_another_label_where_it_is() {
        let odd = json!({"label": "OLD", "x": 8, "y": 8, "width": 9, "height": 9, "points": null});
        let task = json!({"image": "a.png", "width": 10, "height": 8, "spans": [odd]});
        let mut renamed = odd.clone();
        renamed["label"] = "DOG".into();
        let sent = json!({"spans": [renamed]});
        assert_eq!(receive(&task, &sent), Ok(sent));
        renamed["label"] = "COW".into();
        assert!(receive(&task, &json!({"spans": [renamed]})).is_err());
        // Moved, it is a new one: a box of the four corners that the page gives it.
        let mut moved = square();
        moved.as_object_mut().expect("an object").remove("type");
        moved["width"] = json!(3);
        moved["x"] = Value::Null;
        let kept = receive(&task, &json!({"spans": [moved]})).expect("fits");
        assert_eq!(kept["spans"][0]["x"], json!(1));
    }

    #[test]
    fn what_was_pre_annotated_comes_back_as_it_is() {
        let odd = json!({"label": "OLD", "points": [[-5.0, 1e3]], "score": 0.5});
        let task = json!({"image": "a.png", "width": 10, "height": 8, "spans": [odd]});
        let back = json!({"label": "OLD", "points": [[-5, 1000]], "score": 0.5});
        let kept = receive(&task, &json!({"spans": [back]})).expect("fits");
        assert_eq!(kept["spans"][0].to_string(), odd.to_string());
        assert_eq!(receive(&task, &json!({})), Ok(json!({})));
        let task = json!({"image": "a.png", "spans": null});
        assert_eq!(receive(&task, &json!({})), Ok(json!({"spans": []})));
    }
}
