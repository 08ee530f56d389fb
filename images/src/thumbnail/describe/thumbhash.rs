//! A placeholder in some 25 bytes: ThumbHash, by Evan Wallace (<https://evanw.github.io/thumbhash/>).
//!
//! It has the lowest frequencies of a cosine transform, of brightness (L), yellow to blue (P), red to green (Q),
//! and alpha, each in four bits.

use std::f64::consts::PI;

/// The most pixels of a side.
pub(super) const MOST_SIDE: u32 = 100;

/// Frequencies of a channel.
struct Channel {
    /// The mean.
    constant: f64,
    /// The rest, each 0 to 1, where 0.5 is nothing and 1 is as much as `scale`.
    varying: Vec<f64>,
    scale: f64,
}

/// Returns the hash of a picture whose sides have at most [`MOST_SIDE`] pixels, of four bytes each.
pub(super) fn thumbhash(width: usize, height: usize, rgba: &[u8]) -> Vec<u8> {
    let (pixels, _) = rgba.as_chunks::<4>();
    let pixels: Vec<[f64; 4]> = pixels
        .iter()
        .map(|pixel| pixel.map(|value| f64::from(value) / 255.0))
        .collect();
    let opaque: f64 = pixels.iter().map(|pixel| pixel[3]).sum();
    let mean = |channel: usize| {
        let sum: f64 = pixels.iter().map(|pixel| pixel[channel] * pixel[3]).sum();
        if opaque > 0.0 { sum / opaque } else { 0.0 }
    };
    let mean = [mean(0), mean(1), mean(2)];
    let has_alpha = opaque < pixels.len() as f64;
    // Over the mean colour.
    let colour = |pixel: &[f64; 4], channel: usize| {
        mean[channel] * (1.0 - pixel[3]) + pixel[channel] * pixel[3]
    };
    let of = |value: &dyn Fn(f64, f64, f64) -> f64| -> Vec<f64> {
        let values = pixels
            .iter()
            .map(|pixel| value(colour(pixel, 0), colour(pixel, 1), colour(pixel, 2)));
        values.collect()
    };

    // The longer side has the more frequencies; fewer where alpha needs room.
    let most = if has_alpha { 5.0 } else { 7.0 };
    let longer = width.max(height) as f64;
    let frequencies = |side: usize| ((most * side as f64 / longer).round() as usize).max(1);
    let (across, down) = (frequencies(width), frequencies(height));
    let channel = |values: &[f64], across: usize, down: usize| {
        Channel::of(values, (width, height), (across, down))
    };
    let l = channel(
        &of(&|r, g, b| (r + g + b) / 3.0),
        across.max(3),
        down.max(3),
    );
    let p = channel(&of(&|r, g, b| (r + g) / 2.0 - b), 3, 3);
    let q = channel(&of(&|r, g, _| r - g), 3, 3);
    let alphas: Vec<f64> = pixels.iter().map(|pixel| pixel[3]).collect();
    let a = has_alpha.then(|| channel(&alphas, 5, 5));

    let is_wide = width > height;
    let shorter = if is_wide { down } else { across };
    let first = rounded(63.0 * l.constant)
        | rounded(31.5 + 31.5 * p.constant) << 6
        | rounded(31.5 + 31.5 * q.constant) << 12
        | rounded(31.0 * l.scale) << 18
        | u32::from(has_alpha) << 23;
    let second = shorter as u32
        | rounded(63.0 * p.scale) << 3
        | rounded(63.0 * q.scale) << 9
        | u32::from(is_wide) << 15;
    let mut hash = first.to_le_bytes()[..3].to_vec();
    hash.extend(&second.to_le_bytes()[..2]);
    if let Some(a) = &a {
        hash.push((rounded(15.0 * a.constant) | rounded(15.0 * a.scale) << 4) as u8);
    }
    let channels = [Some(&l), Some(&p), Some(&q), a.as_ref()];
    let varying = channels
        .into_iter()
        .flatten()
        .flat_map(|channel| &channel.varying);
    let nibbles: Vec<u8> = varying.map(|value| rounded(15.0 * value) as u8).collect();
    hash.extend(nibbles.chunks(2).map(|pair| match *pair {
        [low, high] => low | high << 4,
        _ => pair[0],
    }));
    hash
}

fn rounded(value: f64) -> u32 {
    value.round() as u32
}

impl Channel {
    fn of(values: &[f64], (width, height): (usize, usize), (across, down): (usize, usize)) -> Self {
        let waves = |frequency: usize, side: usize| -> Vec<f64> {
            let wave = |at| (PI / side as f64 * frequency as f64 * (at as f64 + 0.5)).cos();
            (0..side).map(wave).collect()
        };
        let mut found = Vec::new();
        for fy in 0..down {
            let y_waves = waves(fy, height);
            // A triangle of the low ones.
            for fx in (0..).take_while(|fx| fx * down < across * (down - fy)) {
                let x_waves = waves(fx, width);
                // In the order of the reference: where there is nothing, the last bit decides.
                let mut sum = 0.0;
                for (row, y_wave) in values.chunks_exact(width).zip(&y_waves) {
                    for (value, x_wave) in row.iter().zip(&x_waves) {
                        sum += value * x_wave * y_wave;
                    }
                }
                found.push(sum / (width * height) as f64);
            }
        }
        let constant = found.remove(0);
        let scale = found
            .iter()
            .fold(0.0_f64, |most, value| most.max(value.abs()));
        let share = |value: f64| {
            if scale > 0.0 {
                0.5 + 0.5 / scale * value
            } else {
                value
            }
        };
        Self {
            constant,
            varying: found.into_iter().map(share).collect(),
            scale,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    fn hash(width: usize, height: usize, pixel: fn(usize, usize) -> [usize; 4]) -> String {
        let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        let bytes: Vec<u8> = places
            .flat_map(|(x, y)| pixel(x, y).map(|value| value as u8))
            .collect();
        STANDARD.encode(thumbhash(width, height, &bytes))
    }

    /// What `rgbaToThumbHash` of the npm package `thumbhash` 0.1.1 returns.
    #[test]
    fn it_is_the_hash_of_the_reference() {
        assert_eq!(
            hash(60, 40, |x, y| [x * 4, y * 6, x * y / 10, 255]),
            "2AkOFZhwd3eQiIiIiHiIh3cHCPd3"
        );
        assert_eq!(
            hash(30, 100, |x, y| [x * 8, 255 - y * 2, y * 2, 255]),
            "H7kJehhwh4iIiIiIdY8IF4c="
        );
        assert_eq!(
            hash(50, 41, |x, y| [
                255 - x * 5,
                y * 5,
                x * x + y * 3,
                x * 3 + y * y
            ]),
            "nSeGJIoHb3iAd4h3+Dh4f20GdjZyF3FBAQ=="
        );
        assert_eq!(
            hash(1, 1, |_, _| [200, 100, 50, 255]),
            "Hcs6zzII9wiIh4hwj3CI+AiIgIAICIgA"
        );
        assert_eq!(
            hash(5, 3, |_, _| [0; 4]),
            "AAiCA4AAAAAAAAAAAAAAAAAAAAAAAAA="
        );
    }
}
