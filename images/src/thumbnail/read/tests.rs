//! Pictures that are right, in every format.

use super::*;
use crate::tests::{halves, written};
use crate::thumbnail::header::{Frames, header};
use image::{DynamicImage, GrayAlphaImage, GrayImage, ImageFormat, LumaA, Rgb, RgbaImage};

fn first(bytes: &[u8]) -> Pixels {
    let mut original = read(bytes, FrameChoice::First, &Limits::default()).unwrap();
    assert_eq!((original.frames.len(), original.loops), (1, 0));
    original.frames.remove(0).pixels
}

fn all(bytes: &[u8]) -> Original {
    read(bytes, FrameChoice::All, &Limits::default()).unwrap()
}

fn head(bytes: &[u8]) -> Header {
    header(bytes, &Limits::default()).unwrap()
}

fn pixel(pixels: &Pixels, x: u32, y: u32) -> &[u8] {
    let at = (y * pixels.width + x) as usize * pixels.channels;
    &pixels.bytes[at..at + pixels.channels]
}

#[test]
fn every_format_is_decoded() {
    for (format, expected) in [
        (ImageFormat::Jpeg, OriginalFormat::Jpeg),
        (ImageFormat::Png, OriginalFormat::Png),
        (ImageFormat::Gif, OriginalFormat::Gif),
        (ImageFormat::WebP, OriginalFormat::Webp),
        (ImageFormat::Bmp, OriginalFormat::Bmp),
        (ImageFormat::Ico, OriginalFormat::Ico),
    ] {
        let bytes = halves(40, 30, format);
        let header = head(&bytes);
        assert_eq!((header.width, header.height), (40, 30), "{format:?}");
        assert_eq!((header.format, header.frames), (expected, Frames::Still));
        let pixels = first(&bytes);
        assert_eq!((pixels.width, pixels.height, pixels.channels), (40, 30, 3));
        let (left, right) = (pixel(&pixels, 2, 7), pixel(&pixels, 37, 29));
        assert!(left[0] > 250 && left[2] < 5, "{format:?}: {left:?}");
        assert!(right[2] > 250 && right[0] < 5, "{format:?}: {right:?}");
    }
}

#[test]
fn a_grey_picture_has_one_channel_and_a_transparent_one_four() {
    let grey = written(
        DynamicImage::ImageLuma8(GrayImage::from_fn(9, 5, |x, _| [x as u8 * 20].into())),
        ImageFormat::Png,
    );
    assert_eq!(
        first(&grey).bytes[..9],
        [0, 20, 40, 60, 80, 100, 120, 140, 160]
    );
    assert_eq!(first(&grey).channels, 1);
    let with_alpha = |alpha| {
        let image = GrayAlphaImage::from_pixel(3, 3, LumaA([70, alpha]));
        first(&written(DynamicImage::ImageLumaA8(image), ImageFormat::Png))
    };
    assert_eq!(with_alpha(255).bytes, [70; 9]);
    assert_eq!(with_alpha(9).bytes, [70, 70, 70, 9].repeat(9));
    for format in [ImageFormat::Png, ImageFormat::WebP] {
        let image = RgbaImage::from_pixel(3, 3, [1, 2, 3, 255].into());
        let opaque = written(DynamicImage::ImageRgba8(image), format);
        assert!(head(&opaque).has_alpha);
        assert_eq!(first(&opaque).bytes, [1, 2, 3].repeat(9));
    }
}

#[test]
fn sixteen_bits_become_the_nearest_eight() {
    let image = image::ImageBuffer::from_fn(2, 1, |x, _| Rgb([x as u16 * 65_535, 128, 129]));
    let bytes = written(DynamicImage::ImageRgb16(image), ImageFormat::Png);
    assert_eq!(first(&bytes).bytes, [0, 0, 1, 255, 0, 1]);
}

#[test]
fn an_animation_is_one_or_its_first_frame() {
    let mut bytes = Vec::new();
    let mut encoder = image::codecs::gif::GifEncoder::new(&mut bytes);
    encoder
        .set_repeat(image::codecs::gif::Repeat::Finite(2))
        .unwrap();
    for red in [10, 250] {
        let image = RgbaImage::from_pixel(8, 6, [red, 0, 0, 255].into());
        let delay = image::Delay::from_numer_denom_ms(120, 1);
        encoder
            .encode_frame(image::Frame::from_parts(image, 0, 0, delay))
            .unwrap();
    }
    drop(encoder);
    assert_eq!(head(&bytes).frames, Frames::Animation(2));
    assert_eq!(first(&bytes).bytes, [10, 0, 0].repeat(48));
    let animation = all(&bytes);
    assert_eq!((animation.frames.len(), animation.loops), (2, 3));
    assert_eq!(animation.frames[1].pixels.bytes, [250, 0, 0].repeat(48));
    assert!(animation.frames.iter().all(|frame| frame.delay == 120));
    let limits = Limits {
        animation_pixels: 95,
        ..Limits::default()
    };
    assert!(matches!(
        read(&bytes, FrameChoice::All, &limits),
        Err(ThumbnailError::TooLarge(_))
    ));
    assert!(read(&bytes, FrameChoice::First, &limits).is_ok());
}

