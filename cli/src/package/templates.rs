//! The templates of a package, filled with what the site needs and with the hashes of what they deploy.

use super::PackageFile;
use super::site::Site;
use crate::args::Part;
use anyhow::{Context, Result, anyhow};
use quillfront_edge::viewer::Behaviour;
use quillfront_headers::Edge;
use quillfront_infra::facts;
use quillfront_infra::template::{ALL, Filling, Template};
use sha2::{Digest, Sha256};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// The archives that templates name.
const ARCHIVES: [&str; 3] = [facts::BUILDER.code, facts::THUMBNAIL.code, facts::EDGE.code];

/// Returns the templates that deploy a part of a site. The archives are those that were `packed`, else those that an
/// earlier run has left in the `folder`; a template is left out where one of its archives is in neither.
///
/// # Errors
/// A file of the folder cannot be read.
pub(super) fn packed(
    part: Part,
    site: &Site,
    packed: &[PackageFile],
    folder: &Path,
) -> Result<Vec<PackageFile>> {
    let mut hashes = Vec::new();
    for archive in ARCHIVES {
        let file = packed.iter().find(|file| file.name == archive);
        let hash = match file {
            Some(file) => Some(hash(&file.bytes)),
            None => earlier(&folder.join(archive))?,
        };
        hashes.extend(hash.map(|hash| (archive.to_owned(), hash)));
    }
    let images = site.function(Behaviour::Pictures)?;
    let images = images.context("the pictures have no function")?;
    let pages = site.function(Behaviour::Default)?;
    let filling = Filling {
        pages: pages.as_deref(),
        images: &images,
        is_policy: site.rules.edge == Edge::Policy,
        hashes: &hashes,
    };
    let has = |archive: &&str| hashes.iter().any(|(name, _)| name == archive);
    let templates = ALL.into_iter().filter(|template| {
        let archives = archives(template);
        is_of(part, template, site) && archives.iter().all(|archive| has(&archive.code))
    });
    templates
        .map(|template| {
            let text = template.fill(filling);
            let text = text.map_err(|error| anyhow!("{}: {error}", template.name))?;
            Ok(PackageFile::file(template.name, text.into_bytes()))
        })
        .collect()
}

/// What a template deploys.
fn archives(template: &Template) -> &'static [facts::Function] {
    match template.name {
        "headers.yaml" => &[facts::EDGE],
        "thumbnails.yaml" => &[facts::THUMBNAIL],
        _ => &[facts::BUILDER, facts::THUMBNAIL, facts::EDGE],
    }
}

fn is_of(part: Part, template: &Template, site: &Site) -> bool {
    match (part, template.name) {
        (Part::All, _) | (Part::Thumbnail, "thumbnails.yaml") => true,
        (Part::Edge, "headers.yaml") => site.rules.edge == Edge::Functions,
        _ => false,
    }
}

fn earlier(path: &Path) -> Result<Option<String>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(hash(&bytes))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| path.display().to_string()),
    }
}

/// The SHA-256 of some bytes, in hexadecimal digits.
pub(super) fn hash(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
