#![no_main]

use quillfront_site::front_matter::{parse_page, parse_section, split};

libfuzzer_sys::fuzz_target!(|text: &str| {
    if let Ok(parts) = split("a.md", text) {
        let _ = parse_page("a.md", &parts);
        let _ = parse_section("_index.md", &parts);
    }
});
