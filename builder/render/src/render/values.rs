//! What templates see of pages, sections, taxonomies and pagers (site model, section 7).
//!
//! Values are shared, not copied: a page's value is made once and used by every list it is in.
//! The same description serves the dependency graph ([`Detail`]): there it yields marks of what a
//! [shape](Shape) reads, or the bodies that are shown.

use super::configuration::{self, free_value};
use super::content::{Body, Contents, Linking, Projected};
use super::readings::{Part, Readings};
use super::world::World;
use crate::graph::{Neighbours, add_value, list_mark, memo::Memo, value_mark};
use quillfront_markdown::Heading;
use quillfront_site::dates::Date;
use quillfront_site::facts::{Page, Place, Section};
use quillfront_site::fingerprint::{Mark, Marker};
use quillfront_site::key::SourceKey;
use quillfront_site::library::taxonomies::{Taxonomy, Term};
use quillfront_site::library::{PageId, SectionId};
use quillfront_site::pagination::{self, Pager, Pagination, base_path, part_path};
use quillfront_templates::reads::{Shape, ShapeId, WHOLE};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;
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
    Bodies(&'a Shown),
    /// To learn which parts of which sources a shape reads; of the values nothing is used.
    Sources(&'a Readings),
}

/// The bodies that are read, and what was looked at already.
#[derive(Default)]
pub struct Shown {
    /// Files whose body is read and is not at hand.
    pub missing: RefCell<BTreeSet<SourceKey>>,
    seen: RefCell<BTreeSet<(ShapeId, PageId, Neighbours)>>,
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

/// A map under construction, of the fields that a shape reads; or, for marks, the mark of them.
struct Fields<'a> {
    into: Sink,
    shape: &'a Shape,
    noted: Option<(&'a Readings, &'a SourceKey)>,
}

enum Sink {
    Map(Map),
    Mark(Marker),
    Nothing,
}

impl<'a> Fields<'a> {
    fn whole() -> Self {
        Self::of(Detail::Full, &WHOLE)
    }

    fn of(detail: Detail<'_>, shape: &'a Shape) -> Self {
        let into = match detail {
            Detail::Full | Detail::Read => Sink::Map(Map::default()),
            Detail::Marks(_) | Detail::Bodies(_) => Sink::Mark(Marker::default()),
            Detail::Sources(_) => Sink::Nothing,
        };
        Self {
            into,
            shape,
            noted: None,
        }
    }

    /// The same, of a source of which it is noted what is read.
    fn of_source(view: View<'a>, key: &'a SourceKey, shape: &'a Shape) -> Self {
        Self {
            noted: view.noting(key),
            ..Self::of(view.detail, shape)
        }
    }

    /// A field that is only made where it is read.
    fn with(mut self, name: &'static str, value: impl FnOnce(&'a Shape) -> Value) -> Self {
        if let Some(shape) = self.shape.field(name) {
            if let Some((readings, key)) = self.noted {
                readings.note(key, Part::of(name, shape));
            }
            let value = value(shape);
            match &mut self.into {
                Sink::Map(map) => {
                    map.insert(name.into(), value);
                }
                Sink::Mark(marker) => {
                    marker.bytes(name);
                    add_value(marker, &value, shape);
                }
                Sink::Nothing => {}
            }
        }
        self
    }

    /// A field whose value costs nothing; its mark is taken without making a value of it.
    fn set(mut self, name: &'static str, value: impl Plain) -> Self {
        if let Some(shape) = self.shape.field(name) {
            if let Some((readings, key)) = self.noted {
                readings.note(key, Part::of(name, shape));
            }
            match &mut self.into {
                Sink::Map(map) => {
                    map.insert(name.into(), value.value());
                }
                Sink::Mark(marker) => value.mark(marker.bytes(name)),
                Sink::Nothing => {}
            }
        }
        self
    }

    fn option(self, name: &'static str, value: Option<impl Plain>) -> Self {
        self.set(name, value)
    }

    fn list(self, name: &'static str, list: impl IntoIterator<Item = Value>) -> Self {
        self.with(name, |_| array(list.into_iter().collect()))
    }

    fn texts<'t>(self, name: &'static str, list: impl IntoIterator<Item = &'t str>) -> Self {
        self.list(name, list.into_iter().map(Value::from))
    }

    fn build(self) -> Value {
        match self.into {
            // Maps are kept by the thousand, so without the room that they grew by.
            Sink::Map(mut map) => {
                map.shrink_to_fit();
                Value::from(map)
            }
            Sink::Mark(marker) => marked(marker.done()),
            Sink::Nothing => Value::none(),
        }
    }
}

/// What a field may be without being made for it.
trait Plain {
    fn value(self) -> Value;
    fn mark(self, marker: &mut Marker);
}

