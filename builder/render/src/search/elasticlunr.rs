//! For elasticlunr 0.9.5: an inverted index for each field, and the entries.
//!
//! How a language's texts become words (splitting, trimming, stop words, stems) is the crate
//! `elasticlunr-rs`; it must be the same as what the library does to a query. The index itself is
//! written here: the crate's holds a copy of the permalink for every word of every page and a map
//! for every letter, which is gigabytes at 10,000 pages, and it recurses as deep as the longest
//! word. Here a posting is eight bytes, and the tree of letters is written straight from the sorted
//! words.

use super::{Entry, UnknownLanguage, Words, as_html, write_json};
use elasticlunr::lang;
use elasticlunr::{Language, Pipeline};
use quillfront_site::config::search::Search;
use rayon::prelude::*;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

/// The library that searches the index, to be published beside it as `elasticlunr.min.js`.
pub const LIBRARY: &str = include_str!("elasticlunr.min.js");

/// Longer words (a picture as `data:`, a key) are not indexed: nobody types them, and each letter
/// is a level of the index.
pub const MAX_WORD_BYTES: usize = 256;

/// Entries whose words are in memory at one time, beside those of the records.
const BATCH: usize = 512;

/// A field of an entry, in the order of the site model.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    Title,
    Description,
    Date,
    Path,
    Body,
}

impl Field {
    fn chosen(settings: &Search) -> Vec<Self> {
        let all = [
            (settings.include_title, Self::Title),
            (settings.include_description, Self::Description),
            (settings.include_date, Self::Date),
            (settings.include_path, Self::Path),
            (settings.include_content, Self::Body),
        ];
        let chosen = all.into_iter().filter(|(chosen, _)| *chosen);
        chosen.map(|(_, field)| field).collect()
    }

    fn name(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Description => "description",
            Self::Date => "date",
            Self::Path => "path",
            Self::Body => "body",
        }
    }

    fn text<'e>(self, entry: &'e Entry<'_>) -> &'e str {
        match self {
            Self::Title => entry.title,
            Self::Description => entry.description,
            Self::Date => &entry.date,
            Self::Path => entry.path,
            Self::Body => entry.text(),
        }
    }
}

/// How often a word stands in the field of an entry.
struct Posting {
    entry: u32,
    count: u32,
}

/// One field of all entries.
#[derive(Default)]
struct FieldIndex<'a> {
    postings: HashMap<Cow<'a, str>, Vec<Posting>>,
    /// Words of each entry.
    lengths: Vec<u32>,
}

