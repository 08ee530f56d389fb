//! The same bytes on one thread, on two and on eight (invariant 3), for every conformance site and
//! for the documentation.

use quillfront_builder::folder;
use quillfront_builder::object::Object;
use quillfront_builder::render::world::Settings;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What a site comes out as: objects by key, then diagnostics and stale keys.
type Outcome = (BTreeMap<String, Object>, Vec<String>);

fn build(root: &Path, threads: usize) -> Outcome {
    let settings = Settings {
        mode: "build",
        base_url: None,
        drafts: false,
        minify: false,
        now: "2026-03-01T12:00:00Z".parse().expect("a time"),
        listing_is_complete: false,
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let built = pool.expect("threads").install(|| {
        folder::evaluate(root, None, settings, || Ok(()), |_, object| object).expect("readable")
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
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let cases = std::fs::read_dir(repository.join("tests/conformance/cases")).expect("cases");
    let mut sites: Vec<PathBuf> = cases
        .map(|case| case.expect("a folder").path().join("site"))
        .collect();
    sites.push(repository);
    sites.sort();
    assert!(sites.len() > 50, "the conformance cases are there");
    for site in sites {
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
