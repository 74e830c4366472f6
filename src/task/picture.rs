//! How large a picture is shown, read from the beginning of its file.
//!
//! A camera held upright writes the pixels lying on their side and notes it in the EXIF header;
//! browsers turn the picture. What is drawn on it counts in the pixels of what is seen, so the size
//! that matters is that one. A table made by a program that ignores EXIF says the other: such a
//! size is recognised.
//!
//! The size is read by `imagesize`, which reads headers alone; the few bytes of EXIF that say how a
//! picture lies are read here. Rejected: decoding the picture, which takes a hundred times as long.

use std::io::{BufRead, Cursor, Read, Seek};

use serde_json::{Value, json};

/// How much of a picture is looked at for its orientation, in bytes: EXIF comes first in a file.
const EXIF_WITHIN: usize = 128 << 10;
/// How much of a picture in a data URI is looked at, in characters.
const LOOKED_AT: usize = 1 << 20;

/// The size of a picture as it is shown, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// From left to right.
    pub width: u32,
    /// From top to bottom.
    pub height: u32,
}

/// How a size that a task has goes with its picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It is the size that is seen, or one of the same shape: the picture was made smaller or
    /// larger.
    Upright,
    /// It is that of the picture before it was turned.
    Swapped,
    /// It is another picture's.
    Neither,
}

impl Size {
    /// The key and the value under which a page is sent it, beside the task.
    pub fn page_extra(self) -> (String, Value) {
        ("_size".into(), json!({"width": self.width, "height": self.height}))
    }

    /// How a width and a height go with a picture of this size.
    pub fn fit(self, width: f64, height: f64) -> Fit {
        let (own_width, own_height) = (f64::from(self.width), f64::from(self.height));
        // Rounding to whole pixels moves a side by one.
        let alike = |width: f64, height: f64| {
            (width * own_height - height * own_width).abs()
                <= own_width.max(own_height).max(width).max(height)
        };
        if alike(width, height) {
            Fit::Upright
        } else if alike(height, width) {
            Fit::Swapped
        } else {
            Fit::Neither
        }
    }
}

/// The size of a picture as it is shown; nothing if its header says none.
pub fn shown_size<R: BufRead + Seek>(mut picture: R) -> Option<Size> {
    picture.rewind().ok()?;
    let size = imagesize::reader_size(&mut picture).ok()?;
    let side = |side: usize| u32::try_from(side).ok().filter(|side| *side > 0);
    let (width, height) = (side(size.width)?, side(size.height)?);
    picture.rewind().ok()?;
    let mut start = Vec::new();
    Read::take(&mut picture, EXIF_WITHIN as u64).read_to_end(&mut start).ok()?;
    Some(if is_turned(&start) {
        Size { width: height, height: width }
    } else {
        Size { width, height }
    })
}

/// The size of a picture that an address brings along itself: `data:image/png;base64,…`.
pub fn size_of_data_uri(address: &str) -> Option<Size> {
    let rest = address.trim().strip_prefix("data:image/")?;
    let (kind, content) = rest.split_once(',')?;
    if !kind.ends_with(";base64") {
        return None;
    }
    shown_size(Cursor::new(decoded(
        content.as_bytes().get(..LOOKED_AT).unwrap_or(content.as_bytes()),
    )))
}

/// The bytes of a text in base64, as far as it is one.
fn decoded(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0);
    for sign in text {
        let value = match sign {
            b'A'..=b'Z' => sign - b'A',
            b'a'..=b'z' => sign - b'a' + 26,
            b'0'..=b'9' => sign - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'\n' | b'\r' | b' ' => continue,
            _ => break,
        };
        bits = (bits << 6) | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count).to_be_bytes()[3]);
            bits &= (1 << count) - 1;
        }
    }
    bytes
}

/// Whether a JPEG lies on its side: its EXIF header has an orientation from 5 to 8.
fn is_turned(jpeg: &[u8]) -> bool {
    exif(jpeg).and_then(orientation).is_some_and(|turn| (5..=8).contains(&turn))
}

/// The TIFF block in a JPEG's EXIF header.
fn exif(jpeg: &[u8]) -> Option<&[u8]> {
    let mut rest = jpeg.strip_prefix(&[0xff, 0xd8])?;
    loop {
        let [0xff, marker, high, low, ..] = *rest else { return None };
        let length = usize::from(u16::from_be_bytes([high, low]));
        let segment = rest.get(4..2 + length)?;
        if marker == 0xe1
            && let Some(tiff) = segment.strip_prefix(b"Exif\0\0")
        {
            return Some(tiff);
        }
        // The picture itself begins: what comes is no header.
        if marker == 0xda {
            return None;
        }
        rest = &rest[2 + length..];
    }
}

