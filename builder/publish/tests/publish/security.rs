//! `[security]` over S3: headers are metadata, so a change of them is a put, of nothing else.

use crate::world::{World, keys, published_blog, until_done};
use quillfront_publish::bucket::Builder;
use quillfront_site::report::{Action, Kind, Report};

async fn upload(world: &World, builder: &Builder, text: &str) -> Report {
    world.put("quillfront.toml", text).await;
    let reports = until_done(world, builder, &keys(["quillfront.toml"])).await;
    reports.into_iter().next().expect("a report")
}

async fn policy(world: &World, key: &str) -> Option<String> {
    let tree = world.site().await;
    tree[key].3.get("qf-csp").cloned()
}

fn touched<'a>(report: &'a Report, action: &Action) -> Vec<&'a str> {
    let with = report.outputs.iter();
    let with = with.filter(|output| output.actions.contains(action));
    with.map(|output| output.key.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_changes_the_headers_of_all_or_of_one() {
    let world = published_blog().await;
    let builder = world.builder();
    let before = world.site().await;
    let report = upload(&world, &builder, "[security]\n").await;
    assert_eq!(report.kind, Kind::Incremental);
    assert_eq!(
        touched(&report, &Action::Rendered),
        ["_quillfront/rules.json"]
    );
    // All that is there, and what the edge is told.
    assert_eq!(touched(&report, &Action::Uploaded).len(), before.len() + 1);
    let after = world.site().await;
    for (key, object) in &before {
        assert_eq!(object.0, after[key].0, "{key}");
    }
    let own = policy(&world, "blog/a/index.html").await.expect("a policy");
    assert!(own.starts_with("default-src 'none'"), "{own}");
    world.assert_incremental_equals_clean("all").await;

    let text = "[security]\n[[security.paths]]\npath = \"/blog/a/\"\ncsp.img-src = [\"https:\"]\n";
    let report = upload(&world, &builder, text).await;
    assert_eq!(touched(&report, &Action::Uploaded), ["blog/a/index.html"]);
    assert_eq!(touched(&report, &Action::Rendered), [""; 0]);
    assert_eq!(report.counts.rendered, 0);
    assert_eq!(report.counts.uploaded, 1);
    let paths: Vec<&str> = report
        .invalidations
        .paths
        .iter()
        .map(String::as_str)
        .collect();
    assert!(
        paths.iter().all(|path| path.starts_with("/blog/a")) && !paths.is_empty(),
        "{paths:?}"
    );
    let because = report.outputs[0].because.join(" ");
    assert_eq!(because, "quillfront.toml changed");
    world.assert_incremental_equals_clean("one").await;

    // Taken back, nothing of it is left.
    let report = upload(&world, &builder, "").await;
    assert_eq!(
        touched(&report, &Action::Deleted),
        ["_quillfront/rules.json"]
    );
    crate::world::assert_same(&world.site().await, &before, "without");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_beside_the_section_is_rendered_with_it() {
    let world = published_blog().await;
    let builder = world.builder();
    upload(&world, &builder, "[security]\n").await;
    let page = "+++\ntitle = \"A\"\ndate = 2026-01-01\n+++\n<script>start()</script>\n";
    world.put("content/blog/a.md", page).await;
    world
        .put("quillfront.toml", "[security]\nhsts = false\n")
        .await;
    let work = keys(["quillfront.toml", "content/blog/a.md"]);
    until_done(&world, &builder, &work).await;
    let own = policy(&world, "blog/a/index.html").await.expect("a policy");
    assert!(own.contains("script-src 'sha256-"), "{own}");
    world.assert_incremental_equals_clean("both").await;
    // What can never run waits, and the page that was there stays.
    let page = "+++\ntitle = \"A\"\ndate = 2026-01-01\n+++\n<b onclick=\"x()\">x</b>\n";
    world.put("content/blog/a.md", page).await;
    let reports = until_done(&world, &builder, &keys(["content/blog/a.md"])).await;
    let told = &reports[0].diagnostics;
    let told = told.iter().find(|one| one.code == "security");
    let told = told.expect("a diagnostic");
    assert!(told.is_error() && told.line == Some(5), "{told}");
    assert_eq!(policy(&world, "blog/a/index.html").await, Some(own));
    world.assert_incremental_equals_clean("refused").await;
    upload(&world, &builder, "[security]\npreset = \"relaxed\"\n").await;
    world.assert_incremental_equals_clean("relaxed").await;
}
