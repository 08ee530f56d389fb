//! An S3 endpoint with buckets, builders over it, and trees to compare.

use crate::alone::is_broken;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Intercept, SharedInterceptor};
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::EncodingType;
use futures::future::BoxFuture;
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use quillfront_local::s3::{self, Credentials, Store};
use quillfront_local::site::{self, Site, SiteOptions};
use quillfront_publish::aws;
use quillfront_publish::bucket::attempts::Attempt;
use quillfront_publish::bucket::root::Root;
use quillfront_publish::bucket::run::Work;
use quillfront_publish::bucket::store::Place;
use quillfront_publish::bucket::{BuildError, Builder, Host, Options, Places};
use quillfront_publish::fetch::Fetch;
use quillfront_render::remote::Request;
use quillfront_site::key::SourceKey;
use quillfront_site::quillfront_toml::AllowedHosts;
use quillfront_site::report::Report;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::TcpListener;

pub const SOURCE: &str = "source";
pub const SITE: &str = "site";
pub const STATE: &str = "state";
/// Of one builder.
pub const ALL: [&str; 3] = [SOURCE, SITE, STATE];

/// A clock that stands still unless it is moved, and names in order.
pub struct TestHost {
    now_ms: AtomicI64,
    ids: AtomicU64,
}

impl TestHost {
    pub fn new() -> Arc<Self> {
        let start: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        Arc::new(Self {
            now_ms: AtomicI64::new(start.as_millisecond()),
            ids: AtomicU64::new(0),
        })
    }

    /// A clock that is ahead of this one, with names of its own.
    pub fn ahead(&self, by: Duration) -> Arc<Self> {
        Arc::new(Self {
            now_ms: AtomicI64::new(self.now_ms() + by.as_millis() as i64),
            ids: AtomicU64::new(1_000_000),
        })
    }

    pub fn now_ms(&self) -> i64 {
        self.now_ms.load(Ordering::SeqCst)
    }

    pub fn advance(&self, duration: Duration) {
        self.now_ms
            .fetch_add(duration.as_millis() as i64, Ordering::SeqCst);
    }
}

impl Host for TestHost {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.now_ms.load(Ordering::SeqCst)).unwrap()
    }

    /// Waiting takes a little real time, so that others get on, and much of the test's.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.advance(duration);
        Box::pin(tokio::time::sleep(Duration::from_millis(1)))
    }

    fn new_id(&self) -> String {
        format!("id{}", self.ids.fetch_add(1, Ordering::SeqCst))
    }
}

/// A network of known answers, which counts what it is asked.
#[derive(Default)]
pub struct TestWeb {
    answers: Mutex<BTreeMap<String, String>>,
    asked: Mutex<Vec<String>>,
}

impl TestWeb {
    pub fn set(&self, url: &str, text: &str) {
        self.answers.lock().unwrap().insert(url.into(), text.into());
    }

    pub fn break_down(&self, url: &str) {
        self.answers.lock().unwrap().remove(url);
    }

    /// What was asked since it was last looked at.
    pub fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

impl Fetch for TestWeb {
    fn fetch(&self, request: &Request, _: &AllowedHosts, _: Duration) -> Result<String, String> {
        self.asked.lock().unwrap().push(request.url.clone());
        let answers = self.answers.lock().unwrap();
        answers
            .get(&request.url)
            .cloned()
            .ok_or_else(|| "nobody answers".into())
    }
}

/// An endpoint with any number of buckets.
pub struct World {
    /// What each source was, one version after another; none where its author removed it.
    history: Mutex<BTreeMap<String, Vec<Option<Vec<u8>>>>>,
    _dir: TempDir,
    endpoint: String,
    cloudfront: String,
    store: Store,
    pub client: Client,
    pub host: Arc<TestHost>,
    pub web: Arc<TestWeb>,
}

/// Key to bytes, Content-Type, Cache-Control, metadata.
pub type Tree = BTreeMap<String, (Vec<u8>, String, String, BTreeMap<String, String>)>;

impl World {
    pub async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        for bucket in [SOURCE, SITE, STATE] {
            store.create_bucket(bucket).await.unwrap();
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let keys = Credentials {
            access_key: "key".into(),
            secret_key: "secret".into(),
        };
        tokio::spawn(s3::serve(
            store.clone(),
            listener,
            keys,
            std::future::pending(),
        ));
        let options = SiteOptions {
            bucket: SITE.into(),
            distribution_id: "TEST".into(),
            live_reload: false,
            image_keys: Default::default(),
        };
        let site = Site::new(store.clone(), options);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let cloudfront = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(site::serve(
            site.cloudfront_router(),
            listener,
            std::future::pending(),
        ));
        let client = s3_client(&endpoint, None);
        Self {
            history: Mutex::default(),
            _dir: dir,
            endpoint,
            cloudfront,
            store,
            client,
            host: TestHost::new(),
            web: Arc::default(),
        }
    }

