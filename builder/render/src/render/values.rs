//! What templates see of pages, sections, taxonomies and pagers (site model, section 7).
//!
//! Values are shared, not copied: a page's value is made once and used by every list it is in.
//! The same description serves the dependency graph ([`Detail`]): there it yields marks of what a
//! [shape](Shape) reads, or the bodies that are shown.

mod bodies;
mod fields;
mod lists;

pub use bodies::toc;
pub use lists::{PagerList, pages, paginator, taxonomy, taxonomy_kind, term, terms};

use super::configuration::{self, free_value};
use super::content::{Contents, Linking, Projection};
use super::readings::{Part, Readings};
use super::scope;
use super::world::World;
use crate::graph::{Neighbours, memo::Memo, value_mark};
use bodies::BodyValues;
use fields::{Fields, array, marked};
use quillfront_site::dates::Date;
use quillfront_site::facts::{Page, Place, Section};
use quillfront_site::fingerprint::Mark;
use quillfront_site::key::SourceKey;
use quillfront_site::library::{PageId, SectionId};
use quillfront_templates::reads::{Shape, ShapeId, WHOLE};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use tera::{Map, Value};

/// What values are made for.
#[derive(Clone, Copy)]
pub enum Detail<'a> {
    /// For templates: all there is.
    Full,
    /// For a template of which it is known what it reads: that of lists and sections, and of pages
    /// all.
    Read,
    /// For marks: only what a shape reads; a body is its mark, and so is a page or a list of pages
    /// inside another value.
    Marks(&'a Memo),
    /// To learn which bodies a shape reads; of the values nothing is used.
    Bodies(&'a BodyLookup),
    /// To learn which parts of which sources a shape reads; of the values nothing is used.
    Sources(&'a Readings),
}

/// The bodies that are read, and what was looked at already.
#[derive(Default)]
pub struct BodyLookup {
    /// Files whose body is read and is not at hand.
    pub missing: RefCell<BTreeSet<SourceKey>>,
    /// Those that cannot be rendered.
    pub failed: RefCell<BTreeSet<SourceKey>>,
    seen: RefCell<BTreeSet<(ShapeId, PageId, Neighbours)>>,
}

impl BodyLookup {
    /// Notes the bodies that the current render shows and that are not at hand.
    pub fn tell(&self) {
        self.missing.take().into_iter().for_each(scope::need_body);
        self.failed.take().into_iter().for_each(scope::show_failed);
    }
}

/// A site, seen with some detail.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// The site.
    pub world: &'a World,
    /// Its bodies.
    pub contents: &'a Contents,
    /// What for.
    pub detail: Detail<'a>,
}

impl<'a> View<'a> {
    /// Where what is read of a source is noted, if it is.
    fn noting(self, key: &'a SourceKey) -> Option<(&'a Readings, &'a SourceKey)> {
        match self.detail {
            Detail::Sources(readings) => Some((readings, key)),
            Detail::Full | Detail::Read | Detail::Marks(_) | Detail::Bodies(_) => None,
        }
    }

    /// Notes one part of each of these pages.
    fn note_pages(self, ids: &[PageId], part: &Part) {
        if let Detail::Sources(readings) = self.detail {
            for id in ids {
                readings.note_page(&self.world.library.pages[*id].place.key, part);
            }
        }
    }

    /// The same, with all there is.
    fn full(self) -> Self {
        Self {
            detail: Detail::Full,
            ..self
        }
    }
}

/// `page` while its own Markdown is rendered: everything but what rendering makes.
pub fn page_facts(world: &World, id: PageId) -> Value {
    let own = Fields::whole();
    page_fields(world, id, own, &BodyValues::none()).build()
}

/// A page as a template of its own, lists and `get_page` see it, or, without neighbours, as feeds
/// and its neighbours see it.
pub fn page(view: View<'_>, id: PageId, shape: &Shape, neighbours: Neighbours) -> Value {
    let contents = view.contents;
    let make = || page_value(view, id, shape, neighbours);
    match view.detail {
        Detail::Full => match neighbours {
            Neighbours::Shown => contents.full_page_values.get_or(id, make),
            Neighbours::LeftOut => contents.page_values.get_or(id, make),
        },
        Detail::Read => page(view.full(), id, &WHOLE, neighbours),
        Detail::Marks(_) => marked(page_mark(view, id, shape, neighbours)),
        Detail::Bodies(shown) => {
            let enters = |shape| shown.seen.borrow_mut().insert((shape, id, neighbours));
            if shape.id().is_none_or(enters) {
                make();
            }
            Value::none()
        }
        Detail::Sources(readings) => {
            let key = &view.world.library.pages[id].place.key;
            if readings.enters(key, shape, id, neighbours) {
                make();
            }
            Value::none()
        }
    }
}

/// The mark of what is read of a page.
fn page_mark(view: View<'_>, id: PageId, shape: &Shape, neighbours: Neighbours) -> Mark {
    let make = || value_mark(&page_value(view, id, shape, neighbours), shape);
    match view.detail {
        Detail::Marks(memo) => {
            match memo.pages(shape, neighbours, view.world.library.pages.len()) {
                Some(pages) => pages.get_or(id, make),
                None => make(),
            }
        }
        Detail::Full | Detail::Read | Detail::Bodies(_) | Detail::Sources(_) => make(),
    }
}

/// A page that is not made into a mark or taken from those made before.
pub fn page_value(view: View<'_>, id: PageId, shape: &Shape, neighbours: Neighbours) -> Value {
    let View {
        world, contents, ..
    } = view;
    if let Detail::Read = view.detail {
        return page_value(view.full(), id, &WHOLE, neighbours);
    }
    let links = &world.library.page_links[id];
    if let (Neighbours::Shown, Detail::Full) = (neighbours, view.detail) {
        // The same page with its neighbours.
        let neighbour = |id: Option<PageId>| match id {
            Some(id) => page(view, id, shape, Neighbours::LeftOut),
            None => Value::none(),
        };
        let base = page(view, id, shape, Neighbours::LeftOut);
        let own = Fields::added_to(base, shape);
        return own
            .with("lower", |_| neighbour(links.lower))
            .with("higher", |_| neighbour(links.higher))
            .build();
    }
    let neighbour =
        |id: Option<PageId>, shape: &Shape| match id.filter(|_| neighbours == Neighbours::Shown) {
            Some(id) => page(view, id, shape, Neighbours::LeftOut),
            None => Value::none(),
        };
    let place = &world.library.pages[id].place;
    let body = BodyValues::of(view, &place.key, contents.page_body(id));
    page_fields(world, id, Fields::of_source(view, &place.key, shape), &body)
        .with("lower", |shape| neighbour(links.lower, shape))
        .with("higher", |shape| neighbour(links.higher, shape))
        .with("translations", |_| array(page_translations(view, id)))
        .with("backlinks", |_| array(backlinks(view, place)))
        .build()
}

fn page_fields<'a>(
    world: &World,
    id: PageId,
    fields: Fields<'a>,
    body: &BodyValues<'_>,
) -> Fields<'a> {
    let library = &world.library;
    let Page {
        place,
        front,
        date,
        slug,
        permalink,
        ..
    } = &*library.pages[id];
    let path = library.pages[id].path();
    let taxonomies = || {
        let all = front.taxonomies.iter().map(|(name, terms)| {
            let terms = terms.iter().map(|term| Value::from(term.as_str()));
            (
                name.to_string().into(),
                Value::from(terms.collect::<Vec<_>>()),
            )
        });
        Value::from(all.collect::<Map>())
    };
    let assets = || {
        let below = |key: &&SourceKey| format!("/{}", &key.as_str()["content/".len()..]);
        let list = library.page_assets(id);
        array(list.iter().map(|key| Value::from(below(key))).collect())
    };
    let updated = || front.updated.as_ref().map(Date::to_template_string);
    let of_option = |text: Option<String>| text.map_or_else(Value::none, Value::from);
    fields
        .set("relative_path", place.relative())
        .with("colocated_path", |_| {
            of_option(place.bundle.then(|| colocated(place)))
        })
        .with("ancestors", |_| {
            ancestors(world, &library.page_links[id].ancestors)
        })
        .with("content", |_| body.content())
        .set("permalink", permalink.as_str())
        .set("slug", slug.as_str())
        .option("title", front.title.as_deref())
        .option("description", front.description.as_deref())
        .with("extra", |_| free_value(&front.extra))
        .with("updated", |_| of_option(updated()))
        .with("date", |_| {
            of_option(date.as_ref().map(Date::to_template_string))
        })
        .option("year", date.as_ref().map(|date| date.year))
        .option("month", date.as_ref().map(|date| date.month))
        .option("day", date.as_ref().map(|date| date.day))
        .with("taxonomies", |_| taxonomies())
        .texts("authors", front.authors.iter().map(String::as_str))
        .set("path", path)
        .texts(
            "components",
            path.split('/').filter(|part| !part.is_empty()),
        )
        .with("summary", |_| body.summary())
        .with("toc", |_| body.toc())
        .set("word_count", library.pages[id].word_count)
        .set("reading_time", library.pages[id].reading_time)
        .with("assets", |_| assets())
        .set("draft", front.draft)
        .set("hidden", front.hidden)
        .set("include_in_feeds", front.include_in_feeds)
        .texts("aliases", front.aliases.iter().map(String::as_str))
        .set("lang", place.lang.as_str())
}

