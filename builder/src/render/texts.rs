//! Which readers read what is made of the text of another page: what an edit of a text can reach
//! beyond the outputs of its own file.

use super::readers::Reader;
use crate::graph::Question;
use crate::reads::{Reads, Shape};

/// Fields of pages and sections that are made of their own text.
const OF_TEXT: [&str; 5] = ["content", "summary", "toc", "word_count", "reading_time"];
/// The field that is made of the texts of others.
const BACKLINKS: &str = "backlinks";
/// Variables that are made of front matter, configuration and keys alone.
const PLAIN: [&str; 10] = [
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
];

/// True where a template reads the text of a page that is not its own.
pub fn reads_others(reads: &Reads) -> bool {
    let (Some(variables), Some(calls)) = (&reads.context, &reads.calls) else {
        return true;
    };
    let of_variable = |(name, shape): (&String, &Shape)| match name.as_str() {
        "page" => of_own(shape),
        "section" => of_own(shape) || field(shape, "pages", of_list),
        "pages" => of_list(shape),
        "paginator" | "term" => field(shape, "pages", of_list),
        "terms" => of_terms(shape),
        "zola_version" => false,
        name => !PLAIN.contains(&name),
    };
    variables.iter().any(of_variable)
        || calls
            .iter()
            .any(|call| of_answer(&call.function, &call.shape))
}

/// True where what a reader reads of an answer is made of the text of a page.
pub fn reads_in_answer(reader: &Reader, question: &Question) -> bool {
    let function = question.function();
    function.is_some_and(|function| of_answer(function, &reader.shape_of(question)))
}

fn of_answer(function: &str, shape: &Shape) -> bool {
    match function {
        "get_page" => of_page(shape),
        "get_section" => of_page(shape) || field(shape, "pages", of_list),
        "get_taxonomy" => field(shape, "items", of_terms),
        "get_taxonomy_term" => field(shape, "pages", of_list),
        // Those ask for files, pictures and the network, or for what is in front matter.
        _ => false,
    }
}

/// A page or section whose own text counts as its own.
fn of_own(shape: &Shape) -> bool {
    let mut neighbours = ["lower", "higher"].iter();
    matches!(shape.of_map(), Shape::Whole)
        || shape.field(BACKLINKS).is_some()
        || neighbours.any(|name| field(shape, name, of_page))
}

/// A page or section whose text is that of another.
fn of_page(shape: &Shape) -> bool {
    of_own(shape) || OF_TEXT.iter().any(|name| shape.field(name).is_some())
}

fn of_list(shape: &Shape) -> bool {
    of_items(shape, of_page)
}

fn of_terms(shape: &Shape) -> bool {
    of_items(shape, |term| field(term, "pages", of_list))
}

fn of_items(shape: &Shape, of_item: impl Fn(&Shape) -> bool) -> bool {
    match shape {
        Shape::Whole => true,
        Shape::Parts(parts) => parts
            .items
            .as_ref()
            .is_some_and(|items| of_item(&items.shape)),
    }
}

fn field(shape: &Shape, name: &str, of_it: impl Fn(&Shape) -> bool) -> bool {
    shape.field(name).is_some_and(of_it)
}