    /// An S3 client whose requests pass an interceptor.
    pub fn client_with(&self, interceptor: SharedInterceptor) -> Client {
        s3_client(&self.endpoint, Some(interceptor))
    }

    pub fn builder(&self) -> Builder {
        self.builder_over(ALL, None)
    }

    /// A builder whose requests pass an interceptor.
    pub fn builder_over(
        &self,
        buckets: [&str; 3],
        interceptor: Option<SharedInterceptor>,
    ) -> Builder {
        self.builder_with(buckets, interceptor, Options::default())
    }

    pub fn builder_with(
        &self,
        buckets: [&str; 3],
        interceptor: Option<SharedInterceptor>,
        options: Options,
    ) -> Builder {
        let places = buckets.map(|bucket| format!("s3://{bucket}").parse().unwrap());
        self.builder_of(places, interceptor, options)
    }

    /// A builder with a state of its own, whose site lies elsewhere.
    pub fn builder_at(&self, site: &str, options: Options) -> Builder {
        let state = format!("s3://{STATE}/another");
        let places = [&format!("s3://{SOURCE}"), site, &state];
        let places = places.map(|place| place.parse().unwrap());
        self.builder_of(places, None, options)
    }

    fn builder_of(
        &self,
        [source, site, state]: [Place; 3],
        interceptor: Option<SharedInterceptor>,
        options: Options,
    ) -> Builder {
        let places = Places {
            source,
            site,
            state,
            distribution: Some("TEST".into()),
        };
        let config = fixed_config()
            .to_builder()
            .endpoint_url(&self.cloudfront)
            .build();
        let mut cloudfront = aws_sdk_cloudfront::config::Builder::from(&config);
        if let Some(interceptor) = interceptor.clone() {
            cloudfront.push_interceptor(interceptor);
        }
        let cloudfront = aws_sdk_cloudfront::Client::from_conf(cloudfront.build());
        let s3 = s3_client(&self.endpoint, interceptor);
        Builder::new(s3, Some(cloudfront), places, options)
            .with_host(self.host.clone())
            .with_web(self.web.clone())
    }

    fn remember(&self, key: &str, bytes: Option<Vec<u8>>) {
        let mut history = self.history.lock().unwrap();
        history.entry(key.to_owned()).or_default().push(bytes);
    }

    pub async fn put(&self, key: &str, bytes: impl Into<Vec<u8>>) {
        let bytes = bytes.into();
        self.remember(key, Some(bytes.clone()));
        let body = ByteStream::from(bytes);
        self.client
            .put_object()
            .bucket(SOURCE)
            .key(key)
            .body(body)
            .send()
            .await
            .unwrap();
    }

    pub async fn remove(&self, key: &str) {
        self.remember(key, None);
        self.client
            .delete_object()
            .bucket(SOURCE)
            .key(key)
            .send()
            .await
            .unwrap();
    }

    pub async fn etag(&self, bucket: &str, key: &str) -> String {
        let head = self.client.head_object().bucket(bucket).key(key);
        let head = head.send().await.unwrap();
        head.e_tag().unwrap().trim_matches('"').to_owned()
    }

    /// Writes into the root that an attempt with this version of a file alone has ended without a word.
    pub async fn note_death(&self, root: Root, key: &str, version: &str) {
        self.note_death_of(root, &[key], Some(version)).await;
    }

