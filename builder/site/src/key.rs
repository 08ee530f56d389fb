//! Names of things: source keys, what a source is for, output keys.

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize};
use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

macro_rules! string_key {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Serialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        // There are thousands in a state: without a text of its own in between.
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                struct Text;
                impl Visitor<'_> for Text {
                    type Value = $name;
                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        f.write_str("a key")
                    }
                    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                        Ok(text.into())
                    }
                }
                from.deserialize_str(Text)
            }
        }

        // Whole maps of keys are walked side by side, and most keys of two are one and the same.
        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
            }
        }
        impl Eq for $name {}
        impl Ord for $name {
            fn cmp(&self, other: &Self) -> Ordering {
                match Arc::ptr_eq(&self.0, &other.0) {
                    true => Ordering::Equal,
                    false => self.0.cmp(&other.0),
                }
            }
        }
        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }
        impl Hash for $name {
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.0.hash(state);
            }
        }

        impl $name {
            /// The key as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }
        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }
        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

string_key! {
    /// Where a source lies, relative to the site's root, with `/` between folders:
    /// `content/blog/post.md`. The same in a folder and in the source bucket.
    SourceKey
}
string_key! {
    /// Where a published object lies in the site bucket: `blog/post/index.html`. No leading `/`.
    OutputKey
}

/// The name of the file of redirect rules, below `static/`.
pub const REDIRECTS: &str = "_redirects";
/// The name of the file of headers, below `static/`.
pub const HEADERS: &str = "_headers";

/// What a source is for, decided by its key alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Role {
    /// `config.toml` or `zola.toml` at the root.
    Config,
    /// `quillfront.toml` at the root.
    OwnConfig,
    /// `themes/<name>/theme.toml`.
    ThemeConfig,
    /// A Markdown file under `content/`.
    Content,
    /// Any other file under `content/`: published beside its page.
    Asset,
    /// A file under `templates/` or `themes/<name>/templates/`.
    Template,
    /// A file under `static/` or `themes/<name>/static/`.
    Static,
    /// `_redirects` or `_headers` right below one of these: the edge does what it says, where the site has a
    /// `quillfront.toml`; else it is a file like the others.
    EdgeFile,
    /// A style sheet under `sass/` or `themes/<name>/sass/`: compiled, or imported by another.
    Sass,
    /// Everything else that a template may read (`data/…`, a file at the root).
    Data,
    /// Folder placeholders, hidden files, editor leftovers, what a theme brings that no site
    /// uses: as if they were not there.
    Ignored,
    /// What S3 holds under a key that no file of a site can have ([`Fault`]): its author is told.
    Unusable,
}

impl Role {
    /// Whether a change of the source may change every output.
    pub fn is_configuration(self) -> bool {
        matches!(self, Self::Config | Self::OwnConfig | Self::ThemeConfig)
    }
}

/// True for `_index.md` and `_index.<lang>.md`.
pub fn is_section_file(name: &str) -> bool {
    name == "_index.md"
        || name
            .strip_prefix("_index.")
            .is_some_and(|rest| rest.ends_with(".md"))
}

/// Longest Markdown, template, configuration or data file that is read: 16 MB.
pub const MAX_TEXT_BYTES: u64 = 16 * 1024 * 1024;

impl SourceKey {
    /// What the source is for (site model, sections 1, 2 and 8).
    pub fn role(&self) -> Role {
        let key = self.as_str();
        let Parts { name, hidden } = match parts(key) {
            Ok(parts) => parts,
            Err(_) if key.is_empty() || key.ends_with('/') || is_leftover(self.name()) => {
                return Role::Ignored;
            }
            Err(_) => return Role::Unusable,
        };
        if is_leftover(name) {
            return Role::Ignored;
        }
        match key {
            "config.toml" | "zola.toml" => return Role::Config,
            "quillfront.toml" => return Role::OwnConfig,
            _ => {}
        }
        let (folder, rest) = key.split_once('/').unwrap_or(("", key));
        match folder {
            "content" if hidden => Role::Ignored,
            "content" if name.ends_with(".md") => Role::Content,
            "content" => Role::Asset,
            "templates" => template_or_data(name),
            "static" => static_file(rest),
            "sass" if !hidden => sass_or_data(name),
            "themes" if rest.starts_with('.') => Role::Ignored,
            "themes" => match rest.split_once('/').map(|(_, inner)| inner) {
                Some(inner) if inner.starts_with("static/") => {
                    static_file(&inner["static/".len()..])
                }
                Some(_) if hidden => Role::Ignored,
                Some("theme.toml") => Role::ThemeConfig,
                Some(inner) if inner.starts_with("templates/") => template_or_data(name),
                Some(inner) if inner.starts_with("sass/") => sass_or_data(name),
                Some(_) | None => Role::Ignored,
            },
            _ if hidden => Role::Ignored,
            _ => Role::Data,
        }
    }

