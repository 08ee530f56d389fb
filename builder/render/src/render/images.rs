//! `resize_image` and `get_image_metadata` (site model, sections 9, 14 and 22).

use super::files;
use super::scope::{self, Scope, scope};
use super::thumbnails;
use super::world::{Measure, World};
use crate::graph::TextQuestion;
use quillfront_images::{Encoding, Filter, Format, Job, Resize};
use quillfront_site::fingerprint::Fingerprint;
use quillfront_site::key::{OutputKey, SourceKey};
use quillfront_site::plan::PICTURES;
use quillfront_site::quillfront_toml::ResizeMode;
use tera::{Error, Kwargs, Map, State, Value};

/// Pictures in other sizes that the text of one page, or the templates of one output, may ask for.
pub(super) const MAX_PICTURES: usize = 1_000;

/// Refuses to go on where a render refers to too many pictures.
fn check_count(count: usize, what: &str) -> Result<(), Error> {
    if count > MAX_PICTURES {
        return fail(format!(
            "resize_image: {what} asks for more than {MAX_PICTURES} resized pictures; use fewer sizes, \
             or spread the pictures over several pages"
        ));
    }
    Ok(())
}

type Answer = Result<Value, Error>;

fn fail<T>(message: impl Into<String>) -> Result<T, Error> {
    Err(Error::message(message.into()))
}

/// Width, height, format and type of a picture, and what its camera wrote.
pub(super) fn get_image_metadata(arguments: Kwargs, _: &State) -> Answer {
    let world = scope()?.world;
    let path = arguments.must_get::<&str>("path")?;
    let allow_missing = arguments.get::<bool>("allow_missing")?.unwrap_or(false);
    scope::ask(&world, || TextQuestion::Picture(path.to_owned()));
    let Some(key) = files::source(&world, path)? else {
        return if allow_missing {
            Ok(Value::none())
        } else {
            fail(format!("get_image_metadata: there is no file `{path}`"))
        };
    };
    let Some(Measure { probe: found, .. }) = measured(&world, &key, "get_image_metadata")? else {
        return Ok(stand_in());
    };
    let text = |text: Option<String>| text.map_or_else(Value::none, Value::from);
    Ok(answer([
        ("width", found.width.into()),
        ("height", found.height.into()),
        ("format", found.format.name().into()),
        ("mime", found.format.mime().into()),
        ("description", text(found.description)),
        ("created", text(found.created)),
    ]))
}

/// Asks for a picture in another size or format; answers with its address.
pub(super) fn resize_image(arguments: Kwargs, _: &State) -> Answer {
    let Scope {
        world, contents, ..
    } = scope()?;
    let in_text = contents.is_none();
    let path = arguments.must_get::<&str>("path")?;
    let resize = resize_of(&arguments)?;
    let filter = filter_of(&arguments)?;
    scope::ask(&world, || TextQuestion::Picture(path.to_owned()));
    let Some(source) = files::source(&world, path)? else {
        return fail(format!("resize_image: there is no file `{path}`"));
    };
    let Some(measure) = measured(&world, &source, "resize_image")? else {
        return Ok(stand_in());
    };
    let found = &measure.probe;
    if matches!(found.format, Format::Svg | Format::Avif) {
        let name = found.format.name();
        let message = "can be shown and measured, but not resized";
        return fail(format!(
            "resize_image: `{source}` is {name}, which {message}"
        ));
    }
    let job = Job {
        resize,
        encoding: encoding_of(&arguments, found.format)?,
        filter,
    };
    let geometry = job
        .geometry(found.width, found.height)
        .map_err(|error| Error::message(format!("resize_image: `{source}`: {error}")))?;
    scope::ask(&world, || TextQuestion::PublishedAs(source.to_string()));
    let by_url = match world.own.images.resized {
        ResizeMode::ByUrl => {
            let format = arguments.get::<&str>("format")?;
            let is_auto = format.is_none_or(|format| format == "auto");
            thumbnails::resized(&world, &source, &measure, &job, is_auto)
        }
        ResizeMode::AtBuild => None,
    };
    let sizes = [
        ("width", geometry.width.into()),
        ("height", geometry.height.into()),
        ("orig_width", found.width.into()),
        ("orig_height", found.height.into()),
    ];
    if let Some(url) = by_url {
        // There is no file but the original.
        let original = source.as_str();
        let place = [("url", url.into()), ("static_path", original.into())];
        return Ok(answer(place.into_iter().chain(sizes)));
    }
    let key = key_of(&source, &job, measure.content);
    let what = if in_text {
        "the text of this page"
    } else {
        "this page"
    };
    let count = scope::want_picture(OutputKey::from(key.as_str()), source, job);
    check_count(count, what)?;
    let place = [
        ("url", world.config.make_file_url(&key).into()),
        ("static_path", format!("static/{key}").into()),
    ];
    Ok(answer(place.into_iter().chain(sizes)))
}

fn answer(fields: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    let map: Map = fields.into_iter().map(|(k, v)| (k.into(), v)).collect();
    Value::from(map)
}

/// The answer of either function for a picture that is not read yet: what is rendered with it is
/// thrown away, but may come upon more of them.
fn stand_in() -> Value {
    let text = || Value::from("");
    answer([
        ("url", text()),
        ("static_path", text()),
        ("format", text()),
        ("mime", text()),
        ("description", Value::none()),
        ("created", Value::none()),
        ("width", 1.into()),
        ("height", 1.into()),
        ("orig_width", 1.into()),
        ("orig_height", 1.into()),
    ])
}

