//! Locks after a panic.

use std::sync::PoisonError;

/// What a lock gives, whether or not somebody has panicked while holding it.
///
/// Whoever writes under such a lock replaces or adds values as a whole, so that a panic leaves nothing
/// half-written and the others can go on.
pub(crate) trait IgnorePoison {
    /// What the lock guards.
    type Guard;

    /// Returns the guard.
    fn unpoisoned(self) -> Self::Guard;
}

impl<Guard> IgnorePoison for Result<Guard, PoisonError<Guard>> {
    type Guard = Guard;

    fn unpoisoned(self) -> Guard {
        self.unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[test]
    fn a_lock_can_be_taken_after_a_panic() {
        let lock = Mutex::new(1);
        let panics = || {
            let _guard = lock.lock();
            panic!("with the lock");
        };
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(panics)).unwrap_err();
        assert!(lock.is_poisoned());
        assert_eq!(*lock.lock().unpoisoned(), 1);
    }
}
