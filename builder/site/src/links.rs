//! The links of a site that lead elsewhere, collected for whoever can try them (site model,
//! section 16). Pure: `quillfront check` does the asking.

use crate::config::{Config, Level};
use crate::diagnostic::{Diagnostic, Severity};
use crate::key::SourceKey;
use percent_encoding::percent_decode_str;
use quillfront_markdown as markdown;
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// The code of every diagnostic about a link to elsewhere.
const CODE: &str = "external-link";

/// `http` and `https` links of all pages and sections, without those that the configuration
/// leaves out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExternalLinks {
    /// Where each address is used.
    pub uses: BTreeMap<String, BTreeSet<Use>>,
    /// Beginnings of addresses whose `#anchor` is not looked for.
    skip_anchor_prefixes: Vec<String>,
    /// True: a broken link is a warning.
    warn: bool,
}

/// A link in a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Use {
    /// The content file.
    pub file: SourceKey,
    /// 1-based line.
    pub line: u32,
}

impl ExternalLinks {
    /// Keeps, of links in content files, those that are to be tried by `[link_checker]`.
    pub fn collect(config: &Config, found: impl Iterator<Item = (String, Use)>) -> Self {
        let checker = &config.link_checker;
        let mut links = Self {
            uses: BTreeMap::new(),
            skip_anchor_prefixes: checker.skip_anchor_prefixes.clone(),
            warn: checker.external_level == Level::Warn,
        };
        for (url, place) in found {
            let key = place.file.as_str();
            let relative = key.strip_prefix("content/").unwrap_or(key);
            let ignored = checker.ignored_files.is_match(relative)
                || checker.ignored_files.is_match(key)
                || has_prefix(&url, &checker.skip_prefixes);
            if !ignored {
                links.uses.entry(url).or_default().insert(place);
            }
        }
        links
    }

    /// The anchor of an address that the page behind it should have. None where there is none, or
    /// where it is made by scripts (`#/…`, `#!…`), is a piece of text to be found (`#:~:…`), or is
    /// not to be looked for.
    pub fn anchor<'a>(&self, url: &'a str) -> Option<&'a str> {
        let (_, anchor) = url.split_once('#')?;
        let by_script = anchor.is_empty() || anchor.starts_with(['/', '!']);
        let skipped =
            by_script || anchor.starts_with(":~:") || has_prefix(url, &self.skip_anchor_prefixes);
        (!skipped).then_some(anchor)
    }

    /// One diagnostic for each use of an address that did not do.
    pub fn broken(&self, url: &str, reason: &str, hint: Option<&str>) -> Vec<Diagnostic> {
        let severity = if self.warn {
            Severity::Warning
        } else {
            Severity::Error
        };
        self.told(url, severity, format!("{url}: {reason}"), hint)
    }

    /// The same for what could not be found out: always a warning.
    pub fn doubtful(&self, url: &str, reason: &str, hint: Option<&str>) -> Vec<Diagnostic> {
        self.told(url, Severity::Warning, format!("{url}: {reason}"), hint)
    }

    fn told(
        &self,
        url: &str,
        severity: Severity,
        message: String,
        hint: Option<&str>,
    ) -> Vec<Diagnostic> {
        let uses = self.uses.get(url).into_iter().flatten();
        uses.map(|place| Diagnostic {
            severity,
            hint: hint.map(str::to_owned),
            ..Diagnostic::error(CODE, place.file.as_str(), message.clone()).at(place.line, None)
        })
        .collect()
    }
}

/// The anchors that no element of a page of HTML has as its `id` or `name`. An anchor may be
/// written percent-encoded; code hosts put `user-content-` before the ids of what people write.
pub fn missing_anchors(html: &str, anchors: &[&str]) -> Vec<String> {
    let ids: HashSet<&str> = markdown::ids_in_html(html).collect();
    let is_there = |anchor: &str| {
        ids.contains(anchor) || ids.contains(format!("user-content-{anchor}").as_str())
    };
    let missing = anchors.iter().filter(|anchor| {
        let decoded = percent_decode_str(anchor).decode_utf8_lossy();
        !is_there(anchor) && !is_there(&decoded)
    });
    missing.map(|anchor| (*anchor).to_owned()).collect()
}

fn has_prefix(url: &str, prefixes: &[String]) -> bool {
    prefixes.iter().any(|prefix| url.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(checker: &str, list: &[(&str, &str, u32)]) -> ExternalLinks {
        let text = format!("base_url = \"https://e\"\n[link_checker]\n{checker}");
        let config = Config::parse("config.toml", &text).unwrap();
        let found = list.iter().map(|(url, file, line)| {
            let file = SourceKey::from(*file);
            ((*url).to_owned(), Use { file, line: *line })
        });
        ExternalLinks::collect(&config, found)
    }

    #[test]
    fn every_use_of_a_broken_link_is_told_once() {
        let found = [
            ("https://a/", "content/b.md", 7),
            ("https://a/", "content/a.md", 3),
            ("https://a/", "content/a.md", 3),
        ];
        let links = links("", &found);
        let told = links.broken("https://a/", "404 Not Found", None);
        let places: Vec<_> = told.iter().map(|d| (d.file.as_str(), d.line)).collect();
        assert_eq!(
            places,
            [("content/a.md", Some(3)), ("content/b.md", Some(7))]
        );
        assert!(told.iter().all(Diagnostic::is_error));
        assert_eq!(told[0].message, "https://a/: 404 Not Found");
    }

    #[test]
    fn the_configuration_leaves_out_prefixes_and_files_and_sets_the_level() {
        let checker = "skip_prefixes = [\"https://slow.\"]\nignored_files = [\"old/**\"]\n\
                       external_level = \"warn\"";
        let found = [
            ("https://slow.example/x", "content/a.md", 1),
            ("https://a/", "content/old/x.md", 1),
            ("https://b/", "content/a.md", 1),
        ];
        let links = links(checker, &found);
        assert_eq!(links.uses.keys().collect::<Vec<_>>(), ["https://b/"]);
        assert!(!links.broken("https://b/", "gone", None)[0].is_error());
    }

    #[test]
    fn anchors_are_ids_and_names() {
        let html = "<h2 id=\"a\">x</h2><a name='b c'></a><p class=x id=d><i ID=\"user-content-e\">";
        let wanted = ["a", "b%20c", "d", "e", "x", "h2"];
        assert_eq!(missing_anchors(html, &wanted), ["x", "h2"]);
        assert_eq!(missing_anchors("", &["a"]), ["a"]);
    }

    #[test]
    fn anchors_of_scripts_and_skipped_ones_are_not_looked_for() {
        let links = links("skip_anchor_prefixes = [\"https://api.\"]", &[]);
        assert_eq!(links.anchor("https://a/b#c"), Some("c"));
        for url in [
            "https://a/b",
            "https://a/#",
            "https://a/#/route",
            "https://a/#!route",
            "https://a/#:~:text=x",
            "https://api.a/#x",
        ] {
            assert_eq!(links.anchor(url), None, "{url}");
        }
    }
}
