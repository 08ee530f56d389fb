//! The options of a URL, as they are written.

use crate::refusal::quoted;
use crate::transform::{Colour, Factor, Fit, Flip, Format, Gravity, Metadata, Rotation};
use crate::values::{self, Value};
use crate::{Refusal, Settings, Transform, Version};

/// The options: name, short name, and what it may be.
pub const OPTIONS: [(&str, Option<&str>, &str); 22] = [
    (
        "width",
        Some("w"),
        "a whole number of pixels from 1 to 12000",
    ),
    (
        "height",
        Some("h"),
        "a whole number of pixels from 1 to 12000",
    ),
    ("fit", None, "scale-down, contain, cover, crop or pad"),
    (
        "gravity",
        Some("g"),
        "left, right, top, bottom or center, or a point such as 0.25x0.75",
    ),
    ("dpr", None, "a number from 0.1 to 10"),
    (
        "quality",
        Some("q"),
        "a whole number from 1 to 100, or low, medium-low, medium-high or high",
    ),
    ("format", Some("f"), "auto, avif, webp, jpeg, png or json"),
    (
        "background",
        None,
        "black, white or transparent, or three, four, six or eight hexadecimal digits",
    ),
    ("blur", None, "a whole number from 0 to 250"),
    ("sharpen", None, "a number from 0 to 10"),
    ("brightness", None, "a number from 0.01 to 10"),
    ("contrast", None, "a number from 0.01 to 10"),
    ("gamma", None, "a number from 0.01 to 10"),
    ("rotate", None, "0, 90, 180 or 270"),
    ("flip", None, "h, v or hv"),
    (
        "trim",
        None,
        "pixels as top;right;bottom;left, such as 20;0;20;0",
    ),
    ("anim", None, "true or false"),
    ("metadata", None, "none or copyright"),
    ("compression", None, "fast"),
    ("onerror", None, "redirect"),
    ("preset", None, "the name of a preset of this site"),
    (
        "v",
        None,
        "16 hexadecimal digits, as the builder writes them",
    ),
];

/// Options that Cloudflare Images has and these URLs do not.
const NOT_OFFERED: [&str; 8] = [
    "border",
    "draw",
    "origin-auth",
    "scq",
    "segment",
    "slow-connection-quality",
    "upscale",
    "zoom",
];
/// Values of options that Cloudflare Images has and these URLs do not.
const VALUES_NOT_OFFERED: [(&str, &str); 9] = [
    ("width", "auto"),
    ("gravity", "auto"),
    ("gravity", "face"),
    ("fit", "squeeze"),
    ("fit", "aspect-crop"),
    ("format", "baseline-jpeg"),
    ("metadata", "keep"),
    ("trim", "border"),
    ("quality", "auto"),
];

/// The most bytes that the options of a URL may have.
const MAX_BYTES: usize = 512;

/// The options of a URL, each checked by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Options {
    /// What is wanted; `dpr` is not in its sizes yet, and `auto` not in its format.
    pub transform: Transform,
    /// Pixels of the screen for each one of the page, in hundredths; none is one.
    pub dpr: Option<u16>,
    /// Whether the format is decided by what the reader takes.
    pub is_auto: bool,
    /// Whether they are those of a preset.
    pub is_preset: bool,
    /// The content that the original must have.
    pub version: Option<Version>,
}

impl Options {
    /// Reads the options of a URL: `width=640,format=auto`.
    ///
    /// # Errors
    /// [`Refusal::Malformed`]: which option is wrong, and what is allowed.
    pub fn parse(text: &str, settings: &Settings) -> Result<Self, Refusal> {
        parse(text, settings).map_err(Refusal::Malformed)
    }

    /// Checks that they may stand in a preset.
    pub(crate) fn check_as_preset(&self) -> Result<(), String> {
        match (self.is_preset, self.version) {
            (true, _) => Err("a preset cannot name another one".to_owned()),
            (_, Some(_)) => Err("a preset cannot have the version (`v`) of a picture".to_owned()),
            _ => Ok(()),
        }
    }
}

