//! `image`, `image_manual`, `audio` and `audio_manual`: drawn on and listened to with the keyboard
//! alone and with the mouse alone; pictures and sound from the project's folder, from where the
//! project allows, and from nowhere else.

use fantoccini::key::Key;
use serde_json::{Value, json};

use crate::browser_session::{BrowserSession, Trial, try_out};
use crate::media_files::{
    boxed, data_uri, picture_is_there, png, sound_is_there, wav, with_folder,
};

/// A key, this many times.
fn times(key: Key, count: usize) -> Vec<char> {
    vec![key.into(); count]
}

#[tokio::test]
async fn an_image_is_answered_by_keyboard_and_by_mouse() {
    let image = data_uri("image/png", &png());
    let mut odd = boxed("سيارة", 80, 60, 160, 120);
    odd["score"] = json!(0.50);
    let trial = Trial {
        name: "image",
        settings: "interface = \"image\"\nlabels = [\"CAT\"]",
        first: json!({"image": image, "spans": [odd], "label": "CAT", "meta": {"n": 1}}),
        second: json!({
            "image": image, "width": 400, "height": 300, "meta": {"n": 2},
            "spans": [boxed("CAT", 80, 60, 160, 120), {"label": "DOG", "points": [[300, 40], [380, 90], [310, 150]]}],
        }),
        by_keyboard: json!({"answer": "accept"}),
        by_mouse: json!({"answer": "accept"}),
    };
    try_out(
        trial,
        async |session| {
            picture_is_there(session).await;
            let drawn = session.eval("document.querySelector('[data-shape=\"0\"] .over').getAttribute('points')").await;
            assert_eq!(drawn, "80,60 80,180 240,180 240,60");
            session.press(&['+', '+', 'z']).await;
        },
        async |session| {
            picture_is_there(session).await;
            assert_eq!(session.eval("document.querySelectorAll('.shape-name').length").await, 2);
            session.click("[data-zoom=in]").await;
            let scrolls = "document.querySelector('.picture-frame').scrollWidth > document.querySelector('.picture-frame').clientWidth";
            let _ = session.eval(scrolls).await;
            session.click("[data-zoom=fit]").await;
        },
    )
    .await;
}

#[tokio::test]
async fn shapes_are_drawn_by_keyboard_and_by_mouse() {
    let image = data_uri("image/png", &png());
    let trial = Trial {
        name: "image_manual",
        settings: "interface = \"image_manual\"\nlabels = [\"CAT\", \"DOG\"]",
        first: json!({"image": image, "meta": {"n": 1}}),
        second: json!({"image": image, "meta": {"n": 2}, "spans": [boxed("CAT", 80, 60, 160, 120)]}),
        by_keyboard: json!({
            "answer": "accept", "width": 400, "height": 300,
            "spans": [
                boxed("DOG", 200, 150, 80, 40),
                {"label": "CAT", "type": "polygon", "points": [[200, 150], [160, 150], [160, 190]]},
            ],
        }),
        by_mouse: json!({
            "answer": "accept", "width": 400, "height": 300,
            "spans": [
                boxed("DOG", 100, 75, 160, 120),
                boxed("CAT", 300, 150, 60, 72),
            ],
        }),
    };
    try_out(
        trial,
        async |session| {
            picture_is_there(session).await;
            let enter: char = Key::Enter.into();
            let mut keys = vec!['b', '2', Key::Right.into(), enter];
            // Ten steps with shift are one of forty pixels: here twenty of four, and ten.
            keys.extend(times(Key::Right, 20));
            keys.extend(times(Key::Down, 10));
            keys.push(enter);
            // A label's key is for the next: a polygon, closed on its last corner, from the middle.
            keys.extend([Key::Escape.into(), 'p', '1', Key::Right.into(), enter]);
            keys.extend(times(Key::Left, 10));
            keys.push(enter);
            keys.extend(times(Key::Down, 10));
            keys.extend([enter, enter]);
            session.press(&keys).await;
            session
                .wait_for("two shapes", "document.querySelectorAll('[data-shape]').length === 2")
                .await;
        },
        async |session| {
            picture_is_there(session).await;
            session.press(&[]).await;
            session.click("[data-tool=rect]").await;
            // Selected by a click, renamed, moved by dragging.
            session.drag_within(".picture-box", &[(0.4, 0.4)]).await;
            session.find("[data-drawn='0'][aria-pressed=true]").await;
            session.click("[data-label=DOG].label-button").await;
            session.drag_within(".picture-box", &[(0.4, 0.4), (0.42, 0.42), (0.45, 0.45)]).await;
            // Nothing is selected any more: the next one is drawn, with the active label.
            session.drag_within(".picture-box", &[(0.05, 0.95)]).await;
            session.click("[data-label=CAT].label-button").await;
            session.drag_within(".picture-box", &[(0.75, 0.5), (0.8, 0.6), (0.9, 0.74)]).await;
            // What is taken now is for the next one.
            session.click("[data-label=DOG].label-button").await;
            session.find("[data-shape='1'][data-label=CAT]:not(.on)").await;
            session
                .wait_for("two shapes", "document.querySelectorAll('[data-shape]').length === 2")
                .await;
        },
    )
    .await;
}

