//! Sockets: bound here, or inherited from systemd.
//!
//! A socket unit names its socket (`FileDescriptorName=andy`), and annotd serves that annotator on
//! it, wherever it listens. One without an annotator's name goes to the annotator with its port.

use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::runtime::Handle;

use super::diff::ListenerOwner;

/// Why an address that is not this machine's cannot be bound.
pub(in crate::supervisor) const NO_SUCH_ADDRESS: &str = "this machine has no such address";

/// An open socket and where it is.
#[derive(Clone, Debug)]
pub(in crate::supervisor) struct Socket {
    pub(in crate::supervisor) listener: Arc<TcpListener>,
    pub(in crate::supervisor) address: SocketAddr,
}

/// Inherited sockets that no listener has taken yet, each with its name and address.
#[derive(Debug, Default)]
pub struct InheritedSockets(Vec<(String, StdListener, SocketAddr)>);

impl InheritedSockets {
    /// Takes the sockets that systemd has passed (`LISTEN_FDS`).
    ///
    /// Call it once, before anything else opens files.
    pub fn from_environment() -> Self {
        // The names are read first: taking the sockets removes the variables.
        let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
        let mut names = names.split(':').map(str::to_owned);
        let mut passed = listenfd::ListenFd::from_env();
        let mut found = Vec::new();
        for at in 0..passed.len() {
            let name = names.next().unwrap_or_default();
            match passed.take_tcp_listener(at) {
                Ok(Some(listener)) => match listener.local_addr() {
                    Ok(address) => found.push((name, listener, address)),
                    Err(error) => {
                        tracing::warn!(name, %error, "inherited socket has no address");
                    }
                },
                Ok(None) => {}
                Err(error) => tracing::warn!(name, %error, "inherited socket is not a TCP socket"),
            }
        }
        Self(found)
    }

    /// Takes an owner's socket, by its name or else by its port. `names` are all owners' names.
    fn take(
        &mut self,
        owner: &ListenerOwner,
        asked: SocketAddr,
        names: &[&str],
    ) -> Option<StdListener> {
        let by_name = |(name, ..): &(String, StdListener, SocketAddr)| name == owner.name();
        let by_port = |(name, _, address): &(String, StdListener, SocketAddr)| {
            address.port() == asked.port() && !names.contains(&name.as_str())
        };
        let found = self.0.iter().position(by_name).or_else(|| self.0.iter().position(by_port))?;
        Some(self.0.swap_remove(found).1)
    }

    /// Logs the sockets that no listener has taken, and closes them.
    pub(in crate::supervisor) fn close_unclaimed(&mut self) {
        for (name, _, address) in self.0.drain(..) {
            tracing::warn!(
                name,
                %address,
                "inherited socket is not used: no annotator has this name or port"
            );
        }
    }
}

/// Binds sockets in the runtime that will serve them.
#[derive(Clone, Debug)]
pub(in crate::supervisor) struct Binder {
    /// The runtime of annotators' ports.
    pub(in crate::supervisor) annotators: Handle,
    /// The runtime of the lead's port.
    pub(in crate::supervisor) lead: Handle,
}

impl Binder {
    pub(in crate::supervisor) fn runtime(&self, owner: &ListenerOwner) -> &Handle {
        match owner {
            ListenerOwner::Annotator(_) => &self.annotators,
            ListenerOwner::Lead => &self.lead,
        }
    }

    /// An owner's socket: an inherited one, or a new one. The error is for people.
    pub(in crate::supervisor) async fn open(
        &self,
        owner: &ListenerOwner,
        asked: SocketAddr,
        inherited: &mut InheritedSockets,
        names: &[&str],
    ) -> Result<Socket, String> {
        if let Some(listener) = inherited.take(owner, asked, names) {
            return self.adopt(owner, listener).map_err(|error| error.to_string());
        }
        self.bind(owner, asked).await
    }

    fn adopt(&self, owner: &ListenerOwner, listener: StdListener) -> std::io::Result<Socket> {
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        // The socket belongs to the runtime in whose context this is called.
        let _context = self.runtime(owner).enter();
        Ok(Socket { listener: Arc::new(TcpListener::from_std(listener)?), address })
    }

    /// Binds a new socket. The error is for people.
    pub(in crate::supervisor) async fn bind(
        &self,
        owner: &ListenerOwner,
        asked: SocketAddr,
    ) -> Result<Socket, String> {
        let bound = self.runtime(owner).spawn(TcpListener::bind(asked)).await;
        let listener = match bound {
            Ok(Ok(listener)) => listener,
            Ok(Err(error)) => return Err(describe_bind_error(&error)),
            Err(error) => return Err(error.to_string()),
        };
        let address = listener.local_addr().map_err(|error| error.to_string())?;
        Ok(Socket { listener: Arc::new(listener), address })
    }
}

fn describe_bind_error(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::AddrInUse => "another program uses it".to_owned(),
        std::io::ErrorKind::PermissionDenied => {
            "ports below 1024 are for the system; take a higher one".to_owned()
        }
        std::io::ErrorKind::AddrNotAvailable => NO_SUCH_ADDRESS.to_owned(),
        _ => error.to_string(),
    }
}
