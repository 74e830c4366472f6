//! The floor: every listener that runs, and what becomes of one that fails.
//!
//! A [`Seat`] is a place in the roster with its socket, if that could be had. A seat whose listener ends by
//! itself, or whose socket could not be had, is tried again with growing pauses, and takes nobody down with
//! it. What becomes of the seats when the roster changes stands in `change.rs`.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;

use super::difference::{Wanted, Who};
use super::seat::{Door, FIRST_PAUSE, Seat, Serving, pause};
use super::sockets::{Inherited, Opener};
use crate::access::Access;
use crate::address;
use crate::allocator::Allocator;
use crate::http::tls::Certificate;
use crate::http::{self, Handle, Kind, Meter};
use crate::lead::Office;
use crate::lead::status::Member;
use crate::listener::{Desk, Person, Project};
use crate::live::Live;
use crate::roster::{Roster, Server};
use crate::task::Millis;

/// A listener that has served for so long has recovered: the next pause is the first again.
const RECOVERED: Duration = Duration::from_secs(600);

/// What the seats need to serve.
pub(super) struct Services {
    pub(super) annotators: Router,
    pub(super) lead: Router,
    pub(super) project: Live<Project>,
    pub(super) allocator: Allocator,
    pub(super) office: Office,
    pub(super) meter: Meter,
    pub(super) access: Access,
    pub(super) certificate: Certificate,
}

/// A port that could not be had.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) who: Who,
    pub(super) address: SocketAddr,
    pub(super) why: String,
}

/// What a look at the floor has shown.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Looked {
    /// Whether any listener is there again, or gone.
    pub(super) changed: bool,
    /// Annotators' listeners that were called…
    called: usize,
    /// … and those of them that had answered the call before.
    answered: usize,
}

impl Looked {
    /// Whether the listeners are alive: not every one of them is silent. A single one may be, if it has
    /// just begun.
    pub(super) fn is_alive(self) -> bool {
        self.called == 0 || self.answered > 0
    }
}

/// How a listener ended.
pub(super) type Ended = (u64, std::io::Result<()>);

pub(super) struct Floor {
    pub(super) opener: Opener,
    pub(super) any_port: bool,
    /// What addresses are shown by.
    pub(super) server: Server,
    pub(super) seats: Vec<Seat>,
    services: Option<Services>,
    serving: JoinSet<Ended>,
    next_id: u64,
}

impl Floor {
    /// Opens a socket for everybody, from those that were handed over or new ones. Who could not have
    /// theirs is named.
    pub(super) async fn open(
        roster: &Roster,
        any_port: bool,
        opener: Opener,
        mut inherited: Inherited,
    ) -> (Self, Vec<Taken>) {
        let names: Vec<&str> = roster.annotators.iter().map(|a| a.name.as_str()).collect();
        let names: Vec<&str> = names.into_iter().chain(["lead"]).collect();
        let mut taken = Vec::new();
        let mut seats = Vec::new();
        for wanted in wanted(roster, any_port) {
            let display = display_of(roster, &wanted.who);
            let opened = opener.open(&wanted.who, wanted.address, &mut inherited, &names).await;
            let door = match opened {
                Ok(socket) => Door::Open { socket, serving: None },
                Err(why) => {
                    let (who, address) = (wanted.who.clone(), wanted.address);
                    taken.push(Taken { who, address, why: why.clone() });
                    Door::Shut { why, again: Instant::now() + FIRST_PAUSE }
                }
            };
            let failures = u32::from(matches!(door, Door::Shut { .. }));
            seats.push(Seat {
                person: Live::new(Person::here(display)),
                who: wanted.who,
                asked: wanted.address,
                door,
                restarts: 0,
                failures,
                lingers_until: None,
            });
        }
        inherited.close_the_rest();
        let (server, serving) = (roster.server.clone(), JoinSet::new());
        (Self { opener, any_port, server, seats, services: None, serving, next_id: 0 }, taken)
    }

    /// Everybody serves from now on.
    pub(super) fn begin(&mut self, services: Services) {
        self.services = Some(services);
        for at in 0..self.seats.len() {
            self.serve(at);
        }
    }

