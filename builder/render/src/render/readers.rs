//! What the templates of a site read, worked out once for each that is an entry.

use super::texts::OtherTexts;
use crate::graph::{PageQuestion, Question};
use crate::locks::Unpoisoned;
use quillfront_policy::{Directive, Shapes, inspect};
use quillfront_site::fingerprint::{Mark, Marker};
use quillfront_templates::reads::{Interner, Reads, Set, Shape, WHOLE};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, LazyLock, Mutex, OnceLock, RwLock};

/// The readers of a site's templates.
#[derive(Default)]
pub struct Readers {
    /// By full name.
    texts: BTreeMap<String, String>,
    prefixes: Vec<String>,
    /// Templates whose output may be kept before it is written: these are metered otherwise.
    kept: BTreeSet<String>,
    set: OnceLock<Set>,
    all: OnceLock<Mark>,
    known: RwLock<HashMap<String, Arc<Reader>>>,
    /// The scripts in all of them.
    scripts: OnceLock<Shapes>,
    /// The addresses of script files in all of them.
    script_files: OnceLock<BTreeSet<String>>,
    /// Gives the shapes of all readers their ids.
    interner: Arc<Interner>,
}

/// What one template reads, with all that it is made of.
pub struct Reader {
    reads: Reads,
    /// Changes whenever a template that it is made of does.
    pub mark: Mark,
    /// Whose texts it reads.
    pub other_texts: OtherTexts,
    shapes: Mutex<KnownShapes>,
    /// The scripts that stand in what it is made of.
    scripts: OnceLock<Shapes>,
    /// The addresses of script files there.
    script_files: OnceLock<BTreeSet<String>>,
    interner: Arc<Interner>,
}

#[derive(Default)]
struct KnownShapes {
    by_question: HashMap<PageQuestion, Arc<Shape>>,
    /// Each once.
    all: BTreeSet<Arc<Shape>>,
}

impl Readers {
    /// Of a set of templates, the prefixes that a name is tried with, and those templates whose output may
    /// be kept before it is written.
    pub fn new(
        texts: BTreeMap<String, String>,
        prefixes: Vec<String>,
        kept: BTreeSet<String>,
    ) -> Self {
        Self {
            texts,
            prefixes,
            kept,
            ..Self::default()
        }
    }

    /// The reader of a template, by the name that it is asked for.
    pub fn reader(&self, name: &str) -> Arc<Reader> {
        let known = self.known.read().unpoisoned();
        if let Some(reader) = known.get(name) {
            return reader.clone();
        }
        drop(known);
        let reader = Arc::new(self.make(name));
        let mut known = self.known.write().unpoisoned();
        known.entry(name.to_owned()).or_insert(reader).clone()
    }

    fn make(&self, name: &str) -> Reader {
        let set = || Set::new(&self.texts, &self.prefixes);
        let mut reads = self.set.get_or_init(set).reads(name);
        for shape in reads.context.iter_mut().flat_map(BTreeMap::values_mut) {
            self.interner.intern(shape);
        }
        let mut marker = Marker::default();
        marker.bytes(name);
        let made_of = |name: &&String| match &reads.templates {
            Some(templates) => templates.contains(*name),
            None => true,
        };
        for name in self.texts.keys().filter(made_of) {
            marker.bytes(name).bytes(&self.texts[name]);
            if self.kept.contains(name) {
                marker.bytes("kept");
            }
        }
        Reader {
            mark: marker.done(),
            other_texts: OtherTexts::of(&reads),
            reads,
            shapes: Mutex::default(),
            scripts: OnceLock::new(),
            script_files: OnceLock::new(),
            interner: self.interner.clone(),
        }
    }

    /// The full name and the text of a template, by the name that it is asked for.
    pub fn text_of(&self, name: &str) -> Option<(&str, &str)> {
        let prefixes = std::iter::once("").chain(self.prefixes.iter().map(String::as_str));
        let mut names = prefixes.map(|prefix| format!("{prefix}{name}"));
        let (name, text) = names.find_map(|name| self.texts.get_key_value(&name))?;
        Some((name, text))
    }

