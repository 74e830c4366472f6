//! The floor: every listener that runs, and what becomes of them when the roster changes or one fails.
//!
//! A [`Seat`] is a place in the roster with its socket, if that could be had. A change has two halves.
//! [`Floor::prepare`] opens what is new; if anything of it cannot be had, what was opened is closed
//! again and nothing has happened. [`Floor::carry_out`] then cannot fail: it gives sockets to those who
//! are to have them and lets seats that nobody wants any more linger, so that answers which still wait
//! in a browser find their way. What is in both rosters is not touched by either half.
//!
//! A seat whose listener ends by itself, or whose socket could not be had, is tried again with growing
//! pauses, and takes nobody down with it.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;

use super::difference::{Difference, Present, Wanted, Who, difference};
use super::sockets::{Inherited, Opener, Socket};
use crate::access::Access;
use crate::address;
use crate::allocator::Allocator;
use crate::http::tls::Certificate;
use crate::http::{self, Handle, Kind, Meter};
use crate::lead::Office;
use crate::lead::status::Member;
use crate::listener::{Desk, Former, Person, Project, Standing};
use crate::live::Live;
use crate::roster::{Roster, Server};
use crate::task::Millis;

/// How long answers of those who have left are still taken at their old address.
pub(super) const LINGER: Duration = Duration::from_secs(24 * 60 * 60);
/// The pause before a listener is tried again; doubled each time…
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// … up to this.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
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

/// One listener.
struct Seat {
    who: Who,
    /// Where the roster wants it.
    asked: SocketAddr,
    person: Live<Person>,
    door: Door,
    restarts: u64,
    /// Failures in a row.
    failures: u32,
    /// It takes what is left until then, and nothing else.
    lingers_until: Option<Millis>,
}

enum Door {
    /// It has a socket, and serves on it once there is something to serve.
    Open { socket: Socket, serving: Option<Serving> },
    /// It has none.
    Shut { why: String, again: Instant },
}

struct Serving {
    id: u64,
    handle: Handle,
    since: Instant,
}

/// A port that could not be had.
#[derive(Debug)]
pub(super) struct Taken {
    pub(super) who: Who,
    pub(super) address: SocketAddr,
    pub(super) why: String,
}

/// What was opened for the next roster, and not given to anybody yet.
pub(super) struct Prepared {
    wanted: Vec<Wanted>,
    difference: Difference,
    opened: Vec<(usize, Socket)>,
    displays: Vec<String>,
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
    opener: Opener,
    any_port: bool,
    /// What addresses are shown by.
    server: Server,
    seats: Vec<Seat>,
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
    fn url(&self, who: &Who, address: SocketAddr) -> String {
        if self.any_port {
            address::bound(&self.server, address)
        } else {
            address::shown(&self.server, who.name(), address)
        }
    }

    /// Where people find a seat; nothing if it is shut.
    fn url_of(&self, seat: &Seat) -> String {
        seat.address().map(|address| self.url(&seat.who, address)).unwrap_or_default()
    }

    /// Opens what the next roster wants and is not there. Nothing that is there is touched, but where
    /// an address covers one that is to be left: then that one is closed first, and opened again if the
    /// change fails.
    pub(super) async fn prepare(&mut self, next: &Roster) -> Result<Prepared, Vec<Taken>> {
        let wanted = self.wanted(next);
        let present: Vec<Present> = self
            .seats
            .iter()
            .map(|seat| Present {
                who: seat.who.clone(),
                address: seat.asked,
                open: matches!(seat.door, Door::Open { .. }),
            })
            .collect();
        let difference = difference(&present, &wanted);
        for at in &difference.in_the_way {
            self.close(*at).await;
        }
        let mut opened = Vec::new();
        let mut taken = Vec::new();
        for at in &difference.open {
            let Wanted { who, address } = &wanted[*at];
            match self.opener.bind(who, *address).await {
                Ok(socket) => opened.push((*at, socket)),
                Err(why) => taken.push(Taken { who: who.clone(), address: *address, why }),
            }
        }
        if taken.is_empty() {
            let displays = wanted.iter().map(|wanted| display_of(next, &wanted.who)).collect();
            return Ok(Prepared { wanted, difference, opened, displays });
        }
        drop(opened);
        for at in difference.in_the_way {
            self.open_again(at).await;
        }
        Err(taken)
    }

