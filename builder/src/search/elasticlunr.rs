//! For elasticlunr 0.9.5: an inverted index for each field, and the records.
//!
//! How a language's texts become words (splitting, trimming, stop words, stems) is the crate
//! `elasticlunr-rs`; it must be the same as what the library does to a query. The index itself is
//! written here: the crate's holds a copy of the permalink for every word of every page and a map
//! for every letter, which is gigabytes at 10,000 pages, and it recurses as deep as the longest
//! word. Here a posting is eight bytes, and the tree of letters is written straight from the sorted
//! words.

use super::{Record, UnknownLanguage, as_html, write_json};
use crate::config::search::Search;
use elasticlunr::lang;
use elasticlunr::{Language, Pipeline};
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap};

/// The library that searches the index, to be published beside it as `elasticlunr.min.js`.
pub const LIBRARY: &str = include_str!("elasticlunr.min.js");

/// Longer words (a picture as `data:`, a key) are not indexed: nobody types them, and each letter
/// is a level of the index.
pub const MAX_WORD_BYTES: usize = 256;

/// Records whose words are in memory at one time.
const BATCH: usize = 512;

/// Fields in the order of the site model, and the text of each.
type Field = (&'static str, fn(&Record) -> &str);

fn fields(settings: &Search) -> Vec<Field> {
    let all: [(bool, Field); 5] = [
        (settings.include_title, ("title", |record| &record.title)),
        (
            settings.include_description,
            ("description", |record| &record.description),
        ),
        (settings.include_date, ("date", |record| &record.date)),
        (settings.include_path, ("path", |record| &record.path)),
        (settings.include_content, ("body", |record| &record.body)),
    ];
    let chosen = all.into_iter().filter(|(chosen, _)| *chosen);
    chosen.map(|(_, field)| field).collect()
}

/// How often a word stands in the field of a record.
struct Posting {
    record: u32,
    count: u32,
}

/// One field of all records.
#[derive(Default)]
struct FieldIndex {
    postings: HashMap<String, Vec<Posting>>,
    /// Words of each record.
    lengths: Vec<usize>,
}

/// Writes the index of records sorted by permalink behind what is in `out`.
pub(super) fn write(
    records: &[Record],
    settings: &Search,
    lang: &str,
    out: &mut Vec<u8>,
) -> Result<(), UnknownLanguage> {
    let language = language(lang).ok_or_else(|| UnknownLanguage(lang.to_owned()))?;
    let fields = fields(settings);
    let indexed = gather(records, &fields, lang);
    let permalinks: Vec<Vec<u8>> = records
        .iter()
        .map(|record| {
            let mut permalink = Vec::new();
            write_json(&mut permalink, &record.permalink);
            permalink
        })
        .collect();

    let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    let pipeline = language.make_pipeline();
    let steps: Vec<String> = pipeline.queue.iter().map(|step| step.name()).collect();
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
    for (position, record) in records.iter().enumerate() {
        comma(out, position);
        out.extend_from_slice(&permalinks[position]);
        out.extend_from_slice(b":{\"id\":");
        out.extend_from_slice(&permalinks[position]);
        for (name, text) in &fields {
            out.push(b',');
            write_json(out, name);
            out.push(b':');
            match *name {
                "body" => write_json(out, &as_html(text(record))),
                _ => write_json(out, text(record)),
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
    write_json(out, &records.len());
    out.extend_from_slice(b"},\"lang\":");
    write_json(out, &language.name());
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

/// The words of every field, made by all threads, put together in the order of the records.
fn gather(records: &[Record], fields: &[Field], lang: &str) -> Vec<FieldIndex> {
    let mut indexed: Vec<FieldIndex> = fields.iter().map(|_| FieldIndex::default()).collect();
    let rules = || language(lang).map(|language| (language.make_pipeline(), language));
    for (batch, part) in records.chunks(BATCH).enumerate() {
        let words_of = |rules: &mut Option<(Pipeline, Box<dyn Language>)>, record: &Record| {
            let (pipeline, language) = rules.as_ref()?;
            Some(words(record, fields, language.as_ref(), pipeline))
        };
        let found: Vec<Option<Vec<Words>>> = part
            .par_iter()
            .with_min_len(16)
            .map_init(rules, words_of)
            .collect();
        for (offset, words) in found.into_iter().enumerate() {
            let record = (batch * BATCH + offset) as u32;
            for (field, words) in indexed.iter_mut().zip(words.into_iter().flatten()) {
                field.lengths.push(words.total);
                for (word, count) in words.counts {
                    let posting = Posting { record, count };
                    field.postings.entry(word).or_default().push(posting);
                }
            }
        }
    }
    indexed
}

/// The words of one field of a record.
struct Words {
    /// How often each stands in this field and in those before it: what is found by its title is
    /// found in the body too. So do the indexes of Zola (held by the conformance cases).
    counts: BTreeMap<String, u32>,
    /// Words of this field alone.
    total: usize,
}

fn words(
    record: &Record,
    fields: &[Field],
    language: &dyn Language,
    pipeline: &Pipeline,
) -> Vec<Words> {
    let mut counts = BTreeMap::new();
    let of_field = |(name, text): &Field| {
        // The parts of a path are words.
        let mut tokens = match *name {
            "path" => language.tokenize(&text(record).replace('/', " ")),
            _ => language.tokenize(text(record)),
        };
        tokens.retain(|token| token.len() <= MAX_WORD_BYTES);
        let tokens = pipeline.run(tokens);
        let total = tokens.len();
        for token in tokens {
            *counts.entry(token).or_default() += 1;
        }
        Words {
            counts: counts.clone(),
            total,
        }
    };
    fields.iter().map(of_field).collect()
}

/// The tree of letters: a node has the records of the word that ends there, their number, and a
/// node for each letter that goes on. In sorted words each continues the one before or branches off.
fn write_words(out: &mut Vec<u8>, field: &FieldIndex, permalinks: &[Vec<u8>]) {
    let mut sorted: Vec<(&String, &Vec<Posting>)> = field.postings.iter().collect();
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
    for (position, Posting { record, count }) in postings.iter().enumerate() {
        comma(out, position);
        out.extend_from_slice(&permalinks[*record as usize]);
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