#[tokio::test]
async fn shapes_are_changed_with_the_keyboard_and_a_half_drawn_one_outlives_a_reload() {
    let image = data_uri("image/png", &png());
    let task = json!({
        "image": image, "width": 400, "height": 300, "meta": {"n": 1},
        "spans": [boxed("CAT", 80, 60, 160, 120), {"label": "OLD", "points": [[-5, 3]], "odd": true}],
    });
    let settings = "interface = \"image_manual\"\nlabels = [\"CAT\", \"DOG\"]";
    let session = BrowserSession::open(settings, &[task]).await;
    let card = session.card().await;
    picture_is_there(&session).await;
    let first = "document.querySelector('[data-shape=\"0\"] .over').getAttribute('points')";
    // Moved by one step, then its lower right corner by two; relabelled; undone; beyond the border.
    session
        .press(&['.', Key::Right.into(), 'v', 'v', 'v', Key::Down.into(), Key::Down.into()])
        .await;
    assert_eq!(session.eval(first).await, "84,60 84,188 244,188 244,60");
    session.press(&['2']).await;
    session.find("[data-shape='0'][data-label=DOG]").await;
    session.press_with(Key::Control, 'z').await;
    session.find("[data-shape='0'][data-label=CAT]").await;
    session.press(&['.']).await;
    for _ in 0..9 {
        session.press_with(Key::Shift, Key::Left).await;
    }
    assert_eq!(session.eval(first).await, "0,60 0,188 160,188 160,60", "never beyond the border");
    // A polygon that is not closed.
    session.press(&[Key::Escape.into(), 'p', Key::Right.into(), Key::Enter.into()]).await;
    session.press(&times(Key::Right, 5)).await;
    session.press(&[Key::Enter.into()]).await;
    session.press(&['a']).await;
    let words = "document.querySelector('#notice').textContent.includes('is not finished')";
    session.wait_for("the page to object", words).await;
    session.reload().await;
    picture_is_there(&session).await;
    session.wait_for("the corners", "document.querySelectorAll('.corner-dot').length === 2").await;
    session.press(&['p']).await;
    session.press(&['a']).await;
    session.wait_for_another(&card).await;
    session.saved().await;
    let expected = json!({"answer": "accept", "spans": [
        boxed("CAT", 0, 60, 160, 128), {"label": "OLD", "points": [[-5, 3]], "odd": true},
    ]});
    assert_eq!(session.stored().get(&1), Some(&expected));
    session.close().await;
}

#[tokio::test]
async fn a_finger_draws_and_selects() {
    let image = data_uri("image/png", &png());
    let settings = "interface = \"image_manual\"\nlabels = [\"CAT\"]\n[project.config]\nimage_manual_modes = [\"polygon\"]";
    let session = BrowserSession::open(
        settings,
        &[json!({"image": image, "meta": {"n": 1}, "spans": [boxed("CAT", 80, 60, 160, 120)]})],
    )
    .await;
    let card = session.card().await;
    picture_is_there(&session).await;
    assert_eq!(session.eval("document.querySelector('[data-tool=rect]')").await, Value::Null);
    session.tap("[data-drawn='0']").await;
    session.find("[data-drawn='0'][aria-pressed=true]").await;
    session.tap("[data-tool=delete].draw-tool").await;
    session
        .wait_for("nothing drawn", "document.querySelectorAll('[data-shape]').length === 0")
        .await;
    session.tap("[data-answer=accept]").await;
    session.wait_for_another(&card).await;
    session.saved().await;
    let expected = json!({"answer": "accept", "spans": [], "width": 400, "height": 300});
    assert_eq!(session.stored().get(&1), Some(&expected));
    session.close().await;
}

