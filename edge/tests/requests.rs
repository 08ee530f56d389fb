//! Random events through both functions: hostile paths, headers and metadata, as an author, a viewer and a
//! bucket could send them. 20,000 of them; `QUILLFRONT_EDGE_REQUESTS` says another number, and
//! `QUILLFRONT_EDGE_SEED` where to begin.
#![allow(clippy::disallowed_methods)] // the crate is pure, its tests need not be

mod check;

use check::{Part, check, seeded};

const PARTS: [Part; 6] = [
    Part::Request,
    Part::Redirect,
    Part::Failure,
    Part::Object,
    Part::NotModified,
    Part::None,
];

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect(name))
}

#[test]
fn nothing_that_is_asked_leads_out_of_the_site() {
    let first = number("QUILLFRONT_EDGE_SEED", 0);
    let mut seen = [0_u64; PARTS.len()];
    for seed in first..first + number("QUILLFRONT_EDGE_REQUESTS", 20_000) {
        let case = seeded(seed);
        match std::panic::catch_unwind(|| check(&case)) {
            Ok(part) => seen[part as usize] += 1,
            Err(panic) => {
                eprintln!("QUILLFRONT_EDGE_SEED={seed} QUILLFRONT_EDGE_REQUESTS=1: {case:#?}");
                std::panic::resume_unwind(panic);
            }
        }
    }
    // A test that never meets a kind of answer proves nothing of it.
    let total: u64 = seen.iter().sum();
    for part in PARTS {
        let often = seen[part as usize];
        assert!(total < 10_000 || often > 50, "{part:?}: {often} of {total}");
    }
}
