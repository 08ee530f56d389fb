#![no_main]

use quillfront_render::render::data;

libfuzzer_sys::fuzz_target!(|text: &str| {
    for format in ["toml", "json", "yaml", "csv", "bibtex", "xml"] {
        let _ = data::parse(text, format);
    }
});