fn parse(text: &str, settings: &Settings) -> Result<Options, String> {
    if text.len() > MAX_BYTES {
        return Err(format!("the options are longer than {MAX_BYTES} bytes"));
    }
    let mut given = [None; OPTIONS.len()];
    for part in text.split(',') {
        let Some((name, value)) = part.split_once('=') else {
            let part = quoted(part);
            return Err(format!(
                "{part} is no option: write them as name=value, with a comma between them, such as \
                 width=640,format=auto"
            ));
        };
        let index = index_of(name)?;
        if given[index].replace(value).is_some() {
            let (name, ..) = OPTIONS[index];
            return Err(format!("{name} is given twice"));
        }
    }
    let all = || {
        OPTIONS
            .iter()
            .zip(given)
            .filter_map(|((name, ..), value)| Some((*name, value?)))
    };
    let mut options = match all().find(|(name, _)| *name == "preset") {
        None => Options::default(),
        Some((_, preset)) => of_preset(preset, all().map(|(name, _)| name), settings)?,
    };
    for (name, value) in all() {
        if options.set(name, value).is_none() {
            return Err(not_allowed(name, value));
        }
    }
    Ok(options)
}

/// The options of a preset, beside which few others may stand.
fn of_preset<'a>(
    preset: &str,
    mut given: impl Iterator<Item = &'a str>,
    settings: &Settings,
) -> Result<Options, String> {
    const BESIDE: [&str; 4] = ["preset", "dpr", "format", "v"];
    let Some(mut options) = settings.preset(preset) else {
        let known: Vec<&str> = settings.presets.keys().map(String::as_str).collect();
        let known = match known.as_slice() {
            [] => "this site has none".to_owned(),
            known => format!("this site has {}", known.join(", ")),
        };
        return Err(format!("there is no preset {}: {known}", quoted(preset)));
    };
    if let Some(other) = given.find(|name| !BESIDE.contains(name)) {
        return Err(format!(
            "{other} cannot stand beside preset; only dpr, format and v can"
        ));
    }
    if let Some(dpr) = options.dpr.take() {
        options.transform.multiply(dpr, settings.limits.side);
    }
    options.is_preset = true;
    Ok(options)
}

fn index_of(name: &str) -> Result<usize, String> {
    let is_it = |(long, short, _): &(&str, Option<&str>, _)| *long == name || *short == Some(name);
    if let Some(index) = OPTIONS.iter().position(is_it) {
        return Ok(index);
    }
    if NOT_OFFERED.contains(&name) {
        return Err(format!(
            "{name} is an option of Cloudflare Images that is not offered here"
        ));
    }
    let names: Vec<&str> = OPTIONS.iter().map(|(name, ..)| *name).collect();
    let (name, names) = (quoted(name), names.join(", "));
    Err(format!(
        "there is no option {name}; the options are {names}"
    ))
}

fn not_allowed(name: &str, value: &str) -> String {
    let of_cloudflare = VALUES_NOT_OFFERED.contains(&(name, value));
    let not_here = if of_cloudflare {
        " (which Cloudflare Images has)"
    } else {
        ""
    };
    let allowed = OPTIONS.iter().find(|(known, ..)| *known == name);
    let (_, _, allowed) = allowed.copied().unwrap_or_default();
    format!("{name} must be {allowed}, not {}{not_here}", quoted(value))
}