/// Writes the index of entries sorted by permalink behind what is in `out`.
pub(super) fn write(
    entries: &[Entry<'_>],
    settings: &Search,
    lang: &str,
    out: &mut Vec<u8>,
) -> Result<(), UnknownLanguage> {
    let rules = Rules::of(lang).ok_or_else(|| UnknownLanguage(lang.to_owned()))?;
    let fields = Field::chosen(settings);
    let indexed = gather(entries, &fields, lang);
    let permalinks: Vec<Vec<u8>> = entries
        .iter()
        .map(|entry| {
            let mut permalink = Vec::new();
            write_json(&mut permalink, entry.permalink);
            permalink
        })
        .collect();

    let names: Vec<&str> = fields.iter().map(|field| field.name()).collect();
    let steps = rules.pipeline.queue.iter();
    let steps: Vec<String> = steps.map(|step| step.name()).collect();
    out.extend_from_slice(b"{\"fields\":");
    write_json(out, &names);
    out.extend_from_slice(b",\"pipeline\":");
    write_json(out, &steps);
    out.extend_from_slice(b",\"ref\":\"id\",\"version\":");
    write_json(out, elasticlunr::ELASTICLUNR_VERSION);
    out.extend_from_slice(b",\"index\":{");
    for (position, (name, field)) in names.iter().zip(&indexed).enumerate() {
        comma(out, position);
        write_json(out, name);
        out.extend_from_slice(b":{\"root\":");
        write_words(out, field, &permalinks);
        out.push(b'}');
    }
    out.extend_from_slice(b"},\"documentStore\":{\"save\":true,\"docs\":{");
    for (position, entry) in entries.iter().enumerate() {
        comma(out, position);
        out.extend_from_slice(&permalinks[position]);
        out.extend_from_slice(b":{\"id\":");
        out.extend_from_slice(&permalinks[position]);
        for field in &fields {
            out.push(b',');
            write_json(out, field.name());
            out.push(b':');
            match field {
                Field::Body => write_json(out, &as_html(field.text(entry))),
                _ => write_json(out, field.text(entry)),
            }
        }
        out.push(b'}');
    }
    out.extend_from_slice(b"},\"docInfo\":{");
    for (position, permalink) in permalinks.iter().enumerate() {
        comma(out, position);
        out.extend_from_slice(permalink);
        out.push(b':');
        let lengths = names.iter().zip(&indexed);
        let lengths: BTreeMap<_, _> = lengths.map(|(n, f)| (n, f.lengths[position])).collect();
        write_json(out, &lengths);
    }
    out.extend_from_slice(b"},\"length\":");
    write_json(out, &entries.len());
    out.extend_from_slice(b"},\"lang\":");
    write_json(out, &rules.language.name());
    out.push(b'}');
    Ok(())
}

/// The word rules of a language: those of its primary subtag, Norwegian's two forms as one.
/// Chinese and Japanese have none: their dictionaries weigh more than the rest of the program.
fn language(lang: &str) -> Option<Box<dyn Language>> {
    let primary = lang.split('-').next().unwrap_or(lang).to_ascii_lowercase();
    let code = match primary.as_str() {
        // The library's own name for Dutch; as a code it is no language.
        "nl" => "du",
        "du" => return None,
        "nb" | "nn" => "no",
        other => other,
    };
    lang::from_code(code)
}

/// How the texts of a language become words.
pub(super) struct Rules {
    language: Box<dyn Language>,
    pipeline: Pipeline,
}

impl Rules {
    /// None for a language without any.
    pub(super) fn of(lang: &str) -> Option<Self> {
        let language = language(lang)?;
        Some(Self {
            pipeline: language.make_pipeline(),
            language,
        })
    }

    pub(super) fn words(&self, text: &str) -> Words {
        let mut tokens = self.language.tokenize(text);
        tokens.retain(|token| token.len() <= MAX_WORD_BYTES);
        Words::of(self.pipeline.run(tokens))
    }
}

/// Words, and how often each is there, in their order.
type Counts<'a> = Vec<(Cow<'a, str>, u32)>;

