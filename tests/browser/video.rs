//! Videos in the interfaces of sounds: seen, played, and marked in.

use fantoccini::key::Key;
use serde_json::json;

use crate::browser_session::{BrowserSession, Trial, try_out};
use crate::media_files::{data_uri, video_file, with_folder};

async fn video_is_there(session: &BrowserSession) {
    let there = "document.querySelector('.player video')?.videoWidth === 64 && \
                 document.querySelector('.clock').textContent.includes('/ 0:04.0')";
    session.wait_for("the video", there).await;
}

#[tokio::test]
async fn a_video_is_marked_in_by_keyboard_and_by_mouse() {
    let video = data_uri("video/webm", &video_file());
    let trial = Trial {
        name: "audio_manual_video",
        settings: "interface = \"audio_manual\"\nlabels = [\"WALKS\", \"RUNS\"]",
        first: json!({"video": video, "meta": {"n": 1}}),
        second: json!({"video": video, "text": "A video", "meta": {"n": 2}, "audio_spans": [{"start": 1, "end": 2, "label": "WALKS"}]}),
        by_keyboard: json!({"answer": "accept", "audio_spans": [{"start": 1, "end": 3, "label": "RUNS"}]}),
        by_mouse: json!({"answer": "accept", "audio_spans": [{"start": 1, "end": 2, "label": "RUNS"}]}),
    };
    try_out(
        trial,
        async |session| {
            video_is_there(session).await;
            let right: char = Key::Right.into();
            session.press(&[right, '2', '[', right, right, ']']).await;
            session.find("[data-region='0'][data-label=RUNS]").await;
        },
        async |session| {
            video_is_there(session).await;
            // Its picture is pressed to play, and once more to pause.
            session.click(".player video").await;
            let player = "document.querySelector('.player video')";
            session.wait_for("it to play", &format!("!{player}.paused && {player}.currentTime > 0")).await;
            session.click(".player video").await;
            session.wait_for("it to pause", &format!("{player}.paused")).await;
            let plain = "document.querySelector('.wave').dataset.wave === 'plain' && \
                         document.querySelector('.wave-note').textContent.includes('cannot be drawn')";
            session.wait_for("a plain line", plain).await;
            session.click("[data-region='0']").await;
            session.click("[data-label=RUNS].label-button").await;
            session.find("[data-region='0'][data-label=RUNS]").await;
        },
    )
    .await;
}

#[tokio::test]
async fn a_video_from_the_folder_is_answered_and_ends_with_its_card() {
    let project = with_folder("audio", "");
    std::fs::write(project.path().join("files/walk.webm"), video_file()).expect("a video");
    let tasks = [
        json!({"video": "walk.webm", "audio": "tone.wav", "meta": {"n": 1}}),
        json!({"video": "none.webm", "meta": {"n": 2}}),
    ];
    let session = BrowserSession::open_project(project, &tasks).await;
    let card = session.card().await;
    video_is_there(&session).await;
    assert_eq!(session.eval("document.querySelector('.player audio')").await, json!(null));
    session
        .browser
        .client
        .execute("window.seen = document.querySelector('.player video')", Vec::new())
        .await
        .expect("it is kept");
    session.press(&[Key::Enter.into()]).await;
    session.wait_for("it to play", "!seen.paused && seen.currentTime > 0").await;
    session.press(&['a']).await;
    session.wait_for_another(&card).await;
    assert_eq!(session.eval("[seen.paused, seen.getAttribute('src')]").await, json!([true, null]));
    session.find(".media-error[data-media-error=missing]").await;
    session.saved().await;
    session.close().await;
}
