//! Blurs by a bell curve whose standard deviation is the radius, as CSS has it (`blur()`).
//!
//! Three boxes in a row come close to a bell curve, and take as long for a large radius as for a small one;
//! with a part of a pixel at both ends they have exactly its deviation ("Theoretical Foundations of Gaussian
//! Convolution by Extended Box Filtering", Gwosdek and others, 2011). Beyond the edge the outermost pixel goes
//! on.

use super::alpha::multiplied;
use crate::encode::Pixels;
use crate::thumbnail::ThumbnailError;

/// Boxes in a row.
const PASSES: u32 = 3;

pub(super) fn blur(pixels: Pixels, radius: u8) -> Result<Pixels, ThumbnailError> {
    if radius == 0 {
        return Ok(pixels);
    }
    multiplied(pixels, |pixels| blur_by(pixels, f64::from(radius)))
}

/// Blurs all channels alike.
pub(super) fn blur_by(pixels: &mut Pixels, deviation: f64) {
    let window = Window::of(deviation);
    let (width, height) = (pixels.width as usize, pixels.height as usize);
    let channels = pixels.channels;
    let row = width * channels;
    let mut line = Line::new(window, channels, width.max(height));
    for start in (0..height).map(|y| y * row) {
        line.blur(&mut pixels.bytes, start, channels, width);
    }
    for start in (0..width).map(|x| x * channels) {
        line.blur(&mut pixels.bytes, start, row, height);
    }
}

/// A box, with a part of a pixel at both ends.
#[derive(Clone, Copy)]
struct Window {
    /// Whole pixels on each side of the middle.
    reach: usize,
    /// The weight of the pixel after them.
    end: f64,
}

impl Window {
    fn of(deviation: f64) -> Self {
        let variance = deviation * deviation / f64::from(PASSES);
        let reach = (((12.0 * variance + 1.0).sqrt() - 1.0) / 2.0).floor();
        let end = (2.0 * reach + 1.0) * (reach * (reach + 1.0) - 3.0 * variance)
            / (6.0 * (variance - (reach + 1.0) * (reach + 1.0)));
        Self {
            reach: reach as usize,
            end,
        }
    }
}

/// A row or a column that is worked on, with as much of its outermost pixels on both sides as the boxes reach.
struct Line {
    window: Window,
    channels: usize,
    beyond: usize,
    from: Vec<f32>,
    into: Vec<f32>,
}

impl Line {
    fn new(window: Window, channels: usize, pixels: usize) -> Self {
        let beyond = PASSES as usize * (window.reach + 1);
        let values = (pixels + 2 * beyond) * channels;
        Self {
            window,
            channels,
            beyond,
            from: vec![0.0; values],
            into: vec![0.0; values],
        }
    }

    /// Blurs the line that begins at a byte, and whose pixels are so many bytes apart.
    fn blur(&mut self, bytes: &mut [u8], start: usize, step: usize, count: usize) {
        let (channels, beyond) = (self.channels, self.beyond);
        let all = (count + 2 * beyond) * channels;
        for (index, pixel) in self.from[..all].chunks_exact_mut(channels).enumerate() {
            let index = index.saturating_sub(beyond).min(count - 1);
            let bytes = &bytes[start + index * step..][..channels];
            for (value, byte) in pixel.iter_mut().zip(bytes) {
                *value = f32::from(*byte);
            }
        }
        for _ in 0..PASSES {
            for channel in 0..channels {
                self.pass(channel, count + 2 * beyond);
            }
            std::mem::swap(&mut self.from, &mut self.into);
        }
        let middle = &self.from[beyond * channels..][..count * channels];
        for (index, pixel) in middle.chunks_exact(channels).enumerate() {
            let bytes = &mut bytes[start + index * step..][..channels];
            for (value, byte) in pixel.iter().zip(bytes) {
                *byte = value.round() as u8;
            }
        }
    }

    fn pass(&mut self, channel: usize, count: usize) {
        let Window { reach, end } = self.window;
        let (from, channels) = (&self.from, self.channels);
        let at = |index: usize| f64::from(from[index.min(count - 1) * channels + channel]);
        let before = |index: usize, less: usize| at(index.saturating_sub(less));
        let weight = 1.0 / (2.0 * reach as f64 + 1.0 + 2.0 * end);
        let mut sum = at(0) * reach as f64 + (0..=reach).map(at).sum::<f64>();
        for index in 0..count {
            let ends = before(index, reach + 1) + at(index + reach + 1);
            self.into[index * channels + channel] = ((sum + ends * end) * weight) as f32;
            sum += at(index + reach + 1) - before(index, reach);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bell curve itself, over a line.
    fn bell(values: &[f64], deviation: f64) -> Vec<f64> {
        let reach = (deviation * 5.0) as isize;
        let weight = |at: isize| (-(at * at) as f64 / (2.0 * deviation * deviation)).exp();
        let whole: f64 = (-reach..=reach).map(weight).sum();
        let last = values.len() as isize - 1;
        let value = |at: isize| values[at.clamp(0, last) as usize];
        let all = 0..=last;
        all.map(|at| {
            let sum: f64 = (-reach..=reach).map(|by| value(at + by) * weight(by)).sum();
            sum / whole
        })
        .collect()
    }

    #[test]
    fn it_is_close_to_a_bell_curve() {
        let line: Vec<u8> = (0..200_u32)
            .map(|at| {
                if (60..100).contains(&at) || at > 190 {
                    240
                } else {
                    20
                }
            })
            .collect();
        let values: Vec<f64> = line.iter().map(|value| f64::from(*value)).collect();
        for radius in [1, 2, 5, 20, 100] {
            let expected = bell(&values, f64::from(radius));
            for (width, height) in [(200, 1), (1, 200)] {
                let pixels = Pixels {
                    width,
                    height,
                    channels: 1,
                    bytes: line.clone(),
                };
                let made = blur(pixels, radius).unwrap().bytes;
                let far = made.iter().zip(&expected);
                let far: Vec<f64> = far.map(|(a, b)| (f64::from(*a) - b).abs()).collect();
                // Three boxes are within 3% of a bell curve, which is 7 of a step of 220.
                let most = far.iter().copied().fold(0.0, f64::max);
                let mean = far.iter().sum::<f64>() / 200.0;
                assert!(most < 8.0 && mean < 2.5, "{radius}: {most} {mean}");
            }
        }
    }

    #[test]
    fn what_is_transparent_lends_no_colour() {
        let red = [255, 0, 0, 255];
        let hidden_green = [0, 255, 0, 0];
        let bytes = [red.repeat(20), hidden_green.repeat(20)].concat();
        let pixels = Pixels {
            width: 40,
            height: 1,
            channels: 4,
            bytes,
        };
        let made = blur(pixels, 4).unwrap().bytes;
        let (rgba, _) = made.as_chunks::<4>();
        let half = rgba[20];
        assert!((100..150).contains(&half[3]), "{half:?}");
        for pixel in rgba.iter().filter(|pixel| pixel[3] > 8) {
            assert!(pixel[0] > 240 && pixel[1] < 15, "{pixel:?}");
        }
    }

    #[test]
    fn a_picture_of_one_colour_stays_as_it_is() {
        for radius in [1, 7, 250] {
            let bytes = [9, 130, 255].repeat(5 * 3);
            let pixels = Pixels {
                width: 5,
                height: 3,
                channels: 3,
                bytes: bytes.clone(),
            };
            assert_eq!(blur(pixels, radius).unwrap().bytes, bytes);
        }
    }
}