/// What is known of a picture. None where it is not read yet; then it is noted as needed.
fn measured(world: &World, key: &SourceKey, function: &str) -> Result<Option<Measure>, Error> {
    match world.measured.get(key) {
        Some(Ok(found)) => Ok(Some(found.clone())),
        Some(Err(problem)) => fail(format!("{function}: {problem}")),
        None => {
            scope::need_picture(key.clone());
            Ok(None)
        }
    }
}

/// `stem.<16 hex>.ext`. The digits are a fingerprint of all that the bytes depend on, so that they
/// never change under this name.
fn key_of(source: &SourceKey, job: &Job, content: Fingerprint) -> String {
    let parts = [source.as_str().to_owned(), content.hex(), job.canonical()];
    let hash = Fingerprint::of_parts(parts.iter().map(String::as_bytes)).hex();
    let stem = source.name().rsplit_once('.').map_or("", |(stem, _)| stem);
    let stem = if stem.is_empty() { source.name() } else { stem };
    format!(
        "{PICTURES}{stem}.{}.{}",
        &hash[..16],
        job.encoding.extension()
    )
}

/// A number of pixels; 0 as well for a side that the operation does not `use`.
fn pixels(arguments: &Kwargs, name: &str, is_used: bool) -> Result<Option<u32>, Error> {
    match arguments.get::<i64>(name)? {
        None => Ok(None),
        Some(0) if !is_used => Ok(None),
        Some(number) => match u32::try_from(number) {
            Ok(number) if number > 0 => Ok(Some(number)),
            _ => fail(format!(
                "resize_image: {name} must be a number of pixels, at least 1, not {number}"
            )),
        },
    }
}

fn resize_of(arguments: &Kwargs) -> Result<Resize, Error> {
    let op = arguments.get::<&str>("op")?.unwrap_or("fill");
    let width = pixels(arguments, "width", op != "fit_height")?;
    let height = pixels(arguments, "height", op != "fit_width")?;
    let both = || match (width, height) {
        (Some(width), Some(height)) => Ok((width, height)),
        _ => fail(format!("resize_image: op=\"{op}\" needs width and height")),
    };
    match op {
        "scale" => both().map(|(width, height)| Resize::Scale(width, height)),
        "fit" => both().map(|(width, height)| Resize::Fit(width, height)),
        "fill" => both().map(|(width, height)| Resize::Fill(width, height)),
        "fit_width" => match width {
            Some(width) => Ok(Resize::FitWidth(width)),
            None => fail("resize_image: op=\"fit_width\" needs a width"),
        },
        "fit_height" => match height {
            Some(height) => Ok(Resize::FitHeight(height)),
            None => fail("resize_image: op=\"fit_height\" needs a height"),
        },
        other => fail(format!(
            "resize_image: op must be scale, fit_width, fit_height, fit or fill, not `{other}`"
        )),
    }
}

/// Site model, section 14.
const JPEG_QUALITY: u8 = 75;
const AVIF_QUALITY: u8 = 80;
const AVIF_SPEED: u8 = 5;

fn encoding_of(arguments: &Kwargs, from: Format) -> Result<Encoding, Error> {
    let format = arguments.get::<&str>("format")?.unwrap_or("auto");
    let number = |name: &str, low: i64, high: i64| match arguments.get::<i64>(name)? {
        None => Ok(None),
        Some(number) if (low..=high).contains(&number) => Ok(u8::try_from(number).ok()),
        Some(number) => fail(format!(
            "resize_image: {name} must be {low} to {high} for {format}, not {number}"
        )),
    };
    let speed = number("speed", 1, 10)?.unwrap_or(AVIF_SPEED);
    let jpeg = |quality: Option<u8>| Encoding::Jpeg {
        quality: quality.unwrap_or(JPEG_QUALITY),
    };
    match format {
        "auto" if from.is_lossy() => number("quality", 1, 100).map(jpeg),
        "jpg" | "jpeg" => number("quality", 1, 100).map(jpeg),
        // It has no quality, but what would be one elsewhere does no harm.
        "auto" | "png" => number("quality", 0, 100).map(|_| Encoding::Png),
        "webp" => number("quality", 0, 100).map(|quality| Encoding::Webp { quality }),
        "avif" => number("quality", 1, 100).map(|quality| Encoding::Avif {
            quality: quality.unwrap_or(AVIF_QUALITY),
            speed,
        }),
        other => fail(format!(
            "resize_image: format must be auto, jpg, png, webp or avif, not `{other}`"
        )),
    }
}

fn filter_of(arguments: &Kwargs) -> Result<Filter, Error> {
    let Some(name) = arguments.get::<&str>("filter")? else {
        return Ok(Filter::default());
    };
    match Filter::named(name) {
        Some(filter) => Ok(filter),
        None => {
            let known: Vec<&str> = Filter::NAMED.iter().map(|(name, _)| *name).collect();
            let known = known.join(", ");
            fail(format!(
                "resize_image: filter must be one of {known}, not `{name}`"
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Published addresses are links in other people's pages, and are cached for a year.
    #[test]
    fn the_addresses_of_pictures_never_change() {
        let content = Fingerprint::of(b"the bytes of a picture");
        let of = |source: &str, resize, encoding, filter| {
            let job = Job {
                resize,
                encoding,
                filter,
            };
            key_of(&SourceKey::from(source), &job, content)
        };
        let (jpeg, webp) = (
            Encoding::Jpeg { quality: 75 },
            Encoding::Webp { quality: None },
        );
        let cat = "static/cat.png";
        let golden = [
            (
                of(cat, Resize::Fill(300, 200), jpeg, Filter::Lanczos3),
                "cat.1facbd195511b33b.jpg",
            ),
            (
                of(cat, Resize::FitWidth(300), webp, Filter::Box),
                "cat.dda3c736fab2fcb1.webp",
            ),
        ];
        for (key, name) in golden {
            assert_eq!(key, format!("{PICTURES}{name}"));
        }
    }
}