/// The orientation that a TIFF block tells.
fn orientation(tiff: &[u8]) -> Option<u16> {
    const ORIENTATION: u16 = 0x0112;
    let little = match tiff.get(..2)? {
        b"II" => true,
        b"MM" => false,
        _ => return None,
    };
    let short = |at: usize| -> Option<u16> {
        let bytes: [u8; 2] = tiff.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if little { u16::from_le_bytes(bytes) } else { u16::from_be_bytes(bytes) })
    };
    let long = |at: usize| -> Option<usize> {
        let bytes: [u8; 4] = tiff.get(at..at.checked_add(4)?)?.try_into().ok()?;
        let number = if little { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) };
        usize::try_from(number).ok()
    };
    let directory = long(4)?;
    let entries = usize::from(short(directory)?);
    (0..entries).find_map(|entry| {
        let at = directory.checked_add(2 + entry * 12)?;
        (short(at)? == ORIENTATION).then(|| short(at + 8))?
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The beginning of a JPEG of 400 by 300 pixels that lies as EXIF says.
    fn jpeg(orientation: Option<(u16, bool)>) -> Vec<u8> {
        let mut bytes = vec![0xff, 0xd8];
        if let Some((turn, little)) = orientation {
            let short = |n: u16| if little { n.to_le_bytes() } else { n.to_be_bytes() };
            let long = |n: u32| if little { n.to_le_bytes() } else { n.to_be_bytes() };
            let mut tiff = if little { b"II".to_vec() } else { b"MM".to_vec() };
            tiff.extend(short(42));
            tiff.extend(long(8));
            tiff.extend(short(2));
            for (tag, value) in [(0x0100, 7), (0x0112, turn)] {
                tiff.extend(short(tag));
                tiff.extend(short(3));
                tiff.extend(long(1));
                tiff.extend(short(value));
                tiff.extend([0, 0]);
            }
            let length = u16::try_from(tiff.len() + 8).expect("a short header");
            bytes.extend([0xff, 0xe1]);
            bytes.extend(length.to_be_bytes());
            bytes.extend(b"Exif\0\0");
            bytes.extend(tiff);
        }
        bytes.extend([0xff, 0xc0, 0, 11, 8]);
        bytes.extend(300_u16.to_be_bytes());
        bytes.extend(400_u16.to_be_bytes());
        bytes.extend([1, 1, 0x11, 0, 0xff, 0xd9]);
        bytes
    }

    fn size(bytes: &[u8]) -> Option<(u32, u32)> {
        shown_size(Cursor::new(bytes)).map(|size| (size.width, size.height))
    }

    #[test]
    fn a_picture_that_is_turned_has_the_size_that_is_seen() {
        assert_eq!(size(&jpeg(None)), Some((400, 300)));
        for little in [true, false] {
            for turn in 1..=8 {
                let seen = if turn >= 5 { (300, 400) } else { (400, 300) };
                assert_eq!(size(&jpeg(Some((turn, little)))), Some(seen), "{turn} {little}");
            }
        }
    }

    #[test]
    fn a_header_that_is_cut_anywhere_gives_a_size_or_none() {
        let whole = jpeg(Some((6, true)));
        for end in 0..whole.len() {
            let _ = size(&whole[..end]);
            let mut wrong = whole.clone();
            wrong[end] = 0xff;
            let _ = size(&wrong);
        }
        assert_eq!(size(b"no picture"), None);
    }

    #[test]
    fn a_data_uri_is_measured() {
        let gif = "data:image/gif;base64,R0lGODlhAQABAIAAAAUEBAAAACwAAAAAAQABAAACAkQBADs=";
        assert_eq!(size_of_data_uri(gif), Some(Size { width: 1, height: 1 }));
        assert_eq!(size_of_data_uri("data:image/svg+xml,<svg/>"), None);
        assert_eq!(size_of_data_uri("a.png"), None);
        let text: String = (0..=255).map(char::from).collect();
        assert_eq!(decoded(b"aGVsbG8gd29ybGQ="), b"hello world");
        assert!(decoded(text.as_bytes()).is_empty());
    }

    #[test]
    fn a_size_goes_with_its_picture_upright_or_on_its_side() {
        let seen = Size { width: 300, height: 400 };
        for (width, height, fit) in [
            (300.0, 400.0, Fit::Upright),
            (150.0, 200.0, Fit::Upright),
            (151.0, 200.0, Fit::Upright),
            (400.0, 300.0, Fit::Swapped),
            (200.0, 150.0, Fit::Swapped),
            (300.0, 300.0, Fit::Neither),
            (640.0, 427.0, Fit::Neither),
        ] {
            assert_eq!(seen.fit(width, height), fit, "{width} {height}");
        }
    }
}
