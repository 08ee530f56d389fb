//! The container of WebP (RFC 9649, section 2): a picture with metadata, and an animation.

use super::failed;
use crate::thumbnail::ThumbnailError;

const HAS_ANIMATION: u8 = 0x02;
const HAS_EXIF: u8 = 0x08;
const HAS_ALPHA: u8 = 0x10;

/// Where and how long a frame is shown.
pub(super) struct FramePlacement {
    /// From the left; even.
    pub left: u32,
    /// From above; even.
    pub top: u32,
    pub width: u32,
    pub height: u32,
    /// Milliseconds.
    pub delay: u32,
}

/// Returns the chunks of a simple file that hold its picture, without the header of an extended one.
pub(super) fn picture(file: &[u8]) -> Option<&[u8]> {
    // After `RIFF`, size and `WEBP`.
    let chunks = file.get(12..)?;
    match chunks.get(..4)? {
        b"VP8X" => chunks.get(18..),
        _ => Some(chunks),
    }
}

/// Returns a file with a picture and EXIF data.
pub(super) fn with_exif(
    picture: &[u8],
    size: (u32, u32),
    has_alpha: bool,
    exif: &[u8],
) -> Result<Vec<u8>, ThumbnailError> {
    let alpha = if has_alpha { HAS_ALPHA } else { 0 };
    let chunks = [
        chunk(b"VP8X", &header(HAS_EXIF | alpha, size))?,
        picture.to_vec(),
        chunk(b"EXIF", exif)?,
    ];
    file(&chunks.concat())
}

/// Returns a file with an animation of frames that [`frame`] made. 0 loops are for ever.
pub(super) fn animation(
    frames: &[Vec<u8>],
    size: (u32, u32),
    has_alpha: bool,
    loops: u16,
    exif: Option<&[u8]>,
) -> Result<Vec<u8>, ThumbnailError> {
    let alpha = if has_alpha { HAS_ALPHA } else { 0 };
    let has_exif = if exif.is_some() { HAS_EXIF } else { 0 };
    let transparent_background = [0; 4];
    let control = [&transparent_background[..], &loops.to_le_bytes()].concat();
    let mut chunks = chunk(b"VP8X", &header(HAS_ANIMATION | has_exif | alpha, size))?;
    chunks.extend(chunk(b"ANIM", &control)?);
    chunks.extend(frames.iter().flatten());
    if let Some(exif) = exif {
        chunks.extend(chunk(b"EXIF", exif)?);
    }
    file(&chunks)
}

/// Returns a frame, which takes the place of what was there and stays.
pub(super) fn frame(picture: &[u8], placed: &FramePlacement) -> Result<Vec<u8>, ThumbnailError> {
    const DO_NOT_BLEND: u8 = 0x02;
    let mut data = Vec::new();
    for number in [
        placed.left / 2,
        placed.top / 2,
        placed.width - 1,
        placed.height - 1,
        placed.delay.min(0xff_ffff),
    ] {
        data.extend(&number.to_le_bytes()[..3]);
    }
    data.push(DO_NOT_BLEND);
    data.extend(picture);
    chunk(b"ANMF", &data)
}

fn header(flags: u8, (width, height): (u32, u32)) -> Vec<u8> {
    let mut header = vec![flags, 0, 0, 0];
    header.extend(&(width - 1).to_le_bytes()[..3]);
    header.extend(&(height - 1).to_le_bytes()[..3]);
    header
}

fn file(chunks: &[u8]) -> Result<Vec<u8>, ThumbnailError> {
    chunk(b"RIFF", &[b"WEBP", chunks].concat())
}

fn chunk(name: &[u8; 4], data: &[u8]) -> Result<Vec<u8>, ThumbnailError> {
    let size = u32::try_from(data.len()).map_err(failed)?;
    let mut chunk = name.to_vec();
    chunk.extend(size.to_le_bytes());
    chunk.extend(data);
    if data.len() % 2 == 1 {
        chunk.push(0);
    }
    Ok(chunk)
}
