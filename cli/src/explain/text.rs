//! An explanation as text that a person can read: one item a line, long ones wrapped, what is deep
//! left out, what is alike told once.

use quillfront_publish::bucket::explain::{Explanation, Reading, SourceRead};
use quillfront_render::render::readings::Statement;
use std::collections::BTreeMap;

/// Items of a list that are shown; of more, the number.
const MAX_SHOWN: usize = 40;
/// Fields of a field that are named; of more, the number.
const MAX_FIELDS: usize = 12;
/// So many files of a folder of which the same is read stand in lines of their own.
const FEW_FILES: usize = 3;

/// A list with its title.
#[derive(Debug, PartialEq, Eq)]
pub struct List {
    pub title: &'static str,
    pub items: Vec<Item>,
    /// Items that were left out.
    pub more: usize,
}

/// An item of a list.
#[derive(Debug, PartialEq, Eq)]
pub struct Item {
    /// What stands before it, and is less important.
    pub lead: String,
    /// It.
    pub text: String,
}

impl From<String> for Item {
    fn from(text: String) -> Self {
        let lead = String::new();
        Self { lead, text }
    }
}

/// What there is to tell beside the last build; with `full` every line of it, as it is in JSON.
pub fn lists(explanation: &Explanation, full: bool) -> Vec<List> {
    let read_by = explanation.read_by.iter().map(|key| format!("/{key}"));
    let lists = [
        ("reads", reads(&explanation.reads, full)),
        ("of these sources", sources(&explanation.sources, full)),
        ("is read by", read_by.map(Item::from).collect()),
    ];
    let lists = lists.into_iter().filter(|(_, items)| !items.is_empty());
    lists
        .map(|(title, mut items)| {
            let more = if full {
                0
            } else {
                items.len().saturating_sub(MAX_SHOWN)
            };
            items.truncate(items.len() - more);
            List { title, items, more }
        })
        .collect()
}

/// What was done, and why.
pub fn last(action: &str, because: &[String]) -> String {
    let action = match action {
        "none" => "left as it was",
        action => action,
    };
    if because.is_empty() {
        action.to_owned()
    } else {
        format!("{action}, because {}", because.join(", "))
    }
}

fn reads(reads: &[Reading], full: bool) -> Vec<Item> {
    let item = |reading: &Reading, text: String| Item {
        lead: reading.fingerprint.clone(),
        text,
    };
    if full {
        let all = reads.iter();
        let all = all.map(|reading| item(reading, reading.question.clone()));
        return all.collect();
    }
    let is_template = |reading: &&Reading| {
        let file = reading.question.strip_prefix("template ");
        file.is_some_and(|file| !file.ends_with(", built in"))
    };
    let (templates, mut others): (Vec<&Reading>, Vec<&Reading>) =
        reads.iter().partition(is_template);
    // Its own page or section, and others, first.
    let is_content = |reading: &&Reading| {
        let mut kinds = ["page ", "section "].iter();
        kinds.any(|kind| reading.question.starts_with(kind))
    };
    others.sort_by_key(|reading| !is_content(reading));
    let brief = others
        .iter()
        .map(|reading| item(reading, brief(&reading.told)));
    let mut items: Vec<Item> = brief.collect();
    if templates.len() > FEW_FILES {
        items.push(format!("{} templates, which are among the sources", templates.len()).into());
        return items;
    }
    items.extend(
        templates
            .iter()
            .map(|reading| item(reading, reading.question.clone())),
    );
    items
}

/// What is read with its fields, and theirs, but none below.
fn brief(told: &Statement) -> String {
    let parts: Vec<String> = told.parts.iter().map(brief_field).collect();
    if parts.is_empty() {
        told.what.clone()
    } else {
        format!("{}: {}", told.what, parts.join(", "))
    }
}

fn brief_field(told: &Statement) -> String {
    let names = told.parts.iter().map(|part| part.what.as_str());
    // That of a field only this is asked goes without saying.
    let names: Vec<&str> = names
        .filter(|name| *name != "whether there is any")
        .collect();
    match names.len() {
        0 => told.what.clone(),
        1..=MAX_FIELDS => format!("{} ({})", told.what, names.join(", ")),
        many => format!("{} ({many} fields)", told.what),
    }
}