    /// Carries a change out, and says in words what became of whom.
    pub(super) fn carry_out(
        &mut self,
        prepared: Prepared,
        next: &Roster,
        now: Millis,
    ) -> Vec<String> {
        let Prepared { wanted, difference, opened, displays } = prepared;
        self.server = next.server.clone();
        let until = now + LINGER;
        let mut words = Vec::new();
        let mut fresh = Vec::new();
        for (from, to) in &difference.hand_over {
            let seat = &mut self.seats[*from];
            let mut formers = seat.person.get().formers.clone();
            if let Who::Annotator(name) = &seat.who {
                formers.push(Former { annotator: name.clone(), until });
            }
            formers
                .retain(|former| former.until > now && former.annotator != wanted[*to].who.name());
            let Door::Open { socket, serving } = &mut seat.door else { continue };
            if let Some(serving) = serving.take() {
                serving.handle.stop();
            }
            let mut person = Person::here(displays[*to].as_str());
            person.formers = formers;
            let (who, socket) = (&wanted[*to].who, socket.clone());
            words.push(format!("{} has {}", who.name(), self.url(who, socket.address)));
            fresh.push(Seat::new(&wanted[*to], person, socket));
        }
        for (at, socket) in opened {
            let who = &wanted[at].who;
            words.push(format!("{} has {}", who.name(), self.url(who, socket.address)));
            fresh.push(Seat::new(&wanted[at], Person::here(displays[at].as_str()), socket));
        }
        for (at, to) in &difference.stay {
            let seat = &mut self.seats[*at];
            if seat.lingers_until.take().is_some() {
                words.push(format!("{} is back", seat.who.name()));
            }
            let formers = seat.person.get().formers.clone();
            let person = Person { formers, ..Person::here(displays[*to].as_str()) };
            if *seat.person.get() != person {
                seat.person.set(person);
            }
        }
        let handed: Vec<usize> = difference.hand_over.iter().map(|(from, _)| *from).collect();
        let mut gone = handed.clone();
        for at in &difference.leave {
            let lingers = !difference.in_the_way.contains(at);
            if !self.leave(*at, next, &fresh, lingers, until, &mut words) {
                gone.push(*at);
            }
        }
        // Closed seats are done with; their last requests are finished by the tasks that serve them.
        gone.sort_unstable();
        for at in gone.into_iter().rev() {
            self.seats.remove(at);
        }
        self.seats.append(&mut fresh);
        self.in_the_order_of(next);
        for at in 0..self.seats.len() {
            self.serve(at);
        }
        words
    }

    /// Lets a seat linger, if it can and there is a reason; says whether it does.
    fn leave(
        &mut self,
        at: usize,
        next: &Roster,
        fresh: &[Seat],
        lingers: bool,
        until: Millis,
        words: &mut Vec<String>,
    ) -> bool {
        let moved = self.new_address(at, fresh);
        let seat = &mut self.seats[at];
        let Who::Annotator(name) = seat.who.clone() else {
            seat.stop();
            return false;
        };
        let standing = match (moved, next.annotator(&name)) {
            (Some(url), _) => Standing::Moved { url },
            (None, Some(person)) if !person.active => Standing::Paused,
            (None, _) => Standing::Left,
        };
        let said = match &standing {
            Standing::Moved { .. } => None,
            Standing::Paused => Some(format!("{name} is not active for now")),
            _ => Some(format!("{name} has left")),
        };
        if seat.lingers_until.is_none() {
            words.extend(said);
        }
        if !lingers || seat.address().is_none() {
            seat.stop();
            return false;
        }
        let person = seat.person.get();
        seat.person.set(Person { standing, ..(*person).clone() });
        seat.lingers_until.get_or_insert(until);
        true
    }

