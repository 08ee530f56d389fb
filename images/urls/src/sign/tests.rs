//! What gets in, and what does not.

use super::*;
use crate::{AcceptedFormats, Reader, Variant};

const KEY: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const EXPIRES: u64 = 1_798_761_600;

fn settings() -> Settings {
    let mut settings = Settings::default();
    let card = "width=300,height=200,fit=cover,blur=3".to_owned();
    settings.presets.insert("card".to_owned(), card);
    settings
}

fn signed(options: &str, original: &str) -> String {
    let message = message(options, original, EXPIRES, &settings());
    let signature = Keys::read(KEY).unwrap().sign(&message).unwrap();
    format!("img/{options},e={EXPIRES},s={signature}/{original}")
}

fn asked(key: &str, keys: &str, now: u64) -> Result<String, Refusal> {
    let keys = Keys::read(keys).unwrap();
    let reader = Reader {
        accepted: AcceptedFormats::default(),
        keys: &keys,
        now,
    };
    let wanted = Variant::asked(key, &reader, &settings())?;
    Ok(wanted.map_or(String::new(), |wanted| {
        let right = if wanted.is_signed { "signed" } else { "free" };
        format!("{right} {}", wanted.variant.key(&settings()))
    }))
}

/// The example of the manual, which `printf %s MESSAGE | openssl dgst -sha256 -hmac KEY` makes too.
#[test]
fn the_example_of_the_manual_is_right() {
    let message = message(
        "w=640,blur=20,format=auto",
        "photos/cat.jpg",
        EXPIRES,
        &settings(),
    );
    assert_eq!(
        message,
        "/img/photos/cat.jpg/width=640,format=auto,blur=20,e=1798761600"
    );
    let signature = Keys::read(KEY).unwrap().sign(&message).unwrap();
    assert_eq!(
        signature,
        "1520b00f455d301bbcd20eea89b004f32b9c05f560352a4b6c51a7f1da970502"
    );
}

#[test]
fn spellings_of_the_same_options_have_one_signature() {
    let path = |options| message(options, "a b/ü.jpg", 7, &settings());
    let expected = "/img/a%20b/%C3%BC.jpg/width=640,format=auto,blur=20,v=0123456789abcdef,e=7";
    for options in [
        "width=640,format=auto,blur=20,v=0123456789abcdef",
        "w=640,f=auto,blur=20,v=0123456789abcdef",
        "v=0123456789abcdef,blur=20,f=auto,w=640",
    ] {
        assert_eq!(path(options), expected);
    }
    // As they were written: another text is another message, even where the picture is the same.
    assert_ne!(path("w=0640"), path("w=640"));
    assert_ne!(path("f=jpg"), path("f=jpeg"));
    assert_ne!(path("f=auto,anim=true"), path("f=auto"));
    assert_ne!(path("w=320,dpr=2"), path("w=640"));
}

#[test]
fn a_signed_url_is_as_it_is_written() {
    for (options, expected) in [
        ("w=641", "width=641"),
        ("w=640", "width=640"),
        ("w=600,q=51", "width=600,quality=51"),
        ("w=100,dpr=0.5,blur=250", "width=50,blur=250"),
        (
            "preset=card,dpr=1.5",
            "width=450,height=300,fit=cover,blur=3",
        ),
        (
            "onerror=redirect,trim=1;2;3;4,v=0123456789abcdef",
            "trim=1;2;3;4,onerror=redirect,v=0123456789abcdef",
        ),
    ] {
        let url = signed(options, "photos/cat.jpg");
        let expected = format!("signed img/photos/cat.jpg/{expected}");
        assert_eq!(
            asked(&url, KEY, EXPIRES - 1).as_ref(),
            Ok(&expected),
            "{options}"
        );
        let older = format!("{},{KEY}", "n".repeat(32));
        assert_eq!(asked(&url, &older, 0).as_ref(), Ok(&expected));
        // Whoever may have it by a signature has it until then, and not a second longer.
        let expired = Refusal::NotSigned("the signature has expired".to_owned());
        assert_eq!(asked(&url, KEY, EXPIRES), Err(expired));
        let another = Refusal::NotSigned("the signature is wrong".to_owned());
        assert_eq!(asked(&url, &"n".repeat(32), 0), Err(another));
    }
    // The canonical form has no signature, and is nobody's to ask for.
    assert_eq!(
        asked("img/a.jpg/width=641", KEY, 0),
        Err(Refusal::Canonical)
    );
}

