//! URLs of thumbnails in pages: pictures in other sizes that are made when a reader asks for them.

use super::originals;
use super::scope;
use super::world::{Measure, World};
use crate::graph::TextQuestion;
use percent_encoding::percent_decode_str;
use quillfront_image_urls::transform::{Fit, Format};
use quillfront_image_urls::{Place, Settings, Transform, Version, encode_path};
use quillfront_images::{self as images, Encoding, Filter, Job, Resize};
use quillfront_markdown::Picture;
use quillfront_site::key::SourceKey;

/// Narrower ones are for icons, not for what is as wide as a screen.
const NARROWEST: u32 = 320;
/// The one that is shown by what knows no `srcset`: a screen of usual size.
const USUAL: u32 = 1_280;
/// How wide a picture is shown where nobody says: as its place is, where the browser can tell, else as the screen.
const SIZES: &str = "auto, 100vw";
/// The most bytes of a key of a thumbnail, beside which its options have room.
const MAX_KEY_BYTES: usize = 800;

/// How a picture in Markdown is shown, at an address as it stands in the page; none where it is no picture of the
/// site's own, or the site does not want it.
pub fn picture(world: &World, url: &str) -> Option<Picture> {
    let images = &world.own.images;
    let path = images.responsive.then(|| own_path(world, url))??;
    scope::ask(world, || TextQuestion::Published(path.clone()));
    let source = world.published.source(&path)?;
    let measure = match world.measured.get(source) {
        Some(Ok(measure)) => measure,
        // It is shown as it is. What is wrong with it is told where it is resized.
        Some(Err(_)) => return None,
        None => {
            scope::need_picture(source.clone());
            return None;
        }
    };
    let version = originals::version(world, source, measure)?;
    let (width, height) = (measure.probe.width, measure.probe.height);
    let as_it_is = Picture {
        src: url.to_owned(),
        width,
        height,
        ..Picture::default()
    };
    let is_scalable = measure.probe.format != images::Format::Svg && !measure.is_animated;
    if !is_scalable || !may_have_thumbnails(&path, &images.settings) {
        return Some(as_it_is);
    }
    let sizes = images.sizes.as_deref().unwrap_or(SIZES);
    let steps = steps(&images.settings, width);
    let shown = |step: u32| url_of(world, &path, &auto(Some(step)), version);
    let usual = steps
        .iter()
        .rev()
        .find(|step| **step <= USUAL)
        .or(steps.first());
    let Some(usual) = usual else {
        return Some(as_it_is);
    };
    let of_step = |step: &u32| format!("{} {}w", shown(*step), (*step).min(width));
    let several = steps.len() > 1;
    let list: Vec<String> = steps.iter().filter(|_| several).map(of_step).collect();
    Some(Picture {
        src: shown(*usual),
        srcset: list.join(", "),
        sizes: if several {
            sizes.to_owned()
        } else {
            String::new()
        },
        ..as_it_is
    })
}

/// The widths that a picture is offered in: steps of the ladder up to the first one that shows all of it.
fn steps(settings: &Settings, width: u32) -> Vec<u32> {
    let wide: Vec<u32> = settings
        .widths
        .iter()
        .copied()
        .filter(|step| *step >= NARROWEST)
        .collect();
    let wide = if wide.is_empty() {
        settings.widths.clone()
    } else {
        wide
    };
    let smaller = wide.iter().take_while(|step| **step < width).count();
    wide.into_iter().take(smaller + 1).collect()
}

/// A width, in the format that the reader likes best.
fn auto(width: Option<u32>) -> (Transform, bool) {
    let transform = Transform {
        width,
        ..Transform::default()
    };
    (transform, true)
}

/// Returns the URL of the thumbnail that `resize_image` asks for; none where it has to be made at once, because no
/// URL says the same: it is not published, its proportions change, or they would on the ladder of sizes.
pub fn resized(
    world: &World,
    source: &SourceKey,
    measure: &Measure,
    job: &Job,
    is_auto: bool,
) -> Option<String> {
    let settings = &world.own.images.settings;
    let key = world.published.key(source.as_str())?.as_str();
    if job.filter != Filter::default() || !may_have_thumbnails(key, settings) {
        return None;
    }
    let step = |side: u32| settings.width_step(side);
    let is_reached = |side: u32| step(side) >= side;
    let (width, height, fit) = match job.resize {
        Resize::FitWidth(width) => (Some(width), None, Fit::Contain),
        Resize::FitHeight(height) => (None, Some(height), Fit::Contain),
        Resize::Fit(width, height) => (Some(width), Some(height), Fit::ScaleDown),
        Resize::Fill(width, height) if step(width) == width && step(height) == height => {
            (Some(width), Some(height), Fit::Cover)
        }
        Resize::Fill(..) | Resize::Scale(..) => return None,
    };
    if ![width, height].into_iter().flatten().all(is_reached) {
        return None;
    }
    let (format, quality) = match job.encoding {
        Encoding::Jpeg { quality } => (Format::Jpeg, Some(quality)),
        Encoding::Png => (Format::Png, None),
        Encoding::Webp { quality } => (Format::Webp, Some(quality?)),
        Encoding::Avif { quality, .. } => (Format::Avif, Some(quality)),
    };
    let transform = Transform {
        width: width.map(step),
        height: height.map(step),
        fit,
        quality: quality.map(|quality| settings.quality_step(quality.max(1))),
        format: (!is_auto).then_some(format),
        ..Transform::default()
    };
    let version = originals::version(world, source, measure)?;
    let transform = (transform.normalised(), is_auto);
    Some(url_of(world, key, &transform, version))
}

/// Whether the key of an original can stand in the URL of a thumbnail.
fn may_have_thumbnails(key: &str, settings: &Settings) -> bool {
    let asked = format!("{}/width=1/{key}", settings.folder());
    let is_one = matches!(Place::of(&asked, settings), Place::Thumbnail { .. });
    is_one && key.len() <= MAX_KEY_BYTES && !key.contains(['%', '\\'])
}

fn url_of(
    world: &World,
    key: &str,
    (transform, is_auto): &(Transform, bool),
    version: Version,
) -> String {
    let auto = if *is_auto { ",format=auto" } else { "" };
    let folder = world.own.images.settings.folder();
    let key = encode_path(key);
    let path = format!("{folder}/{transform}{auto},v={version}/{key}");
    world.config.make_file_url(&path)
}

/// The output key that an address of the site's own names, however it is written.
fn own_path(world: &World, url: &str) -> Option<String> {
    let base = world.config.make_file_url("");
    let path = match url.strip_prefix(&base) {
        Some(path) => path,
        None => {
            let path = url
                .strip_prefix('/')
                .filter(|path| !path.starts_with('/'))?;
            // Of a site below a path, addresses begin with it.
            match base_path(&base) {
                "" => path,
                folder => path.strip_prefix(folder)?.strip_prefix('/')?,
            }
        }
    };
    if path.contains(['?', '#']) {
        return None;
    }
    let decoded = percent_decode_str(path).decode_utf8().ok()?;
    let mut parts: Vec<&str> = Vec::new();
    for part in decoded.split('/') {
        match part {
            "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The path of a base URL that ends with a slash, without slashes at its ends.
fn base_path(base: &str) -> &str {
    let behind_scheme = base.split_once("://").map_or(base, |(_, rest)| rest);
    let path = behind_scheme.split_once('/').map_or("", |(_, path)| path);
    path.trim_matches('/')
}
