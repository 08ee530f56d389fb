//! Time and randomness: where they enter.

use futures::future::BoxFuture;
use jiff::Timestamp;
use std::time::Duration;

/// Time and randomness, from outside.
pub trait Host: Send + Sync {
    /// The time.
    fn now(&self) -> Timestamp;
    /// Waits.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
    /// A name that was never used before.
    fn new_id(&self) -> String;
}

/// Time and randomness of this machine.
pub struct SystemHost;

impl Host for SystemHost {
    #[allow(clippy::disallowed_methods)] // the edge where the clock enters
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }

    fn new_id(&self) -> String {
        let mut bytes = [0; 12];
        // Without randomness from the system nothing can be published safely.
        getrandom::fill(&mut bytes).expect("the system gives random bytes");
        hex::encode(bytes)
    }
}
