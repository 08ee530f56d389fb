//! `minify_html` (site model, section 16): white space and optional tags go, style sheets in pages
//! shrink, scripts stay as they are.
//!
//! The library (`minify-html`) goes down a level of its stack for every open tag and every open
//! bracket of a style sheet, and an overflow would end the whole process. So each page gets a stack
//! that holds all of its tags and brackets one inside the other, and a page with more than
//! [`MAX_TAGS`] or [`MAX_BRACKETS`] is published as it is.

use crate::panics::quietly;
use minify_html::{Cfg, minify};

/// Tags of a page that is minified.
pub const MAX_TAGS: usize = 50_000;
/// Opening brackets in one style sheet or `style` attribute of a page that is minified.
pub const MAX_BRACKETS: usize = 4_000;

/// Measured: a tag takes below 2 KiB, a bracket below 17 KiB.
const TAG_STACK_BYTES: usize = 4 << 10;
const BRACKET_STACK_BYTES: usize = 32 << 10;
const BASE_STACK_BYTES: usize = 2 << 20;

/// What became of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Minified {
    /// It is shorter.
    Page(Vec<u8>),
    /// It has more tags or brackets than are minified, and stays as it is.
    TooMuch,
    /// The library crashed on it.
    Crashed,
}

/// Minifies one page.
pub fn page(html: &[u8]) -> Minified {
    let tags = html.iter().filter(|byte| **byte == b'<').count();
    let brackets = most_brackets(html);
    if tags > MAX_TAGS || brackets > MAX_BRACKETS {
        return Minified::TooMuch;
    }
    let stack = BASE_STACK_BYTES + tags * TAG_STACK_BYTES + brackets * BRACKET_STACK_BYTES;
    let minified = std::thread::scope(|scope| {
        let worker = std::thread::Builder::new().stack_size(stack);
        let running = worker.spawn_scoped(scope, || quietly(|| minify(html, &options())));
        running.map(|running| running.join())
    });
    match minified {
        Ok(Ok(minified)) => Minified::Page(minified),
        Ok(Err(_)) => Minified::Crashed,
        // No memory for the stack.
        Err(_) => Minified::TooMuch,
    }
}

fn options() -> Cfg {
    let mut options = Cfg::new();
    options.keep_html_and_head_opening_tags = true;
    options.minify_css = true;
    options
}

/// The opening brackets of the style sheet or `style` attribute that has most of them. What only
/// looks like one counts too, and so does every `&`, which may stand for a bracket.
fn most_brackets(html: &[u8]) -> usize {
    // How many there are before each place where something may begin or end is counted on the way,
    // so that no byte is looked at more than a few times, wherever `style` stands.
    let before: Vec<u32> = std::iter::once(0)
        .chain(html.iter().scan(0_u32, |sum, byte| {
            *sum += u32::from(b"([{&".contains(byte));
            Some(*sum)
        }))
        .collect();
    let brackets = |from: usize, to: usize| (before[to] - before[from]) as usize;
    let mut ends = Ends::default();
    let mut most = 0;
    let mut from = 0;
    while let Some(at) = find(&html[from..], b"style") {
        let name = from + at;
        let after = name + 5;
        let value = after_blank(html, after);
        if html.get(value) == Some(&b'=') {
            let value = after_blank(html, value + 1);
            let end = ends.of_attribute(html, value);
            most = most.max(brackets(value, end));
        } else if name > 0 && html[name - 1] == b'<' {
            let end = ends.of_style(html, after);
            most = most.max(brackets(after, end));
        }
        from = after;
    }
    most
}

/// Behind the white space at `from`.
fn after_blank(html: &[u8], from: usize) -> usize {
    let blank = html[from..].iter().take_while(|b| b.is_ascii_whitespace());
    from + blank.count()
}

/// The places found last of what ends something; each is looked for again only behind itself.
#[derive(Default)]
struct Ends {
    style: usize,
    double: usize,
    single: usize,
    bare: usize,
}

impl Ends {
    /// Where the style sheet that begins at `from` ends.
    fn of_style(&mut self, html: &[u8], from: usize) -> usize {
        next(&mut self.style, html, from, |rest| find(rest, b"</style"))
    }

    /// Where the value at `from` ends: at its quote; without quotes at white space or `>`.
    fn of_attribute(&mut self, html: &[u8], from: usize) -> usize {
        let quote = |known: &mut usize, quote: u8| {
            next(known, html, from + 1, |rest| {
                rest.iter().position(|byte| *byte == quote)
            })
        };
        match html.get(from) {
            Some(b'"') => quote(&mut self.double, b'"'),
            Some(b'\'') => quote(&mut self.single, b'\''),
            _ => next(&mut self.bare, html, from, |rest| {
                rest.iter()
                    .position(|b| b.is_ascii_whitespace() || *b == b'>')
            }),
        }
    }
}

/// The first place from `from` that `find` finds, else the end; `known` is the last one found, for
/// an earlier `from`.
fn next(
    known: &mut usize,
    html: &[u8],
    from: usize,
    find: impl Fn(&[u8]) -> Option<usize>,
) -> usize {
    if *known < from {
        *known = find(&html[from..]).map_or(html.len(), |at| from + at);
    }
    *known
}

