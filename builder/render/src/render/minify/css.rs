//! White space and comments of a style sheet.
//!
//! No value is understood, so none can be got wrong, however new it is: the sheet is cut into
//! tokens and statements (CSS Syntax, sections 4 and 5) and written again without what separates
//! nothing. A sheet that a browser would have to repair stays as it is.

/// Returns a shorter sheet with the same meaning, or None where it has brackets, strings or
/// comments that do not end, or anything else that leaves a doubt.
pub fn sheet(css: &str) -> Option<String> {
    let css = css.as_bytes();
    let mut out = Vec::with_capacity(css.len());
    let (mut depth, mut from) = (0_usize, 0);
    loop {
        let (end, delimiter) = statement_end(css, from)?;
        let statement = without_comments_before(&css[from..end], &mut out)?;
        let at_rule = statement.first() == Some(&b'@');
        match delimiter {
            // At the top a semicolon ends an at-rule; elsewhere it is a part of the next selector.
            Some(b';') | None if depth == 0 && !at_rule && !statement.is_empty() => return None,
            Some(b';') if depth == 0 && !at_rule => return None,
            None if depth > 0 => return None,
            Some(b'}') if depth == 0 => return None,
            Some(b'{') => {
                squeeze(statement, at_rule, &mut out)?;
                depth += 1;
            }
            _ if at_rule => squeeze(statement, true, &mut out)?,
            _ => declaration(statement, &mut out)?,
        }
        let Some(delimiter) = delimiter else {
            return String::from_utf8(out).ok();
        };
        if delimiter == b'}' {
            depth -= 1;
            if statement.is_empty() && out.last() == Some(&b';') {
                out.pop();
            }
        }
        out.push(delimiter);
        from = end + 1;
    }
}

/// Where the statement that begins at `from` ends, and the `{`, `;` or `}` that ends it.
fn statement_end(css: &[u8], from: usize) -> Option<(usize, Option<u8>)> {
    let mut open = Vec::new();
    let mut at = from;
    while at < css.len() {
        let (token, end) = token(css, at)?;
        match token {
            Token::Byte(b'(') => open.push(b')'),
            Token::Byte(b'[') => open.push(b']'),
            Token::Byte(close @ (b')' | b']')) if open.pop() != Some(close) => return None,
            Token::Byte(delimiter @ (b'{' | b'}' | b';')) if open.is_empty() => {
                return Some((at, Some(delimiter)));
            }
            Token::Byte(b'{' | b'}') => return None,
            _ => {}
        }
        at = end;
    }
    open.is_empty().then_some((at, None))
}

/// A statement without white space and comments before it. Comments with `!` are licences, and are
/// written.
fn without_comments_before<'css>(mut css: &'css [u8], out: &mut Vec<u8>) -> Option<&'css [u8]> {
    while !css.is_empty() {
        let (token, end) = token(css, 0)?;
        match token {
            Token::Comment if css[2] == b'!' => out.extend_from_slice(&css[..end]),
            Token::Comment | Token::Space => {}
            _ => break,
        }
        css = &css[end..];
    }
    Some(css)
}

/// Writes `name:value`.
fn declaration(css: &[u8], out: &mut Vec<u8>) -> Option<()> {
    // In an inline SVG `&` begins an entity, whose semicolon ends nothing.
    if css.contains(&b'&') {
        return None;
    }
    let colon = css.iter().position(|byte| *byte == b':');
    let parts = colon.map(|colon| (css[..colon].trim_ascii(), &css[colon + 1..]));
    let Some((name, value)) = parts.filter(|(name, _)| name.iter().all(is_of_word)) else {
        return squeeze(css, false, out);
    };
    out.extend_from_slice(name);
    out.push(b':');
    if !name.starts_with(b"--") {
        return squeeze(value, false, out);
    }
    // Scripts may read it, and older browsers refuse nothing at all.
    let value = value.trim_ascii();
    out.extend_from_slice(if value.is_empty() { b" " } else { value });
    (!value.ends_with(b"\\")).then_some(())
}

