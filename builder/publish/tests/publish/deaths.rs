//! What ends a builder while it renders: it is told apart from the rest, set aside, and told. A death is
//! a builder whose future is dropped in the middle of a render, or a render that panics.

use crate::world::{SOURCE, World, blog, grey, keys, shared};
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::BeforeTransmitInterceptorContextRef;
use quillfront_publish::bucket::root::Root;
use quillfront_publish::bucket::run::Work;
use quillfront_publish::bucket::{BuildError, Builder};
use quillfront_publish::fetch::Fetch;
use quillfront_render::remote::Request;
use quillfront_site::quillfront_toml::AllowedHosts;
use quillfront_site::report::Report;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;
use tokio::sync::Notify;

const KILLER: &str = "content/blog/killer.md";

/// A network in which whoever asks does not come back, until it is released.
struct Abyss {
    reached: Notify,
    released: Mutex<mpsc::Receiver<()>>,
    /// So often; after that there is an answer.
    deaths: AtomicUsize,
}

impl Abyss {
    fn new(deaths: usize) -> (Arc<Self>, mpsc::Sender<()>) {
        let (release, released) = mpsc::channel();
        let abyss = Self {
            reached: Notify::new(),
            released: Mutex::new(released),
            deaths: AtomicUsize::new(deaths),
        };
        (Arc::new(abyss), release)
    }
}

impl Fetch for Abyss {
    fn fetch(&self, _: &Request, _: &AllowedHosts, _: Duration) -> Result<String, String> {
        let left = self.deaths.load(Ordering::SeqCst);
        if left == 0 {
            return Ok("an answer".to_owned());
        }
        self.deaths.store(left - 1, Ordering::SeqCst);
        self.reached.notify_one();
        // Ends with an error once the sender is gone.
        let _ = self.released.lock().unwrap().recv();
        Err("nobody is there any more".to_owned())
    }
}

/// A network of which whoever asks panics.
struct Panics;

impl Fetch for Panics {
    fn fetch(&self, _: &Request, _: &AllowedHosts, _: Duration) -> Result<String, String> {
        panic!("this is what the test is about")
    }
}

/// A post that asks the network.
fn asking(title: &str) -> String {
    format!(
        "+++\ntitle = \"{title}\"\ndate = 2026-02-01\n[extra]\nurl = \"https://abyss.example/\"\n+++\n{title}\n"
    )
}

fn plain(title: &str) -> String {
    format!("+++\ntitle = \"{title}\"\ndate = 2026-02-01\n+++\n{title}\n")
}

async fn published() -> World {
    let world = World::new().await;
    for (key, text) in blog() {
        let asks = "{% if page.extra.url is defined %}{{ load_data(url=page.extra.url, format='plain') }}{% endif %}<h1>";
        let text = match key {
            "templates/page.html" => text.replace("<h1>", asks),
            _ => text,
        };
        world.put(key, text).await;
    }
    let own = "[data]\nallowed_hosts = [\"abyss.example\"]\n";
    world.put("quillfront.toml", own).await;
    world.builder().run(Work::Reconcile).await.unwrap();
    world
}

/// One process: it dies, or comes to its end.
async fn process(world: &World, work: &Work, deaths: usize) -> Option<Vec<Report>> {
    let (abyss, release) = Abyss::new(deaths);
    let builder = world.builder().with_web(abyss.clone());
    // The machine is its own: whoever was here before is dead.
    builder.end_own_lease().await.unwrap();
    let reports = tokio::select! {
        reports = builder.run(work.clone()) => Some(reports.unwrap()),
        () = abyss.reached.notified() => None,
    };
    drop(release);
    reports
}

/// Starts processes until one comes to its end: how many died, and what the last one told.
async fn until_one_lives(world: &World, work: &Work) -> (usize, Vec<Report>) {
    for died in 0..20 {
        if let Some(reports) = process(world, work, usize::MAX).await {
            return (died, reports);
        }
    }
    panic!("they all die");
}

async fn root(world: &World) -> Root {
    world.builder().look().await.unwrap().unwrap().0
}

fn told(reports: &[Report]) -> Vec<&str> {
    let told = reports.iter().flat_map(|report| &report.diagnostics);
    let told = told.filter(|told| told.code == "set-aside");
    told.map(|told| told.file.as_str()).collect()
}

