//! All ports of a roster, bound at once or not at all.

use std::net::{IpAddr, SocketAddr};

use tokio::net::TcpListener;

use super::Addresses;
use crate::roster::Roster;

/// One annotator's port.
pub(super) struct Port {
    pub(super) name: String,
    pub(super) display: String,
    pub(super) listener: TcpListener,
    pub(super) address: SocketAddr,
}

/// Every port of the roster.
pub(super) struct Bound {
    pub(super) annotators: Vec<Port>,
    pub(super) lead: TcpListener,
    pub(super) lead_address: SocketAddr,
}

/// Ports that could not be had, all of them.
#[derive(Debug, thiserror::Error)]
#[error(
    "{}\nNothing was started. Stop what holds the ports (ss -ltnp shows it), or give other ports \
     in the roster.",
    .0.iter().map(|one| format!("{} cannot have port {}: {}", one.who, one.address, one.why)).collect::<Vec<_>>().join("\n")
)]
pub struct PortsTaken(Vec<Taken>);

#[derive(Debug)]
struct Taken {
    who: String,
    address: SocketAddr,
    why: String,
}

impl Bound {
    pub(super) fn addresses(&self) -> Addresses {
        let mut addresses: Addresses =
            self.annotators.iter().map(|port| (port.name.clone(), url(port.address))).collect();
        addresses.push(("lead".to_owned(), url(self.lead_address)));
        addresses
    }
}

pub(super) fn url(address: SocketAddr) -> String {
    format!("http://{address}/")
}

/// Binds the port of every active annotator and the lead's.
pub(super) async fn bind(roster: &Roster, any_port: bool) -> Result<Bound, PortsTaken> {
    let ip: IpAddr = roster.server.bind;
    let at = |port: u16| SocketAddr::new(ip, if any_port { 0 } else { port });
    let mut taken = Vec::new();
    let mut annotators = Vec::new();
    for annotator in roster.active() {
        let asked = at(annotator.port);
        match bind_one(asked).await {
            Ok((listener, address)) => annotators.push(Port {
                name: annotator.name.clone(),
                display: annotator.display_name().to_owned(),
                listener,
                address,
            }),
            Err(why) => taken.push(Taken { who: annotator.name.clone(), address: asked, why }),
        }
    }
    let asked = at(roster.lead.port);
    let lead = match bind_one(asked).await {
        Ok(lead) => Some(lead),
        Err(why) => {
            taken.push(Taken { who: "the lead".into(), address: asked, why });
            None
        }
    };
    match lead {
        Some((lead, lead_address)) if taken.is_empty() => {
            Ok(Bound { annotators, lead, lead_address })
        }
        _ => Err(PortsTaken(taken)),
    }
}

async fn bind_one(address: SocketAddr) -> Result<(TcpListener, SocketAddr), String> {
    let bound = TcpListener::bind(address).await;
    let listener = bound.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => "another program has it".to_owned(),
        std::io::ErrorKind::PermissionDenied => {
            "ports below 1024 are for the system; take a higher one".to_owned()
        }
        std::io::ErrorKind::AddrNotAvailable => "this machine has no such address".to_owned(),
        _ => error.to_string(),
    })?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    Ok((listener, address))
}