impl Plain for &str {
    fn value(self) -> Value {
        Value::from(self)
    }

    fn mark(self, marker: &mut Marker) {
        marker.number(1).bytes(self);
    }
}

impl<T: Plain> Plain for Option<T> {
    fn value(self) -> Value {
        self.map_or_else(Value::none, T::value)
    }

    fn mark(self, marker: &mut Marker) {
        marker.option(self, |marker, value| value.mark(marker));
    }
}

macro_rules! plain {
    ($($number:ty),*) => {$(
        impl Plain for $number {
            fn value(self) -> Value {
                Value::from(self)
            }

            fn mark(self, marker: &mut Marker) {
                marker.number(u64::try_from(self).unwrap_or(u64::MAX));
            }
        }
    )*};
}
plain!(bool, u8, u16, usize);

/// A list. The empty one is a single value that all share: every page has many.
fn array(list: Vec<Value>) -> Value {
    static EMPTY: LazyLock<Value> = LazyLock::new(|| Value::from(Vec::<Value>::new()));
    if list.is_empty() {
        EMPTY.clone()
    } else {
        Value::from(list)
    }
}

fn marked(mark: Mark) -> Value {
    Value::from(mark.number())
}

/// A table of contents.
pub fn toc(headings: &[Heading]) -> Value {
    let value = |heading: &Heading| {
        Fields::whole()
            .set("level", heading.level)
            .set("id", heading.id.as_str())
            .set("permalink", heading.permalink.as_str())
            .set("title", heading.title.as_str())
            .with("children", |_| toc(&heading.children))
            .build()
    };
    array(headings.iter().map(value).collect())
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
        let own = Fields {
            into: Sink::Map(base.into_map().unwrap_or_default()),
            ..Fields::of(view.detail, shape)
        };
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

/// What templates see of a body.
struct BodyValues<'a> {
    body: Option<&'a Body>,
    marks: Option<[Option<Mark>; 3]>,
    missing: Option<(&'a Shown, &'a SourceKey)>,
}

impl<'a> BodyValues<'a> {
    fn none() -> Self {
        Self {
            body: None,
            marks: None,
            missing: None,
        }
    }

    fn of(
        view: View<'a>,
        key: &'a SourceKey,
        written: Option<&'a super::content::Written>,
    ) -> Self {
        let body = written.and_then(|written| written.body.as_deref());
        let marks = match view.detail {
            Detail::Marks(_) => written.map(|written| {
                let facts = &written.facts;
                [Some(facts.html), facts.summary, facts.toc]
            }),
            Detail::Full | Detail::Read | Detail::Bodies(_) | Detail::Sources(_) => None,
        };
        let missing = match (view.detail, written, body) {
            (Detail::Bodies(shown), Some(_), None) => Some((shown, key)),
            _ => None,
        };
        Self {
            body,
            marks,
            missing,
        }
    }

    /// The value that `whole` takes of the body, or its mark; none where there is no body.
    fn value(&self, part: usize, whole: impl FnOnce(&Body) -> Value) -> Option<Value> {
        if let Some((shown, key)) = self.missing {
            shown.missing.borrow_mut().insert(key.clone());
        }
        match self.marks {
            Some(marks) => Some(marks[part].map_or_else(Value::none, marked)),
            None => self.body.map(whole),
        }
    }

    fn content(&self) -> Value {
        let html = self.value(0, |body| body.html.clone());
        html.unwrap_or_else(|| Value::from(""))
    }

    fn summary(&self) -> Value {
        let summary = self.value(1, |body| body.summary.clone());
        summary.unwrap_or_else(Value::none)
    }

