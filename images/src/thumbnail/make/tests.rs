//! From bytes to bytes: that a picture comes out upright, what is refused, and what is told of it.

mod any;

use super::*;
use crate::thumbnail::transform::{Fit, Flip, Gravity, Metadata, Rotation};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::{DynamicImage, ImageFormat, RgbImage};
use std::io::Cursor;

const RED: [u8; 3] = [250, 20, 20];
const GREEN: [u8; 3] = [20, 200, 20];
const BLUE: [u8; 3] = [20, 20, 250];
const WHITE: [u8; 3] = [250, 250, 250];
/// From left to right, and from above.
const UPRIGHT: [[u8; 3]; 4] = [RED, GREEN, BLUE, WHITE];

/// A picture of four colours, in PNG.
fn corners(width: u32, height: u32, colours: [[u8; 3]; 4]) -> Vec<u8> {
    let image = RgbImage::from_fn(width, height, |x, y| {
        let right = usize::from(x >= width / 2);
        let below = usize::from(y >= height / 2);
        image::Rgb(colours[2 * below + right])
    });
    file(DynamicImage::ImageRgb8(image), ImageFormat::Png)
}

fn file(image: DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// The same PNG with an EXIF orientation.
fn oriented(png: &[u8], orientation: u8) -> Vec<u8> {
    let mut exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
    let mut data = b"eXIf".to_vec();
    data.extend(&exif);
    // After the header, which is 8 + 25 bytes long.
    let mut file = png[..33].to_vec();
    file.extend((exif.len() as u32).to_be_bytes());
    file.extend(&data);
    let mut sum = flate2::Crc::new();
    sum.update(&data);
    file.extend(sum.sum().to_be_bytes());
    file.extend(&png[33..]);
    file
}

fn made(original: &[u8], wanted: &Transform) -> (Thumbnail, RgbImage) {
    let thumbnail = make(original, wanted, &Limits::default()).unwrap();
    let image = image::load_from_memory(&thumbnail.bytes).unwrap().to_rgb8();
    assert_eq!(image.dimensions(), (thumbnail.width, thumbnail.height));
    (thumbnail, image)
}

/// The colours in the four corners.
fn corners_of(image: &RgbImage) -> [[u8; 3]; 4] {
    let (width, height) = image.dimensions();
    let (right, below) = (width - 1 - width / 8, height - 1 - height / 8);
    let (left, above) = (width / 8, height / 8);
    [(left, above), (right, above), (left, below), (right, below)].map(|(x, y)| {
        let found = image.get_pixel(x, y).0;
        let near = |known: &&[u8; 3]| known.iter().zip(found).all(|(a, b)| a.abs_diff(b) < 40);
        *UPRIGHT.iter().find(near).unwrap_or(&found)
    })
}

/// How the corners of an upright picture are stored for each EXIF orientation (EXIF 2.32, tag 274).
fn stored(orientation: u8) -> ((u32, u32), [[u8; 3]; 4]) {
    let [a, b, c, d] = UPRIGHT;
    match orientation {
        1 => ((80, 60), [a, b, c, d]),
        2 => ((80, 60), [b, a, d, c]),
        3 => ((80, 60), [d, c, b, a]),
        4 => ((80, 60), [c, d, a, b]),
        5 => ((60, 80), [a, c, b, d]),
        6 => ((60, 80), [b, d, a, c]),
        7 => ((60, 80), [d, b, c, a]),
        _ => ((60, 80), [c, a, d, b]),
    }
}

#[test]
fn a_picture_comes_out_upright_however_it_is_stored() {
    for orientation in 1..=8 {
        let ((width, height), colours) = stored(orientation);
        let original = oriented(&corners(width, height, colours), orientation);
        for width in [None, Some(40), Some(13)] {
            let wanted = Transform {
                width,
                ..Transform::default()
            };
            let (thumbnail, image) = made(&original, &wanted);
            let expected = width.map_or((80, 60), |width| (width, (width * 3 + 2) / 4));
            assert_eq!((thumbnail.width, thumbnail.height), expected);
            assert_eq!(corners_of(&image), UPRIGHT, "{orientation}");
        }
        // The left side is what is seen on the left.
        for (gravity, expected) in [
            (Gravity::Left, [RED, RED, BLUE, BLUE]),
            (Gravity::Right, [GREEN, GREEN, WHITE, WHITE]),
        ] {
            let wanted = Transform {
                fit: Fit::Cover,
                width: Some(10),
                height: Some(20),
                gravity,
                ..Transform::default()
            };
            let (_, image) = made(&original, &wanted);
            assert_eq!(corners_of(&image), expected, "{orientation} {gravity:?}");
        }
    }
}

#[test]
fn a_picture_is_mirrored_and_then_turned() {
    let [a, b, c, d] = UPRIGHT;
    for orientation in 1..=8 {
        let ((width, height), colours) = stored(orientation);
        let original = oriented(&corners(width, height, colours), orientation);
        let turned = |rotate, flip| {
            let wanted = Transform {
                rotate,
                flip,
                ..Transform::default()
            };
            corners_of(&made(&original, &wanted).1)
        };
        assert_eq!(turned(Rotation::Quarter, Flip::None), [c, a, d, b]);
        assert_eq!(turned(Rotation::Half, Flip::None), [d, c, b, a]);
        assert_eq!(turned(Rotation::ThreeQuarters, Flip::None), [b, d, a, c]);
        assert_eq!(turned(Rotation::None, Flip::Horizontal), [b, a, d, c]);
        assert_eq!(turned(Rotation::None, Flip::Vertical), [c, d, a, b]);
        assert_eq!(turned(Rotation::None, Flip::Both), [d, c, b, a]);
        assert_eq!(turned(Rotation::Quarter, Flip::Horizontal), [d, b, c, a]);
        assert_eq!(turned(Rotation::Quarter, Flip::Vertical), [a, c, b, d]);
    }
}

#[test]
fn what_changes_nothing_makes_the_same_bytes() {
    let original = corners(80, 60, UPRIGHT);
    let fits = [
        Fit::ScaleDown,
        Fit::Contain,
        Fit::Cover,
        Fit::Crop,
        Fit::Pad,
    ];
    for fit in fits {
        for (width, height) in [
            (None, None),
            (Some(30), None),
            (None, Some(100)),
            (Some(50), Some(50)),
        ] {
            for gravity in [Gravity::Centre, Gravity::At(0, 50), Gravity::At(50, 50)] {
                for (rotate, flip) in [
                    (Rotation::None, Flip::None),
                    (Rotation::Half, Flip::Both),
                    (Rotation::Quarter, Flip::Vertical),
                    (Rotation::ThreeQuarters, Flip::Both),
                ] {
                    let wanted = Transform {
                        fit,
                        width,
                        height,
                        gravity,
                        rotate,
                        flip,
                        quality: Some(75),
                        format: Some(Format::Webp),
                        ..Transform::default()
                    };
                    let normal = made(&original, &wanted.normalised()).0;
                    assert!(made(&original, &wanted).0 == normal, "{wanted:?}");
                }
            }
        }
    }
}

#[test]
fn each_format_is_written_from_each_that_is_read() {
    let image = image::load_from_memory(&corners(80, 60, UPRIGHT)).unwrap();
    for from in [
        ImageFormat::Jpeg,
        ImageFormat::Png,
        ImageFormat::Gif,
        ImageFormat::WebP,
    ] {
        let original = file(image.clone(), from);
        for (format, content_type, extension) in [
            (Format::Jpeg, "image/jpeg", "jpg"),
            (Format::Png, "image/png", "png"),
            (Format::Webp, "image/webp", "webp"),
        ] {
            let wanted = Transform {
                width: Some(40),
                format: Some(format),
                ..Transform::default()
            };
            let (thumbnail, image) = made(&original, &wanted);
            assert_eq!(corners_of(&image), UPRIGHT, "{from:?} {format:?}");
            let said = (thumbnail.content_type, thumbnail.extension);
            assert_eq!(said, (content_type, extension));
        }
    }
}

#[test]
fn what_the_header_shows_is_refused_before_a_pixel_is_decoded() {
    // Its pixels cannot be decoded, so whoever tries says that it is damaged.
    let mut broken = corners(80, 60, UPRIGHT);
    let data = broken.windows(4).position(|name| name == b"IDAT").unwrap();
    broken[data + 4..data + 20].fill(0xff);
    let refused = |wanted: &Transform, limits: &Limits| make(&broken, wanted, limits).unwrap_err();
    let limits = Limits::default();
    let as_it_is = Transform::default();
    assert!(matches!(
        refused(&as_it_is, &limits),
        ThumbnailError::Damaged(_)
    ));
    let large = Transform {
        fit: Fit::Contain,
        width: Some(20_000),
        ..Transform::default()
    };
    assert!(matches!(
        refused(&large, &limits),
        ThumbnailError::ResultTooLarge(_)
    ));
    let few = Limits {
        pixels: 4_799,
        ..limits
    };
    assert!(matches!(
        refused(&as_it_is, &few),
        ThumbnailError::TooLarge(_)
    ));
}

/// A GIF of three frames.
fn moving() -> Vec<u8> {
    use image::codecs::gif::{GifEncoder, Repeat};
    let mut bytes = Vec::new();
    let mut encoder = GifEncoder::new(&mut bytes);
    encoder.set_repeat(Repeat::Finite(2)).unwrap();
    for (colour, delay) in [(RED, 50), (GREEN, 120), (BLUE, 300)] {
        let [r, g, b] = colour;
        let image = image::RgbaImage::from_pixel(40, 30, image::Rgba([r, g, b, 255]));
        let delay = image::Delay::from_numer_denom_ms(delay, 1);
        let frame = image::Frame::from_parts(image, 0, 0, delay);
        encoder.encode_frame(frame).unwrap();
    }
    drop(encoder);
    bytes
}

#[test]
fn an_animation_stays_one_where_that_is_asked_for_and_can_be() {
    use image::AnimationDecoder;
    use image::codecs::webp::WebPDecoder;
    let original = moving();
    let wanted = |anim, format| Transform {
        anim,
        format,
        width: Some(20),
        ..Transform::default()
    };
    for format in [None, Some(Format::Webp)] {
        let limits = Limits::default();
        let thumbnail = make(&original, &wanted(true, format), &limits).unwrap();
        assert_eq!(thumbnail.content_type, "image/webp");
        assert_eq!((thumbnail.width, thumbnail.height), (20, 15));
        let decoder = WebPDecoder::new(Cursor::new(&thumbnail.bytes)).unwrap();
        let frames: Vec<_> = decoder.into_frames().map(Result::unwrap).collect();
        let shown: Vec<u32> = frames
            .iter()
            .map(|frame| frame.delay().numer_denom_ms().0)
            .collect();
        assert_eq!(shown, [50, 120, 300]);
        for (frame, colour) in frames.iter().zip([RED, GREEN, BLUE]) {
            let pixel = frame.buffer().get_pixel(10, 7).0;
            let near = pixel.iter().zip(colour).all(|(a, b)| a.abs_diff(b) < 12);
            assert!(near, "{pixel:?}");
        }
    }
    // The first frame, otherwise.
    for (anim, format, content_type) in [
        (false, None, "image/png"),
        (false, Some(Format::Webp), "image/webp"),
        (true, Some(Format::Jpeg), "image/jpeg"),
        (true, Some(Format::Png), "image/png"),
        (true, Some(Format::Fallback), "image/jpeg"),
    ] {
        let (thumbnail, image) = made(&original, &wanted(anim, format));
        assert_eq!(thumbnail.content_type, content_type);
        assert_eq!(corners_of(&image), [RED; 4]);
    }
    let limits = Limits {
        animation_pixels: 3 * 40 * 30,
        ..Limits::default()
    };
    let large = Transform {
        fit: Fit::Contain,
        width: Some(41),
        ..wanted(true, None)
    };
    let refused = make(&original, &large, &limits);
    assert!(matches!(refused, Err(ThumbnailError::ResultTooLarge(_))));
}

fn json(original: &[u8], wanted: Transform) -> String {
    let wanted = Transform {
        format: Some(Format::Json),
        ..wanted
    };
    let thumbnail = make(original, &wanted, &Limits::default()).unwrap();
    assert_eq!(thumbnail.content_type, "application/json");
    String::from_utf8(thumbnail.bytes).unwrap()
}

#[test]
fn json_says_what_is_known_of_a_picture() {
    let ((width, height), colours) = stored(6);
    let original = oriented(&corners(width, height, colours), 6);
    let wanted = Transform {
        width: Some(40),
        blur: 20,
        ..Transform::default()
    };
    let told = json(&original, wanted);
    let start = format!(
        "{{\"width\":40,\"height\":30,\"original\":{{\"file_size\":{},\"width\":80,\"height\":60,\
         \"format\":\"image/png\"}},\"format\":\"image/png\",\"remark\":null,\"thumbhash\":\"",
        original.len()
    );
    let rest = told
        .strip_prefix(&start)
        .unwrap_or_else(|| panic!("{told}"));
    let hash = rest.strip_suffix("\"}").unwrap();
    // It is that of the same picture without its detour, but for what is rounded.
    let hash_of = |original: &[u8], flip| {
        let wanted = Transform {
            width: Some(40),
            flip,
            ..Transform::default()
        };
        let told = json(original, wanted);
        let (_, hash) = told.split_once("thumbhash\":\"").unwrap();
        hash.trim_end_matches("\"}").to_owned()
    };
    let upright = corners(80, 60, UPRIGHT);
    let distance = |flip| {
        let bytes = |hash: &str| STANDARD.decode(hash).unwrap();
        let nibbles = |hash| {
            bytes(hash)
                .into_iter()
                .flat_map(|byte| [byte & 15, byte >> 4])
        };
        let (one, other) = (nibbles(hash), hash_of(&upright, flip));
        let both = one.zip(nibbles(&other));
        both.map(|(a, b)| a.abs_diff(b)).max().unwrap()
    };
    assert!(distance(Flip::None) <= 1);
    assert!(distance(Flip::Horizontal) > 4);
}

#[test]
fn json_says_that_an_avif_would_be_a_webp() {
    let large = Transform {
        fit: Fit::Contain,
        width: Some(4000),
        ..Transform::default()
    };
    let told = json(&corners(80, 60, UPRIGHT), large);
    assert!(told.starts_with("{\"width\":4000,\"height\":3000,"));
    assert!(
        told.contains("\"remark\":\"avif: over 4 megapixels\""),
        "{told}"
    );
}

#[test]
fn a_drawing_stays_a_drawing() {
    let drawing = b"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"30\" height=\"20\" onload=\"alert()\"><path d=\"M0 0h9\"/></svg>";
    let wanted = Transform {
        width: Some(10),
        format: Some(Format::Avif),
        ..Transform::default()
    };
    let thumbnail = make(drawing, &wanted, &Limits::default()).unwrap();
    assert_eq!(thumbnail.content_type, "image/svg+xml");
    assert_eq!((thumbnail.width, thumbnail.height), (30, 20));
    let text = String::from_utf8(thumbnail.bytes).unwrap();
    assert!(text.contains("M0 0h9") && !text.contains("alert"), "{text}");
    let told = json(drawing, Transform::default());
    assert!(told.contains("\"format\":\"image/svg+xml\""), "{told}");
    let limits = Limits {
        bytes: 20,
        ..Limits::default()
    };
    let refused = make(drawing, &wanted, &limits);
    assert!(matches!(refused, Err(ThumbnailError::TooLarge(_))));
}

#[test]
fn the_copyright_goes_with_the_picture_where_that_is_asked_for() {
    let notice = "© Ann Example";
    let mut original = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut original, 90);
    let exif = encode::exif_with_copyright(notice);
    encoder.add_exif_metadata(&exif).unwrap();
    let pixels = [90; 16 * 16 * 3];
    encoder
        .encode(&pixels, 16, 16, jpeg_encoder::ColorType::Rgb)
        .unwrap();
    for format in [
        None,
        Some(Format::Png),
        Some(Format::Webp),
        Some(Format::Avif),
    ] {
        for (metadata, kept) in [(Metadata::None, false), (Metadata::Copyright, true)] {
            let wanted = Transform {
                metadata,
                format,
                ..Transform::default()
            };
            let thumbnail = make(&original, &wanted, &Limits::default()).unwrap();
            let mut bytes = thumbnail.bytes.windows(notice.len());
            assert_eq!(bytes.any(|bytes| bytes == notice.as_bytes()), kept);
        }
    }
}
