//! Gathering events, as a queue in front of a Lambda does: a single key starts at once, more
//! wait for two quiet seconds, twenty at most, so that a sync of 500 files is a handful of builds.

use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::{Instant, timeout_at};

/// Nothing new for this long ends a burst.
pub const QUIET: Duration = Duration::from_secs(2);
/// A burst that does not end is cut here.
pub const LONGEST: Duration = Duration::from_secs(20);
/// Records in one batch at most; the rest is the next batch.
const MAX_RECORDS: usize = 10_000;

/// Batches of S3 event documents.
pub struct Gatherer {
    events: UnboundedReceiver<String>,
    /// What has come and is in no batch of [`Gatherer::next_waiting`] yet.
    waiting: Vec<Value>,
    ended: bool,
}

impl Gatherer {
    /// Over a source of event documents (`{"Records":[…]}`).
    pub fn new(events: UnboundedReceiver<String>) -> Self {
        Self {
            events,
            waiting: Vec::new(),
            ended: false,
        }
    }

    /// The next batch as one event document; none when the source has ended.
    pub async fn next(&mut self) -> Option<Value> {
        let mut records = std::mem::take(&mut self.waiting);
        while records.is_empty() {
            if self.ended {
                return None;
            }
            match self.events.recv().await {
                Some(event) => take(&event, &mut records),
                None => self.ended = true,
            }
        }
        self.take_waiting(&mut records);
        if distinct_keys(&records) > 1 {
            let end = Instant::now() + LONGEST;
            while records.len() < MAX_RECORDS && !self.ended {
                match timeout_at(end.min(Instant::now() + QUIET), self.events.recv()).await {
                    Ok(Some(event)) => take(&event, &mut records),
                    Ok(None) => self.ended = true,
                    Err(_quiet) => break,
                }
            }
        }
        Some(json!({ "Records": records }))
    }

    /// The next batch as a queue gives it out: what waits, without gathering, and `most` records of it; none
    /// when the source has ended. Nothing is lost where the future is dropped.
    pub async fn next_waiting(&mut self, most: usize) -> Option<Value> {
        while self.waiting.is_empty() {
            if self.ended {
                return None;
            }
            match self.events.recv().await {
                Some(event) => take(&event, &mut self.waiting),
                None => self.ended = true,
            }
        }
        while self.waiting.len() < most
            && let Ok(event) = self.events.try_recv()
        {
            take(&event, &mut self.waiting);
        }
        let rest = self.waiting.split_off(most.min(self.waiting.len()));
        let records = std::mem::replace(&mut self.waiting, rest);
        Some(json!({ "Records": records }))
    }

    fn take_waiting(&mut self, records: &mut Vec<Value>) {
        while records.len() < MAX_RECORDS {
            match self.events.try_recv() {
                Ok(event) => take(&event, records),
                Err(_) => return,
            }
        }
    }
}

fn take(event: &str, records: &mut Vec<Value>) {
    if let Ok(Value::Object(mut event)) = serde_json::from_str(event)
        && let Some(Value::Array(list)) = event.remove("Records")
    {
        records.extend(list);
    }
}

fn distinct_keys(records: &[Value]) -> usize {
    let key = |record: &Value| record.pointer("/s3/object/key").map(ToString::to_string);
    let keys: std::collections::BTreeSet<Option<String>> = records.iter().map(key).collect();
    keys.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::sync::mpsc::unbounded_channel;
    use tokio::time::sleep;

    fn event(key: &str) -> String {
        json!({"Records": [{"s3": {"object": {"key": key}}}]}).to_string()
    }

    fn count(batch: Option<Value>) -> usize {
        batch
            .and_then(|batch| batch["Records"].as_array().map(Vec::len))
            .unwrap_or(0)
    }

    #[tokio::test(start_paused = true)]
    async fn a_single_key_starts_at_once() {
        let (send, receive) = unbounded_channel();
        let mut gatherer = Gatherer::new(receive);
        let start = Instant::now();
        send.send(event("a")).unwrap();
        send.send(event("a")).unwrap();
        assert_eq!(count(gatherer.next().await), 2);
        assert_eq!(start.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn several_keys_wait_for_quiet() {
        let (send, receive) = unbounded_channel();
        let mut gatherer = Gatherer::new(receive);
        send.send(event("a")).unwrap();
        send.send(event("b")).unwrap();
        let writer = tokio::spawn(async move {
            sleep(Duration::from_secs(1)).await;
            send.send(event("c")).unwrap();
            sleep(Duration::from_secs(10)).await;
            send.send(event("d")).unwrap();
        });
        let start = Instant::now();
        assert_eq!(count(gatherer.next().await), 3);
        assert_eq!(start.elapsed(), Duration::from_secs(3));
        assert_eq!(count(gatherer.next().await), 1);
        assert_eq!(gatherer.next().await, None);
        writer.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_queue_gives_out_what_waits_and_no_more_than_asked_for() {
        let (send, receive) = unbounded_channel();
        let mut gatherer = Gatherer::new(receive);
        let start = Instant::now();
        for key in ["a", "b", "c", "d", "e"] {
            send.send(event(key)).unwrap();
        }
        let two = json!([{"s3": {"object": {"key": "a"}}}, {"s3": {"object": {"key": "b"}}}]);
        let batch = gatherer.next_waiting(2).await.unwrap();
        assert_eq!(batch["Records"], two);
        assert_eq!(count(gatherer.next_waiting(2).await), 2);
        assert_eq!(count(gatherer.next_waiting(2).await), 1);
        let dropped = timeout_at(start, gatherer.next_waiting(2)).await;
        assert!(dropped.is_err());
        assert_eq!(start.elapsed(), Duration::ZERO);
        drop(send);
        assert_eq!(gatherer.next_waiting(2).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_burst_without_end_is_cut() {
        let (send, receive) = unbounded_channel();
        let mut gatherer = Gatherer::new(receive);
        send.send(event("first")).unwrap();
        tokio::spawn(async move {
            for n in 0.. {
                if send.send(event(&n.to_string())).is_err() {
                    break;
                }
                sleep(Duration::from_millis(500)).await;
            }
        });
        sleep(Duration::from_millis(100)).await;
        let start = Instant::now();
        assert!(count(gatherer.next().await) > 30);
        assert_eq!(start.elapsed(), LONGEST);
    }
}
