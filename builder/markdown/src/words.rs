//! How long a text is, for its readers.

use std::sync::LazyLock;

use memchr::memmem::Finder;
use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;

/// What begins and ends code. Counting the words of all posts is a tenth of a build, so it is searched for
/// by a searcher made once.
static FENCE: LazyLock<Finder> = LazyLock::new(|| Finder::new("```"));

/// How long a Markdown body is outside code (site model, section 6), in both ways of counting: which one is
/// meant depends on the language, and that on the configuration, which may change while the text does
/// not. Each ``` begins or ends code, wherever it stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Length {
    words: u32,
    letters: u32,
}

impl Length {
    /// Counts a body.
    pub fn of(body: &str) -> Self {
        let (mut words, mut letters) = (0, 0);
        let mut count = |text: &str| {
            words += count_words(text);
            letters += count_letters(text);
        };
        let (mut start, mut is_code) = (0, false);
        for fence in FENCE.find_iter(body.as_bytes()) {
            if !is_code {
                count(&body[start..fence]);
            }
            start = fence + FENCE.needle().len();
            is_code = !is_code;
        }
        if !is_code {
            count(&body[start..]);
        }
        let bounded = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Self {
            words: bounded(words),
            letters: bounded(letters),
        }
    }

    /// What templates of a language call words: Chinese and Japanese are counted by letter, since words
    /// have no gaps there.
    pub fn word_count(&self, lang: &str) -> usize {
        match base_language(lang) {
            "zh" | "ja" => self.letters as usize,
            _ => self.words as usize,
        }
    }
}

/// How many words a text has, as Unicode separates them (UAX #29, section 4.1).
pub(super) fn count_words(text: &str) -> usize {
    if text.is_ascii() {
        count_ascii_words(text.as_bytes())
    } else {
        text.unicode_words().count()
    }
}

/// The same for ASCII, in a sixth of the time. Letters, digits and `_` make words; one sign between two
/// letters, or between two digits, joins them (rules WB6, WB7, WB11 and WB12).
fn count_ascii_words(text: &[u8]) -> usize {
    let mut words = 0;
    // The word at hand has a letter or a digit.
    let mut is_counted = false;
    let mut previous = b' ';
    for (at, &byte) in text.iter().enumerate() {
        if byte.is_ascii_alphanumeric() {
            words += usize::from(!is_counted);
            is_counted = true;
        } else if is_counted && byte != b'_' {
            let next = text.get(at + 1).copied().unwrap_or(b' ');
            is_counted = match byte {
                b':' => previous.is_ascii_alphabetic() && next.is_ascii_alphabetic(),
                b',' | b';' => previous.is_ascii_digit() && next.is_ascii_digit(),
                b'.' | b'\'' => {
                    previous.is_ascii_alphabetic() && next.is_ascii_alphabetic()
                        || previous.is_ascii_digit() && next.is_ascii_digit()
                }
                _ => false,
            };
        }
        previous = byte;
    }
    words
}

/// How many characters of a text are letters.
fn count_letters(text: &str) -> usize {
    if text.is_ascii() {
        text.bytes().filter(u8::is_ascii_alphabetic).count()
    } else {
        text.chars().filter(|c| c.is_alphabetic()).count()
    }
}

/// Minutes to read `words` words, rounded up: the speed depends on the language (site model,
/// section 22).
pub fn reading_time_minutes(words: usize, lang: &str) -> usize {
    let per_minute = match base_language(lang) {
        "en" => 238,
        "ko" => 202,
        "zh" => 439,
        "ja" => 653,
        _ => 200,
    };
    words.div_ceil(per_minute)
}

/// `zh` of `zh-Hans`.
fn base_language(lang: &str) -> &str {
    lang.split(['-', '_']).next().unwrap_or(lang)
}
