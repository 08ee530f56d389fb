//! Originals against what others make of them: `tests/pictures/make_references.py` says how.

use super::difference;
use super::read::{FrameChoice, read};
use super::{Limits, ThumbnailError};
use crate::encode::Pixels;
use image::metadata::Orientation;

/// Each picture of a folder with what is to come out of it.
macro_rules! pictures {
    ($folder:literal: $($name:literal)+) => {
        [$((
            $name,
            &include_bytes!(concat!("../../tests/", $folder, "/", $name))[..],
            &include_bytes!(concat!("../../tests/", $folder, "/", $name, ".expected.png"))[..],
        )),+]
    };
}

fn pixels(bytes: &[u8]) -> Result<Pixels, ThumbnailError> {
    let mut original = read(bytes, FrameChoice::First, &Limits::default())?;
    Ok(original.frames.remove(0).pixels)
}

/// Red, green, blue and alpha, whatever there is of them.
fn rgba(pixels: &Pixels) -> Vec<[u8; 4]> {
    let all = pixels.bytes.chunks_exact(pixels.channels);
    all.map(|pixel| match *pixel {
        [grey] => [grey, grey, grey, 255],
        [red, green, blue] => [red, green, blue, 255],
        [red, green, blue, alpha] => [red, green, blue, alpha],
        _ => unreachable!("there are 1, 3 or 4 channels"),
    })
    .collect()
}