    /// Writes into the root that an attempt with these files has ended without a word.
    pub async fn note_death_of(&self, mut root: Root, keys: &[&str], version: Option<&str>) {
        let attempt = Attempt {
            keys: keys.iter().map(ToString::to_string).collect(),
            version: version.map(str::to_owned),
            until_ms: 0,
        };
        let id = format!("dead-{}", self.host.ids.fetch_add(1, Ordering::SeqCst));
        root.attempts.insert(id, attempt);
        let body = ByteStream::from(serde_json::to_vec(&root).unwrap());
        let put = self.client.put_object().bucket(STATE).key("root.json");
        put.body(body).send().await.unwrap();
    }

    /// What the site bucket has.
    pub async fn site(&self) -> Tree {
        self.tree(SITE).await
    }

    pub async fn tree(&self, bucket: &str) -> Tree {
        let mut tree = Tree::new();
        let listed = self
            .client
            .list_objects_v2()
            .bucket(bucket)
            .encoding_type(EncodingType::Url)
            .into_paginator()
            .send();
        let pages: Vec<_> = listed.collect::<Result<_, _>>().await.unwrap();
        let keys = pages.iter().flat_map(|page| page.contents());
        let keys = keys.filter_map(|object| object.key());
        for key in keys.map(|key| key.replace('+', " ")) {
            let key = percent_decode_str(&key).decode_utf8().unwrap();
            let key = &*key;
            let got = self
                .client
                .get_object()
                .bucket(bucket)
                .key(key)
                .send()
                .await;
            let got = match got {
                Ok(got) => got,
                // A request of a builder that just died may still be under way.
                Err(error) if error.code() == Some("NoSuchKey") => continue,
                Err(error) => panic!("{error:?}"),
            };
            let content_type = got.content_type().unwrap_or_default().to_owned();
            let cache_control = got.cache_control().unwrap_or_default().to_owned();
            let metadata = got
                .metadata()
                .cloned()
                .unwrap_or_default()
                .into_iter()
                .collect();
            let bytes = got.body.collect().await.unwrap().to_vec();
            tree.insert(
                key.to_owned(),
                (bytes, content_type, cache_control, metadata),
            );
        }
        tree
    }

    /// The sources that count (invariant 1): what is in the bucket, but for files that are broken,
    /// that were set aside, that wait, or whose change is held. Only of those the state has to know what they were before, and that
    /// must be something that their author once wrote. So a change that nobody ever looked at shows.
    async fn effective(&self) -> BTreeMap<String, Vec<u8>> {
        let dir = tempfile::tempdir().unwrap();
        self.builder().write_effective(dir.path()).await.unwrap();
        let mut kept = files(dir.path());
        let mut held = BTreeSet::new();
        if let Some((root, state)) = self.builder().look().await.unwrap() {
            held.extend(root.held.into_iter().flat_map(|held| held.keys));
            held.extend(root.set_aside.into_keys());
            let waiting = state.sources.waiting();
            held.extend(waiting.map(|(key, _)| key.to_string()));
        }
        let source = self.tree(SOURCE).await.into_iter();
        let mut effective: BTreeMap<String, Vec<u8>> = source
            .filter(|(key, object)| !held.contains(key) && !is_broken(key, &object.0))
            .map(|(key, object)| (key, object.0))
            .collect();
        kept.retain(|key, _| !effective.contains_key(key));
        let history = self.history.lock().unwrap();
        for (key, bytes) in kept {
            let versions = history.get(&key).map_or(&[][..], Vec::as_slice);
            let was_removed = versions.last() == Some(&None);
            assert!(
                !was_removed || held.contains(&key),
                "{key} was removed, and still counts"
            );
            let known = versions.iter().flatten().any(|version| *version == bytes);
            assert!(known, "{key} counts as something that it never was");
            effective.insert(key, bytes);
        }
        effective
    }

