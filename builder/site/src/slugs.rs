//! From titles and names to parts of a URL (site model, section 3: `slugify`).

use slug::slugify;

/// How much of a name is rewritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SlugMode {
    /// Lowercase ASCII letters, digits and hyphens.
    On,
    /// Only what a file system refuses is removed.
    Safe,
    /// As written.
    Off,
}

/// The slug of a page. With [`SlugMode::Off`] the text is the author's own, slashes and dots
/// included: whoever makes an output path of it checks that path.
pub fn slugify_path(text: &str, mode: SlugMode) -> String {
    match mode {
        SlugMode::On if is_slug(text) => text.to_owned(),
        SlugMode::On => slugify(text),
        SlugMode::Safe => keep_safe(text),
        SlugMode::Off => text.to_owned(),
    }
}

/// The slug of a taxonomy or of one of its terms: the rules of paths.
pub fn slugify_taxonomy(text: &str, mode: SlugMode) -> String {
    slugify_path(text, mode)
}

/// The id of a heading. It never becomes a file, so that `safe` and `off` are one: only ASCII
/// white space goes, because an id may not contain it.
pub fn slugify_anchor(text: &str, mode: SlugMode) -> String {
    match mode {
        SlugMode::On => slugify(text),
        SlugMode::Safe | SlugMode::Off => text
            .chars()
            .map(|c| if c.is_ascii_whitespace() { '_' } else { c })
            .collect(),
    }
}

/// True for what is its own slug, as most names of files are.
fn is_slug(text: &str) -> bool {
    let allowed = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
    let dashes_stand_apart = !text.contains("--") && !text.starts_with('-') && !text.ends_with('-');
    text.bytes().all(allowed) && dashes_stand_apart
}

/// Drops what some file system forbids in a name, then the spaces and dots at its end. Control
/// characters go too: no URL can carry them.
fn keep_safe(text: &str) -> String {
    let kept: String = text
        .chars()
        .filter(|c| !matches!(c, '<' | '>' | ':' | '"' | '/' | '\\' | '|' | '?' | '*'))
        .filter(|c| !c.is_control())
        .collect();
    kept.trim_end_matches([' ', '.']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_makes_plain_ascii() {
        assert_eq!(
            slugify_path("Étoile filante", SlugMode::On),
            "etoile-filante"
        );
        assert_eq!(slugify_path("orion's belt", SlugMode::On), "orion-s-belt");
        assert_eq!(slugify_path(" spaced out", SlugMode::On), "spaced-out");
        assert_eq!(slugify_anchor("80 °C!", SlugMode::On), "80-degc");
    }

    proptest::proptest! {
        #[test]
        fn what_is_a_slug_stays_as_it_is(text in "[a-zA0-9 ._-]{0,6}") {
            if is_slug(&text) {
                proptest::prop_assert_eq!(slugify(&text), text);
            }
        }
    }

    #[test]
    fn safe_drops_only_what_file_systems_refuse() {
        let slug = slugify_path("what? a <slug>: \"yes\" | no*. ", SlugMode::Safe);
        assert_eq!(slug, "what a slug yes  no");
        assert_eq!(slugify_taxonomy("Été: chaud?", SlugMode::Safe), "Été chaud");
        assert_eq!(slugify_path("../..", SlugMode::Safe), "");
    }

    #[test]
    fn off_keeps_everything() {
        assert_eq!(slugify_path("Über, etc.", SlugMode::Off), "Über, etc.");
    }

    #[test]
    fn anchors_lose_white_space_in_both_lax_modes() {
        for mode in [SlugMode::Safe, SlugMode::Off] {
            assert_eq!(
                slugify_anchor("Tab\tand  spaces?", mode),
                "Tab_and__spaces?"
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_becomes_a_name_that_is_one_already(text in ".{0,60}") {
            let slug = slugify_path(&text, SlugMode::On);
            let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            proptest::prop_assert!(slug.chars().all(is_plain), "{slug:?}");
            proptest::prop_assert_eq!(slugify_path(&slug, SlugMode::On), slug);
            let safe = slugify_path(&text, SlugMode::Safe);
            proptest::prop_assert!(!safe.contains(['/', '\\', '<', '\0']), "{safe:?}");
            proptest::prop_assert_eq!(slugify_path(&safe, SlugMode::Safe), safe);
            for mode in [SlugMode::Safe, SlugMode::Off] {
                let anchor = slugify_anchor(&text, mode);
                proptest::prop_assert!(!anchor.contains([' ', '\t', '\n']), "{anchor:?}");
            }
        }
    }
}
