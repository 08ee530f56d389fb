//! Incremental equals clean, after any sequence of edits (invariant 1).

use crate::world::{World, blog, keys, until_done};
use proptest::prelude::*;
use quillfront_publish::bucket::run::Work;
use std::collections::BTreeSet;
use std::time::Duration;

/// One change in the source bucket, or time that passes.
#[derive(Debug, Clone)]
enum Edit {
    Put(&'static str, String),
    Remove(&'static str),
    /// So many minutes, and a reconcile at the end of them.
    Wait(u64),
}

const PAGES: [&str; 6] = [
    "content/blog/a.md",
    "content/blog/b.md",
    "content/blog/c/index.md",
    "content/blog/d.md",
    "content/lonely/e.md",
    "content/blog/deep/f.md",
];

fn page() -> impl Strategy<Value = String> {
    let title = prop::sample::select(vec!["One", "Two & <b>", "Drei", "x"]);
    let date = prop::sample::select(vec![
        "date = 2026-01-01\n",
        "date = 2025-12-31T10:00:00Z\n",
        "date = 2026-01-02T03:00:00Z\n",
        "date = 2026-01-02T04:00:00\n",
        "date = 2030-01-01\n",
        "",
    ]);
    let tags = prop::sample::select(vec![
        "",
        "[taxonomies]\ntags = [\"x\"]\n",
        "[taxonomies]\ntags = [\"y\", \"X\"]\n",
        "[taxonomies]\nnone = [\"such\"]\n",
    ]);
    let other = prop::sample::select(vec![
        "",
        "draft = true\n",
        "slug = \"moved\"\n",
        "path = \"same\"\n",
        "aliases = [\"old\", \"blog\"]\n",
        "weight = 3\n",
        "render = false\n",
        "template = \"nope.html\"\n",
        "updated = 2026-02-02\n",
    ]);
    let body = prop::sample::select(vec![
        "Body.\n",
        "First.\n\n<!-- more -->\n\n# Head\n\nSecond.\n",
        "[link](@/blog/a.md)\n",
        "[link](@/blog/a.md#head)\n",
        "{{ 1 + 1 }} {{ page.title }}\n",
        "{{ broken",
        "```rust\nfn main() {}\n```\n",
    ]);
    (title, date, tags, other, body).prop_map(|(title, date, tags, other, body)| {
        format!("+++\ntitle = \"{title}\"\n{date}{other}{tags}+++\n{body}")
    })
}

fn edit() -> impl Strategy<Value = Edit> {
    let path = prop::sample::select(PAGES.to_vec());
    let broken = prop::sample::select(vec![
        "",
        "no front matter",
        "+++\ntitle = \n+++\n",
        "---\na: [\n---\n",
    ]);
    let base: String = blog()
        .into_iter()
        .find(|(key, _)| *key == "templates/base.html")
        .unwrap()
        .1;
    let base_again = base.clone();
    prop_oneof![
        8 => (path.clone(), page()).prop_map(|(key, text)| Edit::Put(key, text)),
        2 => path.clone().prop_map(Edit::Remove),
        2 => (path, broken).prop_map(|(key, text)| Edit::Put(key, text.into())),
        1 => prop::sample::select(vec![
            "+++\ntitle = \"Blog\"\nsort_by = \"date\"\n+++\n",
            "+++\ntitle = \"Blog\"\nsort_by = \"title\"\npaginate_by = 2\n+++\nList\n",
            "+++\ntransparent = true\n+++\n",
            "+++\nunknown = 1\n+++\n",
            "+++\ndraft = true\n+++\n",
        ]).prop_map(|text| Edit::Put("content/blog/_index.md", text.into())),
        1 => Just(Edit::Remove("content/blog/_index.md")),
        1 => Just(Edit::Put("templates/base.html", base_again.replace("<aside>", "<aside class=a>"))),
        1 => Just(Edit::Put("templates/base.html", base.clone())),
        1 => prop::sample::select(vec![
            "{% extends \"base.html\" %}{% block main %}{{ page.summary | default(value=\"none\") }}{% endblock %}",
            "{% extends \"gone.html\" %}",
            "{% broken",
            "{% set data = load_data(path=\"data/d.toml\") %}{{ page.title }} {{ data.n }}",
        ]).prop_map(|text| Edit::Put("templates/page.html", text.into())),
        1 => prop::sample::select(vec!["n = 1\n", "n = 2\n", "n = \n"])
            .prop_map(|text| Edit::Put("data/d.toml", text.into())),
        1 => Just(Edit::Remove("data/d.toml")),
        1 => prop::sample::select(vec!["body{}", "body { color: red }"])
            .prop_map(|text| Edit::Put("static/site.css", text.into())),
        2 => prop::sample::select(vec![
            "[publishing]\nfuture = \"hold\"\n",
            "[publishing]\nfuture = \"hold\"\ntimezone = \"Europe/Berlin\"\n",
            "[publishing]\nfuture = \"publish\"\n",
            "[publishing]\nfuture = \"never\"\n",
        ]).prop_map(|text| Edit::Put("quillfront.toml", text.into())),
        1 => Just(Edit::Remove("quillfront.toml")),
        2 => prop::sample::select(vec![1, 30, 600, 36 * 60]).prop_map(Edit::Wait),
        1 => Just(Edit::Put("static/blog/a/index.html", "static beside a page".into())),
        1 => Just(Edit::Remove("static/blog/a/index.html")),
        1 => prop::sample::select(vec![
            "base_url = \"https://example.org\"\ntaxonomies = [{ name = \"tags\" }]\n",
            "base_url = \"https://other.example\"\ngenerate_feeds = true\ntaxonomies = [{ name = \"tags\", paginate_by = 1, feed = true }]\n",
            "base_url = \"\"\n",
            "base_url = \"https://example.org\"\nignored_content = [\"*/d.md\"]\ngenerate_sitemap = false\n",
        ]).prop_map(|text| Edit::Put("config.toml", text.into())),
    ]
}

async fn holds(script: Vec<Vec<Edit>>) {
    let world = World::new().await;
    for (key, text) in blog() {
        world.put(key, text).await;
    }
    let builder = world.builder();
    builder.run(Work::Reconcile).await.unwrap();
    for (number, batch) in script.iter().enumerate() {
        let mut told = BTreeSet::new();
        for edit in batch {
            match edit {
                Edit::Put(key, text) => {
                    world.put(key, text.clone()).await;
                    told.insert(*key);
                }
                Edit::Remove(key) => {
                    world.remove(key).await;
                    told.insert(*key);
                }
                Edit::Wait(minutes) => {
                    world.host.advance(Duration::from_secs(minutes * 60));
                    until_done(&world, &builder, &Work::Reconcile).await;
                }
            }
        }
        until_done(&world, &builder, &keys(told)).await;
        let story = format!("after step {number} of {script:#?}");
        world.assert_incremental_equals_clean(&story).await;
    }
    // A builder that remembers nothing finds nothing to do.
    let before = world.site().await;
    world.builder().run(Work::Reconcile).await.unwrap();
    crate::world::assert_same(&world.site().await, &before, "reconciled");
}

/// How many scripts are tried: `QUILLFRONT_EDIT_SCRIPTS`, else a handful.
fn scripts() -> u32 {
    let asked = std::env::var("QUILLFRONT_EDIT_SCRIPTS").ok();
    asked.and_then(|text| text.parse().ok()).unwrap_or(16)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: scripts(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn incremental_equals_clean_after_any_edits(
        script in prop::collection::vec(prop::collection::vec(edit(), 1..4), 1..6)
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(holds(script));
    }
}