/// Mean and maximum of the differences that can be seen, and the maximum of those of alpha.
fn compare(name: &str, bytes: &[u8], expected: &[u8]) -> (f64, f64, u8) {
    let found = pixels(bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
    let expected = image::load_from_memory(expected).unwrap().to_rgba8();
    assert_eq!((found.width, found.height), expected.dimensions(), "{name}");
    let (mut sum, mut most, mut alpha) = (0.0, 0.0f64, 0);
    let found = rgba(&found);
    for (found, expected) in found.iter().zip(expected.pixels()) {
        let [red, green, blue, of_expected] = expected.0;
        alpha = found[3].abs_diff(of_expected).max(alpha);
        if of_expected > 8 {
            let one = [found[0], found[1], found[2]];
            let difference = difference::of_srgb(one, [red, green, blue]);
            // What is nearly transparent looks less different.
            let difference = difference * f64::from(of_expected) / 255.0;
            sum += difference;
            most = most.max(difference);
        }
    }
    (sum / found.len() as f64, most, alpha)
}

fn assert_alike(pictures: &[(&str, &[u8], &[u8])]) {
    let mut wrong = Vec::new();
    for (name, bytes, expected) in pictures {
        let (mean, most, alpha) = compare(name, bytes, expected);
        if mean >= 1.0 || most >= 3.0 || alpha > 1 {
            wrong.push(format!("{name}: {mean:.2} {most:.2} {alpha}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn colours_are_those_of_srgb() {
    assert_alike(&pictures!("colours":
        "rgb-none.jpg" "rgb-srgb.jpg" "rgb-p3.jpg" "rgb-adobe.jpg"
        "rgb-p3.png" "rgb-adobe.png" "rgb-p3.webp" "rgb-adobe.webp" "rgb-p3.avif" "rgb-adobe.avif"
        "grey-gamma.png" "grey-curve.png" "grey-rgb.png"
        "grey-gamma.jpg" "grey-curve.jpg" "grey-rgb.jpg"
        "png-gamma.png" "png-srgb-gamma.png" "png-chromaticities.png" "png-cicp.png" "png-16.png"
        "nclx-p3.avif" "nclx-bt2020.avif"
    ));
}

#[test]
fn inks_are_those_of_the_profile_or_of_the_plain_formula() {
    assert_alike(&pictures!("colours": "cmyk-none.jpg" "cmyk-press8.jpg" "cmyk-press16.jpg"));
}

#[test]
fn a_broken_profile_is_as_none() {
    assert_alike(&pictures!("colours": "broken-cut.jpg" "broken-noise.jpg" "broken-inks.jpg"));
}

#[test]
fn every_kind_of_avif_is_decoded() {
    assert_alike(&pictures!("avif":
        "420.avif" "422.avif" "444.avif" "400.avif" "limited.avif" "bt709.avif" "bt2020.avif" "ycgco.avif"
        "10-bit.avif" "12-bit.avif" "alpha.avif" "premultiplied.avif" "alpha-10-bit.avif" "grid.avif"
        "crop.avif" "lossless.avif"
    ));
}

#[test]
fn every_kind_of_jpeg_is_decoded() {
    assert_alike(&pictures!("jpeg":
        "420.jpg" "422.jpg" "440.jpg" "444.jpg" "411.jpg" "410.jpg" "uneven.jpg" "progressive.jpg" "restarts.jpg"
        "rgb.jpg" "scans.jpg" "scans-444.jpg" "behind.jpg"
    ));
}

/// The picture for screens that are not brighter than white; the second one only says where they are.
#[test]
fn a_gain_map_is_left_out() {
    assert_alike(&pictures!("jpeg": "gain-map.jpg"));
}

/// What is made of half a file would be kept when the whole one is there.
#[test]
fn half_a_jpeg_is_damaged() {
    for bytes in [
        &include_bytes!("../../tests/jpeg/420.jpg")[..],
        include_bytes!("../../tests/jpeg/progressive.jpg"),
        // The second picture has an end of its own.
        include_bytes!("../../tests/colours/cmyk-none.jpg"),
    ] {
        let half = &bytes[..bytes.len() * 2 / 3];
        assert!(matches!(pixels(half), Err(ThumbnailError::Damaged(_))));
    }
    // All of it is there but for the mark of its end, which some writers leave out.
    let bytes = include_bytes!("../../tests/jpeg/420.jpg");
    assert!(pixels(&bytes[..bytes.len() - 2]).is_ok());
}

/// All its samples are kept until the last scan: two bytes each, beside the pixels.
#[test]
fn a_jpeg_in_several_scans_is_refused_where_it_takes_much_memory() {
    let progressive = include_bytes!("../../tests/jpeg/progressive.jpg");
    let scans = include_bytes!("../../tests/jpeg/scans-444.jpg");
    let limits = Limits {
        pixels: 61 * 45,
        ..Limits::default()
    };
    for bytes in [&progressive[..], scans] {
        let told = read(bytes, FrameChoice::First, &limits).err();
        assert!(
            matches!(told, Some(ThumbnailError::TooLarge(_))),
            "{told:?}"
        );
    }
    let baseline = include_bytes!("../../tests/jpeg/420.jpg");
    assert!(read(baseline, FrameChoice::First, &limits).is_ok());
}

#[test]
fn a_jpeg_that_is_not_decoded_is_named() {
    let arithmetic = pixels(include_bytes!("../../tests/jpeg/arithmetic.jpg")).err();
    let name = "a JPEG in arithmetic coding";
    assert_eq!(arithmetic, Some(ThumbnailError::Unsupported(name)));
}

#[test]
fn a_grey_avif_has_one_channel() {
    let grey = pixels(include_bytes!("../../tests/avif/400.avif")).unwrap();
    assert_eq!(grey.channels, 1);
    let clear = pixels(include_bytes!("../../tests/avif/alpha.avif")).unwrap();
    assert_eq!(clear.channels, 4);
}

/// `irot` turns the other way round, and `imir` 0 is above and below.
#[test]
fn an_avif_is_turned_and_mirrored() {
    macro_rules! turned {
        ($($name:literal $orientation:ident)+) => {
            [$((
                &include_bytes!(concat!("../../tests/avif/turned-", $name, ".avif"))[..],
                Orientation::$orientation,
            )),+]
        };
    }
    for (bytes, orientation) in turned!(
        "0-0" FlipVertical "0-1" FlipHorizontal
        "1-none" Rotate270 "1-0" Rotate90FlipH "1-1" Rotate270FlipH
        "2-none" Rotate180 "2-0" FlipHorizontal "2-1" FlipVertical
        "3-none" Rotate90 "3-0" Rotate270FlipH "3-1" Rotate90FlipH
    ) {
        let header = super::header::header(bytes, &Limits::default()).unwrap();
        assert_eq!((header.width, header.height), (12, 8));
        assert_eq!(header.orientation, orientation);
    }
}
