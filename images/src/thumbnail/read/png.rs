//! PNG and APNG (third edition).

use super::super::colour::{self, Cicp, Colours};
use super::super::header::{Frames, Header, check_size};
use super::super::original::{Frame, OriginalFormat};
use super::super::{Limits, ThumbnailError};
use super::canvas::{Canvas, Disposal, Place};
use super::rows::{Raw, eight_of_sixteen};
use super::{DecodedFrames, FrameChoice, damaged, exif};
use crate::encode::Pixels;
use png::{BitDepth, BlendOp, ColorType, DisposeOp, InterlaceInfo, Transformations};
use std::borrow::Cow;
use std::io::{Cursor, Read};

type Reader<'a> = png::Reader<Cursor<&'a [u8]>>;

/// Bytes that the decoder may take beside the pixels: rows, and a chunk.
const MAX_DECODER_BYTES: usize = 1 << 30;

/// The parts of a PNG.
pub(crate) struct Png<'a> {
    bytes: &'a [u8],
    width: u32,
    height: u32,
    is_grey: bool,
    has_alpha: bool,
    exif: Option<&'a [u8]>,
    /// What chunks say of the colours: `cICP`, `iCCP`, `sRGB`, `gAMA`, `cHRM`.
    colours: [Option<&'a [u8]>; 5],
    /// Frames and plays.
    animation: Option<(u32, u32)>,
}

impl<'a> Png<'a> {
    /// Finds the parts of a file.
    pub(super) fn open(bytes: &'a [u8], limits: &Limits) -> Result<Self, ThumbnailError> {
        let mut chunks = Chunks { bytes, at: 8 };
        let Some((b"IHDR", &[w1, w2, w3, w4, h1, h2, h3, h4, _depth, kind, _, _, _])) =
            chunks.next()
        else {
            return Err(damaged("it has no header"));
        };
        let mut found = Self {
            bytes,
            width: u32::from_be_bytes([w1, w2, w3, w4]),
            height: u32::from_be_bytes([h1, h2, h3, h4]),
            is_grey: kind & 2 == 0,
            has_alpha: kind & 4 != 0,
            exif: None,
            colours: [None; 5],
            animation: None,
        };
        check_size(found.width, found.height, limits)?;
        let mut is_before_pixels = true;
        for (name, data) in chunks {
            match name {
                b"IDAT" => is_before_pixels = false,
                b"tRNS" => found.has_alpha = true,
                b"eXIf" => found.exif = Some(exif::without_mark(data)),
                b"cICP" if is_before_pixels => found.colours[0] = Some(data),
                b"iCCP" if is_before_pixels => found.colours[1] = Some(data),
                b"sRGB" if is_before_pixels => found.colours[2] = Some(data),
                b"gAMA" if is_before_pixels => found.colours[3] = Some(data),
                b"cHRM" if is_before_pixels => found.colours[4] = Some(data),
                b"acTL" if is_before_pixels => {
                    if let Some(&[a, b, c, d]) = data.get(4..8) {
                        found.animation = Some((0, u32::from_be_bytes([a, b, c, d])));
                    }
                }
                b"fcTL" => {
                    if let Some((frames, _)) = &mut found.animation {
                        *frames = frames.saturating_add(1);
                    }
                }
                b"IEND" => break,
                _ => {}
            }
        }
        Ok(found)
    }

    pub(super) fn header(&self) -> Header {
        Header {
            format: OriginalFormat::Png,
            width: self.width,
            height: self.height,
            orientation: exif::orientation(self.exif),
            frames: match self.animation {
                Some((frames @ 2.., _)) => Frames::Animation(frames),
                _ => Frames::Still,
            },
            has_alpha: self.has_alpha,
        }
    }

