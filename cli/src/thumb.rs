//! `quillfront thumb`: one thumbnail of a file, or what a URL is to caches and buckets.

use crate::args::{Global, Thumb};
use crate::exit::{self, UsageError};
use crate::{image_key, out, show};
use anyhow::{Context, Result};
use jiff::Timestamp;
use quillfront_edge::respond::Body;
use quillfront_edge::thumbnail::{self, Resolution, ThumbnailRequest};
use quillfront_headers::Rules;
use quillfront_image_urls::transform::Format;
use quillfront_image_urls::{AcceptedFormats, Limits, Options, Settings, Variant};
use quillfront_images::thumbnail::{Thumbnail, ThumbnailError, make};
use quillfront_site::quillfront_toml::{KEY, OwnConfig};
use serde::Serialize;
use std::io::{ErrorKind, Read, Write};
use std::path::Path;
use std::sync::Arc;

/// Formats by the ends of names.
const FORMATS: [(&str, Format); 6] = [
    ("avif", Format::Avif),
    ("webp", Format::Webp),
    ("jpg", Format::Jpeg),
    ("jpeg", Format::Jpeg),
    ("png", Format::Png),
    ("json", Format::Json),
];

pub fn run(global: &Global, options: Thumb) -> Result<u8> {
    let settings = settings(&global.root)?;
    match options.canonical {
        Some(url) => canonical(global, &url, &options.accept, settings),
        None => one(options, &settings),
    }
}

/// What the site says of its thumbnails.
pub fn settings(root: &Path) -> Result<Settings> {
    let path = root.join(KEY);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => Some(Arc::from(text)),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(error).with_context(|| path.display().to_string()),
    };
    match OwnConfig::of(text.as_ref()) {
        Ok(own) => Ok(own.images.settings),
        Err(problems) => {
            let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
            Err(UsageError(problems.join("\n")).into())
        }
    }
}

/// Prints the path by which caches and buckets know a thumbnail.
fn canonical(global: &Global, url: &str, accept: &str, images: Settings) -> Result<u8> {
    let rules = Rules {
        images,
        ..Rules::default()
    };
    let now = global.now.unwrap_or_else(Timestamp::now).as_second();
    let viewed = ThumbnailRequest {
        path: path_of(url),
        accept,
        keys: &image_key::keys()?,
        now: now.try_into().unwrap_or(0),
    };
    let asked = thumbnail::ask(viewed, &rules);
    if let Resolution::Thumbnail { path, .. } = &asked {
        out::line(path)?;
        return Ok(exit::GOOD);
    }
    let why = why_not(&asked, viewed.path, &rules).unwrap_or_default();
    show::failure(&anyhow::anyhow!("{why}"));
    Ok(exit::DIAGNOSTICS)
}

/// Why there is no thumbnail at a path; none where there is one.
pub fn why_not(asked: &Resolution, path: &str, rules: &Rules) -> Option<String> {
    match asked {
        Resolution::Thumbnail { .. } => None,
        Resolution::Ordinary => {
            let prefix = &rules.images.prefix;
            Some(format!(
                "{path} is no thumbnail, but an ordinary file of the site: a thumbnail is {prefix}/OPTIONS/PATH, \
                 with an `=` in OPTIONS"
            ))
        }
        Resolution::Answer(answer) => match &answer.body {
            Body::Text(text) => Some(text.trim_end().to_owned()),
            Body::Object | Body::Empty => Some(answer.status.to_string()),
        },
    }
}

/// The path of a URL, as it is written.
pub fn path_of(url: &str) -> &str {
    let behind_host = url
        .split_once("://")
        .map(|(_, rest)| rest.find('/').map_or("/", |at| &rest[at..]));
    let path = behind_host.unwrap_or(url);
    path.split(['?', '#']).next().unwrap_or_default()
}

/// What was made.
#[derive(Serialize)]
struct Report {
    content_type: &'static str,
    width: u32,
    height: u32,
    bytes: usize,
    remark: Option<&'static str>,
}

/// Makes one thumbnail of a file.
fn one(options: Thumb, settings: &Settings) -> Result<u8> {
    let (Some(text), Some(from), Some(to)) = (options.options, options.from, options.to) else {
        let message = "name the options, the original and the file to write: quillfront thumb width=640 cat.jpg cat.webp";
        return Err(UsageError(message.to_owned()).into());
    };
    let parsed =
        Options::parse(&text, settings).map_err(|refusal| UsageError(refusal.to_string()))?;
    let name = from.to_string_lossy();
    let mut transform = Variant::of(
        &name,
        parsed.unrestricted(settings),
        AcceptedFormats::default(),
    )
    .transform;
    transform.format = transform.format.or_else(|| format_of(&to));
    let original = read(&from, &settings.limits)?;
    let made = original.and_then(|original| make(&original, &transform, &settings.limits));
    let thumbnail = match made {
        Ok(thumbnail) => thumbnail,
        Err(error) => {
            show::failure(&anyhow::anyhow!("{}: {error}", from.display()));
            return Ok(exit::DIAGNOSTICS);
        }
    };
    if to.as_os_str() == "-" {
        let mut stdout = std::io::stdout().lock();
        let written = stdout
            .write_all(&thumbnail.bytes)
            .and_then(|()| stdout.flush());
        written.context("standard output")?;
        return Ok(exit::GOOD);
    }
    std::fs::write(&to, &thumbnail.bytes).with_context(|| to.display().to_string())?;
    let report = Report::of(&thumbnail);
    if options.json {
        out::json(&report)?;
    } else {
        let Report {
            content_type,
            width,
            height,
            bytes,
            remark,
        } = &report;
        let remark = remark
            .map(|remark| format!(" ({remark})"))
            .unwrap_or_default();
        let to = to.display();
        show::note(&format!(
            "{to}: {content_type}, {width} × {height}, {bytes} bytes{remark}"
        ));
    }
    Ok(exit::GOOD)
}

impl Report {
    fn of(thumbnail: &Thumbnail) -> Self {
        Self {
            content_type: thumbnail.content_type,
            width: thumbnail.width,
            height: thumbnail.height,
            bytes: thumbnail.bytes.len(),
            remark: thumbnail.remark,
        }
    }
}

/// The format that the end of a file's name means.
fn format_of(file: &Path) -> Option<Format> {
    let end = file.extension()?.to_str()?.to_ascii_lowercase();
    let known = FORMATS.iter().find(|(known, _)| *known == end);
    known.map(|(_, format)| *format)
}

/// Reads an original, unless it is over the limit.
fn read(path: &Path, limits: &Limits) -> Result<Result<Vec<u8>, ThumbnailError>> {
    let context = || path.display().to_string();
    let file = std::fs::File::open(path).with_context(context)?;
    let mut bytes = Vec::new();
    file.take(limits.bytes + 1)
        .read_to_end(&mut bytes)
        .with_context(context)?;
    if bytes.len() as u64 > limits.bytes {
        let most = limits.bytes;
        return Ok(Err(ThumbnailError::TooLarge(format!(
            "it has more than {most} bytes"
        ))));
    }
    Ok(Ok(bytes))
}
