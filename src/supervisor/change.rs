//! The floor under another roster, in two halves.
//!
//! [`Floor::prepare`] opens what is new; if anything of it cannot be had, what was opened is closed
//! again and nothing has happened. [`Floor::carry_out`] then cannot fail: it gives sockets to those who
//! are to have them and lets seats that nobody wants any more linger, so that answers which still wait
//! in a browser find their way. What is in both rosters is not touched by either half.

use std::time::Duration;

use super::difference::{Difference, Present, Wanted, Who, bars, difference};
use super::floor::{Floor, Taken, display_of, wanted};
use super::seat::{Door, Seat};
use super::sockets::Socket;
use crate::listener::{Former, Person, Standing};
use crate::roster::Roster;
use crate::task::Millis;

/// How long answers of those who have left are still taken at their old address.
const LINGER: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a port that is handed over is waited for. It lets go at once, unless its thread is stuck; then
/// two receive at the same socket until it is not.
const PATIENCE: Duration = Duration::from_secs(2);

/// What was opened for the next roster, and not given to anybody yet.
pub(super) struct Prepared {
    wanted: Vec<Wanted>,
    difference: Difference,
    opened: Vec<(usize, Socket)>,
    displays: Vec<String>,
}

impl Floor {
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
        let barred = |at: &usize| {
            let mut others = difference.in_the_way.iter().map(|other| present[*other].address);
            others.any(|other| bars(other, wanted[*at].address))
        };
        let (last, first): (Vec<usize>, Vec<usize>) =
            difference.open.iter().partition(|at| barred(at));
        // What is in nobody's way comes first: if it cannot be had, nothing needs to be closed.
        let (mut opened, mut taken) = self.bind_all(&wanted, first).await;
        if !taken.is_empty() {
            return Err(taken);
        }
        for at in &difference.in_the_way {
            self.close(*at).await;
        }
        let (more, lost) = self.bind_all(&wanted, last).await;
        opened.extend(more);
        taken.extend(lost);
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

    /// Opens these of the wanted listeners' sockets: those that could be had, and those that could not.
    async fn bind_all(
        &self,
        wanted: &[Wanted],
        which: Vec<usize>,
    ) -> (Vec<(usize, Socket)>, Vec<Taken>) {
        let (mut opened, mut taken) = (Vec::new(), Vec::new());
        for at in which {
            let Wanted { who, address } = &wanted[at];
            match self.opener.bind(who, *address).await {
                Ok(socket) => opened.push((at, socket)),
                Err(why) => taken.push(Taken { who: who.clone(), address: *address, why }),
            }
        }
        (opened, taken)
    }

    /// Carries a change out, and says in words who has which address now.
    pub(super) async fn carry_out(
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
        let mut back = Vec::new();
        for (from, to) in &difference.hand_over {
            let seat = &mut self.seats[*from];
            let mut formers = seat.person.get().formers.clone();
            if let Who::Annotator(name) = &seat.who {
                formers.push(Former { annotator: name.clone(), until });
            }
            formers
                .retain(|former| former.until > now && former.annotator != wanted[*to].who.name());
            // For requests of theirs that are under way.
            seat.person.set(Person { standing: Standing::Left, ..(*seat.person.get()).clone() });
            let Door::Open { socket, serving } = &mut seat.door else { continue };
            if let Some(serving) = serving.take() {
                serving.handle.stop();
                // Whoever comes from now on is received by the new one.
                let _ = tokio::time::timeout(PATIENCE, serving.handle.has_let_go()).await;
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
                back.push(*at);
            }
            let formers = seat.person.get().formers.clone();
            let person = Person { formers, ..Person::here(displays[*to].as_str()) };
            if *seat.person.get() != person {
                seat.person.set(person);
            }
        }
        for seat in back.into_iter().map(|at| &self.seats[at]) {
            words.push(format!("{} has {}", seat.who.name(), self.url_of(seat)));
        }
        let handed: Vec<usize> = difference.hand_over.iter().map(|(from, _)| *from).collect();
        let mut gone = handed.clone();
        for at in &difference.leave {
            let lingers = !difference.in_the_way.contains(at);
            if !self.leave(*at, next, &fresh, lingers, until) {
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
        let person = seat.person.get();
        seat.person.set(Person { standing, ..(*person).clone() });
        if !lingers || seat.address().is_none() {
            seat.stop();
            return false;
        }
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
}
