#![no_main]

use quillfront_image_urls::{
    AcceptedFormats, Keys, Options, Place, Reader, Settings, SignedOptions, Variant, sign,
};

const KEYS: &str = "0123456789abcdef0123456789abcdef";
const NOW: u64 = 1_000;

/// The key of an object as a URL asks for it, or options and an original of a URL that is signed.
libfuzzer_sys::fuzz_target!(|input: (&str, &str, &str, u64, bool, bool)| {
    let (key, options, original, expires, avif, webp) = input;
    let mut settings = Settings::default();
    let card = "width=300,height=200,fit=cover,blur=3,format=auto";
    settings.presets.insert("card".to_owned(), card.to_owned());
    let Ok(keys) = Keys::read(KEYS) else {
        return;
    };
    let accepted = AcceptedFormats { avif, webp };
    let reader = Reader {
        accepted,
        keys: &keys,
        now: NOW,
    };

    if let Some(variant) = Variant::read(key, &settings) {
        assert_eq!(variant.key(&settings), key);
        assert_eq!(Place::of(key, &settings), Place::Canonical);
    }
    for key in [key.to_owned(), format!("img/{options}/{original}")] {
        match Variant::asked(&key, &reader, &settings) {
            Ok(Some(wanted)) => {
                // The signatures of these keys are not to be guessed.
                assert!(!wanted.is_signed);
                assert!(wanted.variant.is_free(&settings), "{key}");
                reads_back(&wanted.variant, &settings);
            }
            Ok(None) => assert_eq!(Place::of(&key, &settings), Place::Ordinary),
            Err(refusal) => assert!((400..500).contains(&refusal.status()), "{key}: {refusal}"),
        }
    }

    let expires = expires % 10_000_000_000;
    let is_signable = Options::parse(options, &settings).is_ok()
        && SignedOptions::read(options) == Ok(None)
        && !original.is_empty();
    if !is_signable {
        return;
    }
    let message = sign::message(options, original, expires, &settings);
    let Some(signature) = keys.sign(&message) else {
        return;
    };
    let key = format!("img/{options},e={expires},s={signature}/{original}");
    if let Ok(Some(wanted)) = Variant::asked(&key, &reader, &settings) {
        assert!(wanted.is_signed && expires > NOW, "{key}");
        reads_back(&wanted.variant, &settings);
    }
    // Of another original it is wrong.
    let other = format!("img/{options},e={expires},s={signature}/{original}x");
    assert!(!matches!(
        Variant::asked(&other, &reader, &settings),
        Ok(Some(_))
    ));
});

/// The canonical form is read as what it was written of.
fn reads_back(variant: &Variant, settings: &Settings) {
    let key = variant.key(settings);
    assert_eq!(Variant::read(&key, settings).as_ref(), Some(variant), "{key}");
    let options = key.rsplit('/').next().unwrap_or_default();
    let is_of_signature = |part: &str| part.starts_with("e=") || part.starts_with("s=");
    assert!(!options.split(',').any(is_of_signature), "{key}");
}
