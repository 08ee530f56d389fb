//! The fate of each request: done, refused, lost, late; and who dies of it.

use super::{SECOND, SITE, STATE, Slot, World};
use crate::check::{Knowledge, ROOT, Writer};
use crate::cloudfront;
use crate::s3::{self, Change};
use crate::wire::{Parked, Request, Response};
use jiff::Timestamp;
use quillfront_publish::bucket::Options;
use serde_json::Value;

impl World {
    /// The fate of one request.
    pub(super) fn serve(&mut self, index: usize) {
        let mut parked = self.wire.parked.lock().unwrap().remove(index);
        if parked.ghost_until_ms.is_none() && self.is_killed(&parked) {
            let number = parked.actor;
            drop(parked);
            return self.kill(number);
        }
        if !self.faults || parked.ghost_until_ms.is_some() {
            return self.perform(parked);
        }
        let name = self.machines[parked.actor].name.clone();
        let (what, weather) = (parked.request.described(), self.weather.clone());
        if self.random.chance(weather.unavailable) {
            let (status, code) = *self
                .random
                .pick(&[(503, "SlowDown"), (500, "InternalError")]);
            self.note(&name, format!("{what} -> {status}"));
            return parked.answer(Some(s3::error(status, code)));
        }
        if parked.request.is_conditional_write() && self.random.chance(weather.conflict) {
            self.note(&name, format!("{what} -> 409"));
            return parked.answer(Some(s3::error(409, "ConditionalRequestConflict")));
        }
        let is_invalidation = parked.request.path.starts_with(cloudfront::PATH);
        if is_invalidation && self.random.chance(weather.throttled) {
            self.note(&name, format!("{what} -> 400, too many"));
            let refusal = s3::error(400, "TooManyInvalidationsInProgress");
            return parked.answer(Some(refusal));
        }
        // Few requests decide much: the root, what follows the commit.
        let is_root = parked.request.target() == (STATE, ROOT);
        let weight = match parked.request.method.as_str() {
            "POST" | "DELETE" => 4,
            "PUT" if is_root => 4,
            _ => 1,
        };
        if self.meddle(&mut parked) {
            return self.wire.parked.lock().unwrap().push(parked);
        }
        if self.random.chance(weather.late * weight) {
            self.run_out_of_time(parked.actor);
        }
        let is_holder = self.watch.is_holder(&name);
        let writes_site = parked.request.is_write() && parked.request.target().0 == SITE;
        if !is_holder && !writes_site && self.random.chance(weather.pause * weight) {
            return self.freeze(parked);
        }
        if self.random.chance(weather.slow) {
            let now = self.clock.elapsed_ms();
            parked.not_before_ms = now + self.random.between(1, 50 * SECOND);
            return self.wire.parked.lock().unwrap().push(parked);
        }
        if self.random.chance(weather.reset) {
            if self.random.chance(500) {
                self.done(&parked, "the answer is lost");
            } else {
                self.note(&name, format!("{what} -> the request is lost"));
            }
            return parked.answer(None);
        }
        if self.random.chance(weather.hung) {
            if self.random.chance(500) {
                self.done(&parked, "no answer ever comes");
            } else {
                self.note(
                    &name,
                    format!("{what} -> no answer ever comes, nor is it done"),
                );
            }
            return self.wire.unanswered.lock().unwrap().push(parked);
        }
        if self.random.chance(weather.death * weight) {
            let number = parked.actor;
            match self.random.below(3) {
                0 => {
                    self.done(&parked, "and its sender is dead");
                    drop(parked);
                }
                1 => drop(parked),
                _ => self.wire.parked.lock().unwrap().push(parked),
            }
            return self.kill(number);
        }
        if self.random.chance(weather.signal * weight) {
            let number = parked.actor;
            self.wire.parked.lock().unwrap().push(parked);
            return self.signal(number);
        }
        if self.random.chance(weather.zombie * weight) {
            return self.freeze(parked);
        }
        if is_root && parked.request.method == "GET" {
            self.jump_at_lease(parked.actor);
        }
        self.perform(parked);
    }

    fn run_out_of_time(&mut self, number: usize) {
        let Some(actor) = self.actors.iter().find(|actor| actor.number == number) else {
            return;
        };
        let machine = actor.machine.clone();
        let now = Timestamp::from_millisecond(machine.wall_ms()).unwrap();
        if let Some((builder, ..)) = &self.slots[actor.slot].warm {
            builder.stop_before(Some(now));
        }
        self.note(&machine.name, "has no time any more");
    }

    pub(super) fn kill(&mut self, number: usize) {
        let Some(index) = self.actors.iter().position(|actor| actor.number == number) else {
            return;
        };
        let actor = self.actors.remove(index);
        self.note(&actor.machine.name, "is dead");
        self.slots[actor.slot] = Slot::default();
        drop(actor.future);
        self.again(actor.message);
        self.take_back();
    }

