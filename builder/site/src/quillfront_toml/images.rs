//! `[images]`: thumbnails by their URL, and what becomes of the pictures of a site.

use crate::front_matter::table::{Table, Unknown};
use crate::front_matter::tree::{Data, Place};
use quillfront_image_urls::{Limits, Settings, SettingsError};
use std::collections::BTreeMap;

/// The most that a limit can be raised to: what the decoders are tested with.
const MOST: Limits = Limits {
    bytes: 1_000_000_000,
    pixels: 400_000_000,
    animation_pixels: 400_000_000,
    frames: 10_000,
    side: 12_000,
};
/// No `sizes` of a picture needs more.
const MAX_SIZES_BYTES: usize = 400;

const RESIZE: [(&str, ResizeMode); 2] =
    [("url", ResizeMode::ByUrl), ("build", ResizeMode::AtBuild)];

/// What `resize_image` of templates gives.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ResizeMode {
    /// A picture that is made while the site is built, as with Zola.
    #[default]
    AtBuild,
    /// The URL of a thumbnail, which is made when a reader asks for it.
    ByUrl,
}

/// What becomes of the metadata of pictures that are published as they are: where a photograph was taken, and
/// with which camera.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Originals {
    /// It stays, as with Zola.
    #[default]
    Kept,
    /// It stays, and a warning names the pictures that tell a position or a serial number.
    Told,
    /// It is taken out, and a picture of which it cannot be is not published.
    Stripped,
}

impl Originals {
    /// Returns whether pictures are read before they are published.
    pub fn are_examined(self) -> bool {
        self != Self::Kept
    }
}

/// What a site says of its pictures; the default is a site without `quillfront.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Images {
    /// The URLs of thumbnails.
    pub settings: Settings,
    /// What `resize_image` gives.
    pub resized: ResizeMode,
    /// Whether a picture in Markdown is one that fits every screen.
    pub responsive: bool,
    /// The attribute `sizes` of such pictures; none is that of the renderer.
    pub sizes: Option<String>,
    /// What becomes of the metadata of originals.
    pub originals: Originals,
}

impl Images {
    /// Returns whether the metadata of originals is taken out.
    pub fn strips(&self) -> bool {
        self.originals == Originals::Stripped
    }

    pub(super) fn take(root: &mut Table<'_, '_>) -> Self {
        let mut table = root.table("images");
        let default = Settings::default();
        let place = table.place();
        let mut places = Places::all_at(place);
        let limits = limits(&mut table);
        let settings = Settings {
            prefix: text(&mut table, "prefix", &mut places.prefix).unwrap_or(default.prefix),
            widths: numbers(&mut table, "widths", &mut places.widths).unwrap_or(default.widths),
            qualities: numbers(&mut table, "qualities", &mut places.qualities)
                .unwrap_or(default.qualities),
            presets: presets(&mut table, &mut places),
            limits,
        };
        if let Err(error) = settings.check() {
            let place = places.of(&error);
            table.problem(place, format!("`images`: {error}"));
        }
        let mut sizes_at = place;
        let sizes = text(&mut table, "sizes", &mut sizes_at);
        if sizes.as_ref().is_some_and(|sizes| !is_attribute(sizes)) {
            let message = format!(
                "`images.sizes` is the attribute `sizes` of pictures: at most {MAX_SIZES_BYTES} characters, without \
                 quotes and angle brackets"
            );
            let hint = "write it as \"(max-width: 700px) 100vw, 700px\"";
            table.problem_with_hint(sizes_at, message, hint);
        }
        let images = Self {
            settings,
            resized: table.choice("resize", &RESIZE).unwrap_or(ResizeMode::ByUrl),
            responsive: table.flag("responsive").unwrap_or(false),
            sizes,
            originals: match table.flag("strip_originals") {
                None => Originals::Told,
                Some(true) => Originals::Stripped,
                Some(false) => Originals::Kept,
            },
        };
        table.finish(Unknown::Refused);
        images
    }
}