/// `section` while its own Markdown is rendered.
pub fn section_facts(world: &World, id: SectionId) -> Value {
    let own = Fields::whole();
    section_fields(world, id, own, &BodyValues::none()).build()
}

/// A section with its pages.
pub fn section(view: View<'_>, id: SectionId, shape: &Shape) -> Value {
    let make = || section_value(view, id, shape);
    match view.detail {
        Detail::Full => view.contents.section_values.get_or(id, make),
        Detail::Read => view
            .contents
            .projected(shape, Projection::Section(id), make),
        Detail::Marks(_) | Detail::Bodies(_) | Detail::Sources(_) => make(),
    }
}

fn section_value(view: View<'_>, id: SectionId, shape: &Shape) -> Value {
    let View {
        world, contents, ..
    } = view;
    let links = &world.library.section_links[id];
    let place = &world.library.sections[id].place;
    let body = BodyValues::of(view, &place.key, contents.section_body(id));
    section_fields(world, id, Fields::of_source(view, &place.key, shape), &body)
        .with("lower", |shape| section_neighbour(view, links.lower, shape))
        .with("higher", |shape| {
            section_neighbour(view, links.higher, shape)
        })
        .with("pages", |shape| {
            pages(view, &links.pages, shape, Neighbours::Shown)
        })
        .with("translations", |_| array(section_translations(view, id)))
        .with("backlinks", |_| array(backlinks(view, place)))
        .build()
}

