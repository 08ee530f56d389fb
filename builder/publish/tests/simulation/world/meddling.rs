//! Authors, clocks and other builders at the moments at which it hurts.
//!
//! Whatever happens here may happen to anybody; it only happens more often than chance would have
//! it.

use super::{Message, SECOND, SITE, SOURCE, STATE, World};
use crate::check::ROOT;
use crate::editors::{Edit, files};
use crate::events;
use crate::wire::Parked;
use serde_json::Value;

impl World {
    /// True now and then, while there is anything left of the authors' zeal.
    fn meddles(&mut self) -> bool {
        let meddles = self.faults && self.zeal > 0 && self.random.chance(self.weather.meddling);
        self.zeal -= usize::from(meddles);
        meddles
    }

    /// A request is about to be done. True where it has to wait for what is done first.
    pub(super) fn meddle(&mut self, parked: &mut Parked) -> bool {
        if let Some(key) = parked.request.copied() {
            let (_, to) = parked.request.target();
            let is_new = !self.s3.bucket(SITE).contains_key(to);
            self.replace_while_copied(&key, is_new);
            return false;
        }
        let is_root = parked.request.target() == (STATE, ROOT);
        if parked.request.method != "PUT" || !is_root {
            return false;
        }
        let root: Value = serde_json::from_slice(&parked.request.body).unwrap_or_default();
        let begins = self.watch.root["lease"].is_null() && !root["lease"].is_null();
        begins && self.leave_hint_before(parked)
    }

    /// The file that is copied is another by then, for good or for a moment: then it is as it was, or
    /// gone where it is new.
    fn replace_while_copied(&mut self, key: &str, is_new: bool) {
        let source = self.s3.bucket(SOURCE);
        let Some(before) = source.get(key).map(|object| object.bytes.to_vec()) else {
            return;
        };
        if !self.meddles() {
            return;
        }
        let another = files::another(&mut self.random, key).filter(|other| *other != before);
        let Some(another) = another else {
            return;
        };
        self.upload(vec![Edit::put(key, another)], true);
        let later = *self
            .random
            .pick(&[SECOND / 2, 2 * SECOND, 5 * SECOND, 10 * SECOND]);
        let at_ms = self.clock.elapsed_ms() + self.random.between(1, later);
        let then = match self.random.below(5) {
            0 => return,
            1 => Edit::put(key, before),
            _ if is_new => Edit::remove(key),
            _ => Edit::put(key, before),
        };
        self.promised.push((at_ms, vec![then]));
    }

    /// One of the files that this run was told of is another before it takes the lease, and a
    /// builder that has no time leaves a hint.
    fn leave_hint_before(&mut self, parked: &mut Parked) -> bool {
        let told = self.actors.iter().find(|one| one.number == parked.actor);
        let told = told.map(|actor| actor.message.keys.clone());
        let pages = told.unwrap_or_default();
        let pages: Vec<&String> = pages
            .iter()
            .filter(|key| files::PAGES.contains(&key.as_str()))
            .collect();
        if pages.is_empty() || !self.meddles() {
            return false;
        }
        let key = (*self.random.pick(&pages)).clone();
        let page = files::page(&mut self.random);
        self.upload(vec![Edit::put(&key, page)], false);
        let keys = vec![key];
        let now = self.clock.elapsed_ms();
        self.queue.push(Message {
            at_ms: now,
            event: events::event(&mut self.random, SOURCE, &keys),
            keys,
            time_left_ms: Some(0),
        });
        parked.not_before_ms = now + self.random.between(SECOND / 2, 4 * SECOND);
        true
    }

    /// Something went wrong: the author takes the last edit back.
    pub(super) fn take_back(&mut self) {
        if !self.meddles() {
            return;
        }
        let edits = self.editors.take_back(&mut self.random);
        if edits.is_empty() {
            return;
        }
        let later = *self
            .random
            .pick(&[100, 2 * SECOND, 20 * SECOND, 100 * SECOND]);
        let at_ms = self.clock.elapsed_ms() + self.random.between(1, later);
        self.promised.push((at_ms, edits));
    }

    /// The root was read by somebody while another one holds the lease: a clock that jumps makes it
    /// take over too early.
    pub(super) fn jump_at_lease(&mut self, actor: usize) {
        let machine = self.machines[actor].clone();
        let lease = &self.watch.root["lease"];
        if lease.is_null() || self.watch.is_holder(&machine.name) || !self.faults {
            return;
        }
        if self.random.chance(self.weather.jump / 2) {
            let jump = self.random.between(30 * SECOND, 300 * SECOND);
            machine.jump(jump);
            self.note(&machine.name, format!("its clock jumps by {jump} ms"));
        }
    }

    /// Somebody wrote the root: machines that stood still may wake up just then.
    pub(super) fn wake_some(&mut self) {
        let now = self.clock.elapsed_ms();
        for index in 0..self.actors.len() {
            let is_paused = self.actors[index].frozen_until_ms.is_some();
            if is_paused && self.random.chance(300) {
                let soon = now + self.random.between(1, SECOND / 2);
                let until = &mut self.actors[index].frozen_until_ms;
                *until = until.map(|until| until.min(soon));
            }
        }
    }
}
