//! JPEG (ITU-T T.81), and what Adobe made of it for print.

use super::super::colour::{self, Colours};
use super::super::header::{Frames, Header, check_size};
use super::super::original::OriginalFormat;
use super::super::{Limits, ThumbnailError};
use super::rows::Raw;
use super::{damaged, exif};
use crate::encode::Pixels;
use std::borrow::Cow;
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;

/// Scans of a picture of a million pixels that are decoded. Each goes over all pixels.
const MAX_SCANS: usize = 200;

/// The parts of a JPEG.
pub(crate) struct Jpeg<'a> {
    /// All of it; what stands behind the end marker is another picture, such as a gain map.
    bytes: &'a [u8],
    /// Where its first scan begins.
    scan: usize,
    width: u32,
    height: u32,
    channels: u8,
    exif: Option<&'a [u8]>,
    /// Parts of the colour profile, each with its number.
    profile: Vec<(u8, &'a [u8])>,
}

impl<'a> Jpeg<'a> {
    /// Finds the parts of a file.
    pub(super) fn open(bytes: &'a [u8], limits: &Limits) -> Result<Self, ThumbnailError> {
        let mut found = Self {
            bytes,
            scan: bytes.len(),
            width: 0,
            height: 0,
            channels: 0,
            exif: None,
            profile: Vec::new(),
        };
        let mut at = 2;
        while let Some((marker, start)) = next_marker(bytes, at) {
            let Some(segment) = segment(bytes, start) else {
                break;
            };
            at = start + 2 + segment.len();
            match marker {
                SOS => {
                    found.scan = at;
                    break;
                }
                EOI => break,
                0xc0..=0xc2 => {
                    found.frame(segment)?;
                    check_size(found.width, found.height, limits)?;
                }
                _ if is_of_another_process(marker) => return Err(unsupported(marker)),
                APP1 if found.exif.is_none() => found.exif = segment.strip_prefix(b"Exif\0\0"),
                APP2 => found.profile.extend(part_of_profile(segment)),
                _ => {}
            }
        }
        check_size(found.width, found.height, limits)?;
        Ok(found)
    }

    /// Reads the frame header (section B.2.2).
    fn frame(&mut self, segment: &[u8]) -> Result<(), ThumbnailError> {
        let &[depth, high_1, high_2, wide_1, wide_2, channels, ..] = segment else {
            return Err(damaged("it has no frame header"));
        };
        if depth != 8 {
            return Err(ThumbnailError::Unsupported("a JPEG of more than 8 bits"));
        }
        if !matches!(channels, 1 | 3 | 4) {
            return Err(ThumbnailError::Unsupported(
                "a JPEG that is neither grey nor RGB nor CMYK",
            ));
        }
        self.height = u16::from_be_bytes([high_1, high_2]).into();
        self.width = u16::from_be_bytes([wide_1, wide_2]).into();
        self.channels = channels;
        Ok(())
    }

    pub(super) fn header(&self) -> Header {
        Header {
            format: OriginalFormat::Jpeg,
            width: self.width,
            height: self.height,
            orientation: exif::orientation(self.exif),
            frames: Frames::Still,
            has_alpha: false,
        }
    }

