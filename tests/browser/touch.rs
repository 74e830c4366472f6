//! Drawing and marking with a finger: what a mouse drags, a finger drags, and the page stays where
//! it is.

use serde_json::json;

use crate::browser_session::BrowserSession;
use crate::media_files::{data_uri, picture_is_there, png, sound_is_there, wav};

/// How far the page has scrolled.
const SCROLLED: &str = "scrollY";

#[tokio::test]
async fn a_finger_draws_a_box_and_an_outline_names_them_and_moves_one() {
    let image = data_uri("image/png", &png());
    let settings = "interface = \"image_manual\"\nlabels = [\"CAT\", \"DOG\"]";
    let task = json!({"image": image, "width": 400, "height": 300, "meta": {"n": 1}});
    let session = BrowserSession::open(settings, &[task]).await;
    let card = session.card().await;
    picture_is_there(&session).await;
    session.tap("[data-tool=rect]").await;
    session.slide_within(".picture-box", &[(0.25, 0.25), (0.3, 0.3), (0.5, 0.5)]).await;
    session.find("[data-shape='0'][data-label=CAT]:not(.on)").await;
    // Tapped, it is renamed and moved; beside it, let go.
    session.tap("[data-drawn='0']").await;
    session.find(".handle").await;
    session.tap("[data-label=DOG].label-button").await;
    session.find("[data-shape='0'].on[data-label=DOG]").await;
    session.slide_within(".picture-box", &[(0.35, 0.35), (0.4, 0.4), (0.45, 0.45)]).await;
    session.slide_within(".picture-box", &[(0.95, 0.05)]).await;
    session.wait_for("it to be let go", "document.querySelector('.shape.on') === null").await;
    session.tap("[data-tool=freehand]").await;
    let around = [(0.7, 0.7), (0.9, 0.7), (0.9, 0.9), (0.7, 0.9), (0.7, 0.72)];
    session.slide_within(".picture-box", &around).await;
    session.find("[data-shape='1'][data-label=DOG]:not(.on)").await;
    assert_eq!(session.eval(SCROLLED).await, 0, "the page has not moved");
    session.tap("[data-answer=accept]").await;
    session.wait_for_another(&card).await;
    session.saved().await;
    let stored = session.stored();
    let spans = stored[&1]["spans"].as_array().expect("a list");
    let moved = json!([[140, 105], [140, 180], [240, 180], [240, 105]]);
    assert_eq!((&spans[0]["points"], &spans[0]["label"]), (&moved, &json!("DOG")));
    assert_eq!((&spans[1]["type"], &spans[1]["label"]), (&json!("freehand"), &json!("DOG")));
    session.close().await;
}

#[tokio::test]
async fn a_finger_marks_a_stretch_and_drags_its_end() {
    let audio = data_uri("audio/wav", &wav(4));
    let settings = "interface = \"audio_manual\"\nlabels = [\"SPEECH\", \"MUSIC\"]";
    let session =
        BrowserSession::open(settings, &[json!({"audio": audio, "meta": {"n": 1}})]).await;
    let card = session.card().await;
    sound_is_there(&session).await;
    session.slide_within(".wave", &[(0.25, 0.5), (0.3, 0.5), (0.5, 0.5)]).await;
    session.find("[data-region='0'][data-label=SPEECH]:not(.on)").await;
    session.tap("[data-region='0']").await;
    session.tap("[data-label=MUSIC].label-button").await;
    session.find("[data-region='0'].on[data-label=MUSIC]").await;
    session.slide_within(".wave", &[(0.5, 0.5), (0.55, 0.5), (0.75, 0.5)]).await;
    session.wait_for("one stretch", "document.querySelectorAll('.region').length === 1").await;
    session.tap("[data-answer=accept]").await;
    session.wait_for_another(&card).await;
    session.saved().await;
    let stored = session.stored();
    let spans = stored[&1]["audio_spans"].as_array().expect("a list");
    let near =
        |key: &str, time: f64| spans[0][key].as_f64().is_some_and(|at| (at - time).abs() < 0.1);
    assert!(spans.len() == 1 && near("start", 1.0) && near("end", 3.0), "{spans:?}");
    assert_eq!(spans[0]["label"], "MUSIC");
    session.close().await;
}