impl Options {
    /// Sets an option; none where the value is not allowed.
    fn set(&mut self, name: &str, value: &str) -> Option<()> {
        let transform = &mut self.transform;
        match name {
            "width" => transform.width = Some(values::whole(value, 1, 12_000)?),
            "height" => transform.height = Some(values::whole(value, 1, 12_000)?),
            "fit" => transform.fit = Fit::read(value)?,
            "gravity" => transform.gravity = Gravity::read(value)?,
            "dpr" => self.dpr = Some(values::hundredths(value, 10, 1_000)?),
            "quality" => transform.quality = Some(values::quality(value)?),
            "format" => {
                self.is_auto = value == "auto";
                transform.format = if self.is_auto {
                    None
                } else {
                    Some(Format::read(value)?)
                };
            }
            "background" => transform.background = Some(Colour::read(value)?),
            "blur" => transform.blur = values::whole(value, 0, 250)? as u8,
            "sharpen" => transform.sharpen = values::hundredths(value, 0, 1_000)?,
            "brightness" => transform.brightness = Factor::read(value)?,
            "contrast" => transform.contrast = Factor::read(value)?,
            "gamma" => transform.gamma = Factor::read(value)?,
            "rotate" => transform.rotate = Rotation::read(value)?,
            "flip" => transform.flip = Flip::read(value)?,
            "trim" => transform.trim = values::trim(value)?,
            "anim" => transform.anim = values::flag(value)?,
            "metadata" => transform.metadata = Metadata::read(value)?,
            "compression" => transform.is_fast = values::only(value, "fast")?,
            "onerror" => transform.redirects_on_error = values::only(value, "redirect")?,
            "v" => self.version = Some(Version::read(value)?),
            // It is where the options begin.
            _ => {}
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Options, String> {
        let mut settings = Settings::default();
        let card = "width=300,height=200,fit=cover,dpr=2,blur=3".to_owned();
        settings.presets.insert("card".to_owned(), card);
        settings.check().unwrap();
        Options::parse(text, &settings).map_err(|refusal| {
            assert_eq!(refusal.status(), 400);
            refusal.to_string()
        })
    }

    #[test]
    fn every_option_is_read() {
        let text = "w=640,h=480,fit=cover,g=0.25x1,dpr=1.5,q=medium-low,f=webp,background=%f00,blur=3,sharpen=1.5,\
                    brightness=1.1,contrast=0.5,gamma=2,rotate=90,flip=hv,trim=1;2;3;4,anim=true,\
                    metadata=copyright,compression=fast,onerror=redirect,v=0123456789abcdef";
        let options = parsed(&text.replace('%', "")).unwrap();
        assert_eq!(
            options.transform.to_string(),
            "width=640,height=480,fit=cover,gravity=0.25x1,quality=60,format=webp,background=ff0000,blur=3,\
             sharpen=1.5,brightness=1.1,contrast=0.5,gamma=2,rotate=90,flip=hv,trim=1;2;3;4,anim=true,\
             metadata=copyright,compression=fast,onerror=redirect"
        );
        assert_eq!(options.dpr, Some(150));
        assert_eq!(options.version, Version::read("0123456789abcdef"));
        let auto = parsed("format=auto").unwrap();
        assert_eq!((auto.is_auto, auto.transform), (true, Transform::default()));
    }

    #[test]
    fn an_error_says_which_option_and_what_is_allowed() {
        for (text, told) in [
            (
                "width=abc",
                "width must be a whole number of pixels from 1 to 12000, not `abc`",
            ),
            (
                "w=0",
                "width must be a whole number of pixels from 1 to 12000, not `0`",
            ),
            (
                "w=12001",
                "width must be a whole number of pixels from 1 to 12000, not `12001`",
            ),
            ("w=auto", "not `auto` (which Cloudflare Images has)"),
            ("gravity=face", "not `face` (which Cloudflare Images has)"),
            (
                "border=1",
                "border is an option of Cloudflare Images that is not offered here",
            ),
            (
                "segment=foreground",
                "segment is an option of Cloudflare Images",
            ),
            (
                "Width=1",
                "there is no option `Width`; the options are width, height,",
            ),
            ("w=1,width=2", "width is given twice"),
            ("w=1,", "`` is no option: write them as name=value"),
            ("w", "`w` is no option"),
            ("=", "there is no option ``"),
            (
                "preset=nope",
                "there is no preset `nope`: this site has card",
            ),
            (
                "preset=card,w=1",
                "width cannot stand beside preset; only dpr, format and v can",
            ),
            (
                "v=1",
                "v must be 16 hexadecimal digits, as the builder writes them, not `1`",
            ),
            ("rotate=45", "rotate must be 0, 90, 180 or 270, not `45`"),
        ] {
            let error = parsed(text).unwrap_err();
            assert!(error.contains(told), "{text}: {error}");
        }
        let long = parsed(&"w=1,".repeat(200)).unwrap_err();
        assert_eq!(long, "the options are longer than 512 bytes");
        let error = parsed(&format!("width={}", "ä".repeat(100))).unwrap_err();
        assert!(error.len() < 200, "{error}");
    }

    #[test]
    fn a_preset_is_its_options() {
        let preset = parsed("preset=card,format=webp").unwrap();
        let text = preset.transform.to_string();
        assert_eq!(text, "width=600,height=400,fit=cover,format=webp,blur=3");
        assert!(preset.is_preset);
    }
}
