//! Deterministic simulation of publishing: authors, an unreliable event queue and up to four
//! builders with the production client, over S3 and CloudFront in memory that fail, die and come
//! late as one seed decides.
//!
//! * [`world`]: the scheduler, what goes wrong, who meddles, and who makes thumbnails; [`random`], [`clock`], [`wire`]: what it rules;
//! * [`builders`]: the production client on top of that;
//! * [`s3`], [`cloudfront`]: the services; [`editors`], [`events`]: the authors and the queue;
//! * [`check`]: what holds at every moment; [`finale`] and [`waiting`]: what
//!   holds at the end.
//!
//! `QUILLFRONT_SEEDS=N` runs the seeds from 0 to N - 1 (200 by default), `QUILLFRONT_SEED=n` one
//! of them, with its whole log. With `QUILLFRONT_FIRST_FAILURE=1` no seed begins after one failed.

#[path = "../alone/mod.rs"]
mod alone;
mod builders;
mod check;
mod clock;
mod cloudfront;
mod editors;
mod events;
mod finale;
mod random;
mod s3;
mod waiting;
mod wire;
mod world;

use std::panic::AssertUnwindSafe;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use world::World;

const DEFAULT_SEEDS: u64 = 200;
/// Lines of a failing seed's log that are shown at once.
const LAST_LINES: usize = 40;

/// What became of a seed, and its log.
struct Outcome {
    seed: u64,
    failure: Option<String>,
    log: Vec<String>,
}

fn simulate(seed: u64) -> Outcome {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .max_blocking_threads(1)
        .build()
        .unwrap();
    let mut world = World::new(seed);
    let ended = std::panic::catch_unwind(AssertUnwindSafe(|| {
        runtime.block_on(finale::holds(&mut world))
    }));
    let failure = match ended {
        Ok(result) => result.err(),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
            Some(format!("panic: {}", text.unwrap_or_default()))
        }
    };
    Outcome {
        seed,
        failure,
        log: std::mem::take(&mut world.log),
    }
}

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{variable} is not a number")),
    )
}

fn explain(outcome: &Outcome, lines: usize) {
    let Outcome { seed, failure, log } = outcome;
    println!("\n== seed {seed}");
    let hidden = log.len().saturating_sub(lines);
    if hidden > 0 {
        println!("… {hidden} lines before");
    }
    log[hidden..].iter().for_each(|line| println!("{line}"));
    if let Some(failure) = failure {
        println!("seed {seed} FAILED: {failure}");
        println!(
            "replay: QUILLFRONT_SEED={seed} cargo test --workspace --test simulation -- --nocapture"
        );
    }
}

#[test]
fn whatever_goes_wrong_the_site_ends_as_a_clean_build() {
    if let Some(seed) = number("QUILLFRONT_SEED") {
        let outcome = simulate(seed);
        explain(&outcome, usize::MAX);
        assert!(outcome.failure.is_none(), "seed {seed} failed");
        return;
    }
    let seeds = number("QUILLFRONT_SEEDS").unwrap_or(DEFAULT_SEEDS);
    let (next, failed) = (AtomicU64::new(0), Mutex::new(Vec::new()));
    let first_only = number("QUILLFRONT_FIRST_FAILURE").is_some_and(|number| number > 0);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    let is_over = first_only && !failed.lock().unwrap().is_empty();
                    if seed >= seeds || is_over {
                        return;
                    }
                    let outcome = simulate(seed);
                    if outcome.failure.is_some() {
                        failed.lock().unwrap().push(outcome);
                    }
                }
            });
        }
    });
    let mut failed = failed.into_inner().unwrap();
    failed.sort_by_key(|outcome| outcome.seed);
    let shown = failed.iter().take(3);
    shown.for_each(|outcome| explain(outcome, LAST_LINES));
    for Outcome { seed, failure, .. } in &failed {
        let failure = failure.as_deref().unwrap_or_default();
        println!(
            "seed {seed}: {}",
            failure.lines().next().unwrap_or_default()
        );
    }
    assert!(
        failed.is_empty(),
        "{} of {seeds} seeds failed",
        failed.len()
    );
}

#[test]
fn a_seed_replays_exactly() {
    for seed in 0..8 {
        let (first, second) = (simulate(seed).log, simulate(seed).log);
        let differs = first
            .iter()
            .zip(&second)
            .position(|(one, other)| one != other);
        if let Some(line) = differs {
            let around = line.saturating_sub(5)..line + 3;
            let shown = |log: &[String]| log.get(around.clone()).unwrap_or_default().join("\n");
            let (first, second) = (shown(&first), shown(&second));
            panic!("seed {seed}, line {line}:\n{first}\n--- and then\n{second}");
        }
        assert_eq!(first.len(), second.len(), "seed {seed}");
    }
}
