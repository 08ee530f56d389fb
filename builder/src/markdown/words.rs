//! How long a text is, for its readers.

use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;

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
        let texts = || body.split("```").step_by(2);
        let letters = |text: &str| text.chars().filter(|c| c.is_alphabetic()).count();
        let bounded = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        Self {
            words: bounded(texts().map(|text| text.unicode_words().count()).sum()),
            letters: bounded(texts().map(letters).sum()),
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
