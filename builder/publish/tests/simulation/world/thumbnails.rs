//! The service that makes thumbnails, beside the builders: it reads an original, stores what it has made of it
//! where nothing is, and looks at the original once more. Now and then it dies in between.

use super::{SECOND, SITE, World};
use crate::s3::{Bucket, Object};
use quillfront_headers::Field;
use quillfront_site::object::may_be_picture;

/// The most that are made in a world.
const MAX_MADE: usize = 60;
const OPTIONS: [&str; 4] = [
    "fit=scale-down",
    "width=320",
    "width=640,format=webp",
    "width=321,blur=3",
];

/// What is being made, and what came of it.
#[derive(Default)]
pub struct Thumbnails {
    under_way: Vec<Making>,
    begun: usize,
    next_ms: i64,
    /// How often it stored one of bytes that were no longer there, and died before it could look once more. What
    /// it stored before they were replaced goes with them.
    pub left: usize,
}

/// A thumbnail that is being made.
struct Making {
    /// When it goes on.
    at_ms: i64,
    key: String,
    original: String,
    /// The ETag of the original that was read.
    etag: String,
    /// The ETag of the thumbnail once it is stored.
    stored: Option<String>,
}

impl Thumbnails {
    /// When it does something next.
    pub(super) fn next_time(&self, begins: bool) -> Option<i64> {
        let next = (begins && self.begun < MAX_MADE).then_some(self.next_ms);
        let going_on = self.under_way.iter().map(|making| making.at_ms);
        going_on.chain(next).min()
    }
}

/// True for what is stored as a thumbnail.
pub fn is_thumbnail(key: &str) -> bool {
    let last = key.rsplit('/').next().unwrap_or_default();
    key.starts_with("img/") && last.contains('=')
}

/// The stored thumbnails that are of other bytes than their originals have, or of none.
pub fn stale(site: &Bucket) -> Vec<&String> {
    let is_stale = |(key, object): &(&String, &Object)| {
        let original = key
            .strip_prefix("img/")
            .and_then(|rest| rest.rsplit_once('/'));
        let original = original.and_then(|(original, _)| site.get(original));
        original.map(|original| &original.etag) != object.metadata.get(Field::Original.name())
    };
    let thumbnails = site.iter().filter(|(key, _)| is_thumbnail(key));
    thumbnails.filter(is_stale).map(|(key, _)| key).collect()
}

impl World {
    /// The next thing that it does; false where it is not the time for it.
    pub(super) fn make_thumbnails(&mut self, now: i64) -> bool {
        let due = |making: &Making| making.at_ms <= now;
        if let Some(index) = self.thumbnails.under_way.iter().position(due) {
            let making = self.thumbnails.under_way.remove(index);
            self.go_on_making(making);
            return true;
        }
        let begins = self.faults && self.thumbnails.begun < MAX_MADE;
        if !begins || self.thumbnails.next_ms > now {
            return false;
        }
        let pause = *self.random.pick(&[SECOND, 10 * SECOND, 200 * SECOND]);
        self.thumbnails.next_ms = now + self.random.between(1, pause);
        self.thumbnails.begun += 1;
        let pictures = self.s3.bucket(SITE).keys();
        let pictures = pictures.filter(|key| may_be_picture(key) && !is_thumbnail(key));
        let pictures: Vec<String> = pictures.cloned().collect();
        if !pictures.is_empty() {
            let original = self.random.pick(&pictures).clone();
            self.begin_thumbnail(&original);
        }
        true
    }

    /// A reader asks for one at the moment at which its original is about to be written.
    pub(super) fn ask_before(&mut self, key: &str) {
        if self.faults && may_be_picture(key) && self.random.chance(self.weather.meddling) {
            self.begin_thumbnail(key);
        }
    }

    /// Reads an original, if it is there.
    fn begin_thumbnail(&mut self, original: &str) {
        let Some(object) = self.s3.bucket(SITE).get(original) else {
            return;
        };
        let etag = object.etag.clone();
        let key = format!("img/{original}/{}", self.random.pick(&OPTIONS));
        let at_ms = self.after_a_while();
        self.thumbnails.under_way.push(Making {
            at_ms,
            key,
            original: original.to_owned(),
            etag,
            stored: None,
        });
    }

    fn after_a_while(&mut self) -> i64 {
        // What a Lambda function has is the longest.
        let longest = *self
            .random
            .pick(&[SECOND / 10, 2 * SECOND, 20 * SECOND, 900 * SECOND]);
        self.clock.elapsed_ms() + self.random.between(1, longest)
    }

    fn go_on_making(&mut self, mut making: Making) {
        match making.stored.take() {
            None => self.store_thumbnail(making),
            Some(stored) => self.look_once_more(&making, &stored),
        }
    }

    /// Stores what was made, where nothing is.
    fn store_thumbnail(&mut self, making: Making) {
        if self.s3.bucket(SITE).contains_key(&making.key) {
            return;
        }
        let Making { key, etag, .. } = &making;
        let mut object = Object::new(format!("thumbnail of {etag}").into_bytes());
        let name = Field::Original.name().to_owned();
        object.metadata.insert(name, etag.clone());
        let stored = object.etag.clone();
        self.s3.set(SITE, key, Some(object));
        self.note("images", format!("stores {key} of {}", &etag[..6]));
        // Where it matters it dies more often than chance would have it.
        let original = self.s3.bucket(SITE).get(&making.original);
        let is_late = original.is_none_or(|there| there.etag != *etag);
        let dies = self.weather.death * 10 + if is_late { self.weather.meddling } else { 0 };
        if self.faults && self.random.chance(dies) {
            self.thumbnails.left += usize::from(is_late);
            return self.note("images", "is dead");
        }
        let at_ms = self.after_a_while();
        self.thumbnails.under_way.push(Making {
            at_ms,
            stored: Some(stored),
            ..making
        });
    }

    /// Removes what was stored, where its original is another by now or gone.
    fn look_once_more(&mut self, making: &Making, stored: &str) {
        let site = self.s3.bucket(SITE);
        let is = |key: &str, etag: &str| site.get(key).is_some_and(|there| there.etag == etag);
        if !is(&making.original, &making.etag) && is(&making.key, stored) {
            self.s3.set(SITE, &making.key, None);
            self.note("images", format!("takes {} back", making.key));
        }
    }
}
