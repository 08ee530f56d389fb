//! What is done to the pixels of each frame.
//!
//! How a picture is trimmed, rotated, flipped and cut is decided before (see [`FRAMING`](super::geometry::FRAMING));
//! the first two steps do all of it. From the second on there are only as many pixels as the thumbnail has.

mod adjust;
mod alpha;
mod blur;
mod channels;
mod flatten;
mod pad;
mod resize;
mod sharpen;
mod turn;

pub(crate) use channels::{is_transparent, widened, without_needless_alpha};
pub(crate) use flatten::flatten;

use super::ThumbnailError;
use super::geometry::View;
use super::transform::{Colour, Transform};
use crate::encode::Pixels;

/// A step: what was not asked for comes back as it was.
type Step = fn(Pixels, &View, &Transform) -> Result<Pixels, ThumbnailError>;

/// The steps, in this order.
pub(crate) const STEPS: [(&str, Step); 7] = [
    ("resize", |pixels, view, _| resize::resize(pixels, view)),
    ("turn", |pixels, view, _| Ok(turn::turn(pixels, view.turn))),
    ("adjust", |pixels, _, wanted| {
        Ok(adjust::adjust(
            pixels,
            wanted.brightness,
            wanted.contrast,
            wanted.gamma,
        ))
    }),
    ("blur", |pixels, _, wanted| blur::blur(pixels, wanted.blur)),
    ("sharpen", |pixels, _, wanted| {
        sharpen::sharpen(pixels, wanted.sharpen)
    }),
    ("pad", |pixels, view, wanted| {
        let background = wanted.background.unwrap_or(Colour::WHITE);
        Ok(pad::pad(pixels, view, background))
    }),
    ("flatten", |pixels, _, wanted| {
        Ok(match wanted.background {
            Some(background) => flatten(pixels, background),
            None => pixels,
        })
    }),
];

/// Makes the pixels of a thumbnail of those of an original.
pub(crate) fn run(
    pixels: Pixels,
    view: &View,
    wanted: &Transform,
) -> Result<Pixels, ThumbnailError> {
    STEPS
        .iter()
        .try_fold(pixels, |pixels, (_, step)| step(pixels, view, wanted))
}