    /// The tree that a clean build of the effective sources makes, in buckets of its own. Also
    /// which outputs it cannot make.
    pub async fn clean(&self) -> (Tree, BTreeSet<String>) {
        let number = self.host.ids.fetch_add(1, Ordering::SeqCst);
        let buckets = ["source", "site", "state"].map(|name| format!("clean-{number}-{name}"));
        for bucket in &buckets {
            self.store.create_bucket(bucket).await.unwrap();
        }
        for (key, bytes) in self.effective().await {
            let put = self.client.put_object().bucket(&buckets[0]).key(key);
            put.body(ByteStream::from(bytes)).send().await.unwrap();
        }
        // With the same `now`, which is the published tree's.
        let root = self.builder().look().await.unwrap();
        let options = Options {
            now: root.map(|(root, _)| root.now.parse().unwrap()),
            all_accepted: true,
            ..Options::default()
        };
        let builder = self.builder_with([&buckets[0], &buckets[1], &buckets[2]], None, options);
        let reports = builder.run(Work::Reconcile).await.unwrap();
        let stale = reports
            .iter()
            .flat_map(|report| &report.outputs)
            .filter(|output| {
                output
                    .actions
                    .contains(&quillfront_site::report::Action::Stale)
            });
        let stale = stale.map(|output| output.key.clone()).collect();
        (self.tree(&buckets[1]).await, stale)
    }

