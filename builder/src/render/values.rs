//! What templates see of pages, sections, taxonomies and pagers (site model, section 7).
//!
//! Values are shared, not copied: a page's value is made once and used by every list it is in.

use super::content::{Body, Contents, Linking};
use super::world::World;
use crate::dates::Date;
use crate::markdown::Heading;
use crate::site::facts::{Page, Place, Section};
use crate::site::library::{PageId, SectionId};
use crate::site::pagination::{Pager, Pagination, base_path};
use crate::site::taxonomies::{Taxonomy, Term};
use std::collections::BTreeMap;
use std::sync::LazyLock;
use tera::{Map, Value};

/// A map under construction.
#[derive(Default, Clone)]
struct Fields(Map);

impl Fields {
    fn set(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.0.insert(name.into(), value.into());
        self
    }

    fn option(self, name: &'static str, value: Option<impl Into<Value>>) -> Self {
        self.set(name, value.map_or_else(Value::none, Into::into))
    }

    fn list(self, name: &'static str, list: impl IntoIterator<Item = Value>) -> Self {
        self.set(name, array(list.into_iter().collect()))
    }

    fn texts<'a>(self, name: &'static str, list: impl IntoIterator<Item = &'a str>) -> Self {
        self.list(name, list.into_iter().map(Value::from))
    }

    /// Maps are kept by the thousand, so without the room that they grew by.
    fn build(mut self) -> Value {
        self.0.shrink_to_fit();
        Value::from(self.0)
    }
}

/// A list. The empty one is a single value that all share: every page has many.
fn array(list: Vec<Value>) -> Value {
    static EMPTY: LazyLock<Value> = LazyLock::new(|| Value::from(Vec::<Value>::new()));
    if list.is_empty() {
        EMPTY.clone()
    } else {
        Value::from(list)
    }
}

/// A table of contents.
pub fn toc(headings: &[Heading]) -> Value {
    let value = |heading: &Heading| {
        Fields::default()
            .set("level", heading.level)
            .set("id", heading.id.as_str())
            .set("permalink", heading.permalink.as_str())
            .set("title", heading.title.as_str())
            .set("children", toc(&heading.children))
            .build()
    };
    array(headings.iter().map(value).collect())
}

/// `page` while its own Markdown is rendered: everything but what rendering makes.
pub fn page_facts(world: &World, id: PageId) -> Value {
    page_fields(world, id, None).build()
}

/// A page as feeds and its neighbours see it: everything but its own neighbours, or each would
/// hold the whole list.
pub fn page<'a>(world: &World, contents: &'a Contents, id: PageId) -> &'a Value {
    contents.page_values[id].get_or_init(|| {
        page_fields(world, id, contents.pages[id].as_ref().ok())
            .set("lower", Value::none())
            .set("higher", Value::none())
            .list("translations", page_translations(world, id))
            .list(
                "backlinks",
                backlinks(world, contents, &world.library.pages[id].place),
            )
            .build()
    })
}

/// A page as its own template, lists and `get_page` see it.
pub fn full_page<'a>(world: &World, contents: &'a Contents, id: PageId) -> &'a Value {
    contents.full_page_values[id].get_or_init(|| {
        let links = &world.library.page_links[id];
        let neighbour = |id: Option<PageId>| id.map(|id| page(world, contents, id).clone());
        let base = page(world, contents, id)
            .as_map()
            .cloned()
            .unwrap_or_default();
        Fields(base)
            .option("lower", neighbour(links.lower))
            .option("higher", neighbour(links.higher))
            .build()
    })
}

