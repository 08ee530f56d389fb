//! The head of a content file: TOML between `+++` lines or YAML between `---` lines
//! (site model, sections 4 and 5).
//!
//! [`split`] finds it, the two formats become one [`tree`] that knows where each value stands, and
//! [`parse_page`] and [`parse_section`] read that tree into the form that everything else uses.
//! All problems of a file are reported together, with lines of the whole file.

pub mod head;
mod locate;
mod nearest;
mod page;
mod section;
mod split;
pub mod table;
mod toml_tree;
pub mod tree;
mod value;
mod yaml_quotes;
mod yaml_tree;

pub use locate::place_of;
pub use nearest::nearest;
pub use page::{PageFrontMatter, parse_page};
pub use section::{ANCHOR_LINKS, SectionFrontMatter, SortBy, parse_section};
pub use split::{Kind, Split, split};
pub use toml_tree::parse_toml;
pub use value::Value;
pub use yaml_tree::parse_yaml;

use crate::diagnostic::Diagnostic;
use tree::{Node, Source};

/// The stable code of every diagnostic about front matter.
const CODE: &str = "front-matter";

/// More front matter than this is a mistake, or an attempt to keep the builder busy.
const MAX_BYTES: usize = 256 * 1024;

/// The tree of one front matter, whichever its format, and where its lines stand in the file.
fn parse<'a>(file: &'a str, split: &Split<'a>) -> Result<(Node, Source<'a>), Vec<Diagnostic>> {
    let source = Source {
        file,
        text: split.front,
        first_line: split.front_line,
        code: CODE,
    };
    if split.front.len() > MAX_BYTES {
        let message = format!("the front matter is larger than {} KiB", MAX_BYTES / 1024);
        return Err(vec![source.error(None, message)]);
    }
    let node = match split.kind {
        Kind::Toml => toml_tree::parse_toml(&source)?,
        Kind::Yaml => yaml_tree::parse_yaml(&source)?,
    };
    Ok((node, source))
}

#[cfg(test)]
mod tests;
