//! Films in the interfaces of sounds: seen, played, and marked in.

use fantoccini::key::Key;
use serde_json::json;

use crate::browser_session::{Seat, Trial, try_out};
use crate::media_files::{data_uri, film, with_folder};

async fn film_is_there(seat: &Seat) {
    let there = "document.querySelector('.player video')?.videoWidth === 64 && \
                 document.querySelector('.clock').textContent.includes('/ 0:04.0')";
    seat.wait_for("the film", there).await;
}

#[tokio::test]
async fn a_film_is_marked_in_by_keyboard_and_by_mouse() {
    let video = data_uri("video/webm", &film());
    let trial = Trial {
        name: "audio_manual_film",
        settings: "interface = \"audio_manual\"\nlabels = [\"WALKS\", \"RUNS\"]",
        first: json!({"video": video, "meta": {"n": 1}}),
        second: json!({"video": video, "text": "A film", "meta": {"n": 2}, "audio_spans": [{"start": 1, "end": 2, "label": "WALKS"}]}),
        by_keyboard: json!({"answer": "accept", "audio_spans": [{"start": 1, "end": 3, "label": "RUNS"}]}),
        by_mouse: json!({"answer": "accept", "audio_spans": [{"start": 1, "end": 2, "label": "RUNS"}]}),
    };
    try_out(
        trial,
        async |seat| {
            film_is_there(seat).await;
            let right: char = Key::Right.into();
            seat.press(&[right, '2', '[', right, right, ']']).await;
            seat.find("[data-region='0'][data-label=RUNS]").await;
        },
        async |seat| {
            film_is_there(seat).await;
            // Its picture is pressed to play, and once more to pause.
            seat.click(".player video").await;
            let film = "document.querySelector('.player video')";
            seat.wait_for("it to play", &format!("!{film}.paused && {film}.currentTime > 0")).await;
            seat.click(".player video").await;
            seat.wait_for("it to pause", &format!("{film}.paused")).await;
            let plain = "document.querySelector('.wave').dataset.wave === 'plain' && \
                         document.querySelector('.wave-note').textContent.includes('cannot be drawn')";
            seat.wait_for("a plain line", plain).await;
            seat.click("[data-region='0']").await;
            seat.click("[data-label=RUNS].label-button").await;
            seat.find("[data-region='0'][data-label=RUNS]").await;
        },
    )
    .await;
}

#[tokio::test]
async fn a_film_from_the_folder_is_answered_and_ends_with_its_card() {
    let project = with_folder("audio", "");
    std::fs::write(project.path().join("files/walk.webm"), film()).expect("a film");
    let tasks = [
        json!({"video": "walk.webm", "audio": "tone.wav", "meta": {"n": 1}}),
        json!({"video": "none.webm", "meta": {"n": 2}}),
    ];
    let seat = Seat::open_project(project, &tasks).await;
    let card = seat.card().await;
    film_is_there(&seat).await;
    assert_eq!(seat.eval("document.querySelector('.player audio')").await, json!(null));
    seat.browser
        .client
        .execute("window.seen = document.querySelector('.player video')", Vec::new())
        .await
        .expect("it is kept");
    seat.press(&[Key::Enter.into()]).await;
    seat.wait_for("it to play", "!seen.paused && seen.currentTime > 0").await;
    seat.press(&['a']).await;
    seat.wait_for_another(&card).await;
    assert_eq!(seat.eval("[seen.paused, seen.getAttribute('src')]").await, json!([true, null]));
    seat.find(".media-error[data-media-error=missing]").await;
    seat.saved().await;
    seat.close().await;
}
