//! The filter `num_format`.

use num_format::{Locale, ToFormattedString};
use tera::{Error, Kwargs, State, TeraResult, Value};

/// `{{ 1234567 | num_format(locale="fr") }}`: digits in groups, as a language has them. The
/// default is the site's default language (site model, section 10).
pub fn num_format(value: i128, kwargs: Kwargs, state: &State) -> TeraResult<String> {
    crate::budget::of_arguments(&kwargs)?;
    let locale = match kwargs.get::<&str>("locale")? {
        Some(name) => Locale::from_name(name).map_err(|_| {
            Error::message(format!("`{name}` is not a locale that num_format knows"))
        })?,
        None => default_locale(state)?,
    };
    Ok(value.to_formatted_string(&locale))
}

/// The site's default language, without its region if need be; English where there is no site, as
/// in components, or where the language is not known.
fn default_locale(state: &State) -> TeraResult<Locale> {
    let config = state.get::<Value>("config")?;
    let language = config
        .as_ref()
        .and_then(|config| config.get_from_path("default_language"));
    let name = language.and_then(Value::as_str).unwrap_or("en");
    let base = name.split(['-', '_']).next().unwrap_or(name);
    Ok(Locale::from_name(name)
        .or_else(|_| Locale::from_name(base))
        .unwrap_or(Locale::en))
}
