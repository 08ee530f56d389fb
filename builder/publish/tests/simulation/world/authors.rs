//! Authors at work, and the events of what they do.

use super::{Message, SECOND, SITE, SOURCE, World};
use crate::editors::{Edit, files};
use crate::events;
use crate::s3::Object;
use serde_json::json;

impl World {
    /// Something that an author has in mind, or the schedule; false where it is not the time for it.
    pub(super) fn edit(&mut self, now: i64) -> bool {
        if let Some(index) = self.promised.iter().position(|(at, _)| *at <= now) {
            let (_, edits) = self.promised.remove(index);
            self.upload(edits, true);
            return true;
        }
        if self.edits_left == 0 || self.next_edit_ms > now {
            return false;
        }
        self.edits_left -= 1;
        let pauses = [200, 2 * SECOND, 20 * SECOND, 300 * SECOND];
        let pause = *self.random.pick(&pauses);
        self.next_edit_ms = now + self.random.between(1, pause);
        if self.random.chance(100) {
            self.note("queue", "a scheduled reconcile");
            self.send(json!({"reconcile": true}), Vec::new(), 0);
            if self.random.chance(300) {
                self.leave_behind();
            }
            return true;
        }
        let source = self.s3.bucket(SOURCE);
        let edits = self.editors.next(&mut self.random, source);
        self.upload(edits, true);
        true
    }

    /// Many files that are nothing come up meanwhile, and there is no time to look at them.
    fn leave_behind(&mut self) {
        let keys = events::leftovers();
        let event = events::event(&mut self.random, SOURCE, &keys);
        let at_ms = self.clock.elapsed_ms() + self.random.between(SECOND / 5, 4 * SECOND);
        self.queue.push(Message {
            at_ms,
            event,
            keys,
            time_left_ms: Some(0),
        });
    }

    /// Writes into the source bucket, and the events of it.
    pub(super) fn upload(&mut self, edits: Vec<Edit>, tells: bool) {
        self.editors.remember(&edits);
        let mut told = Vec::new();
        for edit in edits {
            let object = edit.bytes.clone().map(Object::new);
            match &object {
                Some(object) if tells => self.may_kill(&edit, &object.etag),
                // Somebody came through with what was there first, and comes through again.
                Some(object) => drop(
                    self.versions
                        .insert((edit.key.clone(), object.etag.clone())),
                ),
                None => {}
            }
            let key = edit.key;
            if let Some(object) = &object {
                self.put_by_hand(&key, object);
            }
            let etag = object.as_ref().map_or("none", |object| &object.etag[..6]);
            let line = format!("{key} is {etag}");
            self.watch.source_changed(&key, object.is_some());
            self.s3.set(SOURCE, &key, object);
            self.note("author", line);
            self.untold.remove(&key);
            told.push(key);
        }
        if !tells || told.is_empty() {
            return;
        }
        let together = self.random.chance(400);
        let batches: Vec<Vec<String>> = if together {
            vec![told]
        } else {
            told.into_iter().map(|key| vec![key]).collect()
        };
        for keys in batches {
            if self.random.chance(self.weather.events) {
                self.note("queue", format!("the event of {keys:?} is lost"));
                self.untold.extend(keys);
                continue;
            }
            let times = if self.random.chance(self.weather.events) {
                2
            } else {
                1
            };
            for _ in 0..times {
                let event = events::event(&mut self.random, SOURCE, &keys);
                let longest = *self.random.pick(&[100, 5 * SECOND, 120 * SECOND]);
                let delay = self.random.between(1, longest);
                self.send(event, keys.clone(), delay);
            }
        }
    }

    /// Somebody who does not trust the builder puts a new file into the site bucket as well, the same
    /// bytes with other metadata.
    fn put_by_hand(&mut self, key: &str, object: &Object) {
        let is_plain = files::NOTES.contains(&key) || files::PICTURES.contains(&key);
        let Some(at) = key.strip_prefix("static/").filter(|_| is_plain) else {
            return;
        };
        let is_new = !self.s3.bucket(SOURCE).contains_key(key)
            && !self.s3.bucket(SITE).contains_key(at)
            && !self.watch.root.is_null();
        if !is_new || !self.random.chance(self.weather.meddling) {
            return;
        }
        let object = Object {
            content_type: "application/wrong".to_owned(),
            ..object.clone()
        };
        self.note("author", format!("puts {at} into the site bucket by hand"));
        self.s3.set(SITE, at, Some(object.clone()));
        self.watch.put_by_hand(at);
        self.by_hand.insert(at.to_owned(), object);
    }
}
