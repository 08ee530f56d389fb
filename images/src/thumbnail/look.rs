//! What the beginning of an original shows, before the rest of it is read.

use super::header::header;
use super::{Limits, ThumbnailError};
use crate::svg;

/// Returns how many pixels an original has, by the first bytes of its file. None where they do not say it.
///
/// # Errors
/// No thumbnail is made of it, whatever follows: it is over a limit, or in a format that is not read.
pub fn look(beginning: &[u8], limits: &Limits) -> Result<Option<u64>, ThumbnailError> {
    if svg::looks_like_it(beginning) {
        return Ok(None);
    }
    match header(beginning, limits) {
        Ok(header) => Ok(Some(header.pixels())),
        Err(error @ (ThumbnailError::TooLarge(_) | ThumbnailError::Unsupported(_))) => Err(error),
        // What is missing may follow.
        Err(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::{DynamicImage, ImageFormat};
    use std::io::Cursor;

    #[test]
    fn the_first_bytes_tell_the_size_and_refuse_what_is_too_large() {
        let few = Limits {
            pixels: 1_000,
            ..Limits::default()
        };
        for format in [
            ImageFormat::Jpeg,
            ImageFormat::Png,
            ImageFormat::Gif,
            ImageFormat::WebP,
        ] {
            let mut bytes = Cursor::new(Vec::new());
            let picture = DynamicImage::new_rgb8(640, 480);
            picture.write_to(&mut bytes, format).unwrap();
            let mut bytes = bytes.into_inner();
            assert_eq!(look(&bytes, &Limits::default()), Ok(Some(307_200)));
            // There is more of a file that is read in parts.
            bytes.truncate(bytes.len() * 3 / 4);
            match look(&bytes, &few) {
                Err(ThumbnailError::TooLarge(told)) => {
                    assert!(told.contains("640 × 480"), "{told}");
                }
                other => panic!("{format:?}: {other:?}"),
            }
        }
        assert_eq!(look(b"<svg/>", &few), Ok(None));
        assert_eq!(look(b"\xff\xd8\xff", &few), Ok(None));
        assert!(look(b"%PDF-1.7\n", &few).is_err());
    }
}
