//! The values of options: from text, and the names that they have.

use crate::transform::{Colour, Factor, Fit, Flip, Format, Gravity, Metadata, Rotation, Trim};

/// A value that is one of some names.
pub(crate) trait Value: Copy + PartialEq + Sized + 'static {
    /// The names, the first one of each value being the one that is written.
    const NAMES: &'static [(&'static str, Self)];

    /// Reads a value; none where it has no such name.
    fn read(text: &str) -> Option<Self> {
        let named = Self::NAMES.iter().find(|(name, _)| *name == text);
        named.map(|(_, value)| *value)
    }

    /// Returns the name that is written; empty for a value without one.
    fn name(self) -> &'static str {
        let named = Self::NAMES.iter().find(|(_, value)| *value == self);
        named.map_or("", |(name, _)| name)
    }
}

impl Value for Fit {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("scale-down", Self::ScaleDown),
        ("contain", Self::Contain),
        ("cover", Self::Cover),
        ("crop", Self::Crop),
        ("pad", Self::Pad),
    ];
}

impl Value for Format {
    /// `auto` is what it is in canonical forms alone: there the reader has decided already.
    const NAMES: &'static [(&'static str, Self)] = &[
        ("auto", Self::Fallback),
        ("avif", Self::Avif),
        ("webp", Self::Webp),
        ("jpeg", Self::Jpeg),
        ("jpg", Self::Jpeg),
        ("png", Self::Png),
        ("json", Self::Json),
    ];
}

impl Value for Rotation {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("0", Self::None),
        ("90", Self::Quarter),
        ("180", Self::Half),
        ("270", Self::ThreeQuarters),
    ];
}

impl Value for Flip {
    const NAMES: &'static [(&'static str, Self)] = &[
        ("h", Self::Horizontal),
        ("v", Self::Vertical),
        ("hv", Self::Both),
        ("vh", Self::Both),
    ];
}

impl Value for Metadata {
    const NAMES: &'static [(&'static str, Self)] =
        &[("none", Self::None), ("copyright", Self::Copyright)];
}

