//! Stands for `quillfront_images::thumbnail::make` until that is there.

use quillfront_image_urls::{Limits, Transform};
use quillfront_images::thumbnail::ThumbnailError;
use quillfront_images::{Encoding, Filter, ImageError, Job, Picture, Resize};

pub(super) struct Thumbnail {
    pub bytes: Vec<u8>,
    pub content_type: &'static str,
    pub extension: &'static str,
    pub remark: Option<&'static str>,
}

pub(super) fn make(
    original: &[u8],
    transform: &Transform,
    limits: &Limits,
) -> Result<Thumbnail, ThumbnailError> {
    let error = |error: ImageError| match error {
        ImageError::UnknownFormat => ThumbnailError::NotAPicture,
        ImageError::NotDecodable(format) => ThumbnailError::Unsupported(format),
        other => ThumbnailError::Damaged(other.to_string()),
    };
    let probe = quillfront_images::probe(original).map_err(error)?;
    if u64::from(probe.width) * u64::from(probe.height) > limits.pixels {
        return Err(ThumbnailError::TooLarge("pixels".to_owned()));
    }
    let picture = Picture::decode(original).map_err(error)?;
    let width = transform.width.unwrap_or(probe.width);
    let job = Job {
        resize: Resize::FitWidth(width),
        encoding: Encoding::Jpeg { quality: 75 },
        filter: Filter::Lanczos3,
    };
    Ok(Thumbnail {
        bytes: picture.make(&job).map_err(error)?,
        content_type: "image/jpeg",
        extension: "jpg",
        remark: None,
    })
}
