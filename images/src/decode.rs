//! From bytes to upright pixels, and from there to what a job wants.

use super::encode::{self, Pixels};
use super::probe::Format;
use super::{Filter, Geometry, ImageError, Job, MAX_DECODED_BYTES, MAX_PIXELS, guarded};
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};
use quillfront_resize::{Cut, FilterType, ResizeAlg};
use std::borrow::Cow;
use std::io::Cursor;

/// The header of a picture that can be decoded.
pub(super) struct Header {
    pub(super) format: Format,
    /// As stored, not upright.
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) orientation: Orientation,
    pub(super) exif: Option<Vec<u8>>,
}

/// A decoded, upright picture: 1, 3 or 4 bytes a pixel.
pub struct Picture {
    pixels: Pixels,
    /// ICC profile, where it fits the pixels.
    profile: Option<Vec<u8>>,
}

type Decoder<'a> = Box<dyn ImageDecoder + 'a>;

/// Bytes of a colour profile, compressed, that is read; those of screens have a few thousand.
const MAX_PROFILE_BYTES: usize = 256 << 10;

/// A PNG without its texts, of which nothing is read, and without profiles that are too large: both are
/// compressed, and the decoder makes of them what they claim to be.
pub(super) fn without_texts(bytes: &[u8]) -> Cow<'_, [u8]> {
    const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
    let mut kept: Option<Vec<u8>> = None;
    let mut at = SIGNATURE.len();
    if !bytes.starts_with(SIGNATURE) {
        return Cow::Borrowed(bytes);
    }
    while let Some(&[a, b, c, d, ref name @ ..]) = bytes.get(at..at + 8) {
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        let end = (at + 12).saturating_add(length).min(bytes.len());
        let left_out = match name {
            b"tEXt" | b"zTXt" | b"iTXt" => true,
            b"iCCP" => length > MAX_PROFILE_BYTES,
            _ => false,
        };
        match &mut kept {
            None if left_out => kept = Some(bytes[..at].to_vec()),
            Some(kept) if !left_out => kept.extend_from_slice(&bytes[at..end]),
            _ => {}
        }
        at = end;
    }
    match kept {
        None => Cow::Borrowed(bytes),
        Some(mut kept) => {
            kept.extend_from_slice(&bytes[at..]);
            Cow::Owned(kept)
        }
    }
}

/// The decoder of a format that is known; none where it is another.
fn open(bytes: &[u8]) -> Result<Option<(Format, Decoder<'_>)>, ImageError> {
    let Ok(kind) = image::guess_format(bytes) else {
        return Ok(None);
    };
    let format = match kind {
        ImageFormat::Jpeg => Format::Jpeg,
        ImageFormat::Png => Format::Png,
        ImageFormat::Gif => Format::Gif,
        ImageFormat::WebP => Format::Webp,
        _ => return Ok(None),
    };
    let mut reader = ImageReader::with_format(Cursor::new(bytes), kind);
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(2 * MAX_DECODED_BYTES);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(damaged)?;
    Ok(Some((format, Box::new(decoder))))
}

fn damaged(error: image::ImageError) -> ImageError {
    ImageError::Damaged(error.to_string())
}

/// The header; none where the format cannot be decoded.
pub(super) fn header(bytes: &[u8]) -> Result<Option<Header>, ImageError> {
    let bytes = without_texts(bytes);
    let Some((format, mut decoder)) = open(&bytes)? else {
        return Ok(None);
    };
    let (width, height) = decoder.dimensions();
    if width == 0 || height == 0 {
        return Err(ImageError::Damaged("it has no size".into()));
    }
    Ok(Some(Header {
        format,
        width,
        height,
        orientation: orientation(&mut *decoder),
        exif: decoder.exif_metadata().unwrap_or(None),
    }))
}

/// How it is to be turned. Damage there is no reason not to show the picture.
fn orientation(decoder: &mut dyn ImageDecoder) -> Orientation {
    decoder.orientation().unwrap_or(Orientation::NoTransforms)
}

