//! Whether a value that was made is final. While something that it is made of is yet to be read, it will be
//! another one later, and must not be kept.

use std::cell::Cell;

thread_local! {
    /// How often something was lacking on this thread.
    static LACKED: Cell<u64> = const { Cell::new(0) };
}

/// Notes that something is lacking: what is being made on this thread is not final.
pub fn lack() {
    LACKED.set(LACKED.get() + 1);
}

/// Makes a value. The second is true where the value is final: nothing was lacking while it was made.
pub fn made_whole<T>(make: impl FnOnce() -> T) -> (T, bool) {
    let before = LACKED.get();
    let made = make();
    (made, LACKED.get() == before)
}
