//! What is wrong with a CloudFront distribution and what stands behind it, as a pure function of
//! what was read of them:
//!
//! [`Observed`](observed::Observed) → [`CHECKS`](checks::CHECKS) →
//! [`Report`](finding::Report) → [`waivers`] → JSON, [`sarif`] or an exit code
//!
//! 1. Whoever talks to AWS fills in [`observed`]: XML as it came ([`xml`] keeps every byte, so that
//!    `harden` can change one setting and lose no other), policies, pages as they were sent. What
//!    could not be read says why, and a check then says that it could not look.
//! 2. Each check of the table in [`checks`] looks at it and says what is wrong, where, and by which
//!    evidence. [`observatory`] scores the headers of pages as Mozilla's HTTP Observatory does.
//! 3. [`waivers`] marks what somebody has decided to live with.
//!
//! [`harden`] goes on from there: from findings to changes of what was read.
//!
//! Nothing here reads a file, a clock or the network.

pub mod checks;
pub mod csp;
pub mod finding;
mod grants;
pub mod harden;
pub mod manual;
pub mod observatory;
pub mod observed;
pub mod sarif;
pub mod view;
pub mod waivers;
pub mod xml;

use finding::Report;
use observed::Observed;
use waivers::Waiver;

/// Audits: all checks, the waivers, and the score of the headers.
pub fn audit(observed: &Observed, waivers: &[Waiver]) -> Report {
    let (mut findings, unknown) = checks::run(observed);
    waivers::apply(waivers, observed.today, &mut findings);
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let pages = observed.pages.get().map(Vec::as_slice).unwrap_or_default();
    let scored = pages.iter().filter(|page| page.is_scored());
    Report {
        target: observed.target.clone(),
        score: scored.map(|page| observatory::score(page).total).min(),
        findings,
        unknown,
    }
}
