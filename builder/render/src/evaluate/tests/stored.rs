//! Whatever a state holds that can be read at all, a build goes by it or not, and never crashes.

use super::super::{Evaluation, Options, PreparedSite, Previous, Tree};
use super::{sources, told};
use crate::render::world::{Listing, Settings};
use proptest::prelude::*;
use proptest::sample::Index;
use quillfront_site::source::{Source, Sources};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::{Arc, LazyLock};

const SITE: [(&str, &str); 11] = [
    (
        "config.toml",
        "base_url = \"https://e.org\"\ntaxonomies = [{ name = \"tags\", paginate_by = 1 }]\n\
         generate_feeds = true\nbuild_search_index = true\n",
    ),
    (
        "quillfront.toml",
        "[publishing]\nfuture = \"hold\"\ntimezone = \"Europe/Berlin\"\n",
    ),
    (
        "templates/page.html",
        "{{ page.content | safe }}{{ page.date }}{{ page.toc }}",
    ),
    (
        "templates/section.html",
        "{% for p in paginator.pages %}{{ p.title }}{{ p.date }}{% endfor %}",
    ),
    (
        "templates/index.html",
        "{% set p = get_page(path='b/a.md') %}{{ p.title }}{% set s = get_section(path='b/_index.md') %}\
         {% for p in s.pages %}{{ p.summary }}{% endfor %}{{ get_url(path='@/b/a.md') }}\
         {{ load_data(path='data/d.txt') }}{{ now() }}{% set t = get_taxonomy(kind='tags') %}\
         {% for i in t.items %}{{ i.name }}{% endfor %}",
    ),
    (
        "templates/taxonomy_list.html",
        "{% for t in terms %}{{ t.name }}{% endfor %}",
    ),
    (
        "templates/taxonomy_single.html",
        "{% for p in paginator.pages %}{{ p.title }}{% endfor %}",
    ),
    ("data/d.txt", "data"),
    (
        "content/b/_index.md",
        "+++\ntitle = \"b\"\nsort_by = \"date\"\npaginate_by = 1\n+++\nSee [a](@/b/a.md#one).\n",
    ),
    (
        "content/b/a.md",
        "+++\ntitle = \"a\"\ndate = 2024-01-31T23:59:60+01:00\ntaxonomies.tags = [\"x\"]\nextra.n = 1\n+++\n\
         # One\nText<!-- more -->{{ now() }}{{ load_data(path='data/d.txt') }} [b](@/b/_index.md) \
         {{ get_taxonomy_url(kind='tags', term='x') }}\n",
    ),
    (
        "content/c.md",
        "+++\ndate = 2023-02-28\n+++\n[e](https://e.com)\n",
    ),
];

fn built(sources: Arc<Sources>, previous: Previous) -> Tree {
    let settings = Settings {
        mode: "build",
        base_url: None,
        drafts: false,
        minify: false,
        now: "2026-01-01T00:00:00Z".parse().unwrap(),
        listing: Listing::All,
        all_accepted: false,
    };
    let site = PreparedSite::new(sources, settings).unwrap();
    let mut evaluation: Evaluation = site.evaluate(Options {
        previous: Some(previous),
        tells_why: true,
        ..Options::default()
    });
    // What an altered trace makes it ask for is not there.
    evaluation.step(|_, object| object);
    evaluation.finish()
}

/// One byte of what is stored is another: where, and which.
type Change = (Index, u8);

fn changes() -> impl Strategy<Value = Change> {
    // Small numbers are those of kinds and lengths.
    (any::<Index>(), prop_oneof![0..10u8, any::<u8>()])
}

/// Returns what is read once a byte of what is stored is another; None where it cannot be read.
fn altered<T: Serialize + DeserializeOwned>(value: &T, (at, byte): Change) -> Option<T> {
    let mut stored = postcard::to_stdvec(value).unwrap();
    let at = at.index(stored.len());
    stored[at] = byte;
    postcard::from_bytes(&stored).ok()
}

fn clean() -> (Arc<Sources>, Tree) {
    let sources = Arc::new(sources(&SITE));
    let tree = built(sources.clone(), Previous::default());
    assert_eq!(told(&tree), "");
    assert!(tree.graph.bodies.len() >= 3 && tree.graph.outputs.len() > 8);
    (sources, tree)
}

fn assert_no_crash(tree: &Tree) {
    let told = told(tree);
    assert!(!told.contains("crashed"), "{told}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..Default::default() })]

    #[test]
    fn a_build_goes_by_what_it_can_read(
        key in any::<Index>(),
        body in changes(),
        output in changes(),
        head in changes(),
    ) {
        static CLEAN: LazyLock<(Arc<Sources>, Tree)> = LazyLock::new(clean);
        let (sources, tree) = &*CLEAN;
        let mut graph = tree.graph.clone();
        let bodies: Vec<_> = tree.graph.bodies.iter().collect();
        let (key, facts) = bodies[key.index(bodies.len())];
        if let Some(facts) = altered(&**facts, body) {
            graph.bodies.insert(key.clone(), Arc::new(facts));
            // All traces are looked at.
            graph.pages = None;
        }
        let index = tree.graph.outputs.get_key_value("index.html");
        let (index, trace) = index.expect("the home page is traced");
        if let Some(trace) = altered(&**trace, output) {
            graph.outputs.insert(index.clone(), Arc::new(trace));
        }
        let previous = Previous {
            graph: Arc::new(graph),
            sources: sources.clone(),
            has_records: false,
                is_unfinished: false,
        };
        let mut now = (**sources).clone();
        if let Some(source) = sources.get(key.as_str())
            && let Some(head) = source.head.as_ref().and_then(|known| altered(&**known, head))
        {
            let source = Source {
                head: Some(Arc::new(head)),
                ..(**source).clone()
            };
            now.insert(key, source);
        }
        assert_no_crash(&built(sources.clone(), previous));
        assert_no_crash(&built(Arc::new(now), Previous::default()));
    }
}
