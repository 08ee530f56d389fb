//! Asking the questions of a trace again: what would the answers be now?

use super::content::Contents;
use super::files::{self, FileMatch};
use super::lookup;
use super::output;
use super::readings::Part;
use super::scope;
use super::values::{self, BodyLookup, Detail, View};
use super::world::World;
use crate::graph::{Neighbours, PageQuestion, Question, TextQuestion, value_mark, whole};
use quillfront_site::fingerprint::{Mark, Marker};
use quillfront_site::key::SourceKey;
use quillfront_templates::reads::{Shape, WHOLE};
use tera::Value;

/// The mark of where a link of a text leads, or why it leads nowhere.
pub fn link(world: &World, path: &str, lang: &str) -> Mark {
    let mut marker = Marker::default();
    add_link(&mut marker, world, path, lang);
    marker.done()
}

fn add_link(marker: &mut Marker, world: &World, path: &str, lang: &str) {
    let found = lookup::link(world, path, lang);
    let absence = match found {
        Some(_) => None,
        None => world.library.absence(path),
    };
    marker.option(found, |marker, url| {
        marker.bytes(url.as_bytes());
    });
    marker.option(absence, |marker, absence| absence.mark(marker));
}

/// Returns the mark of the answer to a question of a text.
pub fn of_text(world: &World, question: &TextQuestion) -> Mark {
    of_either(world, None, question)
}

/// The same, for a text where there are no contents, else for an output.
fn of_either(world: &World, contents: Option<&Contents>, question: &TextQuestion) -> Mark {
    let mut marker = Marker::default();
    match question {
        TextQuestion::TermUrl { kind, term, lang } => {
            let term = lookup::term(world, kind, term, lang);
            marker.option(term, |marker, term| {
                marker.bytes(&term.permalink);
            });
            let taxonomy = lookup::taxonomy(world, kind, lang);
            marker.number(u64::from(taxonomy.is_some()));
        }
        TextQuestion::Link { path, lang } => {
            let exists = |file: &str| world.library.permalink_of(file).is_some();
            let localized = lookup::localized(world, path, lang, exists);
            add_link(&mut marker, world, path, lang);
            add_link(&mut marker, world, &localized, lang);
        }
        TextQuestion::File(path) => match files::find(world, path) {
            Ok(found) => {
                marker.option(found, |marker, found| {
                    add_file(marker, world, contents, &found);
                });
            }
            Err(_) => {
                marker.number(2);
            }
        },
        TextQuestion::Picture(path) => match files::source(world, path) {
            Ok(found) => {
                marker.option(found, |marker, key| add_source(marker, world, &key));
            }
            Err(_) => {
                marker.number(2);
            }
        },
        TextQuestion::Answer(request) => {
            let answer = world.answers.get(request);
            // It may come while others are rendered.
            if answer.is_none() {
                whole::lack();
            }
            let answer = answer.and_then(|answer| answer.as_ref().ok());
            marker.option(answer, |marker, text| {
                marker.bytes(text.as_bytes());
            });
        }
        TextQuestion::Now => {
            marker.bytes(world.settings.now.to_string());
        }
        TextQuestion::Published(key) => {
            marker.mark(world.published.mark());
            let source = world.published.source(key);
            marker.option(source, |marker, source| add_source(marker, world, source));
        }
        TextQuestion::PublishedAs(source) => {
            marker.mark(world.published.mark());
            let key = world.published.key(source);
            marker.option(key, |marker, key| {
                marker.bytes(key.as_str());
            });
        }
    }
    marker.done()
}

fn add_file(marker: &mut Marker, world: &World, contents: Option<&Contents>, found: &FileMatch) {
    let key = match found {
        FileMatch::Source(key) => return add_source(marker, world, key),
        FileMatch::Made(key) => key,
    };
    marker.bytes(key.as_str());
    if world.styles.key(key.as_str()).is_some() {
        marker.mark(world.styles.mark());
    }
    // A text is refused the bytes of an index, whatever they are.
    if let (Some(lang), Some(contents)) = (world.generated.index_language(key), contents) {
        marker.mark(output::search_mark(world, contents, lang));
    }
}

fn add_source(marker: &mut Marker, world: &World, key: &SourceKey) {
    marker.bytes(key.as_str());
    match world.sources.mark(key.as_str()) {
        Some(mark) => {
            marker.mark(mark);
        }
        // A file of a folder that is not listed: its bytes say.
        None => match world.inputs.get(key) {
            Some(bytes) => {
                marker.option(bytes.as_deref(), |marker, bytes| {
                    marker.bytes(bytes);
                });
            }
            None => scope::need(key.clone()),
        },
    }
}

