//! What happens to an original, and to a thumbnail, in each gap between two requests.

use super::bucket::{Bucket, made_of, run};
use super::{Grant, IMMUTABLE, MakeOutcome, make, picture, rules};
use quillfront_image_urls::Version;

const ORIGINAL: &str = "photos/cat.jpg";
const KEY: &str = "img/photos/cat.jpg/width=640";
const PATH: &str = "/img/photos/cat.jpg/width%3D640";

/// So many requests are made where nothing happens.
const CALM: usize = 4;

/// An original that is read in two parts.
fn cat() -> Vec<u8> {
    b"a cat ".repeat(20_000)
}

fn made(bucket: &Bucket) -> MakeOutcome {
    made_at(bucket, PATH)
}

fn made_at(bucket: &Bucket, path: &str) -> MakeOutcome {
    run(make(bucket, bucket, path, Grant::Free, &rules())).unwrap()
}

/// What is stored is of the original that is there.
fn check(bucket: &Bucket) {
    if let Some(stored) = bucket.object(KEY) {
        assert_eq!(made_of(&stored), bucket.etag(ORIGINAL), "stale");
    }
}

#[test]
fn a_calm_run_takes_few_requests() {
    let bucket = Bucket::with(ORIGINAL, b"a cat");
    picture(made(&bucket));
    assert_eq!(bucket.requests(), CALM);
    let bucket = Bucket::with(ORIGINAL, &cat());
    picture(made(&bucket));
    assert_eq!(bucket.requests(), CALM + 1);
}

#[test]
fn an_original_that_is_replaced_leaves_no_stale_thumbnail() {
    for gap in 0..=CALM {
        let bucket = Bucket::with(ORIGINAL, &cat());
        bucket.before(gap, |bucket| bucket.put_original(ORIGINAL, b"a dog"));
        let picture = picture(made(&bucket));
        check(&bucket);
        assert!(picture.bytes.starts_with(b"a dog"), "{gap}");
        assert!(bucket.object(KEY).is_some());
    }
}

#[test]
fn an_original_that_is_deleted_leaves_nothing() {
    for gap in 0..=CALM {
        let bucket = Bucket::with(ORIGINAL, &cat());
        bucket.before(gap, |bucket| bucket.remove(ORIGINAL));
        match made(&bucket) {
            MakeOutcome::Answer(answer) => assert_eq!(answer.status.as_u16(), 404, "{gap}"),
            MakeOutcome::Picture(_) => panic!("{gap}: a picture of nothing"),
        }
        assert!(bucket.keys().is_empty(), "{gap}");
    }
}

/// As the builder does it: the original first, then its thumbnails.
#[test]
fn a_builder_that_drops_thumbnails_meanwhile_is_not_undone() {
    for replaced in 0..=CALM {
        for dropped in replaced..=CALM {
            let bucket = Bucket::with(ORIGINAL, &cat());
            bucket.before(replaced, move |bucket| {
                bucket.put_original(ORIGINAL, b"a dog");
                bucket.before(dropped, |bucket| bucket.remove(KEY));
            });
            made(&bucket);
            check(&bucket);
        }
    }
}

#[test]
fn two_functions_on_one_key_store_one_thumbnail() {
    for gap in 0..=CALM {
        let bucket = Bucket::with(ORIGINAL, &cat());
        bucket.before(gap, |bucket| drop(made(bucket)));
        let picture = picture(made(&bucket));
        check(&bucket);
        assert_eq!(bucket.object(KEY).unwrap().bytes, picture.bytes);
        assert_eq!(bucket.made(), 2, "{gap}");
    }
}

#[test]
fn a_stale_thumbnail_gives_way() {
    // Another function was killed between its put and its second look.
    let bucket = Bucket::with(ORIGINAL, b"a dog");
    made(&bucket);
    bucket.put_original(ORIGINAL, &cat());
    let picture = picture(made(&bucket));
    check(&bucket);
    assert!(picture.bytes.starts_with(b"a cat"));
    assert_eq!(bucket.object(KEY).unwrap().bytes, picture.bytes);
}

#[test]
fn a_full_bucket_keeps_nobody_from_a_picture() {
    let bucket = Bucket::with(ORIGINAL, b"a cat");
    bucket.is_full.set(true);
    let picture = picture(made(&bucket));
    assert_eq!(
        picture.answer.headers.get("cache-control"),
        Some("public, max-age=60")
    );
    assert_eq!(bucket.keys(), [ORIGINAL]);
}

