//! The effective sources as files in a folder.

use super::BuildError;
use super::context::Context;
use super::status::look;
use quillfront_site::plan::PICTURES;
use quillfront_site::source::Effective;
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};
use tokio::fs::{File, OpenOptions};
use tokio::io::AsyncWriteExt;

/// What was written, and what could not be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WriteReport {
    /// How many files there are now.
    pub files: usize,
    /// The keys that the file system does not take as names, each with the reason.
    pub refused: Vec<(String, String)>,
}

/// Writes the effective sources into a folder that is empty.
pub(super) async fn write_effective(
    context: &Context,
    out: &Path,
) -> Result<WriteReport, BuildError> {
    let mut written = WriteReport::default();
    let Some((root, mut state)) = look(context).await? else {
        return Ok(written);
    };
    let mut sources = (*state.sources).clone();
    state.hold_all(&context.state, &mut sources).await?;
    for (key, source) in sources.iter() {
        if source.effective == Effective::Absent {
            continue;
        }
        let (mut file, path) = match create(out, key.as_str()).await {
            Ok(created) => created,
            Err(error) if is_refusal(&error) => {
                written.refused.push((key.to_string(), error.to_string()));
                continue;
            }
            Err(error) => return Err(disk(&out.join(key.as_str()), &error)),
        };
        match &source.effective {
            Effective::Absent => continue,
            Effective::Text(text) => {
                let bytes = text.held().map_or(&[][..], |text| text.as_bytes());
                let done = async {
                    file.write_all(bytes).await?;
                    file.flush().await
                };
                done.await.map_err(|error| disk(&path, &error))?;
            }
            Effective::Opaque => {
                // A file whose removal is held is still in the site bucket, and so is the last good
                // version of one that is set aside, or that the storage has damaged.
                let published = state.outputs.iter().find(|(at, output)| {
                    output.source == *key && !at.as_str().starts_with(PICTURES)
                });
                let is_current =
                    !root.set_aside.contains_key(key.as_str()) && !source.is_unreadable();
                let found = (is_current && context.source.download(key.as_str(), &path).await?)
                    || match published {
                        Some((output, _)) => context.site.download(output.as_str(), &path).await?,
                        None => false,
                    };
                if !found {
                    drop(file);
                    let removed = tokio::fs::remove_file(&path).await;
                    removed.map_err(|error| disk(&path, &error))?;
                    continue;
                }
            }
        }
        written.files += 1;
    }
    Ok(written)
}

/// Makes the file of a key, with its folders. It must not be there yet: where the file system
/// does not tell `A` from `a`, neither may overwrite the other.
async fn create(out: &Path, key: &str) -> io::Result<(File, PathBuf)> {
    let inside = Path::new(key)
        .components()
        .all(|component| matches!(component, Component::Normal(_)));
    let plain = !key.is_empty() && key.split('/').all(|name| !matches!(name, "" | "." | ".."));
    if !inside || !plain {
        let reason = "it has an empty name, `.` or `..` among its folders, or is not a file name";
        return Err(io::Error::new(ErrorKind::InvalidInput, reason));
    }
    let path = out.join(key);
    tokio::fs::create_dir_all(path.parent().unwrap_or(out)).await?;
    let mut options = OpenOptions::new();
    let file = options.write(true).create_new(true).open(&path).await?;
    Ok((file, path))
}

/// Whether it is for the name that a file cannot be made, and not for the disk.
fn is_refusal(error: &io::Error) -> bool {
    !matches!(
        error.kind(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::ReadOnlyFilesystem
    )
}

fn disk(path: &Path, error: &io::Error) -> BuildError {
    BuildError::Disk(format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn names_that_a_file_system_refuses_are_told_apart() {
        let out = tempfile::tempdir().expect("a folder");
        let long = "n".repeat(300);
        for key in ["content/a.md", "static/a b.txt", "static/x"] {
            create(out.path(), key).await.expect(key);
        }
        for key in [
            "/etc/passwd",
            "../up.md",
            "content/../../up.md",
            "content//a.md",
            "content/",
            "static/nul\0.txt",
            // A file is in the way, or a folder is.
            "static/x/y",
            "content",
            // It is there already.
            "static/x",
            long.as_str(),
        ] {
            let error = create(out.path(), key).await.expect_err(key);
            assert!(is_refusal(&error), "{key}: {error}");
        }
        assert!(!is_refusal(&ErrorKind::StorageFull.into()));
    }
}
