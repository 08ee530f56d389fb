#![no_main]

use quillfront_markdown::{Environment, Options, Page, render};

struct Nothing;

impl Environment for Nothing {
    fn internal_link(&self, _: &str) -> Option<String> {
        None
    }
    fn anchor_link(&self, _: &str, _: u8) -> Result<String, String> {
        Ok(String::new())
    }
    fn summary_cutoff(&self, _: &str) -> Result<String, String> {
        Ok(String::new())
    }
}

libfuzzer_sys::fuzz_target!(|input: (u16, &str)| {
    let (bits, text) = input;
    let on = |bit: u16| bits & (1 << bit) != 0;
    let options = Options {
        render_emoji: on(0),
        smart_punctuation: on(1),
        definition_list: on(2),
        bottom_footnotes: on(3),
        lazy_async_image: on(4),
        github_alerts: on(5),
        highlighting: on(6).then(Default::default),
        broken_links_warn: on(7),
        slugify_anchors: on(8),
        ..Options::default()
    };
    let page = Page {
        permalink: "https://example.org/p/",
    };
    let once = || render(text, &page, &options, &Nothing);
    assert_eq!(once(), once());
});
