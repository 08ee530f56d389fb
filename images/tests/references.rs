//! Thumbnails against what Pillow makes of the same originals (`tests/pictures/references.py`).
//!
//! A result may be off by a mean of one and a half in a channel, and one that is wrong in any way is more: each
//! result is also mirrored, moved, and changed in its colours, and then has to fail.

use image::{RgbaImage, imageops};
use quillfront_images::thumbnail::transform::{
    Colour, Factor, Fit, Flip, Format, Gravity, Rotation, Transform, Trim,
};
use quillfront_images::thumbnail::{Limits, make};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// The mean difference of two channels of two pixels that is no difference.
const TOLERANCE: f64 = 1.5;

/// The name of a result, that of its original, and what is asked for.
type Case = (&'static str, &'static str, Transform);

fn cases() -> Vec<Case> {
    let photo = |name, wanted| (name, "photo.png", wanted);
    let glass = |name, wanted| (name, "glass.png", wanted);
    let lying = |name, wanted| (name, "lying.jpg", wanted);
    let plain = Transform::default;
    let wide = |width| Transform {
        width: Some(width),
        ..plain()
    };
    let sized = |fit, width, height| Transform {
        fit,
        width: Some(width),
        height: Some(height),
        ..plain()
    };
    let cover = |width, height, gravity| Transform {
        gravity,
        ..sized(Fit::Cover, width, height)
    };
    let turned = |rotate, flip| Transform {
        rotate,
        flip,
        ..plain()
    };
    let trim = Trim {
        top: 10,
        right: 20,
        bottom: 30,
        left: 40,
    };
    vec![
        photo("scale-down", sized(Fit::ScaleDown, 120, 200)),
        photo("scale-down-odd", wide(100)),
        photo(
            "scale-down-height",
            Transform {
                height: Some(50),
                ..plain()
            },
        ),
        photo("scale-down-larger", wide(1000)),
        photo("contain-larger", sized(Fit::Contain, 330, 330)),
        photo("cover", cover(90, 90, Gravity::Centre)),
        photo("cover-left", cover(90, 90, Gravity::Left)),
        photo("cover-right", cover(90, 90, Gravity::Right)),
        photo("cover-top", cover(150, 50, Gravity::Top)),
        photo("cover-bottom", cover(150, 50, Gravity::Bottom)),
        photo("cover-point", cover(60, 90, Gravity::At(70, 30))),
        photo("crop-smaller", sized(Fit::Crop, 400, 400)),
        photo("crop-larger", sized(Fit::Crop, 80, 100)),
        photo(
            "pad",
            Transform {
                background: Some(Colour([51, 102, 153, 255])),
                ..sized(Fit::Pad, 110, 110)
            },
        ),
        photo(
            "pad-bottom",
            Transform {
                gravity: Gravity::Bottom,
                ..sized(Fit::Pad, 110, 110)
            },
        ),
        photo("trim", Transform { trim, ..plain() }),
        photo("trim-scale-down", Transform { trim, ..wide(90) }),
        photo("rotate-90", turned(Rotation::Quarter, Flip::None)),
        photo("rotate-180", turned(Rotation::Half, Flip::None)),
        photo("rotate-270", turned(Rotation::ThreeQuarters, Flip::None)),
        photo("flip-h", turned(Rotation::None, Flip::Horizontal)),
        photo("flip-v", turned(Rotation::None, Flip::Vertical)),
        photo(
            "rotate-90-flip-h",
            turned(Rotation::Quarter, Flip::Horizontal),
        ),
        photo(
            "all-turns",
            Transform {
                trim,
                rotate: Rotation::Quarter,
                flip: Flip::Vertical,
                ..cover(50, 40, Gravity::Top)
            },
        ),
        lying("lying", plain()),
        lying("lying-cover-left", cover(80, 120, Gravity::Left)),
        lying(
            "lying-trim",
            Transform {
                trim: Trim {
                    top: 20,
                    right: 50,
                    bottom: 30,
                    left: 0,
                },
                ..wide(95)
            },
        ),
        photo(
            "brightness",
            Transform {
                brightness: Factor(140),
                ..wide(120)
            },
        ),
        photo(
            "contrast",
            Transform {
                contrast: Factor(50),
                ..wide(120)
            },
        ),
        photo(
            "gamma",
            Transform {
                gamma: Factor(200),
                ..wide(120)
            },
        ),
        photo("blur", Transform { blur: 4, ..plain() }),
        photo(
            "blur-far",
            Transform {
                blur: 20,
                ..plain()
            },
        ),
        photo(
            "sharpen",
            Transform {
                sharpen: 300,
                ..wide(120)
            },
        ),
        glass("glass", wide(60)),
        glass(
            "glass-background",
            Transform {
                background: Some(Colour([240, 200, 20, 255])),
                ..wide(60)
            },
        ),
        glass(
            "glass-jpeg",
            Transform {
                format: Some(Format::Jpeg),
                quality: Some(95),
                ..plain()
            },
        ),
        glass(
            "glass-pad",
            Transform {
                background: Some(Colour::TRANSPARENT),
                ..sized(Fit::Pad, 160, 120)
            },
        ),
        ("moving-first", "moving.gif", plain()),
    ]
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/references")
}

