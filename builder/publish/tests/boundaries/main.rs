//! What may use what: the order of the modules, and what keeps the pure crates pure.

mod layers;
mod purity;
mod unsafety;

use std::fs;
use std::path::{Path, PathBuf};

/// Adds the Rust sources in a folder and below it.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}
