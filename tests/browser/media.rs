//! `image`, `image_manual`, `audio` and `audio_manual`: drawn on and listened to with the keyboard alone
//! and with the mouse alone; pictures and sound from the project's folder, from where the project
//! allows, and from nowhere else.

use std::io::Write;

use fantoccini::key::Key;
use flate2::{Compression, Crc, write::ZlibEncoder};
use serde_json::{Value, json};

use crate::common::daemon::Project;
use crate::seat::{Seat, Trial, try_out};

const WIDTH: u32 = 400;
const HEIGHT: u32 = 300;

/// A picture of 400 by 300 pixels with something to see in it.
fn png() -> Vec<u8> {
    let mut rows = Vec::new();
    for y in 0..HEIGHT {
        rows.push(0);
        for x in 0..WIDTH {
            let inside = (80..240).contains(&x) && (60..180).contains(&y);
            let shade = u8::try_from((x + y) * 255 / (WIDTH + HEIGHT)).expect("a byte");
            rows.extend(if inside { [240, 240, 240] } else { [shade, 90, 255 - shade] });
        }
    }
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(&rows).expect("memory");
    let packed = packed.finish().expect("memory");
    let mut head = Vec::new();
    head.extend(WIDTH.to_be_bytes());
    head.extend(HEIGHT.to_be_bytes());
    head.extend([8, 2, 0, 0, 0]);
    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    for (name, data) in [(b"IHDR", &head), (b"IDAT", &packed), (b"IEND", &Vec::new())] {
        png.extend(u32::try_from(data.len()).expect("small").to_be_bytes());
        let mut crc = Crc::new();
        crc.update(name);
        crc.update(data);
        png.extend(name);
        png.extend(data);
        png.extend(crc.sum().to_be_bytes());
    }
    png
}

/// So many seconds of a tone that swells twice a second.
fn wav(seconds: u32) -> Vec<u8> {
    const RATE: u32 = 8000;
    let mut samples = Vec::new();
    for i in 0..RATE * seconds {
        let swell = i64::from((i % (RATE / 2)).abs_diff(RATE / 4));
        let tone = if i % 20 < 10 { 1 } else { -1 };
        samples.extend(i16::try_from(tone * swell * 10).expect("quiet enough").to_le_bytes());
    }
    let length = u32::try_from(samples.len()).expect("small");
    let mut wav = b"RIFF".to_vec();
    wav.extend((36 + length).to_le_bytes());
    wav.extend(b"WAVEfmt ");
    wav.extend(16_u32.to_le_bytes());
    wav.extend([1, 0, 1, 0]);
    wav.extend(RATE.to_le_bytes());
    wav.extend((RATE * 2).to_le_bytes());
    wav.extend([2, 0, 16, 0]);
    wav.extend(b"data");
    wav.extend(length.to_le_bytes());
    wav.extend(samples);
    wav
}

/// A file inside its address.
fn data_uri(kind: &str, bytes: &[u8]) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut uri = format!("data:{kind};base64,");
    for part in bytes.chunks(3) {
        let whole = part.iter().fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte))
            << (8 * (3 - part.len()));
        for place in 0..4 {
            let sign = SIGNS[(whole >> (18 - 6 * place)) as usize & 63];
            uri.push(if place <= part.len() { sign.into() } else { '=' });
        }
    }
    uri
}

fn boxed(label: &str, x: i32, y: i32, width: i32, height: i32) -> Value {
    let (right, bottom) = (x + width, y + height);
    json!({
        "label": label, "type": "rect", "x": x, "y": y, "width": width, "height": height,
        "points": [[x, y], [x, bottom], [right, bottom], [right, y]],
        "center": [x + width / 2, y + height / 2],
    })
}

/// A key, so many times.
fn times(key: Key, count: usize) -> Vec<char> {
    vec![key.into(); count]
}

async fn picture_is_there(seat: &Seat) {
    let there = "document.querySelector('.picture-box img')?.naturalWidth === 400";
    seat.wait_for("the picture", there).await;
}