/// A section as its neighbours see it: without pages and neighbours of its own.
fn section_neighbour(view: View<'_>, id: Option<SectionId>, shape: &Shape) -> Value {
    let Some(id) = id else { return Value::none() };
    let key = &view.world.library.sections[id].place.key;
    let body = BodyValues::of(view, key, view.contents.section_body(id));
    let own = Fields::of_source(view, key, shape);
    section_fields(view.world, id, own, &body)
        .with("lower", |_| Value::none())
        .with("higher", |_| Value::none())
        .build()
}

fn section_fields<'a>(
    world: &World,
    id: SectionId,
    fields: Fields<'a>,
    body: &BodyValues<'_>,
) -> Fields<'a> {
    let library = &world.library;
    let Section {
        place,
        front,
        path,
        permalink,
        word_count,
        reading_time,
        ..
    } = &library.sections[id];
    let links = &library.section_links[id];
    let subsections = links
        .subsections
        .iter()
        .map(|id| library.sections[*id].place.relative());
    let assets = || {
        let list = library.section_assets(id);
        let published = |key: &&SourceKey| Value::from(format!("{path}{}", key.name()));
        array(list.iter().map(published).collect())
    };
    fields
        .set("relative_path", place.relative())
        // Sections have none, whatever lies beside them (held by the cases).
        .with("colocated_path", |_| Value::none())
        .with("content", |_| body.content())
        .set("permalink", permalink.as_str())
        .set("draft", front.draft)
        .with("ancestors", |_| ancestors(world, &links.ancestors))
        .option("title", front.title.as_deref())
        .option("description", front.description.as_deref())
        .with("extra", |_| free_value(&front.extra))
        .set("path", path.as_str())
        .texts(
            "components",
            path.split('/').filter(|part| !part.is_empty()),
        )
        .with("toc", |_| body.toc())
        .set("word_count", *word_count)
        .set("reading_time", *reading_time)
        .with("assets", |_| assets())
        .set("lang", place.lang.as_str())
        .texts("subsections", subsections)
        .set("generate_feeds", front.generate_feeds)
        .set("transparent", front.transparent)
        .option("paginate_by", front.paginate_by)
        .set("paginate_reversed", front.paginate_reversed)
}

