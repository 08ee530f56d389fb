//! One scale of quality for all formats.
//!
//! It is the scale of JPEG, as libjpeg has it. The others are mapped to it so that equal numbers look about
//! equal: by the mean SSIMULACRA2 of ten photographs of half a million pixels, with the encoders and settings that
//! are used here. Quality 20 has 38 points, 40 has 60, 60 has 69, 75 has 75, 85 has 80, and 90 has 89.

/// The quality where none is asked for.
const DEFAULT: u8 = 75;

/// What looks like each quality of JPEG, in WebP and in AVIF. Straight lines go from one to the next. WebP has
/// less than half of the detail of colours at any quality, and so does not come up to JPEG from 90 on, which has
/// all of it.
const LIKE_JPEG: [(u8, f32, f32); 8] = [
    (1, 1.0, 1.0),
    (20, 15.0, 25.0),
    (40, 45.0, 48.0),
    (60, 67.5, 62.5),
    (75, 80.0, 77.0),
    (85, 86.0, 84.0),
    (90, 97.0, 95.0),
    (100, 100.0, 100.0),
];

/// Returns the quality for the encoder of JPEG.
pub(super) fn jpeg(quality: Option<u8>) -> u8 {
    quality.unwrap_or(DEFAULT).clamp(1, 100)
}

/// Returns the quality for the encoder of WebP; none is without loss.
pub(super) fn webp(quality: Option<u8>) -> Option<f32> {
    (quality != Some(100)).then(|| like(quality, |(_, webp, _)| webp))
}

/// Returns the quality for the encoder of AVIF.
pub(super) fn avif(quality: Option<u8>) -> f32 {
    like(quality, |(_, _, avif)| avif)
}

fn like(quality: Option<u8>, column: fn((u8, f32, f32)) -> f32) -> f32 {
    let quality = jpeg(quality);
    let next = LIKE_JPEG.iter().position(|row| row.0 >= quality);
    let next = next.unwrap_or(LIKE_JPEG.len() - 1).max(1);
    let (from, to) = (LIKE_JPEG[next - 1], LIKE_JPEG[next]);
    let part = f32::from(quality - from.0) / f32::from(to.0 - from.0);
    column(from) + part * (column(to) - column(from))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::thumbnail::transform::Transform;

    #[test]
    fn a_higher_quality_is_higher_in_every_format() {
        for quality in 1..100 {
            let (this, next) = (Some(quality), Some(quality + 1));
            assert!(jpeg(this) < jpeg(next) && avif(this) < avif(next));
            if quality < 99 {
                assert!(webp(this).unwrap() < webp(next).unwrap());
            }
        }
        assert_eq!(webp(Some(100)), None);
        // The URLs drop the quality that is meant where there is none.
        let normal = |quality| {
            let wanted = Transform {
                quality: Some(quality),
                ..Transform::default()
            };
            wanted.normalised().quality
        };
        assert_eq!(
            (normal(DEFAULT), normal(DEFAULT + 1)),
            (None, Some(DEFAULT + 1))
        );
        assert_eq!((jpeg(None), webp(None)), (75, webp(Some(75))));
        assert!(avif(Some(1)) >= 1.0 && avif(Some(100)) <= 100.0);
    }
}
