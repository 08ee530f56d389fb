//! How builders end before they are done: by what they render, and by signals.

use super::{SOURCE, STATE, World};
use crate::check::ROOT;
use crate::editors::Edit;
use crate::wire::Parked;
use quillfront_publish::bucket::BuildError;
use quillfront_publish::handler::HandleError;
use serde_json::Value;
use std::sync::atomic::Ordering;

impl World {
    /// Some versions of files end whoever renders them, from the first time on and for ever.
    pub(super) fn may_kill(&mut self, edit: &Edit, etag: &str) {
        if !self.versions.insert((edit.key.clone(), etag.to_owned())) {
            return;
        }
        let is_of_page = edit.key.starts_with("content/") && !edit.key.ends_with("_index.md");
        if is_of_page && self.faults && self.random.chance(self.weather.killers) {
            self.note("author", format!("{} ends whoever renders it", edit.key));
            self.killers.insert((edit.key.clone(), etag.to_owned()));
        }
    }

    /// True where a run is about to take the lease with a version that it cannot have come through
    /// with.
    pub(super) fn is_killed(&mut self, parked: &Parked) -> bool {
        let is_root = parked.request.target() == (STATE, ROOT);
        if self.killers.is_empty() || !is_root || parked.request.method != "PUT" {
            return false;
        }
        let root: Value = serde_json::from_slice(&parked.request.body).unwrap_or_default();
        let before = &self.watch.root;
        // Whoever takes over renders nothing, and notes no hints.
        let begins = before["lease"].is_null() && !root["lease"].is_null();
        if !begins || before["newest_hint"] == root["newest_hint"] {
            return false;
        }
        let hints = root["hints"].as_object().into_iter().flatten();
        let mut own = hints.filter(|(_, number)| **number == root["newest_hint"]);
        let killer = own.find(|(key, _)| {
            let object = self.s3.bucket(SOURCE).get(key.as_str());
            object.is_some_and(|object| {
                let is_set_aside = root["set_aside"][key.as_str()] == *object.etag;
                let version = ((*key).clone(), object.etag.clone());
                !is_set_aside && self.killers.contains(&version)
            })
        });
        let killer = killer.map(|(key, _)| key.clone());
        if let Some(key) = &killer {
            let name = self.machines[parked.actor].name.clone();
            self.note(&name, format!("is ended by {key}"));
        }
        killer.is_some()
    }

    /// A signal ends a builder: its run is dropped, and it takes its note back. What it has asked for
    /// may still be done.
    pub(super) fn signal(&mut self, number: usize) {
        let Some(index) = self.actors.iter().position(|actor| actor.number == number) else {
            return;
        };
        let slot = self.actors[index].slot;
        let Some((builder, ..)) = self.slots[slot].warm.take() else {
            return self.kill(number);
        };
        let actor = &mut self.actors[index];
        actor.future = Box::pin(async move {
            builder.abandon().await?;
            Err(HandleError::Build(BuildError::Rendering(
                "by a signal".to_owned(),
            )))
        });
        actor.has_left = true;
        actor.woken.0.store(true, Ordering::SeqCst);
        let name = actor.machine.name.clone();
        self.note(&name, "gets a signal");
    }
}