    /// Invariant 1.
    pub async fn assert_incremental_equals_clean(&self, story: &str) {
        let (clean, mut stale) = self.clean().await;
        // Pictures of before wait for their time.
        let root = self.builder().look().await.unwrap().map(|(root, _)| root);
        stale.extend(
            root.into_iter()
                .flat_map(|root| root.unreferenced.into_keys()),
        );
        let keep = |tree: Tree| -> Tree {
            tree.into_iter()
                .filter(|(key, _)| !stale.contains(key))
                .collect()
        };
        assert_same(&keep(self.site().await), &keep(clean), story);
    }
}

/// All files of a folder, by their paths in it.
fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let (mut found, mut paths) = (BTreeMap::new(), vec![root.to_owned()]);
    while let Some(path) = paths.pop() {
        if path.is_dir() {
            paths.extend(path.read_dir().unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let key = path.strip_prefix(root).unwrap().to_str().unwrap();
        found.insert(key.to_owned(), std::fs::read(&path).unwrap());
    }
    found
}

/// Compares trees, and says where they differ in a way that can be read.
pub fn assert_same(got: &Tree, expected: &Tree, story: &str) {
    let keys: BTreeSet<&String> = got.keys().chain(expected.keys()).collect();
    for key in keys {
        match (got.get(key), expected.get(key)) {
            (Some(got), Some(expected)) if got == expected => {}
            (Some(got), Some(expected)) => panic!(
                "{story}: {key} differs\n--- published\n{}\n{:?}\n--- clean\n{}\n{:?}",
                String::from_utf8_lossy(&got.0),
                (&got.1, &got.2, &got.3),
                String::from_utf8_lossy(&expected.0),
                (&expected.1, &expected.2, &expected.3),
            ),
            (Some(_), None) => panic!("{story}: {key} should not be there"),
            (None, _) => panic!("{story}: {key} is missing"),
        }
    }
}

pub fn keys<'a>(list: impl IntoIterator<Item = &'a str>) -> Work {
    Work::Keys(list.into_iter().map(SourceKey::from).collect())
}

/// Runs a builder the way a queue does: again after a failure, later.
pub async fn until_done(world: &World, builder: &Builder, work: &Work) -> Vec<Report> {
    for _ in 0..20 {
        match builder.run(work.clone()).await {
            Ok(reports) => return reports,
            Err(BuildError::LostRace) => world.host.advance(Duration::from_secs(1)),
            Err(error) => panic!("{error}"),
        }
    }
    panic!("never done");
}

/// Has a builder come through a run with nothing to do. From then on it notes no attempts before it
/// renders: the first root that it writes takes the lease, and the next one commits.
pub async fn come_through(builder: &Builder) {
    builder.run(keys([])).await.unwrap();
}

fn fixed_config() -> aws_config::SdkConfig {
    let credentials = aws_credential_types::Credentials::new("key", "secret", None, None, "test");
    aws::fixed(Duration::from_secs(30), credentials, "us-east-1")
}

fn s3_client(endpoint: &str, interceptor: Option<SharedInterceptor>) -> Client {
    let config = fixed_config().to_builder().endpoint_url(endpoint).build();
    let mut config = aws_sdk_s3::config::Builder::from(&config).force_path_style(true);
    if let Some(interceptor) = interceptor {
        config.push_interceptor(interceptor);
    }
    Client::from_conf(config.build())
}

/// Wraps an interceptor.
pub fn shared(interceptor: impl Intercept + 'static) -> SharedInterceptor {
    SharedInterceptor::new(interceptor)
}

/// A small blog, by key.
pub fn blog() -> Vec<(&'static str, String)> {
    let post = |title: &str, date: &str, tag: &str| {
        format!(
            "+++\ntitle = \"{title}\"\ndate = {date}\n[taxonomies]\ntags = [\"{tag}\"]\n+++\nText of {title}.\n"
        )
    };
    vec![
        (
            "config.toml",
            "base_url = \"https://example.org\"\ntitle = \"Blog\"\ngenerate_feeds = true\n\
             taxonomies = [{ name = \"tags\" }]\n"
                .into(),
        ),
        ("content/_index.md", "+++\ntitle = \"Home\"\n+++\nHello.\n".into()),
        ("content/blog/_index.md", "+++\ntitle = \"Blog\"\nsort_by = \"date\"\n+++\n".into()),
        ("content/blog/a.md", post("A", "2026-01-01", "x")),
        ("content/blog/b.md", post("B", "2026-01-02", "y")),
        ("content/blog/c/index.md", post("C", "2026-01-03", "x")),
        ("content/blog/c/note.txt", "beside".into()),
        ("static/site.css", "body { color: black }".into()),
        (
            "templates/base.html",
            "<title>{{ config.title }}</title><link rel=stylesheet href=\"{{ get_url(path='site.css', cachebust=true) }}\">\
             {% set blog = get_section(path=\"blog/_index.md\", allow_missing=true) %}\
             <aside>{% if blog %}{% for p in blog.pages %}{{ p.title }} {% endfor %}{% endif %}</aside>\
             {% block main %}{% endblock %}"
                .into(),
        ),
        ("templates/page.html", "{% extends \"base.html\" %}{% block main %}<h1>{{ page.title }}</h1>{{ page.content | safe }}{% if page.lower %}{{ page.lower.title }}{% endif %}{% endblock %}".into()),
        ("templates/section.html", "{% extends \"base.html\" %}{% block main %}{{ section.content | safe }}{% for p in section.pages %}<a href=\"{{ p.permalink }}\">{{ p.title }}</a>{% endfor %}{% endblock %}".into()),
        ("templates/index.html", "{% extends \"section.html\" %}".into()),
        ("templates/taxonomy_list.html", "{% extends \"base.html\" %}{% block main %}{% for t in terms %}{{ t.name }} {{ t.page_count }}{% endfor %}{% endblock %}".into()),
        ("templates/taxonomy_single.html", "{% extends \"base.html\" %}{% block main %}{% for p in term.pages %}{{ p.title }}{% endfor %}{% endblock %}".into()),
    ]
}

/// The text of one file of it.
pub fn file_of_blog(key: &str) -> String {
    let found = blog().into_iter().find(|(own, _)| *own == key);
    found.expect("a file of the blog").1
}

/// Uploads the blog and publishes it.
pub async fn published_blog() -> World {
    let world = World::new().await;
    for (key, text) in blog() {
        world.put(key, text).await;
    }
    let reports = world.builder().run(Work::Reconcile).await.unwrap();
    assert_eq!(reports.len(), 1);
    assert!(
        reports[0].diagnostics.is_empty(),
        "{:?}",
        reports[0].diagnostics
    );
    world
}

/// A grey PNG.
pub fn grey(level: u8) -> Vec<u8> {
    use image::{GrayImage, ImageFormat, Luma};
    let image = GrayImage::from_pixel(8, 8, Luma([level]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}
