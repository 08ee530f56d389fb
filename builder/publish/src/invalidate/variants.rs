//! What caches know of the thumbnails of pictures that have changed or are gone.
//!
//! A thumbnail is cached under its canonical path, `/img/photos/cat.jpg/width=640,format=webp`: the function at
//! viewer-request puts it in the place of what the reader asked for, and a cache is looked into after that. So
//! one wildcard, `/img/photos/cat.jpg/*`, covers all of them: those that are stored, and those that an edge has
//! though nothing is stored. (AWS guide, "What you need to know when invalidating files", recommends to name what
//! a viewer sent as well. That is `/img/` with any options before the path, so nothing shorter than `/img/*`; no
//! cache has anything under it, as long as the function runs.)
//!
//! Naming each would not do: which there are is known when they are listed, after the commit, and a crash between
//! their deletion and their invalidation would lose their names.

use super::{ALL, PATH};
use percent_encoding::utf8_percent_encode;
use std::collections::BTreeSet;

/// The most wildcards for thumbnails. The others of a commit are for pages.
pub const MAX_OF_VARIANTS: usize = 5;

/// The paths of all thumbnails whose keys begin so, each with a slash at its end. Where there are too many, their
/// folders; what these drop besides is fetched again from the bucket, and not made again.
pub fn paths(folders: &BTreeSet<String>) -> Vec<String> {
    let depths = folders.iter().map(|folder| folder.matches('/').count());
    let deepest = depths.max().unwrap_or_default();
    for depth in (1..=deepest).rev() {
        let cut: BTreeSet<&str> = folders.iter().map(|folder| cut(folder, depth)).collect();
        if cut.len() <= MAX_OF_VARIANTS {
            let path = |folder| format!("/{}*", utf8_percent_encode(folder, PATH));
            return cut.into_iter().map(path).collect();
        }
    }
    match deepest {
        0 => Vec::new(),
        _ => vec![ALL.to_owned()],
    }
}

/// The beginning of a folder up to so many slashes.
fn cut(folder: &str, slashes: usize) -> &str {
    let mut ends = folder.match_indices('/').map(|(at, _)| at + 1);
    ends.nth(slashes - 1).map_or(folder, |end| &folder[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(folders: &[&str]) -> Vec<String> {
        paths(&folders.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn a_few_pictures_have_a_wildcard_each() {
        assert!(of(&[]).is_empty());
        assert_eq!(of(&["img/a b.jpg/"]), ["/img/a%20b.jpg/*"]);
        let few = ["img/a.jpg/", "img/b/c.jpg/", "img/d/e/f.jpg/"];
        assert_eq!(
            of(&few),
            ["/img/a.jpg/*", "/img/b/c.jpg/*", "/img/d/e/f.jpg/*"]
        );
    }

    #[test]
    fn many_pictures_have_those_of_their_folders() {
        let mut many: Vec<String> = (0..10_000).map(|n| format!("img/trip/{n}.jpg/")).collect();
        let list: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(of(&list), ["/img/trip/*"]);
        many.push("img/cat.jpg/".to_owned());
        let list: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(of(&list), ["/img/cat.jpg/*", "/img/trip/*"]);
        let spread: Vec<String> = (0..100).map(|n| format!("img/{n}/x.jpg/")).collect();
        let list: Vec<&str> = spread.iter().map(String::as_str).collect();
        assert_eq!(of(&list), ["/img/*"]);
        let anywhere: Vec<String> = (0..100).map(|n| format!("img{n}/x.jpg/")).collect();
        let list: Vec<&str> = anywhere.iter().map(String::as_str).collect();
        assert_eq!(of(&list), ["/*"]);
    }
}
