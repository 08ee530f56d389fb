//! The thumbnail function over an S3 that fails: slow, refusing, cut, closed and lost answers at each request; the
//! original replaced and deleted in each gap; two functions on one key. A reader gets the right picture or an error that
//! nobody keeps, in time, and nothing stale stays.

mod proxy;
mod world;

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::iter;
use image::{DynamicImage, ImageFormat, RgbImage};
use proxy::{Change, Fault, Harm, Proxy, Rule, Which};
use quillfront_headers::Original;
use quillfront_local::functions::{Function, Options};
use world::{BUCKET, Reply, SECRET, Storage, asked, options, put};

const RULES: &str = "_quillfront/rules.json";
/// How long a request may last. A silent one is tried again after five seconds.
const LIMIT: Duration = Duration::from_secs(12);
/// Functions at a time.
const AT_ONCE: usize = 16;
const FAULTS: [Fault; 6] = [
    Fault::Silent,
    Fault::Slow,
    Fault::SlowDown,
    Fault::Cut,
    Fault::Closed,
    Fault::Lost,
];

/// The requests of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Rules,
    Look,
    Header,
    Rest,
    Put,
    SecondLook,
    /// Where the original was replaced before the put.
    Delete,
}

const GAPS: [Step; 6] = [
    Step::Rules,
    Step::Look,
    Step::Header,
    Step::Rest,
    Step::Put,
    Step::SecondLook,
];

impl Step {
    fn rule(self, original: &str, is_for_ever: bool, harm: Harm) -> Rule {
        let (method, key, number) = match self {
            Self::Rules => ("GET", RULES.to_owned(), 1),
            Self::Look => ("HEAD", original.to_owned(), 1),
            Self::Header => ("GET", original.to_owned(), 1),
            Self::Rest => ("GET", original.to_owned(), 2),
            Self::Put => ("PUT", variant(original), 1),
            Self::SecondLook => ("HEAD", original.to_owned(), 2),
            Self::Delete => ("DELETE", variant(original), 1),
        };
        let which = if is_for_ever {
            Which::From(number)
        } else {
            Which::Only(number)
        };
        Rule {
            method,
            key,
            which,
            harm,
        }
    }
}

fn variant(original: &str) -> String {
    format!("img/{original}/width=77,format=webp")
}

/// A picture that is read in two parts.
fn picture(seed: u32) -> Bytes {
    let mut state = seed;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    };
    let pixels = (0..200 * 150 * 3).map(|_| next()).collect();
    let picture = DynamicImage::ImageRgb8(RgbImage::from_raw(200, 150, pixels).unwrap());
    let mut png = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut png, ImageFormat::Png).unwrap();
    assert!(png.get_ref().len() > 70_000);
    png.into_inner().into()
}

/// A function behind a proxy, and two pictures with their thumbnails.
struct World {
    function: Function,
    proxy: Proxy,
    storage: Storage,
    originals: [Bytes; 2],
    thumbnails: [Bytes; 2],
}

