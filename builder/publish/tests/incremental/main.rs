//! Incremental equals clean (invariant 1): what is built by going by the graph of the build before
//! is what is built from nothing.

mod absences;
mod accepted;
mod blog;
mod cases;
mod constructs;
mod driver;
mod edits;
mod folders;
mod random;
mod search;
mod security;
mod small_site;
mod snippets;
mod texts;
