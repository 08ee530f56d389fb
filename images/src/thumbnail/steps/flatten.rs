//! Puts a colour behind the pixels that let something through.

use super::channels::without_alpha;
use crate::encode::Pixels;
use crate::thumbnail::transform::Colour;

/// Lays a picture over a colour ("over", Porter and Duff 1984). Where the colour is opaque, so is what comes
/// out, and it has no alpha.
pub(crate) fn flatten(mut pixels: Pixels, background: Colour) -> Pixels {
    if pixels.channels != 4 || background == Colour::TRANSPARENT {
        return pixels;
    }
    let [behind @ .., behind_alpha] = background.0.map(u32::from);
    let (rgba, _) = pixels.bytes.as_chunks_mut::<4>();
    for pixel in rgba {
        let alpha = u32::from(pixel[3]);
        // All are 255 times as large as they come out, so that nothing is rounded before the end.
        let front_part = 255 * alpha;
        let behind_part = behind_alpha * (255 - alpha);
        let whole = front_part + behind_part;
        if whole == 0 {
            continue;
        }
        for (value, behind) in pixel.iter_mut().zip(behind) {
            let sum = u32::from(*value) * front_part + behind * behind_part;
            *value = ((sum + whole / 2) / whole) as u8;
        }
        pixel[3] = ((whole + 127) / 255) as u8;
    }
    if behind_alpha == 255 {
        return without_alpha(pixels);
    }
    pixels
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over(pixel: [u8; 4], background: [u8; 4]) -> Vec<u8> {
        let pixels = Pixels {
            width: 1,
            height: 1,
            channels: 4,
            bytes: pixel.to_vec(),
        };
        flatten(pixels, Colour(background)).bytes
    }

    #[test]
    fn a_colour_shows_through_as_much_as_the_pixel_lets_it() {
        let white = Colour::WHITE.0;
        assert_eq!(over([10, 20, 30, 255], white), [10, 20, 30]);
        assert_eq!(over([10, 20, 30, 0], white), [255, 255, 255]);
        assert_eq!(over([255, 0, 0, 51], [0, 0, 255, 255]), [51, 0, 204]);
        assert_eq!(over([9, 9, 9, 99], [0, 0, 0, 0]), [9, 9, 9, 99]);
        // Half over half: three quarters, and twice as much of the front.
        assert_eq!(over([255, 0, 0, 128], [0, 0, 255, 128]), [170, 0, 85, 192]);
        assert_eq!(over([1, 2, 3, 0], [40, 50, 60, 70]), [40, 50, 60, 70]);
    }
}
