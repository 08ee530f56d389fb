//! Where the site is.

/// The variable that names the bucket of the site.
const VARIABLE: &str = "QUILLFRONT_SITE";

/// A bucket, and what goes before the keys in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its name.
    pub bucket: String,
    /// Ends in a slash, or is empty.
    pub prefix: String,
}

/// Why nothing is known of the site.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// The variable is not set.
    #[error("{VARIABLE} is not set (s3://bucket[/prefix])")]
    Missing,
    /// It is no place.
    #[error("{VARIABLE} is {0:?}; it has the form s3://bucket[/prefix]")]
    Malformed(String),
}

impl Place {
    /// Reads the variable.
    ///
    /// # Errors
    /// It is not set, or no place.
    pub fn of_environment() -> Result<Self, PlaceError> {
        let text = std::env::var(VARIABLE).map_err(|_| PlaceError::Missing)?;
        Self::read(&text).ok_or(PlaceError::Malformed(text))
    }

    fn read(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("s3://")?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let prefix = prefix.trim_matches('/');
        let slash = if prefix.is_empty() { "" } else { "/" };
        (!bucket.is_empty()).then(|| Self {
            bucket: bucket.to_owned(),
            prefix: format!("{prefix}{slash}"),
        })
    }

    /// Returns the whole key of an object of the site.
    pub fn key(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_has_a_bucket_and_may_have_a_prefix() {
        let key = |text: &str| Place::read(text).map(|place| (place.key("a"), place.bucket));
        let is = |key: &str| Some((key.to_owned(), "b".to_owned()));
        assert_eq!(key("s3://b"), is("a"));
        assert_eq!(key("s3://b/"), is("a"));
        assert_eq!(key("s3://b/c/d/"), is("c/d/a"));
        for text in ["", "b", "s3://", "s3:///c"] {
            assert_eq!(key(text), None, "{text}");
        }
    }
}
