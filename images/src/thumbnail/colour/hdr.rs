//! Pictures for screens that are brighter than white (ITU-R BT.2100), on those that are not.
//!
//! White, which such a picture has at 203 candela (BT.2408), stays white. What is a little darker stays as it is;
//! what is brighter is pressed into what is left above that.

use super::Cicp;
use crate::thumbnail::read::Raw;
use moxcms::ColorProfile;

/// Candela of white.
const WHITE: f32 = 203.0;
/// From here on, brightness is pressed together. 1 is white.
const KNEE: f32 = 0.8;

/// Converts pixels of such a picture in place. Returns false where it is another.
pub(super) fn to_srgb(raw: &mut Raw, cicp: Cicp) -> bool {
    let light: fn(f32) -> f32 = match cicp.transfer {
        16 => perceptual,
        18 => hybrid,
        _ => return false,
    };
    let Some(profile) = cicp.with_primaries() else {
        return false;
    };
    let matrix = profile.transform_matrix(&ColorProfile::new_srgb()).v;
    let lights: [f32; 256] = std::array::from_fn(|sample| light(sample as f32 / 255.0));
    // Steps of a curve that is steepest at black, where a step of light is less than one of samples.
    let samples: Vec<u8> = (0..=4_095)
        .map(|step| of_light(step as f32 / 4_095.0))
        .collect();
    let channels = raw.pixels.channels;
    for pixel in raw.pixels.bytes.chunks_exact_mut(channels) {
        let [red, green, blue] = match *pixel {
            [red, green, blue, ..] => [red, green, blue],
            _ => [pixel[0]; 3],
        }
        .map(|sample| f64::from(lights[usize::from(sample)]));
        let mut colour = matrix.map(|row| (row[0] * red + row[1] * green + row[2] * blue) as f32);
        let most = colour.iter().copied().fold(0.0, f32::max);
        if most > KNEE {
            let pressed = KNEE + (1.0 - KNEE) * (1.0 - (-(most - KNEE) / (1.0 - KNEE)).exp());
            colour = colour.map(|value| value * pressed / most);
        }
        for (sample, value) in pixel.iter_mut().zip(colour) {
            *sample = samples[(value.clamp(0.0, 1.0).sqrt() * 4_095.0 + 0.5) as usize];
        }
    }
    true
}

/// Light of a sample of the perceptual quantizer (SMPTE ST 2084), in parts of white.
fn perceptual(sample: f32) -> f32 {
    let power = sample.powf(32.0 / 2_523.0);
    let above = (power - 0.835_937_5).max(0.0);
    let light = (above / (18.851_563 - 18.6875 * power)).powf(8_192.0 / 1_305.0);
    light * 10_000.0 / WHITE
}

/// Light of a sample of the hybrid curve (ARIB STD-B67), in parts of white, which is at three quarters of it. On a
/// screen of 1,000 candela, whose own curve is left out: it depends on the brightness of the whole pixel.
fn hybrid(sample: f32) -> f32 {
    const A: f32 = 0.178_832_77;
    const B: f32 = 1.0 - 4.0 * A;
    const C: f32 = 0.559_910_7;
    let scene = |sample: f32| {
        if sample <= 0.5 {
            sample * sample / 3.0
        } else {
            (((sample - C) / A).exp() + B) / 12.0
        }
    };
    (scene(sample) / scene(0.75)).powf(1.2)
}

/// The sample of a light whose square root is given.
fn of_light(root: f32) -> u8 {
    let light = root * root;
    let sample = if light <= 0.003_130_8 {
        light * 12.92
    } else {
        1.055 * light.powf(1.0 / 2.4) - 0.055
    };
    (sample * 255.0 + 0.5) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::Pixels;

    fn shown(transfer: u16, sample: u8) -> u8 {
        let mut raw = Raw {
            pixels: Pixels {
                width: 1,
                height: 1,
                channels: 3,
                bytes: vec![sample; 3],
            },
            is_grey: false,
        };
        let cicp = Cicp {
            primaries: 9,
            transfer,
            matrix: 0,
        };
        assert!(to_srgb(&mut raw, cicp));
        let bytes = raw.pixels.bytes;
        assert!(bytes.iter().all(|byte| byte.abs_diff(bytes[0]) <= 1));
        bytes[0]
    }

    /// BT.2408, table 1: white has 58 % of the perceptual quantizer and 75 % of the hybrid curve, grey of 18 % has
    /// 38 % of both.
    #[test]
    fn white_stays_white_and_grey_grey() {
        for (transfer, grey, white) in [(16, 97, 148), (18, 97, 191)] {
            assert_eq!(shown(transfer, 0), 0);
            let grey = shown(transfer, grey);
            assert!((95..=130).contains(&grey), "{transfer}: {grey}");
            let white = shown(transfer, white);
            assert!((235..=250).contains(&white), "{transfer}: {white}");
            assert_eq!(shown(transfer, 255), 255);
        }
    }

    #[test]
    fn brighter_is_never_darker() {
        for transfer in [16, 18] {
            let all: Vec<u8> = (0..=255).map(|sample| shown(transfer, sample)).collect();
            assert!(all.is_sorted(), "{all:?}");
        }
    }
}