    /// Where everybody is: name and address, the lead's last.
    pub(super) fn addresses(&self) -> Vec<(String, String)> {
        let mut all: Vec<_> = self
            .seats
            .iter()
            .filter(|seat| seat.lingers_until.is_none())
            .filter_map(|seat| Some((seat, self.url(&seat.who, seat.address()?))))
            .collect();
        all.sort_by_key(|(seat, _)| seat.who == Who::Lead);
        all.into_iter().map(|(seat, url)| (seat.who.name().to_owned(), url)).collect()
    }

    /// Where people find somebody's port. Ports that are taken as they come are known to no proxy.
    pub(super) fn url(&self, who: &Who, address: SocketAddr) -> String {
        if self.any_port {
            address::bound(&self.server, address)
        } else {
            address::shown(&self.server, who.name(), address)
        }
    }

    /// Where people find a seat; nothing if it is shut.
    pub(super) fn url_of(&self, seat: &Seat) -> String {
        seat.address().map(|address| self.url(&seat.who, address)).unwrap_or_default()
    }

    /// Serves on a seat's socket, if it has one and does not yet.
    pub(super) fn serve(&mut self, at: usize) {
        let seat = &mut self.seats[at];
        let Some(services) = &self.services else { return };
        let Door::Open { socket, serving: serving @ None } = &mut seat.door else { return };
        let handle = Handle::default();
        let id = self.next_id;
        self.next_id += 1;
        *serving = Some(Serving { id, handle: handle.clone(), since: Instant::now() });
        let listener = std::sync::Arc::clone(&socket.listener);
        let gauge = services.meter.port(kind_of(&seat.who), seat.who.name());
        let certificate = services.certificate.clone();
        let runtime = self.opener.runtime(&seat.who);
        match &seat.who {
            Who::Annotator(annotator) => {
                let desk = Desk {
                    project: services.project.clone(),
                    annotator: annotator.as_str().into(),
                    person: seat.person.clone(),
                    allocator: services.allocator.clone(),
                    door: services.access.door(&services.office.project, annotator),
                };
                let routes = services.annotators.clone();
                let served = http::serve(listener, routes, desk, gauge, certificate, handle);
                self.serving.spawn_on(async move { (id, served.await) }, runtime);
            }
            Who::Lead => {
                let (routes, office) = (services.lead.clone(), services.office.clone());
                let served = http::serve(listener, routes, office, gauge, certificate, handle);
                self.serving.spawn_on(async move { (id, served.await) }, runtime);
            }
        }
    }

    /// Closes a seat's socket, and waits until that is done.
    pub(super) async fn close(&mut self, at: usize) {
        let seat = &mut self.seats[at];
        let why = "it gives way to another address".to_owned();
        let door = std::mem::replace(&mut seat.door, Door::Shut { why, again: Instant::now() });
        if let Door::Open { socket, serving } = door {
            drop(socket);
            if let Some(serving) = serving {
                serving.handle.stop();
                serving.handle.has_let_go().await;
            }
        }
    }

    /// Opens a seat that is shut, and serves on it.
    pub(super) async fn open_again(&mut self, at: usize) -> bool {
        let seat = &mut self.seats[at];
        match self.opener.bind(&seat.who, seat.asked).await {
            Ok(socket) => {
                seat.door = Door::Open { socket, serving: None };
                self.serve(at);
                true
            }
            Err(why) => {
                seat.failures += 1;
                seat.door = Door::Shut { why, again: Instant::now() + pause(seat.failures) };
                false
            }
        }
    }

    /// Waits until any listener has ended; for ever if there is none.
    pub(super) async fn ended(&mut self) -> Result<Ended, JoinError> {
        match self.serving.join_next().await {
            Some(ended) => ended,
            None => std::future::pending().await,
        }
    }

    /// Notes that a listener has ended. If nobody has told it to, it is tried again later.
    pub(super) fn note_end(&mut self, ended: Result<Ended, JoinError>) {
        let (id, how) = match ended {
            Ok(ended) => ended,
            // Who panicked is not said; their sockets are let go of.
            Err(error) => {
                for seat in self.seats.iter_mut().filter(|seat| seat.is_gone()) {
                    seat.fail(format!("it ended in a panic: {error}"));
                }
                return;
            }
        };
        let Some(seat) = self.seats.iter_mut().find(|seat| seat.serves_as(id)) else { return };
        seat.fail(match how {
            Ok(()) => "it ended by itself".to_owned(),
            Err(error) => format!("its socket is broken: {error}"),
        });
    }

