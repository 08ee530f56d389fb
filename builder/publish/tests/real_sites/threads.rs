//! The same bytes on one thread, on two and on eight (invariant 3), for every conformance site and
//! for the documentation.

use quillfront_publish::folder;
use quillfront_render::render::world::{Listing, Settings};
use quillfront_site::object::Object;
use std::collections::BTreeMap;
use std::path::Path;

/// What a site comes out as: objects by key, then diagnostics and stale keys.
type Outcome = (BTreeMap<String, Object>, Vec<String>);

fn build(root: &Path, threads: usize) -> Outcome {
    let settings = Settings {
        mode: "build",
        base_url: None,
        drafts: false,
        minify: false,
        now: "2026-03-01T12:00:00Z".parse().expect("a time"),
        listing: Listing::SiteFolders,
        all_accepted: false,
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let built = pool.expect("threads").install(|| {
        folder::evaluate(
            root,
            None,
            settings,
            folder::Tells::default(),
            || Ok(()),
            |_, object| object,
        )
        .expect("readable")
    });
    match built {
        Ok(tree) => {
            let objects = tree
                .objects
                .into_iter()
                .map(|(key, object)| (key.to_string(), object));
            let told = tree
                .diagnostics
                .iter()
                .map(|problem| format!("{problem:?}"));
            let stale = tree.stale.iter().map(|key| format!("stale: {key}"));
            (objects.collect(), told.chain(stale).collect())
        }
        Err(unready) => (BTreeMap::new(), vec![format!("{unready:?}")]),
    }
}

#[test]
fn a_site_is_the_same_on_any_number_of_threads() {
    for site in super::sites() {
        let alone = build(&site, 1);
        for threads in [2, 8] {
            assert_eq!(
                build(&site, threads),
                alone,
                "{} on {threads} threads",
                site.display()
            );
        }
    }
}