/// Returns the mark of what is read of the answer to a question.
pub fn answer(view: View<'_>, question: &Question, shape: &Shape) -> Mark {
    match question {
        Question::OfPages(question) => of_pages(view, question, shape),
        Question::OfText(question) => of_either(view.world, Some(view.contents), question),
        Question::Script(digest) => {
            let mut marker = Marker::default();
            marker.number(u64::from(view.contents.has_script(digest)));
            marker.done()
        }
    }
}

fn of_pages(view: View<'_>, question: &PageQuestion, shape: &Shape) -> Mark {
    let world = view.world;
    let mut marker = Marker::default();
    match question {
        PageQuestion::Page(named) => {
            marker.option(lookup::page(world, named).0, |marker, id| {
                let page = values::page(view, id, shape, Neighbours::Shown);
                marker.mark(value_mark(&page, &WHOLE));
            });
        }
        PageQuestion::Section(named) => {
            marker.option(lookup::section(world, named).0, |marker, id| {
                marker.mark(value_mark(&values::section(view, id, shape), shape));
            });
        }
        PageQuestion::Taxonomy(named) => {
            let found = lookup::taxonomy(world, &named.name, &named.lang);
            marker.option(found, |marker, taxonomy| {
                let value = values::taxonomy(view, taxonomy, shape);
                marker.mark(value_mark(&value, shape));
            });
        }
        PageQuestion::Term { kind, term, pages } => {
            let found = lookup::term(world, &kind.name, term, &kind.lang);
            marker.option(found, |marker, term| {
                let value = values::term(view, term, *pages, shape);
                marker.mark(value_mark(&value, shape));
            });
        }
    }
    marker.done()
}

/// The files whose bodies are read of the answer to a question, and are not at hand: they are noted
/// as needed.
pub fn need_bodies(world: &World, contents: &Contents, question: &PageQuestion, shape: &Shape) {
    if contents.complete {
        return;
    }
    let shown = BodyLookup::default();
    let view = View {
        world,
        contents,
        detail: Detail::Bodies(&shown),
    };
    look(view, question, shape);
    shown.tell();
}

/// Walks over what is read of the answer to a question, for what the view notes on the way.
pub fn look(view: View<'_>, question: &PageQuestion, shape: &Shape) {
    let world = view.world;
    let _: Option<Value> = match question {
        PageQuestion::Page(named) => lookup::page(world, named)
            .0
            .map(|id| values::page(view, id, shape, Neighbours::Shown)),
        PageQuestion::Section(named) => lookup::section(world, named)
            .0
            .map(|id| values::section(view, id, shape)),
        PageQuestion::Taxonomy(named) => lookup::taxonomy(world, &named.name, &named.lang)
            .map(|taxonomy| values::taxonomy(view, taxonomy, shape)),
        PageQuestion::Term { kind, term, pages } => {
            lookup::term(world, &kind.name, term, &kind.lang)
                .map(|term| values::term(view, term, *pages, shape))
        }
    };
}

/// The source that answers a question of a text, and the part of it that does.
pub fn source_of(world: &World, question: &TextQuestion) -> Option<(SourceKey, Part)> {
    let address = || Part::Field("permalink".into());
    match question {
        TextQuestion::Link { path, lang } => {
            let exists = |file: &str| world.library.permalink_of(file).is_some();
            let localized = lookup::localized(world, path, lang, exists);
            let key = SourceKey::from(format!("content/{localized}"));
            // A link may lead to a file beside a page, too.
            world.sources.exists(key.as_str()).then(|| (key, address()))
        }
        TextQuestion::File(path) => match files::find(world, path).ok()?? {
            FileMatch::Source(key) => Some((key, Part::File)),
            FileMatch::Made(_) => None,
        },
        TextQuestion::Picture(path) => Some((files::source(world, path).ok()??, Part::File)),
        TextQuestion::Published(key) => Some((world.published.source(key)?.clone(), Part::File)),
        TextQuestion::PublishedAs(source) => {
            let key = SourceKey::from(source.as_str());
            world.sources.exists(source).then_some((key, address()))
        }
        TextQuestion::TermUrl { .. } | TextQuestion::Answer(_) | TextQuestion::Now => None,
    }
}
