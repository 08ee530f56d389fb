//! GIF (89a), with what Netscape added.

use super::super::header::{Frames, Header, check_size};
use super::super::original::{Frame, OriginalFormat};
use super::super::{Limits, ThumbnailError};
use super::canvas::{Canvas, Disposal, Place};
use super::{DecodedFrames, FrameChoice, damaged};
use gif::{ColorOutput, DisposalMethod, MemoryLimit};
use image::metadata::Orientation;
use std::num::NonZeroU64;

/// The parts of a GIF.
pub(crate) struct Gif<'a> {
    bytes: &'a [u8],
    width: u32,
    height: u32,
    frames: u32,
    /// How often it is played; 0 is for ever.
    loops: u16,
    /// Pixels of its largest frame.
    largest: u64,
}

impl<'a> Gif<'a> {
    /// Finds the parts of a file, and counts its frames up to the limit.
    pub(super) fn open(bytes: &'a [u8], limits: &Limits) -> Result<Self, ThumbnailError> {
        let Some(&[w1, w2, h1, h2, flags, _, _]) = bytes.get(6..13) else {
            return Err(damaged("it has no header"));
        };
        let mut found = Self {
            bytes,
            width: u16::from_le_bytes([w1, w2]).into(),
            height: u16::from_le_bytes([h1, h2]).into(),
            frames: 0,
            loops: 1,
            largest: 0,
        };
        found.walk(13 + table(flags), limits)?;
        check_size(found.width, found.height, limits)?;
        Ok(found)
    }

    /// Goes over the blocks (section 23 and following).
    fn walk(&mut self, mut at: usize, limits: &Limits) -> Result<(), ThumbnailError> {
        let bytes = self.bytes;
        if self.width > 0 && self.height > 0 {
            check_size(self.width, self.height, limits)?;
        }
        while self.frames <= limits.frames {
            match bytes.get(at..) {
                Some([0x21, label, ..]) => {
                    let data = bytes.get(at + 2..).unwrap_or_default();
                    if *label == 0xff {
                        self.loops = loops(data).unwrap_or(self.loops);
                    }
                    at = behind_blocks(bytes, at + 2);
                }
                Some(&[0x2c, _, _, _, _, w1, w2, h1, h2, flags, ..]) => {
                    let width = u32::from(u16::from_le_bytes([w1, w2]));
                    let height = u32::from(u16::from_le_bytes([h1, h2]));
                    // Some have a screen without a size: it is that of the first frame.
                    if self.frames == 0 && (self.width == 0 || self.height == 0) {
                        (self.width, self.height) = (width, height);
                    }
                    check_size(width, height, limits)?;
                    self.largest = self.largest.max(u64::from(width) * u64::from(height));
                    self.frames += 1;
                    at = behind_blocks(bytes, at + 11 + table(flags));
                }
                // Bytes between blocks, which some writers leave.
                Some([0, ..]) => at += 1,
                _ => break,
            }
        }
        Ok(())
    }

    pub(super) fn header(&self) -> Header {
        Header {
            format: OriginalFormat::Gif,
            width: self.width,
            height: self.height,
            orientation: Orientation::NoTransforms,
            frames: match self.frames {
                0 | 1 => Frames::Still,
                frames => Frames::Animation(frames),
            },
            has_alpha: true,
        }
    }

    pub(super) fn decode(&self, wanted: FrameChoice) -> Result<DecodedFrames, ThumbnailError> {
        let mut options = gif::DecodeOptions::new();
        options.set_color_output(ColorOutput::Indexed);
        options.set_memory_limit(MemoryLimit::Bytes(
            NonZeroU64::new(self.largest.max(1 << 20)).unwrap_or(NonZeroU64::MIN),
        ));
        let mut decoder = options.read_info(self.bytes).map_err(damaged)?;
        let global = decoder.global_palette().map(<[u8]>::to_vec);
        let mut canvas = Canvas::new(self.width, self.height);
        let mut frames = Vec::new();
        let count = match wanted {
            FrameChoice::First => 1,
            FrameChoice::All => self.frames.max(1),
        };
        while (frames.len() as u32) < count {
            let Some(frame) = decoder.read_next_frame().map_err(damaged)? else {
                return Err(damaged("a frame is missing"));
            };
            let palette = frame.palette.as_deref().or(global.as_deref());
            draw(&mut canvas, frame, palette.unwrap_or_default());
            let delay = u32::from(frame.delay) * 10;
            if frames.len() as u32 + 1 == count {
                let pixels = canvas.into_frame().reduced();
                frames.push(Frame { pixels, delay });
                break;
            }
            let pixels = canvas.frame().reduced();
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

fn draw(canvas: &mut Canvas, frame: &gif::Frame<'_>, palette: &[u8]) {
    let place = Place {
        left: frame.left.into(),
        top: frame.top.into(),
        width: frame.width.into(),
        height: frame.height.into(),
    };
    let disposal = match frame.dispose {
        DisposalMethod::Any | DisposalMethod::Keep => Disposal::Keep,
        DisposalMethod::Background => Disposal::Clear,
        DisposalMethod::Previous => Disposal::Restore,
    };
    let colours: [[u8; 4]; 256] = std::array::from_fn(|index| {
        let colour = palette.get(3 * index..3 * index + 3);
        match colour {
            Some(&[red, green, blue]) if frame.transparent != Some(index as u8) => {
                [red, green, blue, 255]
            }
            _ => [0; 4],
        }
    });
    canvas.draw(place, disposal, true, |at| {
        frame
            .buffer
            .get(at)
            .map_or([0; 4], |index| colours[usize::from(*index)])
    });
}

/// Bytes of a colour table, by the flags that say whether there is one.
fn table(flags: u8) -> usize {
    if flags & 0x80 == 0 {
        0
    } else {
        6 << (flags & 7)
    }
}

/// Where the data ends whose blocks begin here.
fn behind_blocks(bytes: &[u8], mut at: usize) -> usize {
    while let Some(length) = bytes.get(at) {
        at += usize::from(*length) + 1;
        if *length == 0 {
            break;
        }
    }
    at
}

/// How often the animation is played, by the extension of Netscape. It says how often the animation is repeated.
fn loops(blocks: &[u8]) -> Option<u16> {
    let data = blocks.strip_prefix(b"\x0bNETSCAPE2.0")?;
    match data {
        [3, 1, low, high, ..] => Some(match u16::from_le_bytes([*low, *high]) {
            0 => 0,
            repeated => repeated.saturating_add(1),
        }),
        _ => None,
    }
}
