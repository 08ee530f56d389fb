//! From Hugo.
use super::findings::Findings;
use super::tree::Tree;
/// Names.
pub const CONFIG_FILES: [&str; 1] = ["hugo.toml"];
/// Rewrites a site.
pub fn migrate(_tree: &mut Tree, _findings: &mut Findings) {}
