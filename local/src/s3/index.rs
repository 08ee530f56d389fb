//! The keys of one bucket in order, and pages of them.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use jiff::Timestamp;

/// What a listing shows of an object, and what conditions are checked against.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub size: u64,
    pub etag: Arc<str>,
    pub last_modified: Timestamp,
    /// The file in `blobs/` to remove when the object goes.
    pub blob: Option<Arc<str>>,
}

/// A key, ordered by its UTF-8 bytes as S3 orders them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key(Arc<str>);

/// Bytes, so that a range may begin between two keys. Strings are ordered by their bytes, so
/// both orders are one.
impl Borrow<[u8]> for Key {
    fn borrow(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

/// The keys of one bucket.
#[derive(Default)]
pub(super) struct Index {
    entries: BTreeMap<Key, Entry>,
}

/// Which keys to list.
#[derive(Clone, Debug, Default)]
pub(super) struct Query {
    pub prefix: String,
    pub delimiter: Option<String>,
    pub start: Start,
    /// Entries and common prefixes together.
    pub limit: usize,
}

/// Where a listing begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Start {
    #[default]
    Beginning,
    /// After this key.
    AfterKey(String),
    /// After all keys with this prefix.
    AfterPrefix(String),
}

/// One line of a listing.
#[derive(Clone, Debug)]
pub(super) enum Item {
    Object(Arc<str>, Entry),
    /// The keys with this prefix, rolled up into one line.
    Prefix(String),
}

/// One page of a listing.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub items: Vec<Item>,
    /// Where the next page begins, if there is one.
    pub next: Option<Start>,
}

impl Index {
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.entries.get(key.as_bytes())
    }

    pub fn insert(&mut self, key: &str, entry: Entry) -> Option<Entry> {
        self.entries.insert(Key(key.into()), entry)
    }

    pub fn remove(&mut self, key: &str) -> Option<Entry> {
        self.entries.remove(key.as_bytes())
    }

    pub fn keys(&self) -> Vec<String> {
        self.entries
            .keys()
            .map(|Key(key)| key.to_string())
            .collect()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// One page. The work grows with the lines of the page, not with the keys rolled up in
    /// them: after a common prefix the walk jumps to the first key behind it.
    pub fn page(&self, query: &Query) -> Page {
        let mut page = Page::default();
        if query.limit == 0 {
            return page;
        }
        let mut from = lower_bound(query);
        'jump: loop {
            let bounds = (as_slice(&from), Bound::Unbounded);
            for (Key(key), entry) in self.entries.range::<[u8], _>(bounds) {
                let Some(rest) = key.strip_prefix(query.prefix.as_str()) else {
                    return page;
                };
                let common = query.delimiter.as_ref().and_then(|delimiter| {
                    let end = rest.find(delimiter.as_str())? + delimiter.len();
                    Some(&key[..query.prefix.len() + end])
                });
                if page.items.len() == query.limit {
                    page.next = page.items.last().map(Item::end);
                    return page;
                }
                let Some(common) = common else {
                    page.items.push(Item::Object(key.clone(), entry.clone()));
                    continue;
                };
                page.items.push(Item::Prefix(common.to_owned()));
                from = Bound::Included(after_prefix(common));
                continue 'jump;
            }
            return page;
        }
    }
}

impl Item {
    /// Where a listing that ends with this line goes on.
    fn end(&self) -> Start {
        match self {
            Item::Object(key, _) => Start::AfterKey(key.to_string()),
            Item::Prefix(prefix) => Start::AfterPrefix(prefix.clone()),
        }
    }
}

impl Start {
    /// After a key or common prefix that a client names (`start-after`, `marker`): a common
    /// prefix of the same listing stands for all its keys.
    pub fn after(name: String, prefix: &str, delimiter: Option<&str>) -> Start {
        let is_common = delimiter.is_some_and(|delimiter| {
            name.strip_prefix(prefix)
                .and_then(|rest| Some(rest.find(delimiter)? + delimiter.len() == rest.len()))
                == Some(true)
        });
        if is_common {
            Start::AfterPrefix(name)
        } else {
            Start::AfterKey(name)
        }
    }

    /// As an opaque token.
    pub fn to_token(&self) -> Option<String> {
        match self {
            Start::Beginning => None,
            Start::AfterKey(key) => Some(hex::encode(format!("k{key}"))),
            Start::AfterPrefix(prefix) => Some(hex::encode(format!("p{prefix}"))),
        }
    }

