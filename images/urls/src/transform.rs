//! What to make of an original, as the options of a thumbnail's URL say it: plain data, without a path.
//!
//! The names are those of Cloudflare Images ("Transform via URL"). Numbers with a fraction are whole numbers
//! of hundredths, so that equal transforms are equal.

use std::fmt;

/// The picture that is wanted.
///
/// The [default](Transform::default) one is the original in its own size and format, upright, in sRGB,
/// and without metadata.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Transform {
    /// The most pixels of a row; `dpr` is in it. At least 1.
    pub width: Option<u32>,
    /// The most rows; `dpr` is in it. At least 1.
    pub height: Option<u32>,
    /// How width and height are met.
    pub fit: Fit,
    /// What stays where something is cut off.
    pub gravity: Gravity,
    /// 1 to 100; none is the default of the format.
    pub quality: Option<u8>,
    /// The format; none is that of the original.
    pub format: Option<Format>,
    /// What is behind transparent pixels, and around a padded picture. None leaves transparent pixels as they
    /// are, where the format can, and pads with white.
    pub background: Option<Colour>,
    /// The radius of a blur, 0 (none) to 250.
    pub blur: u8,
    /// How much is sharpened, in hundredths: 0 (not at all) to 1,000.
    pub sharpen: u16,
    /// The factor of the brightness.
    pub brightness: Factor,
    /// The factor of the contrast.
    pub contrast: Factor,
    /// The exponent of the exposure.
    pub gamma: Factor,
    /// How the picture is turned, before it is resized and after it is mirrored.
    pub rotate: Rotation,
    /// How the picture is mirrored, before it is turned.
    pub flip: Flip,
    /// What is cut off on each side, before anything else is done.
    pub trim: Trim,
    /// Whether an animation stays one. Otherwise its first frame is taken.
    pub anim: bool,
    /// What is kept of the metadata.
    pub metadata: Metadata,
    /// Whether a quick compression is preferred to a small file.
    pub is_fast: bool,
    /// Whether a reader gets the original where the thumbnail cannot be made.
    pub redirects_on_error: bool,
}

/// How width and height are met.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Fit {
    /// Inside both, in proportion; never enlarged.
    #[default]
    ScaleDown,
    /// Inside both, in proportion, as large as can be.
    Contain,
    /// Both exactly, in proportion; what sticks out is cut off, and a smaller picture is enlarged.
    Cover,
    /// As [`Fit::Cover`], but never enlarged: of a smaller picture what is larger than either is cut off.
    Crop,
    /// As [`Fit::Contain`], with a background around it up to both.
    Pad,
}

/// What stays where something is cut off, or where a padded picture is put.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Gravity {
    /// The middle.
    #[default]
    Centre,
    /// The left side, and the middle of the height.
    Left,
    /// The right side, and the middle of the height.
    Right,
    /// The upper side, and the middle of the width.
    Top,
    /// The lower side, and the middle of the width.
    Bottom,
    /// A point, from the left and from above, in hundredths of the width and of the height (0 to 100 each).
    At(u8, u8),
}

impl Gravity {
    /// Returns the point, from the left and from above, each 0 to 1.
    pub fn point(self) -> (f64, f64) {
        match self {
            Self::Centre => (0.5, 0.5),
            Self::Left => (0.0, 0.5),
            Self::Right => (1.0, 0.5),
            Self::Top => (0.5, 0.0),
            Self::Bottom => (0.5, 1.0),
            Self::At(x, y) => (f64::from(x) / 100.0, f64::from(y) / 100.0),
        }
    }
}

/// The format of what is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// What every browser shows: the original's format where it is JPEG or PNG, otherwise PNG where something
    /// is transparent, and JPEG. It is what remains of `format=auto` for a reader who accepts nothing newer.
    Fallback,
    /// AVIF, up to 4 million pixels; WebP above.
    Avif,
    /// WebP, lossy; without loss at quality 100.
    Webp,
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
    /// No picture: what is known of it, as JSON.
    Json,
}

/// A colour: red, green, blue, and alpha (0 is transparent), not multiplied.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Colour(pub [u8; 4]);

impl Colour {
    /// Black.
    pub const BLACK: Self = Self([0, 0, 0, 255]);
    /// White.
    pub const WHITE: Self = Self([255, 255, 255, 255]);
    /// Transparent.
    pub const TRANSPARENT: Self = Self([0, 0, 0, 0]);
}

impl fmt::Debug for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue, alpha] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}{alpha:02x}")
    }
}

/// A factor, in hundredths: 100 changes nothing. 1 to 1,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Factor(pub u16);

impl Factor {
    /// Changes nothing.
    pub const ONE: Self = Self(100);
}

impl Default for Factor {
    fn default() -> Self {
        Self::ONE
    }
}

/// How a picture is turned, clockwise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Rotation {
    /// Not at all.
    #[default]
    None,
    /// A quarter.
    Quarter,
    /// Half round.
    Half,
    /// Three quarters.
    ThreeQuarters,
}

/// How a picture is mirrored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Flip {
    /// Not at all.
    #[default]
    None,
    /// Left and right change sides.
    Horizontal,
    /// Above and below change sides.
    Vertical,
    /// Both.
    Both,
}

/// Pixels of the upright original that are cut off on each side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Trim {
    /// Rows from above.
    pub top: u32,
    /// Columns from the right.
    pub right: u32,
    /// Rows from below.
    pub bottom: u32,
    /// Columns from the left.
    pub left: u32,
}

/// What is kept of the metadata.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Metadata {
    /// Nothing.
    #[default]
    None,
    /// The copyright notice (EXIF `Copyright`), in formats that have a place for it.
    Copyright,
}
