#![no_main]

use quillfront_render::search::plain_text;

libfuzzer_sys::fuzz_target!(|html: &str| {
    assert!(plain_text(html, Some(100)).chars().count() <= 100);
});