#[tokio::test]
async fn a_sound_is_answered_by_keyboard_and_by_mouse() {
    let audio = data_uri("audio/wav", &wav(4));
    let spans = json!([{"start": 0.5, "end": 2.0, "label": "SPEECH"}, {"start": 1, "end": 3, "label": "موسيقى"}]);
    let trial = Trial {
        name: "audio",
        settings: "interface = \"audio\"\nlabels = [\"SPEECH\"]",
        first: json!({"audio": audio, "audio_spans": spans, "text": "hello", "meta": {"n": 1}}),
        second: json!({"audio": audio, "audio_spans": spans, "label": "SPEECH", "meta": {"n": 2}}),
        by_keyboard: json!({"answer": "accept"}),
        by_mouse: json!({"answer": "accept"}),
    };
    try_out(
        trial,
        async |session| {
            sound_is_there(session).await;
            session.press(&[Key::Right.into(), Key::Right.into(), '>', '<', '+', '-', 'l']).await;
            session
                .wait_for(
                    "two seconds",
                    "document.querySelector('.clock').textContent.startsWith('0:02.0')",
                )
                .await;
        },
        async |session| {
            sound_is_there(session).await;
            assert_eq!(session.eval("document.querySelectorAll('.region').length").await, 2);
            session.click("[data-zoom=in]").await;
            session.click("[data-zoom=out]").await;
        },
    )
    .await;
}

#[tokio::test]
async fn stretches_are_marked_by_keyboard_and_by_mouse() {
    let audio = data_uri("audio/wav", &wav(4));
    let trial = Trial {
        name: "audio_manual",
        settings: "interface = \"audio_manual\"\nlabels = [\"SPEECH\", \"MUSIC\"]",
        first: json!({"audio": audio, "meta": {"n": 1}}),
        second: json!({"audio": audio, "meta": {"n": 2}, "audio_spans": [{"start": 0.5, "end": 1.0, "label": "SPEECH", "id": 7}]}),
        by_keyboard: json!({"answer": "accept", "audio_spans": [
            {"start": 0, "end": 2, "label": "MUSIC"}, {"start": 1, "end": 3, "label": "SPEECH"},
        ]}),
        by_mouse: json!({"answer": "accept", "audio_spans": [{"start": 0.5, "end": 1, "label": "MUSIC", "id": 7}]}),
    };
    try_out(
        trial,
        async |session| {
            sound_is_there(session).await;
            let right: char = Key::Right.into();
            // The second is renamed and its end moved, after it was made too short.
            session.press(&['2', '[', right, right, ']']).await;
            session.press(&[Key::Left.into(), '[', right, ']', '.', '.', '1']).await;
            session.press(&[right, right, ']', Key::Escape.into()]).await;
            session
                .wait_for("two stretches", "document.querySelectorAll('.region').length === 2")
                .await;
        },
        async |session| {
            sound_is_there(session).await;
            // One is drawn and taken back, the other selected and renamed.
            session.drag_within(".wave", &[(0.5, 0.5), (0.6, 0.5), (0.8, 0.5)]).await;
            session
                .wait_for("two stretches", "document.querySelectorAll('.region').length === 2")
                .await;
            session.click("[data-tool=delete].draw-tool").await;
            session
                .wait_for("one stretch", "document.querySelectorAll('.region').length === 1")
                .await;
            session.click("[data-region='0']").await;
            session.find("[data-region='0'].on").await;
            session.click("[data-label=MUSIC].label-button").await;
            session.find("[data-region='0'][data-label=MUSIC]").await;
        },
    )
    .await;
}

#[tokio::test]
async fn edges_are_dragged_and_a_stretch_begun_outlives_a_reload() {
    let audio = data_uri("audio/wav", &wav(4));
    let settings = "interface = \"audio_manual\"\nlabels = [\"SPEECH\"]";
    let task = json!({"audio": audio, "meta": {"n": 1}, "audio_spans": [{"start": 1, "end": 2, "label": "SPEECH"}]});
    let session = BrowserSession::open(settings, &[task]).await;
    let card = session.card().await;
    sound_is_there(&session).await;
    session.drag_within(".wave", &[(0.5, 0.5), (0.55, 0.5), (0.75, 0.5)]).await;
    let aria = "document.querySelector('[data-region=\"0\"]').getAttribute('aria-label')";
    session.wait_for("the edge to be dragged", &format!("!{aria}.includes('0:02.0')")).await;
    let end = session.eval(aria).await;
    assert!(end.as_str().is_some_and(|said| said.starts_with("SPEECH: 0:01.0 to 0:0")), "{end}");
    session.press(&[Key::Escape.into(), Key::Home.into(), '[']).await;
    session.reload().await;
    sound_is_there(&session).await;
    session.wait_for("what was begun", "document.querySelector('.region.pending') !== null").await;
    session.press(&['a']).await;
    let words = "document.querySelector('#notice').textContent.includes('no end yet')";
    session.wait_for("the page to object", words).await;
    session.press(&[Key::Right.into(), ']', 'a']).await;
    session.wait_for_another(&card).await;
    session.saved().await;
    let stored = session.stored();
    let spans = stored[&1]["audio_spans"].as_array().expect("a list");
    assert_eq!(spans[1], json!({"start": 0, "end": 1, "label": "SPEECH"}));
    assert!(spans[0]["end"].as_f64().is_some_and(|end| (2.9..3.1).contains(&end)), "{spans:?}");
    session.close().await;
}

