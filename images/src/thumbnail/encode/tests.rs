//! Which format is written, and that what is written can be read.

use super::*;
use crate::thumbnail::Limits;
use crate::thumbnail::read::{FrameChoice, read};
use crate::thumbnail::steps::widened;
use std::io::Cursor;

fn chosen(format: Option<Format>, original: OriginalFormat, size: (u32, u32)) -> Choice {
    let wanted = Transform {
        format,
        ..Transform::default()
    };
    choose(&wanted, original, size, false)
}

#[test]
fn without_a_format_the_original_keeps_its_own_where_it_can_be_written() {
    for (original, encoding) in [
        (OriginalFormat::Jpeg, Encoding::Jpeg),
        (OriginalFormat::Png, Encoding::Png),
        (OriginalFormat::Webp, Encoding::Webp),
        (OriginalFormat::Avif, Encoding::Avif),
        (OriginalFormat::Gif, Encoding::Png),
        (OriginalFormat::Bmp, Encoding::Png),
        (OriginalFormat::Ico, Encoding::Png),
    ] {
        for format in [None, Some(Format::Json)] {
            let choice = chosen(format, original, (10, 10));
            assert_eq!((choice.encoding, choice.remark), (encoding, None));
        }
        for (format, encoding) in [
            (Format::Jpeg, Encoding::Jpeg),
            (Format::Png, Encoding::Png),
            (Format::Webp, Encoding::Webp),
            (Format::Avif, Encoding::Avif),
        ] {
            assert_eq!(chosen(Some(format), original, (10, 10)).encoding, encoding);
        }
    }
}

#[test]
fn the_fallback_is_what_every_browser_shows() {
    let fallback = Transform {
        format: Some(Format::Fallback),
        ..Transform::default()
    };
    let chosen =
        |original, is_transparent| choose(&fallback, original, (10, 10), is_transparent).encoding;
    for original in [
        OriginalFormat::Webp,
        OriginalFormat::Avif,
        OriginalFormat::Gif,
        OriginalFormat::Bmp,
    ] {
        assert_eq!(chosen(original, false), Encoding::Jpeg);
        assert_eq!(chosen(original, true), Encoding::Png);
    }
    for is_transparent in [false, true] {
        assert_eq!(chosen(OriginalFormat::Jpeg, is_transparent), Encoding::Jpeg);
        assert_eq!(chosen(OriginalFormat::Png, is_transparent), Encoding::Png);
    }
}

#[test]
fn a_picture_that_is_too_large_for_a_format_gets_another_and_is_told() {
    let avif = |size| chosen(Some(Format::Avif), OriginalFormat::Png, size);
    assert_eq!(avif((2000, 2000)).encoding, Encoding::Avif);
    let choice = avif((2001, 2000));
    assert_eq!(choice.encoding, Encoding::Webp);
    assert_eq!(choice.remark, Some("avif: over 4 megapixels"));
    // What was asked for is what is told, however often it changes.
    let choice = avif((8000, 8000));
    assert_eq!(choice.encoding, Encoding::Jpeg);
    assert_eq!(choice.remark, Some("avif: over 4 megapixels"));
    let webp = |size, quality, is_transparent| {
        let wanted = Transform {
            format: Some(Format::Webp),
            quality,
            ..Transform::default()
        };
        let choice = choose(&wanted, OriginalFormat::Png, size, is_transparent);
        (choice.encoding, choice.remark)
    };
    assert_eq!(webp((5000, 8000), None, false), (Encoding::Webp, None));
    let told = Some("webp: over 40 megapixels");
    assert_eq!(webp((5001, 8000), None, false), (Encoding::Jpeg, told));
    assert_eq!(webp((5001, 8000), None, true), (Encoding::Png, told));
    let told = Some("lossless webp: over 16 megapixels");
    assert_eq!(webp((4000, 4001), Some(100), false), (Encoding::Png, told));
    let told = Some("webp: a side over 16,383 pixels");
    assert_eq!(webp((16_384, 1), None, false), (Encoding::Jpeg, told));
    let long = chosen(Some(Format::Jpeg), OriginalFormat::Png, (65_536, 1));
    assert_eq!(long.encoding, Encoding::Png);
}

/// A picture with a bit of everything, in grey, in colours, or with alpha.
fn pixels(channels: usize) -> Pixels {
    let (width, height) = (61, 43);
    let mut bytes = Vec::new();
    for y in 0..height {
        for x in 0..width {
            let pixel = [x * 4, y * 5, (x * y) / 11, 255 - x * 2].map(|v: u32| v as u8);
            bytes.extend(&pixel[..channels]);
        }
    }
    Pixels {
        width,
        height,
        channels,
        bytes,
    }
}

