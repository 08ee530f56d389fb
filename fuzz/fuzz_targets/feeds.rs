#![no_main]

use quillfront_render::evaluate::{Options, PreparedSite};
use quillfront_site::object::Body;
use quillfront_render::render::world::{Listing, Settings};
use quillfront_render::effective::{self, SourceObservation};
use quillfront_site::source::Sources;
use roxmltree::Document;
use std::sync::Arc;

const CONFIG: &str = "generate_feeds = true\nfeed_filenames = [\"atom.xml\", \"rss.xml\"]\n\
                      slugify.paths = \"off\"\ntaxonomies = [{ name = \"tags\", feed = true }]\n";

// A title, a path, and a body: feeds and sitemap are XML whatever stands in there.
libfuzzer_sys::fuzz_target!(|input: (&str, &str, &str)| {
    let (title, path, body) = input;
    let (title, path) = (quoted(title), quoted(path));
    let config = format!(
        "base_url = \"https://example.org\"\ntitle = {title}\ndescription = {title}\nauthor = {title}\n{CONFIG}"
    );
    let page = format!(
        "+++\ntitle = {title}\ndate = 2024-01-02\nauthors = [{title}]\npath = {path}\n[taxonomies]\ntags = [\"t\"]\n+++\n{body}"
    );
    let mut sources = Sources::default();
    for (key, text) in [
        ("config.toml", config.as_str()),
        ("templates/page.html", "{{ page.content | safe }}"),
        ("templates/index.html", "home"),
        ("templates/taxonomy_list.html", "{% for t in terms %}{{ t.name }}{% endfor %}"),
        ("templates/taxonomy_single.html", "{{ term.name }}"),
        ("content/a.md", page.as_str()),
    ] {
        let observed = SourceObservation::Text {
            version: "1".to_owned(),
            size: text.len() as u64,
            bytes: Some(text.as_bytes().to_vec()),
        };
        effective::observe(&mut sources, &key.into(), observed);
    }
    let settings = Settings {
        mode: "build",
        base_url: None,
        drafts: false,
        minify: false,
        now: jiff::Timestamp::UNIX_EPOCH,
        listing: Listing::All,
        all_accepted: false,
    };
    let site = PreparedSite::new(Arc::new(sources), settings).expect("a configuration");
    let mut evaluation = site.evaluate(Options::default());
    // What a body asks for (a file, a URL) is not given: then the page fails.
    let _ = evaluation.step(|_, object| object);
    for (key, object) in &evaluation.finish().objects {
        if let (true, Body::Bytes(bytes)) = (key.as_str().ends_with(".xml"), &object.body) {
            let text = std::str::from_utf8(bytes).expect("UTF-8");
            let parsed = Document::parse(text);
            assert!(parsed.is_ok(), "{key}: {:?}: {text}", parsed.err());
        }
    }
});

/// A TOML string.
fn quoted(text: &str) -> String {
    let json = serde_json::to_string(text).expect("a text");
    json.replace('\u{7f}', "\\u007F")
}