/// Where the keys stand.
struct Places {
    prefix: Place,
    widths: Place,
    qualities: Place,
    presets: BTreeMap<String, Place>,
    table: Place,
}

impl Places {
    fn all_at(table: Place) -> Self {
        Self {
            prefix: table,
            widths: table,
            qualities: table,
            presets: BTreeMap::new(),
            table,
        }
    }

    /// Where that stands which is wrong.
    fn of(&self, error: &SettingsError) -> Place {
        match error {
            SettingsError::Prefix => self.prefix,
            SettingsError::Widths(_) => self.widths,
            SettingsError::Qualities => self.qualities,
            SettingsError::Presets => self.table,
            SettingsError::PresetName(name) | SettingsError::Preset(name, _) => {
                self.presets.get(name).copied().unwrap_or(self.table)
            }
        }
    }
}

fn is_attribute(text: &str) -> bool {
    let is_plain = |c: char| !c.is_control() && !"\"'<>&".contains(c);
    text.len() <= MAX_SIZES_BYTES && text.chars().all(is_plain)
}

fn text(table: &mut Table<'_, '_>, name: &'static str, at: &mut Place) -> Option<String> {
    let entry = table.take(name)?;
    *at = entry.node.place;
    match entry.node.data {
        Data::Text(text) => Some(text),
        _ => {
            let message = format!("`images.{name}` must be text, not {}", entry.node.noun());
            table.problem_with_hint(entry.node.place, message, "put it in quotes");
            None
        }
    }
}

/// A list of whole numbers. One that is too large for its type is as wrong as the largest one.
fn numbers<T: TryFrom<i64> + Bounded>(
    table: &mut Table<'_, '_>,
    name: &'static str,
    at: &mut Place,
) -> Option<Vec<T>> {
    let entry = table.take(name)?;
    *at = entry.node.place;
    let number = |data: &Data| match data {
        Data::Integer(number) => Some(T::try_from(*number).unwrap_or(T::OUT_OF_RANGE)),
        _ => None,
    };
    let list = match &entry.node.data {
        Data::Array(items) => items.iter().map(|item| number(&item.data)).collect(),
        _ => None,
    };
    if list.is_none() {
        let message = format!("`images.{name}` must be a list of whole numbers");
        table.problem_with_hint(entry.node.place, message, "write it as [320, 640, 1280]");
    }
    list
}

/// A number that no list may have.
trait Bounded {
    const OUT_OF_RANGE: Self;
}

impl Bounded for u32 {
    const OUT_OF_RANGE: Self = 0;
}

impl Bounded for u8 {
    const OUT_OF_RANGE: Self = 0;
}

/// `[images.presets]`: any name, and options for each.
fn presets(images: &mut Table<'_, '_>, places: &mut Places) -> BTreeMap<String, String> {
    let hint = "write the options of a URL: \"width=300,height=200,fit=cover\"";
    let texts = images.table("presets").take_texts(hint);
    let preset = |(name, text, place): (String, String, Place)| {
        places.presets.insert(name.clone(), place);
        (name, text)
    };
    texts.into_iter().map(preset).collect()
}

/// `[images.limits]`.
fn limits(images: &mut Table<'_, '_>) -> Limits {
    let mut table = images.table("limits");
    let place = table.place();
    let mut limit = |name: &'static str, usual: u64, most: u64| {
        let Some(number) = table.count(name) else {
            return usual;
        };
        let number = number as u64;
        if !(1..=most).contains(&number) {
            table.problem(
                place,
                format!("`images.limits.{name}` must be 1 to {most}, not {number}"),
            );
            return usual;
        }
        number
    };
    let usual = Limits::default();
    let limits = Limits {
        bytes: limit("bytes", usual.bytes, MOST.bytes),
        pixels: limit("pixels", usual.pixels, MOST.pixels),
        animation_pixels: limit(
            "animation_pixels",
            usual.animation_pixels,
            MOST.animation_pixels,
        ),
        frames: limit("frames", usual.frames.into(), MOST.frames.into()) as u32,
        side: limit("side", usual.side.into(), MOST.side.into()) as u32,
    };
    table.finish(Unknown::Refused);
    limits
}