#[test]
fn a_jpeg_keeps_its_orientation() {
    let bytes = crate::tests::turned(40, 30);
    let header = head(&bytes);
    assert_eq!((header.width, header.height), (40, 30));
    assert_eq!(header.upright_size(), (30, 40));
}

/// Luminance, chrominance and black say the same colours as four inks.
#[test]
fn inks_can_be_stored_in_two_ways() {
    use jpeg_encoder::{ColorType, Encoder};
    let inks: Vec<u8> = (0..4 * 1_024).map(|n| (n * 37 % 256) as u8).collect();
    let flat: Vec<u8> = inks
        .chunks_exact(4)
        .step_by(64)
        .flat_map(|ink| ink.repeat(64))
        .collect();
    let made = |kind| {
        let mut bytes = Vec::new();
        let encoder = Encoder::new(&mut bytes, 100);
        encoder.encode(&flat, 8, 128, kind).unwrap();
        first(&bytes)
    };
    let (four, luminance) = (made(ColorType::Cmyk), made(ColorType::CmykAsYcck));
    assert_eq!((four.channels, luminance.channels), (3, 3));
    assert!(four.bytes.iter().any(|byte| *byte > 100));
    for (one, other) in four.bytes.iter().zip(&luminance.bytes) {
        assert!(one.abs_diff(*other) <= 3, "{one} {other}");
    }
}

/// Whatever a PNG says of its frames, there are as many as there are.
#[test]
fn an_animated_png_is_composed() {
    let mut bytes = Vec::new();
    let mut encoder = ::png::Encoder::new(&mut bytes, 4, 2);
    encoder.set_color(::png::ColorType::Rgba);
    encoder.set_animated(3, 2).unwrap();
    encoder.set_frame_delay(1, 4).unwrap();
    let mut writer = encoder.write_header().unwrap();
    writer
        .write_image_data(&[255, 0, 0, 255].repeat(8))
        .unwrap();
    writer.set_frame_dimension(2, 2).unwrap();
    writer.set_frame_position(2, 0).unwrap();
    writer.set_blend_op(::png::BlendOp::Over).unwrap();
    writer.set_dispose_op(::png::DisposeOp::Background).unwrap();
    writer
        .write_image_data(&[0, 0, 255, 255].repeat(4))
        .unwrap();
    writer.set_dispose_op(::png::DisposeOp::None).unwrap();
    writer.set_frame_delay(0, 0).unwrap();
    writer.write_image_data(&[0, 0, 0, 0].repeat(4)).unwrap();
    writer.finish().unwrap();
    assert_eq!(head(&bytes).frames, Frames::Animation(3));
    assert_eq!(first(&bytes).bytes, [255, 0, 0].repeat(8));
    let animation = all(&bytes);
    let delays: Vec<u32> = animation.frames.iter().map(|frame| frame.delay).collect();
    assert_eq!((animation.loops, delays), (2, vec![250, 250, 0]));
    let [_, second, third] = animation.frames.as_slice() else {
        panic!("{} frames", animation.frames.len());
    };
    assert_eq!(
        second.pixels.bytes[..12],
        [255, 0, 0, 255, 0, 0, 0, 0, 255, 0, 0, 255][..12]
    );
    assert_eq!(third.pixels.channels, 4);
    assert_eq!(pixel(&third.pixels, 0, 1), [255, 0, 0, 255]);
    assert_eq!(pixel(&third.pixels, 3, 1), [0, 0, 0, 0]);
}

#[test]
fn an_ico_gives_its_largest_picture() {
    use image::codecs::ico::{IcoEncoder, IcoFrame};
    let frame = |side: u32, grey: u8| {
        let bytes = [grey, grey, grey, 255].repeat((side * side) as usize);
        IcoFrame::as_png(&bytes, side, side, image::ExtendedColorType::Rgba8).unwrap()
    };
    let mut bytes = Vec::new();
    let frames = [frame(16, 1), frame(48, 2), frame(32, 3)];
    IcoEncoder::new(&mut bytes).encode_images(&frames).unwrap();
    assert_eq!(
        (head(&bytes).width, head(&bytes).format),
        (48, OriginalFormat::Ico)
    );
    let found = first(&bytes);
    assert_eq!((found.width, found.channels, found.bytes[0]), (48, 3, 2));
}

#[test]
fn the_copyright_is_read() {
    let notice = |data: &[u8]| {
        // One field, 33432 of ASCII, in big-endian order; its text is behind the directory.
        let mut exif = b"MM\0*\0\0\0\x08\0\x01\x82\x98\0\x02".to_vec();
        exif.extend((data.len() as u32).to_be_bytes());
        exif.extend(b"\0\0\0\x1a\0\0\0\0");
        exif.extend(data);
        exif::copyright(&exif)
    };
    assert_eq!(
        notice(b"Ann\x07 Example \0Bo\0").as_deref(),
        Some("Ann  Example; Bo")
    );
    assert_eq!(notice(b" \0 \0\0\0\0\0"), None);
    assert_eq!(exif::copyright(b"noise"), None);
}
