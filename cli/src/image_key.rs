//! The keys of signed URLs of thumbnails. They come from the environment alone, never from a file of the site.

use crate::exit::UsageError;
use anyhow::Result;
use quillfront_image_urls::Keys;

/// The environment variable with the key, or with two and a comma between them.
pub const VARIABLE: &str = "QUILLFRONT_IMAGE_KEY";

/// Returns the keys; none where the variable is not set, or empty.
///
/// # Errors
/// Its value is no key.
pub fn keys() -> Result<Keys> {
    match std::env::var(VARIABLE) {
        Err(std::env::VarError::NotPresent) => Ok(Keys::none()),
        Ok(text) if text.is_empty() => Ok(Keys::none()),
        // What is no text is no key either.
        other => {
            let keys = Keys::read(&other.unwrap_or_default());
            Ok(keys.map_err(|error| UsageError(format!("{VARIABLE}: {error}")))?)
        }
    }
}