#[cfg(test)]
mod tests {
    use super::super::{KEY, OwnConfig};
    use super::*;

    #[test]
    fn a_site_says_what_its_pictures_are() {
        let text = "[images]\nprefix = \"/pictures\"\nwidths = [100, 200]\nqualities = [50, 80]\nresponsive = true\n\
                    resize = \"build\"\nsizes = \"50vw\"\n\
                    [images.presets]\ncard = \"w=300,h=200,fit=cover\"\n[images.limits]\npixels = 1000\n";
        let images = OwnConfig::parse(KEY, text).unwrap().images;
        let settings = &images.settings;
        assert_eq!(
            (settings.prefix.as_str(), &*settings.widths),
            ("/pictures", &[100, 200][..])
        );
        assert_eq!(
            (&*settings.qualities, settings.limits.pixels),
            (&[50, 80][..], 1000)
        );
        assert_eq!(settings.presets["card"], "w=300,h=200,fit=cover");
        assert_eq!(
            (images.resized, images.responsive),
            (ResizeMode::AtBuild, true)
        );
        assert_eq!(images.sizes.as_deref(), Some("50vw"));
        assert_eq!(images.originals, Originals::Told);
        for (value, originals) in [("true", Originals::Stripped), ("false", Originals::Kept)] {
            let text = format!("[images]\nstrip_originals = {value}\n");
            let images = OwnConfig::parse(KEY, &text).unwrap().images;
            assert_eq!(images.originals, originals);
        }

        let usual = OwnConfig::parse(KEY, "").unwrap().images;
        assert_eq!(usual.resized, ResizeMode::ByUrl);
        assert_eq!(usual.originals, Originals::Told);
        assert!(usual.settings.is_default());
        let without_file = OwnConfig::default().images;
        assert_eq!(without_file.resized, ResizeMode::AtBuild);
        assert_eq!(without_file.originals, Originals::Kept);
    }

    #[test]
    fn a_mistake_is_told_with_its_line() {
        for (line, told) in [
            (
                "prefix = \"img\"",
                "the prefix must be a path such as \"/img\"",
            ),
            ("prefix = 1", "`images.prefix` must be text, not"),
            (
                "widths = [200, 100]",
                "widths must be 1 to 32 different numbers",
            ),
            ("widths = [-1]", "widths must be"),
            (
                "widths = \"100\"",
                "`images.widths` must be a list of whole numbers",
            ),
            (
                "qualities = [300]",
                "qualities must be 1 to 6 different numbers",
            ),
            (
                "presets.a = \"wide=1\"",
                "the preset `a`: there is no option `wide`",
            ),
            ("presets.A = \"w=1\"", "the name of the preset `A`"),
            ("presets.a = 1", "`images.presets.a` must be text"),
            (
                "limits.pixels = 0",
                "`images.limits.pixels` must be 1 to 400000000",
            ),
            (
                "limits.side = 20000",
                "`images.limits.side` must be 1 to 12000, not 20000",
            ),
            (
                "sizes = \"\\\"><script>\"",
                "`images.sizes` is the attribute",
            ),
            (
                "strip_originals = \"yes\"",
                "`images.strip_originals` must be",
            ),
            ("resize = \"never\"", "one of \"url\", \"build\""),
            ("width = [1]", "unknown key `images.width`"),
        ] {
            let problems = OwnConfig::parse(KEY, &format!("\n[images]\n{line}\n")).expect_err(line);
            assert!(problems[0].message.contains(told), "{line}: {problems:?}");
            assert!(problems[0].line.is_some(), "{line}");
        }
    }
}
