//! Keys that S3 holds and no file of a site can have: they are told, and stop nothing.

use crate::world::{SITE, SOURCE, STATE, keys, published_blog};
use aws_sdk_s3::primitives::ByteStream;
use quillfront_publish::bucket::Options;
use quillfront_publish::bucket::run::Work;
use quillfront_site::report::Report;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Key to the code of what is told of it; none where it is published or means nothing.
const ODD: [(&str, Option<&str>); 24] = [
    ("static/ ", Some("path")),
    ("static/\u{a0}", Some("path")),
    ("static/\u{3000}", Some("path")),
    ("static/ /a.txt", None),
    ("static/ leading and trailing ", None),
    ("static/line\nbreak.css", Some("key")),
    ("static/\u{1}.css", Some("key")),
    ("static/\u{7f}.css", Some("key")),
    ("content/blog/\u{85}.md", Some("key")),
    ("templates/\u{1b}[31m.html", Some("key")),
    ("static/a\u{fffe}b.txt", None),
    ("static/a\u{ffff}b.txt", None),
    ("static//double.css", Some("key")),
    ("/static/leading.css", Some("key")),
    ("content//blog/x.md", Some("key")),
    ("static/./dot.css", Some("key")),
    ("static/a/../dots.css", Some("key")),
    ("static/a?b=c&d.txt", None),
    ("static/a#b.txt", None),
    ("static/a%2e%2e%2fb.txt", None),
    ("static/a+b c.txt", None),
    ("static/\u{e9}.txt", None),
    ("static/e\u{301}.txt", None),
    ("static/back\\slash.txt", Some("path")),
];

fn told(report: &Report) -> BTreeMap<&str, &str> {
    let told = report.diagnostics.iter();
    told.map(|told| (told.file.as_str(), told.code.as_str()))
        .collect()
}

/// A key of 1,024 bytes, and of a page whose address is as long.
fn longest() -> String {
    let rest = 1024 - "content/".len() - ".md".len();
    let name = "a".repeat(rest % 101);
    let folders = format!("{}/", "b".repeat(100)).repeat(rest / 101);
    format!("content/{folders}{name}.md")
}

