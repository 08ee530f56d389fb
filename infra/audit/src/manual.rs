//! The table of checks for the manual, made from the registry.

use crate::checks::{CHECKS, Check, Mended};

/// All checks as a table of Markdown.
pub fn table() -> String {
    let mut table = String::from(
        "| Check | Severity | What should be, and why | `harden` | The same as |\n|---|---|---|---|---|\n",
    );
    for check in CHECKS {
        table.push_str(&row(check));
    }
    table
}

fn row(check: &Check) -> String {
    let mended = match (check.standing, check.mended) {
        (Some(_), _) => "waived",
        (None, Mended::Yes) => "yes",
        (None, Mended::ByName) => "by name",
        (None, Mended::No) => "no",
    };
    let standing = check
        .standing
        .map(|why| format!(" Waived: {why}."))
        .unwrap_or_default();
    let same: Vec<String> = check.same_as.iter().map(|id| format!("`{id}`")).collect();
    format!(
        "| `{}` | {} | **{}.** {} {}{standing} | {mended} | {} |\n",
        check.id,
        check.severity.name(),
        check.title,
        check.why,
        check.mend,
        same.join(" "),
    )
}
