//! The largest render of a real site stays below a hundredth of the limits.

use quillfront_publish::folder;
use quillfront_render::render::world::{Listing, Settings};
use quillfront_templates::budget::{Cost, MAX_KEPT_BYTES, MAX_STEPS, take_dearest};
use std::path::Path;

/// `QUILLFRONT_SITES=DIR:DIR` measures other sites too; with `--nocapture` the test prints the figures of
/// the manual's page of limits.
#[test]
fn real_sites_stay_far_below_the_limits() {
    let mut sites = super::sites();
    let others = std::env::var("QUILLFRONT_SITES").unwrap_or_default();
    sites.extend(std::env::split_paths(&others).filter(|site| site.is_dir()));
    let mut largest = 0;
    for site in &sites {
        let cost = cost_of(site);
        println!("{}: {cost:?}", site.display());
        assert!(cost.steps < MAX_STEPS / 100, "{}: {cost:?}", site.display());
        assert!(
            cost.kept_bytes < MAX_KEPT_BYTES / 100,
            "{}: {cost:?}",
            site.display()
        );
        largest = cost.steps.max(largest);
    }
    assert!(largest > 100, "nothing was counted");
}

/// What the dearest output or page of a site costs.
fn cost_of(site: &Path) -> Cost {
    let settings = Settings {
        mode: "build",
        base_url: None,
        drafts: true,
        minify: false,
        now: jiff::Timestamp::UNIX_EPOCH,
        listing: Listing::All,
        all_accepted: false,
    };
    // What the other test of this program cost meanwhile stays below the same bounds.
    take_dearest();
    // Sites that must fail do so here too, and cost what they cost until then.
    drop(
        folder::evaluate(
            site,
            None,
            settings,
            folder::Tells::default(),
            || Ok(()),
            |_, _| (),
        )
        .expect("a folder that can be read"),
    );
    take_dearest()
}
