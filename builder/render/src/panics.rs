//! Crashes that are caught and reported as diagnostics: the engines of templates and of Sass have faults
//! of their own, and what an author uploads must not end the process.

use std::cell::Cell;
use std::sync::Once;

thread_local! {
    /// True where a crash is caught and told as a diagnostic.
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Runs work whose crash the caller catches, inside or as a thread, and tells of: nothing is
/// written to the terminal.
pub(crate) fn quietly<T>(work: impl FnOnce() -> T) -> T {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |crash| {
            if !QUIET.get() {
                before(crash);
            }
        }));
    });
    let was = QUIET.replace(true);
    let result = work();
    QUIET.set(was);
    result
}

/// What a crash says of itself, behind a colon.
pub(crate) fn crash_message(crash: &(dyn std::any::Any + Send)) -> String {
    let text = crash
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| crash.downcast_ref::<&str>().copied());
    text.map_or_else(String::new, |text| format!(": {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_is_quiet_for_its_own_work_alone() {
        let crash = quietly(|| std::panic::catch_unwind(|| panic!("no {}", 1))).unwrap_err();
        assert_eq!(crash_message(&*crash), ": no 1");
        assert!(!QUIET.get());
    }
}
