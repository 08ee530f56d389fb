//! What to make of a picture, and how large it comes out (site model, section 14).

use super::{ImageError, Job, MAX_PIXELS, MAX_SIDE};
use serde::{Deserialize, Serialize};

impl Job {
    /// What becomes of a picture of this width and height.
    ///
    /// # Errors
    /// The result would be too large, or take its encoder too long.
    pub fn geometry(&self, width: u32, height: u32) -> Result<Geometry, ImageError> {
        let found = self.resize.geometry(width, height)?;
        let pixels = u64::from(found.width) * u64::from(found.height);
        match self.encoding.most_pixels() {
            most if pixels > most => Err(ImageError::TooDear {
                pixels,
                format: self.encoding.extension(),
                most,
            }),
            _ => Ok(found),
        }
    }
}

/// How the size is found. All in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Resize {
    /// Exactly this, whatever becomes of the proportions.
    Scale(u32, u32),
    /// This width, in proportion.
    FitWidth(u32),
    /// This height, in proportion.
    FitHeight(u32),
    /// Inside this, in proportion; a smaller picture stays as it is.
    Fit(u32, u32),
    /// Exactly this, in proportion; what sticks out is cut off, the middle stays.
    Fill(u32, u32),
}

/// What is cut out, and how large it becomes. In pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Geometry {
    /// Left, top, width and height of what is kept of the original.
    pub crop: (u32, u32, u32, u32),
    /// Width of the result.
    pub width: u32,
    /// Height of the result.
    pub height: u32,
}

/// Proportions that differ by less are scaled instead of cut.
const ALMOST_THE_SAME: f64 = 0.1;

impl Resize {
    /// What becomes of a picture of this width and height.
    ///
    /// # Errors
    /// The result would be too large.
    pub fn geometry(self, width: u32, height: u32) -> Result<Geometry, ImageError> {
        let (wide, high) = (u64::from(width.max(1)), u64::from(height.max(1)));
        let in_proportion_to_width = |w: u32| (u64::from(w), (high * u64::from(w) / wide).max(1));
        let in_proportion_to_height = |h: u32| ((wide * u64::from(h) / high).max(1), u64::from(h));
        let mut crop = (0, 0, width, height);
        let (new_width, new_height) = match self {
            Self::Scale(w, h) => (u64::from(w), u64::from(h)),
            Self::FitWidth(w) => in_proportion_to_width(w),
            Self::FitHeight(h) => in_proportion_to_height(h),
            Self::Fit(w, h) if width <= w && height <= h => (wide, high),
            Self::Fit(w, h) if wide * u64::from(h) > high * u64::from(w) => {
                in_proportion_to_width(w)
            }
            Self::Fit(_, h) => in_proportion_to_height(h),
            Self::Fill(w, h) => {
                crop = fill_crop(width, height, w, h);
                (u64::from(w), u64::from(h))
            }
        };
        let side = u64::from(MAX_SIDE);
        if new_width > side || new_height > side || new_width * new_height > MAX_PIXELS {
            return Err(ImageError::ResultTooLarge {
                width: new_width,
                height: new_height,
            });
        }
        Ok(Geometry {
            crop,
            // Both are at most MAX_SIDE here.
            width: new_width as u32,
            height: new_height as u32,
        })
    }
}

/// The middle of the picture that has the proportions of `w` to `h`.
fn fill_crop(width: u32, height: u32, w: u32, h: u32) -> (u32, u32, u32, u32) {
    let by_width = f64::from(width) / f64::from(w.max(1));
    let by_height = f64::from(height) / f64::from(h.max(1));
    if (by_width - by_height).abs() <= ALMOST_THE_SAME {
        return (0, 0, width, height);
    }
    if by_width < by_height {
        let kept = ((by_width * f64::from(h)).round() as u32).clamp(1, height);
        (0, (height - kept) / 2, width, kept)
    } else {
        let kept = ((by_height * f64::from(w)).round() as u32).clamp(1, width);
        ((width - kept) / 2, 0, kept, height)
    }
}

/// The format that is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Encoding {
    /// JPEG; what is transparent becomes white.
    Jpeg {
        /// 1 to 100.
        quality: u8,
    },
    /// PNG.
    Png,
    /// WebP.
    Webp {
        /// 0 to 100; without loss where there is none.
        quality: Option<u8>,
    },
    /// AVIF.
    Avif {
        /// 1 to 100.
        quality: u8,
        /// 1 (small and slow) to 10.
        speed: u8,
    },
}

/// Work on one picture, in hundredths of what an AVIF of a million pixels takes at speed 10.
const MAX_WORK: u64 = 3_200;

impl Encoding {
    /// Work on a million pixels; none that counts for what is quick.
    fn work(self) -> u64 {
        match self {
            Self::Avif { speed, .. } => match speed {
                10.. => 100,
                5..=9 => 300,
                3..=4 => 600,
                _ => 1_200,
            },
            Self::Webp { quality: None } => 50,
            Self::Jpeg { .. } | Self::Png | Self::Webp { .. } => 0,
        }
    }

    /// The most pixels that a picture in this format may have.
    pub fn most_pixels(self) -> u64 {
        match self.work() {
            0 => MAX_PIXELS,
            work => (MAX_WORK * 1_000_000 / work).min(MAX_PIXELS),
        }
    }

    /// The end of the file's name.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg { .. } => "jpg",
            Self::Png => "png",
            Self::Webp { .. } => "webp",
            Self::Avif { .. } => "avif",
        }
    }
}

/// How pixels are mixed.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum Filter {
    /// The nearest pixel: for pixel art.
    Nearest,
    /// The mean of a box.
    Box,
    /// Straight lines between pixels.
    Bilinear,
    /// A sharper bilinear.
    Hamming,
    /// Bicubic, sharp.
    CatmullRom,
    /// Bicubic, between sharp and smooth.
    Mitchell,
    /// A bell curve: soft.
    Gaussian,
    /// A windowed sinc: the sharpest.
    #[default]
    Lanczos3,
}

impl Filter {
    /// Every filter, by the name that templates give it.
    pub const NAMED: [(&'static str, Self); 8] = [
        ("nearest", Self::Nearest),
        ("box", Self::Box),
        ("bilinear", Self::Bilinear),
        ("hamming", Self::Hamming),
        ("catmullrom", Self::CatmullRom),
        ("mitchell", Self::Mitchell),
        ("gaussian", Self::Gaussian),
        ("lanczos3", Self::Lanczos3),
    ];

    /// The filter of a name; `triangle` and `linear` are bilinear, and dashes do not count.
    pub fn named(name: &str) -> Option<Self> {
        let plain: String = name
            .chars()
            .filter(|c| c.is_ascii_alphanumeric())
            .map(|c| c.to_ascii_lowercase())
            .collect();
        if matches!(plain.as_str(), "triangle" | "linear") {
            return Some(Self::Bilinear);
        }
        let found = Self::NAMED.iter().find(|(known, _)| *known == plain);
        found.map(|(_, filter)| *filter)
    }
}
