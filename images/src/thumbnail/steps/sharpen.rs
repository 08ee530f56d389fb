//! Sharpens by an unsharp mask: what a slight blur takes away is added once more.

use super::alpha::multiplied;
use super::blur::blur_by;
use crate::encode::Pixels;
use crate::thumbnail::ThumbnailError;

/// The deviation of the blur, in pixels.
const DEVIATION: f64 = 1.0;
/// How much is added of what the blur takes away, at strength 1.
const AMOUNT: f64 = 0.5;

/// Sharpens; the strength is in hundredths. Alpha stays as it is.
pub(super) fn sharpen(pixels: Pixels, strength: u16) -> Result<Pixels, ThumbnailError> {
    if strength == 0 {
        return Ok(pixels);
    }
    let amount = f64::from(strength) / 100.0 * AMOUNT;
    multiplied(pixels, |pixels| {
        let mut soft = Pixels {
            bytes: pixels.bytes.clone(),
            ..*pixels
        };
        blur_by(&mut soft, DEVIATION);
        let channels = pixels.channels;
        let sharp = pixels.bytes.chunks_exact_mut(channels);
        for (pixel, soft) in sharp.zip(soft.bytes.chunks_exact(channels)) {
            // A colour that is multiplied is at most alpha.
            let most = if channels == 4 { pixel[3] } else { 255 };
            let colours = channels.min(3);
            for (value, soft) in pixel[..colours].iter_mut().zip(soft) {
                let (is, was) = (f64::from(*value), f64::from(*soft));
                let sum = is + amount * (is - was);
                *value = sum.round().clamp(0.0, f64::from(most)) as u8;
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(channels: usize, low: &[u8], high: &[u8]) -> Pixels {
        Pixels {
            width: 20,
            height: 1,
            channels,
            bytes: [low.repeat(10), high.repeat(10)].concat(),
        }
    }

    #[test]
    fn an_edge_becomes_steeper_and_the_rest_stays() {
        let step = |strength| {
            let made = sharpen(edge(1, &[80], &[160]), strength).unwrap().bytes;
            assert_eq!((made[0], made[19]), (80, 160));
            i32::from(made[10]) - i32::from(made[9])
        };
        assert_eq!(step(0), 80);
        // Half of what is lost at an edge of 80, by a bell curve of one pixel: 80 × 0.3085 on each side.
        assert!((100..=108).contains(&step(100)), "{}", step(100));
        assert!(step(200) > step(100));
        let most = sharpen(edge(3, &[0, 80, 80], &[255, 160, 160]), 1000);
        assert_eq!(most.unwrap().bytes[27..33], [0, 0, 0, 255, 255, 255]);
    }

    #[test]
    fn what_is_transparent_stays_so_and_lends_no_colour() {
        let made = sharpen(edge(4, &[200, 0, 0, 255], &[0, 200, 0, 0]), 300).unwrap();
        let (rgba, _) = made.bytes.as_chunks::<4>();
        assert_eq!(rgba[9][3], 255);
        assert!(rgba[9][1] == 0 && rgba[9][0] >= 200, "{:?}", rgba[9]);
        assert!(rgba[10..].iter().all(|pixel| pixel[3] == 0));
    }
}