    /// Where the annotator of a seat is now, if it is elsewhere.
    fn new_address(&self, at: usize, fresh: &[Seat]) -> Option<String> {
        let who = &self.seats[at].who;
        let others = self.seats.iter().enumerate().filter(|(other, _)| *other != at);
        let stays = others.map(|(_, seat)| seat).filter(|seat| seat.lingers_until.is_none());
        let mut all = fresh.iter().chain(stays);
        let seat = all.find(|seat| seat.who == *who)?;
        Some(self.url(who, seat.address()?))
    }

    /// Puts seats into the order of the roster; those that linger come last.
    fn in_the_order_of(&mut self, roster: &Roster) {
        let place = |seat: &Seat| match &seat.who {
            Who::Lead => usize::MAX,
            Who::Annotator(name) => {
                roster.annotators.iter().position(|a| a.name == *name).unwrap_or(usize::MAX)
            }
        };
        self.seats.sort_by_key(|seat| (seat.lingers_until.is_some(), place(seat)));
    }

    fn wanted(&self, roster: &Roster) -> Vec<Wanted> {
        wanted(roster, self.any_port)
    }

    /// Serves on a seat's socket, if it has one and does not yet.
    fn serve(&mut self, at: usize) {
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
    async fn close(&mut self, at: usize) {
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
    async fn open_again(&mut self, at: usize) -> bool {
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

impl Seat {
    fn new(wanted: &Wanted, person: Person, socket: Socket) -> Self {
        Self {
            who: wanted.who.clone(),
            asked: wanted.address,
            person: Live::new(person),
            door: Door::Open { socket, serving: None },
            restarts: 0,
            failures: 0,
            lingers_until: None,
        }
    }

    fn is_of(&self, name: &str) -> bool {
        matches!(&self.who, Who::Annotator(annotator) if annotator == name)
    }

    fn address(&self) -> Option<SocketAddr> {
        match &self.door {
            Door::Open { socket, .. } => Some(socket.address),
            Door::Shut { .. } => None,
        }
    }

    fn why_shut(&self) -> Option<&str> {
        match &self.door {
            Door::Open { .. } => None,
            Door::Shut { why, .. } => Some(why),
        }
    }

    fn serves_as(&self, id: u64) -> bool {
        matches!(&self.door, Door::Open { serving: Some(serving), .. } if serving.id == id)
    }

    /// Whether whatever served here is gone without having been told to.
    fn is_gone(&self) -> bool {
        matches!(&self.door, Door::Open { serving: Some(s), .. } if s.handle.is_gone())
    }

    /// Stops accepting. Requests under way are finished.
    fn stop(&mut self) {
        if let Door::Open { serving, .. } = &mut self.door
            && let Some(serving) = serving.take()
        {
            serving.handle.stop();
        }
    }

    /// Gives the socket up, to be opened again after a pause.
    fn fail(&mut self, why: String) {
        self.failures += 1;
        let pause = pause(self.failures);
        tracing::error!(
            annotator = self.who.name(),
            error = why,
            again_in_seconds = pause.as_secs(),
            "a listener is down"
        );
        self.door = Door::Shut { why, again: Instant::now() + pause };
    }
}

/// The pause after so many failures in a row.
fn pause(failures: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(1 << failures.saturating_sub(1).min(10)).min(LONGEST_PAUSE)
}

fn display_of(roster: &Roster, who: &Who) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_a_minute() {
        let seconds: Vec<u64> = (1..=8).map(|failures| pause(failures).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(pause(u32::MAX), LONGEST_PAUSE);
    }
}
