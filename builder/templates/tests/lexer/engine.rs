//! Holds the lexer against the engine. The fuzz target `lexer` takes this file too.

use quillfront_templates::lexer::{Dialect, Kind, Piece, Tag, Token, pieces};
use quillfront_templates::meter::{self, BoundedWriter};
use quillfront_templates::{budget, filters};
use tera::{Context, ErrorKind, Tera};

/// Looks whether lexer and engine take a text apart in the same way. Returns true where the engine takes
/// it as a template, so that there was something to compare.
///
/// # Panics
/// Where they do not agree.
pub fn agree(text: &str) -> bool {
    for dialect in [Dialect::Tera1, Dialect::Tera2] {
        pieces_make_up(text, dialect);
    }
    // The engine's parser would go down its stack.
    if meter::check_branches(text).is_err() {
        return false;
    }
    let is_template = takes(text);
    let pieces: Vec<Piece<'_>> = pieces(text, Dialect::Tera2).collect();
    let ends_early = matches!(pieces.last(), Some(Piece::Unclosed(_)));
    if ends_early {
        assert!(!is_template, "the engine finds an end in {text:?}");
        return false;
    }
    let again = written_again(text, &pieces);
    assert_eq!(takes(&again), is_template, "{text:?} became {again:?}");
    if !is_template {
        return false;
    }
    for piece in &pieces {
        if let Piece::Tag(tag) = piece {
            tokens_are_the_engines(tag);
        }
    }
    renders_the_same(text, &again);
    true
}

/// Pieces and tokens leave nothing out but the blanks between tokens.
fn pieces_make_up(text: &str, dialect: Dialect) {
    let mut at = 0;
    for piece in pieces(text, dialect) {
        let range = piece.range();
        assert!(
            range.start == at && !range.is_empty(),
            "{piece:?} of {text:?}"
        );
        at = range.end;
        let Piece::Tag(tag) = piece else { continue };
        assert_eq!(tag.text, &text[tag.inner.clone()]);
        let mut end = 0;
        for token in tag.tokens() {
            assert!(tag.text[end..token.start].trim_ascii().is_empty());
            assert_eq!(token.text, &tag.text[token.range()]);
            end = token.end();
        }
        assert!(tag.text[end..].trim_ascii().is_empty());
    }
    assert_eq!(at, text.len(), "{text:?}");
}

/// Whether the engine takes a text as a template.
fn takes(text: &str) -> bool {
    let added = Tera::default().add_raw_template("a", text);
    !added.is_err_and(|error| matches!(error.kind(), ErrorKind::SyntaxError(_)))
}

/// The same template in other words: text and what is in raw blocks are in raw blocks of their own,
/// comments are empty, and in tags each token is on a line of its own. The engine reads the same only if
/// all of them are what the lexer takes them for.
fn written_again(text: &str, pieces: &[Piece<'_>]) -> String {
    let mut out = String::new();
    for piece in pieces {
        let written = &text[piece.range()];
        match piece {
            // Outside of the blocks of a template that extends another only blanks may stand.
            Piece::Text(_) if written.trim().is_empty() => out.push_str(written),
            Piece::Text(_) => out.push_str(&format!("{{% raw %}}{written}{{% endraw %}}")),
            Piece::Comment(_) => {
                let before = if written.starts_with("{#-") { "-" } else { "" };
                // One dash does not trim on both sides.
                let is_closing = written.ends_with("-#}") && written.len() > "{#-#}".len();
                let after = if is_closing { "-" } else { "" };
                out.push_str(&format!("{{#{before} {after}#}}"));
            }
            Piece::Raw { range, body } => {
                out.push_str(&text[range.start..body.start]);
                out.push_str(&text[body.clone()].replace('{', "{{% endraw %}{% raw %}"));
                out.push_str(&text[body.end..range.end]);
            }
            Piece::Tag(tag) => {
                let (open, close) = if tag.prints {
                    ("{{", "}}")
                } else {
                    ("{%", "%}")
                };
                let dash = |trims| if trims { "-" } else { "" };
                out.push_str(open);
                out.push_str(dash(tag.trims_before));
                for token in tag.tokens() {
                    out.push_str("\n\t");
                    out.push_str(token.text);
                }
                out.push_str("\n\t");
                out.push_str(dash(tag.trims_after));
                out.push_str(close);
            }
            Piece::Unclosed(_) => unreachable!("the text ends early"),
        }
    }
    out
}

/// Each token of a tag is one of the engine too, as long and of the same kind.
fn tokens_are_the_engines(tag: &Tag<'_>) {
    for token in tag.tokens() {
        let rest = &tag.text[token.start..];
        let kind = match token.kind {
            Kind::Name if matches!(token.text, "true" | "True" | "false" | "False") => "bool",
            Kind::Name => "identifier",
            Kind::Text => "string",
            Kind::Number if token.text.contains('.') => "float",
            Kind::Number => "integer",
            Kind::Sign => "`",
            Kind::Unknown => panic!("{token:?} of {:?}", tag.text),
        };
        if token.kind == Kind::Text {
            assert!(token.string().is_some(), "{token:?}");
        }
        check_first_token(rest, token, kind);
    }
}

/// Asks the engine for the first token of the inside of a tag: where `extends` and a string, or `block`
/// and a name are written, it refuses a token of any other kind, and says what it found and where.
fn check_first_token(inside: &str, token: Token<'_>, kind: &str) {
    let word = if token.kind == Kind::Text {
        "block"
    } else {
        "extends"
    };
    let open = format!("{{% {word} ");
    let asked = format!("{open}{inside} %}}");
    let error = Tera::default().add_raw_template("a", &asked).unwrap_err();
    let ErrorKind::SyntaxError(report) = error.kind() else {
        panic!("{asked:?}: {error}")
    };
    let expected = open.len()..open.len() + token.text.len();
    assert_eq!(report.span().range, expected, "{asked:?}: {error}");
    let found = report.message().strip_prefix("Found ").unwrap_or_default();
    assert!(found.starts_with(kind), "{asked:?}: {error}");
}

/// A text within its budget makes the same output with meters, without, and in other words.
fn renders_the_same(text: &str, again: &str) {
    let mut tera = Tera::default();
    filters::register(&mut tera);
    meter::register(&mut tera);
    let mut context = Context::new();
    context.insert("list", &vec![1, 2, 3]);
    context.insert("text", "abc");
    context.insert("n", &2);
    let Ok(metered) = meter::meter(text) else {
        return;
    };
    let mut out = BoundedWriter::new(1 << 20);
    let counted = budget::of_text(|| tera.render_str_to(&metered.text, &context, false, &mut out));
    if counted.is_err() {
        return;
    }
    let counted = String::from_utf8(out.bytes).expect("text");
    for same in [text, again] {
        match tera.render_str(same, &context, false) {
            Ok(rendered) => assert_eq!(rendered, counted, "{text:?} as {same:?}"),
            Err(error) => panic!("{text:?} as {same:?}: {error}"),
        }
    }
}
