//! The Markdown of one page or section: templated, then rendered, with all that is known of it.

use super::environment::markdown_of;
use super::{Bodies, Body, Linking, RenderedBody, shown};
use crate::graph::{BodyFacts, Graph, TextQuestion, value_mark};
use crate::render::explain::TemplateError;
use crate::render::origins::Origins;
use crate::render::provenance;
use crate::render::questions;
use crate::render::scope::{self, Scope, Trace, within};
use crate::render::templates::{about, source_of};
use crate::render::values;
use crate::render::world::{Needs, World};
use crate::render::{RenderError, guarded};
use quillfront_markdown::{self as markdown, AnchorLinks, Document, InternalLink};
use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::facts::{BodyText, Place};
use quillfront_site::fingerprint::{Mark, Marker};
use quillfront_site::library::PageId;
use quillfront_templates::budget;
use quillfront_templates::lexer;
use quillfront_templates::meter::{self, MeteredText};
use quillfront_templates::reads::WHOLE;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};
use tera::{Context, Value};

/// What a body is rendered with.
pub(super) struct Job<'a> {
    world: &'a Arc<World>,
    configs: &'a BTreeMap<String, Value>,
    of: Linking,
    place: &'a Place,
    text: &'a BodyText,
    permalink: &'a str,
    anchors: Option<AnchorLinks>,
}

impl<'a> Job<'a> {
    pub(super) fn of(
        of: Linking,
        world: &'a Arc<World>,
        configs: &'a BTreeMap<String, Value>,
    ) -> Self {
        match of {
            Linking::Page(id) => {
                let page = &world.library.pages[id];
                Self {
                    world,
                    configs,
                    of,
                    place: &page.place,
                    text: &page.body,
                    permalink: &page.permalink,
                    anchors: anchors_of_page(world, id),
                }
            }
            Linking::Section(id) => {
                let section = &world.library.sections[id];
                Self {
                    world,
                    configs,
                    of,
                    place: &section.place,
                    text: &section.body,
                    permalink: &section.permalink,
                    anchors: section.front.insert_anchor_links,
                }
            }
        }
    }
}

impl Job<'_> {
    pub(super) fn settle(
        &self,
        graph: &Graph,
        bodies: &Bodies,
    ) -> Result<RenderedBody, RenderError> {
        let key = self.place.key.as_str();
        let known = graph.bodies.get(key);
        if let Some(facts) = known.filter(|_| !bodies.wanted.contains(key)) {
            let scope = Scope::of_text(self.world);
            let mark = scope::look(scope, key, || {
                self.mark(facts.templated, &facts.asked, &facts.links)
            });
            if mark.map_err(RenderError::Needs)? == facts.trace {
                return Ok(RenderedBody {
                    facts: facts.clone(),
                    body: None,
                });
            }
        }
        self.render()
    }

    /// The mark of all that the body is made from.
    fn mark(&self, templated: bool, asked: &[TextQuestion], links: &[InternalLink]) -> Mark {
        let world = self.world;
        let mut marker = Marker::default();
        marker.option(world.sources.mark(self.place.key.as_str()), |m, mark| {
            m.mark(mark);
        });
        marker.bytes(self.permalink).bytes(&self.place.lang);
        marker.option(self.anchors, |marker, anchors| {
            marker.number(anchors as u64);
        });
        for name in ["anchor-link.html", "summary-cutoff.html"] {
            marker.mark(world.templates.readers.reader(name).mark);
        }
        if templated {
            marker.mark(value_mark(&self.facts().1, &WHOLE));
            marker.mark(world.templates.readers.all());
        }
        for link in links.iter().filter(|link| !link.path.is_empty()) {
            marker.mark(questions::link(world, &link.path, &self.place.lang));
        }
        for question in asked {
            marker.mark(questions::of_text(world, question));
        }
        marker.done()
    }

    /// What the text itself sees of its page or section.
    fn facts(&self) -> (&'static str, Value) {
        match self.of {
            Linking::Page(id) => ("page", values::page_facts(self.world, id)),
            Linking::Section(id) => ("section", values::section_facts(self.world, id)),
        }
    }
}

