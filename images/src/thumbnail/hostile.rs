//! Originals that are damaged or lie. Each comes to an end, with an answer or an error.

use super::header::header;
use super::read::{FrameChoice, read};
use super::{Limits, ThumbnailError};
use crate::tests::halves;
use image::ImageFormat;
use proptest::prelude::*;

/// Small, so that what is spoiled takes no time.
const LIMITS: Limits = Limits {
    bytes: 1_000_000,
    pixels: 300_000,
    animation_pixels: 300_000,
    frames: 20,
    side: 1_000,
};

/// An original of every format, and of its kinds.
fn originals() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = [
        ImageFormat::Png,
        ImageFormat::Gif,
        ImageFormat::WebP,
        ImageFormat::Bmp,
        ImageFormat::Ico,
    ]
    .map(|format| halves(23, 17, format))
    .to_vec();
    let kept: [&[u8]; 12] = [
        include_bytes!("../../tests/jpeg/420.jpg"),
        include_bytes!("../../tests/jpeg/progressive.jpg"),
        include_bytes!("../../tests/jpeg/scans.jpg"),
        include_bytes!("../../tests/jpeg/uneven.jpg"),
        include_bytes!("../../tests/jpeg/gain-map.jpg"),
        include_bytes!("../../tests/colours/cmyk-none.jpg"),
        include_bytes!("../../tests/colours/grey-curve.jpg"),
        include_bytes!("../../tests/colours/png-16.png"),
        include_bytes!("../../tests/colours/rgb-adobe.webp"),
        include_bytes!("../../tests/avif/420.avif"),
        include_bytes!("../../tests/avif/alpha-10-bit.avif"),
        include_bytes!("../../tests/avif/grid.avif"),
    ];
    all.extend(kept.map(<[u8]>::to_vec));
    all.push(animation());
    all
}

/// Three frames, each of which covers another part.
fn animation() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = gif::Encoder::new(&mut bytes, 9, 7, &[0, 0, 0, 255, 0, 0]).unwrap();
    for (index, dispose) in [
        gif::DisposalMethod::Keep,
        gif::DisposalMethod::Previous,
        gif::DisposalMethod::Background,
    ]
    .into_iter()
    .enumerate()
    {
        let mut frame = gif::Frame::from_indexed_pixels(4, 3, vec![1; 12], Some(0));
        (frame.left, frame.dispose) = (index as u16 * 2, dispose);
        encoder.write_frame(&frame).unwrap();
    }
    drop(encoder);
    bytes
}

/// Does everything with it that a thumbnail can need.
fn try_all(bytes: &[u8]) {
    let head = header(bytes, &LIMITS);
    for wanted in [FrameChoice::First, FrameChoice::All] {
        let Ok(original) = read(bytes, wanted, &LIMITS) else {
            continue;
        };
        let head = head.as_ref().expect("what is decoded has a header");
        for frame in &original.frames {
            let pixels = &frame.pixels;
            assert_eq!((pixels.width, pixels.height), (head.width, head.height));
            let count = pixels.width as usize * pixels.height as usize;
            assert_eq!(pixels.bytes.len(), count * pixels.channels);
        }
    }
}

#[test]
fn an_animation_stops_at_its_limits() {
    let bytes = animation();
    for limits in [
        Limits {
            frames: 2,
            ..LIMITS
        },
        Limits {
            animation_pixels: 3 * 63 - 1,
            ..LIMITS
        },
    ] {
        let told = read(&bytes, FrameChoice::All, &limits).err();
        assert!(
            matches!(told, Some(ThumbnailError::TooLarge(_))),
            "{told:?}"
        );
        assert!(read(&bytes, FrameChoice::First, &limits).is_ok());
    }
    assert_eq!(
        read(&bytes, FrameChoice::All, &LIMITS)
            .unwrap()
            .frames
            .len(),
        3
    );
}

/// A PNG says how many frames it has; what counts is how many it has.
#[test]
fn a_png_that_lies_about_its_frames_is_counted() {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 2, 2);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_animated(30, 0).unwrap();
    let mut writer = encoder.write_header().unwrap();
    for _ in 0..30 {
        writer.write_image_data(&[7; 4]).unwrap();
    }
    writer.finish().unwrap();
    let claim = bytes.windows(4).position(|four| four == b"acTL").unwrap();
    bytes[claim + 7] = 1;
    let told = read(&bytes, FrameChoice::All, &LIMITS).err();
    assert!(
        matches!(told, Some(ThumbnailError::TooLarge(_))),
        "{told:?}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn a_cut_or_spoiled_original_is_an_answer_or_an_error(
        original in prop::sample::select(originals()),
        cut in 0.0..1.0f64,
        spoiled in prop::collection::vec((any::<prop::sample::Index>(), any::<bool>(), any::<u8>()), 0..6),
    ) {
        let mut bytes = original;
        for (index, at_the_beginning, byte) in &spoiled {
            let until = if *at_the_beginning { bytes.len().min(300) } else { bytes.len() };
            let at = index.index(until);
            bytes[at] = *byte;
        }
        bytes.truncate((bytes.len() as f64 * (0.5 + cut)) as usize);
        try_all(&bytes);
    }

    #[test]
    fn noise_behind_a_known_beginning_is_an_answer_or_an_error(
        start in prop::sample::select(vec![
            &b"\xff\xd8\xff\xc0\0\x11\x08\0\x09\0\x09\x03"[..], b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR",
            b"GIF89a\x09\0\x09\0\0\0\0", b"RIFF\x40\0\0\0WEBPVP8X", b"RIFF\x40\0\0\0WEBPVP8L",
            b"\0\0\0\x10ftypavif\0\0\0\0\0\0\0\xffmeta\0\0\0\0", b"BM\0\0\0\0\0\0\0\0\0\0\0\0\x28\0\0\0",
            b"\0\0\x01\0\x01\0", b"II*\0", b"",
        ]),
        noise in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        try_all(&[start, &noise].concat());
    }
}
