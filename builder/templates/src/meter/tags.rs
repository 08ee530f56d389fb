//! The tags of a template, found as the engine finds them.

pub(super) fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// A tag or an expression; comments and raw blocks are passed over as the engine does.
pub(super) struct Tag<'a> {
    pub(super) start: usize,
    /// After `%}` or `}}`.
    pub(super) end: usize,
    pub(super) inner: &'a str,
    pub(super) is_block: bool,
    /// Ends in `-%}`.
    pub(super) trims: bool,
}

impl<'a> Tag<'a> {
    /// The word that a block tag begins with; empty for an expression.
    pub(super) fn word(&self) -> &'a str {
        if !self.is_block {
            return "";
        }
        let inner = self.inner.trim_start_matches('-').trim_ascii_start();
        &inner[..inner.find(|c| !is_of_name(c)).unwrap_or(inner.len())]
    }

    /// Where in the inside of `{{ … }}` its expression is; none for a component, whose text is metered
    /// where it is written.
    pub(super) fn expression(&self) -> Option<(usize, usize)> {
        let inner = self.inner.strip_prefix('-').unwrap_or(self.inner);
        let from = self.inner.len() - inner.trim_ascii_start().len();
        let plain = !inner.trim_ascii().is_empty() && !inner.trim_ascii_start().starts_with('<');
        plain.then_some((from, self.inner.len()))
    }

    /// Of a `set`: the variable, and its value, which a block has none of.
    pub(super) fn set(&self) -> Option<(&'a str, Option<&'a str>)> {
        let word = self.word();
        if !matches!(word, "set" | "set_global") {
            return None;
        }
        let rest = self.inner.trim_start_matches('-').trim_ascii_start();
        let rest = rest[word.len()..].trim_start();
        let name = &rest[..rest.find(|c| !is_of_name(c)).unwrap_or(rest.len())];
        Some((name, rest[name.len()..].trim_start().strip_prefix('=')))
    }

    /// The name behind `word`, in quotes.
    pub(super) fn named(&self, word: &str) -> Option<&'a str> {
        let inner = self.inner.trim_start_matches('-').trim_start();
        let rest = inner.strip_prefix(word).filter(|_| self.is_block)?;
        let quote = |c| matches!(c, '"' | '\'' | '`');
        Some(rest.trim().trim_matches(quote))
    }

    /// The next one from byte `at`; none behind one that never ends, at which the engine stops.
    fn next(text: &'a str, mut at: usize) -> Option<Self> {
        loop {
            let start = at + opening(&text[at..])?;
            let inside = start + 2;
            match text.as_bytes()[start + 1] {
                b'#' => at = inside + text[inside..].find("#}")? + 2,
                second => {
                    let is_block = second == b'%';
                    // The engine takes one `-` as part of `{%-`, then looks for `-? raw`.
                    let dash = usize::from(text.as_bytes().get(inside) == Some(&b'-'));
                    if is_block && let Some(raw) = named(&text[inside + dash..], "raw") {
                        at = after_raw(text, inside + dash + raw)?;
                        continue;
                    }
                    let close: &[u8] = if is_block { b"%}" } else { b"}}" };
                    let len = inner_len(&text.as_bytes()[inside..], close)?;
                    let inner = &text[inside..inside + len];
                    return Some(Self {
                        start,
                        end: inside + len + 2,
                        inner: inner.strip_suffix('-').unwrap_or(inner),
                        is_block,
                        trims: inner.ends_with('-'),
                    });
                }
            }
        }
    }
}

/// All tags of a text.
pub(super) fn all(text: &str) -> impl Iterator<Item = Tag<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let tag = Tag::next(text, at)?;
        at = tag.end;
        Some(tag)
    })
}

