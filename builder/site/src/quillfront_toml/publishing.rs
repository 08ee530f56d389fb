//! `[publishing]`: when pages are published.

use crate::dates::Date;
use crate::dates::ZONES;
use crate::front_matter::nearest;
use crate::front_matter::table::{Table, Unknown};
use crate::front_matter::tree::Data;
use jiff::Timestamp;
use jiff::civil;
use jiff::tz::TimeZone;

const STATIC_FILES: [(&str, StaticFiles); 2] = [
    ("replace", StaticFiles::Replace),
    ("yield", StaticFiles::Yield),
];
const FUTURES: [(&str, Future); 2] = [("publish", Future::Publish), ("hold", Future::Hold)];

/// When pages are published.
#[derive(Debug, Clone, PartialEq)]
pub struct Publishing {
    /// What happens to pages that are dated later than now.
    pub future: Future,
    /// Of dates that name no offset.
    pub timezone: TimeZone,
    /// What happens where a static file and something else want one address.
    pub static_files: StaticFiles,
}

/// What happens where a file of `static/` and something that is made want one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StaticFiles {
    /// The file is published: Zola's behaviour, which copies static files last.
    Replace,
    /// The file comes last in rank.
    Yield,
}

/// What happens to pages that are dated later than now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Future {
    /// They are published at once: Zola's behaviour.
    Publish,
    /// They are held until their time has come.
    Hold,
}

impl Default for Publishing {
    fn default() -> Self {
        Self {
            future: Future::Publish,
            timezone: TimeZone::UTC,
            static_files: StaticFiles::Replace,
        }
    }
}

impl Publishing {
    pub(super) fn take(root: &mut Table<'_, '_>) -> Self {
        let mut table = root.table("publishing");
        let publishing = Self {
            future: table.choice("future", &FUTURES).unwrap_or(Future::Publish),
            timezone: timezone(&mut table).unwrap_or(TimeZone::UTC),
            static_files: table
                .choice("static_files", &STATIC_FILES)
                .unwrap_or(StaticFiles::Replace),
        };
        table.finish(Unknown::Refused);
        publishing
    }

    /// The moment that a date means: as it is written where it names an offset, else on the clocks
    /// of [`timezone`](Self::timezone), a bare day at its first moment. Where clocks are turned
    /// forward over it, it is as much later; where they are turned back, it is the first of the
    /// two.
    pub fn due(&self, date: &Date) -> Timestamp {
        if date.time.is_some_and(|time| time.offset.is_some()) {
            let (second, nanosecond) = date.sort_key();
            return Timestamp::new(second, nanosecond as i32).unwrap_or(last_moment(date));
        }
        // Within the ranges of civil dates and times: a leap second counts as the one before it.
        let time = date.time.map_or(civil::Time::midnight(), |time| {
            let second = time.second.min(59) as i8;
            civil::time(
                time.hour as i8,
                time.minute as i8,
                second,
                time.nanosecond as i32,
            )
        });
        let local =
            civil::date(date.year as i16, date.month as i8, date.day as i8).to_datetime(time);
        match self.timezone.to_timestamp(local) {
            Ok(moment) => moment,
            Err(_) => last_moment(date),
        }
    }

    /// The same in words: `2026-12-24T08:00:00+01:00`.
    pub fn due_shown(&self, date: &Date) -> String {
        if date.time.is_some_and(|time| time.offset.is_some()) {
            return date.to_string();
        }
        let local = self.due(date).to_zoned(self.timezone.clone());
        local.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
    }
}

/// What is beyond the moments that can be told apart, at one end or the other.
fn last_moment(date: &Date) -> Timestamp {
    if date.year < 5000 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    }
}

fn timezone(table: &mut Table<'_, '_>) -> Option<TimeZone> {
    let entry = table.take("timezone")?;
    let Data::Text(name) = &entry.node.data else {
        let message = format!(
            "`publishing.timezone` must be text, not {}",
            entry.node.noun()
        );
        table.problem(entry.node.place, message);
        return None;
    };
    if let Ok(zone) = ZONES.get(name) {
        return Some(zone);
    }
    let known: Vec<String> = ZONES.available().map(|name| name.to_string()).collect();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let hint = match nearest(name, &known) {
        Some(near) => format!("did you mean \"{near}\"?"),
        None => "names are those of IANA, such as \"Europe/Berlin\" or \"UTC\"".to_owned(),
    };
    let shown: String = name.chars().take(60).collect();
    let message = format!("`publishing.timezone`: there is no time zone {shown:?}");
    table.problem_with_hint(entry.node.place, message, &hint);
    None
}
