//! The text of a transform: its options in one order, without those that are as they always are.

use crate::Transform;
use crate::transform::{Factor, Fit, Flip, Gravity, Metadata, Rotation, Trim};
use crate::values::{Value, decimal};
use std::fmt;

/// Stands where no option is left, since a canonical form has an `=`.
const NOTHING: &str = "fit=scale-down";

impl fmt::Display for Transform {
    /// Writes the options in their order, with commas between them: `width=640,format=webp`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut options: Vec<(&str, String)> = Vec::new();
        let mut put =
            |name, value: Option<String>| options.extend(value.map(|value| (name, value)));
        let unless = |is_default: bool, text: &dyn Fn() -> String| (!is_default).then(text);
        let factor = |factor: Factor| (factor != Factor::ONE).then(|| decimal(factor.0));
        let flag = |is_set: bool, value: &str| is_set.then(|| value.to_owned());

        put("width", self.width.map(|width| width.to_string()));
        put("height", self.height.map(|height| height.to_string()));
        put(
            "fit",
            unless(self.fit == Fit::default(), &|| self.fit.name().to_owned()),
        );
        put(
            "gravity",
            unless(self.gravity == Gravity::default(), &|| self.gravity.text()),
        );
        put("quality", self.quality.map(|quality| quality.to_string()));
        put("format", self.format.map(|format| format.name().to_owned()));
        put("background", self.background.map(|colour| colour.text()));
        put("blur", unless(self.blur == 0, &|| self.blur.to_string()));
        put(
            "sharpen",
            unless(self.sharpen == 0, &|| decimal(self.sharpen)),
        );
        put("brightness", factor(self.brightness));
        put("contrast", factor(self.contrast));
        put("gamma", factor(self.gamma));
        put(
            "rotate",
            unless(self.rotate == Rotation::None, &|| {
                self.rotate.name().to_owned()
            }),
        );
        put(
            "flip",
            unless(self.flip == Flip::None, &|| self.flip.name().to_owned()),
        );
        put(
            "trim",
            unless(self.trim == Trim::default(), &|| self.trim.text()),
        );
        put("anim", flag(self.anim, "true"));
        put(
            "metadata",
            unless(self.metadata == Metadata::None, &|| {
                self.metadata.name().to_owned()
            }),
        );
        put("compression", flag(self.is_fast, "fast"));
        put("onerror", flag(self.redirects_on_error, "redirect"));

        if options.is_empty() {
            return f.write_str(NOTHING);
        }
        let options: Vec<String> = options
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        f.write_str(&options.join(","))
    }
}

impl Trim {
    fn text(self) -> String {
        let Self {
            top,
            right,
            bottom,
            left,
        } = self;
        format!("{top};{right};{bottom};{left}")
    }
}
