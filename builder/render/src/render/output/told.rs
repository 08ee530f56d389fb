//! What an output is made from, for people: in words with marks, and as parts of sources.

use super::super::content::Contents;
use super::super::files::{self, FileMatch};
use super::super::questions;
use super::super::readers::Reader;
use super::super::readings::{Part, Parts, Readings, Statement, WantedSources, parts_of};
use super::super::scope::{Scope, within};
use super::super::templates::{BUILTIN_PREFIX, source_of};
use super::super::values::Detail;
use super::super::world::{Needs, World};
use super::search_index::searched;
use super::{Input, Job};
use crate::graph::{BodyFacts, OutputTrace, Question, TextQuestion};
use quillfront_site::facts::Place;
use quillfront_site::fingerprint::Mark;
use quillfront_site::key::{OutputKey, Role, SourceKey};
use quillfront_site::plan::{self, PlannedOutput, Recipe};
use quillfront_templates::reads::Shape;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

/// A site that can be asked what its outputs are made from.
#[derive(Clone)]
pub struct Site {
    /// The site.
    pub world: Arc<World>,
    /// Its bodies.
    pub contents: Arc<Contents>,
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site").finish_non_exhaustive()
    }
}

/// What many outputs read alike, worked out once.
#[derive(Default)]
pub struct Sums {
    only: Option<WantedSources>,
    answers: HashMap<(Arc<Shape>, Question), Arc<Parts>>,
    templates: HashMap<String, Arc<Parts>>,
}

impl Sums {
    /// Of some sources alone.
    pub fn of(only: WantedSources) -> Self {
        Self {
            only: Some(only),
            ..Self::default()
        }
    }
}

/// The parts of a page that are made of its text.
const OF_BODY: [&str; 3] = ["content", "summary", "toc"];

impl Site {
    /// What an output is made from, in words, each with its mark; none where it cannot be made.
    /// `known` is what was noted when it was made.
    ///
    /// # Errors
    /// What has to be read before that can be said.
    pub fn reads(
        &self,
        key: &OutputKey,
        planned: &PlannedOutput,
        known: Option<&OutputTrace>,
    ) -> Result<Vec<(Statement, Mark)>, Needs> {
        let job = self.job(key, planned);
        let asked = known.map_or(&[][..], |known| &known.asked[..]);
        let scope = Scope {
            world: self.world.clone(),
            contents: Some(self.contents.clone()),
            reader: None,
        };
        let mut told = Vec::new();
        let ((), trace) = within(scope, key.as_str(), || {
            let mut list = Vec::new();
            let all = job.reads(asked, &mut |read, mark| job.tell(&read, mark, &mut list));
            if all.is_some() {
                told = list;
            }
        });
        if !trace.needs.is_empty() {
            return Err(trace.needs);
        }
        // A style sheet is made of several; they are told above.
        let file = planned.recipe.file();
        let file = file.filter(|_| !matches!(planned.recipe, Recipe::Style(_)));
        if let Some(source) = file {
            let mark = self.world.sources.mark(source.as_str());
            told.extend(mark.map(|mark| (format!("file {source}").into(), mark)));
        }
        Ok(told)
    }

    /// What the text of a page or section asked for when it was rendered, in words, each with the mark
    /// of the answer; empty where nothing is known of it.
    ///
    /// # Errors
    /// What has to be read before that can be said.
    pub fn text_reads(&self, key: &SourceKey) -> Result<Vec<(Statement, Mark)>, Needs> {
        let world = &self.world;
        let Some((lang, facts)) = self.body(key) else {
            return Ok(Vec::new());
        };
        let mut told: Vec<(Statement, Mark)> = Vec::new();
        let itself = world.sources.mark(key.as_str());
        told.extend(itself.map(|mark| (format!("text of {key}").into(), mark)));
        if facts.templated {
            told.push((
                "any of the templates".to_owned().into(),
                world.templates.readers.all(),
            ));
        }
        let linked: BTreeSet<&str> = facts.links.iter().map(|link| &*link.path).collect();
        for path in linked.into_iter().filter(|path| !path.is_empty()) {
            told.push((
                format!("address of @/{path}").into(),
                questions::link(world, path, lang),
            ));
        }
        let ((), trace) = within(Scope::of_text(world), key.as_str(), || {
            for question in &facts.asked {
                told.push((
                    question.to_string().into(),
                    questions::of_text(world, question),
                ));
            }
        });
        if trace.needs.is_empty() {
            Ok(told)
        } else {
            Err(trace.needs)
        }
    }

