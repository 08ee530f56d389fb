//! Questions as the state stores them: all kinds in one list, whose order is part of the format of the
//! segments. What is read back is a question that may be asked where it stands; a text that asks for
//! other pages was never written, and is an error.

use super::{NameQuestion, PageQuestion, Question, TextQuestion};
use crate::remote::Request;
use quillfront_policy::Digest;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;

/// A question of any kind. The order of these is what segments have.
#[derive(Serialize, Deserialize)]
#[serde(rename = "Question")]
enum StoredQuestion<'q> {
    Page(Cow<'q, NameQuestion>),
    Section(Cow<'q, NameQuestion>),
    Taxonomy(Cow<'q, NameQuestion>),
    Term {
        kind: Cow<'q, NameQuestion>,
        term: Cow<'q, str>,
        pages: bool,
    },
    TermUrl {
        kind: Cow<'q, str>,
        term: Cow<'q, str>,
        lang: Cow<'q, str>,
    },
    Link {
        path: Cow<'q, str>,
        lang: Cow<'q, str>,
    },
    File(Cow<'q, str>),
    Picture(Cow<'q, str>),
    Answer(Cow<'q, Request>),
    Now,
    Script(Digest),
    Published(Cow<'q, str>),
    PublishedAs(Cow<'q, str>),
}

impl<'q> From<&'q PageQuestion> for StoredQuestion<'q> {
    fn from(question: &'q PageQuestion) -> Self {
        match question {
            PageQuestion::Page(named) => Self::Page(Cow::Borrowed(named)),
            PageQuestion::Section(named) => Self::Section(Cow::Borrowed(named)),
            PageQuestion::Taxonomy(named) => Self::Taxonomy(Cow::Borrowed(named)),
            PageQuestion::Term { kind, term, pages } => Self::Term {
                kind: Cow::Borrowed(kind),
                term: term.into(),
                pages: *pages,
            },
        }
    }
}

impl<'q> From<&'q TextQuestion> for StoredQuestion<'q> {
    fn from(question: &'q TextQuestion) -> Self {
        match question {
            TextQuestion::TermUrl { kind, term, lang } => Self::TermUrl {
                kind: kind.into(),
                term: term.into(),
                lang: lang.into(),
            },
            TextQuestion::Link { path, lang } => Self::Link {
                path: path.into(),
                lang: lang.into(),
            },
            TextQuestion::File(path) => Self::File(path.into()),
            TextQuestion::Picture(path) => Self::Picture(path.into()),
            TextQuestion::Answer(request) => Self::Answer(Cow::Borrowed(request)),
            TextQuestion::Now => Self::Now,
            TextQuestion::Published(key) => Self::Published(key.into()),
            TextQuestion::PublishedAs(source) => Self::PublishedAs(source.into()),
        }
    }
}

impl From<StoredQuestion<'_>> for Question {
    fn from(stored: StoredQuestion<'_>) -> Self {
        match stored {
            StoredQuestion::Page(named) => Self::OfPages(PageQuestion::Page(named.into_owned())),
            StoredQuestion::Section(named) => {
                Self::OfPages(PageQuestion::Section(named.into_owned()))
            }
            StoredQuestion::Taxonomy(named) => {
                Self::OfPages(PageQuestion::Taxonomy(named.into_owned()))
            }
            StoredQuestion::Term { kind, term, pages } => Self::OfPages(PageQuestion::Term {
                kind: kind.into_owned(),
                term: term.into_owned(),
                pages,
            }),
            StoredQuestion::TermUrl { kind, term, lang } => Self::OfText(TextQuestion::TermUrl {
                kind: kind.into_owned(),
                term: term.into_owned(),
                lang: lang.into_owned(),
            }),
            StoredQuestion::Link { path, lang } => Self::OfText(TextQuestion::Link {
                path: path.into_owned(),
                lang: lang.into_owned(),
            }),
            StoredQuestion::File(path) => Self::OfText(TextQuestion::File(path.into_owned())),
            StoredQuestion::Picture(path) => Self::OfText(TextQuestion::Picture(path.into_owned())),
            StoredQuestion::Answer(request) => {
                Self::OfText(TextQuestion::Answer(request.into_owned()))
            }
            StoredQuestion::Now => Self::OfText(TextQuestion::Now),
            StoredQuestion::Published(key) => {
                Self::OfText(TextQuestion::Published(key.into_owned()))
            }
            StoredQuestion::PublishedAs(source) => {
                Self::OfText(TextQuestion::PublishedAs(source.into_owned()))
            }
            StoredQuestion::Script(digest) => Self::Script(digest),
        }
    }
}

impl Serialize for Question {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::OfPages(question) => StoredQuestion::from(question).serialize(serializer),
            Self::OfText(question) => question.serialize(serializer),
            Self::Script(digest) => StoredQuestion::Script(*digest).serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Question {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        StoredQuestion::deserialize(deserializer).map(Self::from)
    }
}

impl Serialize for TextQuestion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        StoredQuestion::from(self).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for TextQuestion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Question::deserialize(deserializer)? {
            Question::OfText(question) => Ok(question),
            Question::OfPages(_) | Question::Script(_) => {
                Err(D::Error::custom("a text asks for other pages"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::remote::Method;

    fn named() -> NameQuestion {
        NameQuestion {
            name: "a".to_owned(),
            lang: "en".to_owned(),
            asked: true,
        }
    }

    /// Each kind of question, and what segments have of it.
    fn all() -> [(Question, &'static [u8]); 10] {
        let of_pages = Question::OfPages;
        let of_text = Question::OfText;
        [
            (
                of_pages(PageQuestion::Page(named())),
                b"\x00\x01a\x02en\x01",
            ),
            (
                of_pages(PageQuestion::Section(named())),
                b"\x01\x01a\x02en\x01",
            ),
            (
                of_pages(PageQuestion::Taxonomy(named())),
                b"\x02\x01a\x02en\x01",
            ),
            (
                of_pages(PageQuestion::Term {
                    kind: named(),
                    term: "t".to_owned(),
                    pages: false,
                }),
                b"\x03\x01a\x02en\x01\x01t\x00",
            ),
            (
                of_text(TextQuestion::TermUrl {
                    kind: "k".to_owned(),
                    term: "t".to_owned(),
                    lang: "en".to_owned(),
                }),
                b"\x04\x01k\x01t\x02en",
            ),
            (
                of_text(TextQuestion::Link {
                    path: "p".to_owned(),
                    lang: "en".to_owned(),
                }),
                b"\x05\x01p\x02en",
            ),
            (of_text(TextQuestion::File("f".to_owned())), b"\x06\x01f"),
            (of_text(TextQuestion::Picture("f".to_owned())), b"\x07\x01f"),
            (
                of_text(TextQuestion::Answer(Request {
                    url: "u".to_owned(),
                    method: Method::Post,
                    headers: vec![("h".to_owned(), "v".to_owned())],
                    body: None,
                })),
                b"\x08\x01u\x01\x01\x01h\x01v\x00",
            ),
            (of_text(TextQuestion::Now), b"\x09"),
        ]
    }

    /// States that are stored already have these bytes.
    #[test]
    fn the_stored_form_never_changes() {
        for (question, bytes) in all() {
            assert_eq!(postcard::to_stdvec(&question).unwrap(), bytes, "{question}");
            let read: Question = postcard::from_bytes(bytes).unwrap();
            assert_eq!(read, question);
        }
        let script = Question::Script(Digest::of("a()"));
        let bytes = postcard::to_stdvec(&script).unwrap();
        assert_eq!((bytes[0], bytes.len()), (0x0a, 33));
        assert_eq!(postcard::from_bytes::<Question>(&bytes).unwrap(), script);
        assert!(postcard::from_bytes::<Question>(b"\x0b").is_err());
    }

    #[test]
    fn a_text_that_asks_for_other_pages_is_not_read() {
        for (question, bytes) in all() {
            let read = postcard::from_bytes::<TextQuestion>(bytes);
            match question {
                Question::OfText(own) => {
                    assert_eq!(postcard::to_stdvec(&own).unwrap(), bytes);
                    assert_eq!(read.unwrap(), own);
                }
                Question::OfPages(_) | Question::Script(_) => {
                    assert!(read.is_err(), "{question}");
                }
            }
        }
    }
}