fn sources(sources: &[SourceRead], full: bool) -> Vec<Item> {
    let parts_of = |source: &SourceRead| match source.parts.join(", ") {
        parts if parts == "the file" => String::new(),
        parts => format!(": {parts}"),
    };
    let line = |source: &SourceRead| format!("{}{}", source.source, parts_of(source));
    if full {
        return sources.iter().map(|source| line(source).into()).collect();
    }
    let folder_of = |source: &SourceRead| {
        let end = source.source.rfind('/').map_or(0, |slash| slash + 1);
        source.source[..end].to_owned()
    };
    // Files of a folder of which the same is read.
    let mut alike: BTreeMap<(String, String), Vec<&str>> = BTreeMap::new();
    for source in sources {
        let folder = folder_of(source);
        let name = &source.source[folder.len()..];
        alike
            .entry((folder, parts_of(source)))
            .or_default()
            .push(name);
    }
    let mut items: Vec<Item> = Vec::new();
    for source in sources {
        let group = (folder_of(source), parts_of(source));
        match alike.get(&group) {
            Some(names) if names.len() <= FEW_FILES => items.push(line(source).into()),
            // At the first of them.
            Some(_) => {
                let names = alike.remove(&group).unwrap_or_default();
                let (folder, parts) = group;
                let place = match folder.as_str() {
                    "" => "the site's folder",
                    folder => folder,
                };
                let (count, few) = (names.len(), names[..FEW_FILES].join(", "));
                items.push(format!("{count} files in {place} ({few}, …){parts}").into());
            }
            None => {}
        }
    }
    items
}

/// A text in lines of at most so many characters; a longer word has a line of its own.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let line = lines.last_mut().expect("there is always a line");
        let length = line.chars().count();
        if length > 0 && length + 1 + word.chars().count() > width {
            lines.push(word.to_owned());
            continue;
        }
        if length > 0 {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use quillfront_publish::bucket::explain::Last;

    fn told(what: &str, parts: Vec<Statement>) -> Statement {
        let what = what.to_owned();
        Statement { what, parts }
    }

    fn name(what: &str) -> Statement {
        told(what, Vec::new())
    }

    fn reading(told: Statement) -> Reading {
        Reading {
            question: told.to_string(),
            fingerprint: "0123456789abcdef".into(),
            told,
        }
    }

    fn explanation(reads: Vec<Statement>, sources: &[(&str, &[&str])]) -> Explanation {
        let source = |(source, parts): &(&str, &[&str])| SourceRead {
            source: (*source).to_owned(),
            parts: parts.iter().map(|part| (*part).to_owned()).collect(),
        };
        Explanation {
            subject: "a/index.html".into(),
            missing: Vec::new(),
            reads: reads.into_iter().map(reading).collect(),
            sources: sources.iter().map(source).collect(),
            read_by: (0..50).map(|number| format!("{number:02}")).collect(),
            last: Last {
                action: "none".into(),
                because: Vec::new(),
            },
        }
    }

    fn texts(list: &List) -> Vec<&str> {
        list.items.iter().map(|item| item.text.as_str()).collect()
    }

    #[test]
    fn what_is_deep_is_left_out_and_what_is_alike_is_told_once() {
        let any = || name("whether there is any");
        let words = (0..30)
            .map(|number| name(&format!("word{number}")))
            .collect();
        let deep = told("text", vec![told("en", words)]);
        let many = (0..13).map(|number| name(&number.to_string())).collect();
        let config = vec![
            told("extra", vec![told("toc", vec![any()]), deep]),
            told("feeds", vec![any()]),
            told("many", many),
            name("title"),
        ];
        let templates = ["a", "b", "c", "d"].map(|one| name(&format!("template {one}.html")));
        let mut reads = templates.to_vec();
        reads.push(told("config", config));
        reads.push(told("current_path", vec![any()]));
        reads.push(told("page content/a.md", vec![name("title")]));
        let docs: &[&str] = &["permalink", "title"];
        let whole: &[&str] = &["the file"];
        let sources = [
            ("config.toml", &["title"][..]),
            ("content/a.md", &["content"]),
            ("content/docs/1.md", docs),
            ("content/docs/2.md", docs),
            ("content/docs/3.md", docs),
            ("content/docs/4.md", docs),
            ("content/docs/5.md", &["title"]),
            ("static/a.css", whole),
        ];
        let explanation = explanation(reads, &sources);
        let told = lists(&explanation, false);
        assert_eq!(
            texts(&told[0]),
            [
                "page content/a.md: title",
                "config: extra (toc, text), feeds, many (13 fields), title",
                "current_path: whether there is any",
                "4 templates, which are among the sources",
            ]
        );
        assert_eq!(
            texts(&told[1]),
            [
                "config.toml: title",
                "content/a.md: content",
                "4 files in content/docs/ (1.md, 2.md, 3.md, …): permalink, title",
                "content/docs/5.md: title",
                "static/a.css",
            ]
        );
        assert_eq!((told[2].items.len(), told[2].more), (MAX_SHOWN, 10));
        let full = lists(&explanation, true);
        let all: Vec<&String> = explanation.reads.iter().map(|one| &one.question).collect();
        assert_eq!(texts(&full[0]), all);
        assert_eq!((full[1].items.len(), full[2].more), (sources.len(), 0));
    }

    #[test]
    fn lines_are_wrapped_between_words() {
        assert_eq!(wrapped("aa bb ccc", 5), ["aa bb", "ccc"]);
        assert_eq!(wrapped("äääää b", 3), ["äääää", "b"]);
        assert_eq!(wrapped("", 3), [""]);
    }
}