    /// True where the bytes are read, checked and kept in the state (text), false where they
    /// only travel from bucket to bucket.
    pub fn is_text(&self) -> bool {
        match self.role() {
            Role::Config
            | Role::OwnConfig
            | Role::ThemeConfig
            | Role::Content
            | Role::Template
            | Role::EdgeFile
            | Role::Sass => true,
            Role::Data => data_format(self.as_str()).is_some(),
            Role::Asset | Role::Static | Role::Ignored | Role::Unusable => false,
        }
    }

    /// The last part of the key.
    pub fn name(&self) -> &str {
        self.as_str().rsplit('/').next().unwrap_or(self.as_str())
    }

    /// The key without its last part and without the `/` before it; empty at the root.
    pub fn folder(&self) -> &str {
        self.as_str()
            .rsplit_once('/')
            .map_or("", |(folder, _)| folder)
    }
}

fn static_file(inner: &str) -> Role {
    if matches!(inner, REDIRECTS | HEADERS) {
        Role::EdgeFile
    } else {
        Role::Static
    }
}

/// Longest key that S3 holds, in bytes of UTF-8 (S3 guide, "Object key naming").
pub const MAX_KEY_BYTES: usize = 1024;

/// Why nothing can be published from or under a key, though S3 may hold it. It is shown after the
/// name of what has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// No object has such a key.
    #[error("is longer than 1,024 bytes")]
    TooLong,
    /// The SDKs refuse to ask for it.
    #[error("is nothing but white space")]
    Blank,
    /// A file system, and often a URL, has no such name.
    #[error("has an empty part")]
    EmptyPart,
    /// The same, and elsewhere than it seems.
    #[error("has a part `.` or `..`")]
    Dots,
    /// XML cannot carry it, and a terminal obeys it.
    #[error("has a control character")]
    Control,
}

/// Why nothing can be published from or under a key; none where something can.
pub fn fault(key: &str) -> Option<Fault> {
    parts(key).err()
}

/// What a key's parts between `/` say.
struct Parts<'a> {
    /// The last one.
    name: &'a str,
    /// True where one of them starts with a dot.
    hidden: bool,
}

/// Every key of a site comes through here, so it is one walk.
fn parts(key: &str) -> Result<Parts<'_>, Fault> {
    if key.len() > MAX_KEY_BYTES {
        return Err(Fault::TooLong);
    }
    let (mut begin, mut hidden) = (0, false);
    let bytes = key.as_bytes();
    for end in 0..=bytes.len() {
        match bytes.get(end) {
            Some(b'/') | None => {}
            Some(0..=0x1f | 0x7f) => return Err(Fault::Control),
            // U+0080 to U+009F.
            Some(0xc2) if bytes.get(end + 1).is_some_and(|byte| *byte < 0xa0) => {
                return Err(Fault::Control);
            }
            Some(_) => continue,
        }
        let part = &bytes[begin..end];
        match part {
            b"" => return Err(Fault::EmptyPart),
            b"." | b".." => return Err(Fault::Dots),
            _ => hidden |= part[0] == b'.',
        }
        if end < bytes.len() {
            begin = end + 1;
        }
    }
    let name = &key[begin..];
    if begin == 0 && name.trim().is_empty() {
        Err(Fault::Blank)
    } else {
        Ok(Parts { name, hidden })
    }
}

/// The formats that a data file can be checked in when it arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataFormat {
    /// TOML 1.
    Toml,
    /// JSON.
    Json,
    /// YAML 1.2.
    Yaml,
    /// Text that is not checked: CSV, BibTeX, XML, plain.
    Plain,
}

/// The format of a data file by its extension, None where it is not text.
pub fn data_format(key: &str) -> Option<DataFormat> {
    let extension = key.rsplit('/').next()?.rsplit_once('.')?.1;
    match extension.to_ascii_lowercase().as_str() {
        "toml" => Some(DataFormat::Toml),
        "json" => Some(DataFormat::Json),
        "yaml" | "yml" => Some(DataFormat::Yaml),
        "csv" | "bib" | "bibtex" | "xml" | "txt" | "md" => Some(DataFormat::Plain),
        _ => None,
    }
}

