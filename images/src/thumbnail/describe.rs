//! What is known of a picture, as JSON: what Cloudflare Images says, and a placeholder.

mod thumbhash;

use super::encode::choose;
use super::geometry::View;
use super::make::Thumbnail;
use super::original::{Original, OriginalFormat};
use super::transform::{Format, Transform};
use super::{ThumbnailError, steps};
use crate::encode::Pixels;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// What is said of an original.
pub(crate) struct Facts {
    pub file_bytes: usize,
    /// Upright; none where a drawing does not say.
    pub size: Option<(u32, u32)>,
    pub content_type: &'static str,
}

/// What is said of what would be made of it.
struct Description {
    /// None where a drawing does not say.
    size: Option<(u32, u32)>,
    content_type: &'static str,
    remark: Option<&'static str>,
    thumbhash: Option<Vec<u8>>,
}

/// Describes a picture, of which one frame is decoded.
pub(crate) fn describe(
    facts: &Facts,
    original: Original,
    view: &View,
    wanted: &Transform,
) -> Result<Thumbnail, ThumbnailError> {
    let format = original.format;
    let Some(frame) = original.frames.into_iter().next() else {
        return Err(ThumbnailError::Damaged("it has no frame".into()));
    };
    // Nobody sees either in a placeholder.
    let plain = Transform {
        blur: 0,
        sharpen: 0,
        ..wanted.clone()
    };
    let small = steps::run(frame.pixels, &view.within(thumbhash::MOST_SIDE), &plain)?;
    let choose = |wanted| choose(wanted, format, view.canvas, steps::is_transparent(&small));
    let avif = Transform {
        format: Some(Format::Avif),
        ..Transform::default()
    };
    let made = Description {
        size: Some(view.canvas),
        content_type: choose(wanted).encoding.content_type(),
        remark: choose(&avif).remark,
        thumbhash: Some(hash(small)),
    };
    Ok(json(facts, &made))
}

/// Describes a drawing, which stays as it is.
pub(crate) fn describe_drawing(facts: &Facts) -> Thumbnail {
    let made = Description {
        size: facts.size,
        content_type: facts.content_type,
        remark: None,
        thumbhash: None,
    };
    json(facts, &made)
}

fn hash(pixels: Pixels) -> Vec<u8> {
    let pixels = steps::widened(pixels, 4);
    let (width, height) = (pixels.width as usize, pixels.height as usize);
    thumbhash::thumbhash(width, height, &pixels.bytes)
}

fn json(facts: &Facts, made: &Description) -> Thumbnail {
    let number = |number: Option<u32>| number.map_or("null".to_owned(), |n| n.to_string());
    // Nothing that is written as a text has a character that JSON would escape.
    let text = |text: Option<&str>| text.map_or("null".to_owned(), |text| format!("\"{text}\""));
    let width = |size: Option<(u32, u32)>| number(size.map(|size| size.0));
    let height = |size: Option<(u32, u32)>| number(size.map(|size| size.1));
    let thumbhash = made.thumbhash.as_ref().map(|hash| STANDARD.encode(hash));
    let json = format!(
        "{{\"width\":{},\"height\":{},\"original\":{{\"file_size\":{},\"width\":{},\"height\":{},\
         \"format\":{}}},\"format\":{},\"remark\":{},\"thumbhash\":{}}}",
        width(made.size),
        height(made.size),
        facts.file_bytes,
        width(facts.size),
        height(facts.size),
        text(Some(facts.content_type)),
        text(Some(made.content_type)),
        text(made.remark),
        text(thumbhash.as_deref()),
    );
    let (width, height) = made.size.unwrap_or_default();
    Thumbnail {
        bytes: json.into_bytes(),
        content_type: "application/json",
        extension: "json",
        width,
        height,
        remark: made.remark,
    }
}

/// Returns the media type of an original.
pub(crate) fn content_type(format: OriginalFormat) -> &'static str {
    match format {
        OriginalFormat::Jpeg => "image/jpeg",
        OriginalFormat::Png => "image/png",
        OriginalFormat::Gif => "image/gif",
        OriginalFormat::Webp => "image/webp",
        OriginalFormat::Avif => "image/avif",
        OriginalFormat::Bmp => "image/bmp",
        OriginalFormat::Ico => "image/vnd.microsoft.icon",
    }
}
