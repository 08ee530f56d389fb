//! How long a text is, for its readers.

use unicode_segmentation::UnicodeSegmentation;

/// True for languages whose words have no gaps.
pub fn counts_letters(lang: &str) -> bool {
    matches!(base_language(lang), "zh" | "ja")
}

/// The words of a Markdown body outside ``` fences (site model, section 6). Chinese and Japanese are
/// counted by letter, since words have no gaps there.
pub fn word_count(body: &str, lang: &str) -> usize {
    let by_letter = counts_letters(lang);
    let mut in_fence = false;
    let mut count = 0;
    for line in body.lines() {
        if line.trim_start().starts_with("```") {
            in_fence = !in_fence;
        } else if !in_fence {
            count += match by_letter {
                true => line.chars().filter(|c| c.is_alphabetic()).count(),
                false => line.unicode_words().count(),
            };
        }
    }
    count
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
