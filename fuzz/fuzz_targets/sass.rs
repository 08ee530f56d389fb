#![no_main]

use quillfront_builder::key::SourceKey;
use quillfront_builder::sass;
use quillfront_builder::effective::{self, Observed};
use quillfront_builder::source::Sources;

libfuzzer_sys::fuzz_target!(|text: &str| {
    for name in ["sass/a.scss", "sass/a.sass"] {
        let mut sources = Sources::default();
        let key = SourceKey::from(name);
        let observed = Observed::Text {
            version: "1".to_owned(),
            size: text.len() as u64,
            bytes: Some(text.as_bytes().to_vec()),
        };
        effective::observe(&mut sources, &key, observed);
        let _ = sass::sheet(&sources, &key);
    }
});