#[tokio::test(flavor = "multi_thread")]
async fn no_key_stops_the_others() {
    let world = published_blog().await;
    let before = world.site().await;
    let page = "+++\ntitle = \"Odd\"\n+++\n";
    let mut there = Vec::new();
    for (key, code) in ODD {
        let body = ByteStream::from(page.as_bytes().to_vec());
        let put = world.client.put_object().bucket(SOURCE).key(key).body(body);
        match put.send().await {
            Ok(_) => there.push((key, code)),
            Err(error) => panic!("{key:?}: {error:?}"),
        }
    }
    let long = longest();
    assert_eq!(long.len(), 1024);
    world.put(&long, page).await;
    let longer = "content/blog/longer.md";
    let path = format!("{}/", "c".repeat(200)).repeat(5);
    world
        .put(
            longer,
            format!(
                "+++\ntitle = \"L\"\ndate = 2026-01-01\npath = \"{path}{}\"\n+++\n",
                "d".repeat(15)
            ),
        )
        .await;
    world.put("static/good.css", "a {}").await;

    let all = ODD.map(|(key, _)| key);
    let all = all
        .into_iter()
        .chain([long.as_str(), longer, "static/good.css"]);
    let all: Vec<&str> = all.collect();
    let reports = world
        .builder()
        .run(keys(all.iter().copied()))
        .await
        .unwrap();
    let report = reports
        .iter()
        .rev()
        .find(|report| !report.outputs.is_empty());
    let found = told(report.unwrap());
    for (key, code) in &there {
        assert_eq!(found.get(key), code.as_ref(), "{key:?} in {found:#?}");
        let output = key.strip_prefix("static/").filter(|_| code.is_none());
        if let Some(output) = output {
            assert!(
                world.site().await.contains_key(output),
                "{output:?} is not published"
            );
        }
    }
    assert_eq!(
        found.get(longer),
        Some(&"path"),
        "index.html makes it too long"
    );
    assert!(world.site().await.contains_key("good.css"));
    let all_shown = report.unwrap().diagnostics.iter();
    let is_visible = |told: &str| !told.chars().any(|c| c.is_control() && c != '\n');
    assert!(all_shown.clone().all(|told| is_visible(&told.message)));

    // A listing has them all, and says nothing else.
    let reports = world.builder().run(Work::Reconcile).await.unwrap();
    assert_eq!(reports[0].counts.uploaded, 0, "{:?}", reports[0].outputs);
    for key in all {
        world.remove(key).await;
    }
    let reports = world.builder().run(Work::Reconcile).await.unwrap();
    assert!(
        reports[0].diagnostics.is_empty(),
        "{:?}",
        reports[0].diagnostics
    );
    assert_eq!(world.site().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_differ_by_their_normal_form_are_two_files() {
    let world = published_blog().await;
    let both = ["static/\u{e9}.txt", "static/e\u{301}.txt"];
    for (number, key) in both.iter().enumerate() {
        world.put(key, number.to_string()).await;
    }
    world.builder().run(keys(both)).await.unwrap();
    let site = world.site().await;
    assert_eq!(site["\u{e9}.txt"].0, b"0");
    assert_eq!(site["e\u{301}.txt"].0, b"1");
}

/// A key that the client refuses to name, in an event.
#[tokio::test(flavor = "multi_thread")]
async fn white_space_alone_is_looked_for_and_not_asked_for() {
    let world = published_blog().await;
    world.put("static/good.css", "a {}").await;
    let odd = [" ", "\u{a0}", "\t", "static/good.css"];
    let reports = world.builder().run(keys(odd)).await.unwrap();
    assert!(reports[0].diagnostics.is_empty(), "none of them is there");
    assert!(world.site().await.contains_key("good.css"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_intent_that_names_what_nothing_can_be_called_is_taken_over() {
    let world = published_blog().await;
    let root = world.client.get_object().bucket(STATE).key("root.json");
    let root = root.send().await.unwrap().body.collect().await.unwrap();
    let mut root: Value = serde_json::from_slice(&root.to_vec()).unwrap();
    // Written by hand, it is what was written without its sum.
    root.as_object_mut().unwrap().remove("sum");
    let long = "a".repeat(2000);
    root["lease"] = json!({
        "holder": "dead-1", "deadline_ms": 0, "committed": false,
        "intent": [" ", "\u{a0}", "a//b", "line\nbreak", long, "blog/a/index.html"],
    });
    root["outbox"] = json!({
        "deletions": {" ": "e", "\u{a0}": "e", long: "e"},
        "invalidations": [], "reference": "r",
    });
    let body = ByteStream::from(serde_json::to_vec(&root).unwrap());
    let put = world.client.put_object().bucket(STATE).key("root.json");
    put.body(body).send().await.unwrap();
    world.put("static/good.css", "a {}").await;
    world
        .builder()
        .run(keys(["static/good.css"]))
        .await
        .unwrap();
    let (root, _) = world.builder().look().await.unwrap().unwrap();
    assert!(root.lease.is_none() && root.outbox.is_none() && root.hints.is_empty());
    assert!(world.site().await.contains_key("good.css"));
    world.assert_incremental_equals_clean("taken over").await;
}

/// The plan does not know where the site lies.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_too_long_under_the_prefix_of_its_place_is_told() {
    let world = published_blog().await;
    let path = format!("{}/", "c".repeat(200)).repeat(5);
    let body = "+++\ntitle = \"L\"\npath = \"";
    world
        .put("content/long.md", format!("{body}{path}\"\n+++\n"))
        .await;
    world.put("static/good.css", "a {}").await;
    let site = format!("s3://{SITE}/{}", "p".repeat(100));
    let builder = world.builder_at(&site, Options::default());
    let reports = builder.run(Work::Reconcile).await.unwrap();
    assert_eq!(told(&reports[0]).get("content/long.md"), Some(&"refused"));
    let prefix = "p".repeat(100);
    assert!(
        world
            .site()
            .await
            .contains_key(&format!("{prefix}/good.css"))
    );
    let (root, _) = builder.look().await.unwrap().unwrap();
    assert!(root.lease.is_none() && root.hints.is_empty());
}

/// What S3 refuses for reasons that nobody has thought of.
#[tokio::test(flavor = "multi_thread")]
async fn a_put_that_s3_will_never_take_is_told_and_the_others_are_done() {
    let world = published_blog().await;
    let old = world.site().await["blog/a/index.html"].clone();
    let edit = |title: &str| format!("+++\ntitle = \"{title}\"\ndate = 2026-01-01\n+++\n");
    world.put("content/blog/a.md", edit("New")).await;
    world.put("static/good.css", "a {}").await;
    let refuses = refusal::Refuses("/site/blog/a/index.html");
    let builder = || {
        let refuses = Some(crate::world::shared(refuses.clone()));
        world.builder_over([SOURCE, SITE, STATE], refuses)
    };
    let work = keys(["content/blog/a.md", "static/good.css"]);
    let reports = builder().run(work).await.unwrap();
    assert_eq!(
        told(reports.last().unwrap()).get("content/blog/a.md"),
        Some(&"refused")
    );
    let site = world.site().await;
    assert!(site.contains_key("good.css"));
    assert_eq!(site["blog/a/index.html"], old);
    // It is tried again with whatever comes next, and told again.
    world.put("static/more.css", "a {}").await;
    let reports = builder().run(keys(["static/more.css"])).await.unwrap();
    assert_eq!(told(&reports[0]).get("content/blog/a.md"), Some(&"refused"));
    world.put("static/last.css", "a {}").await;
    world
        .builder()
        .run(keys(["static/last.css"]))
        .await
        .unwrap();
    world
        .assert_incremental_equals_clean("S3 takes it again")
        .await;
}

mod refusal {
    use aws_sdk_s3::config::interceptors::BeforeTransmitInterceptorContextMut;
    use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
    use aws_smithy_runtime_api::box_error::BoxError;

    /// Makes the request for one object such as S3 will not take: with too much metadata.
    #[derive(Debug, Clone)]
    pub struct Refuses(pub &'static str);

    impl Intercept for Refuses {
        fn name(&self) -> &'static str {
            "Refuses"
        }

        fn modify_before_signing(
            &self,
            context: &mut BeforeTransmitInterceptorContextMut<'_>,
            _: &RuntimeComponents,
            _: &mut ConfigBag,
        ) -> Result<(), BoxError> {
            let request = context.request_mut();
            if request.method() == "PUT" && request.uri().contains(self.0) {
                let headers = request.headers_mut();
                headers.insert("x-amz-meta-much", "a".repeat(3000));
            }
            Ok(())
        }
    }
}
