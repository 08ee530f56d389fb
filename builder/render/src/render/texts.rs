//! Which readers read what is made of the text of another page: what an edit of a text can reach
//! beyond the outputs of its own file.

use crate::graph::Question;
use quillfront_templates::reads::{Reads, Shape};

/// Fields of pages and sections that are made of their own text.
const OF_TEXT: [&str; 5] = ["content", "summary", "toc", "word_count", "reading_time"];
/// The field that is made of the texts of others.
const BACKLINKS: &str = "backlinks";
/// Variables that are made of front matter, configuration and keys alone.
const PLAIN: [&str; 11] = [
    "config",
    "current_path",
    "current_url",
    "entries",
    "feed_url",
    "lang",
    "last_updated",
    "sitemaps",
    "taxonomy",
    "url",
    "zola_version",
];

/// Whose texts a template reads, beside that of the page or section that it is of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OtherTexts {
    /// Those of any page.
    pub any: bool,
    /// Those of the pages in its list: `section.pages`, `term.pages`, `pages` of a feed.
    pub listed: bool,
    /// Those of the pages in its part of a list: `paginator.pages`.
    pub in_part: bool,
    /// The functions that it calls for pages, of those that answer with pages.
    calls: Vec<String>,
}

impl OtherTexts {
    /// What a template reads of them.
    pub fn of(reads: &Reads) -> Self {
        let (Some(variables), Some(calls)) = (&reads.context, &reads.calls) else {
            return Self {
                any: true,
                ..Self::default()
            };
        };
        let mut found = Self::default();
        for (name, shape) in variables {
            match name.as_str() {
                "page" => found.any |= of_own(shape),
                "section" => {
                    found.any |= of_own(shape);
                    found.list(shape.field("pages"), |found| &mut found.listed);
                }
                "pages" => found.list(Some(shape), |found| &mut found.listed),
                "term" => found.list(shape.field("pages"), |found| &mut found.listed),
                "paginator" => found.list(shape.field("pages"), |found| &mut found.in_part),
                "terms" => found.any |= of_terms(shape),
                name => found.any |= !PLAIN.contains(&name),
            }
        }
        for call in calls {
            found.any |= of_answer(&call.function, &call.shape);
        }
        found.calls = calls.iter().map(|call| call.function.clone()).collect();
        found
    }

    /// True where a question was asked by a call that is not known.
    pub fn is_unknown(&self, question: &Question) -> bool {
        let function = question.function();
        function.is_some_and(|function| !self.calls.iter().any(|call| call == function))
    }

    fn list(&mut self, shape: Option<&Shape>, place: impl Fn(&mut Self) -> &mut bool) {
        match shape {
            None => {}
            Some(shape) if of_items(shape, of_own) => self.any = true,
            Some(shape) => *place(self) |= of_items(shape, of_page),
        }
    }
}

/// An answer of a function. Those that are not here ask for files, pictures and the network, or for
/// what is in front matter.
fn of_answer(function: &str, shape: &Shape) -> bool {
    let lists_texts = |name| {
        shape
            .field(name)
            .is_some_and(|list| of_items(list, of_page))
    };
    match function {
        "get_page" => of_page(shape),
        "get_section" => of_page(shape) || lists_texts("pages"),
        "get_taxonomy" => shape.field("items").is_some_and(of_terms),
        "get_taxonomy_term" => lists_texts("pages"),
        _ => false,
    }
}

/// What a page or section has beyond its own text: its neighbours, and what links to it.
fn of_own(shape: &Shape) -> bool {
    let mut neighbours = ["lower", "higher"].iter();
    matches!(shape.of_map(), Shape::Whole)
        || shape.field(BACKLINKS).is_some()
        || neighbours.any(|name| shape.field(name).is_some_and(of_page))
}

/// A page or section whose text is that of another.
fn of_page(shape: &Shape) -> bool {
    of_own(shape) || OF_TEXT.iter().any(|name| shape.field(name).is_some())
}

fn of_terms(shape: &Shape) -> bool {
    let lists_texts = |list: &Shape| of_items(list, of_page);
    of_items(shape, |term| term.field("pages").is_some_and(lists_texts))
}

fn of_items(shape: &Shape, of_item: impl Fn(&Shape) -> bool) -> bool {
    match shape {
        Shape::Whole => true,
        Shape::Parts(parts) => {
            let items = parts.items.as_ref();
            items.is_some_and(|items| of_item(&items.shape))
        }
    }
}
