//! Files that lie where no page is made of them, and were hardly meant to: a post at the bucket's
//! root, `post.markdown`, `Content/blog/post.md`. They are told of, with the key that they should
//! have; what is published is the same.

use crate::diagnostic::Diagnostic;
use crate::key::{Role, SourceKey};
use crate::source::Sources;

/// So many are told of; a folder that was uploaded to the wrong place has thousands.
const MAX_TOLD: usize = 20;
/// Extensions of Markdown elsewhere; here it is `.md`, in small letters.
const MARKDOWN: [&str; 6] = ["md", "markdown", "mdown", "mkdn", "mkd", "mdx"];
/// The folders of a site.
const FOLDERS: [&str; 6] = ["content", "data", "sass", "static", "templates", "themes"];

/// Tells of files at wrong keys.
pub fn misplaced(sources: &Sources) -> Vec<Diagnostic> {
    let content = sources.under("content/").map(|(key, _)| key);
    let wrong_extension = content.filter_map(wrong_extension);
    let elsewhere = outside_of_folders(sources).filter_map(|key| elsewhere(sources, key));
    wrong_extension.chain(elsewhere).take(MAX_TOLD).collect()
}

/// Where the configuration lies if it is not at the root: in the folder that the whole site was
/// uploaded into.
pub fn nested_config(sources: &Sources) -> Option<&SourceKey> {
    let is_config = |key: &&SourceKey| matches!(key.name(), "config.toml" | "zola.toml");
    outside_of_folders(sources).find(is_config)
}

/// The keys that are in none of the folders of a site.
fn outside_of_folders(sources: &Sources) -> impl Iterator<Item = &SourceKey> {
    let keys = sources.iter().map(|(key, _)| key);
    keys.filter(|key| {
        let folder = key.as_str().split_once('/').map(|(folder, _)| folder);
        folder.is_none_or(|folder| !FOLDERS.contains(&folder))
    })
}

/// The name of a file without the extension of Markdown, however that is spelt.
fn markdown_stem(key: &SourceKey) -> Option<&str> {
    let (stem, extension) = key.name().rsplit_once('.')?;
    let mut known = MARKDOWN.iter();
    known
        .any(|known| extension.eq_ignore_ascii_case(known))
        .then_some(stem)
}

/// `content/blog/post.markdown`, which is published beside a page as it is.
fn wrong_extension(key: &SourceKey) -> Option<Diagnostic> {
    // As most are.
    if key.name().ends_with(".md") {
        return None;
    }
    let stem = markdown_stem(key).filter(|_| key.role() == Role::Asset)?;
    let (folder, name) = (key.folder(), key.name());
    let extension = &name[stem.len()..];
    let message = format!("this does not become a page: pages end in `.md`, not in `{extension}`");
    let hint = format!("upload it as {folder}/{stem}.md, and remove this one");
    Some(Diagnostic::warning("misplaced", key.as_str(), message).hint(hint))
}

/// `post.md`, `blog/post.md`, `Content/blog/post.md`.
fn elsewhere(sources: &Sources, key: &SourceKey) -> Option<Diagnostic> {
    let told = |message: &str, hint: String| {
        Some(Diagnostic::warning("misplaced", key.as_str(), message).hint(hint))
    };
    if matches!(key.role(), Role::Ignored | Role::Config | Role::OwnConfig) {
        return None;
    }
    let whole = key.as_str();
    let (folder, rest) = whole.split_once('/').unwrap_or(("", whole));
    if let Some(meant) = FOLDERS.iter().find(|known| is_nearly(folder, known)) {
        let message = format!("`{folder}/` is not a folder of a site; the file has no effect");
        return told(
            &message,
            format!("upload it as {meant}/{rest}, and remove this one"),
        );
    }
    let stem = markdown_stem(key)?;
    // README, CHANGELOG, LICENSE: what repositories have at their root.
    if stem.chars().all(|c| !c.is_lowercase()) {
        return None;
    }
    let is_section = || {
        sources
            .under(&format!("content/{folder}/"))
            .next()
            .is_some()
    };
    if !folder.is_empty() && !is_section() {
        return None;
    }
    let to = match key.folder() {
        "" => format!("content/{stem}.md, or into a folder of content/"),
        folder => format!("content/{folder}/{stem}.md"),
    };
    let message = "this does not become a page: pages go in content/";
    told(message, format!("upload it as {to}, and remove this one"))
}

/// `Content` and `template` for `content` and `templates`.
fn is_nearly(folder: &str, known: &str) -> bool {
    let plain = |name: &str| name.to_ascii_lowercase().trim_end_matches('s').to_owned();
    !folder.is_empty() && plain(folder) == plain(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(keys: &[&str]) -> Vec<String> {
        let sources = Sources::of_keys(keys);
        let told = misplaced(&sources).into_iter();
        told.map(|found| format!("{} -> {}", found.file, found.hint.unwrap_or_default()))
            .collect()
    }

    #[test]
    fn a_file_at_a_wrong_key_is_told_with_the_right_one() {
        let found = told(&[
            "post.md",
            "blog/post.md",
            "Content/blog/post.md",
            "template/page.html",
            "content/blog/_index.md",
            "content/blog/a.markdown",
            "content/blog/b.MD",
        ]);
        let expected = [
            "content/blog/a.markdown -> upload it as content/blog/a.md, and remove this one",
            "content/blog/b.MD -> upload it as content/blog/b.md, and remove this one",
            "Content/blog/post.md -> upload it as content/blog/post.md, and remove this one",
            "blog/post.md -> upload it as content/blog/post.md, and remove this one",
            "post.md -> upload it as content/post.md, or into a folder of content/, and remove \
             this one",
            "template/page.html -> upload it as templates/page.html, and remove this one",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn what_may_lie_where_it_lies_is_not_told() {
        let found = told(&[
            "README.md",
            "CHANGELOG.markdown",
            "LICENSE.md",
            "config.toml",
            "links.toml",
            "data/notes.md",
            "docs/architecture.md",
            "static/notes.MD",
            "themes/quill/README.md",
            "templates/readme.MD",
            "content/blog/_index.md",
            "content/blog/table.csv",
        ]);
        assert_eq!(found, [""; 0]);
    }

    #[test]
    fn a_site_in_a_folder_is_found() {
        let found = |keys: &[&str]| {
            let sources = Sources::of_keys(keys);
            nested_config(&sources).map(ToString::to_string)
        };
        let site = ["mysite/config.toml", "mysite/content/a.md"];
        assert_eq!(found(&site).as_deref(), Some("mysite/config.toml"));
        assert_eq!(
            found(&["themes/a/config.toml", "content/config.toml"]),
            None
        );
    }

    #[test]
    fn few_of_many_are_told() {
        let keys: Vec<String> = (0..100).map(|n| format!("Content/{n}.md")).collect();
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        assert_eq!(told(&keys).len(), MAX_TOLD);
    }
}