#[test]
fn a_signature_stands_at_the_end_in_one_spelling() {
    let url = signed("w=640", "a.jpg");
    let good = url
        .strip_prefix("img/w=640,")
        .unwrap()
        .strip_suffix("/a.jpg")
        .unwrap();
    let (expiry, signature) = good.split_once(',').unwrap();
    assert!(asked(&url, KEY, 0).is_ok());
    for options in [
        format!("w=640,{signature},{expiry}"),
        format!("{good},w=640"),
        format!("{expiry},w=640,{signature}"),
        format!("w=640,{signature}"),
        format!("w=640,{expiry}"),
        good.to_owned(),
        format!(",{good}"),
        format!("w=640,{expiry},{good}"),
        format!("w=640,{good},{signature}"),
        format!("w=640,,{good}"),
        format!("w=640,{expiry},{}", signature.to_uppercase()),
        format!("w=640,{expiry},s={}", signature[2..].to_uppercase()),
        format!("w=640,{},{signature}", expiry.to_uppercase()),
        format!("w=640,{expiry},s="),
        format!("w=640,{expiry},s"),
        format!("w=640,{expiry},{}", &signature[..65]),
        format!("w=640,{expiry},{signature}0"),
        format!("w=640,{expiry},{signature},"),
        format!("w=640,{expiry} ,{signature}"),
        format!("w=640,e=0{EXPIRES},{signature}"),
        format!("w=640,e=+{EXPIRES},{signature}"),
        format!("w=640,e={EXPIRES}.0,{signature}"),
        format!("w=640,e=,{signature}"),
        format!("w=640,e=0,{signature}"),
        format!("w=640,e=9999999999999,{signature}"),
        format!("w=640,e=99999999999999999999999,{signature}"),
    ] {
        let refusal = asked(&format!("img/{options}/a.jpg"), KEY, 0).unwrap_err();
        assert_eq!(refusal.status(), 400, "{options}: {refusal}");
    }
}

#[test]
fn keys_are_long_and_plain() {
    let long = "k".repeat(256);
    for text in [
        KEY,
        &"a".repeat(32),
        &long,
        &format!("{long},{KEY}"),
        "AZaz09+/=_-AZaz09+/=_-AZaz09+/=_-",
    ] {
        assert!(
            Keys::read(text).is_ok_and(|keys| !keys.is_empty()),
            "{text}"
        );
    }
    for text in [
        "",
        ",",
        &"a".repeat(31),
        &"a".repeat(257),
        &format!("{KEY},"),
        &format!(",{KEY}"),
        &format!("{KEY},{KEY},{KEY}"),
        &format!("{KEY} "),
        &format!("{KEY}\n"),
        &"ä".repeat(32),
        &format!("{KEY}, {KEY}"),
    ] {
        assert_eq!(Keys::read(text), Err(KeysError), "{text}");
    }
    assert_eq!(Keys::none().sign("a"), None);
    assert!(!format!("{:?}", Keys::read(KEY).unwrap()).contains(&KEY[..8]));
}

/// A generator of numbers that needs no crate (Marsaglia, "Xorshift RNGs").
struct Random(u64);

impl Random {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % most as u64) as usize
    }
}

/// None of half a million changes of a signed URL gets in, unless what it says is what was signed.
#[test]
fn no_other_url_gets_in() {
    const PUT: &[&str] = &[
        "/", "//", ",", ",,", "=", "%", "%2f", "e=", "s=", ",s=", ",e=1", "w=1", "blur=1",
        ",blur=21", "A", "0", "1", "f", " ", "é", "w", "width", "..", ";",
    ];
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let (mut refused, mut same) = (0, 0);
    for round in 0..500_000 {
        let options = [
            "w=640,blur=20",
            "blur=20,f=webp",
            "h=99",
            "preset=card,dpr=4",
        ][round % 4];
        let url = if round < 8 || random.below(50_000) == 0 {
            signed(options, "photos/cat.jpg")
        } else {
            signed_before(options)
        };
        let mut changed = url.clone();
        for _ in 0..=random.below(3) {
            let at = random.below(changed.len() + 1);
            if !changed.is_char_boundary(at) {
                continue;
            }
            let put = PUT[random.below(PUT.len())];
            match random.below(6) {
                0 => changed.insert_str(at, put),
                1 => changed.truncate(at),
                2 if at < changed.len() => {
                    changed.remove(at);
                }
                3 if at < changed.len() => {
                    let other = changed.remove(at);
                    let other = if other.is_lowercase() {
                        other.to_ascii_uppercase()
                    } else {
                        other.to_ascii_lowercase()
                    };
                    changed.insert(at, other);
                }
                4 if at < changed.len() => {
                    changed.remove(at);
                    changed.insert_str(at, put);
                }
                _ => changed = changed.replacen(options, "w=640,blur=21", 1),
            }
        }
        match asked(&changed, KEY, 0) {
            Err(_) => refused += 1,
            // An ordinary object, or what is free anyway.
            Ok(found) if !found.starts_with("signed") => {}
            Ok(_) if changed == url => same += 1,
            Ok(found) => {
                // Another spelling of the same message: nothing else may be it.
                let of = |url: &str| {
                    let (options, original) = url.strip_prefix("img/")?.split_once('/')?;
                    let signed = SignedOptions::read(options).ok()??;
                    Some((
                        message(signed.options, original, signed.expires, &settings()),
                        signed.signature,
                    ))
                };
                assert_eq!(of(&changed), of(&url), "{changed} is {found}");
                same += 1;
            }
        }
    }
    assert!(refused > 400_000, "{refused}");
    assert!(same < 50_000, "{same}");
}

/// The four URLs of the loop above, made once.
fn signed_before(options: &'static str) -> String {
    static MADE: std::sync::LazyLock<
        std::sync::Mutex<std::collections::BTreeMap<&'static str, String>>,
    > = std::sync::LazyLock::new(Default::default);
    let mut made = MADE.lock().unwrap();
    made.entry(options)
        .or_insert_with(|| signed(options, "photos/cat.jpg"))
        .clone()
}
