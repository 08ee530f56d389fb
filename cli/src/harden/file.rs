//! The file with the configuration as it was. It has the secret headers of origins, so only its owner reads it.

use crate::exit::UsageError;
use anyhow::{Context, Result};
use quillfront_harden::saved::{Saved, VERSION};
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The name of a new file for a distribution, in the current folder.
pub fn name(id: &str) -> PathBuf {
    let now = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
    PathBuf::from(format!("quillfront-{id}-{now}.json"))
}

/// Writes the file as a whole, or leaves the one that was there.
pub fn write(path: &Path, saved: &Saved) -> io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    let part = PathBuf::from(name);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&part)?;
    file.write_all(serde_json::to_string_pretty(saved)?.as_bytes())?;
    file.sync_all()?;
    fs::rename(&part, path)
}

/// Reads a file.
pub fn read(path: &Path) -> Result<Saved> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let mistake = |what: &dyn std::fmt::Display| UsageError(format!("{}: {what}", path.display()));
    let saved: Saved = serde_json::from_str(&text).map_err(|error| mistake(&error))?;
    if saved.version != VERSION {
        let what = format!(
            "it is of version {}, and this command knows {VERSION}",
            saved.version
        );
        return Err(mistake(&what).into());
    }
    Ok(saved)
}
