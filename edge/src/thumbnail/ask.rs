//! The URL of a thumbnail, before the cache.

use quillfront_headers::Rules;
use quillfront_image_urls::{AcceptedFormats, Keys, Place, Reader, Refusal, Variant};

use super::{Grant, answer, is_below, is_original};
use crate::respond::Answer;
use crate::route::{INDEX, route};

/// What is read of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ThumbnailRequest<'a> {
    /// The path as the viewer sent it.
    pub path: &'a str,
    /// The `Accept` header; empty where there is none.
    pub accept: &'a str,
    /// What signatures are checked with.
    pub keys: &'a Keys,
    /// The time, in seconds since 1970.
    pub now: u64,
}

/// What a path asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Resolution {
    /// No thumbnail: an ordinary object.
    Ordinary,
    /// A thumbnail that nobody gets, with the answer that says why.
    Answer(Answer<'static>),
    /// A thumbnail.
    Thumbnail {
        /// Its canonical path: `/img/photos/cat.jpg/width=640`. No signature is in it.
        path: String,
        /// By what right it is asked for.
        grant: Grant,
    },
}

/// Returns what a GET or HEAD asks for. The query string is no part of it.
pub fn ask(viewed: ThumbnailRequest<'_>, rules: &Rules) -> Resolution {
    let path = viewed.path;
    let key = match route(path) {
        Ok(key) => key,
        Err(refusal) if is_below(path, rules) => {
            let refusal = Refusal::Malformed(refusal.to_string());
            return Resolution::Answer(answer::refused(&refusal, rules));
        }
        Err(_) => return Resolution::Ordinary,
    };
    let key = key.as_str();
    // A thumbnail is no folder with a page in it.
    let key = match key.strip_suffix(INDEX) {
        Some(folder) if path.ends_with('/') => folder,
        _ => key,
    };
    let settings = &rules.images;
    let reader = Reader {
        accepted: AcceptedFormats::read(viewed.accept),
        keys: viewed.keys,
        now: viewed.now,
    };
    let refused = |refusal: &Refusal| Resolution::Answer(answer::refused(refusal, rules));
    match Variant::asked(key, &reader, settings) {
        Ok(None) => Resolution::Ordinary,
        Err(refusal) => refused(&refusal),
        Ok(Some(wanted)) if wanted.is_signed && !is_plain(path, key, rules) => {
            let text = "a signed URL has its options as they are, without percent signs";
            refused(&Refusal::Malformed(text.to_owned()))
        }
        Ok(Some(wanted)) if is_original(&wanted.variant.original, settings) => {
            Resolution::Thumbnail {
                path: wanted.variant.path(settings),
                grant: if wanted.is_signed {
                    Grant::Signed
                } else {
                    Grant::Free
                },
            }
        }
        Ok(Some(_)) => Resolution::Answer(answer::missing(rules)),
    }
}

/// Whether the options stand in the path as they are, not encoded.
fn is_plain(path: &str, key: &str, rules: &Rules) -> bool {
    let Place::Thumbnail { options, .. } = Place::of(key, &rules.images) else {
        return false;
    };
    path.starts_with(&format!("{}/{options}/", rules.images.prefix))
}