/// Writes what stands between the tokens as shortly as can be: a space for white space, `/**/` for
/// a comment alone, nothing beside commas and inside of round brackets. `colons` is true where
/// nothing is needed behind a colon either.
fn squeeze(css: &[u8], colons: bool, out: &mut Vec<u8>) -> Option<()> {
    let mut gap: &[u8] = b"";
    let mut last = None;
    let mut at = 0;
    while at < css.len() {
        let (token, end) = token(css, at)?;
        match token {
            Token::Space => gap = b" ",
            Token::Comment if gap.is_empty() => gap = b"/**/",
            Token::Comment => {}
            Token::Byte(_) | Token::Whole => {
                let free_before = match last {
                    None | Some(Token::Byte(b'(')) => true,
                    // An empty value behind it stays one.
                    Some(Token::Byte(b',')) => token != Token::Byte(b')'),
                    Some(Token::Byte(b':')) => colons && token != Token::Byte(b')'),
                    _ => matches!(token, Token::Byte(b',' | b')')),
                };
                if !free_before {
                    out.extend_from_slice(gap);
                }
                out.extend_from_slice(&css[at..end]);
                gap = b"";
                last = Some(token);
            }
        }
        at = end;
    }
    Some(())
}

/// What a sheet is made of, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Space,
    Comment,
    /// A word, a string or an unquoted URL.
    Whole,
    /// Anything else.
    Byte(u8),
}

/// The token at a place, and where it ends; None where it does not.
fn token(css: &[u8], at: usize) -> Option<(Token, usize)> {
    let rest = &css[at..];
    let (token, length) = match rest[0] {
        byte if byte.is_ascii_whitespace() => {
            let more = rest.iter().take_while(|byte| byte.is_ascii_whitespace());
            (Token::Space, more.count())
        }
        b'/' if rest.get(1) == Some(&b'*') => {
            let end = rest[2..].windows(2).position(|pair| pair == b"*/")?;
            (Token::Comment, end + 4)
        }
        quote @ (b'"' | b'\'') => (Token::Whole, string(rest, quote)?),
        b'\\' => (Token::Whole, word(rest)?),
        byte if is_of_word(&byte) => (Token::Whole, word(rest)?),
        byte => (Token::Byte(byte), 1),
    };
    Some((token, at + length))
}

fn string(css: &[u8], quote: u8) -> Option<usize> {
    let mut at = 1;
    loop {
        match css.get(at)? {
            b'\\' => at += 2,
            b'\n' | b'\r' | b'\x0c' => return None,
            byte if *byte == quote => return Some(at + 1),
            _ => at += 1,
        }
    }
}

/// The length of a name or number with its escapes, or of a whole `url(…)` without quotes.
fn word(css: &[u8]) -> Option<usize> {
    let mut at = 0;
    while let Some(byte) = css.get(at) {
        match byte {
            b'\\' => at += escape(&css[at..])?,
            byte if is_of_word(byte) => at += 1,
            _ => break,
        }
    }
    let (word, rest) = css.split_at(at);
    if rest.first() != Some(&b'(') {
        return Some(at);
    }
    // What function it is, and so what its brackets hold, is in doubt.
    if word.contains(&b'\\') {
        return None;
    }
    let inside = rest[1..].trim_ascii_start();
    if !word.eq_ignore_ascii_case(b"url") || inside.starts_with(b"\"") || inside.starts_with(b"'") {
        return Some(at);
    }
    let mut escaped = false;
    let end = rest.iter().position(|byte| {
        let ends = *byte == b')' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    });
    Some(at + end? + 1)
}

/// The length of an escape, with the space that ends one in digits.
fn escape(css: &[u8]) -> Option<usize> {
    let digits = css[1..]
        .iter()
        .take(6)
        .take_while(|b| b.is_ascii_hexdigit());
    let end = 1 + digits.count();
    match css.get(end)? {
        b'\n' | b'\r' | b'\x0c' if end == 1 => None,
        _ if end == 1 => Some(2),
        b'\r' if css.get(end + 1) == Some(&b'\n') => Some(end + 2),
        byte if byte.is_ascii_whitespace() => Some(end + 1),
        _ => Some(end),
    }
}