    pub(super) fn exif(&self) -> Option<&'a [u8]> {
        self.exif
    }

    pub(super) fn decode(&self, wanted: FrameChoice) -> Result<DecodedFrames, ThumbnailError> {
        let mut reader = self.reader()?;
        let colours = self.colours();
        let finish = |mut raw: Raw| {
            colour::to_srgb(&mut raw, &colours);
            raw.reduced()
        };
        match (self.header().frames, self.animation) {
            (Frames::Animation(count), Some((_, plays))) if wanted == FrameChoice::All => {
                let mut frames = Vec::new();
                let mut canvas = Canvas::new(self.width, self.height);
                // A picture before the first frame is for those who do not know animations.
                let mut is_next = reader.info().frame_control().is_none();
                if is_next {
                    self.picture(&mut reader, self.width, self.height)?;
                }
                while (frames.len() as u32) < count {
                    // The first frame is where the reader is already.
                    if std::mem::replace(&mut is_next, true) {
                        reader.next_frame_info().map_err(damaged)?;
                    }
                    let delay = self.draw(&mut reader, &mut canvas)?;
                    let mut raw = canvas.frame();
                    raw.is_grey = self.is_grey;
                    let pixels = finish(raw);
                    frames.push(Frame { pixels, delay });
                }
                let loops = u16::try_from(plays).unwrap_or(u16::MAX);
                Ok(DecodedFrames { frames, loops })
            }
            _ => {
                let raw = self.picture(&mut reader, self.width, self.height)?;
                Ok(DecodedFrames::still(finish(raw)))
            }
        }
    }

    fn reader(&self) -> Result<Reader<'a>, ThumbnailError> {
        let mut decoder = png::Decoder::new_with_limits(
            Cursor::new(self.bytes),
            png::Limits {
                bytes: MAX_DECODER_BYTES,
            },
        );
        // Both are compressed, and the decoder would make of them what they claim to be.
        decoder.set_ignore_text_chunk(true);
        decoder.set_ignore_iccp_chunk(true);
        decoder.set_transformations(Transformations::EXPAND);
        decoder.read_info().map_err(damaged)
    }

    /// Decodes the picture that is next.
    fn picture(
        &self,
        reader: &mut Reader<'a>,
        width: u32,
        height: u32,
    ) -> Result<Raw, ThumbnailError> {
        let (kind, depth) = reader.output_color_type();
        let channels = match kind {
            ColorType::Grayscale => 1,
            ColorType::Rgb => 3,
            _ => 4,
        };
        let stride = width as usize * channels;
        let mut bytes = vec![0; stride * height as usize];
        let mut eight = vec![0; stride];
        let mut start = 0;
        let sample = kind.samples() * if depth == BitDepth::Sixteen { 2 } else { 1 };
        while let Some(row) = reader.next_interlaced_row().map_err(damaged)? {
            let eight = &mut eight[..row.data().len() / sample * channels];
            to_eight_bits(row.data(), kind, depth, eight);
            if let InterlaceInfo::Adam7(info) = row.interlace() {
                let bits = 8 * channels as u8;
                png::expand_interlaced_row(&mut bytes, stride, eight, info, bits);
                continue;
            }
            let target = bytes.get_mut(start..start + eight.len());
            target
                .ok_or_else(|| damaged("it has too many rows"))?
                .copy_from_slice(eight);
            start += eight.len();
        }
        Ok(Raw {
            pixels: Pixels {
                width,
                height,
                channels,
                bytes,
            },
            is_grey: self.is_grey,
        })
    }

    /// Draws the frame that is next, and returns its delay.
    fn draw(&self, reader: &mut Reader<'a>, canvas: &mut Canvas) -> Result<u32, ThumbnailError> {
        let Some(control) = reader.info().frame_control().copied() else {
            return Err(damaged("a frame has no header"));
        };
        let Raw { pixels, .. } = self.picture(reader, control.width, control.height)?;
        let place = Place {
            left: control.x_offset as usize,
            top: control.y_offset as usize,
            width: control.width as usize,
            height: control.height as usize,
        };
        let disposal = match control.dispose_op {
            DisposeOp::None => Disposal::Keep,
            DisposeOp::Background => Disposal::Clear,
            DisposeOp::Previous => Disposal::Restore,
        };
        let is_blended = control.blend_op == BlendOp::Over;
        let bytes = &pixels.bytes;
        canvas.draw(place, disposal, is_blended, |at| match pixels.channels {
            1 => [bytes[at], bytes[at], bytes[at], 255],
            3 => [bytes[3 * at], bytes[3 * at + 1], bytes[3 * at + 2], 255],
            _ => {
                let pixel = &bytes[4 * at..4 * at + 4];
                [pixel[0], pixel[1], pixel[2], pixel[3]]
            }
        });
        let parts = match control.delay_den {
            0 => 100,
            parts => u32::from(parts),
        };
        Ok(u32::from(control.delay_num) * 1_000 / parts)
    }

    /// What the chunks say, in the order in which one goes before the other (section 4.3).
    fn colours(&self) -> Colours<'static> {
        let [cicp, profile, srgb, gamma, chromaticities] = self.colours;
        if let Some(&[primaries, transfer, 0, 1]) = cicp {
            return Colours::Cicp(Cicp {
                primaries: primaries.into(),
                transfer: transfer.into(),
                matrix: 0,
            });
        }
        if let Some(profile) = profile.and_then(inflated) {
            return Colours::Profile(Cow::Owned(profile));
        }
        let gamma = gamma.filter(|_| srgb.is_none()).and_then(gamma_of);
        let Some(exponent) = gamma else {
            return Colours::Srgb;
        };
        let chromaticities = chromaticities
            .and_then(chromaticities_of)
            .unwrap_or(OF_SRGB);
        let is_near = |(a, b): (&f32, &f32)| (a - b).abs() < 0.002;
        if (exponent - 0.454_55).abs() < 0.002 && chromaticities.iter().zip(&OF_SRGB).all(is_near) {
            return Colours::Srgb;
        }
        Colours::Gamma {
            exponent,
            chromaticities,
        }
    }
}