fn page_fields(world: &World, id: PageId, body: Option<&Body>) -> Fields {
    let library = &world.library;
    let Page {
        place,
        front,
        date,
        slug,
        path,
        permalink,
        ..
    } = &library.pages[id];
    let taxonomies: Map = front
        .taxonomies
        .iter()
        .map(|(name, terms)| {
            let terms: Vec<Value> = terms
                .iter()
                .map(|term| Value::from(term.as_str()))
                .collect();
            (name.clone().into(), Value::from(terms))
        })
        .collect();
    let assets = library.page_assets(id);
    let assets: Vec<String> = assets
        .iter()
        .map(|key| format!("/{}", &key.as_str()["content/".len()..]))
        .collect();
    Fields::default()
        .set("relative_path", place.relative.as_str())
        .option("colocated_path", place.bundle.then(|| colocated(place)))
        .list(
            "ancestors",
            ancestors(world, &library.page_links[id].ancestors),
        )
        .set(
            "content",
            body.map_or_else(|| Value::from(""), |body| body.html.clone()),
        )
        .set("permalink", permalink.as_str())
        .set("slug", slug.as_str())
        .option("title", front.title.as_deref())
        .option("description", front.description.as_deref())
        .set("extra", front.extra.to_template())
        .option(
            "updated",
            front.updated.as_ref().map(Date::to_template_string),
        )
        .option("date", date.as_ref().map(Date::to_template_string))
        .option("year", date.as_ref().map(|date| date.year))
        .option("month", date.as_ref().map(|date| date.month))
        .option("day", date.as_ref().map(|date| date.day))
        .set("taxonomies", Value::from(taxonomies))
        .texts("authors", front.authors.iter().map(String::as_str))
        .set("path", path.as_str())
        .texts(
            "components",
            path.split('/').filter(|part| !part.is_empty()),
        )
        .option("summary", body.map(|body| body.summary.clone()))
        .set(
            "toc",
            body.map_or_else(|| toc(&[]), |body| body.toc.clone()),
        )
        .set("word_count", library.pages[id].word_count)
        .set("reading_time", library.pages[id].reading_time)
        .texts("assets", assets.iter().map(String::as_str))
        .set("draft", front.draft)
        .set("hidden", front.hidden)
        .set("include_in_feeds", front.include_in_feeds)
        .texts("aliases", front.aliases.iter().map(String::as_str))
        .set("lang", place.lang.as_str())
}

/// `section` while its own Markdown is rendered.
pub fn section_facts(world: &World, id: SectionId) -> Value {
    section_fields(world, id, None).build()
}

/// A section with its pages.
pub fn section<'a>(world: &World, contents: &'a Contents, id: SectionId) -> &'a Value {
    contents.section_values[id].get_or_init(|| {
        let links = &world.library.section_links[id];
        section_fields(world, id, contents.sections[id].as_ref().ok())
            .option("lower", section_neighbour(world, contents, links.lower))
            .option("higher", section_neighbour(world, contents, links.higher))
            .set("pages", pages(world, contents, &links.pages))
            .list("translations", section_translations(world, id))
            .list(
                "backlinks",
                backlinks(world, contents, &world.library.sections[id].place),
            )
            .build()
    })
}

/// A section as its neighbours see it: without pages and neighbours of its own.
fn section_neighbour(world: &World, contents: &Contents, id: Option<SectionId>) -> Option<Value> {
    let id = id?;
    let fields = section_fields(world, id, contents.sections[id].as_ref().ok());
    Some(
        fields
            .set("lower", Value::none())
            .set("higher", Value::none())
            .build(),
    )
}

fn section_fields(world: &World, id: SectionId, body: Option<&Body>) -> Fields {
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
        .map(|id| library.sections[*id].place.relative.as_str());
    let assets = library.section_assets(id);
    let assets: Vec<String> = assets
        .iter()
        .map(|key| format!("{path}{}", key.name()))
        .collect();
    Fields::default()
        .set("relative_path", place.relative.as_str())
        // Sections have none, whatever lies beside them (held by the cases).
        .set("colocated_path", Value::none())
        .set(
            "content",
            body.map_or_else(|| Value::from(""), |body| body.html.clone()),
        )
        .set("permalink", permalink.as_str())
        .set("draft", front.draft)
        .list("ancestors", ancestors(world, &links.ancestors))
        .option("title", front.title.as_deref())
        .option("description", front.description.as_deref())
        .set("extra", front.extra.to_template())
        .set("path", path.as_str())
        .texts(
            "components",
            path.split('/').filter(|part| !part.is_empty()),
        )
        .set(
            "toc",
            body.map_or_else(|| toc(&[]), |body| body.toc.clone()),
        )
        .set("word_count", *word_count)
        .set("reading_time", *reading_time)
        .texts("assets", assets.iter().map(String::as_str))
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
        .relative
        .rsplit_once('/')
        .map_or("", |(folder, _)| folder);
    format!("{folder}/")
}

fn ancestors(world: &World, ids: &[SectionId]) -> Vec<Value> {
    let relative =
        |id: &SectionId| Value::from(world.library.sections[*id].place.relative.as_str());
    ids.iter().map(relative).collect()
}

/// In the order of their permalinks.
fn backlinks(world: &World, contents: &Contents, place: &Place) -> Vec<Value> {
    let from = contents
        .backlinks
        .get(&place.relative)
        .into_iter()
        .flatten();
    let mut from: Vec<(&str, Option<&str>)> = from
        .map(|linking| match *linking {
            Linking::Page(id) => {
                let page = &world.library.pages[id];
                (page.permalink.as_str(), page.front.title.as_deref())
            }
            Linking::Section(id) => {
                let section = &world.library.sections[id];
                (section.permalink.as_str(), section.front.title.as_deref())
            }
        })
        .collect();
    from.sort_unstable();
    let value = |(permalink, title): (&str, Option<&str>)| {
        Fields::default()
            .set("permalink", permalink)
            .option("title", title)
            .build()
    };
    from.into_iter().map(value).collect()
}

