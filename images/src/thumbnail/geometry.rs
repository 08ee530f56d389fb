//! What of an original becomes what of a thumbnail, before a pixel is decoded.
//!
//! A [`View`] says which pixels of the stored picture are seen, how they are turned, and how large they come
//! out. It begins with the whole picture, upright, and passes through [`FRAMING`]. So however a picture is
//! trimmed, turned and cut, its pixels are resized once, as they are stored, and turned when there are few.

mod turn;

pub(crate) use turn::Turn;

use super::transform::{Fit, Flip, Gravity, Rotation, Transform, Trim};
use super::{Limits, ThumbnailError};
use image::metadata::Orientation;

/// What is seen of a stored picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct View {
    /// What trimming leaves, in stored pixels. Nothing outside is looked at.
    pub kept: Area<u32>,
    /// What becomes the thumbnail, in stored pixels, and inside `kept`.
    pub cut: Area<f64>,
    /// How stored pixels are turned.
    pub turn: Turn,
    /// Width and height that `cut` is resized to, after it is turned.
    pub size: (u32, u32),
    /// Width and height of the thumbnail; larger than `size` where it is padded.
    pub canvas: (u32, u32),
    /// Where the picture is put on the canvas: from the left, and from above.
    pub place: (u32, u32),
}

/// A rectangle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Area<T> {
    pub left: T,
    pub top: T,
    pub width: T,
    pub height: T,
}

/// A step of the framing.
type Frame = fn(View, &Transform) -> Result<View, ThumbnailError>;

/// The steps, in this order. The first sees the upright picture, and each one what the one before it left.
pub(crate) const FRAMING: [(&str, Frame); 4] = [
    ("trim", |view, wanted| trim(view, wanted.trim)),
    ("rotate", |view, wanted| Ok(rotate(view, wanted.rotate))),
    ("flip", |view, wanted| Ok(flip(view, wanted.flip))),
    ("fit", |view, wanted| Ok(fit(view, wanted))),
];

/// Returns what a transform shows of a picture of this stored width and height.
///
/// # Errors
/// Trimming leaves nothing, or the thumbnail would be over a limit.
pub(crate) fn view(
    stored: (u32, u32),
    orientation: Orientation,
    wanted: &Transform,
    limits: &Limits,
) -> Result<View, ThumbnailError> {
    let mut view = View::of(stored, orientation);
    for (_, frame) in FRAMING {
        view = frame(view, wanted)?;
    }
    let (width, height) = view.canvas;
    if width.max(height) > limits.side {
        return Err(ThumbnailError::ResultTooLarge(format!(
            "it would have {width} × {height} pixels, and a side has at most {}",
            limits.side
        )));
    }
    let pixels = u64::from(width) * u64::from(height);
    if pixels > limits.pixels {
        return Err(ThumbnailError::ResultTooLarge(format!(
            "it would have {pixels} pixels, and at most {} are made",
            limits.pixels
        )));
    }
    Ok(view)
}

impl View {
    /// The whole picture, upright.
    fn of((width, height): (u32, u32), orientation: Orientation) -> Self {
        let turn = Turn::upright(orientation);
        let size = turn.swapped((width, height));
        let kept = Area {
            left: 0,
            top: 0,
            width,
            height,
        };
        Self {
            kept,
            cut: kept.exact(),
            turn,
            size,
            canvas: size,
            place: (0, 0),
        }
    }

    /// Width and height that `cut` is resized to, as it is stored.
    pub fn stored_size(&self) -> (u32, u32) {
        self.turn.swapped(self.size)
    }

    /// Returns a view of the same, no side of which has more pixels than this.
    pub fn within(self, side: u32) -> Self {
        let largest = self.canvas.0.max(self.canvas.1);
        if largest <= side {
            return self;
        }
        let both = |(x, y): (u32, u32)| (scaled(x, side, largest), scaled(y, side, largest));
        let (size, canvas) = (both(self.size), both(self.canvas));
        let place = |at: u32, canvas: u32, size: u32| {
            let at = u64::from(at) * u64::from(side) / u64::from(largest);
            (at as u32).min(canvas - size)
        };
        Self {
            size,
            canvas,
            place: (
                place(self.place.0, canvas.0, size.0),
                place(self.place.1, canvas.1, size.1),
            ),
            ..self
        }
    }

    /// The same view, where the picture has a size of its own, without padding.
    fn sized(self, size: (u32, u32)) -> Self {
        Self {
            size,
            canvas: size,
            place: (0, 0),
            ..self
        }
    }
}

impl Area<u32> {
    fn exact(self) -> Area<f64> {
        Area {
            left: f64::from(self.left),
            top: f64::from(self.top),
            width: f64::from(self.width),
            height: f64::from(self.height),
        }
    }
}

fn trim(view: View, trim: Trim) -> Result<View, ThumbnailError> {
    let (width, height) = view.size;
    let rest = |side: u32, before: u32, after: u32| {
        let rest = side.checked_sub(before)?.checked_sub(after)?;
        (rest > 0).then_some(rest)
    };
    let (Some(new_width), Some(new_height)) = (
        rest(width, trim.left, trim.right),
        rest(height, trim.top, trim.bottom),
    ) else {
        return Err(ThumbnailError::NothingLeft(format!(
            "it has {width} × {height} pixels"
        )));
    };
    let seen = Area {
        left: trim.left,
        top: trim.top,
        width: new_width,
        height: new_height,
    };
    let kept = view.turn.stored_area(seen.exact(), view.size);
    // Whole numbers go in, so whole numbers come out.
    let kept = Area {
        left: kept.left as u32,
        top: kept.top as u32,
        width: kept.width as u32,
        height: kept.height as u32,
    };
    let cut = kept.exact();
    Ok(View { kept, cut, ..view }.sized((new_width, new_height)))
}