    /// The sources that an output is made from, in groups; `known` is what was noted when it was
    /// made.
    pub fn sources(
        &self,
        key: &OutputKey,
        planned: &PlannedOutput,
        known: Option<&OutputTrace>,
        sums: &mut Sums,
    ) -> Vec<Arc<Parts>> {
        let job = self.job(key, planned);
        let mut own = job.own_sources(sums.only.clone());
        for (_, source, _) in known.iter().flat_map(|known| &known.pictures) {
            own.entry(source.clone()).or_default().insert(Part::File);
        }
        self.add_bodies(&mut own);
        let mut groups = vec![Arc::new(own)];
        let Some(template) = job.template_name() else {
            return groups;
        };
        let reader = self.world.templates.readers.reader(&template);
        let templates = sums.templates.entry(template.into_owned());
        let templates = templates.or_insert_with(|| Arc::new(self.templates_of(&reader)));
        groups.push(templates.clone());
        let only = sums.only.clone();
        for question in known.iter().flat_map(|known| known.asked.iter()) {
            let shape = reader.shape_of(question);
            let answer = sums.answers.entry((shape.clone(), (**question).clone()));
            let answer = answer.or_insert_with(|| {
                let readings = Readings::of(only.clone());
                let view = job.view(Detail::Sources(&readings));
                match &**question {
                    Question::OfPages(question) => questions::look(view, question, &shape),
                    Question::OfText(question) => {
                        if let Some((key, part)) = questions::source_of(&self.world, question) {
                            readings.note(&key, part);
                        }
                        note_made(&self.world, question, &readings);
                    }
                    Question::Script(digest) => {
                        for (key, facts) in self.contents.facts(&self.world) {
                            if facts.scripts.contains(digest) {
                                readings.note(key, Part::File);
                            }
                        }
                    }
                }
                let mut parts = readings.take();
                self.add_bodies(&mut parts);
                Arc::new(parts)
            });
            groups.push(answer.clone());
        }
        groups
    }

    /// The pages and sections whose text is made from a source, beside their own file.
    pub fn texts_with(&self, source: &SourceKey) -> BTreeSet<SourceKey> {
        let library = &self.world.library;
        let pages = library.pages.iter().map(|page| &page.place);
        let sections = library.sections.iter().map(|section| &section.place);
        let is_with = |place: &&Place| {
            let mut parts = Parts::new();
            if let Some((lang, facts)) = self.body(&place.key) {
                self.add_body(lang, facts, &mut parts);
            }
            parts.contains_key(source)
        };
        let places = pages.chain(sections).filter(is_with);
        places.map(|place| place.key.clone()).collect()
    }

