//! The filter `date` and the tests `before` and `after`.

use super::localized;
use crate::budget;
use jiff::civil::Time;
use jiff::fmt::strtime;
use jiff::fmt::temporal::{DateTimeParser, Pieces};
use jiff::tz::{Offset, TimeZone, TimeZoneDatabase};
use jiff::{Timestamp, Zoned};
use std::sync::LazyLock;
use tera::{Error, Kwargs, State, TeraResult, Value};

/// The zones that are compiled in: those of the machine may be older, newer, or missing.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

static PARSER: DateTimeParser = DateTimeParser::new();

/// `{{ page.date | date(format="%d.%m.%Y", timezone="Europe/Berlin") }}`. Takes what `page.date`
/// prints, RFC 3339, a bare day, or seconds since 1970. Without a `timezone` a date keeps the
/// offset that it was written with. The format is that of strftime, `%Y-%m-%d` by default; with a
/// `locale` it is a pattern of Unicode's UTS 35, such as `d MMMM y`.
pub fn date(value: &Value, kwargs: Kwargs, _: &State) -> TeraResult<String> {
    spend(value, &kwargs)?;
    let zone = kwargs.get::<&str>("timezone")?.map(zone).transpose()?;
    let mut date = moment(value, zone.clone().unwrap_or(TimeZone::UTC))?;
    if let Some(zone) = zone {
        date = date.with_time_zone(zone);
    }
    let format = kwargs.get::<&str>("format")?;
    match (kwargs.get::<&str>("locale")?, format) {
        (Some(locale), Some(format)) => localized::format(&date, format, locale),
        (Some(_), None) => Err(Error::message(
            "`locale` needs a `format`, such as \"d MMMM y\"",
        )),
        (None, format) => {
            let format = format.unwrap_or("%Y-%m-%d");
            strtime::format(format, &date).map_err(|error| {
                Error::message(format!("`{format}` is not a date format: {error}"))
            })
        }
    }
}

/// `{% if page.date is before(other="2024-01-01", inclusive=true) %}`
pub fn is_before(value: &Value, kwargs: Kwargs, _: &State) -> TeraResult<bool> {
    let (this, other, inclusive) = two_moments(value, &kwargs)?;
    Ok(if inclusive {
        this <= other
    } else {
        this < other
    })
}

/// `{% if page.date is after(other="2024-01-01", inclusive=true) %}`
pub fn is_after(value: &Value, kwargs: Kwargs, _: &State) -> TeraResult<bool> {
    let (this, other, inclusive) = two_moments(value, &kwargs)?;
    Ok(if inclusive {
        this >= other
    } else {
        this > other
    })
}

/// Steps of reading or writing one date.
const DATE_STEPS: u64 = 10;

fn spend(value: &Value, arguments: &Kwargs) -> TeraResult<()> {
    budget::spend(DATE_STEPS)?;
    budget::spend_bytes(value.as_str().map_or(0, str::len))?;
    budget::of_arguments(arguments)?;
    // Each sign of a pattern writes several.
    let format = arguments.get::<&str>("format")?;
    budget::spend_bytes(8 * format.map_or(0, str::len))
}

fn two_moments(value: &Value, kwargs: &Kwargs) -> TeraResult<(Zoned, Zoned, bool)> {
    spend(value, kwargs)?;
    let other = kwargs.must_get::<&Value>("other")?;
    let inclusive = kwargs.get::<bool>("inclusive")?.unwrap_or(false);
    Ok((
        moment(value, TimeZone::UTC)?,
        moment(other, TimeZone::UTC)?,
        inclusive,
    ))
}

fn zone(name: &str) -> TeraResult<TimeZone> {
    ZONES
        .get(name)
        .map_err(|_| Error::message(format!("`{name}` is not a time zone")))
}

/// What a value says of time; `zone` is where a date without an offset happens.
fn moment(value: &Value, zone: TimeZone) -> TeraResult<Zoned> {
    if let Some(text) = value.as_str() {
        return moment_of_text(text, zone)
            .map_err(|error| Error::message(format!("`{text}` is not a date: {error}")));
    }
    let seconds = value.as_i64().ok_or_else(|| {
        Error::message(format!(
            "a date is text or a whole number, not {}",
            value.name()
        ))
    })?;
    let timestamp = Timestamp::from_second(seconds)
        .map_err(|error| Error::message(format!("`{seconds}` is not a date: {error}")))?;
    Ok(timestamp.to_zoned(zone))
}

/// From the most precise form to the least: with a zone's name, with an offset, local, a bare day.
fn moment_of_text(text: &str, zone: TimeZone) -> Result<Zoned, jiff::Error> {
    if let Ok(zoned) = PARSER.parse_zoned_with(&ZONES, text) {
        return Ok(zoned);
    }
    if let Ok(timestamp) = PARSER.parse_timestamp(text) {
        let offset = Pieces::parse(text)?.to_numeric_offset();
        return Ok(timestamp.to_zoned(offset.map_or(zone, TimeZone::fixed)));
    }
    let local = match PARSER.parse_datetime(text) {
        Ok(datetime) => datetime,
        Err(_) => PARSER.parse_date(text)?.to_datetime(Time::midnight()),
    };
    // 9999-12-31, which pins a post, is a point in time only far in the east.
    local
        .to_zoned(zone)
        .or_else(|_| local.to_zoned(TimeZone::fixed(Offset::MAX)))
}