fn is_of_word(byte: &u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | 0x80..)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_separates_nothing_goes() {
        for (css, expected) in [
            (" a { color : red } ", "a{color:red}"),
            (
                "main {\n  margin: 0;\n  padding: 1em;\n}\n",
                "main{margin:0;padding:1em}",
            ),
            ("a , b > c :hover{}", "a,b > c :hover{}"),
            (
                "@media ( min-width: 1px ) and (hover) {a{b:c}}",
                "@media (min-width:1px) and (hover){a{b:c}}",
            ),
            (
                "@import url( 'a  b' ) ;\n@layer x , y;a{}",
                "@import url('a  b');@layer x,y;a{}",
            ),
            ("@page :first { margin: 1in }", "@page :first{margin:1in}"),
            ("a{b:c;/* d */}/* e */", "a{b:c}"),
            ("/*! MIT */ a { }", "/*! MIT */a{}"),
            ("", ""),
        ] {
            assert_eq!(sheet(css).as_deref(), Some(expected), "{css}");
        }
    }

    #[test]
    fn what_means_something_stays() {
        for css in [
            "a{width:calc(1px + 2px)}",
            "a{width:min(1px - -2px,3px)}",
            "a/**/b{c:d/**/e}",
            ".a/**/.b{}",
            ".\\31  b{}",
            ".\\, b{}",
            "a{b:c\\;}",
            "a{b:\"c  /* d */ ; }\"}",
            "a{b:url(data:x;base64,/*  */{)}",
            "a{b:url( c\\)  )}",
            "a{--b: }",
            "a{--b:c  /* d */  e}",
            "a{b:var(--c, )}",
            "a{&:hover{b:c}> d{e:f}}",
            ":is(a,b) c[d=\"e\" i]{}",
            "a{grid-template-areas:\"a b\" \"c d\"}",
            "@container (width > 400px){a{b:c}}",
            "@supports not (a:b){c{d:e}}",
            "a{filter:progid:DXImageTransform.M(a='b',c='d')}",
            "a{b:c;;d:e}",
            "a{background:yellow;animation-name:yellow}",
            "a{unicode-range:U+0025-00FF,u+4??}",
        ] {
            assert_eq!(sheet(css).as_deref(), Some(css));
        }
    }

    #[test]
    fn what_is_in_doubt_is_not_touched() {
        for css in [
            "a {",
            "a { b: c",
            "}",
            "a { } }",
            "a { b: ( }",
            "a { b: (] }",
            "a { b: \"c }",
            "a { b: \"c\n\" }",
            "/* a",
            "a { b: url( c }",
            "a { b: \\75rl( c ) }",
            "a { } ; b { }",
            "color: red; a { }",
            "a",
            "a { --b:\\ ; }",
            "a\\",
            "<![CDATA[ a { b: c } ]]>",
            "a &gt; b { c: d }",
            "a { content: '&quot;x  y&quot;' }",
        ] {
            assert_eq!(sheet(css), None, "{css}");
        }
    }

    fn cssish() -> impl Strategy<Value = String> {
        let pieces = prop::sample::select(vec![
            "a", "b", " ", "\n", "{", "}", "(", ")", "[", "]", ":", ";", ",", ">", "&", "@media ",
            "@", "--x", "\"", "'", "\\", "\\31 ", "/*", "*/", "/**/", "/*!", "url(", "calc(", "!",
            "+", "-", "1px", "#", ".", "é", "a{", "b:c;", "b:c}", "\r\n", "<", "\u{0}",
        ]);
        prop::collection::vec(pieces, 0..40).prop_map(|pieces| pieces.concat())
    }

    /// The tokens that are not white space or comments, and where there was any between them.
    fn tokens(css: &[u8]) -> Vec<(Token, Vec<u8>)> {
        let mut tokens = Vec::new();
        let mut at = 0;
        while at < css.len() {
            let (token, end) = token(css, at).unwrap();
            if !matches!(token, Token::Space | Token::Comment) {
                tokens.push((token, css[at..end].to_vec()));
            }
            at = end;
        }
        tokens
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..Default::default() })]

        #[test]
        fn the_tokens_stay_and_what_is_short_stays_short(css in cssish()) {
            if let Some(once) = sheet(&css) {
                prop_assert!(once.len() <= css.len() + css.matches(';').count());
                let kept = |css: &str| {
                    let mut tokens = tokens(css.as_bytes());
                    tokens.retain(|(token, _)| *token != Token::Byte(b';'));
                    tokens
                };
                prop_assert_eq!(kept(&css), kept(&once));
                prop_assert_eq!(sheet(&once), Some(once));
            }
        }
    }
}
