//! Signed URLs.

use quillfront_image_urls::sign;

use super::*;

const KEY: &str = "0123456789abcdef0123456789abcdef";
const OLD: &str = "an-older-key-of-this-site-0123456789";
const NOW: u64 = 1_798_761_599;

fn keys() -> Keys {
    Keys::read(&format!("{KEY},{OLD}")).unwrap()
}

fn signed_by(key: &str, options: &str, original: &str) -> String {
    let message = sign::message(options, original, NOW + 1, &rules().images);
    let signature = Keys::read(key).unwrap().sign(&message).unwrap();
    let original = crate::location::encode_path(original);
    format!("/img/{options},e={},s={signature}/{original}", NOW + 1)
}

/// The status, or the path of the thumbnail and by what right.
fn outcome_at(path: &str, now: u64) -> String {
    let keys = keys();
    let keys = &keys;
    match ask(
        ThumbnailRequest {
            keys,
            now,
            ..viewed(path, CHROME)
        },
        &rules(),
    ) {
        Resolution::Ordinary => String::new(),
        Resolution::Thumbnail { path, grant } => format!("{grant:?} {path}"),
        Resolution::Answer(answer) => text(&answer),
    }
}

#[test]
fn a_signature_grants_what_is_not_free() {
    for (options, original, expected) in [
        (
            "w=640,blur=20",
            "photos/cat.jpg",
            "photos/cat.jpg/width=640,blur=20",
        ),
        (
            "blur=20,f=auto,width=641",
            "a b/ü.jpg",
            "a%20b/%C3%BC.jpg/width=641,format=avif,blur=20",
        ),
        ("w=641", "photos/cat.jpg", "photos/cat.jpg/width=641"),
        ("w=640", "photos/cat.jpg", "photos/cat.jpg/width=640"),
        (
            "w=300,dpr=4,v=0123456789abcdef",
            "a.jpg",
            "a.jpg/width=1200,v=0123456789abcdef",
        ),
    ] {
        for key in [KEY, OLD] {
            let path = signed_by(key, options, original);
            assert_eq!(
                outcome_at(&path, NOW),
                format!("Signed /img/{expected}"),
                "{path}"
            );
            let expired = "403 Forbidden: the signature has expired\n";
            assert_eq!(outcome_at(&path, NOW + 1), expired);
        }
        let path = signed_by("another-key-of-this-site-0123456789", options, original);
        let wrong = "403 Forbidden: the signature is wrong\n";
        assert_eq!(outcome_at(&path, NOW), wrong);
        // Not that it has expired, of which nobody has signed anything.
        assert_eq!(outcome_at(&path, NOW + 1), wrong);
    }
    let path = signed_by(KEY, "blur=20", "a.jpg");
    let Resolution::Answer(answer) = asked(&path, CHROME) else {
        panic!("no answer");
    };
    let said = "403 Forbidden: there is no key here for signatures\n";
    assert_eq!(text(&answer), said);
    assert_eq!(
        answer.headers.get("cache-control"),
        Some(SHORT_CACHE_CONTROL)
    );
    // Nor of what no reader may have, signed or not.
    for original in ["_quillfront/rules.json", "img/a.jpg/w=1"] {
        let path = signed_by(KEY, "blur=20", original);
        assert!(outcome_at(&path, NOW).starts_with("404"), "{original}");
    }
}

#[test]
fn the_options_of_a_signed_url_are_not_encoded() {
    let path = signed_by(KEY, "w=640,blur=20", "photos/cat.jpg");
    let granted = "Signed /img/photos/cat.jpg/width=640,blur=20";
    assert_eq!(outcome_at(&path, NOW), granted);
    for (from, to) in [
        ("w=", "%77="),
        (",", "%2C"),
        ("=", "%3D"),
        ("s=", "%73="),
        ("/img", "/%69mg"),
    ] {
        let other = path.replacen(from, to, 1);
        let said = outcome_at(&other, NOW);
        assert!(!said.contains("/img/"), "{other}: {said}");
    }
    // It is the same picture.
    let other = path.replace("cat.jpg", "c%61t.jpg");
    assert_eq!(outcome_at(&other, NOW), granted);
}

#[test]
fn the_function_makes_what_was_granted() {
    let bucket = Bucket::with("photos/cat.jpg", b"a cat");
    let path = "/img/photos/cat.jpg/width=641,blur=20";
    let made = run(make(&bucket, &bucket, path, Grant::Free, &rules())).unwrap();
    let MakeOutcome::Answer(answer) = made else {
        panic!("{made:?}");
    };
    assert_eq!(answer.status.as_u16(), 403);
    picture(run(make(&bucket, &bucket, path, Grant::Signed, &rules())).unwrap());
}

/// Each character of a signed URL, in every other way: nothing gets in but the same picture in another spelling of its
/// own path.
#[test]
fn no_single_change_gets_in() {
    let path = signed_by(KEY, "w=640,blur=20", "photos/cat.jpg");
    let granted = "Signed /img/photos/cat.jpg/width=640,blur=20";
    let original = path.len() - "photos/cat.jpg".len();
    let (mut refused, mut same) = (0, 0);
    for (at, c) in path.char_indices() {
        let byte = path.as_bytes()[at];
        let other_case = if c.is_ascii_lowercase() {
            c.to_ascii_uppercase()
        } else {
            c.to_ascii_lowercase()
        };
        let mut changes = vec![
            String::new(),
            format!("{c}{c}"),
            other_case.to_string(),
            format!("%{byte:02x}"),
            format!("%{byte:02X}"),
            format!("%25{byte:02x}"),
            format!("{c}%00"),
        ];
        changes.extend((' '..='~').map(String::from));
        for change in changes {
            let changed = format!("{}{change}{}", &path[..at], &path[at + 1..]);
            if changed == path {
                continue;
            }
            let said = outcome_at(&changed, NOW);
            if said == granted
                && at >= original
                && change.eq_ignore_ascii_case(&format!("%{byte:02x}"))
            {
                same += 1;
            } else {
                assert!(!said.contains("Signed"), "{changed}: {said}");
                refused += 1;
            }
        }
    }
    assert!(refused > 10_000, "{refused}");
    assert!(same > 0 && same < 30, "{same}");
}
