//! What style sheets in pages load.

use crate::facts::Directive;

/// Calls `loads` for each address in a style sheet or a `style` attribute, in time that is linear in its
/// length. Comments and escapes are not read: an address that is hidden in them is a matter of whoever wrote
/// it, and the policy blocks it.
pub(crate) fn addresses(text: &str, mut loads: impl FnMut(Directive, &str)) {
    let mut directive = Directive::Image;
    let mut rest = text;
    while let Some(at) = rest.find(['@', '(', '}']) {
        let (before, found) = rest.split_at(at);
        rest = &found[1..];
        match found.as_bytes()[0] {
            b'@' if begins_with(rest, "import") => {
                let import = rest["import".len()..].trim_ascii_start();
                if let Some(url) = quoted(import) {
                    loads(Directive::Style, url);
                } else if begins_with(import, "url(") {
                    let inside = &import["url(".len()..];
                    loads(Directive::Style, address(inside));
                    rest = inside;
                }
            }
            b'@' if begins_with(rest, "font-face") => directive = Directive::Font,
            b'@' => {}
            b'(' if ends_with(before, "url") => loads(directive, address(rest)),
            b'(' => {}
            _ => directive = Directive::Image,
        }
    }
}

fn begins_with(text: &str, word: &str) -> bool {
    let start = text.as_bytes().get(..word.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
}

fn ends_with(text: &str, word: &str) -> bool {
    let start = text.len().checked_sub(word.len());
    start.is_some_and(|start| text.as_bytes()[start..].eq_ignore_ascii_case(word.as_bytes()))
}

/// Returns the address that `url(` opens.
fn address(inside: &str) -> &str {
    /// What is longer is content in the address, and looked at over and over where nothing ends it.
    const LONGEST: usize = 4096;
    let inside = crate::facts::cut(inside, LONGEST).trim_ascii_start();
    let bare = inside.split(')').next().unwrap_or_default();
    quoted(inside).unwrap_or(bare.trim_ascii_end())
}

fn quoted(text: &str) -> Option<&str> {
    let quote = text.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    text[1..].split(quote).next()
}
