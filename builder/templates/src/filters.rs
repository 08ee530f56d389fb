//! Filters and tests that need nothing of the site (site model, sections 10 and 22).
//!
//! Tera's own that go through texts and lists are written again here, so that they take steps of a
//! [budget](crate::budget); those that could make gigabytes of a page are [bounded](sizes). What Zola takes from `tera-contrib` is taken from there too, but
//! for dates and chance, which would look at the time zones and the random numbers of the machine:
//! a page must come out the same everywhere.

pub mod dates;
mod groups;
mod lists;
mod localized;
mod numbers;
mod patterns;
mod shuffle;
pub mod sizes;
mod texts;

pub use shuffle::Chance;

use tera::Tera;
use texts::{counted, counted_input};

/// Registers them all. The `markdown` filter and all functions are registered by whoever has the
/// site.
pub fn register(tera: &mut Tera) {
    texts::register(tera);
    lists::register(tera);
    tera.register_filter("base64_encode", counted(tera_contrib::base64::b64_encode));
    tera.register_filter("base64_decode", counted(tera_contrib::base64::b64_decode));
    tera.register_filter(
        "filesizeformat",
        tera_contrib::filesize_format::filesize_format,
    );
    tera.register_filter(
        "format",
        texts::counted_value(|value, arguments, state| {
            tera_contrib::format::format(value.clone(), arguments, state)
        }),
    );
    tera.register_filter("group_by", groups::group_by);
    tera.register_filter("json_encode", sizes::json_encode);
    tera.register_filter("regex_replace", patterns::regex_replace);
    tera.register_filter("replace", sizes::replace);
    tera.register_filter("join", sizes::join);
    tera.register_filter("indent", sizes::indent);
    tera.register_filter("str", sizes::as_text);
    tera.register_filter("slugify", counted(tera_contrib::slug::slug));
    tera.register_filter("spaceless", counted_input(tera_contrib::regex::spaceless));
    tera.register_filter("striptags", counted(tera_contrib::regex::striptags));
    tera.register_filter("urlencode", counted(tera_contrib::urlencode::urlencode));
    tera.register_filter(
        "urlencode_strict",
        counted(tera_contrib::urlencode::urlencode_strict),
    );
    tera.register_test("matching", patterns::matching);
    tera.register_test("containing", patterns::containing);

    tera.register_filter("date", dates::date);
    tera.register_test("before", dates::is_before);
    tera.register_test("after", dates::is_after);
    tera.register_filter("num_format", numbers::num_format);
    tera.register_filter("shuffle", shuffle::shuffle);
}

#[cfg(test)]
mod tests;