/// x and y of white, red, green and blue.
const OF_SRGB: [f32; 8] = [0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06];

/// The exponent of a chunk `gAMA` (section 11.3.2.2); none where it cannot be meant.
fn gamma_of(chunk: &[u8]) -> Option<f32> {
    let exponent = u32::from_be_bytes(*chunk.first_chunk()?) as f32 / 100_000.0;
    (0.1..=2.0).contains(&exponent).then_some(exponent)
}

/// The numbers of a chunk `cHRM` (section 11.3.2.1); none where they cannot be meant.
fn chromaticities_of(chunk: &[u8]) -> Option<[f32; 8]> {
    let mut numbers = chunk.chunks_exact(4).map(|word| {
        let number = [word[0], word[1], word[2], word[3]];
        u32::from_be_bytes(number) as f32 / 100_000.0
    });
    let mut all = [0.0; 8];
    for number in &mut all {
        *number = numbers.next().filter(|number| *number < 1.0)?;
    }
    let [_, wy, rx, ry, gx, gy, bx, by] = all;
    let area = (rx - bx) * (gy - by) - (gx - bx) * (ry - by);
    let has_light = [wy, ry, gy, by].iter().all(|y| *y > 0.001);
    (has_light && area.abs() > 0.001).then_some(all)
}

/// The profile of a chunk `iCCP` (section 11.3.2.3): behind a name, and the number of the method.
fn inflated(chunk: &[u8]) -> Option<Vec<u8>> {
    let name = memchr::memchr(0, chunk)?;
    let compressed = chunk.get(name + 2..)?;
    let most = colour::MAX_PROFILE_BYTES as u64;
    let mut profile = Vec::new();
    let inflater = flate2::read::ZlibDecoder::new(compressed);
    inflater.take(most + 1).read_to_end(&mut profile).ok()?;
    (profile.len() as u64 <= most).then_some(profile)
}

/// Rows of what the decoder gives to rows of 1, 3 or 4 channels of eight bits.
fn to_eight_bits(row: &[u8], kind: ColorType, depth: BitDepth, target: &mut [u8]) {
    let spread = |[grey, alpha]: [u8; 2], target: &mut [u8]| {
        target.copy_from_slice(&[grey, grey, grey, alpha]);
    };
    match (kind, depth) {
        (ColorType::GrayscaleAlpha, BitDepth::Sixteen) => {
            for (pixel, target) in row.chunks_exact(4).zip(target.chunks_exact_mut(4)) {
                let grey = eight_of_sixteen([pixel[0], pixel[1]]);
                spread([grey, eight_of_sixteen([pixel[2], pixel[3]])], target);
            }
        }
        (ColorType::GrayscaleAlpha, _) => {
            for (pixel, target) in row.chunks_exact(2).zip(target.chunks_exact_mut(4)) {
                spread([pixel[0], pixel[1]], target);
            }
        }
        (_, BitDepth::Sixteen) => {
            for (sample, target) in row.chunks_exact(2).zip(target) {
                *target = eight_of_sixteen([sample[0], sample[1]]);
            }
        }
        _ => target.copy_from_slice(&row[..target.len()]),
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
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let (name, rest) = rest.split_first_chunk::<4>()?;
        let length = u32::from_be_bytes(*length) as usize;
        let data = &rest[..length.min(rest.len())];
        self.at = self.at.saturating_add(length).saturating_add(12);
        Some((name, data))
    }
}
