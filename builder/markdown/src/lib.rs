//! Markdown to HTML: a pure function of a text, its options and what an [`Environment`] answers.
//!
//! The phases, in order:
//!
//! 1. **read** (`read`): the parser's events, with links resolved, pictures and code blocks made
//!    into HTML, emoji replaced, and every id in raw HTML noted;
//! 2. **headings** (`headings`): an id for each, anchor links, the table of contents;
//! 3. **summary** (`summary`): what stands before `<!-- more -->`;
//! 4. **footnotes** (`footnotes`): where they are written, or gathered at the bottom;
//! 5. **write**: events to HTML.
//!
//! The rules are those of the site model, section 11. Mistakes are gathered, not thrown at the
//! first: an author sees all of a page's broken links at once. Nothing here reads a clock, a file or
//! the order of a hash map. Every step is iterative and takes time with the length of the text, so
//! hostile text costs no more than long text; the one that cannot promise it, code in languages that
//! only a grammar knows, has a budget (see `highlight`).
//!
//! # Classes of highlighted code
//!
//! ```html
//! <pre class="hl"><code data-lang="rust"><span class="hl-keyword">fn</span> …</code></pre>
//! ```
//!
//! Operators and brackets have no class: they would be half of the spans and are coloured by few.
//! A theme styles these, and no others (see [`Class`]):
//!
//! | class | what |
//! |---|---|
//! | `hl` | the `pre` of every block, when highlighting is on |
//! | `hl-line` | one line, only in blocks with `linenos` or `hl_lines`; its number is in `data-ln` |
//! | `hl-mark` | beside `hl-line`: a line named by `hl_lines` |
//! | `hl-comment` | comments, shebangs |
//! | `hl-keyword` | keywords, modifiers, directives, operators that are words |
//! | `hl-string` | strings, their quotes, raw blocks of markup |
//! | `hl-escape` | escapes and placeholders in strings, character entities |
//! | `hl-regexp` | regular expressions |
//! | `hl-number` | numbers, units |
//! | `hl-constant` | `true`, `null`, symbols, constants of the language |
//! | `hl-function` | functions, macros, commands, where defined or called |
//! | `hl-type` | types, classes, modules, namespaces |
//! | `hl-variable` | variables, parameters, properties |
//! | `hl-key` | keys of data formats, property names of style sheets |
//! | `hl-tag` | names of elements, selectors |
//! | `hl-attribute` | attributes, annotations, decorators |
//! | `hl-heading` | headings of markup |
//! | `hl-strong` | strong text of markup |
//! | `hl-emphasis` | emphasised text of markup |
//! | `hl-link` | addresses |
//! | `hl-inserted` | inserted lines of a difference |
//! | `hl-deleted` | deleted lines of a difference |
//! | `hl-changed` | headers and ranges of a difference |

mod code;
mod colors;
mod emoji;
mod fence;
mod footnotes;
mod headings;
mod highlight;
mod html;
mod lexer;
mod lines;
mod links;
mod pictures;
mod read;
mod scopes;
mod spans;
mod summary;
mod words;

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests;

pub use colors::Shade;
pub use html::ids as ids_in_html;
pub use scopes::Class;
pub use words::{Length, reading_time_minutes};

use lines::Lines;
use pulldown_cmark::Event;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// `[markdown]` of `config.toml`, and what of it a section sets for its pages (site model,
/// sections 3 and 5). The default has everything off, `external_links_external` too, which the
/// configuration turns on.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Options {
    /// `:smile:` becomes a character.
    pub render_emoji: bool,
    /// Curly quotes, dashes, ellipses.
    pub smart_punctuation: bool,
    /// Lists of terms and definitions.
    pub definition_list: bool,
    /// Footnotes at the end, with links back.
    pub bottom_footnotes: bool,
    /// `loading="lazy" decoding="async"` on pictures.
    pub lazy_async_image: bool,
    /// `> [!NOTE]` and the like.
    pub github_alerts: bool,
    /// `target="_blank"` and `rel="noopener"` on external links.
    pub external_links_target_blank: bool,
    /// `rel="nofollow"` on external links.
    pub external_links_no_follow: bool,
    /// `rel="noreferrer"` on external links.
    pub external_links_no_referrer: bool,
    /// `rel="external"` on external links.
    pub external_links_external: bool,
    /// A class for external links.
    pub external_links_class: Option<String>,
    /// Colours for code; absent means off.
    pub highlighting: Option<Highlighting>,
    /// Where headings get a link to themselves.
    pub insert_anchor_links: AnchorLinks,
    /// True: ids are slugs. False: only ASCII white space becomes `_` (site model, `slugify.anchors`).
    pub slugify_anchors: bool,
    /// `link_checker.internal_level = "warn"`: a link to no page is a warning, and stays as written.
    pub broken_links_warn: bool,
}

