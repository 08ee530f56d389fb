//! The scripts that stand in templates and texts, and whether a script is one of them.
//!
//! A script in a template is a **shape**: literal text, holes (`{{ … }}`), alternatives (`{% if %}`) and
//! repetitions (`{% for %}`). A script of a page is allowed if a shape makes it with nothing but data in the
//! holes: text in a string that does not end it, or one JSON value where a value has to stand. Whoever wrote
//! the template wrote all else of it, so that data decides nothing of what the script does.
//!
//! What cannot be worked out from the text of one template is no shape: a script with `{% include %}`,
//! `{% filter %}`, `{% break %}`, `{% continue %}` or the body of a component in it, or one of which a tag ends
//! outside. Of a `{% block %}` in a script only the content that stands there itself is known.

mod marked;
mod matching;
mod program;

use crate::digest::{Digest, Integrity, integrity};
use crate::html::{self, Element, MAX_SRCDOC_DEPTH, OPEN_MARK, Visitor};
use crate::javascript::Script;
use crate::scripts::runs_inline;
use marked::Marked;
use program::Program;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The most scripts of one text that are known. Beyond them none is allowed.
pub const MAX_SHAPES: usize = 256;

/// The longest script that is compared with shapes that have holes. A longer one has to be exactly what
/// stands in a text.
pub const MAX_HOLED_SCRIPT_BYTES: usize = 128 * 1024;

/// How many steps comparing a script with all shapes may take. Beyond them it is not allowed.
pub const MAX_STEPS: usize = 1 << 19;

/// The scripts that stand in templates and texts, as shapes, and the `integrity` attributes there.
///
/// To clone one, or to add one to another, copies no text.
#[derive(Debug, Clone, Default)]
pub struct Shapes {
    /// Scripts without holes, without blanks around them.
    exact: BTreeSet<Digest>,
    /// Scripts with holes, by what stands in the template.
    holed: BTreeMap<Digest, Arc<Program>>,
    integrity: BTreeSet<String>,
}

impl Shapes {
    /// Returns the scripts of a Tera template.
    ///
    /// ```
    /// use quillfront_policy::Shapes;
    ///
    /// let shapes = Shapes::in_template("<script>let n = {{ n }};{% if a %} f(n);{% endif %}</script>");
    /// assert!(shapes.allows("let n = 4; f(n);"));
    /// assert!(shapes.allows("let n = [1, \"two\"];"));
    /// assert!(!shapes.allows("let n = f(1);"));
    /// ```
    pub fn in_template(text: &str) -> Self {
        Self::of(&Marked::template(text))
    }

    /// Returns the scripts of an HTML text that has no template syntax.
    pub fn in_text(html: &str) -> Self {
        Self::of(&Marked::text(html))
    }

    /// Returns the scripts in raw HTML of a Markdown text. `templated` says whether the text is a Tera template
    /// that is rendered before it is read as Markdown. Scripts in code, which are shown, do not count.
    ///
    /// ```
    /// use quillfront_policy::Shapes;
    ///
    /// let text = "`<script>` is a tag.\n\n<script>show({{ n }})</script>\n\n    <script>code()</script>\n";
    /// let shapes = Shapes::in_markdown(text, true);
    /// assert!(shapes.allows("show(1)") && !shapes.allows("code()"));
    /// ```
    pub fn in_markdown(text: &str, templated: bool) -> Self {
        let marked = if templated {
            Marked::template(text)
        } else {
            Marked::text(text)
        };
        Self::of(&marked.into_markdown())
    }

    fn of(marked: &Marked<'_>) -> Self {
        let mut collector = Collector {
            marked,
            shapes: Self::default(),
            depth: 0,
        };
        html::read(&marked.html, true, &mut collector);
        collector.shapes
    }

    /// Adds those of another text.
    pub fn add(&mut self, other: &Self) {
        self.exact.extend(&other.exact);
        let holed = other.holed.iter();
        self.holed
            .extend(holed.map(|(digest, program)| (*digest, Arc::clone(program))));
        self.integrity.extend(other.integrity.iter().cloned());
    }

    /// Returns true where there is nothing to allow.
    pub fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.holed.is_empty() && self.integrity.is_empty()
    }

    /// Returns true for a script that stands in one of the texts with nothing but data in its holes. Blanks
    /// around it do not matter. It takes at most [`MAX_STEPS`].
    pub fn allows(&self, script: &str) -> bool {
        if self.exact.contains(&Digest::of(script.trim_ascii())) {
            return true;
        }
        if self.holed.is_empty() || script.len() > MAX_HOLED_SCRIPT_BYTES {
            return false;
        }
        let script = Script::lex(script);
        let mut steps = MAX_STEPS;
        let mut programs = self.holed.values();
        programs.any(|program| matching::makes(program, &script, &mut steps))
    }

    /// Returns true for a hash that stands in an `integrity` attribute of one of the texts, as it is written
    /// by [`Facts::integrity`](crate::facts::Facts::integrity).
    pub fn names_integrity(&self, hash: &str) -> bool {
        self.integrity.contains(hash)
    }
}

/// Gathers the scripts of a text.
struct Collector<'a> {
    marked: &'a Marked<'a>,
    shapes: Shapes,
    /// How many `srcdoc` are around.
    depth: usize,
}

impl Visitor for Collector<'_> {
    fn start(&mut self, element: &Element) {
        if let Some(page) = element.srcdoc()
            && self.depth < MAX_SRCDOC_DEPTH
        {
            self.depth += 1;
            html::read(page, true, self);
            self.depth -= 1;
        }
        if let Integrity::Hashes(hashes) = integrity(element.get("integrity").unwrap_or_default()) {
            self.shapes.integrity.extend(hashes);
        }
    }

    fn content(&mut self, element: &Element, text: &str) {
        let full = self.shapes.exact.len() + self.shapes.holed.len() >= MAX_SHAPES;
        if full || element.name != "script" || !may_run_inline(element) {
            return;
        }
        let bare = text.trim_ascii();
        let Some(program) = Program::new(bare, self.marked) else {
            return;
        };
        match program.literal() {
            Some(literal) => {
                self.shapes.exact.insert(Digest::of(literal.trim_ascii()));
            }
            None => {
                let key = self.marked.digest(bare);
                self.shapes.holed.insert(key, Arc::new(program));
            }
        }
    }
}

/// Returns true for a script that may run, whatever a template writes into its attributes.
fn may_run_inline(element: &Element) -> bool {
    let is_written = |(name, value): (&str, &str)| {
        name.contains(OPEN_MARK) || (name == "type" && value.contains(OPEN_MARK))
    };
    runs_inline(element) || element.attributes().any(is_written)
}
