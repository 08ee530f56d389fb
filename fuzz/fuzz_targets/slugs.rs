#![no_main]

use quillfront_site::slugs::{SlugMode, slugify_anchor, slugify_path};

libfuzzer_sys::fuzz_target!(|text: &str| {
    for mode in [SlugMode::On, SlugMode::Safe, SlugMode::Off] {
        let _ = (slugify_path(text, mode), slugify_anchor(text, mode));
    }
});
