//! BMP and ICO, of Windows.

use super::super::header::{Frames, Header, check_size};
use super::super::original::OriginalFormat;
use super::super::{Limits, ThumbnailError};
use super::png::Png;
use super::rows::Raw;
use super::{FrameChoice, damaged};
use crate::encode::Pixels;
use image::codecs::bmp::BmpDecoder;
use image::codecs::ico::IcoDecoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder};
use std::io::Cursor;

/// The parts of a bitmap.
pub(crate) struct Bitmap<'a> {
    format: OriginalFormat,
    width: u32,
    height: u32,
    content: Content<'a>,
}

enum Content<'a> {
    Bmp(&'a [u8]),
    /// An ICO that has one picture.
    Ico(Vec<u8>),
    /// An ICO may have PNGs.
    Png(Png<'a>),
}

impl<'a> Bitmap<'a> {
    pub(super) fn open_bmp(bytes: &'a [u8], limits: &Limits) -> Result<Self, ThumbnailError> {
        let (width, height) = size(bytes.get(14..).unwrap_or_default())?;
        check_size(width, height, limits)?;
        Ok(Self {
            format: OriginalFormat::Bmp,
            width,
            height,
            content: Content::Bmp(bytes),
        })
    }

    /// Takes the largest picture, and of those as large the one with most colours.
    pub(super) fn open_ico(bytes: &'a [u8], limits: &Limits) -> Result<Self, ThumbnailError> {
        let count = match bytes.get(4..6) {
            Some(&[low, high]) => usize::from(u16::from_le_bytes([low, high])),
            _ => 0,
        };
        let entries = bytes
            .get(6..)
            .unwrap_or_default()
            .chunks_exact(16)
            .take(count);
        // A side of 256 is written as 0.
        let side = |byte: u8| if byte == 0 { 256 } else { u32::from(byte) };
        let best = entries.max_by_key(|entry| {
            (
                side(entry[0]) * side(entry[1]),
                u16::from_le_bytes([entry[6], entry[7]]),
            )
        });
        let entry = best.ok_or_else(|| damaged("it has no picture"))?;
        let number = |at: usize| {
            u32::from_le_bytes([entry[at], entry[at + 1], entry[at + 2], entry[at + 3]]) as usize
        };
        let (length, offset) = (number(8), number(12));
        let data = bytes.get(offset..offset.saturating_add(length));
        let data = data.ok_or_else(|| damaged("a picture in it is cut off"))?;
        if data.starts_with(b"\x89PNG\r\n\x1a\n") {
            let png = Png::open(data, limits)?;
            let Header { width, height, .. } = png.header();
            return Ok(Self {
                format: OriginalFormat::Ico,
                width,
                height,
                content: Content::Png(png),
            });
        }
        // Twice as high as it is: behind the pixels is a mask.
        let (width, doubled) = size(data)?;
        let height = doubled / 2;
        check_size(width, height, limits)?;
        let mut ico = b"\0\0\x01\0\x01\0".to_vec();
        ico.extend_from_slice(&entry[..12]);
        ico.extend_from_slice(&22u32.to_le_bytes());
        ico.extend_from_slice(data);
        Ok(Self {
            format: OriginalFormat::Ico,
            width,
            height,
            content: Content::Ico(ico),
        })
    }

    pub(super) fn header(&self) -> Header {
        Header {
            format: self.format,
            width: self.width,
            height: self.height,
            orientation: Orientation::NoTransforms,
            frames: Frames::Still,
            has_alpha: match &self.content {
                Content::Bmp(_) => false,
                Content::Ico(_) => true,
                Content::Png(png) => png.header().has_alpha,
            },
        }
    }

    pub(super) fn decode(&self) -> Result<Pixels, ThumbnailError> {
        match &self.content {
            Content::Bmp(bytes) => {
                self.pixels(BmpDecoder::new(Cursor::new(*bytes)).map_err(damaged)?)
            }
            Content::Ico(bytes) => {
                self.pixels(IcoDecoder::new(Cursor::new(bytes)).map_err(damaged)?)
            }
            Content::Png(png) => {
                let frame = png.decode(FrameChoice::First)?.frames.pop();
                frame
                    .map(|frame| frame.pixels)
                    .ok_or_else(|| damaged("it has no picture"))
            }
        }
    }

    fn pixels(&self, decoder: impl ImageDecoder) -> Result<Pixels, ThumbnailError> {
        if decoder.dimensions() != (self.width, self.height) {
            return Err(damaged("it has two sizes"));
        }
        let decoded = DynamicImage::from_decoder(decoder).map_err(damaged)?;
        let (channels, bytes) = if decoded.color().has_alpha() {
            (4, decoded.into_rgba8().into_raw())
        } else {
            (3, decoded.into_rgb8().into_raw())
        };
        let raw = Raw {
            pixels: Pixels {
                width: self.width,
                height: self.height,
                channels,
                bytes,
            },
            is_grey: false,
        };
        Ok(raw.reduced())
    }
}

/// Width and height of an information header, of OS/2 or of Windows. A height below zero is that of a picture
/// whose first row is at the top.
fn size(header: &[u8]) -> Result<(u32, u32), ThumbnailError> {
    match *header {
        [12, 0, 0, 0, w1, w2, h1, h2, ..] => Ok((
            u16::from_le_bytes([w1, w2]).into(),
            u16::from_le_bytes([h1, h2]).into(),
        )),
        [_, _, _, _, w1, w2, w3, w4, h1, h2, h3, h4, ..] => {
            let width = i32::from_le_bytes([w1, w2, w3, w4]);
            let height = i32::from_le_bytes([h1, h2, h3, h4]);
            Ok((width.unsigned_abs(), height.unsigned_abs()))
        }
        _ => Err(damaged("it has no header")),
    }
}
