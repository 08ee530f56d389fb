//! What the owner of this machine has to know, on the terminal.

use std::collections::HashMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::locks::IgnorePoison;
use crate::terminal::tell;

/// The same is not told again before this time is over.
const AGAIN_AFTER: Duration = Duration::from_secs(60);

/// As many different notices are told within that time.
const AT_ONCE: usize = 100;

/// The notices of a store.
#[derive(Debug, Default)]
pub(super) struct Notices {
    told: Mutex<HashMap<String, Instant>>,
}

impl Notices {
    /// Tells it, unless it was told a moment ago.
    pub fn tell(&self, text: &str) {
        let now = Instant::now();
        let mut told = self.told.lock().unpoisoned();
        told.retain(|_, at| now.duration_since(*at) < AGAIN_AFTER);
        if told.len() < AT_ONCE && told.insert(text.to_owned(), now).is_none() {
            tell(&format!("S3: {text}"));
        }
    }
}