    fn freeze(&mut self, mut parked: Parked) {
        let number = parked.actor;
        let index = self.actors.iter().position(|actor| actor.number == number);
        let Some(index) = index else {
            return self.perform(parked);
        };
        let now = self.clock.elapsed_ms();
        let until = now + self.random.between(SECOND, 600 * SECOND);
        let name = self.actors[index].machine.name.clone();
        self.note(
            &name,
            format!("stands still for {} s", (until - now) / SECOND),
        );
        self.actors[index].frozen_until_ms = Some(until);
        parked.held = true;
        let mut all = self.wire.parked.lock().unwrap();
        all.push(parked);
        for other in all.iter_mut().filter(|other| other.actor == number) {
            other.held |= self.random.chance(500);
        }
    }

    pub(super) fn perform(&mut self, parked: Parked) {
        let note = match parked.ghost_until_ms {
            Some(_) => "long after its sender was gone",
            None => "",
        };
        let response = self.done(&parked, note);
        parked.answer(Some(response));
    }

    /// Does what a request says.
    fn done(&mut self, parked: &Parked, note: &str) -> Response {
        let machine = self.machines[parked.actor].clone();
        let request = &parked.request;
        if request.is_write() && request.target().0 == SITE {
            self.ask_before(request.target().1);
        }
        let (response, change, paths) = self.answer(request);
        let line = format!("{} -> {} {note}", request.described(), response.status);
        self.note(&machine.name, line);
        let late = self.may_be_done_after(parked);
        let before = self.watch.root["lease"]["holder"].clone();
        let actors = &mut self.actors;
        let actor = actors.iter_mut().find(|one| one.number == parked.actor);
        let mut nobody = Knowledge::default();
        let knows = actor.map_or(&mut nobody, |actor| &mut actor.knows);
        let is_holder = self.watch.is_holder(&machine.name);
        let segments = &self.watch.root["segments"];
        knows.hears(request, &response, self.watch.now(), is_holder, segments);
        if let Some(change) = change {
            let writer = Writer {
                name: &machine.name,
                wall_ms: machine.wall_ms(),
                knows,
                if_match: request
                    .header("if-match")
                    .map(|etag| etag.trim_matches('"')),
                conditional: request.is_conditional_write(),
                late,
            };
            self.watch.written(&self.s3, &change, &writer);
            if (change.bucket.as_str(), change.key.as_str()) == (STATE, ROOT) {
                self.wake_some();
                let next = &self.watch.root["lease"]["holder"];
                if before != Value::Null && *next != Value::Null && before != *next {
                    self.take_back();
                }
            }
        }
        if let Some(paths) = paths {
            self.watch.invalidated(&self.s3, &paths);
            self.note("", format!("CloudFront forgets {paths:?}"));
        }
        response
    }

    /// Another write of the same sender that was given up and is still under way. Clocks that are
    /// wrong may not know of it.
    fn may_be_done_after(&self, parked: &Parked) -> Option<String> {
        if self.weather.has_zombies() {
            return None;
        }
        let all = self.wire.parked.lock().unwrap();
        let late = all.iter().find(|other| {
            let is_write = other.request.is_write() && other.request.target().0 == SITE;
            other.actor == parked.actor && other.ghost_until_ms.is_some() && is_write
        });
        late.map(|late| late.request.described())
    }

    /// Requests that begin, before anything else happens.
    pub(super) fn inspect(&mut self) {
        let may_be_wrong = self.weather.has_zombies();
        let mut parked = self.wire.parked.lock().unwrap();
        for parked in parked.iter_mut().filter(|parked| parked.is_new) {
            parked.is_new = false;
            let machine = &self.machines[parked.actor];
            let (name, wall_ms) = (&machine.name, machine.wall_ms());
            let watch = &mut self.watch;
            watch.begins(&parked.request, name, wall_ms, may_be_wrong);
        }
    }

    fn answer(&mut self, request: &Request) -> (Response, Option<Change>, Option<Vec<String>>) {
        if request.path.starts_with(cloudfront::PATH) {
            let (response, paths) = self.cloudfront.answer(request);
            return (response, None, paths);
        }
        let (response, change) = self.s3.answer(request);
        (response, change, None)
    }

    /// Requests whose senders are gone: some vanish, some are still under way.
    pub(super) fn sweep(&mut self) {
        self.wire
            .unanswered
            .lock()
            .unwrap()
            .retain(|parked| !parked.is_orphan());
        let mut parked = std::mem::take(&mut *self.wire.parked.lock().unwrap());
        let now = self.clock.elapsed_ms();
        let mut is_given_up = false;
        parked.retain_mut(|parked| {
            if !parked.is_orphan() {
                return true;
            }
            if let Some(until) = parked.ghost_until_ms {
                return now < until;
            }
            let until = parked.since_ms + Options::default().request_timeout.as_millis() as i64;
            if !self.faults || until <= now || self.random.chance(500) {
                return false;
            }
            parked.ghost_until_ms = Some(until);
            parked.not_before_ms = self.random.between(now, until - 1);
            is_given_up |= parked.request.is_write();
            true
        });
        *self.wire.parked.lock().unwrap() = parked;
        if is_given_up {
            self.take_back();
        }
    }
}