fn rotate(view: View, rotation: Rotation) -> View {
    let quarters = match rotation {
        Rotation::None => 0,
        Rotation::Quarter => 1,
        Rotation::Half => 2,
        Rotation::ThreeQuarters => 3,
    };
    (0..quarters).fold(view, |view, _| {
        let (width, height) = view.size;
        View {
            turn: view.turn.then_quarter(),
            ..view
        }
        .sized((height, width))
    })
}

fn flip(view: View, flip: Flip) -> View {
    let mut turn = view.turn;
    if matches!(flip, Flip::Horizontal | Flip::Both) {
        turn = turn.then_left_to_right();
    }
    if matches!(flip, Flip::Vertical | Flip::Both) {
        turn = turn.then_upside_down();
    }
    View { turn, ..view }
}

fn fit(view: View, wanted: &Transform) -> View {
    let of = view.size;
    match (wanted.fit, wanted.width, wanted.height) {
        (_, None, None) => view,
        (Fit::ScaleDown, width, height) if fits(of, width, height) => view.sized(of),
        (Fit::Crop, Some(width), None) if of.0 <= width => view.sized(of),
        (Fit::Crop, None, Some(height)) if of.1 <= height => view.sized(of),
        (Fit::Cover | Fit::Crop, Some(width), Some(height)) => {
            let enlarges = wanted.fit == Fit::Cover;
            cover(view, (width, height), enlarges, wanted.gravity)
        }
        (Fit::Pad, Some(width), Some(height)) => pad(
            view.sized(inside(of, Some(width), Some(height))),
            (width, height),
            wanted.gravity,
        ),
        (_, width, height) => view.sized(inside(of, width, height)),
    }
}

/// True where a picture is within both bounds as it is.
fn fits(of: (u32, u32), width: Option<u32>, height: Option<u32>) -> bool {
    width.is_none_or(|width| of.0 <= width) && height.is_none_or(|height| of.1 <= height)
}

/// `side * numerator / denominator`, rounded half up, and at least 1.
fn scaled(side: u32, numerator: u32, denominator: u32) -> u32 {
    let product = 2 * u64::from(side) * u64::from(numerator);
    let rounded = (product + u64::from(denominator)) / (2 * u64::from(denominator));
    u32::try_from(rounded).unwrap_or(u32::MAX).max(1)
}

/// True where the first of two sizes is at least as wide for its height.
fn is_wider(one: (u32, u32), other: (u32, u32)) -> bool {
    u64::from(one.0) * u64::from(other.1) >= u64::from(other.0) * u64::from(one.1)
}

/// The largest size in proportion that is within the bounds, of which there is at least one.
fn inside(of: (u32, u32), width: Option<u32>, height: Option<u32>) -> (u32, u32) {
    match (width, height) {
        (Some(width), Some(height)) if is_wider(of, (width, height)) => {
            (width, scaled(of.1, width, of.0))
        }
        (Some(width), None) => (width, scaled(of.1, width, of.0)),
        (_, Some(height)) => (scaled(of.0, height, of.1), height),
        (None, None) => of,
    }
}

/// Cuts what has the proportions of `target` out of the picture.
fn cover(view: View, target: (u32, u32), enlarges: bool, gravity: Gravity) -> View {
    let of = view.size;
    let (wide, high) = (f64::from(of.0), f64::from(of.1));
    let ratio = f64::from(target.0) / f64::from(target.1);
    // What is cut out reaches from side to side, or from top to bottom.
    let whole_width = is_wider(target, of);
    let scale_is_one = if whole_width {
        target.0 == of.0
    } else {
        target.1 == of.1
    };
    let is_smaller = if whole_width {
        of.0 < target.0
    } else {
        of.1 < target.1
    };
    let (size, whole) = if is_smaller && !enlarges {
        // Nothing is resized, so whole pixels are cut out.
        let cut = if whole_width {
            (of.0, scaled(of.0, target.1, target.0).min(of.1))
        } else {
            (scaled(of.1, target.0, target.1).min(of.0), of.1)
        };
        (cut, true)
    } else {
        (target, scale_is_one)
    };
    let (width, height) = if whole {
        (f64::from(size.0), f64::from(size.1))
    } else if whole_width {
        (wide, (wide / ratio).min(high))
    } else {
        ((high * ratio).min(wide), high)
    };
    let (x, y) = gravity.point();
    let start = |point: f64, side: f64, cut: f64| {
        let start = (point * side - cut / 2.0).clamp(0.0, side - cut);
        if whole { start.floor() } else { start }
    };
    let seen = Area {
        left: start(x, wide, width),
        top: start(y, high, height),
        width,
        height,
    };
    let stored = view.turn.stored_area(seen, of);
    let cut = Area {
        left: stored.left + f64::from(view.kept.left),
        top: stored.top + f64::from(view.kept.top),
        ..stored
    };
    View { cut, ..view }.sized(size)
}

/// Puts the picture on a larger canvas.
fn pad(view: View, canvas: (u32, u32), gravity: Gravity) -> View {
    let (x, y) = gravity.point();
    let start = |point: f64, room: u32| (point * f64::from(room)) as u32;
    View {
        canvas,
        place: (
            start(x, canvas.0 - view.size.0),
            start(y, canvas.1 - view.size.1),
        ),
        ..view
    }
}

#[cfg(test)]
mod tests;
