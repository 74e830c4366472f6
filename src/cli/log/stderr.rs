//! Standard error, as a place that may not take what is written to it.
//!
//! Whoever reads it (a terminal that was stopped with Ctrl-S, a pager, a collector that hangs) may
//! stop reading, and a write would then wait for ever, and with it whoever logs: a request, a port,
//! in the end all of them. So it is looked first whether there is room, for a moment at most. What
//! finds none is counted, and told when there is room again.
//!
//! Rejected: a thread that writes, with a queue. What the daemon says last would have to be waited
//! for at each way out, a crash included, and what was logged would not be there yet when something
//! happens next.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::{Mutex, PoisonError};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::retry_on_intr;

/// How long a line waits for room; none, once a line has waited in vain.
const PATIENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };
const NONE: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };
/// A pipe that has room takes so many bytes at once (POSIX's least PIPE_BUF is smaller; Linux's is
/// this).
const AT_ONCE: usize = 4096;

/// Somewhere to write lines to, without ever waiting for long.
pub(super) struct Lines<W> {
    state: Mutex<State<W>>,
}

struct State<W> {
    out: W,
    lost: u64,
}

impl<W: Write + AsFd> Lines<W> {
    pub(super) fn new(out: W) -> Self {
        Self { state: Mutex::new(State { out, lost: 0 }) }
    }

    /// Writes a line, whole as far as there is room. `lost` makes the line that says how many found
    /// none.
    pub(super) fn write(&self, line: &str, lost: impl Fn(u64) -> String) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.lost > 0 {
            let told = lost(state.lost);
            if state.put(&told).is_err() {
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
    /// If nobody can read it, nothing more can be done about it than to say so later.
    fn put(&mut self, text: &str) -> io::Result<()> {
        let patience = if self.lost > 0 { NONE } else { PATIENCE };
        for part in text.as_bytes().chunks(AT_ONCE) {
            let mut place = [PollFd::new(&self.out, PollFlags::OUT)];
            if retry_on_intr(|| poll(&mut place, Some(&patience)))? == 0 {
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
    fn nobody_waits_for_a_reader_who_has_stopped_and_what_was_lost_is_counted() {
        let (mut reader, writer) = io::pipe().expect("a pipe");
        let lines = Lines::new(File::from(std::os::fd::OwnedFd::from(writer)));
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
