//! The manual's table of checks is the one that the registry makes. `QUILLFRONT_BLESS=1 cargo test -p
//! quillfront-audit --test manual` writes it anew.

#![allow(clippy::disallowed_methods)] // the crate is pure, its tests need not be

use std::fs;
use std::path::Path;

const BEGIN: &str = "<!-- checks -->\n";
const END: &str = "<!-- end of checks -->\n";

#[test]
fn the_manual_has_the_table_of_checks() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../content/docs/audit.md");
    let page = fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).expect("where the table begins");
    let (_, after) = rest.split_once(END).expect("where the table ends");
    let table = quillfront_audit::manual::table();
    let expected = format!("{before}{BEGIN}{table}{END}{after}");
    if std::env::var_os("QUILLFRONT_BLESS").is_some() {
        fs::write(&path, &expected).unwrap();
    }
    let page = fs::read_to_string(&path).unwrap();
    assert!(
        page == expected,
        "`content/docs/audit.md` has another table of checks: QUILLFRONT_BLESS=1 cargo test -p quillfront-audit --test manual"
    );
}