fn original(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(format!("original-{name}"))).unwrap()
}

fn reference(name: &str) -> RgbaImage {
    let path = folder().join(format!("{name}.png"));
    image::open(path).unwrap().to_rgba8()
}

fn made(original: &[u8], wanted: &Transform) -> RgbaImage {
    // Lossless where nothing else is meant, so that it is the steps that are looked at.
    let wanted = Transform {
        format: wanted.format.or(Some(Format::Png)),
        ..wanted.clone()
    };
    let thumbnail = make(original, &wanted, &Limits::default()).unwrap();
    image::load_from_memory(&thumbnail.bytes)
        .unwrap()
        .to_rgba8()
}

/// The mean difference in a channel, of what is seen over a colour; none where the sizes differ.
fn difference(one: &RgbaImage, other: &RgbaImage) -> Option<f64> {
    if one.dimensions() != other.dimensions() {
        return None;
    }
    let seen = |pixel: &image::Rgba<u8>, channel: usize| {
        let alpha = f64::from(pixel[3]) / 255.0;
        f64::from(pixel[channel]) * alpha + 90.0 * (1.0 - alpha)
    };
    let sum: f64 = one
        .pixels()
        .zip(other.pixels())
        .flat_map(|(a, b)| (0..3).map(move |channel| (seen(a, channel) - seen(b, channel)).abs()))
        .sum();
    Some(sum / f64::from(one.width() * one.height() * 3))
}

fn is_close(one: &RgbaImage, other: &RgbaImage) -> bool {
    difference(one, other).is_some_and(|difference| difference < TOLERANCE)
}

#[test]
fn every_result_is_a_case_and_every_case_a_result() {
    let files = std::fs::read_dir(folder()).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let results: BTreeSet<String> = names
        .filter(|name| !name.starts_with("original-"))
        .map(|name| name.trim_end_matches(".png").to_owned())
        .collect();
    let cases: BTreeSet<String> = cases().into_iter().map(|case| case.0.to_owned()).collect();
    assert_eq!(results, cases);
}

#[test]
fn each_option_makes_what_pillow_makes() {
    let mut wrong = Vec::new();
    for (name, from, wanted) in cases() {
        let found = difference(&made(&original(from), &wanted), &reference(name));
        if std::env::var_os("QUILLFRONT_TALLY").is_some() {
            println!("{name} {found:?}");
        }
        if found.is_none_or(|found| found >= TOLERANCE) {
            wrong.push((name, found));
        }
    }
    assert_eq!(wrong, []);
}

#[test]
fn lossy_formats_show_the_same_picture() {
    let photo = original("photo.png");
    for format in [Format::Jpeg, Format::Webp] {
        let wanted = Transform {
            width: Some(120),
            format: Some(format),
            quality: Some(90),
            ..Transform::default()
        };
        let made = made(&photo, &wanted);
        let found = difference(&made, &reference("scale-down"));
        assert!(found < Some(4.0), "{format:?}: {found:?}");
        assert!(difference(&made, &reference("contrast")) > Some(10.0));
    }
}

/// What a mistake would make of a picture.
const MISTAKES: [(&str, fn(&RgbaImage) -> RgbaImage); 6] = [
    ("mirrored", imageops::flip_horizontal),
    ("upside down", imageops::flip_vertical),
    ("turned", imageops::rotate180),
    ("a tenth too far to the left", |picture| {
        let (width, height) = picture.dimensions();
        let from = |x: u32| (x + width / 10).min(width - 1);
        RgbaImage::from_fn(width, height, |x, y| *picture.get_pixel(from(x), y))
    }),
    ("red for blue", |picture| {
        let mut picture = picture.clone();
        picture.pixels_mut().for_each(|pixel| pixel.0.swap(0, 2));
        picture
    }),
    ("a little too bright", |picture| {
        let mut picture = picture.clone();
        for pixel in picture.pixels_mut() {
            for value in &mut pixel.0[..3] {
                *value = value.saturating_add(6);
            }
        }
        picture
    }),
];

#[test]
fn what_is_wrong_is_not_close() {
    let all: Vec<(&str, RgbaImage)> = cases()
        .into_iter()
        .map(|(name, from, wanted)| (name, made(&original(from), &wanted)))
        .collect();
    for (name, made) in &all {
        let expected = reference(name);
        for (mistake, change) in MISTAKES {
            assert!(!is_close(&change(made), &expected), "{name}, {mistake}");
        }
        for (other, other_made) in all.iter().filter(|(other, _)| other != name) {
            // One is the other, but for what JPEG and GIF lose.
            let alike = ["scale-down-larger", "lying", "moving-first"];
            if alike.contains(name) && alike.contains(other) {
                continue;
            }
            assert!(!is_close(other_made, &expected), "{other} for {name}");
        }
    }
    // Nothing is close to a picture of another size.
    let small = RgbaImage::new(3, 4);
    let large = imageops::resize(&small, 4, 4, imageops::FilterType::Nearest);
    assert!(!is_close(&small, &large));
}