/// Where a heading gets a link to itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum AnchorLinks {
    /// Nowhere.
    #[default]
    None,
    /// Before its text.
    Left,
    /// After its text.
    Right,
    /// Around its text.
    Heading,
}

/// `[markdown.highlighting]`, as far as it reaches the HTML. Themes and styles are not here: colours
/// are a style sheet's business, the HTML has classes only.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Highlighting {
    /// A language that nobody knows is a mistake, not plain text.
    pub error_on_missing_language: bool,
    /// Where `data-lang` and the other `data-` attributes stand.
    pub data_attr_position: DataAttrPosition,
}

/// `markdown.highlighting.data_attr_position` (site model, section 22).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DataAttrPosition {
    /// On `code`.
    #[default]
    Code,
    /// On `pre`.
    Pre,
    /// On both.
    Both,
    /// On neither.
    None,
}

/// What a link leads to that is there as a file, and not as a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absent {
    /// Why, in words that follow "it".
    pub told: String,
    /// What to do about the link.
    pub way_out: &'static str,
}

/// What rendering asks of the rest of the site. Implementations record the questions, so that the
/// next build knows what the page depends on.
pub trait Environment {
    /// The permalink of what `@/blog/x.md` names. `path` is percent-decoded and has neither the
    /// `@/` nor the `#anchor`. None if there is no such page, section or asset.
    fn internal_link(&self, path: &str) -> Option<String>;
    /// Why there is nothing behind `@/path`, where that is known: it is a draft, or held.
    fn absence(&self, _path: &str) -> Option<Absent> {
        None
    }
    /// The address for a link to `@/path` that finds nothing, where the text is published all the same: the
    /// link is a warning then. None makes it an error.
    fn missing_link(&self, _path: &str) -> Option<String> {
        None
    }
    /// How a picture is shown that is at an address, as it stands in the page. None leaves it as Markdown has it.
    fn picture(&self, _url: &str) -> Option<Picture> {
        None
    }
    /// `anchor-link.html` for a heading. The error is a message for the author.
    fn anchor_link(&self, id: &str, level: u8) -> Result<String, String>;
    /// `summary-cutoff.html` after this summary. The error is a message for the author.
    fn summary_cutoff(&self, summary: &str) -> Result<String, String>;
}

/// A picture that fits every screen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Picture {
    /// Its address, in one of its sizes.
    pub src: String,
    /// Its sizes, as the attribute `srcset` has them; empty where there is one alone.
    pub srcset: String,
    /// How wide it is shown, as the attribute `sizes` has it.
    pub sizes: String,
    /// Pixels of the original.
    pub width: u32,
    /// Pixels of the original.
    pub height: u32,
}

/// The page whose text is rendered.
#[derive(Debug, Clone, Copy)]
pub struct Page<'a> {
    /// Its address; relative links and `#anchors` are put behind it.
    pub permalink: &'a str,
}

/// A rendered text, and what it says about itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Document {
    /// The HTML of the whole.
    pub html: String,
    /// The HTML of what stands before the first `<!-- more -->`; absent without one.
    pub summary: Option<String>,
    /// The headings, nested by level.
    pub toc: Vec<Heading>,
    /// Links to pages of the site, in the order of the text, broken ones left out.
    pub internal_links: Vec<InternalLink>,
    /// `http` and `https` links, in the order of the text.
    pub external_links: Vec<ExternalLink>,
    /// Every id that a link may point at: headings, raw HTML (`id`, `name`), footnotes; sorted, each
    /// once.
    pub anchors: Vec<String>,
    /// What is worth a look but did not stop the page, by line.
    pub warnings: Vec<Problem>,
}

/// A heading in the table of contents (site model, section 7).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heading {
    /// 1 to 6.
    pub level: u8,
    /// Its id.
    pub id: String,
    /// The page's permalink with `#id`.
    pub permalink: String,
    /// Its text without markup.
    pub title: String,
    /// The headings below it, down to the next of its own level or a higher one.
    pub children: Vec<Heading>,
}

/// A link to a page of the site, or to a place in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InternalLink {
    /// As given to [`Environment::internal_link`]; empty for the page itself (`#anchor`).
    pub path: String,
    /// What follows the `#`, percent-decoded, to be looked up in [`Document::anchors`].
    pub anchor: Option<String>,
    /// 1-based line in the text.
    pub line: u32,
}

/// A link to elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalLink {
    /// As written.
    pub url: String,
    /// 1-based line in the text.
    pub line: u32,
}

