//! How much of a file is read. Cloudflare's own limits are part of its dialect; the rest keeps a hostile
//! file from taking the memory of whoever reads it.

/// Bytes of a file. A longer one is not read at all.
pub const MAX_FILE_BYTES: usize = 16 * 1024 * 1024;

/// Rules of one file that are kept.
pub const MAX_RULES: usize = 200_000;

/// Header lines of one file that are kept.
pub const MAX_HEADER_LINES: usize = 200_000;

/// Problems that are told one by one. One more says that there are more.
pub const MAX_PROBLEMS: usize = 1_000;

/// Bytes of a line in Netlify's dialect, which has no limit of its own.
pub const MAX_NETLIFY_LINE_BYTES: usize = 16 * 1024;

/// Words on a line.
pub const MAX_WORDS: usize = 100;

/// Bytes of a path with `*` or `:name`.
pub const MAX_PATTERN_BYTES: usize = 2_048;

/// How often `*` and `:name` may stand in one path.
pub const MAX_VARIABLES: usize = 64;

/// UTF-16 units of a line in Cloudflare's dialect.
pub const CLOUDFLARE_LINE_LENGTH: usize = 2_000;

/// Redirects without `*` and `:name`, ahead of the first that has one, in Cloudflare's dialect.
pub const CLOUDFLARE_STATIC_REDIRECTS: usize = 2_000;

/// Redirects from the first with `*` or `:name` on, in Cloudflare's dialect.
pub const CLOUDFLARE_DYNAMIC_REDIRECTS: usize = 100;

/// Rules of a `_headers` file in Cloudflare's dialect.
pub const CLOUDFLARE_HEADER_RULES: usize = 100;
