//! Any options on any small picture.

use super::*;
use crate::thumbnail::transform::{Colour, Factor, Trim};
use proptest::prelude::*;

fn factor() -> impl Strategy<Value = Factor> {
    prop_oneof![Just(Factor::ONE), (1_u16..=1000).prop_map(Factor)]
}

fn side() -> impl Strategy<Value = Option<u32>> {
    prop::option::of(prop_oneof![1_u32..8, 1_u32..120])
}

prop_compose! {
    fn framing()(
        width in side(),
        height in side(),
        fit in prop::sample::select(vec![Fit::ScaleDown, Fit::Contain, Fit::Cover, Fit::Crop, Fit::Pad]),
        gravity in (0_u8..=100, 0_u8..=100),
        rotate in prop::sample::select(vec![
            Rotation::None, Rotation::Quarter, Rotation::Half, Rotation::ThreeQuarters,
        ]),
        flip in prop::sample::select(vec![Flip::None, Flip::Horizontal, Flip::Vertical, Flip::Both]),
        trim in prop::array::uniform4(0_u32..12),
    ) -> Transform {
        let [top, right, bottom, left] = trim;
        Transform {
            width,
            height,
            fit,
            gravity: Gravity::At(gravity.0, gravity.1),
            rotate,
            flip,
            trim: Trim { top, right, bottom, left },
            ..Transform::default()
        }
    }
}

prop_compose! {
    fn transform()(
        framing in framing(),
        quality in prop::option::of(1_u8..=100),
        format in prop::sample::select(vec![
            None, Some(Format::Fallback), Some(Format::Jpeg), Some(Format::Png), Some(Format::Webp),
        ]),
        background in prop::option::of(any::<[u8; 4]>().prop_map(Colour)),
        blur in prop_oneof![4 => Just(0), 1 => any::<u8>().prop_map(|radius| radius.min(250))],
        sharpen in prop_oneof![Just(0), 0_u16..=1000],
        factors in [factor(), factor(), factor()],
        is_fast in any::<bool>(),
    ) -> Transform {
        let [brightness, contrast, gamma] = factors;
        Transform {
            quality,
            format,
            background,
            blur,
            sharpen,
            brightness,
            contrast,
            gamma,
            is_fast,
            ..framing
        }
    }
}

fn original() -> impl Strategy<Value = Vec<u8>> {
    let colour = prop::sample::select(vec![
        image::ColorType::L8,
        image::ColorType::Rgb8,
        image::ColorType::Rgba8,
    ]);
    (1_u32..40, 1_u32..40, colour, any::<u8>(), 1_u8..=8).prop_map(
        |(width, height, colour, seed, orientation)| {
            let pixels = image::RgbaImage::from_fn(width, height, |x, y| {
                let value = |by: u32| (x * by + y * y + u32::from(seed)) as u8;
                image::Rgba([value(3), value(7), value(31), value(11)])
            });
            let image = DynamicImage::ImageRgba8(pixels);
            let image = match colour {
                image::ColorType::L8 => DynamicImage::ImageLuma8(image.into_luma8()),
                image::ColorType::Rgb8 => DynamicImage::ImageRgb8(image.into_rgb8()),
                _ => image,
            };
            oriented(&file(image, ImageFormat::Png), orientation)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn options_make_a_picture_of_the_size_that_is_told(original in original(), wanted in transform()) {
        let limits = Limits::default();
        let made = make(&original, &wanted, &limits);
        let Ok(thumbnail) = made else {
            prop_assert!(matches!(made, Err(ThumbnailError::NothingLeft(_))), "{:?}", made);
            return Ok(());
        };
        let image = image::load_from_memory(&thumbnail.bytes).unwrap();
        prop_assert_eq!((image.width(), image.height()), (thumbnail.width, thumbnail.height));
        prop_assert!(wanted.width.is_none_or(|width| thumbnail.width <= width));
        prop_assert!(wanted.height.is_none_or(|height| thumbnail.height <= height));
        prop_assert_eq!(&make(&original, &wanted, &limits).unwrap(), &thumbnail);
        // Equal pictures have one key, so one key has equal pictures.
        prop_assert_eq!(&make(&original, &wanted.normalised(), &limits).unwrap(), &thumbnail);
    }

    #[test]
    fn a_background_leaves_nothing_transparent(original in original(), wanted in transform(), colour in any::<[u8; 3]>()) {
        let [r, g, b] = colour;
        let wanted = Transform {
            background: Some(Colour([r, g, b, 255])),
            format: Some(Format::Png),
            ..wanted
        };
        if let Ok(thumbnail) = make(&original, &wanted, &Limits::default()) {
            let image = image::load_from_memory(&thumbnail.bytes).unwrap();
            prop_assert!(!image.color().has_alpha());
        }
    }
}