    pub(super) fn exif(&self) -> Option<&'a [u8]> {
        self.exif
    }

    /// Decodes it. One that ends before its last row is damaged: what is made of half a file would stay when the
    /// whole file is there.
    pub(super) fn decode(&self) -> Result<Pixels, ThumbnailError> {
        let end = end(self.bytes, self.scan);
        let bytes = &self.bytes[..end.unwrap_or(self.bytes.len())];
        let pixels = u64::from(self.width) * u64::from(self.height);
        let scans = (MAX_SCANS as u64 * 1_000_000 / pixels) as usize;
        let options = DecoderOptions::default()
            .set_max_width(usize::MAX)
            .set_max_height(usize::MAX)
            .set_strict_mode(end.is_none())
            .jpeg_set_max_scans(scans.clamp(30, MAX_SCANS));
        let mut decoder = zune_jpeg::JpegDecoder::new_with_options(ZCursor::new(bytes), options);
        decoder.decode_headers().map_err(damaged)?;
        let stored = decoder.input_colorspace();
        let space = match (self.channels, stored) {
            (1, _) => ColorSpace::Luma,
            (4, Some(ColorSpace::YCCK)) => ColorSpace::YCCK,
            (4, _) => ColorSpace::CMYK,
            _ => ColorSpace::RGB,
        };
        decoder.set_options(options.jpeg_set_out_colorspace(space));
        let length = decoder.output_buffer_size();
        let expected = pixels as usize * usize::from(self.channels);
        if length != Some(expected) {
            return Err(damaged("it has two frame headers"));
        }
        let mut samples = vec![0; expected];
        decoder.decode_into(&mut samples).map_err(damaged)?;
        drop(decoder);
        let colours = self.colours();
        if self.channels == 4 {
            if space == ColorSpace::YCCK {
                cmyk_of_ycck(&mut samples);
            }
            colour::cmyk_to_srgb(&mut samples, &colours);
        }
        let mut raw = Raw {
            pixels: Pixels {
                width: self.width,
                height: self.height,
                channels: if self.channels == 1 { 1 } else { 3 },
                bytes: samples,
            },
            is_grey: self.channels == 1,
        };
        if self.channels != 4 {
            colour::to_srgb(&mut raw, &colours);
        }
        Ok(raw.pixels)
    }

    /// The colour profile, where it is whole (ICC.1, section B.4).
    fn colours(&self) -> Colours<'a> {
        let mut parts = self.profile.clone();
        parts.sort_by_key(|(number, _)| *number);
        let numbers = parts.iter().map(|(number, _)| usize::from(*number));
        let length: usize = parts.iter().map(|(_, part)| part.len()).sum();
        if !numbers.eq(1..=parts.len()) || length > colour::MAX_PROFILE_BYTES {
            return Colours::Srgb;
        }
        match parts.as_slice() {
            [] => Colours::Srgb,
            [(_, whole)] => Colours::Profile(Cow::Borrowed(whole)),
            _ => {
                let parts: Vec<&[u8]> = parts.into_iter().map(|(_, part)| part).collect();
                Colours::Profile(Cow::Owned(parts.concat()))
            }
        }
    }
}

const EOI: u8 = 0xd9;
const SOS: u8 = 0xda;
const APP1: u8 = 0xe1;
const APP2: u8 = 0xe2;

/// True for the frame headers of what is not decoded (table B.1).
fn is_of_another_process(marker: u8) -> bool {
    matches!(marker, 0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf | 0xf7)
}

fn unsupported(marker: u8) -> ThumbnailError {
    ThumbnailError::Unsupported(match marker {
        0xc3 | 0xf7 => "a lossless JPEG",
        0xc9..=0xcb | 0xcd..=0xcf => "a JPEG in arithmetic coding",
        _ => "a hierarchical JPEG",
    })
}

/// Returns the next marker that has a segment, or the end marker, and what follows it.
fn next_marker(bytes: &[u8], mut at: usize) -> Option<(u8, usize)> {
    loop {
        at += memchr::memchr(0xff, bytes.get(at..)?)? + 1;
        match bytes.get(at)? {
            // Fill bytes, stuffed ones, and markers that stand alone.
            0 | 1 | 0xd0..=0xd8 | 0xff => {}
            marker => return Some((*marker, at + 1)),
        }
    }
}

/// The data of the segment that begins at its length; empty behind the end marker.
fn segment(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let &[a, b] = bytes.get(at..at + 2)? else {
        return None;
    };
    let length = usize::from(u16::from_be_bytes([a, b]));
    bytes.get(at + 2..at + length.max(2))
}

/// Where the picture ends whose scans begin here; none where it has no end marker.
fn end(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let (marker, start) = next_marker(bytes, at)?;
        if marker == EOI {
            return Some(start);
        }
        at = start + 2 + segment(bytes, start)?.len();
    }
}

fn part_of_profile(segment: &[u8]) -> Option<(u8, &[u8])> {
    match segment.strip_prefix(b"ICC_PROFILE\0")? {
        [number, _, part @ ..] => Some((*number, part)),
        _ => None,
    }
}

/// Turns luminance and chrominance into inks, in place. Both are stored inverted (Adobe technical note 5116):
/// what comes out is 255 where there is no ink.
fn cmyk_of_ycck(samples: &mut [u8]) {
    for pixel in samples.chunks_exact_mut(4) {
        let [y, cb, cr] = [pixel[0], pixel[1], pixel[2]].map(i32::from);
        let (cb, cr) = (cb - 128, cr - 128);
        // JFIF, in 16 bits of fraction.
        let red = y + ((91_881 * cr + 32_768) >> 16);
        let green = y - ((22_554 * cb + 46_802 * cr + 32_768) >> 16);
        let blue = y + ((116_130 * cb + 32_768) >> 16);
        for (sample, value) in pixel.iter_mut().zip([red, green, blue]) {
            *sample = value.clamp(0, 255) as u8;
        }
    }
}
