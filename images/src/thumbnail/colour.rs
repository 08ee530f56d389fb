//! Colours of an original to those of sRGB.
//!
//! What cannot be read says nothing: the pixels are taken as sRGB, as browsers do.

mod cicp;
mod hdr;

pub(super) use cicp::Cicp;

use super::read::Raw;
use moxcms::{
    Chromaticity, ColorPrimaries, ColorProfile, DataColorSpace, InterpolationMethod, Layout,
    ToneReprCurve, Transform8BitExecutor, TransformOptions,
};
use std::borrow::Cow;
use std::sync::Arc;

/// Bytes of a colour profile that is read. Those of presses have up to three million.
pub(super) const MAX_PROFILE_BYTES: usize = 4 << 20;

/// Pixels that are converted at once.
const CHUNK_PIXELS: usize = 4_096;

/// What a file says of its colours.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Colours<'a> {
    /// Nothing, or sRGB.
    Srgb,
    /// A profile (ICC.1).
    Profile(Cow<'a, [u8]>),
    /// Numbers of ITU-T H.273.
    Cicp(Cicp),
    /// The exponent that turns light into samples, and x and y of white, red, green and blue.
    Gamma {
        exponent: f32,
        chromaticities: [f32; 8],
    },
}

impl Colours<'_> {
    /// The profile; none where it is that of sRGB, or says nothing.
    fn profile(&self) -> Option<ColorProfile> {
        match self {
            Self::Srgb => None,
            Self::Profile(bytes) if bytes.len() > MAX_PROFILE_BYTES => None,
            Self::Profile(bytes) => ColorProfile::new_from_slice(bytes).ok(),
            Self::Cicp(cicp) => cicp.profile(),
            Self::Gamma {
                exponent,
                chromaticities: [wx, wy, rx, ry, gx, gy, bx, by],
            } => {
                let mut profile = ColorProfile::new_srgb();
                let primaries = ColorPrimaries {
                    red: Chromaticity::new(*rx, *ry),
                    green: Chromaticity::new(*gx, *gy),
                    blue: Chromaticity::new(*bx, *by),
                };
                profile.update_rgb_colorimetry(Chromaticity::new(*wx, *wy).to_xyyb(), primaries);
                set_curve(
                    &mut profile,
                    ToneReprCurve::Parametric(vec![1.0 / exponent]),
                );
                Some(profile)
            }
        }
    }
}

/// Gives all three colours one curve.
fn set_curve(profile: &mut ColorProfile, curve: ToneReprCurve) {
    profile.cicp = None;
    profile.red_trc = Some(curve.clone());
    profile.green_trc = Some(curve.clone());
    profile.blue_trc = Some(curve);
}

/// Converts pixels in place.
pub(super) fn to_srgb(raw: &mut Raw, colours: &Colours<'_>) {
    if let Colours::Cicp(cicp) = colours
        && hdr::to_srgb(raw, *cicp)
    {
        return;
    }
    let Some(profile) = colours.profile() else {
        return;
    };
    let channels = raw.pixels.channels;
    let bytes = &mut raw.pixels.bytes;
    match profile.color_space {
        DataColorSpace::Gray | DataColorSpace::Rgb if raw.is_grey => {
            let Some(greys) = greys(&profile) else {
                return;
            };
            for pixel in bytes.chunks_exact_mut(channels) {
                for sample in &mut pixel[..channels.min(3)] {
                    *sample = greys[usize::from(*sample)];
                }
            }
        }
        DataColorSpace::Rgb => {
            let layout = match channels {
                4 => Layout::Rgba,
                _ => Layout::Rgb,
            };
            let Some(transform) = transform(&profile, layout, layout) else {
                return;
            };
            let mut chunk = vec![0; CHUNK_PIXELS * channels];
            for part in bytes.chunks_mut(CHUNK_PIXELS * channels) {
                let source = &mut chunk[..part.len()];
                source.copy_from_slice(part);
                if transform.transform(source, part).is_err() {
                    part.copy_from_slice(source);
                }
            }
        }
        _ => {}
    }
}

/// What becomes of each of 256 greys; none where the profile does not say.
fn greys(profile: &ColorProfile) -> Option<[u8; 256]> {
    let mut source: Vec<u8> = (0..=255).collect();
    let layout = match profile.color_space {
        DataColorSpace::Gray => Layout::Gray,
        _ => {
            source = source.iter().flat_map(|grey| [*grey; 3]).collect();
            Layout::Rgb
        }
    };
    let mut converted = [0; 3 * 256];
    let transform = transform(profile, layout, Layout::Rgb)?;
    transform.transform(&source, &mut converted).ok()?;
    Some(std::array::from_fn(|grey| converted[3 * grey + 1]))
}

fn transform(
    profile: &ColorProfile,
    from: Layout,
    to: Layout,
) -> Option<Arc<Transform8BitExecutor>> {
    let srgb = ColorProfile::new_srgb();
    let options = TransformOptions {
        interpolation_method: InterpolationMethod::Tetrahedral,
        ..TransformOptions::default()
    };
    profile.create_transform_8bit(from, &srgb, to, options).ok()
}

/// Converts inks, of which 255 is none, to three channels, in place. Without a profile, by the plain formula.
pub(super) fn cmyk_to_srgb(inks: &mut Vec<u8>, colours: &Colours<'_>) {
    let profile = colours.profile();
    let profile = profile.filter(|profile| profile.color_space == DataColorSpace::Cmyk);
    let transform = profile.and_then(|profile| transform(&profile, Layout::Rgba, Layout::Rgb));
    let mut source = vec![0; CHUNK_PIXELS * 4];
    let mut converted = vec![0; CHUNK_PIXELS * 3];
    let mut done = 0;
    let length = inks.len() / 4 * 4;
    for start in (0..length).step_by(CHUNK_PIXELS * 4) {
        let part = &inks[start..length.min(start + CHUNK_PIXELS * 4)];
        let source = &mut source[..part.len()];
        let converted = &mut converted[..part.len() / 4 * 3];
        for (sample, ink) in source.iter_mut().zip(part) {
            *sample = 255 - ink;
        }
        let is_done = transform
            .as_ref()
            .is_some_and(|transform| transform.transform(source, converted).is_ok());
        if !is_done {
            for (inks, colour) in source.chunks_exact(4).zip(converted.chunks_exact_mut(3)) {
                colour.copy_from_slice(&plain([inks[0], inks[1], inks[2], inks[3]]));
            }
        }
        inks[done..done + converted.len()].copy_from_slice(converted);
        done += converted.len();
    }
    inks.truncate(done);
    inks.shrink_to_fit();
}

/// The colour of inks, of which 0 is none: (255 − ink) × (255 − black) ÷ 255.
fn plain([cyan, magenta, yellow, black]: [u8; 4]) -> [u8; 3] {
    let light = 255 - u32::from(black);
    [cyan, magenta, yellow].map(|ink| (((255 - u32::from(ink)) * light + 127) / 255) as u8)
}
