//! What the header of a picture says, without decoding its pixels.

use super::decode::{self, Header};
use super::{ImageError, guarded, svg};
use image::metadata::Orientation;
use serde::{Deserialize, Serialize};

/// A format that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Format {
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// GIF.
    Gif,
    /// WebP.
    Webp,
    /// AVIF: measured, not decoded.
    Avif,
    /// SVG: measured, not decoded.
    Svg,
}

impl Format {
    /// The short name: what a file's name ends with.
    pub fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Gif => "gif",
            Self::Webp => "webp",
            Self::Avif => "avif",
            Self::Svg => "svg",
        }
    }

    /// The media type as the site model has it: that of SVG is `text/svg+xml` there.
    pub fn mime(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Gif => "image/gif",
            Self::Webp => "image/webp",
            Self::Avif => "image/avif",
            Self::Svg => "text/svg+xml",
        }
    }

    /// True where the format may lose detail, so that JPEG loses little more. Of the formats, not
    /// of the picture: WebP and GIF count as such.
    pub fn is_lossy(self) -> bool {
        !matches!(self, Self::Png)
    }
}

/// What the header says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    /// Pixels, upright (as browsers show it).
    pub width: u32,
    /// Pixels, upright.
    pub height: u32,
    /// The format, by the bytes.
    pub format: Format,
    /// What the camera or an author wrote (EXIF, ImageDescription).
    pub description: Option<String>,
    /// When it was taken (EXIF, DateTimeOriginal), as `2026-05-01T12:30:00`, with the offset where
    /// the camera knew it.
    pub created: Option<String>,
}

/// Bytes of a description that are kept.
const MAX_DESCRIPTION_BYTES: usize = 4096;

/// Reads the header.
///
/// # Errors
/// The format is unknown, or the header is damaged.
pub fn probe(bytes: &[u8]) -> Result<Probe, ImageError> {
    guarded(|| {
        if let Some(found) = decode::header(bytes)? {
            return Ok(of_header(found));
        }
        if let Some(size) = avif_size(bytes)? {
            return Ok(plain(size, Format::Avif));
        }
        if svg::looks_like_it(bytes) {
            return Ok(plain(svg::size(bytes)?, Format::Svg));
        }
        Err(ImageError::UnknownFormat)
    })
}

fn plain((width, height): (u32, u32), format: Format) -> Probe {
    Probe {
        width,
        height,
        format,
        description: None,
        created: None,
    }
}

fn of_header(header: Header) -> Probe {
    let (width, height) = header.upright_size();
    let (description, created) = header.exif.map_or((None, None), said);
    Probe {
        description,
        created,
        ..plain((width, height), header.format)
    }
}

impl Header {
    fn upright_size(&self) -> (u32, u32) {
        match self.orientation {
            Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH => (self.height, self.width),
            _ => (self.width, self.height),
        }
    }
}

/// Description and time of EXIF data; what cannot be read is as if it were not there.
fn said(exif: Vec<u8>) -> (Option<String>, Option<String>) {
    use exif::{In, Tag};
    let Ok(read) = exif::Reader::new().read_raw(exif) else {
        return (None, None);
    };
    let text = |tag: Tag| {
        let field = read.get_field(tag, In::PRIMARY)?;
        let exif::Value::Ascii(parts) = &field.value else {
            return None;
        };
        let bytes = parts.first()?;
        let bytes = &bytes[..bytes.len().min(MAX_DESCRIPTION_BYTES)];
        let text = String::from_utf8_lossy(bytes);
        let text = text.trim_matches(|c: char| c == '\0' || c.is_whitespace());
        (!text.is_empty()).then(|| text.to_owned())
    };
    let created = text(Tag::DateTimeOriginal).and_then(|written| {
        let time = exif::DateTime::from_ascii(written.as_bytes()).ok()?;
        let offset = text(Tag::OffsetTimeOriginal).unwrap_or_default();
        let offset = if is_offset(&offset) { &*offset } else { "" };
        let (date, clock) = (
            format!("{:04}-{:02}-{:02}", time.year, time.month, time.day),
            format!("{:02}:{:02}:{:02}", time.hour, time.minute, time.second),
        );
        Some(format!("{date}T{clock}{offset}"))
    });
    (text(Tag::ImageDescription), created)
}

/// `+02:00`.
fn is_offset(text: &str) -> bool {
    let shape: String = text
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    matches!(shape.as_str(), "+00:00" | "-00:00")
}

fn avif_size(bytes: &[u8]) -> Result<Option<(u32, u32)>, ImageError> {
    let is_avif = matches!(
        imagesize::image_type(bytes),
        Ok(imagesize::ImageType::Heif(imagesize::Compression::Av1))
    );
    if !is_avif {
        return Ok(None);
    }
    let damaged = |what: String| ImageError::Damaged(what);
    let size = imagesize::blob_size(bytes).map_err(|error| damaged(error.to_string()))?;
    match (u32::try_from(size.width), u32::try_from(size.height)) {
        (Ok(width), Ok(height)) if width > 0 && height > 0 => Ok(Some((width, height))),
        _ => Err(damaged("it has no size".into())),
    }
}