/// Of each tag the bytes of its body, up to what ends it; 0 where it has none.
pub(super) fn bodies(all: &[Tag<'_>]) -> Vec<usize> {
    let mut sizes = vec![0; all.len()];
    let mut open: Vec<(usize, &str)> = Vec::new();
    for (index, tag) in all.iter().enumerate() {
        let word = tag.word();
        match word.strip_prefix("end") {
            Some(ended) => {
                if let Some((start, _)) = open.pop_if(|(_, name)| *name == ended) {
                    sizes[start] = tag.start - all[start].end;
                }
            }
            None if matches!(word, "for" | "block" | "component") => open.push((index, word)),
            None => {}
        }
    }
    sizes
}

/// The 1-based line of an offset.
pub(super) fn line_of(text: &str, offset: usize) -> u32 {
    text[..offset].matches('\n').count() as u32 + 1
}

/// Where the first `{{`, `{%` or `{#` is.
fn opening(text: &str) -> Option<usize> {
    text.as_bytes()
        .windows(2)
        .position(|pair| pair[0] == b'{' && matches!(pair[1], b'{' | b'%' | b'#'))
}

/// Bytes up to `close`, which is none within quotes.
fn inner_len(bytes: &[u8], close: &[u8]) -> Option<usize> {
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            _ if bytes[at..].starts_with(close) => return Some(at),
            quote @ (b'"' | b'\'' | b'`') => {
                at += 1;
                while *bytes.get(at)? != quote {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                at += 1;
            }
            _ => at += 1,
        }
    }
    None
}

/// If the inside of a block tag at the start of `text` is the one word `name`: the bytes up to
/// behind its `%}`.
fn named(text: &str, name: &str) -> Option<usize> {
    let rest = text.strip_prefix('-').unwrap_or(text);
    let rest = rest.trim_ascii_start().strip_prefix(name)?;
    let rest = rest.trim_ascii_start();
    let rest = rest.strip_prefix('-').unwrap_or(rest);
    let rest = rest.strip_prefix("%}")?;
    Some(text.len() - rest.len())
}

fn after_raw(text: &str, mut at: usize) -> Option<usize> {
    loop {
        at += text[at..].find("{%")? + 2;
        if let Some(end) = named(&text[at..], "endraw") {
            return Some(at + end);
        }
    }
}

/// Offsets outside quotes where a character or a whole word begins.
pub(super) fn places(inner: &str) -> impl Iterator<Item = usize> {
    let bytes = inner.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let start = at;
            match *bytes.get(at)? {
                quote @ (b'"' | b'\'' | b'`') => {
                    at += 1;
                    while at < bytes.len() && bytes[at] != quote {
                        at += if bytes[at] == b'\\' { 2 } else { 1 };
                    }
                    at += 1;
                    continue;
                }
                byte if is_of_name(byte as char) => {
                    let word = bytes[at..].iter().take_while(|b| is_of_name(**b as char));
                    at += word.count();
                }
                _ => at += 1,
            }
            if inner.is_char_boundary(start) {
                return Some(start);
            }
        }
    })
}

pub(super) fn count(inner: &str, wanted: impl Fn(&str) -> bool) -> usize {
    places(inner).filter(|at| wanted(&inner[*at..])).count()
}

fn is_for(inner: &str, at: usize) -> bool {
    let rest = inner[at..].strip_prefix("for");
    let is_field = at > 0 && inner.as_bytes()[at - 1] == b'.';
    !is_field && rest.is_some_and(|rest| !rest.starts_with(is_of_name))
}

/// How often the word `for` stands outside quotes.
pub(super) fn count_for(inner: &str) -> usize {
    places(inner).filter(|at| is_for(inner, *at)).count()
}

/// The parameters that the tag of a component names.
pub(super) fn parameters(inner: &str) -> impl Iterator<Item = &str> {
    let inner = inner.split_once('(').map_or("", |(_, rest)| rest);
    let mut depth = 1_usize;
    let mut wanted = true;
    places(inner).filter_map(move |at| {
        let rest = &inner[at..];
        match rest.as_bytes()[0] {
            // Behind the bracket that ends them there are none.
            _ if depth == 0 => {}
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b',' => wanted = depth == 1,
            byte if wanted && is_of_name(byte as char) => {
                wanted = false;
                let end = rest.find(|c| !is_of_name(c)).unwrap_or(rest.len());
                return Some(&rest[..end]);
            }
            _ => {}
        }
        None
    })
}
