#![no_main]

use quillfront_edge::event::Event;
use quillfront_edge::functions::{Query, Site, handle};
use quillfront_edge::origin_response::Look;
use quillfront_headers::Rules;

libfuzzer_sys::fuzz_target!(|json: &str| {
    let rules = Rules::default();
    let query = Query::InKey;
    for look in [Look::NotYet, Look::There, Look::Missing] {
        let _ = handle(json, &Site { rules: &rules, query }, look);
    }
    if let Ok(event) = Event::read(json) {
        let written = event.write();
        assert_eq!(Event::read(&written).unwrap().write(), written);
    }
});
