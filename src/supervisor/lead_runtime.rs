//! A thread and a runtime for the lead's port alone, so that it answers even when the annotators'
//! ports are saturated.

use std::io;
use std::thread::JoinHandle;

use tokio::runtime::{Builder, Handle};
use tokio_util::sync::CancellationToken;

/// The lead's runtime. Its thread ends when this is dropped.
pub(super) struct LeadRuntime {
    handle: Handle,
    end: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl LeadRuntime {
    /// Starts the thread.
    ///
    /// # Errors
    /// If the system gives no thread or no runtime.
    pub(super) fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (handle, end) = (runtime.handle().clone(), CancellationToken::new());
        let ended = end.clone();
        let thread = std::thread::Builder::new()
            .name("lead".into())
            .spawn(move || runtime.block_on(ended.cancelled()))?;
        Ok(Self { handle, end, thread: Some(thread) })
    }

    pub(super) fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for LeadRuntime {
    fn drop(&mut self) {
        self.end.cancel();
        if let Some(thread) = self.thread.take() {
            // A panic has already been logged.
            let _ = thread.join();
        }
    }
}