/// An author's mistake.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// 1-based line in the text.
    pub line: u32,
    /// 1-based column in characters.
    pub column: Option<u32>,
    /// `internal-link`, `empty-link`, `language`, `markdown` or `template`.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// The way out.
    pub hint: Option<String>,
    /// Of a link that finds nothing, what was given to [`Environment::internal_link`].
    pub lacks: Option<String>,
}

/// How many problems and warnings of one text are told; nobody reads more.
pub const MAX_PROBLEMS: usize = 100;

/// Lines, and characters that may mean something, of one text: the parser keeps a piece for each.
pub const MAX_MARKS: usize = 2_000_000;

/// Where a text has more than [`MAX_MARKS`].
fn first_mark_too_many(text: &str) -> Option<usize> {
    if text.len() <= MAX_MARKS {
        return None;
    }
    let is_mark = |byte: &u8| b"\n*_`[]!<>&\\~|:\"'$^#".contains(byte);
    let marks = text.bytes().enumerate().filter(|(_, byte)| is_mark(byte));
    marks.map(|(offset, _)| offset).nth(MAX_MARKS)
}

/// Renders a Markdown text (front matter already cut off, templating already done).
///
/// # Errors
///
/// All mistakes in the text, ordered by line, at most [`MAX_PROBLEMS`].
pub fn render(
    text: &str,
    page: &Page<'_>,
    options: &Options,
    env: &dyn Environment,
) -> Result<Document, Vec<Problem>> {
    let context = Context {
        text,
        page,
        options,
        env,
    };
    let mut found = Findings::new(text);
    if let Some(offset) = first_mark_too_many(text) {
        let message = format!("this text has more than {MAX_MARKS} lines and signs of Markdown");
        let hint = Some("spread it over several pages, or publish it as a file");
        found.problem(offset, "markdown", message, hint);
        return Err(found.problems);
    }

    let mut events = read::read(&context, &mut found);
    pictures::add_captions(&mut events, std::mem::take(&mut found.captions));
    let (events, toc) = headings::identify(events, &context, &mut found);
    let (events, summary) = summary::cut(events, &context, &mut found);
    let events = footnotes::place(events, options.bottom_footnotes, &mut found);

    if !found.problems.is_empty() {
        found.problems.sort();
        return Err(found.problems);
    }
    found.warnings.sort();
    Ok(Document {
        html: html::write(events.into_iter().map(|(event, _)| event), text.len()),
        summary,
        toc,
        internal_links: found.internal_links,
        external_links: found.external_links,
        anchors: sorted_unique(found.anchors),
        warnings: found.warnings,
    })
}

/// The parser's events, each with the bytes of the text that it came from.
type Events<'a> = Vec<(Event<'a>, Range<usize>)>;

/// What every step may look at.
#[derive(Clone, Copy)]
struct Context<'a> {
    text: &'a str,
    page: &'a Page<'a>,
    options: &'a Options,
    env: &'a dyn Environment,
}

/// What the steps note down beside the events.
struct Findings<'a> {
    lines: Lines<'a>,
    problems: Vec<Problem>,
    warnings: Vec<Problem>,
    internal_links: Vec<InternalLink>,
    external_links: Vec<ExternalLink>,
    anchors: Vec<String>,
    /// Pictures with a caption: the place among the events, and the figure.
    captions: Vec<(usize, String)>,
}

impl<'a> Findings<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            lines: Lines::new(text),
            problems: Vec::new(),
            warnings: Vec::new(),
            internal_links: Vec::new(),
            external_links: Vec::new(),
            anchors: Vec::new(),
            captions: Vec::new(),
        }
    }

    /// A mistake that stops the page.
    fn problem(&mut self, offset: usize, code: &'static str, message: String, hint: Option<&str>) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems
                .push(self.lines.problem(offset, code, message, hint));
        }
    }

    /// A link that finds nothing, which stops the page.
    fn broken_link(&mut self, offset: usize, message: String, hint: &str, path: &str) {
        if self.problems.len() < MAX_PROBLEMS {
            let problem = self
                .lines
                .problem(offset, "internal-link", message, Some(hint));
            self.problems.push(Problem {
                lacks: Some(path.to_owned()),
                ..problem
            });
        }
    }

    /// A mistake that does not.
    fn warning(&mut self, offset: usize, code: &'static str, message: String, hint: Option<&str>) {
        if self.warnings.len() < MAX_PROBLEMS {
            self.warnings
                .push(self.lines.problem(offset, code, message, hint));
        }
    }
}

fn sorted_unique(mut items: Vec<String>) -> Vec<String> {
    items.sort_unstable();
    items.dedup();
    items
}
