#![no_main]

use quillfront_site::key::SourceKey;
use quillfront_render::sass;
use quillfront_render::effective::{self, SourceObservation};
use quillfront_site::source::Sources;

libfuzzer_sys::fuzz_target!(|text: &str| {
    for name in ["sass/a.scss", "sass/a.sass"] {
        let mut sources = Sources::default();
        let key = SourceKey::from(name);
        let observed = SourceObservation::Text {
            version: "1".to_owned(),
            size: text.len() as u64,
            bytes: Some(text.as_bytes().to_vec()),
        };
        effective::observe(&mut sources, &key, observed);
        let _ = sass::sheet(&sources, &key);
    }
});