    fn toc(&self) -> Value {
        self.value(2, |body| body.toc.clone())
            .unwrap_or_else(|| toc(&[]))
    }
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
        Detail::Read => view.contents.projected(shape, Projected::Section(id), make),
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
    let own = Fields {
        noted: view.noting(&place.key),
        ..Fields::whole()
    };
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

/// A list of which only what a shape reads is made: it is as long where that is read.
fn listed<'a>(shape: &'a Shape, len: usize, make: impl Fn(usize, &'a Shape) -> Value) -> Value {
    let Shape::Parts(parts) = shape else {
        return array((0..len).map(|index| make(index, &WHOLE)).collect());
    };
    let (first, each) = match &parts.items {
        Some(items) => (items.first.unwrap_or(len).min(len), &items.shape),
        None => (0, &WHOLE),
    };
    // One that is not empty stays so.
    let shown = if parts.length {
        len
    } else {
        first.max(len.min(1))
    };
    let one = |index| {
        if index < first {
            make(index, each)
        } else {
            Value::none()
        }
    };
    array((0..shown).map(one).collect())
}

/// Pages as lists see them, with their neighbours, or as feeds do, without.
pub fn pages(view: View<'_>, ids: &[PageId], shape: &Shape, neighbours: Neighbours) -> Value {
    match view.detail {
        Detail::Full => array(
            ids.iter()
                .map(|id| page(view, *id, shape, neighbours))
                .collect(),
        ),
        Detail::Read => listed(shape, ids.len(), |index, shape| {
            page(view, ids[index], shape, neighbours)
        }),
        Detail::Marks(_) => marked(list_mark(shape, ids.len(), |index, shape| {
            page_mark(view, ids[index], shape, neighbours)
        })),
        Detail::Bodies(_) | Detail::Sources(_) => {
            if shape.reads_length() {
                view.note_pages(ids, &Part::There);
            }
            // The same walk; what it makes of it is not used.
            list_mark(shape, ids.len(), |index, shape| {
                page(view, ids[index], shape, neighbours);
                Mark::of(&[])
            });
            Value::none()
        }
    }
}

/// `taxonomy`: how it is configured.
pub fn taxonomy_kind(taxonomy: &Taxonomy) -> Value {
    configuration::taxonomy_value(&taxonomy.config)
}

/// A term, with its pages or without.
pub fn term(view: View<'_>, term: &Term, with_pages: bool, shape: &Shape) -> Value {
    view.note_pages(&term.pages, &Part::Field("taxonomies".into()));
    let fields = Fields::of(view.detail, shape)
        .set("name", term.name.as_str())
        .set("slug", term.slug.as_str())
        .set("path", term.path.as_str())
        .set("permalink", term.permalink.as_str())
        .set("page_count", term.pages.len());
    if with_pages {
        fields
            .with("pages", |shape| {
                pages(view, &term.pages, shape, Neighbours::Shown)
            })
            .build()
    } else {
        fields.build()
    }
}

/// All terms of a taxonomy.
pub fn terms(view: View<'_>, taxonomy: &Taxonomy, shape: &Shape) -> Value {
    let terms: &[Term] = &taxonomy.terms;
    match view.detail {
        Detail::Full => array(
            terms
                .iter()
                .map(|one| term(view, one, true, shape))
                .collect(),
        ),
        Detail::Read => listed(shape, terms.len(), |index, shape| {
            term(view, &terms[index], true, shape)
        }),
        Detail::Marks(_) | Detail::Bodies(_) | Detail::Sources(_) => {
            marked(list_mark(shape, terms.len(), |index, shape| {
                value_mark(&term(view, &terms[index], true, shape), shape)
            }))
        }
    }
}

/// What `get_taxonomy` answers.
pub fn taxonomy(view: View<'_>, taxonomy: &Taxonomy, shape: &Shape) -> Value {
    let make = || taxonomy_value(view, taxonomy, shape);
    let Taxonomy { lang, config, .. } = taxonomy;
    match view.detail {
        Detail::Read => {
            let of = Projected::Taxonomy(lang.clone(), config.name.clone());
            view.contents.projected(shape, of, make)
        }
        Detail::Full | Detail::Marks(_) | Detail::Bodies(_) | Detail::Sources(_) => make(),
    }
}

fn taxonomy_value(view: View<'_>, taxonomy: &Taxonomy, shape: &Shape) -> Value {
    Fields::of(view.detail, shape)
        .with("kind", |_| taxonomy_kind(taxonomy))
        .set("lang", taxonomy.lang.as_str())
        .set("permalink", taxonomy.permalink.as_str())
        .with("items", |shape| terms(view, taxonomy, shape))
        .build()
}

/// What the pagers of one list have in common.
pub struct PagerList<'a> {
    /// The list's own path.
    pub path: &'a str,
    /// How it is cut.
    pub pagination: &'a Pagination,
    /// How many pages it has.
    pub pages: usize,
}

/// `paginator` for one part.
pub fn paginator(view: View<'_>, list: &PagerList<'_>, pager: &Pager, shape: &Shape) -> Value {
    let config = &view.world.config;
    let count = pagination::count(list.pages, list.pagination);
    let at = |index: usize| {
        if (1..=count).contains(&index) {
            let path = part_path(list.path, list.pagination, index);
            Value::from(config.make_permalink(&path))
        } else {
            Value::none()
        }
    };
    let base = || config.make_permalink(&base_path(list.path, list.pagination));
    Fields::of(view.detail, shape)
        .set("paginate_by", list.pagination.paginate_by)
        .with("first", |_| at(1))
        .with("last", |_| at(count))
        .with("previous", |_| at(pager.index - 1))
        .with("next", |_| at(pager.index + 1))
        .set("number_pagers", count)
        .with("base_url", |_| Value::from(base()))
        .with("pages", |shape| {
            pages(view, &pager.pages, shape, Neighbours::Shown)
        })
        .set("current_index", pager.index)
        .set("total_pages", list.pages)
        .build()
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
