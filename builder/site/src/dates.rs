//! Dates as authors write them: in front matter, and at the head of a file's name.
//!
//! A date keeps the precision and the offset it was written with, because templates print it and
//! feeds order by it. Nothing here knows a clock.

mod lenient;

use jiff::tz::TimeZoneDatabase;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::sync::LazyLock;
use toml::value::Datetime;

/// The zones that are compiled in: those of the machine may be older, newer, or missing.
pub static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// A calendar day, perhaps with a time of day, perhaps with an offset from UTC
/// (site model, sections 4 and 6).
///
/// Equality is by spelling; [`Date::sort_key`] is the instant, which is what lists are ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub struct Date {
    /// 0 to 9999.
    pub year: u16,
    /// 1 to 12, as written: not moved to UTC.
    pub month: u8,
    /// 1 to 31, as written: not moved to UTC.
    pub day: u8,
    /// The time of day, where one was given.
    pub time: Option<TimeOfDay>,
}

/// The time of day within a [`Date`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TimeOfDay {
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 60: a leap second is kept as written.
    pub second: u8,
    /// 0 to 999 999 999.
    pub nanosecond: u32,
    /// None for a local time.
    pub offset: Option<Offset>,
}

/// The distance from UTC, in the spelling that was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Offset {
    /// `Z`.
    Utc,
    /// Minutes east of UTC, less than a day either way: `+02:00` is 120.
    Minutes(i16),
}

impl Offset {
    fn seconds(self) -> i64 {
        match self {
            Offset::Utc => 0,
            Offset::Minutes(minutes) => i64::from(minutes) * 60,
        }
    }
}

impl Date {
    /// Reads every form that front matter may use (site model, section 4): what TOML allows, then
    /// the lenient YAML timestamp (`2024-5-3`, `2024-05-03 7:08:09`, `2024-05-03t21:08:09.50 -5`),
    /// which is UTC when it names no offset and midnight when it names no time.
    pub fn parse(text: &str) -> Option<Date> {
        let text = text.trim();
        // The longest form, with nine digits of fraction and spaces, is far shorter.
        if text.len() > 64 {
            return None;
        }
        text.parse::<Datetime>()
            .ok()
            .and_then(Date::from_toml)
            .or_else(|| lenient::parse(text))
    }

    /// A TOML date or datetime; none for a time without a day.
    pub fn from_toml(value: Datetime) -> Option<Date> {
        let day = value.date?;
        let time = value.time.map(|time| TimeOfDay {
            hour: time.hour,
            minute: time.minute,
            second: time.second.unwrap_or(0),
            nanosecond: time.nanosecond.unwrap_or(0),
            offset: value.offset.map(|offset| match offset {
                toml::value::Offset::Z => Offset::Utc,
                toml::value::Offset::Custom { minutes } => Offset::Minutes(minutes),
            }),
        });
        Date {
            year: day.year,
            month: day.month,
            day: day.day,
            time,
        }
        .checked()
    }

    /// What `page.date` prints: the date as written, in RFC 3339's shape, with no trailing zeros
    /// in the fraction.
    pub fn to_template_string(&self) -> String {
        self.to_string()
    }

    /// RFC 3339 in full: what is not written is midnight, and UTC.
    pub fn to_rfc3339(&self) -> String {
        match self.time {
            None => format!("{self}T00:00:00Z"),
            Some(TimeOfDay { offset: None, .. }) => format!("{self}Z"),
            Some(_) => self.to_string(),
        }
    }

    /// Seconds and nanoseconds since 1970 in UTC; a local time counts as UTC, a bare day as its
    /// first second.
    pub fn sort_key(&self) -> (i64, u32) {
        let midnight = days_since_epoch(self.year, self.month, self.day) * 86_400;
        let Some(time) = self.time else {
            return (midnight, 0);
        };
        let second_of_day =
            i64::from(time.hour) * 3600 + i64::from(time.minute) * 60 + i64::from(time.second);
        let offset_seconds = time.offset.map_or(0, Offset::seconds);
        (midnight + second_of_day - offset_seconds, time.nanosecond)
    }

    fn checked(self) -> Option<Date> {
        let day_exists = self.year <= 9999
            && (1..=12).contains(&self.month)
            && (1..=days_in_month(self.year, self.month)).contains(&self.day);
        let time_exists = self.time.is_none_or(|time| {
            time.hour <= 23
                && time.minute <= 59
                && time.second <= 60
                && time.nanosecond < 1_000_000_000
                && time
                    .offset
                    .is_none_or(|offset| offset.seconds().abs() < 86_400)
        });
        (day_exists && time_exists).then_some(self)
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

/// A state may have any numbers; only those of a day that exists are a date.
impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let date = Self::deserialize(deserializer)?.checked();
        date.ok_or_else(|| D::Error::custom("there is no such day"))
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)?;
        let Some(time) = self.time else { return Ok(()) };
        write!(f, "T{:02}:{:02}:{:02}", time.hour, time.minute, time.second)?;
        if time.nanosecond > 0 {
            let digits = format!("{:09}", time.nanosecond);
            write!(f, ".{}", digits.trim_end_matches('0'))?;
        }
        match time.offset {
            None => Ok(()),
            Some(Offset::Utc) => f.write_str("Z"),
            Some(Offset::Minutes(minutes)) => {
                let sign = if minutes < 0 { '-' } else { '+' };
                let minutes = minutes.unsigned_abs();
                write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
            }
        }
    }
}

/// The date at the head of a file's stem, and what the slug is made of (site model, section 4):
/// `2021-07-11_river_loop` gives `river_loop`, `2021-10-03 - spaced` gives ` spaced`. A stem that
/// is nothing but a date gives itself, because something must name the page.
pub fn from_filename(stem: &str) -> Option<(Date, &str)> {
    let day_text = stem.get(..10)?;
    let day = strict_day(day_text)?;
    let after_day = &stem[10..];
    if after_day.is_empty() {
        return Some((day, stem));
    }
    if let Some(rest) = after_separator(after_day) {
        return Some((day, rest));
    }
    // A time needs its offset here: without one, `T05:30:00-x` could not be told from a slug.
    let clock = after_day.strip_prefix('T')?;
    let offset_at = clock.find(['Z', '+', '-'])?;
    let offset_length = if clock[offset_at..].starts_with('Z') {
        1
    } else {
        6
    };
    let end = offset_at + offset_length;
    let date = Date::parse(stem.get(..11 + end)?)?;
    date.time?.offset?;
    match clock.get(end..)? {
        "" => Some((date, stem)),
        rest => Some((date, after_separator(rest)?)),
    }
}

/// What follows `-` or `_`, with one space allowed before it.
fn after_separator(text: &str) -> Option<&str> {
    let text = text.strip_prefix(' ').unwrap_or(text);
    text.strip_prefix(['-', '_'])
        .filter(|rest| !rest.is_empty())
}

fn strict_day(text: &str) -> Option<Date> {
    let value = text.parse::<Datetime>().ok()?;
    if value.time.is_some() {
        None
    } else {
        Date::from_toml(value)
    }
}

fn days_in_month(year: u16, month: u8) -> u8 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 => 28 + u8::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar: the year starts in March, so that the
/// leap day is its last.
fn days_since_epoch(year: u16, month: u8, day: u8) -> i64 {
    let year = i64::from(year) - i64::from(month <= 2);
    let month_from_march = (i64::from(month) + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(day) - 1;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    year * 365 + leap_days + day_of_year - 719_468
}

#[cfg(test)]
mod tests;
