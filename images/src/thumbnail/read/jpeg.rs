//! JPEG (ITU-T T.81), and what Adobe made of it for print.

mod scans;

use super::super::colour::{self, Colours};
use super::super::header::{Frames, Header, check_size};
use super::super::original::OriginalFormat;
use super::super::{Limits, ThumbnailError};
use super::rows::Raw;
use super::{damaged, exif};
use crate::encode::Pixels;
use scans::Scans;
use std::borrow::Cow;
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;

/// Scans of a picture of a million pixels that are decoded. Each goes over all pixels.
const MAX_SCANS: usize = 200;

/// Bytes of memory that a JPEG in several scans may take, for ten pixels of the limit: at a hundred million pixels,
/// 480 million, of the 512 that decoding may take in all.
const SCANNED_BYTES_OF_TEN_PIXELS: u64 = 48;

/// The parts of a JPEG.
pub(crate) struct Jpeg<'a> {
    /// All of it; what stands behind the end marker is another picture, such as a gain map.
    bytes: &'a [u8],
    /// Where its first scan begins.
    scan: usize,
    width: u32,
    height: u32,
    channels: u8,
    is_progressive: bool,
    /// True where each channel has a scan of its own, which the decoder gets wrong where some have fewer samples.
    is_decoded_by_scan: bool,
    /// The channels.
    parts: Vec<Part>,
    /// Samples that are kept while scans go over them, in all channels.
    samples: u64,
    exif: Option<&'a [u8]>,
    /// Parts of the colour profile, each with its number.
    profile: Vec<(u8, &'a [u8])>,
}

/// A channel, as the frame header describes it.
#[derive(Debug, Clone, Copy)]
struct Part {
    id: u8,
    /// How many samples it has across and down, beside the other channels.
    factors: [u8; 2],
    /// The number of its table of quantisation.
    table: u8,
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
            is_progressive: false,
            is_decoded_by_scan: false,
            parts: Vec::new(),
            samples: 0,
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
                    found.check_memory(segment.first().copied().unwrap_or(0), limits)?;
                    break;
                }
                EOI => break,
                0xc0..=0xc2 => {
                    found.is_progressive = marker == 0xc2;
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
        let &[
            depth,
            high_1,
            high_2,
            wide_1,
            wide_2,
            channels,
            ref parts @ ..,
        ] = segment
        else {
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
        self.parts = parts
            .chunks_exact(3)
            .map(|part| Part {
                id: part[0],
                factors: [part[1] >> 4, part[1] & 15],
                table: part[2],
            })
            .collect();
        let factors = || self.parts.iter().flat_map(|part| part.factors);
        if self.parts.len() != usize::from(channels) || factors().any(|one| !(1..=4).contains(&one))
        {
            return Err(damaged("its frame header is none"));
        }
        // Samples of each channel in a unit of all channels (section A.2.3).
        let [across, down] = self.factors();
        let units =
            u64::from(self.width).div_ceil(8 * across) * u64::from(self.height).div_ceil(8 * down);
        let of_unit: u64 = self
            .parts
            .iter()
            .map(|part| part.factors.map(u64::from))
            .map(|[across, down]| across * down * 64)
            .sum();
        self.samples = units * of_unit;
        Ok(())
    }

    /// The largest factor of any channel, across and down.
    fn factors(&self) -> [u64; 2] {
        [0, 1].map(|axis| {
            let factors = self.parts.iter().map(|part| part.factors[axis]);
            factors.max().unwrap_or(1).into()
        })
    }

    /// Returns an error where it takes too much memory. What comes in one scan is decoded row by row. For several,
    /// all samples are kept, of two bytes each, until the last scan has gone over them; or of one byte and of one
    /// channel at a time, beside the bytes of its scan.
    fn check_memory(
        &mut self,
        channels_of_scan: u8,
        limits: &Limits,
    ) -> Result<(), ThumbnailError> {
        if !self.is_progressive && channels_of_scan == self.channels {
            return Ok(());
        }
        let most = self.factors();
        let mut parts = self.parts.iter();
        let is_subsampled = parts.any(|part| part.factors.map(u64::from) != most);
        self.is_decoded_by_scan = !self.is_progressive && is_subsampled;
        let pixels = u64::from(self.width) * u64::from(self.height);
        let kept = if self.is_decoded_by_scan {
            pixels + self.bytes.len() as u64
        } else {
            2 * self.samples
        };
        let takes = kept + pixels * u64::from(self.channels);
        let most = limits.pixels / 10 * SCANNED_BYTES_OF_TEN_PIXELS;
        if takes > most {
            return Err(ThumbnailError::TooLarge(format!(
                "a JPEG in several scans that takes {takes} bytes of memory; it may take {most}"
            )));
        }
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
        let mut samples = if self.is_decoded_by_scan {
            drop(decoder);
            let mut samples = self.scans(bytes).decode(options)?;
            if stored == Some(ColorSpace::YCbCr) {
                rgb_of_ycc(&mut samples);
            }
            samples
        } else {
            let mut samples = vec![0; expected];
            decoder.decode_into(&mut samples).map_err(damaged)?;
            drop(decoder);
            samples
        };
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

    fn scans<'s>(&'s self, bytes: &'s [u8]) -> Scans<'s> {
        Scans {
            bytes,
            width: self.width,
            height: self.height,
            parts: &self.parts,
        }
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

const SOF0: u8 = 0xc0;
const DHT: u8 = 0xc4;
const SOI: u8 = 0xd8;
const EOI: u8 = 0xd9;
const SOS: u8 = 0xda;
const DQT: u8 = 0xdb;
const DRI: u8 = 0xdd;
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
        let colours = rgb([pixel[0], pixel[1], pixel[2]]);
        pixel[..3].copy_from_slice(&colours.map(|colour| 255 - colour));
    }
}

/// Turns luminance and chrominance into colours, in place.
fn rgb_of_ycc(samples: &mut [u8]) {
    for pixel in samples.chunks_exact_mut(3) {
        pixel.copy_from_slice(&rgb([pixel[0], pixel[1], pixel[2]]));
    }
}

/// The colours of a luminance and two chrominances (JFIF 1.02), in 16 bits of fraction.
fn rgb(ycc: [u8; 3]) -> [u8; 3] {
    let [y, cb, cr] = ycc.map(i32::from);
    let (cb, cr) = (cb - 128, cr - 128);
    let red = y + ((91_881 * cr + 32_768) >> 16);
    let green = y - ((22_554 * cb + 46_802 * cr + 32_768) >> 16);
    let blue = y + ((116_130 * cb + 32_768) >> 16);
    [red, green, blue].map(|value| value.clamp(0, 255) as u8)
}
