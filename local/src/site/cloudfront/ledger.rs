//! The invalidations that were accepted.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};

use jiff::Timestamp;

use super::xml::{Batch, Error};
use crate::locks::IgnorePoison;

/// How many are remembered: what one page of `ListInvalidations` holds.
pub(super) const REMEMBERED: usize = 100;

/// How long the paths of all that are remembered may be together.
const REMEMBERED_BYTES: usize = 16 * 1024 * 1024;

/// The last invalidations, oldest first.
#[derive(Default)]
pub(in super::super) struct Ledger(Mutex<VecDeque<Arc<Entry>>>);

/// An accepted invalidation.
pub(super) struct Entry {
    /// `I` and thirteen digits or letters, as CloudFront's ids look.
    pub id: String,
    pub created: Timestamp,
    pub batch: Batch,
}

impl Entry {
    /// When it was accepted, as the API writes times.
    pub fn create_time(&self) -> String {
        self.created.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
    }
}

/// The answer to a batch.
pub(super) struct BatchReply {
    pub entry: Arc<Entry>,
    /// False if the same batch came before.
    pub is_new: bool,
}

impl Ledger {
    /// Accepts a batch. One that came before, with the same caller reference, is not done twice
    /// (Amazon CloudFront API Reference, "InvalidationBatch").
    ///
    /// # Errors
    /// [`Error::InvalidationBatchAlreadyExists`] if another batch had the caller reference.
    pub(super) fn record(&self, batch: Batch) -> Result<BatchReply, Error> {
        let mut entries = self.lock();
        let reference = &batch.caller_reference;
        if let Some(entry) = entries
            .iter()
            .find(|it| it.batch.caller_reference == *reference)
        {
            return if entry.batch == batch {
                Ok(BatchReply {
                    entry: entry.clone(),
                    is_new: false,
                })
            } else {
                Err(Error::InvalidationBatchAlreadyExists)
            };
        }
        let created = Timestamp::now();
        let last = entries.back().map_or(0, |it| it.created.as_microsecond());
        // Unique, because no two have the same microsecond.
        let created = created.max(Timestamp::from_microsecond(last + 1).unwrap_or(created));
        let id = format!("I{:013X}", created.as_microsecond());
        let entry = Arc::new(Entry { id, created, batch });
        entries.push_back(entry.clone());
        let size_bytes = |entry: &Arc<Entry>| entry.batch.size_bytes();
        while entries.len() > REMEMBERED
            || entries.len() > 1 && entries.iter().map(size_bytes).sum::<usize>() > REMEMBERED_BYTES
        {
            entries.pop_front();
        }
        Ok(BatchReply {
            entry,
            is_new: true,
        })
    }

    pub(super) fn get(&self, id: &str) -> Option<Arc<Entry>> {
        self.lock().iter().find(|entry| entry.id == id).cloned()
    }

    pub(super) fn newest_first(&self) -> Vec<Arc<Entry>> {
        self.lock().iter().rev().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Arc<Entry>>> {
        self.0.lock().unpoisoned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(reference: &str, path: String) -> Batch {
        let xml = format!(
            "<InvalidationBatch><Paths><Quantity>1</Quantity><Items><Path>{path}</Path></Items>\
             </Paths><CallerReference>{reference}</CallerReference></InvalidationBatch>"
        );
        Batch::parse(xml.as_bytes()).unwrap()
    }

    #[test]
    fn memory_is_bounded() {
        let ledger = Ledger::default();
        let first = ledger
            .record(batch("0", "/".into()))
            .unwrap()
            .entry
            .id
            .clone();
        for reference in 1..=REMEMBERED {
            ledger
                .record(batch(&reference.to_string(), "/".into()))
                .unwrap();
        }
        assert_eq!(ledger.newest_first().len(), REMEMBERED);
        assert!(ledger.get(&first).is_none());
        for reference in ["x", "y"] {
            ledger
                .record(batch(
                    reference,
                    format!("/{}", "a".repeat(9 * 1024 * 1024)),
                ))
                .unwrap();
        }
        assert_eq!(ledger.newest_first().len(), 1);
        assert_eq!(ledger.newest_first()[0].batch.caller_reference, "y");
    }
}
