//! Line ends of old systems, as a newline, and the byte by which DOS ends a file, left out.
//!
//! A carriage return without a newline behind it ends a line in files of the old Macintosh, which
//! Excel still offers to write. Within JSON it is white space, so a newline says the same; within a
//! quoted cell of a table it is a part of the text, so tables look for themselves (`lone` is false
//! there). Ctrl-Z counts only at the end of the file, where nothing but line breaks comes behind
//! it.

use std::io::{self, Read};

const CTRL_Z: u8 = 0x1a;
/// The most bytes that are held back until it is clear whether the file ends there.
const HELD: usize = 1 << 12;

/// A reader with newlines only.
pub(super) struct LineEnds<R> {
    inner: R,
    /// Whether a lone carriage return becomes a newline.
    lone: bool,
    /// Bytes that are ready to be given.
    ready: Vec<u8>,
    given: usize,
    /// A carriage return whose next byte is not known yet, or a Ctrl-Z and what came behind it.
    held: Vec<u8>,
}

impl<R: Read> LineEnds<R> {
    pub(super) fn new(inner: R, lone: bool) -> Self {
        Self { inner, lone, ready: Vec::new(), given: 0, held: Vec::new() }
    }

    /// Takes bytes in and makes ready what is clear of them.
    fn take(&mut self, bytes: &[u8]) {
        for byte in bytes.iter().copied() {
            match self.held.first() {
                Some(b'\r') => {
                    self.ready.push(if byte == b'\n' { b'\r' } else { b'\n' });
                    self.held.clear();
                }
                Some(_) if matches!(byte, CTRL_Z | b'\r' | b'\n') && self.held.len() < HELD => {
                    self.held.push(byte);
                    continue;
                }
                Some(_) => self.ready.append(&mut self.held),
                None => {}
            }
            if byte == CTRL_Z || (byte == b'\r' && self.lone) {
                self.held.push(byte);
            } else {
                self.ready.push(byte);
            }
        }
    }

    /// What was held back, at the end of the file.
    fn end(&mut self) {
        if self.held.first() == Some(&b'\r') {
            self.ready.push(b'\n');
        }
        self.held.clear();
    }
}

impl<R: Read> Read for LineEnds<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.given == self.ready.len() {
            self.ready.clear();
            self.given = 0;
            let count = self.inner.read(buffer)?;
            let read = &buffer[..count];
            let plain = self.held.is_empty()
                && !read.iter().any(|byte| *byte == CTRL_Z || (*byte == b'\r' && self.lone));
            if (plain && count > 0) || buffer.is_empty() {
                return Ok(count);
            }
            if count > 0 {
                self.take(read);
                continue;
            }
            self.end();
            if self.ready.is_empty() {
                return Ok(0);
            }
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

    /// Gives a fixed number of bytes at a time.
    struct Drops<'a>(&'a [u8], usize);

    impl Read for Drops<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(self.0.len()).min(buffer.len());
            buffer[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    fn read(text: &str, lone: bool, at_a_time: usize) -> String {
        let mut out = String::new();
        LineEnds::new(Drops(text.as_bytes(), at_a_time), lone)
            .read_to_string(&mut out)
            .expect("UTF-8");
        out
    }

    #[test]
    fn old_line_ends_become_new_ones_and_ctrl_z_ends_a_file() {
        for (text, expected) in [
            ("a\rb\r", "a\nb\n"),
            ("a\r\nb\r\r\nc", "a\r\nb\n\r\nc"),
            ("a\n\u{1a}", "a\n"),
            ("a\n\u{1a}\u{1a}\r\n", "a\n"),
            ("a\u{1a}b", "a\u{1a}b"),
            ("a\u{1a}\r\nb", "a\u{1a}\r\nb"),
            ("", ""),
        ] {
            for at_a_time in 1..4 {
                assert_eq!(read(text, true, at_a_time), expected, "{text:?}");
            }
        }
        assert_eq!(read("a\rb\u{1a}", false, 1), "a\rb");
    }

    proptest! {
        #[test]
        fn however_the_bytes_come_they_say_the_same(
            text in "[ab\r\n\u{1a}]{0,12}", at_a_time in 1..5_usize, lone in any::<bool>(),
        ) {
            prop_assert_eq!(read(&text, lone, at_a_time), read(&text, lone, 99));
            if !text.contains('\u{1a}') {
                let lines = text.replace("\r\n", "\n").replace('\r', "\n");
                let expected = if lone { lines } else { text.replace("\r\n", "\n") };
                prop_assert_eq!(read(&text, lone, at_a_time).replace("\r\n", "\n"), expected);
            }
        }
    }
}
