//! Equal pictures from equal transforms.

use crate::Transform;
use crate::transform::{Colour, Fit, Flip, Format, Gravity, Rotation};

/// The quality of a picture whose URL names none.
pub const DEFAULT_QUALITY: u8 = 75;

impl Transform {
    /// Multiplies the sizes by hundredths, rounded, up to the most pixels that a side may have.
    pub(crate) fn multiply(&mut self, hundredths: u16, most: u32) {
        for side in [&mut self.width, &mut self.height] {
            *side = side.map(|side| {
                let wanted = (u64::from(side) * u64::from(hundredths) + 50) / 100;
                wanted.clamp(1, u64::from(most)) as u32
            });
        }
    }

    /// Returns the same picture, without what changes nothing of it.
    pub fn normalised(&self) -> Self {
        let mut normal = self.clone();
        normal.fit = match (self.fit, self.width, self.height) {
            (_, None, None) => Fit::ScaleDown,
            (fit, Some(_), Some(_)) => fit,
            // With one side alone there is nothing to cut and nothing to pad.
            (Fit::Cover | Fit::Pad | Fit::Contain, ..) => Fit::Contain,
            (Fit::Crop | Fit::ScaleDown, ..) => Fit::ScaleDown,
        };
        normal.gravity = match (normal.fit, self.gravity) {
            (Fit::ScaleDown | Fit::Contain, _) | (_, Gravity::At(50, 50)) => Gravity::Centre,
            (_, Gravity::At(0, 50)) => Gravity::Left,
            (_, Gravity::At(100, 50)) => Gravity::Right,
            (_, Gravity::At(50, 0)) => Gravity::Top,
            (_, Gravity::At(50, 100)) => Gravity::Bottom,
            (_, gravity) => gravity,
        };
        let is_padded = normal.fit == Fit::Pad;
        let is_jpeg = self.format == Some(Format::Jpeg);
        normal.background = match self.background {
            Some(Colour::TRANSPARENT) if !is_padded || is_jpeg => None,
            // What is transparent in a JPEG is white.
            Some(Colour::WHITE) if is_jpeg => None,
            background => background,
        };
        (normal.rotate, normal.flip) = turned(self.rotate, self.flip);
        match self.format {
            Some(Format::Json) => {
                normal.quality = None;
                normal.anim = false;
                normal.metadata = Default::default();
                normal.is_fast = false;
            }
            Some(Format::Png) => {
                normal.quality = None;
                normal.anim = false;
            }
            Some(Format::Jpeg | Format::Avif | Format::Fallback) => normal.anim = false,
            Some(Format::Webp) | None => {}
        }
        if normal.quality == Some(DEFAULT_QUALITY) {
            normal.quality = None;
        }
        normal
    }
}

/// The eight ways of mirroring and turning: every one is a rotation, or left and right change sides before it.
fn turned(rotate: Rotation, flip: Flip) -> (Rotation, Flip) {
    const ROUND: [Rotation; 4] = [
        Rotation::None,
        Rotation::Quarter,
        Rotation::Half,
        Rotation::ThreeQuarters,
    ];
    let half_more = || {
        let at = ROUND.iter().position(|known| *known == rotate).unwrap_or(0);
        ROUND[(at + 2) % 4]
    };
    match flip {
        Flip::None => (rotate, Flip::None),
        Flip::Horizontal => (rotate, Flip::Horizontal),
        // Upside down is half round and mirrored.
        Flip::Vertical => (half_more(), Flip::Horizontal),
        Flip::Both => (half_more(), Flip::None),
    }
}

#[cfg(test)]
mod tests {
    use crate::{Options, Settings};

    /// Pairs of options that give the same picture.
    #[test]
    fn equal_pictures_have_equal_texts() {
        for (one, other) in [
            ("w=10,fit=cover", "w=10,fit=contain"),
            ("w=10,fit=pad", "w=10,fit=contain"),
            ("h=10,fit=crop", "h=10"),
            ("fit=cover", "q=75"),
            ("w=10,gravity=left", "w=10"),
            (
                "w=10,h=10,fit=cover,gravity=0x0.5",
                "w=10,h=10,fit=cover,gravity=left",
            ),
            ("w=10,h=10,fit=cover,gravity=0.5x0.5", "w=10,h=10,fit=cover"),
            ("w=10,background=transparent", "w=10"),
            ("w=10,background=white,f=jpeg", "w=10,f=jpeg"),
            ("rotate=180,flip=hv", "rotate=0"),
            ("flip=v", "rotate=180,flip=h"),
            ("rotate=90,flip=v", "rotate=270,flip=h"),
            ("w=10,f=png,q=20", "w=10,f=png"),
            ("w=10,f=jpeg,anim=true", "w=10,f=jpeg"),
            ("q=medium-high", "q=75"),
            ("gamma=1.0,blur=0,trim=0;0;0;0", "fit=scale-down"),
        ] {
            let text = |options: &str| {
                let options = Options::parse(options, &Settings::default()).unwrap();
                options.transform.normalised().to_string()
            };
            assert_eq!(text(one), text(other), "{one}");
            assert_ne!(text(one), text("w=11"));
        }
    }
}
