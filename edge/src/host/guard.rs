//! A panic as an error, for hosts that have other events to answer. There is none that is known.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};

thread_local! {
    /// Where the last panic was.
    static PLACE: Cell<Option<String>> = const { Cell::new(None) };
}

/// A panic, and where it was. What it said is not kept: it may be a part of a request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a fault of Quillfront's own at {place}")]
pub struct Fault {
    place: String,
}

/// Keeps panics from writing to standard error; [`guard`] says where one was.
pub fn tell_no_panic() {
    set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        PLACE.set(place);
    }));
}

/// Runs something on a value. After a panic the value is a new one, since nobody knows what the old one has
/// become.
///
/// # Errors
/// It panicked.
pub fn guard<S: Default, T>(state: &mut S, run: impl FnOnce(&mut S) -> T) -> Result<T, Fault> {
    let ran = catch_unwind(AssertUnwindSafe(|| run(state)));
    ran.map_err(|_| {
        *state = S::default();
        let place = PLACE
            .take()
            .unwrap_or_else(|| "an unknown place".to_owned());
        Fault { place }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_without_what_it_said() {
        tell_no_panic();
        let mut state = 1;
        assert_eq!(guard(&mut state, |state| *state + 1), Ok(2));
        let fault = guard(&mut state, |state| {
            *state = 7;
            assert!(*state < 7, "a secret");
        });
        // Back to what it was for the other tests.
        let _ = std::panic::take_hook();
        let fault = fault.unwrap_err().to_string();
        assert!(fault.contains("guard.rs:"), "{fault}");
        assert!(!fault.contains("secret"), "{fault}");
        assert_eq!(state, 0);
    }
}