impl Picture {
    /// Decodes a JPEG, PNG, GIF (its first frame) or WebP, and turns it upright.
    ///
    /// # Errors
    /// Another format, damage, or too many pixels.
    pub fn decode(bytes: &[u8]) -> Result<Self, ImageError> {
        guarded(|| {
            let bytes = without_texts(bytes);
            let Some((_, mut decoder)) = open(&bytes)? else {
                let known = super::probe(&bytes)?;
                return Err(ImageError::NotDecodable(known.format.name()));
            };
            let (width, height) = decoder.dimensions();
            let pixels = u64::from(width) * u64::from(height);
            if pixels > MAX_PIXELS || decoder.total_bytes() > MAX_DECODED_BYTES {
                return Err(ImageError::TooLarge { width, height });
            }
            let profile = decoder.icc_profile().unwrap_or(None);
            let orientation = orientation(&mut *decoder);
            let mut decoded = DynamicImage::from_decoder(decoder).map_err(damaged)?;
            decoded.apply_orientation(orientation);
            let pixels = eight_bits(decoded);
            Ok(Self {
                profile: profile.filter(|profile| fits(profile, &pixels)),
                pixels,
            })
        })
    }

    /// Pixels in all: what decoding it costs.
    pub fn pixel_count(&self) -> u64 {
        u64::from(self.pixels.width) * u64::from(self.pixels.height)
    }

    /// Crops, resizes and encodes.
    ///
    /// # Errors
    /// The result is too large, or the encoder refused.
    pub fn make(&self, job: &Job) -> Result<Vec<u8>, ImageError> {
        guarded(|| {
            let geometry = job.geometry(self.pixels.width, self.pixels.height)?;
            let resized = resize(&self.pixels, &geometry, job.filter)?;
            let pixels = resized.as_ref().unwrap_or(&self.pixels);
            encode::encode(pixels, self.profile.as_deref(), job.encoding)
        })
    }
}

/// The same pixels with eight bits a channel; alpha only where something is transparent.
fn eight_bits(decoded: DynamicImage) -> Pixels {
    let (width, height) = (decoded.width(), decoded.height());
    let color = decoded.color();
    let (channels, bytes) = if color.has_alpha() {
        let rgba = decoded.into_rgba8().into_raw();
        if rgba.chunks_exact(4).all(|pixel| pixel[3] == 255) {
            let rgb = rgba.chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]);
            (3, rgb.collect())
        } else {
            (4, rgba)
        }
    } else if color.has_color() {
        (3, decoded.into_rgb8().into_raw())
    } else {
        (1, decoded.into_luma8().into_raw())
    };
    Pixels {
        width,
        height,
        channels,
        bytes,
    }
}

/// True where the colour space of an ICC profile is that of the pixels (ICC.1, section 7.2.6): a
/// picture that was CMYK was converted while it was decoded.
fn fits(profile: &[u8], pixels: &Pixels) -> bool {
    match profile.get(16..20) {
        Some(b"RGB ") => pixels.channels >= 3,
        Some(b"GRAY") => pixels.channels == 1,
        _ => false,
    }
}

/// Crops and resizes; none where nothing is to be done.
fn resize(
    pixels: &Pixels,
    geometry: &Geometry,
    filter: Filter,
) -> Result<Option<Pixels>, ImageError> {
    let Geometry {
        crop: (left, top, crop_width, crop_height),
        width,
        height,
    } = *geometry;
    let whole = (crop_width, crop_height) == (pixels.width, pixels.height);
    if whole && (width, height) == (pixels.width, pixels.height) {
        return Ok(None);
    }
    let source = pixels.source();
    let part = (left, top, crop_width, crop_height);
    let mut bytes = vec![0; width as usize * height as usize * pixels.channels];
    quillfront_resize::resize(
        source,
        Cut::part(source, part),
        (width, height),
        &mut bytes,
        algorithm(filter),
    )
    .map_err(|error| ImageError::Encoding(error.to_string()))?;
    Ok(Some(Pixels {
        width,
        height,
        channels: pixels.channels,
        bytes,
    }))
}

fn algorithm(filter: Filter) -> ResizeAlg {
    ResizeAlg::Convolution(match filter {
        Filter::Nearest => return ResizeAlg::Nearest,
        Filter::Box => FilterType::Box,
        Filter::Bilinear => FilterType::Bilinear,
        Filter::Hamming => FilterType::Hamming,
        Filter::CatmullRom => FilterType::CatmullRom,
        Filter::Mitchell => FilterType::Mitchell,
        Filter::Gaussian => FilterType::Gaussian,
        Filter::Lanczos3 => FilterType::Lanczos3,
    })
}