/// `blog/post/`: the folder that a bundle has for itself.
fn colocated(place: &Place) -> String {
    let folder = place
        .relative()
        .rsplit_once('/')
        .map_or("", |(folder, _)| folder);
    format!("{folder}/")
}

fn ancestors(world: &World, ids: &[SectionId]) -> Value {
    let relative = |id: &SectionId| Value::from(world.library.sections[*id].place.relative());
    array(ids.iter().map(relative).collect())
}

/// In the order of their permalinks.
fn backlinks(view: View<'_>, place: &Place) -> Vec<Value> {
    let world = view.world;
    let note = |key: &SourceKey| {
        if let Detail::Sources(readings) = view.detail {
            readings.note_field(key, "permalink");
            readings.note_field(key, "title");
        }
    };
    let from = view.contents.linking_to(world, place);
    let mut from: Vec<(&str, Option<&str>)> = from
        .into_iter()
        .map(|linking| match linking {
            Linking::Page(id) => {
                let page = &world.library.pages[id];
                note(&page.place.key);
                (page.permalink.as_str(), page.front.title.as_deref())
            }
            Linking::Section(id) => {
                let section = &world.library.sections[id];
                note(&section.place.key);
                (section.permalink.as_str(), section.front.title.as_deref())
            }
        })
        .collect();
    from.sort_unstable();
    let value = |(permalink, title): (&str, Option<&str>)| {
        Fields::whole()
            .set("permalink", permalink)
            .option("title", title)
            .build()
    };
    from.into_iter().map(value).collect()
}

fn translation(view: View<'_>, place: &Place, permalink: &str, title: Option<&str>) -> Value {
    let own = Fields::whole().noting(view, &place.key);
    own.set("lang", place.lang.as_str())
        .set("permalink", permalink)
        .option("title", title)
        // Of the Markdown file, for `get_page` and `get_section`.
        .set("path", place.relative())
        .build()
}

fn page_translations(view: View<'_>, id: PageId) -> Vec<Value> {
    let world = view.world;
    let of = |id: &PageId| {
        let page = &world.library.pages[*id];
        translation(
            view,
            &page.place,
            &page.permalink,
            page.front.title.as_deref(),
        )
    };
    world.library.page_links[id]
        .translations
        .iter()
        .map(of)
        .collect()
}

fn section_translations(view: View<'_>, id: SectionId) -> Vec<Value> {
    let world = view.world;
    let of = |id: &SectionId| {
        let section = &world.library.sections[*id];
        let title = section.front.title.as_deref();
        translation(view, &section.place, &section.permalink, title)
    };
    world.library.section_links[id]
        .translations
        .iter()
        .map(of)
        .collect()
}

/// `config` for each language.
pub fn configs(world: &World) -> BTreeMap<String, Value> {
    let value =
        |lang: &String| configuration::config_value(&world.config, lang, world.settings.mode);
    world
        .config
        .languages
        .keys()
        .map(|lang| (lang.clone(), value(lang)))
        .collect()
}
