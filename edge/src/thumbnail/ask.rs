//! The URL of a thumbnail, before the cache.

use quillfront_headers::Rules;
use quillfront_image_urls::{Accepted, Refusal, Variant};

use super::{answer, is_below, is_original};
use crate::location::encode_path;
use crate::respond::Answer;
use crate::route::{INDEX, route};

/// What is read of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Viewed<'a> {
    /// The path as the viewer sent it.
    pub path: &'a str,
    /// The `Accept` header; empty where there is none.
    pub accept: &'a str,
}

/// What a path asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// No thumbnail: an ordinary object.
    Ordinary,
    /// A thumbnail that nobody gets, with the answer that says why.
    Answer(Answer<'static>),
    /// The thumbnail of this canonical path: `/img/photos/cat.jpg/width%3D640`.
    Thumbnail(String),
}

/// Returns what a GET or HEAD asks for. The query string is no part of it.
pub fn ask(viewed: Viewed<'_>, rules: &Rules) -> Asked {
    let path = viewed.path;
    let key = match route(path) {
        Ok(key) => key,
        Err(refusal) if is_below(path, rules) => {
            let refusal = Refusal::Malformed(refusal.to_string());
            return Asked::Answer(answer::refused(&refusal, rules));
        }
        Err(_) => return Asked::Ordinary,
    };
    let key = key.as_str();
    // A thumbnail is no folder with a page in it.
    let key = match key.strip_suffix(INDEX) {
        Some(folder) if path.ends_with('/') => folder,
        _ => key,
    };
    let settings = &rules.images;
    match Variant::asked(key, Accepted::read(viewed.accept), settings) {
        Ok(None) => Asked::Ordinary,
        Err(refusal) => Asked::Answer(answer::refused(&refusal, rules)),
        Ok(Some(variant)) if is_original(&variant.original, settings) => {
            Asked::Thumbnail(format!("/{}", encode_path(&variant.key(settings))))
        }
        Ok(Some(_)) => Asked::Answer(answer::missing(rules)),
    }
}