    /// From a token that [`Start::to_token`] made.
    pub fn from_token(token: &str) -> Option<Start> {
        let text = String::from_utf8(hex::decode(token).ok()?).ok()?;
        if let Some(key) = text.strip_prefix('k') {
            return Some(Start::AfterKey(key.to_owned()));
        }
        text.strip_prefix('p')
            .map(|prefix| Start::AfterPrefix(prefix.to_owned()))
    }
}

fn lower_bound(query: &Query) -> Bound<Vec<u8>> {
    let prefix = query.prefix.as_bytes();
    let start = match &query.start {
        Start::Beginning => Bound::Unbounded,
        Start::AfterKey(key) => Bound::Excluded(key.as_bytes().to_vec()),
        Start::AfterPrefix(prefix) => Bound::Included(after_prefix(prefix)),
    };
    match start {
        Bound::Included(bytes) if bytes.as_slice() >= prefix => Bound::Included(bytes),
        Bound::Excluded(bytes) if bytes.as_slice() >= prefix => Bound::Excluded(bytes),
        _ => Bound::Included(prefix.to_vec()),
    }
}

fn as_slice(bound: &Bound<Vec<u8>>) -> Bound<&[u8]> {
    bound.as_ref().map(Vec::as_slice)
}

/// The least byte string behind all that begin with `prefix`. Its last byte can always be
/// raised: 0xFF is in no UTF-8 text. (Behind the empty prefix is nothing at all.)
fn after_prefix(prefix: &str) -> Vec<u8> {
    let mut bytes = prefix.as_bytes().to_vec();
    match bytes.last_mut() {
        Some(last) => *last += 1,
        None => bytes.push(0xFF),
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(keys: &[&str]) -> Index {
        let mut index = Index::default();
        for key in keys {
            let entry = Entry {
                size: 1,
                etag: "e".into(),
                last_modified: Timestamp::UNIX_EPOCH,
                blob: None,
            };
            index.insert(key, entry);
        }
        index
    }

    fn names(page: &Page) -> Vec<String> {
        page.items
            .iter()
            .map(|item| match item {
                Item::Object(key, _) => key.to_string(),
                Item::Prefix(prefix) => format!("[{prefix}]"),
            })
            .collect()
    }

    fn query(prefix: &str, delimiter: &str, limit: usize) -> Query {
        let delimiter = Some(delimiter.to_owned()).filter(|delimiter| !delimiter.is_empty());
        Query {
            prefix: prefix.into(),
            delimiter,
            start: Start::Beginning,
            limit,
        }
    }

    #[test]
    fn keys_are_in_utf8_order() {
        let index = index(&["a/b", "é", "a", "\u{10FFFF}", "Z", "~", "a b", "\u{FFFD}"]);
        let page = index.page(&query("", "", 100));
        assert_eq!(
            names(&page),
            ["Z", "a", "a b", "a/b", "~", "é", "\u{FFFD}", "\u{10FFFF}"]
        );
    }

    #[test]
    fn a_common_prefix_is_one_line_on_one_page() {
        let index = index(&["a/1", "a/2", "a/3", "a0", "b/", "b/1", "c"]);
        let mut query = query("", "/", 2);
        let page = index.page(&query);
        assert_eq!(names(&page), ["[a/]", "a0"]);
        query.start = page.next.expect("more");
        let page = index.page(&query);
        assert_eq!(names(&page), ["[b/]", "c"]);
        assert_eq!(
            page.next, None,
            "a page that ends with the listing is the last one"
        );
    }

    #[test]
    fn a_token_survives_its_round_trip() {
        for start in [
            Start::AfterKey("pä/".into()),
            Start::AfterPrefix("k".into()),
        ] {
            assert_eq!(
                Start::from_token(&start.to_token().expect("a token")),
                Some(start)
            );
        }
        assert_eq!(Start::from_token("zz"), None);
        assert_eq!(Start::from_token(""), None);
    }

    #[test]
    fn a_prefix_narrows_and_a_start_before_it_does_not_widen() {
        let index = index(&["a", "b/1", "b/2", "c"]);
        let mut query = query("b/", "", 10);
        query.start = Start::AfterKey("a".into());
        assert_eq!(names(&index.page(&query)), ["b/1", "b/2"]);
        query.start = Start::AfterKey("b/1".into());
        assert_eq!(names(&index.page(&query)), ["b/2"]);
        query.start = Start::AfterKey("c".into());
        assert_eq!(names(&index.page(&query)), [""; 0]);
    }
}
