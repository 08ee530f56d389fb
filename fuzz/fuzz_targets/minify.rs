#![no_main]

use quillfront_render::render::minify::page;

libfuzzer_sys::fuzz_target!(|html: &str| {
    for html in [html.to_owned(), format!("<style>{html}</style>")] {
        let once = page(&html);
        assert_eq!(page(&once), once);
    }
});
