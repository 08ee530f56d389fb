#![no_main]

use quillfront_render::render::minify::{Minified, page};

libfuzzer_sys::fuzz_target!(|html: &str| {
    assert_ne!(page(html.as_bytes()), Minified::Crashed);
});
