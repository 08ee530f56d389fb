//! A part of a picture in another size.
//!
//! `fast_image_resize` does the work. Its functions are generic over kinds of pixels and of pictures, and have a
//! variant for each precision of each set of instructions, so that whoever calls them compiles some megabytes of
//! code. This crate calls them, for one kind of picture and three of pixels, and nobody else does: it is compiled
//! once, and a change of what is around it takes seconds.
//!
//! Pixels have one byte a channel: one channel (grey), three (red, green, blue), or four (with alpha, not
//! multiplied; colours count by how opaque they are).
//!
//! ```
//! use quillfront_resize::{Cut, FilterType, ResizeAlg, Source, resize};
//!
//! // A grey picture of 4 × 2 pixels, the left half black.
//! let source = Source { width: 4, height: 2, channels: 1, bytes: &[0, 0, 255, 255, 0, 0, 255, 255] };
//! let mut smaller = [0; 2];
//! let mean = ResizeAlg::Convolution(FilterType::Box);
//! resize(source, Cut::whole(source), (2, 1), &mut smaller, mean)?;
//! assert_eq!(smaller, [0, 255]);
//! # Ok::<(), quillfront_resize::ResizeError>(())
//! ```

use fast_image_resize::images::{TypedCroppedImage, TypedImage, TypedImageRef};
use fast_image_resize::pixels::{U8, U8x3, U8x4};
use fast_image_resize::{ImageBufferError, ImageError, MulDiv, PixelTrait, ResizeOptions, Resizer};

/// How pixels are mixed.
pub use fast_image_resize::{FilterType, ResizeAlg};

/// A picture: rows without gaps, from the top.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// Pixels in a row.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Bytes of a pixel: 1, 3 or 4.
    pub channels: usize,
    /// `width * height * channels` bytes.
    pub bytes: &'a [u8],
}

/// What is taken of a picture, in its pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cut {
    /// The pixels that may be looked at: left, top, width, height. There are none beyond.
    pub within: (u32, u32, u32, u32),
    /// The area that is resized, from the upper left corner of `within`: left, top, width, height.
    pub area: (f64, f64, f64, f64),
}

impl Cut {
    /// Returns the whole of a picture.
    pub fn whole(of: Source<'_>) -> Self {
        Self::part(of, (0, 0, of.width, of.height))
    }

    /// Returns a part of a picture (left, top, width, height). Pixels beside it count at its edges.
    pub fn part(of: Source<'_>, (left, top, width, height): (u32, u32, u32, u32)) -> Self {
        Self {
            within: (0, 0, of.width, of.height),
            area: (left.into(), top.into(), width.into(), height.into()),
        }
    }
}

/// Why a picture cannot be resized.
#[derive(Debug, thiserror::Error)]
pub enum ResizeError {
    /// The bytes are not those of so many pixels.
    #[error(transparent)]
    Buffer(#[from] ImageBufferError),
    /// The cut is not within the picture.
    #[error("{0}")]
    Cut(String),
    /// There is no such kind of pixels.
    #[error(transparent)]
    Pixels(#[from] ImageError),
}

/// Resizes a cut of a picture to `size` (width, height), into as many bytes as those pixels have.
///
/// # Errors
/// The bytes, or those of the result, are not as many as there should be, or the cut is not within the picture.
pub fn resize(
    source: Source<'_>,
    cut: Cut,
    size: (u32, u32),
    into: &mut [u8],
    algorithm: ResizeAlg,
) -> Result<(), ResizeError> {
    // `Resizer::resize` would bring the code for all thirteen kinds of pixels.
    match source.channels {
        1 => resize_of::<U8>(source, cut, size, into, algorithm),
        3 => resize_of::<U8x3>(source, cut, size, into, algorithm),
        _ => resize_of::<U8x4>(source, cut, size, into, algorithm),
    }
}

fn resize_of<P: PixelTrait>(
    source: Source<'_>,
    cut: Cut,
    (width, height): (u32, u32),
    into: &mut [u8],
    algorithm: ResizeAlg,
) -> Result<(), ResizeError> {
    let wrong = |error: &dyn std::fmt::Display| ResizeError::Cut(error.to_string());
    let whole = TypedImageRef::<P>::from_buffer(source.width, source.height, source.bytes)?;
    let (left, top, part_width, part_height) = cut.within;
    let part = TypedCroppedImage::from_ref(&whole, left, top, part_width, part_height);
    let part = part.map_err(|error| wrong(&error))?;
    let mut target = TypedImage::<P>::from_buffer(width, height, into)?;
    let (left, top, cut_width, cut_height) = cut.area;
    let options = ResizeOptions::new()
        .resize_alg(algorithm)
        .crop(left, top, cut_width, cut_height);
    let done = Resizer::new().resize_typed(&part, &mut target, &options);
    done.map_err(|error| wrong(&error))
}

/// Multiplies the colours of pixels with four channels by their alpha.
///
/// # Errors
/// There are not `width * height * 4` bytes.
pub fn multiply_alpha(width: u32, height: u32, bytes: &mut [u8]) -> Result<(), ResizeError> {
    let mut image = TypedImage::<U8x4>::from_buffer(width, height, bytes)?;
    Ok(MulDiv::new().multiply_alpha_inplace_typed(&mut image)?)
}

/// Divides the colours of pixels with four channels by their alpha. What is transparent is black then.
///
/// # Errors
/// There are not `width * height * 4` bytes.
pub fn divide_alpha(width: u32, height: u32, bytes: &mut [u8]) -> Result<(), ResizeError> {
    let mut image = TypedImage::<U8x4>::from_buffer(width, height, bytes)?;
    Ok(MulDiv::new().divide_alpha_inplace_typed(&mut image)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LANCZOS: ResizeAlg = ResizeAlg::Convolution(FilterType::Lanczos3);

    #[test]
    fn sizes_that_do_not_fit_are_errors() {
        let source = |width, channels| Source {
            width,
            height: 2,
            channels,
            bytes: &[0; 12],
        };
        let resized = |source, cut, size| resize(source, cut, size, &mut [0; 6], LANCZOS);
        let fits = source(2, 3);
        resized(fits, Cut::whole(fits), (2, 1)).unwrap();
        for (of, size) in [
            (source(3, 3), (2, 1)),
            (fits, (2, 2)),
            (source(2, 4), (2, 1)),
        ] {
            let done = resized(of, Cut::whole(of), size);
            assert!(matches!(done, Err(ResizeError::Buffer(_))), "{done:?}");
        }
        for part in [(1, 0, 2, 2), (0, 0, 3, 2)] {
            let done = resized(fits, Cut::part(fits, part), (2, 1));
            assert!(
                matches!(done, Err(ResizeError::Cut(_))),
                "{part:?}: {done:?}"
            );
        }
        let beyond = Cut {
            within: (1, 1, 2, 2),
            ..Cut::whole(fits)
        };
        assert!(resized(fits, beyond, (2, 1)).is_err());
    }

    #[test]
    fn colours_are_multiplied_by_alpha_and_divided_again() {
        let mut pixels = [200, 100, 50, 128, 9, 9, 9, 255, 7, 7, 7, 0];
        multiply_alpha(3, 1, &mut pixels).unwrap();
        assert_eq!(pixels, [100, 50, 25, 128, 9, 9, 9, 255, 0, 0, 0, 0]);
        divide_alpha(3, 1, &mut pixels).unwrap();
        assert_eq!(pixels, [199, 100, 50, 128, 9, 9, 9, 255, 0, 0, 0, 0]);
        assert!(divide_alpha(2, 1, &mut pixels[..4]).is_err());
    }
}
