//! From the bytes of an original to those of a thumbnail.

use super::describe::{self, Facts};
use super::encode::{self, Choice, Encoding};
use super::geometry::{self, View};
use super::header::{Frames, header};
use super::original::{Original, OriginalFormat};
use super::read::{FrameChoice, is_svg, read};
use super::transform::{Format, Transform};
use super::{Limits, ThumbnailError, steps};
use crate::svg;

/// A thumbnail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thumbnail {
    /// The file.
    pub bytes: Vec<u8>,
    /// Its media type.
    pub content_type: &'static str,
    /// What its name would end with, without the dot.
    pub extension: &'static str,
    /// Pixels; 0 for a drawing that does not say.
    pub width: u32,
    /// Pixels; 0 for a drawing that does not say.
    pub height: u32,
    /// Why it is in another format than was asked for, such as "avif: over 4 megapixels".
    pub remark: Option<&'static str>,
}

/// Makes a thumbnail: reads the header, decides on everything, then decodes, resizes, and encodes.
///
/// Equal originals and transforms give equal bytes. What the header shows to be over a limit is refused before
/// a pixel is decoded. An SVG is made safe, and otherwise stays as it is, whatever is asked for. No thread is
/// started.
///
/// # Errors
/// The original is not read, damaged, or over a limit, or what is asked for is.
pub fn make(
    original: &[u8],
    wanted: &Transform,
    limits: &Limits,
) -> Result<Thumbnail, ThumbnailError> {
    if is_svg(original) {
        return drawing(original, wanted, limits);
    }
    let header = header(original, limits)?;
    let stored = (header.width, header.height);
    let view = geometry::view(stored, header.orientation, wanted, limits)?;
    let is_described = wanted.format == Some(Format::Json);
    let is_animated = !is_described && stays_animated(header.format, wanted);
    let frames = match header.frames {
        Frames::Animation(count) if is_animated => {
            check_animation(&view, count, limits)?;
            FrameChoice::All
        }
        _ => FrameChoice::First,
    };
    let decoded = read(original, frames, limits)?;
    debug_assert_eq!(decoded.orientation, header.orientation);
    guarded(|| {
        if is_described {
            let facts = Facts {
                file_bytes: original.len(),
                size: Some(header.upright_size()),
                content_type: describe::content_type(header.format),
            };
            return describe::describe(&facts, decoded, &view, wanted);
        }
        if decoded.frames.len() > 1 {
            animation(decoded, &view, wanted)
        } else {
            still(decoded, &view, wanted)
        }
    })
}

/// True where an animation stays one: where that is asked for, and WebP is, or nothing else.
fn stays_animated(format: OriginalFormat, wanted: &Transform) -> bool {
    let can_move = matches!(
        format,
        OriginalFormat::Gif | OriginalFormat::Png | OriginalFormat::Webp
    );
    wanted.anim && can_move && matches!(wanted.format, None | Some(Format::Webp))
}

fn still(original: Original, view: &View, wanted: &Transform) -> Result<Thumbnail, ThumbnailError> {
    let Some(frame) = original.frames.into_iter().next() else {
        return Err(ThumbnailError::Damaged("it has no frame".into()));
    };
    let pixels = steps::run(frame.pixels, view, wanted)?;
    let pixels = steps::without_needless_alpha(pixels);
    let copyright = original.copyright.as_deref();
    let (choice, bytes) = encode::still_of(pixels, original.format, wanted, copyright)?;
    Ok(thumbnail(bytes, view, choice))
}

/// Refuses an animation whose frames would be too many pixels.
fn check_animation(view: &View, count: u32, limits: &Limits) -> Result<(), ThumbnailError> {
    let (width, height) = view.canvas;
    let pixels = u64::from(width) * u64::from(height) * u64::from(count);
    if pixels > limits.animation_pixels {
        return Err(ThumbnailError::ResultTooLarge(format!(
            "its {count} frames would have {pixels} pixels, and at most {} are made",
            limits.animation_pixels
        )));
    }
    Ok(())
}

fn animation(
    original: Original,
    view: &View,
    wanted: &Transform,
) -> Result<Thumbnail, ThumbnailError> {
    let frames = original.frames.into_iter().map(|frame| {
        let pixels = steps::run(frame.pixels, view, wanted)?;
        Ok((pixels, frame.delay))
    });
    let copyright = original.copyright.as_deref();
    let bytes = encode::animation(frames, original.loops, wanted, copyright)?;
    let choice = Choice {
        encoding: Encoding::Webp,
        remark: None,
    };
    Ok(thumbnail(bytes, view, choice))
}

fn thumbnail(bytes: Vec<u8>, view: &View, choice: Choice) -> Thumbnail {
    Thumbnail {
        bytes,
        content_type: choice.encoding.content_type(),
        extension: choice.encoding.extension(),
        width: view.canvas.0,
        height: view.canvas.1,
        remark: choice.remark,
    }
}

/// Passes an SVG through, without what could do harm.
fn drawing(
    original: &[u8],
    wanted: &Transform,
    limits: &Limits,
) -> Result<Thumbnail, ThumbnailError> {
    const CONTENT_TYPE: &str = "image/svg+xml";
    if original.len() as u64 > limits.bytes {
        return Err(ThumbnailError::TooLarge(format!(
            "{} bytes; it may have {}",
            original.len(),
            limits.bytes
        )));
    }
    let bytes = svg::sanitise(original)?;
    // Browsers show one that does not say how large it is.
    let size = svg::size(&bytes).ok();
    if wanted.format == Some(Format::Json) {
        return Ok(describe::describe_drawing(&Facts {
            file_bytes: original.len(),
            size,
            content_type: CONTENT_TYPE,
        }));
    }
    let (width, height) = size.unwrap_or_default();
    Ok(Thumbnail {
        bytes,
        content_type: CONTENT_TYPE,
        extension: "svg",
        width,
        height,
        remark: None,
    })
}

/// Runs steps and encoders; a crash in one of them is an error.
fn guarded<T>(work: impl FnOnce() -> Result<T, ThumbnailError>) -> Result<T, ThumbnailError> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(ThumbnailError::Encoding("the encoder gave up".into())))
}

#[cfg(test)]
mod tests;
