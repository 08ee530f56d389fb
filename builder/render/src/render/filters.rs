//! Filters that need the site or serve the built-in templates.

use super::content::markdown_of;
use super::scope::scope;
use quillfront_markdown::{AnchorLinks, Options};
use quillfront_site::dates::{Date, Offset};
use tera::{Error, Kwargs, State, Tera, Value};

/// Registers `markdown` (site model, section 10) and the dates of feeds.
pub fn register(tera: &mut Tera) {
    tera.register_filter("markdown", markdown);
    tera.register_filter("feed_date", |text: &str, _: Kwargs, _: &State| {
        let (date, offset) = feed_date(text)?;
        Ok::<_, Error>(format!(
            "{}{}",
            date.strftime("%Y-%m-%dT%H:%M:%S"),
            sign_of(offset, ":")
        ))
    });
    tera.register_filter("feed_date_rfc2822", |text: &str, _: Kwargs, _: &State| {
        let (date, offset) = feed_date(text)?;
        Ok::<_, Error>(format!(
            "{} {}",
            date.strftime("%a, %d %b %Y %H:%M:%S"),
            sign_of(offset, "")
        ))
    });
}

/// Markdown to HTML; `inline=true` leaves the paragraph around it out.
fn markdown(text: &str, arguments: Kwargs, state: &State) -> Result<Value, Error> {
    // Markdown takes about ten times as long as a search.
    quillfront_templates::budget::spend_bytes(10 * text.len())?;
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
    let document =
        markdown_of(&world, None, text, &permalink, &lang, &options).map_err(|problems| {
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

/// `+02:00` of minutes.
fn sign_of(minutes: i16, colon: &str) -> String {
    let sign = if minutes < 0 { '-' } else { '+' };
    let minutes = minutes.unsigned_abs();
    format!("{sign}{:02}{colon}{:02}", minutes / 60, minutes % 60)
}

/// A date as templates see it, in its own offset in minutes; one without offset is in UTC. It is
/// not made a point in time, which the first and last days that can be written need not be.
fn feed_date(text: &str) -> Result<(jiff::civil::DateTime, i16), Error> {
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
    let offset = match date.time.and_then(|time| time.offset) {
        Some(Offset::Minutes(minutes)) => minutes,
        Some(Offset::Utc) | None => 0,
    };
    let (civil_date, time) = (civil_date.map_err(|_| wrong())?, time.map_err(|_| wrong())?);
    Ok((civil_date.to_datetime(time), offset))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_has_any_date_that_can_be_written() {
        let mut tera = Tera::default();
        register(&mut tera);
        for (text, iso, mail) in [
            (
                "9999-12-31",
                "9999-12-31T00:00:00+00:00",
                "Fri, 31 Dec 9999 00:00:00 +0000",
            ),
            (
                "9999-12-31T23:59:60-12:00",
                "9999-12-31T23:59:59-12:00",
                "Fri, 31 Dec 9999 23:59:59 -1200",
            ),
            (
                "2024-02-29T18:04:05+05:30",
                "2024-02-29T18:04:05+05:30",
                "Thu, 29 Feb 2024 18:04:05 +0530",
            ),
            (
                "2024-02-29T18:04:05-00:30",
                "2024-02-29T18:04:05-00:30",
                "Thu, 29 Feb 2024 18:04:05 -0030",
            ),
            (
                "2024-02-29T18:04:05Z",
                "2024-02-29T18:04:05+00:00",
                "Thu, 29 Feb 2024 18:04:05 +0000",
            ),
        ] {
            let template =
                format!("{{{{ '{text}' | feed_date }}}}|{{{{ '{text}' | feed_date_rfc2822 }}}}");
            let made = tera.render_str(&template, &tera::Context::new(), false);
            assert_eq!(made.unwrap(), format!("{iso}|{mail}"));
        }
    }
}