/// Nobody knows of a thumbnail that was stored without an answer, but it is no less stale.
#[test]
fn a_put_whose_answer_is_lost_has_its_second_look() {
    for gap in 0..=CALM + 1 {
        let bucket = Bucket::with(ORIGINAL, &cat());
        bucket.loses_answers.set(true);
        bucket.before(gap, |bucket| bucket.put_original(ORIGINAL, b"a dog"));
        let picture = picture(made(&bucket));
        check(&bucket);
        assert!(picture.bytes.starts_with(b"a dog"), "{gap}");

        let bucket = Bucket::with(ORIGINAL, &cat());
        bucket.loses_answers.set(true);
        bucket.before(gap, |bucket| bucket.remove(ORIGINAL));
        match made(&bucket) {
            MakeOutcome::Answer(answer) => assert_eq!(answer.status.as_u16(), 404, "{gap}"),
            MakeOutcome::Picture(_) => panic!("{gap}: a picture of nothing"),
        }
        assert!(bucket.keys().is_empty(), "{gap}");
    }
}

/// An original that is another one at every request.
#[test]
fn an_original_that_never_settles_ends() {
    fn change(bucket: &Bucket) {
        bucket.put_original(ORIGINAL, bucket.requests().to_string().as_bytes());
        bucket.before(bucket.requests(), change);
    }
    let bucket = Bucket::with(ORIGINAL, b"a cat");
    bucket.before(1, change);
    match made(&bucket) {
        MakeOutcome::Answer(answer) => {
            assert_eq!(answer.status.as_u16(), 503);
            assert!(answer.headers.contains("retry-after"));
        }
        MakeOutcome::Picture(picture) => panic!("{picture:?}"),
    }
    assert_eq!(bucket.keys(), [ORIGINAL]);

    // Between the reads it stays: what was made last is shown, and kept nowhere.
    fn change_later(bucket: &Bucket) {
        bucket.put_original(ORIGINAL, bucket.requests().to_string().as_bytes());
        bucket.before(bucket.requests() + 4, change_later);
    }
    let bucket = Bucket::with(ORIGINAL, b"a cat");
    bucket.before(3, change_later);
    picture(made(&bucket));
    assert_eq!(bucket.keys(), [ORIGINAL]);
}

/// A URL whose version the original never had, one after another, as somebody would ask who wants to keep the function
/// busy.
#[test]
fn invented_versions_make_one_picture() {
    let bucket = Bucket::with(ORIGINAL, &cat());
    let mut answers = Vec::new();
    for number in 0..50 {
        let path = format!("{PATH},v={number:016x}");
        let made = made_at(&bucket, &path);
        answers.push(picture(made));
    }
    assert_eq!(bucket.made(), 1);
    assert_eq!(bucket.keys(), [KEY, ORIGINAL]);
    check(&bucket);
    for answer in &answers {
        assert_eq!(answer.answer, answers[0].answer);
        assert!(answer.bytes == answers[0].bytes);
        let cache_control = answer.answer.headers.get("cache-control");
        assert_eq!(cache_control, Some("public, max-age=60"));
    }
    // The right one is kept for a year.
    let right = format!("{KEY},v={}", Version::of(&cat()));
    let kept = picture(made_at(&bucket, &format!("/{right}")));
    assert_eq!(kept.bytes, answers[0].bytes);
    let cache_control = kept.answer.headers.get("cache-control");
    assert_eq!(cache_control, Some(IMMUTABLE));
    assert_eq!(bucket.keys(), [KEY, &right, ORIGINAL]);
}

#[test]
fn an_original_that_is_replaced_while_an_invented_version_is_answered() {
    // Looked at, the picture without a version opened, and what a calm run does.
    for (stored, requests) in [(false, CALM + 1), (true, 2)] {
        for gap in 0..requests {
            let bucket = Bucket::with(ORIGINAL, &cat());
            if stored {
                picture(made(&bucket));
            }
            let gap = bucket.requests() + gap;
            bucket.before(gap, |bucket| bucket.put_original(ORIGINAL, b"a dog"));
            let path = format!("{PATH},v=0123456789abcdef");
            picture(made_at(&bucket, &path));
            if !stored {
                check(&bucket);
            }
            // Whoever comes after it sees it.
            let later = picture(made_at(&bucket, &path));
            assert!(later.bytes.starts_with(b"a dog"), "{stored} {gap}");
            check(&bucket);
        }
    }
}