fn is_clean(root: &Root) -> bool {
    root.attempts.is_empty() && root.suspects.is_empty() && root.hints.is_empty()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_post_that_kills_is_set_aside_and_the_others_are_published() {
    let world = published().await;
    world.put(KILLER, asking("Killer")).await;
    world.put("content/blog/good.md", plain("Good")).await;
    world.put("static/good.css", "a {}").await;
    let (died, reports) = until_one_lives(&world, &Work::Reconcile).await;
    assert_eq!(died, 4, "two of all that changed, two alone");
    assert!(told(&reports).contains(&KILLER));
    let site = world.site().await;
    assert!(site.contains_key("blog/good/index.html") && site.contains_key("good.css"));
    assert!(!site.contains_key("blog/killer/index.html"));
    let now = root(&world).await;
    assert!(is_clean(&now), "{now:?}");
    assert_eq!(now.set_aside.keys().collect::<Vec<_>>(), [KILLER]);

    // It is told as long as it is so, and hinders nobody.
    world.put("content/blog/next.md", plain("Next")).await;
    let work = keys(["content/blog/next.md", KILLER]);
    let reports = process(&world, &work, usize::MAX).await.unwrap();
    assert_eq!(told(&reports), [KILLER]);
    let reports = process(&world, &Work::Reconcile, usize::MAX).await.unwrap();
    assert_eq!(reports[0].counts.uploaded, 0);
    world.assert_incremental_equals_clean("set aside").await;

    world.put(KILLER, plain("Mended")).await;
    let reports = process(&world, &keys([KILLER]), usize::MAX).await.unwrap();
    assert!(told(&reports).is_empty());
    assert!(world.site().await.contains_key("blog/killer/index.html"));
    assert!(root(&world).await.set_aside.is_empty());
    world.assert_incremental_equals_clean("mended").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_good_version_stays_in_use() {
    let world = published().await;
    let before = world.site().await["blog/a/index.html"].clone();
    world.put("content/blog/a.md", asking("A2")).await;
    // A process that has come through its first run notes nothing; the next ones do.
    let (died, reports) = until_one_lives(&world, &keys(["content/blog/a.md"])).await;
    assert_eq!((died, told(&reports)), (2, vec!["content/blog/a.md"]));
    assert_eq!(world.site().await["blog/a/index.html"], before);
    let message = &reports[0].diagnostics[0].message;
    assert!(message.contains("last good version"), "{message}");
    // A removal is no version that is set aside.
    world.remove("content/blog/a.md").await;
    process(&world, &Work::Reconcile, usize::MAX).await.unwrap();
    assert!(!world.site().await.contains_key("blog/a/index.html"));
    assert!(root(&world).await.set_aside.is_empty());
}

/// Every page that shows the picture ends its builder.
#[tokio::test(flavor = "multi_thread")]
async fn a_picture_that_is_set_aside_stays_as_it_was_published() {
    const PICTURE: &str = "content/blog/c/cat.png";
    let world = published().await;
    world.put(PICTURE, grey(10)).await;
    let page = "+++\ntitle = \"C\"\ndate = 2026-01-03\n+++\n{% set made = resize_image(path=\"blog/c/cat.png\", width=2, height=2, op=\"fill\") %}{{ made.url }} {{ get_hash(path=\"blog/c/cat.png\") }}\n";
    world.put("content/blog/c/index.md", page).await;
    let reports = world.builder().run(Work::Reconcile).await.unwrap();
    assert!(
        reports[0].diagnostics.is_empty(),
        "{:?}",
        reports[0].diagnostics
    );
    let before = world.site().await;
    assert!(before.contains_key("blog/c/cat.png"));
    world.put(PICTURE, grey(200)).await;
    for _ in 0..2 {
        let (root, etag) = (root(&world).await, world.etag(SOURCE, PICTURE).await);
        world.note_death(root, PICTURE, &etag).await;
    }
    let reports = process(&world, &keys([PICTURE]), 0).await.unwrap();
    assert_eq!(told(&reports), [PICTURE]);
    assert_eq!(world.site().await, before);
    // A page that is made anew shows it as it was.
    world
        .put("content/blog/c/index.md", page.replace("\"C\"", "\"C2\""))
        .await;
    let work = keys(["content/blog/c/index.md"]);
    let reports = process(&world, &work, 0).await.unwrap();
    assert_eq!(told(&reports), [PICTURE]);
    let after = world.site().await;
    assert_ne!(after["blog/c/index.html"], before["blog/c/index.html"]);
    assert_eq!(after["blog/c/cat.png"], before["blog/c/cat.png"]);
    process(&world, &Work::Reconcile, 0).await.unwrap();
    world
        .assert_incremental_equals_clean("a picture set aside")
        .await;
    process(&world, &Work::Approve, 0).await.unwrap();
    assert_eq!(world.site().await["blog/c/cat.png"].0, grey(200));
    world.assert_incremental_equals_clean("approved").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_that_kills_once_it_is_due_is_set_aside_as_well() {
    let world = published().await;
    let own = "[data]\nallowed_hosts = [\"abyss.example\"]\n[publishing]\nfuture = \"hold\"\n";
    world.put("quillfront.toml", own).await;
    process(&world, &Work::Reconcile, 0).await.unwrap();
    world.put(KILLER, asking("Killer")).await;
    let reports = process(&world, &keys([KILLER]), usize::MAX).await.unwrap();
    assert!(told(&reports).is_empty());
    world.host.advance(Duration::from_secs(40 * 24 * 60 * 60));
    let (died, reports) = until_one_lives(&world, &Work::Reconcile).await;
    // With another post, that is due as well.
    assert_eq!(died, 4);
    assert!(told(&reports).contains(&KILLER));
    let set_aside = root(&world).await.set_aside;
    assert_eq!(set_aside.keys().collect::<Vec<_>>(), [KILLER]);
    assert!(world.site().await.contains_key("blog/c/index.html"));
    world.put("content/blog/good.md", plain("Good")).await;
    let work = keys(["content/blog/good.md"]);
    process(&world, &work, usize::MAX).await.unwrap();
    assert!(world.site().await.contains_key("blog/good/index.html"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_who_kills_twice_hinders_nothing() {
    let world = published().await;
    let names: Vec<String> = (0..5).map(|n| format!("content/blog/new{n}.md")).collect();
    for name in &names {
        world.put(name, asking(name)).await;
    }
    for _ in 0..2 {
        assert!(process(&world, &Work::Reconcile, 1).await.is_none());
    }
    let suspects = root(&world).await.attempts;
    assert_eq!(suspects.len(), 1, "{suspects:?}");
    let reports = process(&world, &Work::Reconcile, 0).await.unwrap();
    assert_eq!(reports.len(), names.len(), "one by one");
    let now = root(&world).await;
    assert!(is_clean(&now) && now.set_aside.is_empty(), "{now:?}");
    let site = world.site().await;
    assert!((0..5).all(|n| site.contains_key(&format!("blog/new{n}/index.html"))));
}

#[tokio::test(flavor = "multi_thread")]
async fn approve_tries_once_more_what_was_set_aside() {
    let world = published().await;
    world.put(KILLER, asking("Killer")).await;
    until_one_lives(&world, &keys([KILLER])).await;
    assert!(!world.site().await.contains_key("blog/killer/index.html"));
    let reports = process(&world, &Work::Approve, 0).await.unwrap();
    assert!(told(&reports).is_empty());
    assert!(world.site().await.contains_key("blog/killer/index.html"));
    let now = root(&world).await;
    assert!(is_clean(&now) && now.set_aside.is_empty(), "{now:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_builder_on_another_machine_waits_until_an_attempt_must_be_over() {
    let world = published().await;
    world.put(KILLER, asking("Killer")).await;
    let mut died = 0;
    loop {
        let (abyss, release) = Abyss::new(usize::MAX);
        let builder = world.builder().with_web(abyss.clone());
        let is_over = tokio::select! {
            reports = builder.run(keys([KILLER])) => reports.is_ok(),
            () = abyss.reached.notified() => false,
        };
        drop((builder, release));
        if is_over {
            break;
        }
        died += 1;
        assert!(root(&world).await.suspects.len() < 2);
        // The event comes again.
        world.host.advance(Duration::from_secs(6 * 60));
    }
    assert!((2..=6).contains(&died), "{died}");
    assert_eq!(root(&world).await.set_aside.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_render_that_panics_is_a_death_that_the_process_survives() {
    let world = published().await;
    world.put(KILLER, asking("Killer")).await;
    world.put("content/blog/good.md", plain("Good")).await;
    let builder = world.builder().with_web(Arc::new(Panics));
    let work = keys([KILLER, "content/blog/good.md"]);
    let mut panics = 0;
    let reports = loop {
        match builder.run(work.clone()).await {
            Ok(reports) => break reports,
            Err(BuildError::Rendering(_)) => panics += 1,
            Err(error) => panic!("{error}"),
        }
        assert!(panics < 10);
    };
    assert_eq!(panics, 4);
    assert!(told(&reports).contains(&KILLER));
    assert!(world.site().await.contains_key("blog/good/index.html"));
    assert!(is_clean(&root(&world).await));
}

/// Somebody who stops a command says so: it is no death, however often.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_is_broken_off_by_intention_is_no_death() {
    let world = published().await;
    let good = "content/blog/good.md";
    world.put(KILLER, asking("Killer")).await;
    world.put(good, plain("Good")).await;
    for work in [keys([KILLER]), keys([KILLER, good]), Work::Reconcile] {
        for _ in 0..3 {
            let (abyss, release) = Abyss::new(usize::MAX);
            let builder = world.builder().with_web(abyss.clone());
            builder.end_own_lease().await.unwrap();
            tokio::select! {
                _ = builder.run(work.clone()) => panic!("it lives"),
                () = abyss.reached.notified() => {}
            }
            assert_eq!(root(&world).await.attempts.len(), 1);
            builder.abandon().await.unwrap();
            drop(release);
            let now = root(&world).await;
            assert!(
                now.attempts.is_empty() && now.suspects.is_empty(),
                "{now:?}"
            );
            assert!(now.hints.contains_key(KILLER));
        }
    }
    process(&world, &keys([]), 0).await.unwrap();
    assert!(is_clean(&root(&world).await));
    world.assert_incremental_equals_clean("broken off").await;
    // Where nothing is under way there is nothing to say.
    let before = root(&world).await;
    world.builder().abandon().await.unwrap();
    assert_eq!(root(&world).await, before);
}

/// No GET of the source bucket is answered.
#[derive(Debug)]
struct NoSource;

impl Intercept for NoSource {
    fn name(&self) -> &'static str {
        "NoSource"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let request = context.request();
        if request.method() == "GET" && request.uri().contains("/source/") {
            Err("no way there".into())
        } else {
            Ok(())
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_of_the_network_is_no_death() {
    let world = published().await;
    let edited = ["content/blog/a.md", "content/blog/b.md"];
    for key in edited {
        world.put(key, plain("New")).await;
    }
    for work in [keys(edited), keys([edited[0]])] {
        for _ in 0..4 {
            let no_source = Some(shared(NoSource));
            let builder = world.builder_over(["source", "site", "state"], no_source);
            assert!(builder.run(work.clone()).await.is_err());
            let now = root(&world).await;
            assert!(
                now.attempts.is_empty() && now.suspects.is_empty(),
                "{now:?}"
            );
        }
    }
    world.builder().run(keys(edited)).await.unwrap();
    assert!(is_clean(&root(&world).await));
    world.assert_incremental_equals_clean("no death").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_builder_comes_through_with_is_no_suspect() {
    let world = published().await;
    world.put("content/blog/a.md", asking("A2")).await;
    for _ in 0..3 {
        // Somebody dies of something else, and the event comes again.
        let (abyss, release) = Abyss::new(1);
        let builder = world.builder().with_web(abyss.clone());
        tokio::select! {
            _ = builder.run(keys(["content/blog/a.md"])) => panic!("it lives"),
            () = abyss.reached.notified() => {}
        }
        drop((builder, release));
    }
    assert_eq!(root(&world).await.attempts.len(), 3);
    let (abyss, _release) = Abyss::new(0);
    let builder = world.builder().with_web(abyss);
    builder.run(keys(["content/blog/a.md"])).await.unwrap();
    let now = root(&world).await;
    assert!(is_clean(&now) && now.set_aside.is_empty(), "{now:?}");
}

async fn puts(world: &World, builder: &Builder, title: &str) -> u64 {
    world.put("content/blog/a.md", plain(title)).await;
    let reports = builder.run(keys(["content/blog/a.md"])).await.unwrap();
    reports[0].requests.put
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mark_costs_one_write_in_the_first_run_of_a_process_and_none_later() {
    let world = published().await;
    puts(&world, &world.builder(), "Zero").await;
    let builder = world.builder();
    let first = puts(&world, &builder, "One").await;
    let second = puts(&world, &builder, "Two").await;
    let third = puts(&world, &builder, "Six").await;
    assert_eq!((first - 1, third), (second, second));
    // Nothing new is nothing to note, whoever asks.
    let before = root(&world).await;
    world
        .builder()
        .run(keys(["content/blog/a.md"]))
        .await
        .unwrap();
    world.builder().run(Work::Reconcile).await.unwrap();
    assert_eq!(root(&world).await, before);
}
