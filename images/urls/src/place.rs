//! Which keys are those of thumbnails.

use crate::Settings;

/// What a key is, as it is decoded from the path of a URL and without its leading slash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'a> {
    /// An ordinary object of the site.
    Ordinary,
    /// The canonical form of a thumbnail: its last segment has an `=`.
    Canonical,
    /// A thumbnail.
    Thumbnail {
        /// The first segment: `width=640,format=auto`.
        options: &'a str,
        /// The key of the original; it may be empty.
        original: &'a str,
    },
}

impl<'a> Place<'a> {
    /// Returns what a key is. Only where the first segment below the prefix has an `=` it is that of a thumbnail:
    /// `img/logo.png` and `img/a/b=c/logo.png` are ordinary objects.
    pub fn of(key: &'a str, settings: &Settings) -> Self {
        let folder = settings.folder();
        let below = key
            .strip_prefix(folder)
            .and_then(|rest| rest.strip_prefix('/'));
        let Some(below) = below else {
            return Self::Ordinary;
        };
        let last = below.rsplit('/').next().unwrap_or_default();
        match below.split_once('/') {
            _ if last.contains('=') && below.contains('/') => Self::Canonical,
            Some((options, original)) if options.contains('=') => {
                Self::Thumbnail { options, original }
            }
            None if below.contains('=') => Self::Thumbnail {
                options: below,
                original: "",
            },
            _ => Self::Ordinary,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_first_segment_with_an_equals_sign_is_options() {
        let settings = Settings::default();
        let thumbnail = |options, original| Place::Thumbnail { options, original };
        for (key, place) in [
            ("img/w=1/a.jpg", thumbnail("w=1", "a.jpg")),
            ("img/w=1/a/b.jpg", thumbnail("w=1", "a/b.jpg")),
            ("img/w=1/a=b/c.jpg", thumbnail("w=1", "a=b/c.jpg")),
            ("img/w=1/", thumbnail("w=1", "")),
            ("img/w=1", thumbnail("w=1", "")),
            ("img/a.jpg/w=1", Place::Canonical),
            ("img/w=1/a=b.jpg", Place::Canonical),
            ("img/a=b/c.jpg/w=1", Place::Canonical),
            ("img/logo.png", Place::Ordinary),
            ("img/a/w=1/logo.png", Place::Ordinary),
            ("img", Place::Ordinary),
            ("img/", Place::Ordinary),
            ("images/w=1/a.jpg", Place::Ordinary),
            ("", Place::Ordinary),
            ("IMG/w=1/a.jpg", Place::Ordinary),
        ] {
            assert_eq!(Place::of(key, &settings), place, "{key}");
        }
    }
}
