//! Pictures that are right: sizes, formats, colours, orientation.

use super::*;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use std::io::Cursor;

/// A picture whose left half is red and whose right half is blue.
pub(super) fn halves(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let image = RgbImage::from_fn(width, height, |x, _| {
        if x < width / 2 {
            Rgb([255, 0, 0])
        } else {
            Rgb([0, 0, 255])
        }
    });
    written(DynamicImage::ImageRgb8(image), format)
}

pub(super) fn written(image: DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn job(resize: Resize, encoding: Encoding) -> Job {
    let filter = Filter::default();
    Job {
        resize,
        encoding,
        filter,
    }
}

fn made(bytes: &[u8], resize: Resize, encoding: Encoding) -> Vec<u8> {
    let picture = Picture::decode(bytes).unwrap();
    picture.make(&job(resize, encoding)).unwrap()
}

const ENCODINGS: [Encoding; 5] = [
    Encoding::Jpeg { quality: 75 },
    Encoding::Png,
    Encoding::Webp { quality: None },
    Encoding::Webp { quality: Some(50) },
    Encoding::Avif {
        quality: 80,
        speed: 10,
    },
];

#[test]
fn the_size_follows_from_the_operation() {
    let size = |resize: Resize| {
        let geometry = resize.geometry(60, 40).unwrap();
        (geometry.width, geometry.height)
    };
    assert_eq!(size(Resize::Scale(10, 30)), (10, 30));
    assert_eq!(size(Resize::FitWidth(15)), (15, 10));
    assert_eq!(size(Resize::FitHeight(10)), (15, 10));
    assert_eq!(size(Resize::Fit(21, 21)), (21, 14));
    assert_eq!(size(Resize::Fit(200, 200)), (60, 40));
    assert_eq!(size(Resize::Fill(30, 30)), (30, 30));
    assert_eq!(size(Resize::FitWidth(1)), (1, 1));
    let crop = |resize: Resize| resize.geometry(60, 40).unwrap().crop;
    assert_eq!(crop(Resize::Fill(30, 30)), (10, 0, 40, 40));
    assert_eq!(crop(Resize::Fill(30, 10)), (0, 10, 60, 20));
    // Almost the same proportions: nothing is cut off.
    assert_eq!(crop(Resize::Fill(30, 19)), (0, 1, 60, 38));
    assert_eq!(crop(Resize::Fill(59, 39)), (0, 0, 60, 40));
}

#[test]
fn every_format_comes_out_in_every_format() {
    for from in [
        ImageFormat::Jpeg,
        ImageFormat::Png,
        ImageFormat::Gif,
        ImageFormat::WebP,
    ] {
        let original = halves(40, 30, from);
        for encoding in ENCODINGS {
            let bytes = made(&original, Resize::FitWidth(20), encoding);
            let found = probe(&bytes).unwrap();
            let size = (found.width, found.height);
            assert_eq!(
                (size, found.format.name()),
                ((20, 15), encoding.extension())
            );
            assert_eq!(bytes, made(&original, Resize::FitWidth(20), encoding));
        }
    }
}

#[test]
fn pixels_are_where_they_were() {
    for encoding in &ENCODINGS[..4] {
        let bytes = made(
            &halves(40, 30, ImageFormat::Png),
            Resize::Scale(20, 15),
            *encoding,
        );
        let back = image::load_from_memory(&bytes).unwrap().to_rgb8();
        let [left, right] = [back.get_pixel(2, 7).0, back.get_pixel(17, 7).0];
        assert!(left[0] > 220 && left[2] < 40, "{encoding:?}: {left:?}");
        assert!(right[2] > 200 && right[0] < 40, "{encoding:?}: {right:?}");
    }
}

#[test]
fn what_is_transparent_stays_so_or_becomes_white() {
    let clear = RgbaImage::from_pixel(8, 8, Rgba([0, 0, 0, 0]));
    let original = written(DynamicImage::ImageRgba8(clear), ImageFormat::Png);
    for (encoding, expected) in [
        (Encoding::Png, [0, 0, 0, 0]),
        (Encoding::Jpeg { quality: 90 }, [255, 255, 255, 255]),
    ] {
        let bytes = made(&original, Resize::Scale(4, 4), encoding);
        let back = image::load_from_memory(&bytes).unwrap().to_rgba8();
        assert_eq!(back.get_pixel(1, 1).0, expected);
    }
    for encoding in [
        Encoding::Webp { quality: None },
        Encoding::Webp { quality: Some(50) },
    ] {
        let bytes = made(&original, Resize::Scale(4, 4), encoding);
        let back = image::load_from_memory(&bytes).unwrap().to_rgba8();
        assert_eq!(back.get_pixel(1, 1).0[3], 0);
    }
}

/// A JPEG with EXIF data that says: turn by 90 degrees, a description, a time.
pub(super) fn turned(width: u32, height: u32) -> Vec<u8> {
    use exif::experimental::Writer;
    use exif::{Field, In, Tag, Value};
    let field = |tag, value| Field {
        tag,
        ifd_num: In::PRIMARY,
        value,
    };
    let fields = [
        field(Tag::Orientation, Value::Short(vec![6])),
        field(
            Tag::ImageDescription,
            Value::Ascii(vec![b"A cat ".to_vec()]),
        ),
        field(
            Tag::DateTimeOriginal,
            Value::Ascii(vec![b"2026:05:01 12:30:00".to_vec()]),
        ),
        field(
            Tag::OffsetTimeOriginal,
            Value::Ascii(vec![b"+02:00".to_vec()]),
        ),
    ];
    let mut writer = Writer::new();
    for field in &fields {
        writer.push_field(field);
    }
    let mut data = Cursor::new(Vec::new());
    writer.write(&mut data, false).unwrap();
    let mut segment = b"Exif\0\0".to_vec();
    segment.extend(data.into_inner());
    let plain = halves(width, height, ImageFormat::Jpeg);
    let mut bytes = plain[..2].to_vec();
    bytes.extend([0xff, 0xe1]);
    bytes.extend((segment.len() as u16 + 2).to_be_bytes());
    bytes.extend(segment);
    bytes.extend(&plain[2..]);
    bytes
}

#[test]
fn a_picture_is_turned_upright_and_says_what_the_camera_wrote() {
    let original = turned(40, 30);
    let found = probe(&original).unwrap();
    assert_eq!((found.width, found.height), (30, 40));
    assert_eq!(found.description.as_deref(), Some("A cat"));
    assert_eq!(found.created.as_deref(), Some("2026-05-01T12:30:00+02:00"));
    let bytes = made(&original, Resize::FitWidth(15), Encoding::Png);
    let back = image::load_from_memory(&bytes).unwrap().to_rgb8();
    assert_eq!(back.dimensions(), (15, 20));
    // Left was red; turned clockwise, it is at the top.
    assert!(back.get_pixel(7, 3).0[0] > 200 && back.get_pixel(7, 16).0[2] > 200);
}

#[test]
fn a_colour_profile_is_kept_where_the_format_has_one() {
    let profile = moxcms::ColorProfile::new_display_p3().encode().unwrap();
    let mut original = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut original, 90);
    encoder.add_icc_profile(&profile).unwrap();
    let green = [0, 255, 0].repeat(64);
    encoder
        .encode(&green, 8, 8, jpeg_encoder::ColorType::Rgb)
        .unwrap();
    for encoding in &ENCODINGS[..4] {
        let bytes = made(&original, Resize::Scale(4, 4), *encoding);
        let reader = image::ImageReader::new(Cursor::new(&bytes));
        let mut decoder = reader
            .with_guessed_format()
            .unwrap()
            .into_decoder()
            .unwrap();
        let kept = image::ImageDecoder::icc_profile(&mut decoder).unwrap();
        assert_eq!(kept.as_deref(), Some(profile.as_slice()), "{encoding:?}");
        image::load_from_memory(&bytes).unwrap();
    }
    assert_eq!(
        probe(&made(&original, Resize::Scale(4, 4), ENCODINGS[4]))
            .unwrap()
            .width,
        4
    );
}