impl Job<'_> {
    /// Renders the body; a crash is a mistake in it.
    fn render(&self) -> Result<RenderedBody, RenderError> {
        let Job {
            world, place, text, ..
        } = self;
        let file = place.key.as_str();
        let mut is_templated_now = false;
        // A default section has no file, and so no text.
        let whole = if world.sources.exists(file) {
            let (whole, trace) = within(Scope::of_text(world), file, || world.text(file));
            match whole {
                Some(whole) => whole.clone(),
                None => return Err(RenderError::Needs(trace.needs)),
            }
        } else {
            Arc::from("")
        };
        let written = text.of(&whole);
        let render = || {
            let templated;
            let made = if is_templated(world, place, written) {
                is_templated_now = true;
                templated = self.template(written)?;
                templated.as_str()
            } else {
                written
            };
            let mut options = world.config.markdown_options();
            if let Some(anchors) = self.anchors {
                options.insert_anchor_links = anchors;
            }
            let lang = &place.lang;
            let mut outcome = markdown_of(world, Some(file), made, self.permalink, lang, &options);
            if made != written {
                name_written_lines(&mut outcome, written, made);
            }
            if let Ok(document) = &mut outcome
                && world.settings.mode != "check"
            {
                document.external_links = Vec::new();
            }
            outcome.map_err(|problems| located(file, text, problems))
        };
        let scope = Scope::of_text(world);
        let (result, trace) = guarded(file, || Ok(within(scope, file, render)))?;
        if !trace.needs.is_empty() {
            return Err(RenderError::Needs(trace.needs));
        }
        let document = result.map_err(RenderError::Failed)?;
        self.written(document, trace, written, is_templated_now)
            .map_err(RenderError::Needs)
    }

    fn written(
        &self,
        document: Document,
        trace: Trace,
        source: &str,
        templated: bool,
    ) -> Result<RenderedBody, Needs> {
        let Job {
            world, place, text, ..
        } = self;
        let links = document.internal_links;
        let targets: BTreeSet<&str> = links.iter().map(|link| link.path.as_str()).collect();
        // In another language than the default one `get_url` may lead elsewhere than a link.
        let is_plain = place.lang == world.config.default_language;
        let is_link = |question: &TextQuestion| match question {
            TextQuestion::Link { path, lang } => {
                is_plain && *lang == place.lang && targets.contains(path.as_str())
            }
            _ => false,
        };
        let asked = trace.asked.of_text.into_iter();
        let asked: Vec<TextQuestion> = asked.filter(|question| !is_link(question)).collect();
        let toc = values::toc(&document.toc);
        let mark = |text: &str| {
            if world.traced {
                Mark::of(text.as_bytes())
            } else {
                Mark::of(&[])
            }
        };
        let looked_at = provenance::Text {
            written: source,
            is_templated: templated,
            integrity: &trace.integrity,
        };
        let (scripts, page) = provenance::of_text(world, &looked_at, &document.html);
        let line = |line| text.line_of_file(line);
        let scope = Scope::of_text(world);
        let facts = BodyFacts {
            trace: if world.traced {
                scope::look(scope, place.key.as_str(), || {
                    self.mark(templated, &asked, &links)
                })?
            } else {
                Mark::of(&[])
            },
            templated,
            html: mark(&document.html),
            summary: document.summary.as_deref().map(mark),
            toc: (!document.toc.is_empty() && world.traced).then(|| value_mark(&toc, &WHOLE)),
            asked,
            links,
            warnings: located(place.key.as_str(), text, document.warnings),
            pictures: shown(trace.pictures),
            scripts,
            blocked: provenance::with_lines(&page, source, line),
        };
        Ok(RenderedBody {
            facts: Arc::new(facts),
            body: Some(Arc::new(Body {
                html: Value::from(document.html.as_str()),
                summary: document
                    .summary
                    .map_or_else(Value::none, |summary| Value::from(summary.as_str())),
                toc,
                external_links: document.external_links,
                anchors: document.anchors,
            })),
        })
    }

    /// The text after templating.
    fn template(&self, text: &str) -> Result<String, Vec<Diagnostic>> {
        let Job {
            world,
            place,
            text: body,
            ..
        } = self;
        let file = place.key.as_str();
        let mut context = Context::new();
        let (name, value) = self.facts();
        context.insert_value(name, value);
        context.insert_value("config", self.configs[place.lang.as_str()].clone());
        context.insert("lang", &place.lang);
        let metered = meter::meter(text).map_err(|found| vec![unmetered(file, body, found)])?;
        if let Some((line, message)) =
            meter::many_unknown(text, &world.templates.tera, &BTreeSet::new())
        {
            let error = TemplateError::plain(None, message);
            let problem = Diagnostic::error("content-template", file, error.message);
            let problem = problem.at(body.line_of_file(line), None);
            return Err(vec![Diagnostic {
                hint: error.hint,
                ..problem
            }]);
        }
        let mut out = meter::BoundedWriter::new(meter::MAX_TEXT_OUTPUT_BYTES);
        let tera = &world.templates.tera;
        budget::of_text(|| tera.render_str_to(&metered.text, &context, false, &mut out)).map_err(
            |error| {
                vec![templating_problem(
                    world,
                    file,
                    (body, text),
                    &metered,
                    &error,
                )]
            },
        )?;
        String::from_utf8(out.bytes).map_err(|_| {
            vec![Diagnostic::error(
                "content-template",
                file,
                "this is not UTF-8",
            )]
        })
    }
}

