//! The two ways in which the files are read.

/// Whose rules a file follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// A redirect is a 301, and yields to a file at its path unless it is forced with `!`.
    #[default]
    Netlify,
    /// A redirect is a 302, and comes before files.
    Cloudflare,
}
