//! Dates in the words of a language.

use icu_calendar::{Gregorian, Iso};
use icu_datetime::fieldsets::enums::CompositeFieldSet;
use icu_datetime::pattern::{DateTimePattern, FixedCalendarDateTimeNames};
use icu_locale::Locale;
use icu_time::zone::models::AtTime;
use icu_time::{TimeZoneInfo, ZonedDateTime};
use jiff::Zoned;
use jiff_icu::ConvertFrom;
use tera::{Error, TeraResult};
use writeable::TryWriteable;

/// Formats a date by a pattern of UTS 35 with the names that Unicode's CLDR has for the locale,
/// which may be written `fr`, `fr-FR` or `fr_FR` (site model, section 22).
pub fn format(date: &Zoned, format: &str, locale: &str) -> TeraResult<String> {
    if format.contains('%') {
        let message =
            format!("`{format}` is a strftime format; with a locale use UTS 35: d MMMM y");
        return Err(Error::message(message));
    }
    let no_format = |error: &dyn std::fmt::Display| {
        Error::message(format!(
            "`{format}` is not a UTS 35 date format for {locale}: {error}"
        ))
    };
    let id = Locale::try_from_str(&locale.replace('_', "-"))
        .map_err(|_| Error::message(format!("`{locale}` is not a locale")))?;
    let pattern = DateTimePattern::try_from_pattern_str(format).map_err(|e| no_format(&e))?;
    let mut names = FixedCalendarDateTimeNames::<Gregorian, CompositeFieldSet>::try_new(id.into())
        .map_err(|error| {
            Error::message(format!("there are no date names for {locale}: {error}"))
        })?;
    let formatter = names
        .include_for_pattern(&pattern)
        .map_err(|e| no_format(&e))?;

    let iso = ZonedDateTime::<Iso, TimeZoneInfo<AtTime>>::convert_from(date);
    let date = ZonedDateTime {
        date: iso.date.to_calendar(Gregorian),
        time: iso.time,
        zone: iso.zone,
    };
    let formatted = formatter.format(&date);
    let text = formatted.try_write_to_string();
    text.map(|text| text.into_owned())
        .map_err(|(error, _)| no_format(&error))
}
