//! `quillfront sign`: the signed URL of a thumbnail that is not for everybody.

use crate::args::{Global, Sign};
use crate::exit::{self, UsageError};
use crate::image_key::{VARIABLE, keys};
use crate::thumb::{path_of, settings, why_not};
use crate::{out, show};
use anyhow::Result;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use quillfront_edge::route::route;
use quillfront_edge::thumbnail::{self, Resolution, ThumbnailRequest};
use quillfront_headers::Rules;
use quillfront_image_urls::{Keys, Options, Place, Refusal, SignedOptions, encode_path, sign};
use serde::Serialize;

/// What `--json` tells.
#[derive(Serialize)]
struct Report {
    url: String,
    /// RFC 3339.
    expires: String,
}

pub fn run(global: &Global, options: Sign) -> Result<u8> {
    let keys = keys()?;
    if keys.is_empty() {
        let message = format!(
            "{VARIABLE} is not set: it has the key that signs, which the edge has too; `openssl rand -hex 32` makes one"
        );
        return Err(UsageError(message).into());
    }
    let now = global.now.unwrap_or_else(Timestamp::now);
    let expires = expiry(&options.expires, now)?;
    let rules = Rules {
        images: settings(&global.root)?,
        ..Rules::default()
    };
    let path = path_of(&options.url);
    let signed = match signed(path, expires, &keys, &rules) {
        Ok(signed) => signed,
        Err(why) => {
            show::failure(&anyhow::anyhow!("{why}"));
            return Ok(exit::DIAGNOSTICS);
        }
    };
    // It has to be one for the edge as well, whatever was signed.
    let viewed = ThumbnailRequest {
        path: &signed,
        accept: "",
        keys: &keys,
        now: seconds(now),
    };
    if let Some(why) = why_not(&thumbnail::ask(viewed, &rules), path, &rules) {
        show::failure(&anyhow::anyhow!("{why}"));
        return Ok(exit::DIAGNOSTICS);
    }
    let url = options.url.replacen(path, &signed, 1);
    if options.json {
        let expires = expires.to_string();
        out::json(&Report { url, expires })?;
    } else {
        out::line(&url)?;
    }
    Ok(exit::GOOD)
}

/// Reads when a URL expires: a time, or how long from now.
fn expiry(text: &str, now: Timestamp) -> Result<Timestamp> {
    let after = |span: Span| now.to_zoned(TimeZone::UTC).checked_add(span);
    let time = match (text.parse::<Timestamp>(), text.parse::<Span>()) {
        (Ok(time), _) => Some(time),
        (_, Ok(span)) => after(span).ok().map(|time| time.timestamp()),
        _ => None,
    };
    let Some(time) = time else {
        let message = format!(
            "--expires must be a time such as 2027-01-01T00:00:00Z or a duration such as 30d, not `{text}`"
        );
        return Err(UsageError(message).into());
    };
    if time.as_second() <= now.as_second() {
        return Err(UsageError(format!("--expires: {time} is past")).into());
    }
    Ok(time)
}

fn seconds(time: Timestamp) -> u64 {
    time.as_second().try_into().unwrap_or(0)
}

/// Returns the path with the signature. One that it has already is replaced.
fn signed(path: &str, expires: Timestamp, keys: &Keys, rules: &Rules) -> Result<String, String> {
    let settings = &rules.images;
    let key = route(path).map_err(|refusal| refusal.to_string())?;
    let (options, original) = match Place::of(key.as_str(), settings) {
        Place::Thumbnail { options, original } => (options, original),
        Place::Canonical => return Err(Refusal::Canonical.to_string()),
        Place::Ordinary => {
            return Err(why_not(&Resolution::Ordinary, path, rules).unwrap_or_default());
        }
    };
    if path.ends_with('/') {
        let prefix = &settings.prefix;
        return Err(format!(
            "{path} is a folder: write the path of a picture, such as {prefix}/width=640/photos/cat.jpg"
        ));
    }
    let told = |refusal: Refusal| refusal.to_string();
    let already = SignedOptions::read(options).map_err(told)?;
    let options = already.map_or(options, |signed| signed.options);
    // A fragment would begin there, and colours do without.
    let options = options.replace('#', "");
    Options::parse(&options, settings).map_err(told)?;
    let expires = seconds(expires);
    let message = sign::message(&options, original, expires, settings);
    let signature = keys.sign(&message).ok_or("there is no key")?;
    let (prefix, original) = (&settings.prefix, encode_path(original));
    Ok(format!(
        "{prefix}/{options},e={expires},s={signature}/{original}"
    ))
}
