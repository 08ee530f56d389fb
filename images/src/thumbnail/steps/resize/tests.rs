use super::*;
use crate::thumbnail::geometry;
use crate::thumbnail::transform::{Fit, Gravity, Transform, Trim};
use image::metadata::Orientation;

fn pixels(
    (width, height): (u32, u32),
    channels: usize,
    pixel: impl Fn(u32, u32) -> [u8; 4],
) -> Pixels {
    let mut bytes = Vec::new();
    for y in 0..height {
        for x in 0..width {
            bytes.extend(&pixel(x, y)[..channels]);
        }
    }
    Pixels {
        width,
        height,
        channels,
        bytes,
    }
}

fn resized(pixels: Pixels, wanted: &Transform) -> Pixels {
    let size = (pixels.width, pixels.height);
    let limits = crate::thumbnail::Limits::default();
    let view = geometry::view(size, Orientation::NoTransforms, wanted, &limits).unwrap();
    resize(pixels, &view).unwrap()
}

fn sized(fit: Fit, width: u32, height: u32) -> Transform {
    Transform {
        fit,
        width: Some(width),
        height: Some(height),
        ..Transform::default()
    }
}

#[test]
fn an_edge_of_something_transparent_has_no_fringe() {
    // Red, and green that nobody sees.
    let edge = |size| {
        pixels(size, 4, |x, _| {
            if x < size.0 / 2 {
                [255, 0, 0, 255]
            } else {
                [0, 255, 0, 0]
            }
        })
    };
    for (from, to) in [((99, 33), (30, 10)), ((31, 11), (100, 35))] {
        let made = resized(edge(from), &sized(Fit::Contain, to.0, to.1));
        let (rgba, _) = made.bytes.as_chunks::<4>();
        let between = rgba.iter().filter(|pixel| (20..236).contains(&pixel[3]));
        assert!(between.count() > 0, "the edge is nowhere");
        for pixel in rgba.iter().filter(|pixel| pixel[3] > 4) {
            assert!(pixel[0] > 240 && pixel[1] < 15, "{pixel:?}");
        }
    }
}

#[test]
fn what_is_trimmed_does_not_shine_in() {
    // A white frame around black.
    let framed = pixels((120, 90), 1, |x, y| {
        let inside = (10..110).contains(&x) && (10..80).contains(&y);
        [if inside { 0 } else { 255 }; 4]
    });
    let wanted = Transform {
        trim: Trim {
            top: 10,
            right: 10,
            bottom: 10,
            left: 10,
        },
        ..sized(Fit::ScaleDown, 33, 33)
    };
    let made = resized(framed, &wanted);
    assert_eq!((made.width, made.height), (33, 23));
    assert!(made.bytes.iter().all(|value| *value == 0));
}

#[test]
fn what_is_cut_and_not_resized_is_the_same_to_the_bit() {
    let value = |x: u32, y: u32| [(x * 7 + y * 3) as u8, (x ^ y) as u8, (x * y) as u8, 255];
    for channels in [1, 3, 4] {
        let original = pixels((50, 20), channels, value);
        let wanted = Transform {
            gravity: Gravity::Right,
            ..sized(Fit::Crop, 20, 40)
        };
        let made = resized(original, &wanted);
        let expected = pixels((20, 20), channels, |x, y| value(x + 30, y));
        assert_eq!((made.width, made.height), (20, 20));
        assert_eq!(made.bytes, expected.bytes);
    }
}

#[test]
fn bands_leave_no_seams() {
    let original = |channels| {
        pixels((231, 317), channels, |x, y| {
            let noise = (x * 2_654_435 + y * 40_503) >> 7;
            [
                noise as u8,
                (x + y) as u8,
                (x ^ y) as u8,
                (noise >> 3) as u8 | 128,
            ]
        })
    };
    let limits = crate::thumbnail::Limits::default();
    for (fit, width, height) in [
        (Fit::ScaleDown, 100, 100),
        (Fit::Cover, 37, 90),
        (Fit::Contain, 400, 900),
        (Fit::Cover, 300, 300),
        (Fit::ScaleDown, 230, 316),
    ] {
        let wanted = Transform {
            trim: Trim {
                top: 7,
                left: 3,
                ..Trim::default()
            },
            gravity: Gravity::At(30, 70),
            ..sized(fit, width, height)
        };
        let view = geometry::view((231, 317), Orientation::NoTransforms, &wanted, &limits).unwrap();
        for channels in [1, 3, 4] {
            let whole = resize_by(original(channels), &view, usize::MAX).unwrap();
            // One row at a time, and some.
            for at_once in [1, 20_000, 60_000] {
                let made = resize_by(original(channels), &view, at_once).unwrap();
                let both = made.bytes.iter().zip(&whole.bytes);
                let far = both.map(|(one, other)| one.abs_diff(*other)).max();
                // Rounded twice, once for each direction, and what is half transparent is doubled again.
                let most = if channels == 4 { 4 } else { 2 };
                assert!(far <= Some(most), "{fit:?} {channels} {at_once}: {far:?}");
            }
        }
    }
}
