//! Which template makes an output, and what must be right before it does.

use super::super::content::{BodyResult, Contents};
use super::super::templates::BUILTIN_PREFIX;
use super::super::world::World;
use super::Job;
use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::key::OutputKey;
use quillfront_site::library::PageId;
use quillfront_site::library::taxonomies::TaxonomyId;
use quillfront_site::plan::{PlannedOutput, Recipe};
use std::borrow::Cow;
use std::sync::Arc;

/// Of one page so many are told; each costs reading its front matter again to find the line.
const MAX_UNKNOWN_TAXONOMIES: usize = 20;

/// Why an output cannot be made, as far as that can be said without rendering it: its template cannot stand.
pub fn why_hopeless(
    world: &Arc<World>,
    contents: &Arc<Contents>,
    key: &OutputKey,
    planned: &PlannedOutput,
) -> Option<Vec<Diagnostic>> {
    let job = Job {
        world,
        contents,
        key,
        planned,
    };
    job.stands(&job.template_name()?).err()
}

impl<'w> Job<'w> {
    /// What must be right before a template is looked at.
    pub(super) fn check(&self) -> Result<(), Vec<Diagnostic>> {
        match self.planned.recipe {
            Recipe::Page(id) => {
                rendered(&self.contents.pages[id])?;
                self.check_taxonomies(id)
            }
            Recipe::Section { section, .. } => rendered(&self.contents.sections[section]),
            _ => Ok(()),
        }
    }

    /// Terms of a taxonomy that the language does not have are a mistake of the page.
    fn check_taxonomies(&self, id: PageId) -> Result<(), Vec<Diagnostic>> {
        let page = &self.world.library.pages[id];
        let known = &self.world.config.languages[page.place.lang.as_str()].taxonomies;
        let unknown = page
            .front
            .taxonomies
            .iter()
            .map(|(name, _)| name)
            .filter(|name| !known.iter().any(|taxonomy| taxonomy.name == **name));
        let problems: Vec<Diagnostic> = unknown
            .take(MAX_UNKNOWN_TAXONOMIES)
            .map(|name| {
                let message = format!("the taxonomy `{name}` is not defined in the configuration");
                let hint = format!(
                    "add {{ name = \"{name}\" }} to `taxonomies` in config.toml, or remove it here"
                );
                let file = page.place.key.as_str();
                Diagnostic::error("taxonomy", file, message)
                    .about(&["taxonomies", name])
                    .hint(hint)
            })
            .collect();
        if problems.is_empty() {
            Ok(())
        } else {
            Err(problems)
        }
    }

    /// The template that makes it, by the name that it is asked for; None where there is nothing to
    /// make.
    pub(super) fn template_name(&self) -> Option<Cow<'w, str>> {
        let library = &self.world.library;
        let or_usual = |chosen: Option<&'w str>, usual: &'static str| match chosen {
            Some(name) => Cow::from(name),
            // A site without one of the usual templates gets a plain page.
            None if !self.world.templates.contains(usual) => {
                format!("{BUILTIN_PREFIX}placeholder.html").into()
            }
            None => usual.into(),
        };
        let of_taxonomy = |lang: &str, id: TaxonomyId, kind: &str| {
            let name = &library.taxonomy(lang, id)?.config.name;
            let own = format!("{name}/{kind}.html");
            Some(if self.world.templates.contains(&own) {
                Cow::from(own)
            } else {
                format!("taxonomy_{kind}.html").into()
            })
        };
        Some(match &self.planned.recipe {
            Recipe::Page(id) => {
                let front = &library.pages[*id].front;
                let inherited = library.inherited_page_template(*id);
                or_usual(front.template.as_deref().or(inherited), "page.html")
            }
            Recipe::Section { section, .. } => {
                let section = &library.sections[*section];
                let usual = if section.place.folders.is_empty() {
                    "index.html"
                } else {
                    "section.html"
                };
                or_usual(section.front.template.as_deref(), usual)
            }
            Recipe::Taxonomy(of) => of_taxonomy(&of.lang, of.taxonomy, "list")?,
            Recipe::Term(of) => of_taxonomy(&of.lang, of.term.taxonomy, "single")?,
            Recipe::Feed(feed) => feed.template.as_str().into(),
            Recipe::SitemapIndex(_) => "split_sitemap_index.xml".into(),
            Recipe::Sitemap(_) => "sitemap.xml".into(),
            Recipe::Robots => "robots.txt".into(),
            Recipe::NotFound => "404.html".into(),
            Recipe::Redirect(_) => "internal/alias.html".into(),
            Recipe::SearchIndex(_)
            | Recipe::SearchLibrary
            | Recipe::HighlightSheet(_)
            | Recipe::Rules
            | Recipe::Copy(_)
            | Recipe::Style(_)
            | Recipe::Picture(_) => return None,
        })
    }

    /// What is wrong with a template, or that there is none.
    pub(super) fn stands(&self, name: &str) -> Result<(), Vec<Diagnostic>> {
        let theme = self.world.config.theme.as_deref();
        if let Some(problem) = self.world.templates.why_broken(name, theme) {
            return Err(vec![problem.clone()]);
        }
        if self.world.templates.contains(name) {
            return Ok(());
        }
        let message = format!("there is no template `{name}`");
        let hint = self.world.templates.add_or_mend(name);
        let (file, field) = self.who_names(name);
        Err(vec![
            Diagnostic::error("template-missing", file, message)
                .about(&[field])
                .hint(hint),
        ])
    }

    /// The file that names a template, and in which field: the page or section itself, or the section
    /// above it that sets `page_template`.
    pub(super) fn who_names(&self, template: &str) -> (&str, &'static str) {
        let library = &self.world.library;
        let own = self.planned.source.as_str();
        if let Recipe::Page(id) = self.planned.recipe
            && library.pages[id].front.template.is_none()
        {
            let links = &library.page_links[id];
            let above = links.parent.iter().chain(links.ancestors.iter().rev());
            let mut above = above.map(|section| &library.sections[*section]);
            let named =
                above.find(|section| section.front.page_template.as_deref() == Some(template));
            if let Some(section) = named {
                return (section.place.key.as_str(), "page_template");
            }
        }
        let name = match self.planned.recipe {
            Recipe::Taxonomy(_) | Recipe::Term(_) => "taxonomies",
            _ => "template",
        };
        (own, name)
    }
}

fn rendered(document: &BodyResult) -> Result<(), Vec<Diagnostic>> {
    match document {
        Ok(_) => Ok(()),
        Err(problems) => Err(problems.clone()),
    }
}
