//! Where a name stands, for problems that are found when the front matter has long been read.

use super::tree::{Data, Node, Place, Source};
use super::{parse, split, toml_tree};
use crate::diagnostic::LineAndColumn;

/// Where the value under `names`, one table in another, begins in a content file (in its front
/// matter) or a TOML file. None where it is not there.
pub fn place_of(file: &str, text: &str, names: &[&str]) -> Option<LineAndColumn> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (node, source) = if file.ends_with(".md") {
        let split = split(file, text).ok()?;
        parse(file, &split).ok()?
    } else if !file.ends_with(".toml") {
        return None;
    } else {
        let source = Source {
            file,
            text,
            first_line: 1,
            code: "",
        };
        (toml_tree::parse_toml(&source).ok()?, source)
    };
    let told = source.error(Some(place_in(&node, names)?), "");
    Some((told.line?, told.column))
}

fn place_in(node: &Node, names: &[&str]) -> Option<Place> {
    let (first, rest) = names.split_first()?;
    let Data::Table(entries) = &node.data else {
        return None;
    };
    let entry = entries.iter().find(|entry| entry.key == *first)?;
    if rest.is_empty() {
        Some(entry.place)
    } else {
        place_in(&entry.node, rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_both_formats_and_in_plain_toml() {
        let toml = "+++\ntitle = \"A\"\n[taxonomies]\n  tag = [\"a\"]\n+++\n";
        assert_eq!(
            place_of("content/a.md", toml, &["taxonomies", "tag"]),
            Some((4, Some(3)))
        );
        let yaml = "---\ntitle: A\ntaxonomies:\n  tag: [a]\n---\n";
        assert_eq!(
            place_of("content/a.md", yaml, &["taxonomies", "tag"]),
            Some((4, Some(3)))
        );
        let config = "title = \"x\"\ntheme = \"none\"\n";
        assert_eq!(
            place_of("config.toml", config, &["theme"]),
            Some((2, Some(1)))
        );
        assert_eq!(place_of("config.toml", config, &["themes"]), None);
    }
}
