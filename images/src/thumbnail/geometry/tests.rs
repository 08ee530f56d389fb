//! Sizes and places, against what is known of them without computing them the same way.

use super::*;
use crate::thumbnail::transform::Flip;
use proptest::prelude::*;

const ORIENTATIONS: [Orientation; 8] = [
    Orientation::NoTransforms,
    Orientation::FlipHorizontal,
    Orientation::Rotate180,
    Orientation::FlipVertical,
    Orientation::Rotate90FlipH,
    Orientation::Rotate90,
    Orientation::Rotate270FlipH,
    Orientation::Rotate270,
];

fn wanted(fit: Fit, width: Option<u32>, height: Option<u32>) -> Transform {
    Transform {
        fit,
        width,
        height,
        ..Transform::default()
    }
}

fn seen(of: (u32, u32), wanted: &Transform) -> View {
    view(of, Orientation::NoTransforms, wanted, &Limits::default()).unwrap()
}

fn size(of: (u32, u32), fit: Fit, width: u32, height: u32) -> (u32, u32) {
    let bound = |bound: u32| (bound > 0).then_some(bound);
    seen(of, &wanted(fit, bound(width), bound(height))).canvas
}

#[test]
fn each_fit_has_the_size_that_cloudflare_says() {
    // The pictures of its documentation, 1080 × 720.
    let of = (1080, 720);
    assert_eq!(size(of, Fit::ScaleDown, 500, 500), (500, 333));
    assert_eq!(size(of, Fit::ScaleDown, 2000, 2000), of);
    assert_eq!(size(of, Fit::Contain, 2000, 2000), (2000, 1333));
    assert_eq!(size(of, Fit::Cover, 500, 500), (500, 500));
    assert_eq!(size(of, Fit::Cover, 2000, 2000), (2000, 2000));
    assert_eq!(size(of, Fit::Pad, 1080, 1080), (1080, 1080));
    assert_eq!(size(of, Fit::Crop, 500, 500), (500, 500));
    assert_eq!(size((612, 613), Fit::Crop, 1920, 1120), (612, 613));
    assert_eq!(size(of, Fit::Crop, 1296, 1296), of);
    assert_eq!(size(of, Fit::Crop, 500, 1296), (500, 720));
}

#[test]
fn one_side_alone_is_met_in_proportion() {
    for fit in [
        Fit::ScaleDown,
        Fit::Contain,
        Fit::Cover,
        Fit::Crop,
        Fit::Pad,
    ] {
        assert_eq!(size((600, 400), fit, 300, 0), (300, 200), "{fit:?}");
        assert_eq!(size((600, 400), fit, 0, 100), (150, 100), "{fit:?}");
        let enlarges = matches!(fit, Fit::Contain | Fit::Cover | Fit::Pad);
        let larger = if enlarges { (1200, 800) } else { (600, 400) };
        assert_eq!(size((600, 400), fit, 1200, 0), larger, "{fit:?}");
        assert_eq!(size((600, 400), fit, 0, 800), larger, "{fit:?}");
        assert_eq!(size((600, 400), fit, 0, 0), (600, 400), "{fit:?}");
    }
}

#[test]
fn sizes_are_rounded_half_up_and_are_at_least_one() {
    assert_eq!(size((4, 1), Fit::ScaleDown, 2, 0), (2, 1));
    assert_eq!(size((10_000, 10), Fit::ScaleDown, 100, 0), (100, 1));
    assert_eq!(size((100, 25), Fit::ScaleDown, 50, 0), (50, 13));
    assert_eq!(size((1000, 333), Fit::ScaleDown, 100, 100), (100, 33));
    assert_eq!(size((1000, 335), Fit::ScaleDown, 100, 100), (100, 34));
}