fn encoded(pixels: Pixels, encoding: Encoding, wanted: &Transform) -> Vec<u8> {
    still(pixels, encoding, wanted, Some("© Ann Example")).unwrap()
}

fn decoded(file: &[u8]) -> Pixels {
    let image = image::load_from_memory(file).unwrap();
    let (width, height) = (image.width(), image.height());
    Pixels {
        width,
        height,
        channels: 4,
        bytes: image.into_rgba8().into_raw(),
    }
}

fn mean_difference(one: &Pixels, other: &Pixels) -> f64 {
    assert_eq!((one.width, one.height), (other.width, other.height));
    let both = one.bytes.iter().zip(&other.bytes);
    let sum: u64 = both.map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / one.bytes.len() as f64
}

#[test]
fn what_is_written_can_be_read_and_is_the_same_picture() {
    for channels in [1, 3, 4] {
        let original = widened(pixels(channels), 4);
        for quality in [None, Some(100)] {
            for is_fast in [false, true] {
                let wanted = Transform {
                    quality,
                    is_fast,
                    ..Transform::default()
                };
                for encoding in [Encoding::Jpeg, Encoding::Png, Encoding::Webp] {
                    let file = encoded(pixels(channels), encoding, &wanted);
                    let again = encoded(pixels(channels), encoding, &wanted);
                    assert!(file == again, "{encoding:?} is not always the same");
                    let back = decoded(&file);
                    let (expected, most) = match encoding {
                        Encoding::Png => (None, 0.0),
                        Encoding::Webp if quality == Some(100) => (None, 0.0),
                        Encoding::Jpeg => {
                            let flat = flatten(widened(pixels(channels), 4), Colour::WHITE);
                            (Some(widened(flat, 4)), 4.0)
                        }
                        _ => (None, 4.0),
                    };
                    let difference = mean_difference(&back, expected.as_ref().unwrap_or(&original));
                    assert!(
                        difference <= most,
                        "{encoding:?} {channels} {quality:?}: {difference}"
                    );
                }
            }
        }
    }
}

#[test]
fn an_avif_is_the_same_picture_and_always_the_same() {
    for channels in [1, 3, 4] {
        let wanted = Transform::default();
        let file = encoded(pixels(channels), Encoding::Avif, &wanted);
        assert!(file == encoded(pixels(channels), Encoding::Avif, &wanted));
        let read = read(&file, FrameChoice::First, &Limits::default()).unwrap();
        let back = read.frames.into_iter().next().unwrap().pixels;
        let seen = |pixels: Pixels| flatten(widened(pixels, 4), Colour([90, 90, 90, 255]));
        let difference = mean_difference(&seen(back), &seen(pixels(channels)));
        assert!(difference < 4.0, "{channels}: {difference}");
    }
}

#[test]
fn a_jpeg_is_progressive_unless_it_is_to_be_quick() {
    let has = |file: &[u8], marker: u8| file.windows(2).any(|two| two == [0xff, marker]);
    for (is_fast, marker) in [(false, 0xc2), (true, 0xc0)] {
        let wanted = Transform {
            is_fast,
            ..Transform::default()
        };
        assert!(has(&encoded(pixels(3), Encoding::Jpeg, &wanted), marker));
    }
}

#[test]
fn a_higher_quality_is_a_larger_file() {
    for encoding in [Encoding::Jpeg, Encoding::Webp, Encoding::Avif] {
        let size = |quality| {
            let wanted = Transform {
                quality: Some(quality),
                ..Transform::default()
            };
            encoded(pixels(3), encoding, &wanted).len()
        };
        assert!(size(20) < size(60) && size(60) < size(95), "{encoding:?}");
    }
}

#[test]
fn metadata_is_the_copyright_where_it_is_asked_for_and_nothing_otherwise() {
    let notice = "© Ann Example".as_bytes();
    let is_in = |file: &[u8]| file.windows(notice.len()).any(|bytes| bytes == notice);
    for encoding in [
        Encoding::Jpeg,
        Encoding::Png,
        Encoding::Webp,
        Encoding::Avif,
    ] {
        let bare = encoded(pixels(4), encoding, &Transform::default());
        let wanted = Transform {
            metadata: Metadata::Copyright,
            ..Transform::default()
        };
        let file = encoded(pixels(4), encoding, &wanted);
        assert!(is_in(&file) && !is_in(&bare), "{encoding:?}");
        assert!(!bare.windows(4).any(|bytes| bytes == b"Exif"));
        if encoding == Encoding::Avif {
            continue;
        }
        // Read as others read it, and the picture is as it was.
        let read = exif_reader(&file);
        assert_eq!(read.as_deref(), Some(notice), "{encoding:?}");
        assert_eq!(mean_difference(&decoded(&file), &decoded(&bare)), 0.0);
    }
}