fn translation(place: &Place, permalink: &str, title: Option<&str>, path: &str) -> Value {
    Fields::default()
        .set("lang", place.lang.as_str())
        .set("permalink", permalink)
        .option("title", title)
        .set("path", path)
        .build()
}

fn page_translations(world: &World, id: PageId) -> Vec<Value> {
    let of = |id: &PageId| {
        let page = &world.library.pages[*id];
        translation(
            &page.place,
            &page.permalink,
            page.front.title.as_deref(),
            &page.path,
        )
    };
    world.library.page_links[id]
        .translations
        .iter()
        .map(of)
        .collect()
}

fn section_translations(world: &World, id: SectionId) -> Vec<Value> {
    let of = |id: &SectionId| {
        let section = &world.library.sections[*id];
        let title = section.front.title.as_deref();
        translation(&section.place, &section.permalink, title, &section.path)
    };
    world.library.section_links[id]
        .translations
        .iter()
        .map(of)
        .collect()
}

/// Pages as lists see them.
pub fn pages(world: &World, contents: &Contents, ids: &[PageId]) -> Vec<Value> {
    ids.iter()
        .map(|id| full_page(world, contents, *id).clone())
        .collect()
}

/// Pages as feeds see them.
pub fn feed_pages(world: &World, contents: &Contents, ids: &[PageId]) -> Vec<Value> {
    ids.iter()
        .map(|id| page(world, contents, *id).clone())
        .collect()
}

/// `taxonomy`: how it is configured.
pub fn taxonomy_kind(taxonomy: &Taxonomy) -> Value {
    taxonomy.config.template_value()
}

/// A term, with its pages or without.
pub fn term(world: &World, contents: &Contents, term: &Term, with_pages: bool) -> Value {
    let fields = Fields::default()
        .set("name", term.name.as_str())
        .set("slug", term.slug.as_str())
        .set("path", term.path.as_str())
        .set("permalink", term.permalink.as_str())
        .set("page_count", term.pages.len());
    if with_pages {
        fields
            .set("pages", pages(world, contents, &term.pages))
            .build()
    } else {
        fields.build()
    }
}

/// All terms of a taxonomy.
pub fn terms(world: &World, contents: &Contents, taxonomy: &Taxonomy) -> Vec<Value> {
    taxonomy
        .terms
        .iter()
        .map(|one| term(world, contents, one, true))
        .collect()
}

/// What `get_taxonomy` answers.
pub fn taxonomy(world: &World, contents: &Contents, taxonomy: &Taxonomy) -> Value {
    Fields::default()
        .set("kind", taxonomy_kind(taxonomy))
        .set("lang", taxonomy.lang.as_str())
        .set("permalink", taxonomy.permalink.as_str())
        .set("items", terms(world, contents, taxonomy))
        .build()
}

/// What the pagers of one list have in common.
pub struct PagerList<'a> {
    /// The list's own path.
    pub path: &'a str,
    /// How it is cut.
    pub pagination: &'a Pagination,
    /// All parts.
    pub pagers: &'a [Pager],
}

/// `paginator` for one part.
pub fn paginator(world: &World, contents: &Contents, list: &PagerList<'_>, pager: &Pager) -> Value {
    let url = |pager: &Pager| world.config.make_permalink(&pager.path);
    let at = |index: usize| list.pagers.get(index.wrapping_sub(1)).map(url);
    let total: usize = list.pagers.iter().map(|pager| pager.pages.len()).sum();
    let base = world
        .config
        .make_permalink(&base_path(list.path, list.pagination));
    Fields::default()
        .set("paginate_by", list.pagination.paginate_by)
        .option("first", at(1))
        .option("last", at(list.pagers.len()))
        .option("previous", at(pager.index - 1))
        .option("next", at(pager.index + 1))
        .set("number_pagers", list.pagers.len())
        .set("base_url", base)
        .set("pages", pages(world, contents, &pager.pages))
        .set("current_index", pager.index)
        .set("total_pages", total)
        .build()
}

/// `config` for each language.
pub fn configs(world: &World) -> BTreeMap<String, Value> {
    let value = |lang: &String| world.config.template_value(lang, world.settings.mode);
    world
        .config
        .languages
        .keys()
        .map(|lang| (lang.clone(), value(lang)))
        .collect()
}
