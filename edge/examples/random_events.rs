//! Prints random Lambda@Edge events, one a line: `random_events COUNT [FIRST]`. They are those of
//! `tests/requests.rs`; tests/edge-package answers them under Node.js.
#![allow(clippy::disallowed_methods)] // the crate is pure, its examples need not be

#[allow(dead_code)] // of a case only the event is printed
#[path = "../tests/check/cases.rs"]
mod cases;
#[path = "../tests/check/seeds.rs"]
mod seeds;

fn main() {
    let mut numbers = std::env::args().skip(1).map(|text| text.parse());
    let count = numbers.next().and_then(Result::ok).expect("how many");
    let first = numbers.next().map_or(0, |first| first.expect("a number"));
    for seed in first..first + count {
        println!("{}", seeds::seeded(seed).event);
    }
}
