//! What holds for all URLs.

use crate::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

/// Options as readers and attackers write them.
fn option() -> impl Strategy<Value = String> {
    let name = prop_oneof![
        8 => (0..OPTIONS.len()).prop_map(|at| OPTIONS[at].0.to_owned()),
        2 => (0..OPTIONS.len()).prop_map(|at| OPTIONS[at].1.unwrap_or(OPTIONS[at].0).to_owned()),
        1 => ".{0,6}",
    ];
    const WORDS: &[&str] = &[
        "auto",
        "avif",
        "webp",
        "jpeg",
        "jpg",
        "png",
        "json",
        "cover",
        "crop",
        "pad",
        "contain",
        "scale-down",
        "left",
        "right",
        "top",
        "bottom",
        "center",
        "0.5x0.5",
        "0x1",
        "low",
        "high",
        "medium-low",
        "true",
        "false",
        "black",
        "white",
        "transparent",
        "fff",
        "h",
        "v",
        "hv",
        "90",
        "180",
        "270",
        "1;2;3;4",
        "none",
        "copyright",
        "fast",
        "redirect",
        "card",
        "0123456789abcdef",
    ];
    let value = prop_oneof![
        6 => proptest::sample::select(WORDS).prop_map(str::to_owned),
        4 => (0..13_000_u32).prop_map(|number| number.to_string()),
        2 => (0..1_200_u32).prop_map(|number| format!("{}.{}", number / 100, number % 100)),
        1 => ".{0,8}",
    ];
    (name, value).prop_map(|(name, value)| format!("{name}={value}"))
}

fn options() -> impl Strategy<Value = String> {
    proptest::collection::vec(option(), 1..5).prop_map(|options| options.join(","))
}

fn accepted() -> impl Strategy<Value = AcceptedFormats> {
    (any::<bool>(), any::<bool>()).prop_map(|(avif, webp)| AcceptedFormats { avif, webp })
}

fn settings() -> Settings {
    let mut settings = Settings::default();
    let card = "width=300,height=200,fit=cover,blur=3,format=auto";
    settings.presets.insert("card".to_owned(), card.to_owned());
    settings
}

proptest! {
    /// Any text gives an answer, and a short one.
    #[test]
    fn any_key_is_answered(key in ".{0,80}", options in options(), accepted in accepted()) {
        let settings = settings();
        for key in [key.clone(), format!("img/{key}"), format!("img/{options}/{key}")] {
            let reader = Reader::of(accepted);
            match Variant::asked(&key, &reader, &settings) {
                Ok(Some(GrantedVariant { variant, is_signed })) => {
                    prop_assert!(!is_signed);
                    prop_assert!(variant.is_free(&settings));
                    let canonical = variant.key(&settings);
                    prop_assert_eq!(Variant::read(&canonical, &settings), Some(variant));
                    // Nobody gets it by its canonical form.
                    let again = Variant::asked(&canonical, &reader, &settings);
                    prop_assert_eq!(again, Err(Refusal::Canonical));
                }
                Ok(None) => {}
                Err(refusal) => prop_assert!(refusal.to_string().len() < 600),
            }
        }
        let _ = Variant::read(&key, &settings);
        let _ = AcceptedFormats::read(&key);
    }

    /// What is written is read as the same, and normalising twice is normalising once.
    #[test]
    fn options_are_read_as_they_are_written(options in options()) {
        let settings = settings();
        if let Ok(options) = Options::parse(&options, &settings) {
            let written = options.transform.to_string();
            let read = Options::parse(&written, &settings).unwrap();
            prop_assert_eq!(&read.transform, &options.transform);
            let normal = options.transform.normalised();
            prop_assert_eq!(normal.normalised(), normal.clone());
            let read = Options::parse(&normal.to_string(), &settings).unwrap();
            prop_assert_eq!(read.transform, normal);
        }
    }

    /// A step of the ladder is its own step.
    #[test]
    fn what_is_admitted_is_admitted_as_it_is(options in options()) {
        let settings = settings();
        let once = Options::parse(&options, &settings).and_then(|options| options.admit(&settings));
        if let Ok(once) = once && !once.is_preset {
            let twice = once.clone().admit(&settings).unwrap();
            prop_assert_eq!(twice.transform.normalised(), once.transform.normalised());
        }
    }
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

    fn of<'a, T: ?Sized>(&mut self, list: &[&'a T]) -> &'a T {
        list[self.below(list.len())]
    }
}

/// A million URLs for one original: distinct thumbnails stay within the ladder.
#[test]
fn nobody_has_any_number_of_pictures_made() {
    let settings = Settings {
        widths: vec![320, 640, 1280],
        qualities: vec![50, 75],
        ..settings()
    };
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut keys = BTreeSet::new();
    let mut given = 0;
    let (fits, sides) = (
        ["scale-down", "contain", "cover", "crop", "pad"],
        ["left", "right", "top", "bottom", "center"],
    );
    let (formats, colours) = (
        ["auto", "avif", "webp", "jpeg", "jpg", "png", "json"],
        ["black", "white", "transparent", "000", "ffffffff"],
    );
    for _ in 0..1_000_000 {
        let mut options = Vec::new();
        for _ in 0..=random.below(6) {
            let number = random.below(13_000);
            options.push(match random.below(12) {
                0 | 1 => format!("{}={number}", random.of(&["w", "width"])),
                2 | 3 => format!("{}={number}", random.of(&["h", "height"])),
                4 => format!("fit={}", random.of(&fits)),
                5 => format!("gravity={}", random.of(&sides)),
                6 => format!("quality={}", number % 101),
                7 => format!("format={}", random.of(&formats)),
                8 => format!("dpr={}.{}", number % 4, number % 100),
                9 => format!("background={}", random.of(&colours)),
                10 => format!("anim={}", random.of(&["true", "false"])),
                _ => format!("blur={}", number % 3),
            });
        }
        let key = format!("img/{}/photos/cat.jpg", options.join(","));
        let accepted = AcceptedFormats {
            avif: random.below(2) == 0,
            webp: random.below(2) == 0,
        };
        if let Ok(Some(wanted)) = Variant::asked(&key, &Reader::of(accepted), &settings) {
            given += 1;
            keys.insert(wanted.variant.key(&settings));
        }
    }
    // Sizes: none, one of three, or nine; each with its fits, and sides where something is cut or padded. Formats:
    // none, AVIF, WebP, JPEG, PNG, JSON. Two qualities, four backgrounds, animated or not.
    let shapes = 1 + 2 * 3 * 2 + 9 * (2 + 3 * 5);
    let most = shapes * 6 * 2 * 4 * 2;
    assert!(given > 100_000, "{given}");
    assert!(keys.len() <= most, "{} of {most}", keys.len());
    assert!(keys.len() > 500, "{}", keys.len());
    assert!(
        keys.iter()
            .all(|key| key.starts_with("img/photos/cat.jpg/"))
    );
}
