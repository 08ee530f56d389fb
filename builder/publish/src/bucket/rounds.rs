//! How long a run goes on with what others leave as hints: for ever with ever new files, but not with
//! the same ones.
//!
//! A file that is another each time that it is copied, or left as a hint each time, is looked at again
//! and again, and whoever waits for this run with other files would wait for ever. After [`MOST`]
//! rounds in a row with one file, the run ends; the file stays a hint, for the run of the next event or
//! reconcile, and is told.

use super::parts::DEATHS;
use super::root::Root;
use quillfront_site::diagnostic::Diagnostic;
use std::collections::BTreeMap;

/// A run goes on for so many rounds in a row with the same file.
const MOST: usize = 16;

/// How many rounds in a row each file was left for another one.
#[derive(Debug, Default)]
pub(super) struct Rounds(BTreeMap<String, usize>);

impl Rounds {
    /// Counts one more round, before it begins: those files that there were too many rounds with.
    /// What waits because suspects are tried before it was not looked at.
    pub(super) fn begin(&mut self, root: &Root) -> Vec<&str> {
        let is_looked_at = |key: &&String| {
            let suspect = root.suspects.get(*key);
            suspect.is_none_or(|suspect| suspect.deaths < DEATHS)
        };
        let counts = root.hints.keys().filter(is_looked_at).map(|key| {
            let before = self.0.get(key).copied().unwrap_or_default();
            (key.clone(), before + 1)
        });
        self.0 = counts.collect();
        let too_many = self.0.iter().filter(|(_, count)| **count > MOST);
        too_many.map(|(key, _)| key.as_str()).collect()
    }
}

/// What is told of a file that a run does not go on with.
pub(super) fn told(file: &str) -> Diagnostic {
    let message = format!(
        "the file still had to be checked after {MOST} rounds in a row, so it waits for the next \
         run"
    );
    let hint = "no action is needed if it is rewritten constantly; the next event or reconcile \
                checks it";
    Diagnostic::warning("again-and-again", file, message).hint(hint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bucket::attempts::Suspect;

    #[test]
    fn the_same_file_again_and_again_is_too_much_and_ever_new_ones_are_not() {
        let mut rounds = Rounds::default();
        let mut root = Root::new("2026-01-01T00:00:00Z".to_owned());
        let suspect = Suspect {
            deaths: DEATHS,
            ..Suspect::default()
        };
        root.suspects.insert("suspect".to_owned(), suspect);
        for round in 0..3 * MOST {
            root.hints.clear();
            root.add_hints(["suspect", &format!("new {round}")]);
            if round % 5 > 0 {
                root.add_hints(["now and then"]);
            }
            assert!(rounds.begin(&root).is_empty());
        }
        for _ in 0..MOST {
            root.hints.clear();
            root.add_hints(["again", "suspect"]);
            assert!(rounds.begin(&root).is_empty());
        }
        assert_eq!(rounds.begin(&root), ["again"]);
    }
}