fn exif_reader(file: &[u8]) -> Option<Vec<u8>> {
    let read = ::exif::Reader::new()
        .read_from_container(&mut Cursor::new(file))
        .ok()?;
    let field = read.get_field(::exif::Tag::Copyright, ::exif::In::PRIMARY)?;
    match &field.value {
        ::exif::Value::Ascii(parts) => parts.first().cloned(),
        _ => None,
    }
}

#[test]
fn few_colours_make_a_palette() {
    for colours in [1_usize, 2, 4, 16, 17, 200, 256, 257] {
        for channels in [3, 4] {
            let (width, height) = (67_u32, 41_u32);
            let bytes: Vec<u8> = (0..width as usize * height as usize)
                .flat_map(|at| {
                    let index = (at.wrapping_mul(2_654_435_761) >> 9) % colours;
                    let pixel = [index % 256, index / 256, 255 - index % 256, 255 - index % 9];
                    pixel.map(|value| value as u8).into_iter().take(channels)
                })
                .collect();
            let pixels = Pixels {
                width,
                height,
                channels,
                bytes,
            };
            let file = png::png(&pixels, false, None).unwrap();
            let decoder = ::png::Decoder::new(Cursor::new(&file));
            let info = decoder.read_info().unwrap();
            let is_indexed = info.info().color_type == ::png::ColorType::Indexed;
            let expected = if colours > 256 { Some(false) } else { None };
            assert!(expected.is_none_or(|expected| expected == is_indexed));
            // Noise of few colours is where it pays.
            if (2..=16).contains(&colours) {
                assert!(is_indexed, "{colours} {channels}");
            }
            let original = widened(pixels, 4);
            assert_eq!(
                mean_difference(&decoded(&file), &original),
                0.0,
                "{colours}"
            );
        }
    }
}

#[test]
fn an_animation_keeps_its_frames_delays_and_loops() {
    use image::AnimationDecoder;
    use image::codecs::webp::WebPDecoder;
    let frame = |at: u32| {
        let mut pixels = widened(pixels(3), 4);
        for y in 5..9 {
            for x in 7 + at..11 + at {
                let start = ((y * pixels.width + x) * 4) as usize;
                pixels.bytes[start..start + 4].copy_from_slice(&[255, 0, 0, 80 * at as u8]);
            }
        }
        pixels
    };
    // The third is as the second, which is shown longer.
    let shown = [(0, 70), (1, 120), (1, 30), (3, 40)];
    let frames = || shown.iter().map(|&(at, delay)| Ok((frame(at), delay)));
    let wanted = Transform {
        quality: Some(100),
        metadata: Metadata::Copyright,
        ..Transform::default()
    };
    let file = animation(frames(), 3, &wanted, Some("© Ann Example")).unwrap();
    assert_eq!(
        exif_reader(&file).as_deref(),
        Some("© Ann Example".as_bytes())
    );
    let decoder = WebPDecoder::new(Cursor::new(&file)).unwrap();
    assert!(decoder.has_animation());
    let back: Vec<_> = decoder.into_frames().map(Result::unwrap).collect();
    let delays: Vec<u32> = back
        .iter()
        .map(|frame| frame.delay().numer_denom_ms().0)
        .collect();
    assert_eq!(delays, [70, 150, 40]);
    for (back, at) in back.into_iter().zip([0, 1, 3]) {
        let image = back.into_buffer();
        let back = Pixels {
            width: image.width(),
            height: image.height(),
            channels: 4,
            bytes: image.into_raw(),
        };
        // Nobody sees the colour of what is transparent.
        let seen = |pixels: Pixels| flatten(pixels, Colour([9, 90, 180, 255]));
        assert_eq!(mean_difference(&seen(back), &seen(frame(at))), 0.0, "{at}");
    }
    let loops = file.windows(4).position(|name| name == b"ANIM").unwrap();
    assert_eq!(file[loops + 12..loops + 14], [3, 0]);
    assert!(animation(std::iter::empty(), 0, &wanted, None).is_err());
}
