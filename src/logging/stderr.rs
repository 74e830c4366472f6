//! Standard error whose reader may stop reading: lines are dropped rather than waited for.
//!
//! A terminal stopped with Ctrl-S, a pager or a collector that hangs may stop reading. A write
//! would then block forever, and with it the request that logs, its port, in the end all ports. So
//! a line waits for room only for a moment. Lines that find none are dropped and counted, and the
//! count is logged when there is room again.
//!
//! Rejected: a thread that writes, with a queue. Each way out, a crash included, would have to wait
//! for the last lines, and a line would not be written yet when the next event happens.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::{Mutex, PoisonError};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::retry_on_intr;

/// How long a line waits for room.
const TIMEOUT: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
/// Lines after a dropped one do not wait.
const NO_WAIT: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };
/// Bytes that a pipe with room takes at once: Linux's PIPE_BUF (POSIX guarantees fewer).
const CHUNK_BYTES: usize = 4096;

/// A writer that drops lines rather than waiting for long.
pub(super) struct LossyWriter<W> {
    state: Mutex<State<W>>,
}

struct State<W> {
    out: W,
    lost: u64,
}

impl<W: Write + AsFd> LossyWriter<W> {
    pub(super) fn new(out: W) -> Self {
        Self { state: Mutex::new(State { out, lost: 0 }) }
    }

    /// Writes a line, as far as there is room. `lost` makes the line with the count of dropped
    /// ones.
    pub(super) fn write(&self, line: &str, lost: impl Fn(u64) -> String) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.lost > 0 {
            let count = lost(state.lost);
            if state.put(&count).is_err() {
                state.lost += 1;
                return;
            }
            state.lost = 0;
        }
        if state.put(line).is_err() {
            state.lost += 1;
        }
    }
}

impl<W: Write + AsFd> State<W> {
    /// Writes a text if there is room within the timeout.
    fn put(&mut self, text: &str) -> io::Result<()> {
        let timeout = if self.lost > 0 { NO_WAIT } else { TIMEOUT };
        for part in text.as_bytes().chunks(CHUNK_BYTES) {
            let mut place = [PollFd::new(&self.out, PollFlags::OUT)];
            if retry_on_intr(|| poll(&mut place, Some(&timeout)))? == 0 {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            self.out.write_all(part)?;
        }
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Read;

    use super::*;

    fn lost(many: u64) -> String {
        format!("{many} lost\n")
    }

    #[test]
    fn a_reader_who_has_stopped_blocks_no_line_and_dropped_lines_are_counted() {
        let (mut reader, writer) = io::pipe().expect("a pipe");
        let lines = LossyWriter::new(File::from(std::os::fd::OwnedFd::from(writer)));
        let long = format!("{}\n", "x".repeat(999));
        // Far more than a pipe holds; a write that waits would never end.
        for _ in 0..1000 {
            lines.write(&long, lost);
        }
        let mut held = vec![0; 1 << 20];
        let mut read = reader.read(&mut held).expect("it is there");
        lines.write("again\n", lost);
        drop(lines);
        loop {
            match reader.read(&mut held[read..]).expect("it is there") {
                0 => break,
                more => read += more,
            }
        }
        let text = String::from_utf8_lossy(&held[..read]);
        let (before, told) =
            text.trim_end_matches("again\n").trim_end().rsplit_once('\n').expect("lines");
        assert!(text.ends_with("again\n"), "{told}");
        let many: usize = told.trim_end_matches(" lost").parse().expect("a number");
        let whole = before.lines().filter(|line| line.len() == 999).count();
        assert!(many > 0 && whole + many >= 999, "{whole} written, {many} lost");
    }
}
