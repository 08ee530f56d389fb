//! What a site says of its thumbnails.

use crate::{Limits, Options, Transform};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The most steps of the ladder of sizes.
pub const MAX_STEPS: usize = 32;
/// The most presets.
pub const MAX_PRESETS: usize = 64;
/// The most steps of the qualities.
const MAX_QUALITIES: usize = 6;

/// What a site says of its thumbnails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Where thumbnails are: `/img`.
    pub prefix: String,
    /// The widths and heights that anybody may have, in pixels, the smallest first.
    pub widths: Vec<u32>,
    /// The qualities that anybody may have, the lowest first.
    pub qualities: Vec<u8>,
    /// Options with a name, as they stand in a URL.
    pub presets: BTreeMap<String, String>,
    /// What an original may cost.
    pub limits: Limits,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            prefix: "/img".to_owned(),
            widths: vec![
                32, 64, 96, 128, 160, 240, 320, 480, 640, 800, 960, 1280, 1600, 1920, 2560, 3840,
            ],
            qualities: vec![30, 45, 60, 75, 85, 95],
            presets: BTreeMap::new(),
            limits: Limits::default(),
        }
    }
}

/// What is wrong with settings, and what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The prefix.
    #[error(
        "the prefix must be a path such as \"/img\": segments of letters, digits, `-` and `_`, each after a slash"
    )]
    Prefix,
    /// The ladder of sizes.
    #[error(
        "widths must be 1 to {MAX_STEPS} different numbers of pixels, each 1 to {0}, the smallest first"
    )]
    Widths(u32),
    /// The qualities.
    #[error(
        "qualities must be 1 to {MAX_QUALITIES} different numbers, each 1 to 100, the lowest first"
    )]
    Qualities,
    /// The number of presets.
    #[error("there may be at most {MAX_PRESETS} presets")]
    Presets,
    /// The name of a preset.
    #[error(
        "the name of the preset `{0}` may only have lower-case letters, digits, `-` and `_`, and at most 40"
    )]
    PresetName(String),
    /// The options of a preset.
    #[error("the preset `{0}`: {1}")]
    Preset(String, String),
}

impl Settings {
    /// Returns the prefix as the beginning of a key: `img`.
    pub fn folder(&self) -> &str {
        self.prefix.trim_start_matches('/')
    }

    /// Returns whether they are what a site has that says nothing.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Checks what an author wrote.
    ///
    /// # Errors
    /// The first value that is not allowed.
    pub fn check(&self) -> Result<(), SettingsError> {
        if !is_prefix(&self.prefix) {
            return Err(SettingsError::Prefix);
        }
        let side = self.limits.side;
        let are_sizes = self.widths.iter().all(|width| (1..=side).contains(width));
        if !is_ladder(&self.widths, MAX_STEPS) || !are_sizes {
            return Err(SettingsError::Widths(side));
        }
        let are_qualities = self
            .qualities
            .iter()
            .all(|quality| (1..=100).contains(quality));
        if !is_ladder(&self.qualities, MAX_QUALITIES) || !are_qualities {
            return Err(SettingsError::Qualities);
        }
        if self.presets.len() > MAX_PRESETS {
            return Err(SettingsError::Presets);
        }
        for (name, text) in &self.presets {
            if !is_preset_name(name) {
                return Err(SettingsError::PresetName(name.clone()));
            }
            let wrong = |what: String| SettingsError::Preset(name.clone(), what);
            let options = Options::parse(text, self).map_err(|error| wrong(error.to_string()))?;
            options.check_as_preset().map_err(wrong)?;
        }
        Ok(())
    }

    /// Returns what a preset stands for; none where there is no such one.
    pub(crate) fn preset(&self, name: &str) -> Option<Options> {
        // Settings are checked where they are read; a preset that does not parse is none.
        Options::parse(self.presets.get(name)?, self).ok()
    }

    /// Returns the transforms of all presets.
    pub(crate) fn preset_transforms(&self) -> impl Iterator<Item = Transform> {
        let options = self.presets.keys().filter_map(|name| self.preset(name));
        options.map(|options| options.transform)
    }

    /// Returns the next step up of the ladder of sizes, or its last one.
    pub fn width_step(&self, width: u32) -> u32 {
        step(&self.widths, width)
    }

    /// Returns the next step up of the qualities, or the last one.
    pub fn quality_step(&self, quality: u8) -> u8 {
        step(&self.qualities, quality)
    }
}

/// The first step that is not below `wanted`, or the last one; `wanted` where there is no step at all.
fn step<T: Copy + PartialOrd>(steps: &[T], wanted: T) -> T {
    let up = steps.iter().find(|step| **step >= wanted);
    up.or(steps.last()).copied().unwrap_or(wanted)
}

fn is_ladder<T: PartialOrd>(steps: &[T], most: usize) -> bool {
    (1..=most).contains(&steps.len()) && steps.windows(2).all(|two| two[0] < two[1])
}

fn is_prefix(prefix: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    let is_segment = |segment: &str| !segment.is_empty() && segment.chars().all(is_plain);
    let segments = prefix.strip_prefix('/');
    prefix.len() <= 100
        && !prefix.starts_with("/_quillfront")
        && segments.is_some_and(|segments| segments.split('/').all(is_segment))
}

fn is_preset_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c);
    (1..=40).contains(&name.len()) && name.chars().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(change: impl FnOnce(&mut Settings)) -> Result<(), SettingsError> {
        let mut settings = Settings::default();
        change(&mut settings);
        settings.check()
    }

    #[test]
    fn what_an_author_writes_is_checked() {
        assert_eq!(Settings::default().check(), Ok(()));
        for prefix in [
            "",
            "img",
            "/",
            "/img/",
            "/a//b",
            "/a b",
            "/_quillfront",
            "/ä",
        ] {
            let found = with(|settings| settings.prefix = prefix.to_owned());
            assert_eq!(found, Err(SettingsError::Prefix), "{prefix}");
        }
        assert_eq!(
            with(|settings| settings.prefix = "/cdn-cgi/image".to_owned()),
            Ok(())
        );
        for widths in [
            vec![],
            vec![0],
            vec![2, 1],
            vec![1, 1],
            vec![12_001],
            (1..=33).collect(),
        ] {
            assert_eq!(
                with(|settings| settings.widths = widths),
                Err(SettingsError::Widths(12_000))
            );
        }
        for qualities in [vec![], vec![0], vec![101], vec![1, 2, 3, 4, 5, 6, 7]] {
            assert_eq!(
                with(|settings| settings.qualities = qualities),
                Err(SettingsError::Qualities)
            );
        }
        let preset = |name: &str, options: &str| {
            with(|settings| {
                settings.presets.insert(name.to_owned(), options.to_owned());
            })
        };
        assert_eq!(
            preset("card", "width=300,height=200,fit=cover,blur=3"),
            Ok(())
        );
        assert!(matches!(
            preset("Card", "w=1"),
            Err(SettingsError::PresetName(_))
        ));
        for options in ["", "width=x", "preset=card", "v=0123456789abcdef"] {
            assert!(
                matches!(preset("a", options), Err(SettingsError::Preset(..))),
                "{options}"
            );
        }
    }

    #[test]
    fn sizes_go_up_to_the_next_step() {
        let settings = Settings::default();
        let steps = [1, 32, 33, 640, 641, 3840, 12_000].map(|width| settings.width_step(width));
        assert_eq!(steps, [32, 32, 64, 640, 800, 3840, 3840]);
        assert_eq!(
            [1, 75, 76, 100].map(|quality| settings.quality_step(quality)),
            [30, 75, 85, 95]
        );
    }
}
