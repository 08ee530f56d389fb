//! Small changes of pixels, in place.

use crate::encode::Pixels;

/// Pixels as a decoder gives them: the colours of a grey picture are one channel, or are equal.
pub(crate) struct Raw {
    pub(crate) pixels: Pixels,
    /// True where the colours are those of a grey picture.
    pub(crate) is_grey: bool,
}

impl Raw {
    /// Returns the pixels without channels that say nothing: alpha where nothing is transparent, and two of
    /// three colours that are equal.
    pub(super) fn reduced(self) -> Pixels {
        let Self {
            mut pixels,
            is_grey,
        } = self;
        if pixels.channels == 4 && pixels.bytes.chunks_exact(4).all(|pixel| pixel[3] == 255) {
            let kept = if is_grey { 1 } else { 3 };
            keep(&mut pixels.bytes, 4, kept);
            pixels.channels = kept;
        }
        pixels
    }
}

/// Keeps the first channels of each pixel.
pub(super) fn keep(bytes: &mut Vec<u8>, of: usize, kept: usize) {
    let count = bytes.len() / of;
    for index in 1..count {
        bytes.copy_within(index * of..index * of + kept, index * kept);
    }
    bytes.truncate(count * kept);
    bytes.shrink_to_fit();
}

/// Returns the eight bits that are nearest to sixteen.
pub(super) fn eight_of_sixteen(sample: [u8; 2]) -> u8 {
    let sample = u32::from(u16::from_be_bytes(sample));
    ((sample * 255 + 32_767) / 65_535) as u8
}
