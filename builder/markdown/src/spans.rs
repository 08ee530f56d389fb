//! Text and spans under construction.

use super::html;
use super::scopes::Class;

/// Neighbours of one class share a span, and the white space between them goes along. No span
/// crosses the end of a line, so that lines can be wrapped or left out.
pub struct Spans<'a> {
    html: String,
    open: Option<Class>,
    /// White space that may still become part of the open span.
    space: &'a str,
}

impl<'a> Spans<'a> {
    pub fn with_capacity(bytes: usize) -> Self {
        Self {
            html: String::with_capacity(bytes),
            open: None,
            space: "",
        }
    }

    /// Appends a piece of the text.
    pub fn push(&mut self, text: &'a str, class: Option<Class>) {
        for line in text.split_inclusive('\n') {
            let visible = line.trim_ascii();
            let lead = line.len() - line.trim_ascii_start().len();
            let (before, after) = (&line[..lead], &line[lead + visible.len()..]);
            self.push_space(before);
            if !visible.is_empty() {
                self.push_visible(visible, class);
                self.push_space(after);
            }
        }
    }

    pub fn finish(mut self) -> String {
        self.close();
        self.html
    }

    fn push_visible(&mut self, text: &str, class: Option<Class>) {
        if class != self.open {
            self.close();
            if let Some(class) = class {
                self.html.push_str("<span class=\"");
                self.html.push_str(class.name());
                self.html.push_str("\">");
                self.open = Some(class);
            }
        }
        self.html.push_str(std::mem::take(&mut self.space));
        html::push_text(&mut self.html, text);
    }

    fn push_space(&mut self, space: &'a str) {
        if space.is_empty() {
            return;
        }
        if !self.space.is_empty() || space.contains('\n') {
            self.close();
        }
        self.space = space;
    }

    /// Ends the open span; the white space behind it stays outside.
    fn close(&mut self) {
        if self.open.take().is_some() {
            self.html.push_str("</span>");
        }
        self.html.push_str(std::mem::take(&mut self.space));
    }
}