    /// The texts that a reader's template is made of; of all templates where that may be any, or there is
    /// none.
    pub fn texts_of<'a>(&'a self, reader: Option<&'a Reader>) -> impl Iterator<Item = &'a str> {
        let made_of = reader.and_then(Reader::made_of);
        let texts = self.texts.iter();
        let texts = texts.filter(move |(name, _)| made_of.is_none_or(|made| made.contains(*name)));
        texts.map(|(_, text)| text.as_str())
    }

    /// The texts of all templates, by their full names.
    pub fn all_texts(&self) -> impl Iterator<Item = (&str, &str)> {
        let texts = self.texts.iter();
        texts.map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// The scripts in the texts that a reader's template is made of.
    pub fn scripts_of<'a>(&'a self, reader: Option<&'a Reader>) -> &'a Shapes {
        let place = reader.map_or(&self.scripts, |reader| &reader.scripts);
        place.get_or_init(|| {
            let mut all = Shapes::default();
            for text in self.texts_of(reader) {
                all.add(&Shapes::in_template(text));
            }
            all
        })
    }

    /// The addresses of script files in those texts, each as it is written in a script element. An address
    /// that only stands there, in a link say, is none.
    pub fn script_files_of<'a>(&'a self, reader: Option<&'a Reader>) -> &'a BTreeSet<String> {
        let place = reader.map_or(&self.script_files, |reader| &reader.script_files);
        place.get_or_init(|| self.texts_of(reader).flat_map(script_files).collect())
    }

    /// The names of all templates.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.texts.keys().map(String::as_str)
    }

    /// The mark of one template, by its full name.
    pub fn mark_of(&self, name: &str) -> Option<Mark> {
        self.texts.get(name).map(|text| Mark::of(text.as_bytes()))
    }

    /// The mark of all templates.
    pub fn all(&self) -> Mark {
        *self.all.get_or_init(|| {
            let mut marker = Marker::default();
            for (name, text) in &self.texts {
                marker.bytes(name).bytes(text);
            }
            marker.done()
        })
    }
}

/// The addresses of the script files that a text loads, as they are written.
pub fn script_files(text: &str) -> impl Iterator<Item = String> {
    let sources = inspect(text, &mut Shapes::default()).sources.into_iter();
    let scripts = sources.filter(|one| one.directive == Directive::Script);
    scripts.map(|one| one.url)
}

impl Reader {
    /// What is read of a variable of the context; None where it is not read.
    pub fn variable(&self, name: &str) -> Option<&Shape> {
        self.reads.variable(name)
    }

    /// The templates that it is made of; None where that may be any.
    pub fn made_of(&self) -> Option<&BTreeSet<String>> {
        self.reads.templates.as_ref()
    }

    /// Returns what is read of the answer to a question.
    pub fn shape_of(&self, question: &Question) -> Arc<Shape> {
        static ALL: LazyLock<Arc<Shape>> = LazyLock::new(|| Arc::new(WHOLE.clone()));
        match question {
            Question::OfPages(question) => self.shape_of_pages(question),
            Question::OfText(_) | Question::Script(_) => ALL.clone(),
        }
    }

    /// The same, of a question that looks at other pages.
    pub fn shape_of_pages(&self, question: &PageQuestion) -> Arc<Shape> {
        let mut shapes = self.shapes.lock().unpoisoned();
        if let Some(shape) = shapes.by_question.get(question) {
            return shape.clone();
        }
        let mut shape = self
            .reads
            .answer(question.function(), &|name| question.argument(name));
        let shape = match shapes.all.get(&shape) {
            Some(shape) => shape.clone(),
            None => {
                self.interner.intern(&mut shape);
                let shape = Arc::new(shape);
                shapes.all.insert(shape.clone());
                shape
            }
        };
        shapes.by_question.insert(question.clone(), shape.clone());
        shape
    }
}