async fn sound_is_there(seat: &Seat) {
    let there = "document.querySelector('.wave')?.dataset.wave === 'drawn' && \
                 document.querySelector('.clock').textContent.includes('/ 0:04.0')";
    seat.wait_for("the waveform", there).await;
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
        async |seat| {
            picture_is_there(seat).await;
            let drawn = seat.eval("document.querySelector('[data-shape=\"0\"] .over').getAttribute('points')").await;
            assert_eq!(drawn, "80,60 80,180 240,180 240,60");
            seat.press(&['+', '+', 'z']).await;
        },
        async |seat| {
            picture_is_there(seat).await;
            assert_eq!(seat.eval("document.querySelectorAll('.shape-name').length").await, 2);
            seat.click("[data-zoom=in]").await;
            let scrolls = "document.querySelector('.picture-frame').scrollWidth > document.querySelector('.picture-frame').clientWidth";
            let _ = seat.eval(scrolls).await;
            seat.click("[data-zoom=fit]").await;
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
        async |seat| {
            picture_is_there(seat).await;
            let enter: char = Key::Enter.into();
            let mut keys = vec!['b', '1', Key::Right.into(), enter];
            // Ten steps with shift are one of forty pixels: here twenty of four, and ten.
            keys.extend(times(Key::Right, 20));
            keys.extend(times(Key::Down, 10));
            keys.push(enter);
            // It should have been the other label, which is taken while the cross goes on.
            keys.extend([Key::Left.into(), '2']);
            // A polygon, closed on its last corner, from the middle again.
            keys.extend([Key::Escape.into(), 'p', '1', Key::Right.into(), enter]);
            keys.extend(times(Key::Left, 10));
            keys.push(enter);
            keys.extend(times(Key::Down, 10));
            keys.extend([enter, enter]);
            seat.press(&keys).await;
            seat.wait_for("two shapes", "document.querySelectorAll('[data-shape]').length === 2")
                .await;
        },
        async |seat| {
            picture_is_there(seat).await;
            seat.press(&[]).await;
            seat.click("[data-tool=rect]").await;
            // Selected by a click, named anew, moved by dragging.
            seat.drag_within(".picture-box", &[(0.4, 0.4)]).await;
            seat.find("[data-drawn='0'][aria-pressed=true]").await;
            seat.click("[data-label=DOG].label-pen").await;
            seat.drag_within(".picture-box", &[(0.4, 0.4), (0.42, 0.42), (0.45, 0.45)]).await;
            // Nothing selected any more: the next one is drawn, with the label in hand.
            seat.drag_within(".picture-box", &[(0.05, 0.95)]).await;
            seat.drag_within(".picture-box", &[(0.75, 0.5), (0.8, 0.6), (0.9, 0.74)]).await;
            // It has the label of before, and is named anew while it is still chosen.
            seat.find("[data-shape='1'][data-label=DOG]").await;
            seat.click("[data-label=CAT].label-pen").await;
            seat.find("[data-shape='1'].on[data-label=CAT]").await;
            seat.wait_for("two shapes", "document.querySelectorAll('[data-shape]').length === 2")
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
    let seat = Seat::open(settings, &[task]).await;
    let card = seat.card().await;
    picture_is_there(&seat).await;
    let first = "document.querySelector('[data-shape=\"0\"] .over').getAttribute('points')";
    // Moved by one step, then its lower right corner by two; relabelled; undone; beyond the border.
    seat.press(&['.', Key::Right.into(), 'v', 'v', 'v', Key::Down.into(), Key::Down.into()]).await;
    assert_eq!(seat.eval(first).await, "84,60 84,188 244,188 244,60");
    seat.press(&['2']).await;
    seat.find("[data-shape='0'][data-label=DOG]").await;
    seat.press_with(Key::Control, 'z').await;
    seat.find("[data-shape='0'][data-label=CAT]").await;
    seat.press(&['.']).await;
    for _ in 0..9 {
        seat.press_with(Key::Shift, Key::Left).await;
    }
    assert_eq!(seat.eval(first).await, "0,60 0,188 160,188 160,60", "never beyond the border");
    // A polygon that is not closed.
    seat.press(&[Key::Escape.into(), 'p', Key::Right.into(), Key::Enter.into()]).await;
    seat.press(&times(Key::Right, 5)).await;
    seat.press(&[Key::Enter.into()]).await;
    seat.press(&['a']).await;
    let words = "document.querySelector('#notice').textContent.includes('not finished yet')";
    seat.wait_for("the page to object", words).await;
    seat.reload().await;
    picture_is_there(&seat).await;
    seat.wait_for("the corners", "document.querySelectorAll('.corner-dot').length === 2").await;
    seat.press(&['p']).await;
    seat.press(&['a']).await;
    seat.wait_for_another(&card).await;
    seat.saved().await;
    let expected = json!({"answer": "accept", "spans": [
        boxed("CAT", 0, 60, 160, 128), {"label": "OLD", "points": [[-5, 3]], "odd": true},
    ]});
    assert_eq!(seat.stored().get(&1), Some(&expected));
    seat.close().await;
}

#[tokio::test]
async fn a_finger_draws_and_selects() {
    let image = data_uri("image/png", &png());
    let settings = "interface = \"image_manual\"\nlabels = [\"CAT\"]\n[project.config]\nimage_manual_modes = [\"polygon\"]";
    let seat = Seat::open(
        settings,
        &[json!({"image": image, "meta": {"n": 1}, "spans": [boxed("CAT", 80, 60, 160, 120)]})],
    )
    .await;
    let card = seat.card().await;
    picture_is_there(&seat).await;
    assert_eq!(seat.eval("document.querySelector('[data-tool=rect]')").await, Value::Null);
    seat.tap("[data-drawn='0']").await;
    seat.find("[data-drawn='0'][aria-pressed=true]").await;
    seat.tap("[data-tool=delete].draw-tool").await;
    seat.wait_for("nothing drawn", "document.querySelectorAll('[data-shape]').length === 0").await;
    seat.tap("[data-answer=accept]").await;
    seat.wait_for_another(&card).await;
    seat.saved().await;
    let expected = json!({"answer": "accept", "spans": [], "width": 400, "height": 300});
    assert_eq!(seat.stored().get(&1), Some(&expected));
    seat.close().await;
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
        async |seat| {
            sound_is_there(seat).await;
            seat.press(&[Key::Right.into(), Key::Right.into(), '>', '<', '+', '-', 'l']).await;
            seat.wait_for(
                "two seconds",
                "document.querySelector('.clock').textContent.startsWith('0:02.0')",
            )
            .await;
        },
        async |seat| {
            sound_is_there(seat).await;
            assert_eq!(seat.eval("document.querySelectorAll('.region').length").await, 2);
            seat.click("[data-zoom=in]").await;
            seat.click("[data-zoom=out]").await;
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
        async |seat| {
            sound_is_there(seat).await;
            let right: char = Key::Right.into();
            // The second is named anew as soon as it is there, and its end moved, for it was too short.
            seat.press(&['2', '[', right, right, ']']).await;
            seat.press(&[Key::Left.into(), '[', right, ']', '1', '.', '.']).await;
            seat.press(&[right, right, ']', Key::Escape.into()]).await;
            seat.wait_for("two stretches", "document.querySelectorAll('.region').length === 2")
                .await;
        },
        async |seat| {
            sound_is_there(seat).await;
            // One is drawn and taken back, the other selected and named anew.
            seat.drag_within(".wave", &[(0.5, 0.5), (0.6, 0.5), (0.8, 0.5)]).await;
            seat.wait_for("two stretches", "document.querySelectorAll('.region').length === 2")
                .await;
            seat.click("[data-tool=delete].draw-tool").await;
            seat.wait_for("one stretch", "document.querySelectorAll('.region').length === 1").await;
            seat.click("[data-region='0']").await;
            seat.find("[data-region='0'].on").await;
            seat.click("[data-label=MUSIC].label-pen").await;
            seat.find("[data-region='0'][data-label=MUSIC]").await;
        },
    )
    .await;
}

#[tokio::test]
async fn edges_are_dragged_and_a_stretch_begun_outlives_a_reload() {
    let audio = data_uri("audio/wav", &wav(4));
    let settings = "interface = \"audio_manual\"\nlabels = [\"SPEECH\"]";
    let task = json!({"audio": audio, "meta": {"n": 1}, "audio_spans": [{"start": 1, "end": 2, "label": "SPEECH"}]});
    let seat = Seat::open(settings, &[task]).await;
    let card = seat.card().await;
    sound_is_there(&seat).await;
    seat.drag_within(".wave", &[(0.5, 0.5), (0.55, 0.5), (0.75, 0.5)]).await;
    let aria = "document.querySelector('[data-region=\"0\"]').getAttribute('aria-label')";
    seat.wait_for("the edge to be dragged", &format!("!{aria}.includes('0:02.0')")).await;
    let end = seat.eval(aria).await;
    assert!(end.as_str().is_some_and(|said| said.starts_with("SPEECH: 0:01.0 to 0:0")), "{end}");
    seat.press(&[Key::Escape.into(), Key::Home.into(), '[']).await;
    seat.reload().await;
    sound_is_there(&seat).await;
    seat.wait_for("what was begun", "document.querySelector('.region.pending') !== null").await;
    seat.press(&['a']).await;
    let words = "document.querySelector('#notice').textContent.includes('no end yet')";
    seat.wait_for("the page to object", words).await;
    seat.press(&[Key::Right.into(), ']', 'a']).await;
    seat.wait_for_another(&card).await;
    seat.saved().await;
    let stored = seat.stored();
    let spans = stored[&1]["audio_spans"].as_array().expect("a list");
    assert_eq!(spans[1], json!({"start": 0, "end": 1, "label": "SPEECH"}));
    assert!(spans[0]["end"].as_f64().is_some_and(|end| (2.9..3.1).contains(&end)), "{spans:?}");
    seat.close().await;
}

#[tokio::test]
async fn sound_plays_in_a_loop_and_ends_with_its_card() {
    let audio = data_uri("audio/wav", &wav(4));
    let settings =
        "interface = \"audio_manual\"\nlabels = [\"SPEECH\"]\n[project.config]\naudio_rate = 2.0";
    let task = |n: i32| json!({"audio": audio, "meta": {"n": n}, "audio_spans": [{"start": 1, "end": 1.5, "label": "SPEECH"}]});
    let seat = Seat::open(settings, &[task(1), task(2)]).await;
    let card = seat.card().await;
    sound_is_there(&seat).await;
    seat.browser
        .client
        .execute("window.heard = document.querySelector('audio'); window.back = 0; let was = 0; \
                  heard.addEventListener('timeupdate', () => { if (heard.currentTime < was) window.back++; was = heard.currentTime; });", Vec::new())
        .await
        .expect("it listens");
    assert_eq!(seat.eval("heard.playbackRate").await, 2);
    seat.press(&['.', 'l', Key::Enter.into()]).await;
    seat.wait_for("it to play", "!heard.paused && heard.currentTime > 1").await;
    seat.wait_for("it to begin anew", "window.back > 1").await;
    seat.press(&['a']).await;
    seat.wait_for_another(&card).await;
    assert_eq!(seat.eval("[heard.paused, heard.getAttribute('src')]").await, json!([true, null]));
    seat.saved().await;
    seat.close().await;
}

#[tokio::test]
async fn a_label_among_sixty_is_found_by_its_name() {
    use std::fmt::Write;
    let mut labels = String::from("\"سيارة\"");
    for i in 0..59 {
        write!(labels, ", \"LABEL_{i}\"").expect("writing to a string");
    }
    let settings = format!("interface = \"image_manual\"\nlabels = [{labels}]");
    let image = data_uri("image/png", &png());
    let seat = Seat::open(&settings, &[json!({"image": image, "meta": {"n": 1}})]).await;
    seat.card().await;
    picture_is_there(&seat).await;
    seat.click(".label-search").await;
    seat.press(&['_', '4', '2']).await;
    let shown = "[...document.querySelectorAll('.label-pen:not([hidden])')].map((pen) => pen.dataset.label).join()";
    seat.wait_for("one label", &format!("{shown} === 'LABEL_42'")).await;
    seat.press(&[Key::Enter.into()]).await;
    seat.find("[data-label=LABEL_42][aria-pressed=true]").await;
    let seen = "document.querySelector('[data-label=LABEL_42]').contains(document.elementFromPoint(\
                ...(({left, top}) => [left + 20, top + 12])(document.querySelector('[data-label=LABEL_42]').getBoundingClientRect())))";
    seat.wait_for("the label to be in view", seen).await;
    seat.accessible().await;
    seat.picture("image_manual_sixty_labels").await;
    seat.close().await;
}

/// A project with a picture and a sound in its folder.
fn with_folder(interface: &str, more: &str) -> Project {
    let settings = format!("interface = {interface:?}\nlabels = [\"A\"]\nmedia = \"files\"{more}");
    let project = Project::new("demo", &settings, "demo.db", "annotations = 1", &["andy"]);
    std::fs::create_dir_all(project.path().join("files/a b")).expect("a folder");
    std::fs::write(project.path().join("files/a b/ü%20#1.png"), png()).expect("a picture");
    std::fs::write(project.path().join("files/a b/plain.png"), png()).expect("a picture");
    std::fs::write(project.path().join("files/tone.wav"), wav(4)).expect("a sound");
    project
}

#[tokio::test]
async fn paths_lead_into_the_projects_folder_for_every_interface() {
    let path = "a b/ü%20#1.png";
    let tasks = [
        json!({"text": "a", "image": path, "options": [{"id": 1, "image": path}], "html": format!("<p>x <img src='tone.png' alt='y'></p><img src='a%20b/plain.png'>"), "meta": {"n": 1}}),
    ];
    let seat = Seat::open_project(with_folder("choice", ""), &tasks).await;
    seat.card().await;
    let shown = "[...document.querySelectorAll('img')].filter((img) => img.naturalWidth === 400).length === 3";
    seat.wait_for("the pictures", shown).await;
    seat.stayed_here().await;
    seat.close().await;

    let seat = Seat::open_project(
        with_folder("audio", ""),
        &[json!({"audio": "tone.wav", "meta": {"n": 1}})],
    )
    .await;
    seat.card().await;
    sound_is_there(&seat).await;
    seat.close().await;
}

#[tokio::test]
async fn what_the_project_does_not_allow_is_told_in_words() {
    let tasks = [
        json!({"image": "https://pictures.example/a.png", "meta": {"n": 1}}),
        json!({"image": "../secret.png", "meta": {"n": 2}}),
        json!({"image": "javascript:alert(1)", "meta": {"n": 3}}),
        json!({"image": "none.png", "meta": {"n": 4}}),
    ];
    let seat = Seat::open_project(with_folder("image", ""), &tasks).await;
    for words in [
        "from pictures.example, and this project takes none from there",
        "leads out of the project's folder",
        "not the address of a file",
        "none.png is not there. You cannot mend this yourself: skip the task",
    ] {
        let card = seat.card().await;
        let said = format!("document.querySelector('.empty')?.textContent.includes({words:?})");
        seat.wait_for(words, &said).await;
        seat.press(&[' ']).await;
        seat.wait_for_another(&card).await;
    }
    seat.saved().await;
    seat.stayed_here().await;
    seat.close().await;

    // Allowed, it is asked for: nobody is there, and the page says just that.
    let allowed = with_folder("image", "\nmedia_from = [\"http://127.0.0.1:9\"]");
    let task = json!({"image": "http://127.0.0.1:9/a.png", "meta": {"n": 1}});
    let seat = Seat::open_project(allowed, &[task]).await;
    let said = "document.querySelector('.empty')?.textContent.includes('http://127.0.0.1:9/a.png has not come. Its server may not have it')";
    seat.wait_for("the page to say so", said).await;
    seat.close().await;
}

#[tokio::test]
async fn what_did_not_come_is_told_apart_from_what_is_on_its_way() {
    let project = with_folder("image_manual", "");
    project.write("files/broken.png", "no picture at all");
    let tasks = [
        json!({"image": "none.png", "meta": {"n": 1}}),
        json!({"image": "broken.png", "meta": {"n": 2}, "spans": [boxed("A", 80, 60, 160, 120)]}),
        json!({"image": "data:image/png;base64,AAAA", "meta": {"n": 3}}),
    ];
    let seat = Seat::open_project(project, &tasks).await;
    for (lack, words) in [
        ("missing", "none.png is not there."),
        ("broken", "broken.png is there, but your browser cannot show it"),
        ("inside", "What this task brings along cannot be shown"),
    ] {
        let card = seat.card().await;
        let said = format!(
            "document.querySelector('.absent[data-lack={lack}]')?.textContent.includes({words:?})"
        );
        seat.wait_for(words, &said).await;
        let again = "document.querySelector('[data-again]') !== null";
        assert_eq!(seat.eval(again).await, json!(lack != "inside"), "{lack}");
        seat.accessible().await;
        seat.picture(&format!("image_manual_{lack}")).await;
        // Nothing is changed that cannot be seen; the objection is made once.
        seat.press(&['.']).await;
        let chosen = "document.querySelector('[data-drawn][aria-pressed=true]')";
        assert_eq!(seat.eval(chosen).await, Value::Null);
        seat.press(&['a']).await;
        let notice = "document.querySelector('#notice').textContent";
        let objects = format!("{notice}.includes('could not be shown, so nothing can be drawn')");
        seat.wait_for("the page to object", &objects).await;
        let yet = seat.eval(&format!("{notice}.includes('not there yet')")).await;
        assert_eq!(yet, json!(false), "it is not on its way");
        seat.press(&['a']).await;
        seat.wait_for_another(&card).await;
    }
    seat.saved().await;
    let kept = json!({"answer": "accept", "spans": [boxed("A", 80, 60, 160, 120)]});
    assert_eq!(seat.stored().get(&2), Some(&kept));
    seat.close().await;
}

#[tokio::test]
async fn what_was_mended_is_shown_when_it_is_asked_for_once_more() {
    let tasks = [json!({"image": "late.png", "meta": {"n": 1}})];
    let seat = Seat::open_project(with_folder("image_manual", ""), &tasks).await;
    let card = seat.card().await;
    seat.find(".absent[data-lack=missing]").await;
    std::fs::write(seat.project.path().join("files/late.png"), png()).expect("a picture");
    seat.click("[data-again]").await;
    picture_is_there(&seat).await;
    seat.drag_within(".picture-box", &[(0.25, 0.2), (0.5, 0.4), (0.6, 0.6)]).await;
    seat.wait_for("a shape", "document.querySelectorAll('[data-shape]').length === 1").await;
    seat.press(&['a']).await;
    seat.wait_for_another(&card).await;
    seat.close().await;

    let tasks = [json!({"audio": "late.wav", "meta": {"n": 1}})];
    let seat = Seat::open_project(with_folder("audio_manual", ""), &tasks).await;
    let card = seat.card().await;
    seat.find(".absent[data-lack=missing]").await;
    seat.press(&['a']).await;
    let objects = "document.querySelector('#notice').textContent.includes('could not be played')";
    seat.wait_for("the page to object", objects).await;
    std::fs::write(seat.project.path().join("files/late.wav"), wav(4)).expect("a sound");
    seat.click("[data-again]").await;
    sound_is_there(&seat).await;
    seat.press(&['[', Key::Right.into(), ']']).await;
    seat.wait_for("a stretch", "document.querySelectorAll('.region').length === 1").await;
    seat.press(&['a']).await;
    seat.wait_for_another(&card).await;
    seat.close().await;
}

#[tokio::test]
async fn while_the_server_is_away_a_picture_is_asked_for_by_itself() {
    let tasks = [json!({"image": "a b/plain.png", "meta": {"n": 1}})];
    let seat = Seat::open_project(with_folder("image", ""), &tasks).await;
    seat.card().await;
    picture_is_there(&seat).await;
    let block = |urls: Value| seat.browser.tell("Network.setBlockedURLs", &json!({"urls": urls}));
    seat.browser.tell("Network.enable", &json!({}));
    block(json!(["*/media/*"]));
    seat.browser
        .client
        .execute("document.querySelector('.picture-box > img').src += '?other'", Vec::new())
        .await
        .expect("it is asked for");
    seat.find(".absent[data-lack=away]").await;
    let words =
        "document.querySelector('.absent').textContent.includes('asked for again by itself')";
    assert_eq!(seat.eval(words).await, json!(true));
    block(json!([]));
    picture_is_there(&seat).await;
    seat.close().await;
}
