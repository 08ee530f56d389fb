//! WebP (RFC 9649).

use super::super::colour::{self, Colours};
use super::super::header::{Frames, Header, check_size};
use super::super::original::{Frame, OriginalFormat};
use super::super::{Limits, ThumbnailError};
use super::rows::Raw;
use super::{DecodedFrames, FrameChoice, damaged, exif};
use crate::encode::Pixels;
use image_webp::WebPDecoder;
use std::borrow::Cow;
use std::io::Cursor;

/// The parts of a WebP.
pub(crate) struct Webp<'a> {
    bytes: &'a [u8],
    width: u32,
    height: u32,
    has_alpha: bool,
    frames: u32,
    loops: u16,
    is_animated: bool,
    exif: Option<&'a [u8]>,
    profile: Option<&'a [u8]>,
}

impl<'a> Webp<'a> {
    /// Finds the parts of a file.
    pub(super) fn open(bytes: &'a [u8], limits: &Limits) -> Result<Self, ThumbnailError> {
        let mut found = Self {
            bytes,
            width: 0,
            height: 0,
            has_alpha: false,
            frames: 0,
            loops: 0,
            is_animated: false,
            exif: None,
            profile: None,
        };
        for (name, data) in (Chunks { bytes, at: 12 }) {
            match name {
                b"VP8X" => found.extended(data)?,
                b"VP8L" if found.width == 0 => found.lossless(data)?,
                b"VP8 " if found.width == 0 => found.lossy(data)?,
                b"ANIM" => {
                    if let Some(&[low, high]) = data.get(4..6) {
                        found.loops = u16::from_le_bytes([low, high]);
                    }
                }
                b"ANMF" => found.frames = found.frames.saturating_add(1),
                b"ICCP" if found.profile.is_none() => found.profile = Some(data),
                b"EXIF" if found.exif.is_none() => found.exif = Some(exif::without_mark(data)),
                _ => {}
            }
            check_size(found.width, found.height, limits)?;
        }
        check_size(found.width, found.height, limits)?;
        Ok(found)
    }

    /// Section 2.7.1.
    fn extended(&mut self, data: &[u8]) -> Result<(), ThumbnailError> {
        let &[flags, _, _, _, w1, w2, w3, h1, h2, h3, ..] = data else {
            return Err(damaged("its header is too short"));
        };
        self.is_animated = flags & 0x02 != 0;
        self.has_alpha = flags & 0x10 != 0;
        self.width = u32::from_le_bytes([w1, w2, w3, 0]) + 1;
        self.height = u32::from_le_bytes([h1, h2, h3, 0]) + 1;
        Ok(())
    }

    /// Section 3.4: 14 bits of width, 14 of height, one of alpha.
    fn lossless(&mut self, data: &[u8]) -> Result<(), ThumbnailError> {
        let &[0x2f, a, b, c, d, ..] = data else {
            return Err(damaged("its header is too short"));
        };
        let bits = u32::from_le_bytes([a, b, c, d]);
        self.width = (bits & 0x3fff) + 1;
        self.height = (bits >> 14 & 0x3fff) + 1;
        self.has_alpha = bits >> 28 & 1 == 1;
        Ok(())
    }

    /// RFC 6386, section 9.1.
    fn lossy(&mut self, data: &[u8]) -> Result<(), ThumbnailError> {
        let &[_, _, _, 0x9d, 0x01, 0x2a, w1, w2, h1, h2, ..] = data else {
            return Err(damaged("it does not begin with a whole picture"));
        };
        self.width = u32::from(u16::from_le_bytes([w1, w2])) & 0x3fff;
        self.height = u32::from(u16::from_le_bytes([h1, h2])) & 0x3fff;
        Ok(())
    }

    pub(super) fn header(&self) -> Header {
        Header {
            format: OriginalFormat::Webp,
            width: self.width,
            height: self.height,
            orientation: exif::orientation(self.exif),
            frames: match self.frames {
                frames @ 2.. if self.is_animated => Frames::Animation(frames),
                _ => Frames::Still,
            },
            has_alpha: self.has_alpha,
        }
    }

    pub(super) fn exif(&self) -> Option<&'a [u8]> {
        self.exif
    }

    pub(super) fn decode(&self, wanted: FrameChoice) -> Result<DecodedFrames, ThumbnailError> {
        let mut decoder = WebPDecoder::new(Cursor::new(self.bytes)).map_err(damaged)?;
        if decoder.dimensions() != (self.width, self.height) {
            return Err(damaged("it has two sizes"));
        }
        let colours = self.profile.map_or(Colours::Srgb, |profile| {
            Colours::Profile(Cow::Borrowed(profile))
        });
        let channels = if decoder.has_alpha() { 4 } else { 3 };
        let length = self.width as usize * self.height as usize * channels;
        let finish = |bytes: Vec<u8>| {
            let mut raw = Raw {
                pixels: Pixels {
                    width: self.width,
                    height: self.height,
                    channels,
                    bytes,
                },
                is_grey: false,
            };
            colour::to_srgb(&mut raw, &colours);
            raw.reduced()
        };
        if !decoder.is_animated() {
            let mut bytes = vec![0; length];
            decoder.read_image(&mut bytes).map_err(damaged)?;
            return Ok(DecodedFrames::still(finish(bytes)));
        }
        // Browsers show what is behind the page, whatever the file says of its background.
        decoder.set_background_color([0; 4]).map_err(damaged)?;
        let count = match (wanted, self.header().frames) {
            (FrameChoice::All, Frames::Animation(count)) => count,
            _ => 1,
        };
        let mut frames = Vec::new();
        for _ in 0..count {
            let mut bytes = vec![0; length];
            let delay = decoder.read_frame(&mut bytes).map_err(damaged)?;
            let pixels = finish(bytes);
            frames.push(Frame { pixels, delay });
        }
        match frames.as_mut_slice() {
            [only] => {
                only.delay = 0;
                Ok(DecodedFrames { frames, loops: 0 })
            }
            _ => Ok(DecodedFrames {
                frames,
                loops: self.loops,
            }),
        }
    }
}

/// The chunks of a file: name and data.
struct Chunks<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Chunks<'a> {
    type Item = (&'a [u8; 4], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.bytes.get(self.at..)?;
        let (name, rest) = rest.split_first_chunk::<4>()?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let length = u32::from_le_bytes(*length) as usize;
        let data = &rest[..length.min(rest.len())];
        self.at = self.at.saturating_add(8 + length + length % 2);
        Some((name, data))
    }
}
