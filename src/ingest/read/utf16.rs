//! Files in UTF-16 with a byte order mark, as Excel's "Unicode text" and Windows' editors write
//! them.
//!
//! They are read as UTF-8, so everything above knows one encoding, and places are counted in the
//! characters that people see. Half of a surrogate pair ends the reading where it stands: what
//! would be put in its place is not what the file says.

use std::io::{self, Read};

use encoding_rs::{Decoder, DecoderResult, UTF_16BE, UTF_16LE};

/// Bytes that are decoded at a time.
const STEP: usize = 1 << 13;

/// The mark with which a file in UTF-16 begins, and a decoder that passes over it.
pub(super) fn decoder(head: &[u8]) -> Option<Decoder> {
    match head {
        // UTF-32 begins so, too, and then has two zero bytes.
        [0xff, 0xfe, 0, 0, ..] => None,
        [0xff, 0xfe, ..] => Some(UTF_16LE.new_decoder_with_bom_removal()),
        [0xfe, 0xff, ..] => Some(UTF_16BE.new_decoder_with_bom_removal()),
        _ => None,
    }
}

/// A reader that gives UTF-8.
pub(super) struct Utf16<R> {
    inner: R,
    decoder: Decoder,
    read: Box<[u8]>,
    /// What of `read` is not decoded yet.
    from: usize,
    to: usize,
    ended: bool,
    ready: Vec<u8>,
    given: usize,
    failure: Option<io::Error>,
}

impl<R: Read> Utf16<R> {
    pub(super) fn new(inner: R, decoder: Decoder) -> Self {
        let read = vec![0; STEP].into_boxed_slice();
        let (from, to, given) = (0, 0, 0);
        Self {
            inner,
            decoder,
            read,
            from,
            to,
            ended: false,
            ready: Vec::new(),
            given,
            failure: None,
        }
    }

    /// Decodes some more into `ready`.
    fn decode(&mut self) -> io::Result<()> {
        if self.from == self.to {
            (self.from, self.to) = (0, self.inner.read(&mut self.read)?);
            self.ended = self.to == 0;
        }
        // A code unit of two bytes makes three at most.
        self.ready.resize(2 * STEP, 0);
        self.given = 0;
        let rest = &self.read[self.from..self.to];
        let (result, read, written) =
            self.decoder.decode_to_utf8_without_replacement(rest, &mut self.ready, self.ended);
        self.from += read;
        self.ready.truncate(written);
        if let DecoderResult::Malformed(..) = result {
            let what = "half of a character in UTF-16 (the file is damaged there, or not UTF-16)";
            self.failure = Some(io::Error::new(io::ErrorKind::InvalidData, what));
        }
        Ok(())
    }
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.ready.len() {
            if let Some(failure) = self.failure.take() {
                return Err(failure);
            }
            if self.ended || buffer.is_empty() {
                return Ok(0);
            }
            self.decode()?;
        }
        let count = buffer.len().min(self.ready.len() - self.given);
        buffer[..count].copy_from_slice(&self.ready[self.given..self.given + count]);
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Gives at most this number of bytes at a time.
    struct Drops<'a>(&'a [u8], usize);

    impl Read for Drops<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(self.0.len()).min(buffer.len());
            buffer[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    fn read(bytes: &[u8], at_a_time: usize) -> io::Result<String> {
        let decoder = decoder(bytes).expect("a mark");
        let mut text = String::new();
        Utf16::new(Drops(bytes, at_a_time), decoder).read_to_string(&mut text).map(|_| text)
    }

    fn written(text: &str, big: bool) -> Vec<u8> {
        let units = std::iter::once(0xfeff).chain(text.encode_utf16());
        units.flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    }

    proptest! {
        #[test]
        fn every_text_comes_out_however_its_bytes_come(
            text in "\\PC{0,40}", at_a_time in 1..9_usize, big in any::<bool>(),
        ) {
            prop_assert_eq!(read(&written(&text, big), at_a_time).expect("whole"), text);
        }
    }

    #[test]
    fn long_texts_come_out_whole() {
        let text = "日本𝔘 é\r\n".repeat(STEP);
        assert_eq!(read(&written(&text, false), STEP + 1).expect("whole"), text);
    }

    #[test]
    fn half_of_a_character_ends_the_reading() {
        let mut bytes = written("ab𝔘", false);
        bytes.truncate(8);
        for at_a_time in 1..5 {
            let error = read(&bytes, at_a_time).expect_err("cut");
            assert!(error.to_string().starts_with("half of a character"), "{error}");
        }
    }
}