#[test]
fn gravity_says_what_is_cut_out() {
    let cut = |of: (u32, u32), gravity: Gravity| {
        let wanted = Transform {
            gravity,
            ..wanted(Fit::Cover, Some(100), Some(100))
        };
        let cut = seen(of, &wanted).cut;
        (cut.left, cut.top, cut.width, cut.height)
    };
    let wide = (600, 200);
    assert_eq!(cut(wide, Gravity::Centre), (200.0, 0.0, 200.0, 200.0));
    assert_eq!(cut(wide, Gravity::Left), (0.0, 0.0, 200.0, 200.0));
    assert_eq!(cut(wide, Gravity::Right), (400.0, 0.0, 200.0, 200.0));
    assert_eq!(cut(wide, Gravity::Top), (200.0, 0.0, 200.0, 200.0));
    assert_eq!(cut(wide, Gravity::At(25, 0)), (50.0, 0.0, 200.0, 200.0));
    assert_eq!(cut(wide, Gravity::At(10, 0)), (0.0, 0.0, 200.0, 200.0));
    let high = (200, 600);
    assert_eq!(cut(high, Gravity::Top), (0.0, 0.0, 200.0, 200.0));
    assert_eq!(cut(high, Gravity::Bottom), (0.0, 400.0, 200.0, 200.0));
    assert_eq!(cut(high, Gravity::At(0, 50)), (0.0, 200.0, 200.0, 200.0));
}

#[test]
fn gravity_says_where_a_padded_picture_is() {
    let place = |gravity: Gravity| {
        let wanted = Transform {
            gravity,
            ..wanted(Fit::Pad, Some(100), Some(100))
        };
        let view = seen((600, 200), &wanted);
        assert_eq!((view.size, view.canvas), ((100, 33), (100, 100)));
        view.place
    };
    assert_eq!(place(Gravity::Centre), (0, 33));
    assert_eq!(place(Gravity::Top), (0, 0));
    assert_eq!(place(Gravity::Bottom), (0, 67));
    assert_eq!(place(Gravity::Left), (0, 33));
}

#[test]
fn trimming_is_before_everything() {
    let trim = Trim {
        top: 10,
        right: 20,
        bottom: 30,
        left: 40,
    };
    let all = Transform {
        trim,
        rotate: Rotation::Quarter,
        ..wanted(Fit::ScaleDown, None, Some(20))
    };
    let framed = seen((100, 100), &all);
    let kept = Area {
        left: 40,
        top: 10,
        width: 40,
        height: 60,
    };
    assert_eq!((framed.kept, framed.size), (kept, (30, 20)));
    for (top, bottom) in [(50, 50), (100, 0), (u32::MAX, 1), (1, u32::MAX)] {
        let trim = Trim {
            top,
            bottom,
            ..Trim::default()
        };
        let all = Transform {
            trim,
            ..Transform::default()
        };
        let limits = Limits::default();
        let found = super::view((100, 100), Orientation::NoTransforms, &all, &limits);
        assert!(matches!(found, Err(ThumbnailError::NothingLeft(_))));
    }
}

#[test]
fn a_thumbnail_over_a_limit_is_refused() {
    let limits = Limits::default();
    let refused = |of, width, height| {
        let wanted = wanted(Fit::Contain, width, height);
        match view(of, Orientation::NoTransforms, &wanted, &limits) {
            Err(ThumbnailError::ResultTooLarge(told)) => told,
            other => panic!("{other:?}"),
        }
    };
    let told = refused((600, 400), Some(12_001), None);
    assert_eq!(
        told,
        "it would have 12001 × 8001 pixels, and a side has at most 12000"
    );
    let told = refused((10, 10), Some(12_000), Some(12_000));
    assert!(told.contains("144000000 pixels"), "{told}");
    assert!(refused((13_000, 10), None, None).contains("13000 × 10"));
}

fn fits() -> impl Strategy<Value = Fit> {
    prop_oneof![
        Just(Fit::ScaleDown),
        Just(Fit::Contain),
        Just(Fit::Cover),
        Just(Fit::Crop),
        Just(Fit::Pad),
    ]
}

