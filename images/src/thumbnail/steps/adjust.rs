//! Brightness, contrast and exposure, in this order, on the numbers of sRGB.

use crate::encode::Pixels;
use crate::thumbnail::transform::Factor;

/// Brightness is a factor of each number, contrast one of its distance to the middle, and the exposure the
/// root that is taken of it, so that 2 is lighter. Alpha stays as it is.
pub(super) fn adjust(
    mut pixels: Pixels,
    brightness: Factor,
    contrast: Factor,
    gamma: Factor,
) -> Pixels {
    if [brightness, contrast, gamma] == [Factor::ONE; 3] {
        return pixels;
    }
    let factor = |factor: Factor| f64::from(factor.0) / 100.0;
    let (brightness, contrast, gamma) = (factor(brightness), factor(contrast), factor(gamma));
    let table: [u8; 256] = std::array::from_fn(|value| {
        let bright = (value as f64 * brightness).clamp(0.0, 255.0);
        let contrasted = ((bright - 127.5) * contrast + 127.5).clamp(0.0, 255.0);
        let exposed = if gamma == 1.0 {
            contrasted
        } else {
            255.0 * (contrasted / 255.0).powf(1.0 / gamma)
        };
        exposed.round() as u8
    });
    let colours = if pixels.channels == 4 { 3 } else { 1 };
    let step = if pixels.channels == 4 { 4 } else { 1 };
    for pixel in pixels.bytes.chunks_exact_mut(step) {
        for value in &mut pixel[..colours] {
            *value = table[usize::from(*value)];
        }
    }
    pixels
}

#[cfg(test)]
mod tests {
    use super::*;

    fn adjusted(values: &[u8], channels: usize, factors: [u16; 3]) -> Vec<u8> {
        let pixels = Pixels {
            width: (values.len() / channels) as u32,
            height: 1,
            channels,
            bytes: values.to_vec(),
        };
        let [brightness, contrast, gamma] = factors.map(Factor);
        adjust(pixels, brightness, contrast, gamma).bytes
    }

    #[test]
    fn each_factor_does_what_it_is_called() {
        let values = [0, 51, 102, 153, 204, 255];
        assert_eq!(adjusted(&values, 1, [100, 100, 100]), values);
        let halved = adjusted(&values, 1, [50, 100, 100]);
        assert_eq!(halved, [0, 26, 51, 77, 102, 128]);
        let doubled = adjusted(&values, 3, [200, 100, 100]);
        assert_eq!(doubled, [0, 102, 204, 255, 255, 255]);
        let contrasted = adjusted(&values, 1, [100, 200, 100]);
        assert_eq!(contrasted, [0, 0, 77, 179, 255, 255]);
        let flat = adjusted(&values, 3, [100, 50, 100]);
        assert_eq!(flat, [64, 89, 115, 140, 166, 191]);
        let lighter = adjusted(&values, 1, [100, 100, 200]);
        // The square roots of 0.2, 0.4, 0.6 and 0.8.
        assert_eq!(lighter, [0, 114, 161, 198, 228, 255]);
        let darker = adjusted(&values, 1, [100, 100, 50]);
        assert_eq!(darker, [0, 10, 41, 92, 163, 255]);
    }

    #[test]
    fn what_is_transparent_stays_so() {
        let changed = adjusted(&[100, 100, 100, 40], 4, [200, 100, 100]);
        assert_eq!(changed, [200, 200, 200, 40]);
    }
}
