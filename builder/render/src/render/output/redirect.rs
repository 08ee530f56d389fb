//! Pages that only lead elsewhere: the target as metadata of the object.

use quillfront_headers::{Metadata, Redirect, Status};
use quillfront_site::object::Object;

/// Says in the metadata of a page that only redirects where it leads, for hosts that answer with a status.
/// A target that is too long for that is in the page alone.
pub(super) fn redirecting(mut object: Object, target: &str) -> Object {
    let metadata = Metadata {
        redirect: Some(Redirect::to(target, Status::MovedPermanently)),
        ..Metadata::default()
    };
    if let Ok(written) = metadata.write() {
        object.metadata.extend(written);
    }
    object
}

#[cfg(test)]
mod tests {
    use super::*;
    use quillfront_headers::{Field, MAX_LOCATION_BYTES};

    fn location_of(target: &str) -> Option<String> {
        let page = redirecting(Object::rendered("a/index.html", *b"<p>"), target);
        page.metadata.get(Field::Location.name()).cloned()
    }

    #[test]
    fn the_target_is_metadata_unless_it_is_too_long() {
        let location = location_of("https://example.org/a b/");
        assert_eq!(location.as_deref(), Some("https://example.org/a%20b/"));
        let longest = format!("/{}", "a".repeat(MAX_LOCATION_BYTES - 1));
        assert_eq!(location_of(&longest), Some(longest.clone()));
        assert_eq!(location_of(&format!("{longest}a")), None);
    }
}
