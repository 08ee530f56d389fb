//! `quillfront package`: what is deployed, as files.
//!
//! A package is a list of files, made in memory and written at the end: the same sources make the same bytes.

mod addon;
mod elf;
mod function;
mod site;
mod templates;
mod zigbuild;
mod zip;

use crate::args::{self, Global, Part};
use crate::build;
use crate::exit;
use crate::out;
use crate::show;
use anyhow::{Context, Result};
use function::{BUILDER, THUMBNAIL};
use quillfront_headers::Edge;
use serde::Serialize;
use std::fs;
use std::path::{Path, PathBuf};

/// The module that Lambda calls, beside the add-on.
const SHIM: &str = include_str!("../../edge/addon/index.mjs");

/// A file of a package.
struct PackageFile {
    /// Its path in the folder of the package.
    name: &'static str,
    bytes: Vec<u8>,
    /// It may be run.
    is_program: bool,
}

impl PackageFile {
    fn file(name: &'static str, bytes: Vec<u8>) -> Self {
        Self {
            name,
            bytes,
            is_program: false,
        }
    }
}

/// What `--json` tells.
#[derive(Serialize)]
struct Report {
    files: Vec<WrittenFile>,
}

#[derive(Serialize)]
struct WrittenFile {
    path: PathBuf,
    bytes: usize,
    sha256: String,
}

pub fn run(global: &Global, options: args::Package) -> Result<u8> {
    let site = match options.part {
        Part::Builder => None,
        Part::Edge | Part::Thumbnail | Part::All => match site::of(global, &options)? {
            Ok(site) => Some(site),
            // Of a site that cannot be built nothing is deployed.
            Err(problems) => {
                build::tell(global, &problems);
                return Ok(exit::with(&problems));
            }
        },
    };
    let mut packed = Vec::new();
    if let Some(site) = &site
        && options.part != Part::Thumbnail
    {
        packed.extend(edge(site, &options)?);
    }
    let functions = match options.part {
        Part::Edge => &[][..],
        Part::Builder => &[BUILDER],
        Part::Thumbnail => &[THUMBNAIL],
        Part::All => &[BUILDER, THUMBNAIL],
    };
    for function in functions.iter().filter(|_| !options.site_only) {
        packed.extend(function::packed(function, options.source.as_deref())?);
    }
    let folder = &options.output_dir;
    if let Some(site) = &site {
        let templates = templates::packed(options.part, site, &packed, folder)?;
        packed.extend(templates);
    }
    let diagnostics = site.map(|site| site.diagnostics).unwrap_or_default();
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let files = packed.iter().map(|file| write(folder, file));
    let files = files.collect::<Result<Vec<_>>>()?;
    if options.json {
        out::json(&Report { files })?;
    } else {
        for file in files {
            let size = file.bytes.div_ceil(1_000);
            show::note(&format!("{} ({size} kB)", file.path.display()));
        }
    }
    build::tell(global, &diagnostics);
    Ok(exit::with(&diagnostics))
}

/// What is at the edge of a site: CloudFront Functions, and the functions of Lambda@Edge or the policy that
/// stands for them.
fn edge(site: &site::Site, options: &args::Package) -> Result<Vec<PackageFile>> {
    let mut packed = site.packed()?;
    // The template of a blog names the functions, whether or not they are used.
    let is_used = site.rules.edge == Edge::Functions || options.part == Part::All;
    if is_used && !options.site_only {
        packed.push(functions(options)?);
    }
    Ok(packed)
}

/// The functions of Lambda@Edge.
fn functions(options: &args::Package) -> Result<PackageFile> {
    let addon = match &options.addon {
        Some(path) => addon::read(path)?,
        None => addon::build(options.source.as_deref())?,
    };
    let entries = [
        zip::Entry::new("index.mjs", SHIM.as_bytes()),
        zip::Entry::new("quillfront.node", &addon),
    ];
    Ok(PackageFile::file("edge.zip", zip::write(&entries)?))
}

fn write(folder: &Path, file: &PackageFile) -> Result<WrittenFile> {
    let path = folder.join(file.name);
    let told = || path.display().to_string();
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(told)?;
    }
    // A program that runs cannot be written to, but another one can take its name.
    let new = path.with_extension("new");
    fs::write(&new, &file.bytes).with_context(told)?;
    #[cfg(unix)]
    if file.is_program {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::Permissions::from_mode(0o755);
        fs::set_permissions(&new, mode).with_context(told)?;
    }
    fs::rename(&new, &path).with_context(told)?;
    Ok(WrittenFile {
        bytes: file.bytes.len(),
        sha256: templates::hash(&file.bytes),
        path,
    })
}