    fn job<'a>(&'a self, key: &'a OutputKey, planned: &'a PlannedOutput) -> Job<'a> {
        Job {
            world: &self.world,
            contents: &self.contents,
            key,
            planned,
        }
    }

    /// Adds what the bodies are made from that are read.
    fn add_bodies(&self, parts: &mut Parts) {
        let is_body = |part: &Part| part.field().is_some_and(|name| OF_BODY.contains(&name));
        let with_bodies = parts.iter().filter(|(_, parts)| parts.iter().any(is_body));
        let bodies: Vec<SourceKey> = with_bodies.map(|(key, _)| key.clone()).collect();
        for key in bodies {
            if let Some((lang, facts)) = self.body(&key) {
                self.add_body(lang, facts, parts);
            }
        }
    }

    /// What is known of a body, and the language that it is in.
    fn body(&self, key: &SourceKey) -> Option<(&str, &BodyFacts)> {
        let library = &self.world.library;
        let relative = key.as_str().strip_prefix("content/")?;
        if let Some(id) = library.page_by_file(relative) {
            let lang = &library.pages[id].place.lang;
            return Some((lang, &self.contents.page_body(id)?.facts));
        }
        let id = library.section_by_file(relative)?;
        let lang = &library.sections[id].place.lang;
        Some((lang, &self.contents.section_body(id)?.facts))
    }

    fn add_body(&self, lang: &str, facts: &BodyFacts, parts: &mut Parts) {
        let mut add = |key: SourceKey, part: Part| {
            parts.entry(key).or_default().insert(part);
        };
        let linked = facts.links.iter().filter(|link| !link.path.is_empty());
        let linked = linked.map(|link| TextQuestion::Link {
            path: link.path.clone(),
            lang: lang.to_owned(),
        });
        let asked: Vec<TextQuestion> = linked.chain(facts.asked.iter().cloned()).collect();
        for question in &asked {
            if let Some((key, part)) = questions::source_of(&self.world, question) {
                add(key, part);
            }
        }
        for (_, source, _) in &facts.pictures {
            add(source.clone(), Part::File);
        }
        let readers = &self.world.templates.readers;
        for name in ["anchor-link.html", "summary-cutoff.html"] {
            parts.extend(self.templates_of(&readers.reader(name)));
        }
        if facts.templated {
            parts.extend(self.templates_named(readers.names()));
        }
    }

    fn templates_of(&self, reader: &Reader) -> Parts {
        match reader.made_of() {
            Some(names) => self.templates_named(names.iter().map(String::as_str)),
            None => self.templates_named(self.world.templates.readers.names()),
        }
    }

    fn templates_named<'a>(&self, names: impl Iterator<Item = &'a str>) -> Parts {
        let theme = self.world.config.theme.as_deref();
        let files = names.map(|name| SourceKey::from(source_of(name, theme)));
        let files = files.filter(|file| self.world.sources.exists(file.as_str()));
        files.map(|file| (file, [Part::File].into())).collect()
    }
}

