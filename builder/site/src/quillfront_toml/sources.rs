//! Directives and sources of a content security policy (CSP Level 3, sections 2.3.1 and 6).

use crate::front_matter::table::Table;
use crate::front_matter::tree::Place;
use std::fmt;

/// More of them fit into no policy.
const MAX_SOURCES: usize = 40;
/// No source is longer.
const MAX_SOURCE_BYTES: usize = 200;

macro_rules! directives {
    ($($variant:ident $name:literal $doc:literal),* $(,)?) => {
        /// A directive that allows sources.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Directive {
            $(#[doc = $doc] $variant),*
        }

        impl Directive {
            /// Every one, with its name.
            pub const ALL: [(&'static str, Self); [$($name),*].len()] = [$(($name, Self::$variant)),*];

            /// Returns its name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name),*
                }
            }
        }
    };
}

directives! {
    Script "script-src" "Scripts.",
    ScriptAttribute "script-src-attr" "Scripts in attributes.",
    Style "style-src" "Style sheets.",
    StyleAttribute "style-src-attr" "Styles in attributes.",
    Image "img-src" "Pictures.",
    Font "font-src" "Fonts.",
    Connect "connect-src" "What scripts ask for.",
    Media "media-src" "Sound and video.",
    Frame "frame-src" "Frames.",
    Worker "worker-src" "Workers.",
    Manifest "manifest-src" "Web app manifests.",
    Object "object-src" "Plug-ins.",
    FormAction "form-action" "Where forms are sent.",
    BaseUri "base-uri" "What `<base>` may say.",
}

impl fmt::Display for Directive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Keywords that have to be in quotes.
const KEYWORDS: [&str; 11] = [
    "self",
    "none",
    "unsafe-inline",
    "unsafe-eval",
    "unsafe-hashes",
    "strict-dynamic",
    "report-sample",
    "wasm-unsafe-eval",
    "inline-speculation-rules",
    "trusted-types-eval",
    "unsafe-allow-redirects",
];
const HASHES: [&str; 3] = ["sha256-", "sha384-", "sha512-"];

/// True for a source that lets text run that comes from anywhere.
pub(super) fn lets_text_run(source: &str) -> bool {
    matches!(source, "'unsafe-inline'" | "'unsafe-eval'")
}

/// The sources of a list that can stand in a policy; the others are problems.
pub(super) fn checked(
    table: &mut Table<'_, '_>,
    name: &str,
    directive: Directive,
    texts: Vec<(String, Place)>,
) -> Vec<String> {
    let mut list = Vec::new();
    if texts.len() > MAX_SOURCES
        && let Some((_, place)) = texts.first()
    {
        let message = format!("`{name}` has more than {MAX_SOURCES} sources");
        table.problem(*place, message);
    }
    for (text, place) in texts.into_iter().take(MAX_SOURCES) {
        match why_no_source(&text, directive) {
            None => list.push(text),
            Some((why, hint)) => {
                let shown: String = text.chars().take(60).collect();
                let message = format!("`{name}`: {shown:?} {why}");
                table.problem_with_hint(place, message, &hint);
            }
        }
    }
    list
}

/// Why a text is no source, and the way out.
fn why_no_source(text: &str, directive: Directive) -> Option<(&'static str, String)> {
    let usual = || {
        "write a host (\"https://images.example\"), a scheme (\"https:\"), or a keyword in single quotes \
         (\"'self'\")"
            .to_owned()
    };
    let is_plain = |c: char| matches!(c, '!'..='~') && !matches!(c, ';' | ',' | '"');
    if text.is_empty() || text.len() > MAX_SOURCE_BYTES || !text.chars().all(is_plain) {
        return Some(("is no source of a content security policy", usual()));
    }
    let quoted = text.strip_prefix('\'').and_then(|it| it.strip_suffix('\''));
    let bare = quoted.unwrap_or(text);
    let is_word = KEYWORDS.contains(&bare) || HASHES.iter().any(|hash| bare.starts_with(hash));
    match quoted {
        None if is_word => Some(("needs single quotes", format!("write \"'{text}'\""))),
        None if text.contains('\'') => Some(("is no source of a content security policy", usual())),
        Some(bare) if bare.starts_with("nonce-") => Some((
            "is a nonce, which a cached page cannot have",
            "allow the script by its hash".to_owned(),
        )),
        Some(_) if !is_word => Some(("is no keyword of a content security policy", usual())),
        Some("none") if directive != Directive::Frame => Some((
            "allows nothing, and sources are added to what the preset allows",
            "leave it out".to_owned(),
        )),
        _ => None,
    }
}
