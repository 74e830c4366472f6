//! Pictures, sounds and videos for the tests, and shapes to be found on them.

use std::io::Write;

use flate2::{Compression, Crc, write::ZlibEncoder};
use serde_json::{Value, json};

use crate::browser_session::BrowserSession;
use crate::common::daemon::Project;

const WIDTH: u32 = 400;
const HEIGHT: u32 = 300;

/// A picture of 400 by 300 pixels with something to see in it.
pub(crate) fn png() -> Vec<u8> {
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

/// This many seconds of a tone that swells twice a second.
pub(crate) fn wav(seconds: u32) -> Vec<u8> {
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
pub(crate) fn data_uri(kind: &str, bytes: &[u8]) -> String {
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

/// Four seconds of a video without sound, of 64 by 48 pixels.
pub(crate) fn video_file() -> Vec<u8> {
    let mut frames = element(&[0xe7], &[0]);
    for half in 0..8_i16 {
        let mut block = vec![0x81];
        block.extend((half * 500).to_be_bytes());
        block.push(0x80);
        block.extend(FRAME);
        frames.extend(element(&[0xa3], &block));
    }
    let join = |parts: &[Vec<u8>]| parts.concat();
    let head = join(&[
        element(&[0x42, 0x82], b"webm"),
        element(&[0x42, 0x87], &[2]),
        element(&[0x42, 0x85], &[2]),
    ]);
    let about = join(&[
        element(&[0x2a, 0xd7, 0xb1], &1_000_000_u32.to_be_bytes()),
        element(&[0x44, 0x89], &4000.0_f64.to_be_bytes()),
    ]);
    let size = join(&[element(&[0xb0], &[64]), element(&[0xba], &[48])]);
    let track = join(&[
        element(&[0xd7], &[1]),
        element(&[0x73, 0xc5], &[1]),
        element(&[0x83], &[1]),
        element(&[0x86], b"V_VP8"),
        element(&[0xe0], &size),
    ]);
    let inside = join(&[
        element(&[0x15, 0x49, 0xa9, 0x66], &about),
        element(&[0x16, 0x54, 0xae, 0x6b], &element(&[0xae], &track)),
        element(&[0x1f, 0x43, 0xb6, 0x75], &frames),
    ]);
    join(&[element(&[0x1a, 0x45, 0xdf, 0xa3], &head), element(&[0x18, 0x53, 0x80, 0x67], &inside)])
}

/// An element of Matroska, whose length takes eight bytes.
fn element(id: &[u8], data: &[u8]) -> Vec<u8> {
    let length = data.len() as u64 | 1 << 56;
    [id, &length.to_be_bytes(), data].concat()
}

/// One picture of it, whole in itself, in VP8.
const FRAME: &[u8] = b"\
    \xf0\x05\x00\x9d\x01\x2a\x40\x00\x30\x00\x3e\xdd\x58\xa3\x4d\xa8\xa5\x23\x22\x35\x48\x01\
    \x10\x1b\x89\x62\x00\xc0\x25\x00\x3f\x19\xb4\xc0\x00\x80\x7f\x01\xaa\x61\xfc\x22\xd6\x1e\
    \xd4\x9e\x1f\x8d\x0e\x95\xcf\xf3\xba\x4e\xfc\x08\x00\xfe\x6d\x74\x7c\x6f\x0e\xb4\xa8\x4c\
    \x67\x4d\xe4\x05\xe4\x6e\xae\xb6\x35\x20\xd8\xbd\xfa\x54\x2a\x5a\x4f\xf3\xa4\xf5\xd2\x77\
    \x02\xa4\x8a\xf7\x0c\xc9\xde\xd8\xa2\x7b\xf2\x00\x00\x00";

pub(crate) fn boxed(label: &str, x: i32, y: i32, width: i32, height: i32) -> Value {
    let (right, bottom) = (x + width, y + height);
    json!({
        "label": label, "type": "rect", "x": x, "y": y, "width": width, "height": height,
        "points": [[x, y], [x, bottom], [right, bottom], [right, y]],
        "center": [x + width / 2, y + height / 2],
    })
}

pub(crate) async fn picture_is_there(session: &BrowserSession) {
    let there = "document.querySelector('.picture-box img')?.naturalWidth === 400";
    session.wait_for("the picture", there).await;
}

pub(crate) async fn sound_is_there(session: &BrowserSession) {
    let there = "document.querySelector('.wave')?.dataset.wave === 'drawn' && \
                 document.querySelector('.clock').textContent.includes('/ 0:04.0')";
    session.wait_for("the waveform", there).await;
}

/// A project with a picture and a sound in its folder.
pub(crate) fn with_folder(interface: &str, more: &str) -> Project {
    let settings = format!("interface = {interface:?}\nlabels = [\"A\"]\nmedia = \"files\"{more}");
    let project = Project::new("demo", &settings, "demo.db", "annotations = 1", &["andy"]);
    std::fs::create_dir_all(project.path().join("files/a b")).expect("a folder");
    std::fs::write(project.path().join("files/a b/ü%20#1.png"), png()).expect("a picture");
    std::fs::write(project.path().join("files/a b/plain.png"), png()).expect("a picture");
    std::fs::write(project.path().join("files/tone.wav"), wav(4)).expect("a sound");
    project
}
