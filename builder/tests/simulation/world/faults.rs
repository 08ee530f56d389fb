//! The fate of each request: done, refused, lost, late; and who dies of it.

use super::{SECOND, SOURCE, STATE, Slot, World};
use crate::check::Writer;
use crate::cloudfront;
use crate::s3::{self, Change};
use crate::wire::{Parked, Request, Response};
use quillfront_builder::publish::Options;
use std::collections::BTreeMap;

impl World {
    /// The fate of one request.
    pub(super) fn serve(&mut self, index: usize) {
        let mut parked = self.wire.parked.lock().unwrap().remove(index);
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
        let weight = match parked.request.method.as_str() {
            "POST" | "DELETE" => 4,
            "PUT" if parked.request.target() == (STATE, "root.json") => 4,
            _ => 1,
        };
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
        if self.random.chance(weather.zombie * weight) {
            return self.freeze(parked);
        }
        self.perform(parked);
    }

    fn kill(&mut self, number: usize) {
        let Some(index) = self.actors.iter().position(|actor| actor.number == number) else {
            return;
        };
        let actor = self.actors.remove(index);
        self.note(&actor.machine.name, "is dead");
        self.slots[actor.slot] = Slot::default();
        drop(actor.future);
        self.again(actor.message);
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
        let (response, change, paths) = self.answer(request);
        let line = format!("{} -> {} {note}", request.described(), response.status);
        self.note(&machine.name, line);
        let (bucket, key) = request.target();
        let actor = self
            .actors
            .iter_mut()
            .find(|actor| actor.number == parked.actor);
        let nothing = BTreeMap::new();
        let mut seen = &nothing;
        if let Some(actor) = actor {
            if bucket == SOURCE && response.status == 200 {
                actor.seen.insert(key.to_owned(), self.watch.now());
            }
            seen = &actor.seen;
        }
        if let Some(change) = change {
            let writer = Writer {
                name: &machine.name,
                wall_ms: machine.wall_ms(),
                seen,
                conditional: request.is_conditional_write(),
            };
            self.watch.written(&self.s3, &change, &writer);
        }
        if let Some(paths) = paths {
            self.watch.invalidated(&self.s3, &paths);
            self.note("", format!("CloudFront forgets {paths:?}"));
        }
        response
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
        parked.retain_mut(|parked| {
            if !parked.is_orphan() || parked.ghost_until_ms.is_some() {
                return true;
            }
            let until = parked.since_ms + Options::default().request_timeout.as_millis() as i64;
            if !self.faults || until <= now || self.random.chance(500) {
                return false;
            }
            parked.ghost_until_ms = Some(until);
            parked.not_before_ms = self.random.between(now, until);
            true
        });
        *self.wire.parked.lock().unwrap() = parked;
    }
}
