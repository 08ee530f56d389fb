//! Filters that need the site or serve the built-in templates.

use super::content::markdown_of;
use super::world::scope;
use crate::dates::{Date, Offset};
use crate::markdown::{AnchorLinks, Options};
use tera::{Error, Kwargs, State, Tera, Value};

/// Registers `markdown` (site model, section 10) and the dates of feeds.
pub fn register(tera: &mut Tera) {
    tera.register_filter("markdown", markdown);
    tera.register_filter("feed_date", |text: &str, _: Kwargs, _: &State| {
        feed_date(text).map(|date| date.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string())
    });
    tera.register_filter("feed_date_rfc2822", |text: &str, _: Kwargs, _: &State| {
        feed_date(text).map(|date| date.strftime("%a, %d %b %Y %H:%M:%S %z").to_string())
    });
}

/// Markdown to HTML; `inline=true` leaves the paragraph around it out.
fn markdown(text: &str, arguments: Kwargs, state: &State) -> Result<Value, Error> {
    let inline = arguments.get::<bool>("inline")?.unwrap_or(false);
    let world = scope()?.world;
    let lang = state
        .get::<String>("lang")?
        .unwrap_or_else(|| world.config.default_language.clone());
    let options = world.config.markdown_options();
    let options = Options {
        insert_anchor_links: AnchorLinks::None,
        ..options
    };
    let permalink = permalink_of(state)?.unwrap_or_default();
    let document = markdown_of(&world, text, &permalink, &lang, &options).map_err(|problems| {
        let all: Vec<String> = problems
            .into_iter()
            .map(|problem| problem.message)
            .collect();
        Error::message(all.join("; "))
    })?;
    let html = document.html.as_str();
    let trimmed = html.trim_end();
    let bare = trimmed
        .strip_prefix("<p>")
        .and_then(|rest| rest.strip_suffix("</p>"));
    Ok(Value::safe_string(match bare {
        Some(bare) if inline => bare,
        _ => html,
    }))
}

/// The address that relative links of a text are under: that of the page or section at hand, be it
/// the one that is rendered or the `page` of a loop.
fn permalink_of(state: &State) -> Result<Option<String>, Error> {
    for name in ["page", "section"] {
        let value = state.get::<Value>(name)?;
        let permalink = value
            .as_ref()
            .and_then(|value| value.get_from_path("permalink"));
        if let Some(permalink) = permalink.and_then(Value::as_str) {
            return Ok(Some(permalink.to_owned()));
        }
    }
    Ok(None)
}

/// A date as templates see it, in its own offset; one without offset is in UTC.
fn feed_date(text: &str) -> Result<jiff::Zoned, Error> {
    let wrong = || Error::message(format!("`{text}` is not a date"));
    let date = Date::parse(text).ok_or_else(wrong)?;
    let civil_date = jiff::civil::Date::new(date.year as i16, date.month as i8, date.day as i8);
    let time = match &date.time {
        Some(time) => jiff::civil::Time::new(
            time.hour as i8,
            time.minute as i8,
            time.second.min(59) as i8,
            0,
        ),
        None => Ok(jiff::civil::Time::midnight()),
    };
    let offset_minutes = match date.time.and_then(|time| time.offset) {
        Some(Offset::Minutes(minutes)) => minutes,
        Some(Offset::Utc) | None => 0,
    };
    let offset = jiff::tz::Offset::from_seconds(i32::from(offset_minutes) * 60);
    let (civil_date, time, offset) = (
        civil_date.map_err(|_| wrong())?,
        time.map_err(|_| wrong())?,
        offset.map_err(|_| wrong())?,
    );
    offset
        .to_timestamp(civil_date.to_datetime(time))
        .map(|timestamp| timestamp.to_zoned(offset.to_time_zone()))
        .map_err(|_| wrong())
}