    /// Looks at every listener: those that are shut are tried again in their time, those that have
    /// lingered long enough are closed, and all are called.
    pub(super) async fn look(&mut self, now: Millis) -> Looked {
        let mut looked = Looked::default();
        let over = |seat: &Seat| seat.lingers_until.is_some_and(|until| until <= now);
        for seat in self.seats.iter_mut().filter(|seat| over(seat)) {
            tracing::info!(annotator = seat.who.name(), "the old address is closed now");
            seat.stop();
            looked.changed = true;
        }
        self.seats.retain(|seat| !over(seat));
        for at in 0..self.seats.len() {
            let seat = &mut self.seats[at];
            match &seat.door {
                Door::Open { serving: Some(serving), .. } => {
                    let answered = serving.handle.roll_call();
                    if serving.since.elapsed() > RECOVERED {
                        seat.failures = 0;
                    }
                    if matches!(seat.who, Who::Annotator(_)) {
                        looked.called += 1;
                        looked.answered += usize::from(answered);
                    }
                }
                Door::Shut { again, .. } if *again <= Instant::now() => {
                    let (name, restarts) = (seat.who.name().to_owned(), seat.restarts + 1);
                    if self.open_again(at).await {
                        self.seats[at].restarts = restarts;
                        tracing::info!(annotator = name, restarts, "a listener is there again");
                        looked.changed = true;
                    }
                }
                _ => {}
            }
        }
        looked
    }

    /// Everybody on the roster, and how their ports are; those who are gone and whose port lingers
    /// come last.
    pub(super) fn members(&self, roster: &Roster) -> Vec<Member> {
        let mut members: Vec<Member> = Vec::new();
        for annotator in &roster.annotators {
            let mut seats = self.seats.iter().filter(|seat| seat.lingers_until.is_none());
            let seat = seats.find(|seat| seat.is_of(&annotator.name));
            members.push(Member {
                name: annotator.name.clone(),
                display: annotator.display_name().to_owned(),
                port: seat.and_then(Seat::address).map_or(annotator.port, |a| a.port()),
                url: seat.map(|seat| self.url_of(seat)).unwrap_or_default(),
                state: match seat {
                    _ if !annotator.active => "away",
                    Some(seat) if seat.why_shut().is_none() => "listening",
                    _ => "down",
                },
                active: annotator.active,
                restarts: seat.map_or(0, |seat| seat.restarts),
                detail: seat.and_then(Seat::why_shut).map(str::to_owned),
            });
        }
        for seat in self.seats.iter().filter(|seat| seat.lingers_until.is_some()) {
            if roster.annotators.iter().any(|annotator| seat.is_of(&annotator.name)) {
                continue;
            }
            members.push(Member {
                name: seat.who.name().to_owned(),
                display: seat.person.get().display.clone(),
                port: seat.address().map_or(seat.asked.port(), |a| a.port()),
                url: self.url_of(seat),
                state: "left",
                active: false,
                restarts: seat.restarts,
                detail: None,
            });
        }
        members
    }

    /// How the lead's port is: why it is shut, if it is.
    pub(super) fn lead_is_shut(&self) -> Option<&str> {
        self.seats.iter().find(|seat| seat.who == Who::Lead).and_then(Seat::why_shut)
    }

    /// Stops accepting everywhere, and gives the listeners that still finish requests. The last handles
    /// to the allocator go with the services.
    pub(super) fn stop(mut self) -> JoinSet<Ended> {
        for seat in &mut self.seats {
            seat.stop();
        }
        self.serving
    }
}

/// As which kind of port a listener is counted.
fn kind_of(who: &Who) -> Kind {
    match who {
        Who::Annotator(_) => Kind::Annotator,
        Who::Lead => Kind::Lead,
    }
}

pub(super) fn display_of(roster: &Roster, who: &Who) -> String {
    match who {
        Who::Annotator(name) => roster.annotator(name).map_or(&**name, |a| a.display_name()),
        Who::Lead => who.name(),
    }
    .to_owned()
}

/// The listeners that a roster wants.
pub(super) fn wanted(roster: &Roster, any_port: bool) -> Vec<Wanted> {
    let at = |port: u16| SocketAddr::new(roster.server.bind, if any_port { 0 } else { port });
    let annotators = roster.active().map(|annotator| Wanted {
        who: Who::Annotator(annotator.name.clone()),
        address: at(annotator.port),
    });
    annotators.chain([Wanted { who: Who::Lead, address: at(roster.lead.port) }]).collect()
}