impl Gravity {
    const NAMES: [(&'static str, Self); 6] = [
        ("center", Self::Centre),
        ("centre", Self::Centre),
        ("left", Self::Left),
        ("right", Self::Right),
        ("top", Self::Top),
        ("bottom", Self::Bottom),
    ];

    /// Reads a side or a point.
    pub(crate) fn read(text: &str) -> Option<Self> {
        if let Some((_, named)) = Self::NAMES.iter().find(|(name, _)| *name == text) {
            return Some(*named);
        }
        let (x, y) = text.split_once('x')?;
        let part = |text| hundredths(text, 0, 100).map(|part| part as u8);
        Some(Self::At(part(x)?, part(y)?))
    }

    /// Returns how it is written.
    pub(crate) fn text(self) -> String {
        match self {
            Self::At(x, y) => format!("{}x{}", decimal(x.into()), decimal(y.into())),
            named => {
                let found = Self::NAMES.iter().find(|(_, value)| *value == named);
                found.map_or("", |(name, _)| name).to_owned()
            }
        }
    }
}

impl Colour {
    const NAMES: [(&'static str, Self); 3] = [
        ("black", Self::BLACK),
        ("white", Self::WHITE),
        ("transparent", Self::TRANSPARENT),
    ];

    /// Reads a name, or three, four, six or eight hexadecimal digits, with a `#` or without.
    pub(crate) fn read(text: &str) -> Option<Self> {
        if let Some((_, named)) = Self::NAMES.iter().find(|(name, _)| *name == text) {
            return Some(*named);
        }
        let digits = text.strip_prefix('#').unwrap_or(text);
        let digits: Option<Vec<u8>> = digits
            .chars()
            .map(|c| Some(c.to_digit(16)? as u8))
            .collect();
        let digits = digits?;
        let pair = |at: usize| digits[at] * 16 + digits[at + 1];
        let twice = |at: usize| digits[at] * 17;
        let [red, green, blue, alpha] = match digits.len() {
            3 => [twice(0), twice(1), twice(2), 255],
            4 => [twice(0), twice(1), twice(2), twice(3)],
            6 => [pair(0), pair(2), pair(4), 255],
            8 => [pair(0), pair(2), pair(4), pair(6)],
            _ => return None,
        };
        // All that is transparent looks the same.
        let colour = if alpha == 0 {
            [0; 4]
        } else {
            [red, green, blue, alpha]
        };
        Some(Self(colour))
    }

    /// Returns how it is written.
    pub(crate) fn text(self) -> String {
        if let Some((name, _)) = Self::NAMES.iter().find(|(_, value)| *value == self) {
            return (*name).to_owned();
        }
        let [red, green, blue, alpha] = self.0;
        match alpha {
            255 => format!("{red:02x}{green:02x}{blue:02x}"),
            _ => format!("{red:02x}{green:02x}{blue:02x}{alpha:02x}"),
        }
    }
}

impl Factor {
    /// Reads a number from 0.01 to 10.
    pub(crate) fn read(text: &str) -> Option<Self> {
        hundredths(text, 1, 1_000).map(Self)
    }
}

/// Reads a whole number in a range, digits alone.
pub(crate) fn whole(text: &str, least: u32, most: u32) -> Option<u32> {
    let are_digits =
        (1..=9).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = are_digits.then(|| text.parse().ok())??;
    (least..=most).contains(&number).then_some(number)
}

/// Reads a decimal number as hundredths, in a range of hundredths. Further digits are rounded.
pub(crate) fn hundredths(text: &str, least: u16, most: u16) -> Option<u16> {
    let (before, behind) = text.split_once('.').unwrap_or((text, "0"));
    let are_digits = |text: &str| {
        (1..=9).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
    };
    if !are_digits(before) || !are_digits(behind) {
        return None;
    }
    let thousandths: u64 = format!("{before}{behind:0<3}")[..before.len() + 3]
        .parse()
        .ok()?;
    let number = u16::try_from((thousandths + 5) / 10).ok()?;
    (least..=most).contains(&number).then_some(number)
}

/// Writes hundredths as a decimal number without zeros at its end.
pub(crate) fn decimal(hundredths: u16) -> String {
    let (whole, rest) = (hundredths / 100, hundredths % 100);
    match (rest / 10, rest % 10) {
        (0, 0) => whole.to_string(),
        (tenth, 0) => format!("{whole}.{tenth}"),
        (tenth, hundredth) => format!("{whole}.{tenth}{hundredth}"),
    }
}

/// Reads a quality: a number or a name.
pub(crate) fn quality(text: &str) -> Option<u8> {
    match text {
        "low" => Some(45),
        "medium-low" => Some(60),
        "medium-high" => Some(75),
        "high" => Some(85),
        number => whole(number, 1, 100).map(|number| number as u8),
    }
}

/// Reads pixels as `top;right;bottom;left`.
pub(crate) fn trim(text: &str) -> Option<Trim> {
    let mut sides = text.split(';').map(|side| whole(side, 0, 12_000));
    let mut side = || sides.next().flatten();
    let trim = Trim {
        top: side()?,
        right: side()?,
        bottom: side()?,
        left: side()?,
    };
    sides.next().is_none().then_some(trim)
}

/// Reads `true` or `false`.
pub(crate) fn flag(text: &str) -> Option<bool> {
    match text {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

/// True where a text is the only value that there is.
pub(crate) fn only(text: &str, value: &str) -> Option<bool> {
    (text == value).then_some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for (text, number) in [
            ("1", Some(100)),
            ("1.5", Some(150)),
            ("01.50", Some(150)),
            ("0.25", Some(25)),
            ("0.255", Some(26)),
            ("0.254999", Some(25)),
            ("10", Some(1_000)),
            ("10.01", None),
            ("0.004", Some(0)),
            (".5", None),
            ("5.", None),
            ("-1", None),
            ("+1", None),
            ("1e1", None),
            ("1,5", None),
            ("", None),
            ("999999999999", None),
            ("٣", None),
        ] {
            assert_eq!(hundredths(text, 0, 1_000), number, "{text}");
        }
        for number in 0..=1_000 {
            assert_eq!(hundredths(&decimal(number), 0, 1_000), Some(number));
        }
        assert_eq!(whole("007", 1, 10), Some(7));
        assert_eq!(whole("+7", 1, 10), None);
    }

    #[test]
    fn colours_have_one_spelling() {
        for (text, written) in [
            ("fff", "white"),
            ("#FFFFFF", "white"),
            ("000f", "black"),
            ("12345600", "transparent"),
            ("f80", "ff8800"),
            ("ff880080", "ff880080"),
        ] {
            assert_eq!(Colour::read(text).unwrap().text(), written, "{text}");
        }
        for text in ["", "ff", "fffff", "red ", "gggggg", "ффф", "##fff"] {
            assert_eq!(Colour::read(text), None, "{text}");
        }
    }
}
