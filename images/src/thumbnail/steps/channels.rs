//! From grey to colours to colours with alpha, and back.

use crate::encode::Pixels;

/// Returns the same picture with more channels. It never has fewer.
pub(crate) fn widened(pixels: Pixels, channels: usize) -> Pixels {
    let bytes = match (pixels.channels, channels) {
        (1, 3) => pixels.bytes.iter().flat_map(|&grey| [grey; 3]).collect(),
        (1, 4) => {
            let grey = pixels.bytes.iter();
            grey.flat_map(|&grey| [grey, grey, grey, 255]).collect()
        }
        (3, 4) => {
            let (rgb, _) = pixels.bytes.as_chunks::<3>();
            rgb.iter().flat_map(|&[r, g, b]| [r, g, b, 255]).collect()
        }
        _ => return pixels,
    };
    Pixels {
        channels,
        bytes,
        ..pixels
    }
}

/// Returns true where a pixel lets something through.
pub(crate) fn is_transparent(pixels: &Pixels) -> bool {
    let (rgba, _) = pixels.bytes.as_chunks::<4>();
    pixels.channels == 4 && rgba.iter().any(|pixel| pixel[3] < 255)
}

/// Returns the same picture without its alpha, where all of it is opaque.
pub(crate) fn without_needless_alpha(pixels: Pixels) -> Pixels {
    if pixels.channels != 4 || is_transparent(&pixels) {
        return pixels;
    }
    without_alpha(pixels)
}

/// Returns the colours alone.
pub(crate) fn without_alpha(mut pixels: Pixels) -> Pixels {
    if pixels.channels != 4 {
        return pixels;
    }
    // In place: the picture may be large.
    let count = pixels.bytes.len() / 4;
    for index in 0..count {
        pixels
            .bytes
            .copy_within(index * 4..index * 4 + 3, index * 3);
    }
    pixels.bytes.truncate(count * 3);
    pixels.channels = 3;
    pixels
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pixels(channels: usize, bytes: &[u8]) -> Pixels {
        Pixels {
            width: (bytes.len() / channels) as u32,
            height: 1,
            channels,
            bytes: bytes.to_vec(),
        }
    }

    #[test]
    fn channels_come_and_go() {
        let grey = || pixels(1, &[7, 9]);
        assert_eq!(widened(grey(), 1).bytes, [7, 9]);
        assert_eq!(widened(grey(), 3).bytes, [7, 7, 7, 9, 9, 9]);
        assert_eq!(widened(grey(), 4).bytes, [7, 7, 7, 255, 9, 9, 9, 255]);
        let rgb = widened(pixels(3, &[1, 2, 3]), 4);
        assert_eq!((rgb.channels, &*rgb.bytes), (4, &[1, 2, 3, 255][..]));
        let opaque = pixels(4, &[1, 2, 3, 255, 4, 5, 6, 255]);
        assert_eq!(without_needless_alpha(opaque).bytes, [1, 2, 3, 4, 5, 6]);
        let clear = without_needless_alpha(pixels(4, &[1, 2, 3, 254]));
        assert_eq!((clear.channels, clear.bytes.len()), (4, 4));
    }
}
