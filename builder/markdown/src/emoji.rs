//! GitHub's shortcodes: `:tomato:` becomes a character.

/// The longest shortcode worth looking up, in bytes. A bound, so that a text of nothing but colons
/// stays cheap.
const MAX_SHORTCODE_BYTES: usize = 64;

/// The text with known shortcodes replaced; None if there are none, which is the rule.
pub fn replace(text: &str) -> Option<String> {
    let mut out = String::new();
    let mut copied = 0;
    let mut from = 0;
    while let Some(open) = text[from..].find(':').map(|at| from + at) {
        from = open + 1;
        let name = &text[from..from + shortcode_len(&text.as_bytes()[from..])];
        let close = from + name.len();
        if name.is_empty() || text.as_bytes().get(close) != Some(&b':') {
            continue;
        }
        if let Some(emoji) = emojis::get_by_shortcode(name) {
            out.push_str(&text[copied..open]);
            out.push_str(emoji.as_str());
            copied = close + 1;
            from = copied;
        }
    }
    (copied > 0).then(|| {
        out.push_str(&text[copied..]);
        out
    })
}

fn shortcode_len(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .take(MAX_SHORTCODE_BYTES)
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'+' | b'-'))
        .count()
}