/// Which files below `templates/` are templates (site model, section 8).
fn template_or_data(name: &str) -> Role {
    let is_template = ["ml", "md", "txt", "json", "ics"]
        .iter()
        .any(|end| name.ends_with(end));
    if is_template {
        Role::Template
    } else {
        Role::Data
    }
}

/// Which files below `sass/` are style sheets.
fn sass_or_data(name: &str) -> Role {
    let is_sheet = [".scss", ".sass", ".css"]
        .iter()
        .any(|end| name.ends_with(end));
    if is_sheet { Role::Sass } else { Role::Data }
}

/// What operating systems and editors leave behind: `.DS_Store`, `post.md~`, `.post.md.swp`,
/// `#post.md#`, `4913` (vim's probe) …
fn is_leftover(name: &str) -> bool {
    matches!(name, ".DS_Store" | "Thumbs.db" | "desktop.ini" | "4913")
        || name.ends_with('~')
        || name.starts_with("._")
        || name.starts_with(".#")
        || (name.starts_with('#') && name.ends_with('#'))
        || name.ends_with("___jb_old___")
        || name.ends_with("___jb_tmp___")
        || (name.starts_with('.')
            && [".swp", ".swo", ".swx", ".kate-swp"]
                .iter()
                .any(|end| name.ends_with(end)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(key: &str) -> Role {
        SourceKey::from(key).role()
    }

    #[test]
    fn a_key_says_what_a_source_is_for() {
        assert_eq!(role("config.toml"), Role::Config);
        assert_eq!(role("content/blog/post.md"), Role::Content);
        assert_eq!(role("content/blog/cat.jpg"), Role::Asset);
        assert_eq!(role("templates/page.html"), Role::Template);
        assert_eq!(role("themes/quill/templates/page.html"), Role::Template);
        assert_eq!(role("themes/quill/theme.toml"), Role::ThemeConfig);
        assert_eq!(role("static/a/b.css"), Role::Static);
        assert_eq!(role("static/.well-known/security.txt"), Role::Static);
        assert_eq!(role("data/links.toml"), Role::Data);
        assert_eq!(role("links.toml"), Role::Data);
        assert_eq!(role("sass/a/_b.scss"), Role::Sass);
        assert_eq!(role("themes/quill/sass/a.sass"), Role::Sass);
        assert_eq!(role("sass/readme.txt"), Role::Data);
        assert_eq!(role("themes/quill/static/.well-known/x.json"), Role::Static);
    }

    #[test]
    fn leftovers_and_placeholders_are_ignored() {
        for key in [
            "",
            "content/",
            "content/blog/",
            "content/.DS_Store",
            "content/blog/.post.md.swp",
            "content/blog/post.md~",
            "content/blog/.#post.md",
            "content//",
            "content//.DS_Store",
            "templates/#page.html#",
            ".git/config",
            "themes/.git/x/theme.toml",
            "themes/quill/.git/templates/a.html",
            "themes/quill/.github/workflows/test.yml",
            "themes/quill/package.json",
            "themes/quill/content/post.md",
            "themes/quill/templates/.a.html",
        ] {
            assert_eq!(role(key), Role::Ignored, "{key}");
        }
    }

    #[test]
    fn a_key_that_no_file_can_have_is_told_and_not_passed_over() {
        let long = format!("content/{}.md", "a".repeat(MAX_KEY_BYTES));
        for (key, expected) in [
            ("content/../config.toml", Fault::Dots),
            ("./config.toml", Fault::Dots),
            ("content//post.md", Fault::EmptyPart),
            ("/content/post.md", Fault::EmptyPart),
            (" ", Fault::Blank),
            ("\u{a0}\u{3000}", Fault::Blank),
            ("static/a\0b", Fault::Control),
            ("static/a\nb", Fault::Control),
            ("static/a\u{7f}", Fault::Control),
            ("content/a\u{85}.md", Fault::Control),
            (&long, Fault::TooLong),
        ] {
            assert_eq!(fault(key), Some(expected), "{key:?}");
            assert_eq!(role(key), Role::Unusable, "{key:?}");
        }
        for key in [
            "static/ ",
            "static/\u{a0}",
            "static/a\u{fffe}b",
            "static/a?b#c%d+e",
            "static/ü",
            "static/u\u{308}",
            "static/\u{c0}\u{a0}",
        ] {
            assert_eq!(role(key), Role::Static, "{key:?}");
        }
    }
}