#[test]
fn filters_have_names() {
    assert_eq!(Filter::named("Lanczos3"), Some(Filter::Lanczos3));
    assert_eq!(Filter::named("catmull-rom"), Some(Filter::CatmullRom));
    assert_eq!(Filter::named("triangle"), Some(Filter::Bilinear));
    assert_eq!(Filter::named("sharp"), None);
    let picture = Picture::decode(&halves(40, 30, ImageFormat::Png)).unwrap();
    for (_, filter) in Filter::NAMED {
        let job = Job {
            filter,
            ..job(Resize::Scale(7, 5), Encoding::Png)
        };
        assert!(picture.make(&job).is_ok());
    }
}

#[test]
fn an_svg_has_the_size_that_it_says() {
    let size = |attributes: &str| {
        let text = format!("<?xml version=\"1.0\"?>\n<svg {attributes}><g/></svg>");
        let found = probe(text.as_bytes())?;
        assert_eq!(found.format.mime(), "text/svg+xml");
        Ok::<_, ImageError>((found.width, found.height))
    };
    assert_eq!(size("width=\"64\" height=\"32\""), Ok((64, 32)));
    assert_eq!(size("width=\"1in\" height=\"48pt\""), Ok((1, 48)));
    assert_eq!(
        size("width=\"100%\" height=\"2em\" viewBox=\"0 0 20,10.5\""),
        Ok((20, 10))
    );
    assert_eq!(size("width=\"1e2px\" height=\"5 px\""), Ok((100, 5)));
    assert_eq!(size("width=\"210mm\" height=\"4ex\""), Ok((210, 4)));
    assert!(size("viewBox=\"0 0 NaN inf\"").is_err() && size("").is_err());
    assert_eq!(probe(b"<html></html>"), Err(ImageError::UnknownFormat));
}