proptest! {
    /// What holds for every picture and every size.
    #[test]
    fn sizes_keep_their_promises(
        of in (1_u32..5000, 1_u32..5000),
        fit in fits(),
        width in prop::option::of(1_u32..5000),
        height in prop::option::of(1_u32..5000),
        orientation in prop::sample::select(ORIENTATIONS.to_vec()),
        point in (0_u8..=100, 0_u8..=100),
    ) {
        let wanted = Transform { gravity: Gravity::At(point.0, point.1), ..wanted(fit, width, height) };
        let limits = Limits { side: u32::MAX, pixels: u64::MAX, ..Limits::default() };
        let view = view(of, orientation, &wanted, &limits).unwrap();
        let upright = Turn::upright(orientation).swapped(of);
        prop_assert!(view.size.0 >= 1 && view.size.1 >= 1);

        // Bounds are met, or kept within.
        let within = |side: u32, bound: Option<u32>| bound.is_none_or(|bound| side <= bound);
        prop_assert!(within(view.canvas.0, width) && within(view.canvas.1, height));
        if let (Fit::Cover | Fit::Pad, Some(width), Some(height)) = (fit, width, height) {
            prop_assert_eq!(view.canvas, (width, height));
        }
        if fit == Fit::Contain && (width, height) != (None, None) {
            prop_assert!(Some(view.size.0) == width || Some(view.size.1) == height);
        }
        // Never larger than the original, unless the fit asks.
        if matches!(fit, Fit::ScaleDown | Fit::Crop) {
            prop_assert!(view.size.0 <= upright.0 && view.size.1 <= upright.1);
        }
        // What is cut out is inside the picture.
        let (cut, kept) = (view.cut, view.kept);
        prop_assert!(cut.left >= f64::from(kept.left) && cut.top >= f64::from(kept.top));
        prop_assert!(cut.left + cut.width <= f64::from(kept.left + kept.width) + 1e-6);
        prop_assert!(cut.top + cut.height <= f64::from(kept.top + kept.height) + 1e-6);
        // Proportions are those of what is cut out, to a pixel.
        let (wide, high) = view.stored_size();
        let (wide, high) = (f64::from(wide), f64::from(high));
        let off = (wide * cut.height / cut.width - high).abs().min((high * cut.width / cut.height - wide).abs());
        prop_assert!(off <= 1.0, "{view:?}");
        if !matches!(fit, Fit::Cover | Fit::Crop) {
            prop_assert_eq!(cut, kept.exact());
        }
    }

    /// However a picture is stored, the same part of what is seen is cut out.
    #[test]
    fn gravity_is_meant_upright(
        of in (2_u32..300, 2_u32..300),
        fit in fits(),
        to in (1_u32..300, 1_u32..300),
        orientation in prop::sample::select(ORIENTATIONS.to_vec()),
        gravity in prop::sample::select(vec![Gravity::Left, Gravity::Right, Gravity::Top, Gravity::Bottom, Gravity::At(30, 80)]),
        quarters in 0_usize..4,
        mirrored in (any::<bool>(), any::<bool>()),
    ) {
        let rotate = [Rotation::None, Rotation::Quarter, Rotation::Half, Rotation::ThreeQuarters][quarters];
        let flip = match mirrored {
            (false, false) => Flip::None,
            (true, false) => Flip::Horizontal,
            (false, true) => Flip::Vertical,
            (true, true) => Flip::Both,
        };
        let wanted = Transform { gravity, rotate, flip, ..wanted(fit, Some(to.0), Some(to.1)) };
        let limits = Limits::default();
        let found = view(of, orientation, &wanted, &limits).unwrap();
        // As if the file were stored as it is seen: then nothing is turned.
        let plain = Transform { rotate: Rotation::None, flip: Flip::None, ..wanted };
        let expected = view(found.turn.swapped(of), Orientation::NoTransforms, &plain, &limits).unwrap();
        prop_assert_eq!(found.size, expected.size);
        prop_assert_eq!((found.canvas, found.place), (expected.canvas, expected.place));
        let stored = found.turn.stored_area(expected.cut, found.turn.swapped(of));
        let close = |one: f64, other: f64| (one - other).abs() < 1e-6;
        prop_assert!(close(stored.left, found.cut.left) && close(stored.top, found.cut.top));
        prop_assert!(close(stored.width, found.cut.width) && close(stored.height, found.cut.height));
    }

    /// A smaller view of the same is the same in proportion.
    #[test]
    fn a_view_within_a_side_is_the_same_view(of in (1_u32..3000, 1_u32..3000), to in (1_u32..3000, 1_u32..3000), fit in fits()) {
        let view = seen(of, &wanted(fit, Some(to.0), Some(to.1)));
        let small = view.within(100);
        prop_assert!(small.canvas.0 <= 100 && small.canvas.1 <= 100);
        prop_assert!(small.place.0 + small.size.0 <= small.canvas.0);
        prop_assert!(small.place.1 + small.size.1 <= small.canvas.1);
        prop_assert_eq!((small.cut, small.turn), (view.cut, view.turn));
        if view.canvas.0.max(view.canvas.1) <= 100 {
            prop_assert_eq!(small, view);
        }
    }
}