impl World {
    async fn new() -> Self {
        let storage = Storage::new().await;
        // Without these rules the width is not free.
        storage.put(RULES, r#"{"images":{"widths":[77]}}"#).await;
        let proxy = Proxy::start(storage.address, storage.store.clone()).await;
        let function = start(&storage, "function", &proxy.endpoint);
        let mut world = Self {
            function,
            proxy,
            storage,
            originals: [picture(1), picture(2)],
            thumbnails: [Bytes::new(), Bytes::new()],
        };
        let direct = format!("http://{}", world.storage.address);
        let calm = start(&world.storage, "calm", &direct);
        for number in 0..2 {
            let key = format!("calm/{number}.png");
            world
                .storage
                .put(&key, world.originals[number].clone())
                .await;
            let made = get(&calm, &key).await;
            assert_eq!(made.status, 200);
            world.thumbnails[number] = made.body;
        }
        assert!(world.thumbnails[0] != world.thumbnails[1]);
        world
    }

    /// A new original.
    async fn original(&self, key: &str) {
        self.storage.put(key, self.originals[0].clone()).await;
    }

    fn replace(&self, key: &str) -> Harm {
        Harm::Before(Change::Replace(key.to_owned(), self.originals[1].clone()))
    }

    /// The ETag of the original that the stored thumbnail was made of, if there is one.
    async fn stored(&self, original: &str) -> Option<String> {
        let object = self.storage.store.get(BUCKET, &variant(original)).await;
        let metadata = object.unwrap()?.meta.metadata;
        Some(Original::read(&metadata["qf-original"]).etag)
    }

    async fn assert_not_stale(&self, original: &str, what: &str) {
        if let Some(of) = self.stored(original).await {
            let now = self.storage.store.look(BUCKET, original);
            assert_eq!(now.map(|(etag, _)| etag), Some(of), "{what}: stale");
        }
    }
}

/// Starts a function whose processes have this S3.
fn start(storage: &Storage, name: &str, endpoint: &str) -> Function {
    let folder = storage.folder.path().join(name);
    Function::new(Options {
        time_limit: LIMIT,
        // A place is free once its process says that it is done, a moment after the answer.
        concurrency: 2 * AT_ONCE as u32,
        ..options(&folder, endpoint, SECRET)
    })
    .unwrap()
}

async fn get(function: &Function, original: &str) -> Reply {
    asked(function, "GET", &format!("/{}", variant(original)), false).await
}

/// A fault at a step of a run of its own, once or from then on.
async fn suffers(world: &World, step: Step, fault: Fault, is_for_ever: bool) {
    let what = format!("{step:?}, {fault:?}, for ever: {is_for_ever}");
    let key = format!("{step:?}-{fault:?}-{is_for_ever}.png");
    world.original(&key).await;
    let mut expected = &world.thumbnails[0];
    if step == Step::Delete {
        let replaced = Step::Put.rule(&key, false, world.replace(&key));
        world.proxy.add(replaced);
        expected = &world.thumbnails[1];
    }
    let rule = step.rule(&key, is_for_ever, Harm::Fault(fault));
    world.proxy.add(rule);
    let begin = Instant::now();
    let reply = get(&world.function, &key).await;
    assert!(begin.elapsed() < LIMIT, "{what}: {:?}", begin.elapsed());
    match reply.status {
        200 => assert!(reply.body == *expected, "{what}: another picture"),
        503 => assert_eq!(reply.headers["cache-control"], "no-store", "{what}"),
        other => panic!("{what}: {other}"),
    }
    // What a client tries again is no failure for its reader.
    let is_read = matches!(
        step,
        Step::Look | Step::Header | Step::Rest | Step::SecondLook
    );
    let is_passing = !is_for_ever && (is_read || fault == Fault::SlowDown);
    if fault == Fault::Slow || is_passing {
        assert_eq!(reply.status, 200, "{what}");
    }
    world.proxy.forget(&key);
    world.proxy.forget(RULES);
    // Rules that could not be read are asked for again after two seconds.
    let mut calm = get(&world.function, &key).await;
    while calm.status == 503 && step == Step::Rules && begin.elapsed() < 2 * LIMIT {
        tokio::time::sleep(Duration::from_millis(300)).await;
        calm = get(&world.function, &key).await;
    }
    assert_eq!(calm.status, 200, "{what}");
    assert!(calm.body == *expected, "{what}: another picture");
    world.assert_not_stale(&key, &what).await;
    assert!(world.stored(&key).await.is_some(), "{what}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_at_any_request_is_the_right_picture_or_an_error_in_time() {
    let world = World::new().await;
    let steps = [
        Step::Look,
        Step::Header,
        Step::Rest,
        Step::Put,
        Step::SecondLook,
        Step::Delete,
    ];
    let cases = FAULTS.iter().flat_map(|fault| {
        let each = steps.iter().map(move |step| (*step, *fault));
        each.flat_map(|(step, fault)| [(step, fault, false), (step, fault, true)])
    });
    let world = &world;
    let running = iter(cases).map(|(step, fault, is_for_ever)| async move {
        suffers(world, step, fault, is_for_ever).await;
    });
    running.buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
}

/// A process reads them once a while, so that each case has processes of its own.
#[tokio::test(flavor = "multi_thread")]
async fn a_fault_at_the_rules_is_the_right_picture_or_an_error_in_time() {
    let cases = FAULTS
        .iter()
        .flat_map(|fault| [(*fault, false), (*fault, true)]);
    let running = iter(cases).map(|(fault, is_for_ever)| async move {
        let world = World::new().await;
        suffers(&world, Step::Rules, fault, is_for_ever).await;
    });
    running.buffer_unordered(6).collect::<Vec<()>>().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_original_that_changes_in_any_gap_leaves_nothing_stale() {
    let world = World::new().await;
    for step in GAPS {
        let key = format!("replaced-{step:?}.png");
        world.original(&key).await;
        world.proxy.add(step.rule(&key, false, world.replace(&key)));
        // The processes of the step before know the rules.
        let function = start(&world.storage, &key, &world.proxy.endpoint);
        let reply = get(&function, &key).await;
        assert_eq!(reply.status, 200, "{step:?}");
        assert!(reply.body == world.thumbnails[1], "{step:?}: the old one");
        let (now, _) = world.storage.store.look(BUCKET, &key).unwrap();
        assert_eq!(world.stored(&key).await, Some(now), "{step:?}");
        world.proxy.forget("");

        let key = format!("deleted-{step:?}.png");
        world.original(&key).await;
        let deleted = Harm::Before(Change::Delete(key.clone()));
        world.proxy.add(step.rule(&key, false, deleted));
        let function = start(&world.storage, &key, &world.proxy.endpoint);
        assert_eq!(get(&function, &key).await.status, 404, "{step:?}");
        assert_eq!(world.stored(&key).await, None, "{step:?}");
        world.proxy.forget("");
    }
}

/// What was stored is not known, or not whether it is still right.
#[tokio::test(flavor = "multi_thread")]
async fn an_original_that_is_replaced_while_the_bucket_fails_leaves_nothing_stale() {
    let world = World::new().await;
    let faults = [
        (Step::Put, Fault::Lost, 200),
        (Step::Put, Fault::Cut, 200),
        (Step::SecondLook, Fault::SlowDown, 503),
        (Step::SecondLook, Fault::Closed, 503),
    ];
    for (step, fault, status) in faults {
        let key = format!("{step:?}-{fault:?}.png");
        world.original(&key).await;
        let replaced = Step::Put.rule(&key, false, world.replace(&key));
        world.proxy.add(replaced);
        world.proxy.add(step.rule(&key, true, Harm::Fault(fault)));
        let reply = get(&world.function, &key).await;
        assert_eq!(reply.status, status, "{key}");
        if status == 200 {
            assert!(reply.body == world.thumbnails[1], "{key}: the old one");
        }
        world.assert_not_stale(&key, &key).await;
        world.proxy.forget("");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_functions_on_one_key_make_one_thumbnail() {
    let world = World::new().await;
    let other = start(&world.storage, "other", &world.proxy.endpoint);
    for round in 0..20 {
        let key = format!("both-{round}.png");
        put(
            &world.storage.store,
            &key,
            world.originals[round % 2].clone(),
        )
        .await;
        let (one, two) = tokio::join!(get(&world.function, &key), get(&other, &key));
        assert_eq!((one.status, two.status), (200, 200), "{round}");
        assert!(one.body == two.body, "{round}");
        assert!(one.body == world.thumbnails[round % 2], "{round}");
        assert_eq!(one.headers, two.headers, "{round}");
        let (etag, size_bytes) = world.storage.store.look(BUCKET, &variant(&key)).unwrap();
        assert_eq!(one.headers["etag"], format!("\"{etag}\""));
        assert_eq!(size_bytes, one.body.len() as u64);
        world.assert_not_stale(&key, &key).await;
    }
}
