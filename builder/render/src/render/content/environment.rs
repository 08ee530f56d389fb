//! What Markdown asks of the site: where links lead, and its small templates.

use crate::graph::TextQuestion;
use crate::render::explain::explain;
use crate::render::lookup;
use crate::render::scope::ask;
use crate::render::thumbnails;
use crate::render::world::World;
use quillfront_markdown::{self as markdown, Document, Environment, Options};
use quillfront_site::facts::address;
use std::borrow::Cow;
use tera::Context;

/// Renders a text that needs no templating, with the site's links and templates. `file` is the content file
/// that it is the text of; None where a template has made the text.
///
/// # Errors
/// The mistakes in it, by line of `text`.
pub fn markdown_of(
    world: &World,
    file: Option<&str>,
    text: &str,
    permalink: &str,
    lang: &str,
    options: &Options,
) -> Result<Document, Vec<markdown::Problem>> {
    let environment = SiteEnvironment { world, file, lang };
    markdown::render(text, &markdown::Page { permalink }, options, &environment)
}

pub(super) struct SiteEnvironment<'a> {
    world: &'a World,
    file: Option<&'a str>,
    lang: &'a str,
}

impl Environment for SiteEnvironment<'_> {
    fn internal_link(&self, path: &str) -> Option<String> {
        ask(self.world, || TextQuestion::Link {
            path: path.to_owned(),
            lang: self.lang.to_owned(),
        });
        lookup::link(self.world, path, self.lang).map(Cow::into_owned)
    }

    fn missing_link(&self, path: &str) -> Option<String> {
        let world = self.world;
        let is_trusted = self.file.is_some_and(|file| world.trust.is_trusted(file));
        is_trusted.then(|| address(path, &world.config))
    }

    fn absence(&self, path: &str) -> Option<markdown::Absent> {
        let absence = self.world.library.absence(path)?;
        Some(markdown::Absent {
            told: absence.told(),
            way_out: absence.way_out(),
        })
    }

    fn picture(&self, url: &str) -> Option<markdown::Picture> {
        thumbnails::picture(self.world, url)
    }

    fn anchor_link(&self, id: &str, level: u8) -> Result<String, String> {
        let mut context = Context::new();
        context.insert("id", id);
        context.insert("level", &level);
        context.insert("lang", self.lang);
        self.small_template("anchor-link.html", &context)
    }

    fn summary_cutoff(&self, summary: &str) -> Result<String, String> {
        let mut context = Context::new();
        context.insert("summary", summary);
        context.insert("lang", self.lang);
        self.small_template("summary-cutoff.html", &context)
    }
}

impl SiteEnvironment<'_> {
    fn small_template(&self, name: &str, context: &Context) -> Result<String, String> {
        self.world
            .templates
            .tera
            .render(name, context)
            .map_err(|error| format!("{name}: {}", explain(&error).message))
    }
}
