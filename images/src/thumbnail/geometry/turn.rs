//! How stored pixels are turned: the eight ways to lay a rectangle on a rectangle.

use super::Area;
use image::metadata::Orientation;

/// How stored pixels are turned.
///
/// The pixel that is seen at x, y is stored at x, y; or at y, x where the sides are swapped; and each of these
/// is counted from the other end where it is reversed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Turn {
    /// What is seen as a row is stored as a column.
    pub swap: bool,
    /// Columns are stored from right to left.
    pub reverse_x: bool,
    /// Rows are stored from below.
    pub reverse_y: bool,
}

impl Turn {
    /// Returns how a picture is turned upright (EXIF 2.32, section 4.6.4, tag 274).
    pub fn upright(orientation: Orientation) -> Self {
        let turn = |swap, reverse_x, reverse_y| Self {
            swap,
            reverse_x,
            reverse_y,
        };
        match orientation {
            Orientation::NoTransforms => turn(false, false, false),
            Orientation::FlipHorizontal => turn(false, true, false),
            Orientation::Rotate180 => turn(false, true, true),
            Orientation::FlipVertical => turn(false, false, true),
            Orientation::Rotate90FlipH => turn(true, false, false),
            Orientation::Rotate90 => turn(true, false, true),
            Orientation::Rotate270FlipH => turn(true, true, true),
            Orientation::Rotate270 => turn(true, true, false),
        }
    }

    /// Turns by a further quarter, clockwise.
    pub fn then_quarter(self) -> Self {
        Self {
            swap: !self.swap,
            reverse_x: self.reverse_x ^ self.swap,
            reverse_y: self.reverse_y ^ !self.swap,
        }
    }

    /// Mirrors further, so that left and right change sides.
    pub fn then_left_to_right(self) -> Self {
        Self {
            reverse_x: self.reverse_x ^ !self.swap,
            reverse_y: self.reverse_y ^ self.swap,
            ..self
        }
    }

    /// Mirrors further, so that above and below change sides.
    pub fn then_upside_down(self) -> Self {
        Self {
            reverse_x: self.reverse_x ^ self.swap,
            reverse_y: self.reverse_y ^ !self.swap,
            ..self
        }
    }

    /// Returns width and height of the other side: seen for stored, and stored for seen.
    pub fn swapped(self, (width, height): (u32, u32)) -> (u32, u32) {
        if self.swap {
            (height, width)
        } else {
            (width, height)
        }
    }

    /// Returns where an area is stored that is seen in a picture of this width and height.
    pub fn stored_area(self, seen: Area<f64>, size: (u32, u32)) -> Area<f64> {
        let (width, height) = self.swapped(size);
        let area = if self.swap {
            Area {
                left: seen.top,
                top: seen.left,
                width: seen.height,
                height: seen.width,
            }
        } else {
            seen
        };
        let start = |reverse: bool, side: u32, start: f64, length: f64| {
            if reverse {
                (f64::from(side) - start - length).max(0.0)
            } else {
                start
            }
        };
        Area {
            left: start(self.reverse_x, width, area.left, area.width),
            top: start(self.reverse_y, height, area.top, area.height),
            ..area
        }
    }
}
