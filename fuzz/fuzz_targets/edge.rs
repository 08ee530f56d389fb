#![no_main]

#[path = "../../edge/tests/check/mod.rs"]
mod check;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    check::check(&check::decide(bytes));
});
