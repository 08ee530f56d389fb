//! By what a file is known without being read.
//!
//! Size and time of modification do not tell enough: two files that change places keep both, tools
//! set times back, and a link may be pointed at another folder. The inode and the time of its last
//! change (`ctime`, which no program can set) tell these apart. Where a system has no inodes, the
//! time at which the file was created stands in for them.

use quillfront_site::fingerprint::{Mark, Marker};
use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

/// Changes whenever a file is written, or another one takes its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    /// Bytes.
    pub size: u64,
    /// When it was written, in nanoseconds of Unix time.
    pub modified: u64,
    /// When anything about it was changed, the same way.
    pub changed: u64,
    /// Its inode; without those, when it was created.
    pub inode: u64,
}

/// How far a clock that counts parts of a second may lag behind: the kernel's tick, and some room.
const TICK_NANOS: u64 = 20_000_000;
/// The same for a clock of a file system that counts whole seconds, or pairs of them.
const COARSE_TICK_NANOS: u64 = 2_000_000_000;
const SECOND_NANOS: u64 = 1_000_000_000;

impl Version {
    /// The version of what this is about.
    pub fn of(meta: &fs::Metadata) -> Self {
        let nanos = |time: io::Result<std::time::SystemTime>| {
            let since = time.ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
            u64::try_from(since.as_nanos()).ok()
        };
        let modified = nanos(meta.modified()).unwrap_or_default();
        #[cfg(unix)]
        let (changed, inode) = {
            use std::os::unix::fs::MetadataExt;
            (Self::nanos(meta.ctime(), meta.ctime_nsec()), meta.ino())
        };
        #[cfg(not(unix))]
        let (changed, inode) = (modified, nanos(meta.created()).unwrap_or_default());
        Self {
            size: meta.len(),
            modified,
            changed,
            inode,
        }
    }

    /// Nanoseconds of Unix time. Times before 1970, and those that are out of reach, are all one.
    #[cfg(unix)]
    pub(super) fn nanos(seconds: i64, nanos: i64) -> u64 {
        let all = i128::from(seconds) * i128::from(SECOND_NANOS) + i128::from(nanos);
        u64::try_from(all.max(0)).unwrap_or(u64::MAX)
    }

    /// True where a text, as it is written by `Display`, says the same version. What stands behind a
    /// space in it is something else.
    pub fn is(&self, text: &str) -> bool {
        let said = text.split(' ').next().unwrap_or_default();
        u64::from_str_radix(said, 16).is_ok_and(|said| said == self.mark().number())
    }

    /// True where whatever is written from `since` on makes another version of it. A change within one
    /// tick of the clock would not show.
    pub fn is_settled(&self, since: u64) -> bool {
        let tick = if self.changed.is_multiple_of(SECOND_NANOS) {
            COARSE_TICK_NANOS
        } else {
            TICK_NANOS
        };
        self.changed.saturating_add(tick) < since
    }

    fn mark(&self) -> Mark {
        let mut all = Marker::default();
        for part in [self.size, self.modified, self.changed, self.inode] {
            all.number(part);
        }
        all.done()
    }
}

/// Sixteen hexadecimal digits: short enough to stand in its place ([`smol_str::SmolStr`]).
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.mark())
    }
}

/// The time by the clock of the file system that a file is on, in nanoseconds of Unix time: when it was
/// written is compared with when others were.
///
/// # Errors
/// The file cannot be written.
pub fn clock(file: &fs::File) -> io::Result<u64> {
    io::Write::write_all(&mut &*file, b"\n")?;
    Ok(Version::of(&file.metadata()?).modified)
}

/// The version of a file that only travels, and the mark of its bytes behind a space. A build goes by
/// the latter ([`Source::content`](quillfront_site::source::Source::content)): a copy of the same bytes is no
/// change. No ETag has a space in it (RFC 9110, section 8.8.3).
///
/// # Errors
/// The file cannot be read.
pub fn with_content(version: Version, file: &Path) -> io::Result<String> {
    let content = Mark::reading(fs::File::open(file)?)?;
    Ok(format!("{version} {content}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTLED: Version = Version {
        size: 26,
        modified: 1_795_900_000_123_456_789,
        changed: 1_795_900_000_123_456_789,
        inode: 17,
    };

    #[test]
    fn a_version_is_known_by_its_text_alone() {
        let text = SETTLED.to_string();
        assert!(SETTLED.is(&text) && SETTLED.is(&format!("{text} 0123")));
        let others = [
            Version {
                size: 27,
                ..SETTLED
            },
            Version {
                modified: 0,
                ..SETTLED
            },
            Version {
                changed: u64::MAX,
                ..SETTLED
            },
            Version {
                inode: 18,
                ..SETTLED
            },
        ];
        for other in others {
            assert!(!other.is(&text), "{other:?}");
        }
        // As versions once were written, and what is none.
        for other in [
            "",
            "1",
            "26-1795900000123456789",
            "1a.18ebe",
            "given",
            "\"1.1\"",
            " 1",
        ] {
            assert!(!SETTLED.is(other), "{other}");
        }
    }

    #[test]
    fn what_is_written_within_a_tick_of_the_clock_is_not_settled() {
        assert!(SETTLED.is_settled(SETTLED.changed + TICK_NANOS + 1));
        assert!(!SETTLED.is_settled(SETTLED.changed + TICK_NANOS));
        assert!(!SETTLED.is_settled(0), "a clock that went back");
        // A time of whole seconds.
        let coarse = Version {
            changed: 1_795_900_000_000_000_000,
            ..SETTLED
        };
        assert!(!coarse.is_settled(coarse.changed + SECOND_NANOS));
        assert!(coarse.is_settled(coarse.changed + COARSE_TICK_NANOS + 1));
    }

    #[test]
    fn files_that_change_places_are_other_versions() {
        let folder = tempfile::TempDir::new().unwrap();
        let path = |name: &str| folder.path().join(name);
        let version = |name: &str| Version::of(&fs::metadata(path(name)).unwrap());
        let time = fs::FileTimes::new().set_modified(std::time::UNIX_EPOCH);
        for name in ["a", "b"] {
            let file = fs::File::create(path(name)).unwrap();
            file.set_times(time).unwrap();
        }
        let (a, b) = (version("a"), version("b"));
        assert_eq!((a.size, a.modified), (b.size, b.modified));
        for (from, to) in [("a", "c"), ("b", "a"), ("c", "b")] {
            fs::rename(path(from), path(to)).unwrap();
        }
        assert!(version("a") != a && version("b") != b);
    }
}
