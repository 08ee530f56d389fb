#![no_main]

use quillfront_render::render::templates;
use quillfront_templates::meter;

libfuzzer_sys::fuzz_target!(|text: &str| {
    let _ = templates::check_syntax("templates/a.html", text);
    let _ = meter::meter(text);
});
