//! The manual and the conformance sites: the same bytes on any number of threads, and far from the limits.

mod limits;
mod threads;

use std::path::{Path, PathBuf};

/// The conformance sites in the order of their names, and the manual.
fn sites() -> Vec<PathBuf> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let cases = std::fs::read_dir(repository.join("tests/conformance/cases")).expect("cases");
    let mut sites: Vec<PathBuf> = cases
        .map(|case| case.expect("a folder").path().join("site"))
        .collect();
    sites.sort();
    assert!(sites.len() > 50, "the conformance cases are there");
    sites.push(repository);
    sites
}
