#![no_main]

use quillfront_edge::event::Event;
use quillfront_edge::functions::{Query, Site, handle};
use quillfront_edge::host::{FetchOutcome, Host};
use quillfront_edge::origin_response::Look;
use quillfront_headers::Rules;

libfuzzer_sys::fuzz_target!(|json: &str| {
    let rules = Rules::default();
    let query = Query::InKey;
    for look in [Look::NotYet, Look::There, Look::Missing] {
        let _ = handle(json, &Site { rules: &rules, query }, look);
    }
    let mut host = Host::default();
    let _ = host.begin(json, 0);
    let rules = json.as_bytes();
    let _ = host.fetched(json, 0, FetchOutcome::Object { etag: None, bytes: rules });
    let _ = host.fetched(json, 0, FetchOutcome::Missing);
    let _ = host.looked(json, Look::There);
    if let Ok(event) = Event::read(json) {
        let written = event.write();
        assert_eq!(Event::read(&written).unwrap().write(), written);
    }
});