/// The words of every field, made by all threads, put together in the order of the entries.
fn gather<'a>(entries: &'a [Entry<'_>], fields: &[Field], lang: &str) -> Vec<FieldIndex<'a>> {
    let mut indexed: Vec<FieldIndex<'_>> = fields.iter().map(|_| FieldIndex::default()).collect();
    for (batch, part) in entries.chunks(BATCH).enumerate() {
        let found: Vec<Vec<(Counts<'_>, u32)>> = part
            .par_iter()
            .with_min_len(16)
            .map_init(
                || Rules::of(lang),
                |rules, entry| words(entry, fields, rules.as_ref()),
            )
            .collect();
        for (offset, found) in found.into_iter().enumerate() {
            let entry = (batch * BATCH + offset) as u32;
            for (field, (counts, total)) in indexed.iter_mut().zip(found) {
                field.lengths.push(total);
                for (word, count) in counts {
                    let posting = Posting { entry, count };
                    field.postings.entry(word).or_default().push(posting);
                }
            }
        }
    }
    indexed
}

/// For each field of an entry how often each word stands in it and in those before it (what is found
/// by its title is found in the body too: so do the indexes of Zola, held by the conformance cases),
/// and how many words it has itself.
fn words<'a>(
    entry: &'a Entry<'_>,
    fields: &[Field],
    rules: Option<&Rules>,
) -> Vec<(Counts<'a>, u32)> {
    let words_of = |text: &str| rules.map(|rules| rules.words(text)).unwrap_or_default();
    let mut found: Vec<(Counts<'a>, u32)> = Vec::with_capacity(fields.len());
    for field in fields {
        let (own, total): (Counts<'a>, u32) = match (field, &entry.body) {
            (Field::Body, Some(record)) => {
                let all = record.words.iter();
                let all = all.map(|(word, count)| (Cow::Borrowed(word), count));
                (all.collect(), record.words.total)
            }
            _ => {
                let text = field.text(entry);
                let words = match field {
                    // The parts of a path are words.
                    Field::Path => words_of(&text.replace('/', " ")),
                    _ => words_of(text),
                };
                let all = words.iter();
                let all = all.map(|(word, count)| (Cow::Owned(word.to_owned()), count));
                (all.collect(), words.total)
            }
        };
        let sum = match found.last() {
            Some((before, _)) => merged(before, own),
            None => own,
        };
        found.push((sum, total));
    }
    found
}

/// The sum of two lists in the order of the words.
fn merged<'a>(one: &Counts<'a>, other: Counts<'a>) -> Counts<'a> {
    let mut sum = Vec::with_capacity(one.len() + other.len());
    let mut one = one.iter().peekable();
    for (word, mut count) in other {
        while let Some(before) = one.next_if(|(before, _)| *before < word) {
            sum.push(before.clone());
        }
        if let Some((_, more)) = one.next_if(|(same, _)| *same == word) {
            count += more;
        }
        sum.push((word, count));
    }
    sum.extend(one.cloned());
    sum
}

/// The tree of letters: a node has the records of the word that ends there, their number, and a
/// node for each letter that goes on. In sorted words each continues the one before or branches off.
fn write_words(out: &mut Vec<u8>, field: &FieldIndex<'_>, permalinks: &[Vec<u8>]) {
    let mut sorted: Vec<(&str, &Vec<Posting>)> = field
        .postings
        .iter()
        .map(|(word, postings)| (&**word, postings))
        .collect();
    sorted.sort_unstable_by_key(|(word, _)| *word);
    let mut open: Vec<char> = Vec::new();
    write_node(out, &[], permalinks);
    for (word, postings) in sorted {
        let shared = open.iter().zip(word.chars()).take_while(|(a, b)| **a == *b);
        let shared = shared.count();
        out.extend(std::iter::repeat_n(b'}', open.len() - shared));
        open.truncate(shared);
        let mut letters = word.chars().skip(shared).peekable();
        while let Some(letter) = letters.next() {
            out.push(b',');
            write_json(out, &letter);
            out.push(b':');
            let here: &[Posting] = if letters.peek().is_none() {
                postings
            } else {
                &[]
            };
            write_node(out, here, permalinks);
            open.push(letter);
        }
    }
    out.extend(std::iter::repeat_n(b'}', open.len() + 1));
}

/// A node but for its end, where its children go.
fn write_node(out: &mut Vec<u8>, postings: &[Posting], permalinks: &[Vec<u8>]) {
    out.extend_from_slice(b"{\"docs\":{");
    for (position, Posting { entry, count }) in postings.iter().enumerate() {
        comma(out, position);
        out.extend_from_slice(&permalinks[*entry as usize]);
        out.extend_from_slice(b":{\"tf\":");
        write_json(out, &f64::from(*count).sqrt());
        out.push(b'}');
    }
    out.extend_from_slice(b"},\"df\":");
    write_json(out, &postings.len());
}

fn comma(out: &mut Vec<u8>, position: usize) {
    if position > 0 {
        out.push(b',');
    }
}
