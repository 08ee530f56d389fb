//! BibTeX as values: `bibliographies` (entries), `variables` (`@string`), `preambles`, `comments`.
//!
//! Text between entries is ignored, as BibTeX does. TeX in values stays as it is written.

use super::map;
use std::collections::BTreeMap;
use tera::{Map, Value};

/// Reads a bibliography.
///
/// # Errors
/// What was expected, and on which line.
pub fn parse(text: &str) -> Result<Value, String> {
    let mut reader = Reader { text, at: 0 };
    let mut variables: BTreeMap<String, String> = BTreeMap::new();
    let (mut comments, mut preambles, mut entries) = (Vec::new(), Vec::new(), Vec::new());
    while reader.skip_to_entry() {
        let kind = reader.word()?.to_lowercase();
        let close = reader.open()?;
        match kind.as_str() {
            "comment" => comments.push(Value::from(reader.balanced(close)?)),
            "preamble" => {
                preambles.push(Value::from(reader.value(&variables)?.as_str()));
                reader.expect(close)?;
            }
            "string" => {
                let (name, value) = reader.tag(&variables)?;
                variables.insert(name, value);
                reader.accept(',');
                reader.expect(close)?;
            }
            _ => entries.push(reader.entry(&kind, close, &variables)?),
        }
    }
    Ok(map([
        ("preambles", preambles.into()),
        ("comments", comments.into()),
        ("variables", texts(variables)),
        ("bibliographies", entries.into()),
    ]))
}

fn texts(map: BTreeMap<String, String>) -> Value {
    map.into_iter()
        .map(|(name, text)| (name.into(), Value::from(text)))
        .collect::<Map>()
        .into()
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn fail<T>(&self, expected: &str) -> Result<T, String> {
        let line = self.text[..self.at].matches('\n').count() + 1;
        Err(format!("line {line}: expected {expected}"))
    }

    fn skip_to_entry(&mut self) -> bool {
        match self.rest().find('@') {
            Some(before) => {
                self.at += before + 1;
                true
            }
            None => false,
        }
    }

    fn skip_blanks(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    fn accept(&mut self, c: char) -> bool {
        self.skip_blanks();
        let there = self.rest().starts_with(c);
        if there {
            self.at += c.len_utf8();
        }
        there
    }

    fn expect(&mut self, c: char) -> Result<(), String> {
        if self.accept(c) {
            Ok(())
        } else {
            self.fail(&format!("`{c}`"))
        }
    }

    /// Opens the body of an entry; returns what closes it.
    fn open(&mut self) -> Result<char, String> {
        if self.accept('{') {
            Ok('}')
        } else if self.accept('(') {
            Ok(')')
        } else {
            self.fail("`{`")
        }
    }

    /// A name: of a kind of entry, a tag, a variable; or a number.
    fn word(&mut self) -> Result<&'a str, String> {
        self.skip_blanks();
        let rest = self.rest();
        let ends = |c: char| c.is_whitespace() || "{}()\"#,=@%".contains(c);
        let word = &rest[..rest.find(ends).unwrap_or(rest.len())];
        if word.is_empty() {
            return self.fail("a name");
        }
        self.at += word.len();
        Ok(word)
    }

    /// Everything up to `close`, braces in between being balanced; `close` is taken too.
    fn balanced(&mut self, close: char) -> Result<&'a str, String> {
        let rest = self.rest();
        let mut depth = 0_usize;
        for (at, c) in rest.char_indices() {
            match c {
                _ if c == close && depth == 0 => {
                    self.at += at + c.len_utf8();
                    return Ok(&rest[..at]);
                }
                '{' => depth += 1,
                '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        self.fail(&format!("a closing `{close}`"))
    }

    /// `{…}`, `"…"`, a number or a variable, or several joined by `#`.
    fn value(&mut self, variables: &BTreeMap<String, String>) -> Result<String, String> {
        let mut value = String::new();
        loop {
            if self.accept('{') {
                value.push_str(self.balanced('}')?);
            } else if self.accept('"') {
                value.push_str(self.balanced('"')?);
            } else {
                let word = self.word()?;
                value.push_str(
                    variables
                        .get(&word.to_lowercase())
                        .map_or(word, String::as_str),
                );
            }
            if !self.accept('#') {
                // Lines may be broken anywhere.
                return Ok(value.split_whitespace().collect::<Vec<_>>().join(" "));
            }
        }
    }

    /// `name = value`, the name in lower case.
    fn tag(&mut self, variables: &BTreeMap<String, String>) -> Result<(String, String), String> {
        let name = self.word()?.to_lowercase();
        self.expect('=')?;
        Ok((name, self.value(variables)?))
    }

    fn entry(
        &mut self,
        kind: &str,
        close: char,
        variables: &BTreeMap<String, String>,
    ) -> Result<Value, String> {
        self.skip_blanks();
        let rest = self.rest();
        let key = &rest[..rest.find([',', '}', ')', '\n']).unwrap_or(rest.len())];
        self.at += key.len();
        let mut tags = BTreeMap::new();
        while self.accept(',')
            && !{
                self.skip_blanks();
                self.rest().starts_with(close)
            }
        {
            let (name, value) = self.tag(variables)?;
            tags.insert(name, value);
        }
        self.expect(close)?;
        Ok(map([
            ("entry_type", kind.into()),
            ("citation_key", key.trim().into()),
            ("tags", texts(tags)),
        ]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_variables_and_comments_are_read() {
        let text = "noise @string{press = \"Shed Press\"} @comment{not a {book}}\n\
            @Book{f1, Title = {Soil {by}\n  Hand}, year = 2001, publisher = press # \"!\",}\n@misc(leaf)";
        assert_eq!(
            parse(text).unwrap().to_string(),
            r#"{"preambles": [], "comments": ["not a {book}"], "variables": {"press": "Shed Press"}, "bibliographies": [{"entry_type": "book", "citation_key": "f1", "tags": {"publisher": "Shed Press!", "title": "Soil {by} Hand", "year": "2001"}}, {"entry_type": "misc", "citation_key": "leaf", "tags": {}}]}"#
        );
    }

    #[test]
    fn what_is_not_bibtex_is_told_with_its_line() {
        assert_eq!(
            parse("\n@book{a, title {x}}").unwrap_err(),
            "line 2: expected `=`"
        );
        for text in [
            "@",
            "@book",
            "@book{a, b = {",
            "@string{=}",
            "@book{a, b = }",
            "@book{é",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