#[tokio::test]
async fn sound_plays_in_a_loop_and_ends_with_its_card() {
    let audio = data_uri("audio/wav", &wav(4));
    let settings =
        "interface = \"audio_manual\"\nlabels = [\"SPEECH\"]\n[project.config]\naudio_rate = 2.0";
    let task = |n: i32| json!({"audio": audio, "meta": {"n": n}, "audio_spans": [{"start": 1, "end": 1.5, "label": "SPEECH"}]});
    let session = BrowserSession::open(settings, &[task(1), task(2)]).await;
    let card = session.card().await;
    sound_is_there(&session).await;
    session.browser
        .client
        .execute("window.heard = document.querySelector('audio'); window.back = 0; let was = 0; \
                  heard.addEventListener('timeupdate', () => { if (heard.currentTime < was) window.back++; was = heard.currentTime; });", Vec::new())
        .await
        .expect("it listens");
    assert_eq!(session.eval("heard.playbackRate").await, 2);
    session.press(&['.', 'l', Key::Enter.into()]).await;
    session.wait_for("it to play", "!heard.paused && heard.currentTime > 1").await;
    session.wait_for("it to start again", "window.back > 1").await;
    session.press(&['a']).await;
    session.wait_for_another(&card).await;
    assert_eq!(
        session.eval("[heard.paused, heard.getAttribute('src')]").await,
        json!([true, null])
    );
    session.saved().await;
    session.close().await;
}

#[tokio::test]
async fn paths_lead_into_the_projects_folder_for_every_interface() {
    let path = "a b/ü%20#1.png";
    let tasks = [
        json!({"text": "a", "image": path, "options": [{"id": 1, "image": path}], "html": format!("<p>x <img src='tone.png' alt='y'></p><img src='a%20b/plain.png'>"), "meta": {"n": 1}}),
    ];
    let session = BrowserSession::open_project(with_folder("choice", ""), &tasks).await;
    session.card().await;
    let shown = "[...document.querySelectorAll('img')].filter((img) => img.naturalWidth === 400).length === 3";
    session.wait_for("the pictures", shown).await;
    session.stayed_here().await;
    session.close().await;

    let session = BrowserSession::open_project(
        with_folder("audio", ""),
        &[json!({"audio": "tone.wav", "meta": {"n": 1}})],
    )
    .await;
    session.card().await;
    sound_is_there(&session).await;
    session.close().await;
}

#[tokio::test]
async fn a_long_name_at_the_border_stays_on_the_picture() {
    let image = data_uri("image/png", &png());
    let label = "A very long label that a lead thought was needed";
    let shapes = [boxed(label, 300, 100, 90, 60), boxed(label, 2, 200, 20, 60)];
    let task =
        json!({"image": image, "width": 400, "height": 300, "spans": shapes, "meta": {"n": 1}});
    let settings = format!("interface = \"image_manual\"\nlabels = [{label:?}]");
    let session = BrowserSession::open(&settings, &[task]).await;
    let size = json!({"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": true});
    session.browser.tell("Emulation.setDeviceMetricsOverride", &size);
    picture_is_there(&session).await;
    let beyond = "(() => { const box = document.querySelector('.picture-box').getBoundingClientRect(); \
        return [...document.querySelectorAll('.shape-name')].map((name) => name.getBoundingClientRect()) \
          .filter((name) => name.left < box.left - 1 || name.right > box.right + 1).length; })()";
    assert_eq!(session.eval("document.querySelectorAll('.shape-name').length").await, 2);
    assert_eq!(session.eval(beyond).await, 0);
    session.picture("image_manual_long_names").await;
    session.close().await;
}
