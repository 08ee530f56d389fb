//! What is open, and whether it is in order.

use super::elements::{self, closes_paragraph, is_block};

/// The elements that are open on a page, as long as browsers have nothing to repair: they leave tags
/// out, move them, and add others, so that nobody knows where lines begin any more.
#[derive(Default)]
pub struct Order {
    open: Vec<String>,
    /// How many are open of each of [`COUNTED`].
    counts: [usize; COUNTED.len()],
    is_broken: bool,
}

/// The first four stand in no other of their kind.
const COUNTED: [&str; 7] = ["a", "button", "form", "p", "svg", "math", "foreignobject"];

impl Order {
    /// True as long as all is in order.
    pub fn holds(&self) -> bool {
        !self.is_broken
    }

    /// True where nothing is open.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Notes a text.
    pub fn text(&mut self) {
        // Browsers put it before the table, or end the head.
        self.is_broken |= matches!(self.innermost(), "head" | "colgroup") || self.is_in_table();
    }

    /// Notes a start tag, of an element that has content or not.
    pub fn start(&mut self, name: &str, has_content: bool) {
        self.is_broken |= !self.may_start(name);
        if self.is_broken || !has_content {
            return;
        }
        self.count(name, |count| *count += 1);
        self.open.push(name.to_owned());
    }

    /// Notes an end tag.
    pub fn end(&mut self, name: &str) {
        if self.open.pop().as_deref() == Some(name) {
            self.count(name, |count| *count -= 1);
        } else {
            self.is_broken = true;
        }
    }

    fn innermost(&self) -> &str {
        self.open.last().map_or("", String::as_str)
    }

    fn is_in_table(&self) -> bool {
        matches!(
            self.innermost(),
            "table" | "tbody" | "thead" | "tfoot" | "tr"
        )
    }

    fn count(&mut self, name: &str, change: impl Fn(&mut usize)) {
        if let Some(at) = COUNTED.iter().position(|counted| *counted == name) {
            change(&mut self.counts[at]);
        }
    }

    fn may_start(&self, name: &str) -> bool {
        let [a, button, form, p, svg, math, foreign] = self.counts;
        if svg + math > 0 && foreign == 0 {
            return !is_block(name);
        }
        if p > 0 && closes_paragraph(name) {
            return false;
        }
        let hidden = matches!(name, "script" | "style" | "template");
        match (self.innermost(), name) {
            (_, "a") if a > 0 => false,
            (_, "button") if button > 0 => false,
            (_, "form") if form > 0 => false,
            (parent, "html") => parent.is_empty(),
            (parent, "head" | "body") => matches!(parent, "html" | ""),
            ("head", _) => elements::is_of_head(name) || name == "template",
            ("table", "caption" | "colgroup" | "thead" | "tbody" | "tfoot" | "tr") => true,
            ("tbody" | "thead" | "tfoot", "tr") | ("tr", "td" | "th") => true,
            ("colgroup", "col") => true,
            ("table" | "tbody" | "thead" | "tfoot" | "tr" | "colgroup", _) => hidden,
            (_, "caption" | "col" | "colgroup" | "tbody" | "tfoot" | "thead" | "tr") => false,
            (_, "td" | "th") => false,
            ("select", "option" | "optgroup") | ("optgroup", "option") => true,
            ("datalist", "option") => true,
            ("select" | "optgroup" | "option", _) | (_, "option" | "optgroup") => false,
            ("h1" | "h2" | "h3" | "h4" | "h5" | "h6", "h1" | "h2" | "h3" | "h4" | "h5" | "h6") => {
                false
            }
            (_, "li") => self.ends_item(&["li"]),
            (_, "dt" | "dd") => self.ends_item(&["dt", "dd"]),
            _ => true,
        }
    }

    /// True where an item begins that ends no other.
    fn ends_item(&self, items: &[&str]) -> bool {
        const DEPTH: usize = 32;
        for open in self.open.iter().rev().take(DEPTH) {
            if items.contains(&open.as_str()) {
                return false;
            }
            if is_block(open) && !matches!(open.as_str(), "address" | "div" | "p") {
                return true;
            }
        }
        self.open.len() < DEPTH
    }
}
