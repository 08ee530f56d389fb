//! Which pictures are published as they are, and where: thumbnails are made of those alone.

use quillfront_site::fingerprint::Mark;
use quillfront_site::key::{OutputKey, SourceKey};
use quillfront_site::plan::{Plan, Recipe};
use quillfront_site::quillfront_toml::{Images, ResizeMode};
use std::collections::BTreeMap;

/// The ends of the names of pictures.
const EXTENSIONS: [&str; 9] = [
    "jpg", "jpeg", "png", "gif", "webp", "avif", "svg", "bmp", "ico",
];

/// The pictures that are published as they are.
#[derive(Debug, Clone)]
pub struct PublishedPictures {
    mark: Mark,
    sources: BTreeMap<OutputKey, SourceKey>,
    keys: BTreeMap<SourceKey, OutputKey>,
}

impl PublishedPictures {
    /// Returns those of a plan; none where no page has a use for them.
    pub fn of(images: &Images, plan: &Plan) -> Self {
        let mut published = Self {
            mark: Mark::of(format!("{images:?}").as_bytes()),
            sources: BTreeMap::new(),
            keys: BTreeMap::new(),
        };
        if images.resized == ResizeMode::AtBuild && !images.responsive {
            return published;
        }
        for (key, planned) in plan {
            let Recipe::Copy(source) = &planned.recipe else {
                continue;
            };
            let extension = source
                .name()
                .rsplit_once('.')
                .map(|(_, end)| end.to_ascii_lowercase());
            if extension.is_some_and(|end| EXTENSIONS.contains(&end.as_str())) {
                published.sources.insert(key.clone(), source.clone());
                published.keys.insert(source.clone(), key.clone());
            }
        }
        published
    }

    /// Returns the mark of what the site says of its pictures.
    pub fn mark(&self) -> Mark {
        self.mark
    }

    /// Returns the picture that is published under a key.
    pub fn source(&self, key: &str) -> Option<&SourceKey> {
        self.sources.get(key)
    }

    /// Returns where a picture is published.
    pub fn key(&self, source: &str) -> Option<&OutputKey> {
        self.keys.get(source)
    }
}
