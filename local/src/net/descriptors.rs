//! File descriptors: how many there are, and how many connections may take.

/// What is assumed where the system does not say.
#[cfg(not(unix))]
const ASSUMED: usize = 1024;

/// No server gets fewer connections than this, however few descriptors there are.
const FEWEST: usize = 4;

/// Raises the number of files that this process may have open to what the system allows it.
/// Many systems begin with few, for the sake of old programs.
pub fn raise_limit() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};
        let mut limit = getrlimit(Resource::Nofile);
        limit.current = limit.maximum;
        // Refused (some systems have a further bound): then it stays as it was.
        let _ = setrlimit(Resource::Nofile, limit);
    }
}

/// The connections of a server that gets one in `divisor` of the descriptors, at most `most`.
/// The other descriptors are for the files that requests open.
pub(crate) fn share(divisor: usize, most: usize) -> usize {
    (available() / divisor).clamp(FEWEST, most)
}

#[cfg(unix)]
fn available() -> usize {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    limit.current.map_or(usize::MAX, |limit| {
        usize::try_from(limit).unwrap_or(usize::MAX)
    })
}

#[cfg(not(unix))]
fn available() -> usize {
    ASSUMED
}