impl Job<'_> {
    /// Puts something that the output is made from into words.
    fn tell(&self, read: &Input<'_>, mark: Mark, told: &mut Vec<(Statement, Mark)>) {
        let of = |what: String, shape: &Shape| Statement {
            what,
            parts: parts_of(shape),
        };
        let text = match read {
            Input::Templates(reader) => return self.tell_templates(reader, mark, told),
            Input::Variable(name, shape) => of(self.name_of(name), shape),
            Input::Question(question, reader) => match question.function() {
                Some(_) => of(question.to_string(), &reader.shape_of(question)),
                None => question.to_string().into(),
            },
            Input::Target(target) => format!("the address {target}").into(),
            Input::Styles => "the style sheets in sass/".to_owned().into(),
            Input::File => "the file that it is".to_owned().into(),
            Input::Rules => "[security] of quillfront.toml".to_owned().into(),
            Input::Hidden => format!("hidden of {}", self.planned.source).into(),
            Input::Search => "titles, descriptions and contents of what is searched"
                .to_owned()
                .into(),
        };
        told.push((text, mark));
    }

    fn tell_templates(&self, reader: &Reader, mark: Mark, told: &mut Vec<(Statement, Mark)>) {
        let Some(names) = reader.made_of() else {
            told.push(("any of the templates".to_owned().into(), mark));
            return;
        };
        let theme = self.world.config.theme.as_deref();
        for name in names {
            let Some(mark) = self.world.templates.readers.mark_of(name) else {
                continue;
            };
            let text = match name.strip_prefix(BUILTIN_PREFIX) {
                Some(name) => format!("template {name}, built in"),
                None => format!("template {}", source_of(name, theme)),
            };
            told.push((text.into(), mark));
        }
    }

    /// A variable, with the file that it stands for.
    fn name_of(&self, variable: &str) -> String {
        let library = &self.world.library;
        match (&self.planned.recipe, variable) {
            (Recipe::Page(id), "page") => format!("page {}", library.pages[*id].place.key),
            (Recipe::Section { section, .. }, "section") => {
                format!("section {}", library.sections[*section].place.key)
            }
            _ => variable.to_owned(),
        }
    }

    /// The sources that its context is made from.
    fn own_sources(&self, only: Option<WantedSources>) -> Parts {
        let readings = Readings::of(only);
        let world = self.world;
        match &self.planned.recipe {
            Recipe::Copy(_) | Recipe::Style(_) | Recipe::Picture(_) => {
                if let Some(file) = self.planned.recipe.file() {
                    readings.note(file, Part::File);
                }
            }
            Recipe::Redirect(_) => {
                readings.note_field(&self.planned.source, "permalink");
                readings.note_field(&self.planned.source, "aliases");
            }
            Recipe::SearchIndex(lang) => note_searched(world, lang, &readings),
            Recipe::Page(id) if world.library.pages[*id].front.hidden => {
                readings.note_field(&self.planned.source, "hidden");
            }
            Recipe::Section { pager: Some(_), .. } => {
                readings.note_field(&self.planned.source, "pages")
            }
            _ => {}
        }
        if let Recipe::Style(_) = self.planned.recipe {
            note_sass(world, &readings);
        }
        let Some(template) = self.template_name() else {
            return readings.take();
        };
        let (names, _) = self.who_names(&template);
        if names != self.planned.source.as_str() {
            readings.note_field(&SourceKey::from(names), "page_template");
        }
        let reader = world.templates.readers.reader(&template);
        if let Some(shape) = reader.variable("config") {
            let config = plan::config_key(&world.sources);
            match shape {
                Shape::Whole => readings.note(&config, Part::File),
                Shape::Parts(parts) => {
                    for name in parts.fields.keys() {
                        readings.note(&config, Part::Field(name.clone().into()));
                    }
                }
            }
        }
        self.variables(self.view(Detail::Sources(&readings)), Some(&reader));
        readings.take()
    }
}

/// The sources of an output that a question asks for, where it is made without a template.
fn note_made(world: &World, question: &TextQuestion, readings: &Readings) {
    let TextQuestion::File(path) = question else {
        return;
    };
    let Ok(Some(FileMatch::Made(key))) = files::find(world, path) else {
        return;
    };
    match world.generated.index_language(&key) {
        Some(lang) => note_searched(world, lang, readings),
        None if world.styles.key(key.as_str()).is_some() => note_sass(world, readings),
        None => {}
    }
}

fn note_sass(world: &World, readings: &Readings) {
    let sheets = world.sources.iter().map(|(key, _)| key);
    for key in sheets.filter(|key| key.role() == Role::Sass) {
        readings.note(key, Part::File);
    }
}

fn note_searched(world: &World, lang: &str, readings: &Readings) {
    let Ok((sections, pages)) = searched(world, lang) else {
        return;
    };
    let library = &world.library;
    let settings = &world.config.languages[lang].search;
    let pages = pages.iter().map(|id| &library.pages[*id].place.key);
    let sections = sections.iter().map(|id| &library.sections[*id].place.key);
    for key in pages.chain(sections) {
        for (read, name) in [
            (true, "permalink"),
            (settings.include_title, "title"),
            (settings.include_description, "description"),
            (settings.include_date, "date"),
            (settings.include_content, "content"),
        ] {
            if read {
                readings.note_field(key, name);
            }
        }
    }
}

/// All groups as one.
pub fn merged(groups: &[Arc<Parts>]) -> Parts {
    let mut all: Parts = BTreeMap::new();
    for (key, parts) in groups.iter().flat_map(|group| group.iter()) {
        let known = all.entry(key.clone()).or_default();
        known.extend(parts.iter().cloned());
    }
    all
}
