//! How long a text is, for its readers.

use unicode_segmentation::UnicodeSegmentation;

/// True for languages whose words have no gaps.
pub fn counts_letters(lang: &str) -> bool {
    matches!(base_language(lang), "zh" | "ja")
}

/// The words of a Markdown body outside code (site model, section 6): each ``` begins or ends some,
/// wherever it stands. Chinese and Japanese are counted by letter, since words have no gaps there.
pub fn word_count(body: &str, lang: &str) -> usize {
    let by_letter = counts_letters(lang);
    let count = |text: &str| match by_letter {
        true => text.chars().filter(|c| c.is_alphabetic()).count(),
        false => text.unicode_words().count(),
    };
    body.split("```").step_by(2).map(count).sum()
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
