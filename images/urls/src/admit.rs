//! What anybody may ask for: a ladder of sizes and qualities, so that nobody can have any number of pictures made.

use crate::transform::{Colour, Factor, Flip, Gravity, Metadata, Rotation, Trim};
use crate::{Options, Refusal, Settings, Transform};

/// The factors that may stand beside a preset: whole ones, so that a preset has three sizes.
const WHOLE: [u16; 3] = [100, 200, 300];
/// The factors that are free, in hundredths.
const FREE_DPR: std::ops::RangeInclusive<u16> = 100..=300;

impl Options {
    /// Returns the options as anybody may have them: `dpr` is in the sizes, and sizes and quality are steps of the
    /// ladder. Those of a preset are as the author wrote them.
    ///
    /// # Errors
    /// They are not free: which ones.
    pub fn admit(mut self, settings: &Settings) -> Result<Self, Refusal> {
        let dpr = self.dpr.take().unwrap_or(100);
        self.transform = self.transform.normalised();
        let side = settings.limits.side;
        if self.is_preset {
            if !WHOLE.contains(&dpr) {
                let text = "dpr must be 1, 2 or 3 beside a preset";
                return Err(Refusal::Malformed(text.to_owned()));
            }
            self.transform.multiply(dpr, side);
            return Ok(self);
        }
        let mut not_free = self.transform.not_free();
        if !FREE_DPR.contains(&dpr) {
            not_free.push("dpr");
        }
        if !not_free.is_empty() {
            let options = not_free.join(", ");
            return Err(Refusal::NotFree(format!(
                "not for everybody: {options}. It takes a preset or a signed URL"
            )));
        }
        self.transform.multiply(dpr, side);
        self.transform.snap(settings);
        Ok(self)
    }
}

impl Options {
    /// Returns the options as they are, with `dpr` in the sizes: for who may have all of them.
    pub fn unrestricted(mut self, settings: &Settings) -> Self {
        let dpr = self.dpr.take().unwrap_or(100);
        self.transform.multiply(dpr, settings.limits.side);
        self
    }
}

impl Transform {
    /// Puts sizes and quality on the ladder.
    fn snap(&mut self, settings: &Settings) {
        self.width = self.width.map(|width| settings.width_step(width));
        self.height = self.height.map(|height| settings.width_step(height));
        self.quality = self.quality.map(|quality| settings.quality_step(quality));
    }

    /// The options that are not free, of a normalised transform.
    fn not_free(&self) -> Vec<&'static str> {
        let is_free_colour =
            |colour: Colour| [Colour::BLACK, Colour::WHITE, Colour::TRANSPARENT].contains(&colour);
        let mut found = Vec::new();
        let mut check = |is_free: bool, name| {
            if !is_free {
                found.push(name);
            }
        };
        check(!matches!(self.gravity, Gravity::At(..)), "gravity");
        check(self.background.is_none_or(is_free_colour), "background");
        check(self.blur == 0, "blur");
        check(self.sharpen == 0, "sharpen");
        check(self.brightness == Factor::ONE, "brightness");
        check(self.contrast == Factor::ONE, "contrast");
        check(self.gamma == Factor::ONE, "gamma");
        check(self.rotate == Rotation::None, "rotate");
        check(self.flip == Flip::None, "flip");
        check(self.trim == Trim::default(), "trim");
        check(self.metadata == Metadata::None, "metadata");
        check(!self.is_fast, "compression");
        check(!self.redirects_on_error, "onerror");
        found
    }

    /// Returns whether anybody may have it, by the ladder or by a preset.
    pub(crate) fn is_free(&self, settings: &Settings) -> bool {
        let mut snapped = self.clone();
        snapped.snap(settings);
        let is_on_ladder = self.not_free().is_empty() && snapped.normalised() == *self;
        is_on_ladder
            || settings
                .preset_transforms()
                .any(|preset| self.is_of(&preset, settings))
    }

    /// Whether it is that of a preset, in any format and any of its sizes.
    fn is_of(&self, preset: &Self, settings: &Settings) -> bool {
        WHOLE.iter().any(|dpr| {
            let mut preset = preset.clone();
            preset.multiply(*dpr, settings.limits.side);
            preset.format = self.format;
            preset.normalised() == *self
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admitted(text: &str) -> Result<String, Refusal> {
        let mut settings = Settings::default();
        let card = "width=300,height=200,fit=cover,blur=3".to_owned();
        settings.presets.insert("card".to_owned(), card);
        let options = Options::parse(text, &settings).unwrap().admit(&settings)?;
        let transform = options.transform.normalised();
        assert!(transform.is_free(&settings), "{text}");
        Ok(transform.to_string())
    }

    #[test]
    fn sizes_and_qualities_are_steps() {
        for (asked, given) in [
            ("w=600", "width=640"),
            ("w=640", "width=640"),
            ("w=5000", "width=3840"),
            ("w=320,dpr=2", "width=640"),
            ("w=300,dpr=1.5", "width=480"),
            (
                "w=300,h=200,fit=cover,g=left",
                "width=320,height=240,fit=cover,gravity=left",
            ),
            ("w=640,q=50", "width=640,quality=60"),
            ("w=640,q=70", "width=640"),
            ("dpr=3", "fit=scale-down"),
            (
                "w=10,h=10,fit=pad,background=fff",
                "width=32,height=32,fit=pad,background=white",
            ),
            ("preset=card", "width=300,height=200,fit=cover,blur=3"),
            (
                "preset=card,dpr=2,format=webp",
                "width=600,height=400,fit=cover,format=webp,blur=3",
            ),
        ] {
            assert_eq!(admitted(asked).unwrap(), given, "{asked}");
        }
    }

    #[test]
    fn the_rest_is_not_free() {
        for (text, name) in [
            ("w=10,h=10,fit=cover,g=0.1x0.1", "gravity"),
            ("background=f00", "background"),
            ("blur=1", "blur"),
            ("sharpen=1", "sharpen"),
            ("brightness=2", "brightness"),
            ("contrast=2", "contrast"),
            ("gamma=2", "gamma"),
            ("rotate=90", "rotate"),
            ("flip=h", "flip"),
            ("trim=1;0;0;0", "trim"),
            ("metadata=copyright", "metadata"),
            ("compression=fast", "compression"),
            ("onerror=redirect", "onerror"),
            ("dpr=4", "dpr"),
            ("dpr=0.5", "dpr"),
        ] {
            let refusal = admitted(text).unwrap_err();
            assert_eq!(refusal.status(), 403);
            let start = format!("not for everybody: {name}. It takes");
            assert!(refusal.to_string().starts_with(&start), "{refusal}");
        }
        assert_eq!(admitted("preset=card,dpr=1.5").unwrap_err().status(), 400);
    }
}