/// Where `word`, in lower case, first stands in whatever case.
fn find(text: &[u8], word: &[u8]) -> Option<usize> {
    text.windows(word.len())
        .position(|window| window.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(html: &str) -> String {
        match page(html.as_bytes()) {
            Minified::Page(bytes) => String::from_utf8(bytes).unwrap(),
            other => panic!("{other:?}: {html}"),
        }
    }

    #[test]
    fn spaces_and_optional_tags_go_and_scripts_stay() {
        let html = "<!doctype html><html><head><style> a { color : red } </style></head><body>\n\
                    <p>a   b</p>\n<pre>c   d</pre><script>let  x  = 1;</script></body></html>";
        let expected = "<!doctype html><html><head><style>a{color:red}</style><body>\
                        <p>a b<pre>c   d</pre><script>let  x  = 1;</script>";
        assert_eq!(text(html), expected);
    }

    /// Each of these overflows the stack of an ordinary thread.
    #[test]
    fn deep_pages_are_minified_or_left_alone() {
        let deep = |piece: &str, times: usize| piece.repeat(times);
        for html in [
            deep("<b>", MAX_TAGS),
            deep("<div><p>", MAX_TAGS / 2),
            format!("<svg>{}", deep("<title>", MAX_TAGS - 1)),
            format!("<style>{}", deep("a{", MAX_BRACKETS)),
            format!("<style>{}", deep(":not(", MAX_BRACKETS)),
            format!("<style>a{{b:{}", deep("[", MAX_BRACKETS - 1)),
            format!(
                "<b style=\"color:{}\">",
                deep("color-mix(in srgb,red,", MAX_BRACKETS)
            ),
            format!("<b sTyle =\n'x:{}'>", deep("&#40;", MAX_BRACKETS)),
        ] {
            assert!(
                matches!(page(html.as_bytes()), Minified::Page(_)),
                "{}",
                &html[..20]
            );
        }
        // In a debug build the library counts too far here and crashes; that is caught.
        let media = format!("<STYLE>{}a{{b:c}}", deep("@media print{", MAX_BRACKETS - 1));
        assert_ne!(page(media.as_bytes()), Minified::TooMuch);
        for html in [
            deep("<b>", MAX_TAGS + 1),
            format!("<style>{}", deep("a{", MAX_BRACKETS + 1)),
            format!("<b style=x:{}>", deep("(", MAX_BRACKETS + 1)),
        ] {
            assert_eq!(page(html.as_bytes()), Minified::TooMuch);
        }
        // Brackets in text and scripts are no reason to leave a page alone.
        let script = format!(
            "<p> {}<script>{}</script>",
            deep("(", 9_000),
            deep("{", 9_000)
        );
        assert!(text(&script).starts_with("<p>("));
    }

    #[test]
    fn long_pages_are_looked_through_once() {
        // Going through them again from each piece would take hours.
        for piece in [
            "style=x",
            "<style",
            "style='",
            "style=\"",
            "style = ",
            "style=x ",
            "<style>a{",
        ] {
            let html = piece.repeat(4_000_000 / piece.len());
            let brackets = most_brackets(html.as_bytes());
            assert_eq!(brackets, html.matches('{').count(), "{piece}");
        }
        for (html, brackets) in [
            ("<b style='(('>(((<b style=(>[[[[", 2),
            ("<b style=((( x>(((((", 3),
            (
                "<b style=\"(''(\" style='(\"'><style>{</STYLE>{{{{<style>{{{</style>",
                3,
            ),
            ("{{{<style", 0),
            ("{{{style=", 0),
            ("style='", 0),
            ("style", 0),
        ] {
            assert_eq!(most_brackets(html.as_bytes()), brackets, "{html}");
        }
    }

    fn htmlish() -> impl Strategy<Value = String> {
        let pieces = prop::sample::select(vec![
            "<",
            ">",
            "</",
            "/>",
            "<p>",
            "</p>",
            "<li>",
            "<table>",
            "<td>",
            "<svg>",
            "<pre>",
            "<textarea>",
            "<title>",
            "<script>",
            "</script>",
            "<style>",
            "</style>",
            "<!--",
            "-->",
            "<!doctype",
            "<?",
            " style=\"",
            "='",
            "\"",
            "'",
            "&",
            "&amp",
            "&#0;",
            "&#xD800;",
            "a",
            "{",
            "}",
            "(",
            ")",
            ":",
            ";",
            "@media ",
            "@import ",
            "url(",
            "/*",
            "*/",
            "\\",
            " ",
            "\n",
            "é",
            "日",
            "\u{0}",
            "<html>",
            "<head>",
            "<body>",
            "</body>",
            "<a href=",
        ]);
        prop::collection::vec(pieces, 0..60).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..Default::default() })]

        #[test]
        fn any_page_comes_back_the_same_twice(html in htmlish()) {
            let first = page(html.as_bytes());
            prop_assert_eq!(&first, &page(html.as_bytes()));
            if let Minified::Page(bytes) = first {
                prop_assert!(String::from_utf8(bytes).is_ok());
            }
        }
    }
}