pub(super) fn anchors_of_page(world: &World, id: PageId) -> Option<AnchorLinks> {
    let parent = world.library.page_links[id].parent?;
    world.library.sections[parent].front.insert_anchor_links
}

pub(super) fn is_templated(world: &World, place: &Place, text: &str) -> bool {
    lexer::opens_tag(text) && !world.config.skips_content_templating(place.relative())
}

pub(super) fn unmetered(file: &str, body: &BodyText, (line, message): (u32, &str)) -> Diagnostic {
    Diagnostic::error("content-template", file, message)
        .at(body.line_of_file(line), None)
        .hint("move it into a component or a template, in smaller parts")
}

/// Puts the lines of the author's text in the place of those of the text that templates made of it.
pub(super) fn name_written_lines(
    outcome: &mut Result<Document, Vec<markdown::Problem>>,
    written: &str,
    made: &str,
) {
    let origins = OnceLock::new();
    let origin = |line: u32| origins.get_or_init(|| Origins::new(written, made)).of(line);
    let mend = |problem: &mut markdown::Problem| {
        let origin = origin(problem.line);
        problem.line = origin.line;
        problem.column = problem.column.filter(|_| origin.untouched);
    };
    match outcome {
        Err(problems) => problems.iter_mut().for_each(mend),
        Ok(document) => {
            document.warnings.iter_mut().for_each(mend);
            for link in &mut document.internal_links {
                link.line = origin(link.line).line;
            }
            for link in &mut document.external_links {
                link.line = origin(link.line).line;
            }
        }
    }
}

/// What went wrong where a text was templated: in the text, or in a component that it calls.
pub(super) fn templating_problem(
    world: &World,
    file: &str,
    (body, text): (&BodyText, &str),
    metered: &MeteredText<'_>,
    error: &tera::Error,
) -> Diagnostic {
    let mut error = world.templates.explain(error, ONE_OFF);
    if error.template.as_deref().is_none_or(|name| name == ONE_OFF)
        && let (Some(line), Some(column)) = (error.line, &mut error.column)
    {
        *column = metered.original_column(line, *column);
    }
    let error = error.at_open_tag(text);
    if let Some(template) = &error.template
        && template != ONE_OFF
    {
        let file = source_of(template, world.config.theme.as_deref());
        return about(file, error);
    }
    let hint = if error.maybe_literal && text.contains("{#") {
        Some(HEADING_ID.to_owned())
    } else if error.maybe_literal {
        let hints = error.hint.iter().map(String::as_str).chain([LITERAL]);
        Some(hints.collect::<Vec<_>>().join("; "))
    } else {
        error.hint
    };
    let line = error.line.map(|line| body.line_of_file(line));
    Diagnostic {
        hint,
        ..Diagnostic::error("content-template", file, error.message).at(line, error.column)
    }
}

pub(super) const HEADING_ID: &str = "`{#` opens a comment in a text that has `{{` or `{%`; write the \
                          heading's id on a page without them, or list the page in \
                          skip_content_templating";

pub(super) const LITERAL: &str = "to show braces as they are, put them between {% raw %} and {% endraw %}, or \
                       list the page in skip_content_templating in config.toml";

/// What the engine calls a text that is no template of the site.
pub(super) const ONE_OFF: &str = "__tera_one_off";

pub(super) fn located(
    file: &str,
    text: &BodyText,
    problems: Vec<markdown::Problem>,
) -> Vec<Diagnostic> {
    let diagnostic = |problem: markdown::Problem| Diagnostic {
        hint: problem.hint,
        lacks: problem.lacks.map(String::into_boxed_str),
        ..Diagnostic::error(problem.code, file, problem.message)
            .at(text.line_of_file(problem.line), problem.column)
    };
    problems.into_iter().map(diagnostic).collect()
}
