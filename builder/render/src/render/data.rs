//! Data files as values (site model, section 9: the formats of `load_data`).

mod bibtex;
mod xml;

use super::configuration::free_value;
use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::front_matter::{self, tree};
use quillfront_site::key::{DataFormat, data_format};
use tera::{Map, Value};

/// The format of a file by its name: plain text, unless the extension says more. A `.bib` file is
/// plain text too, as in Zola.
pub fn format_of(name: &str) -> &'static str {
    let extension = name.rsplit_once('.').map_or("", |(_, end)| end);
    match extension.to_ascii_lowercase().as_str() {
        "toml" => "toml",
        "json" => "json",
        "yaml" | "yml" => "yaml",
        "csv" => "csv",
        "xml" => "xml",
        "bibtex" => "bibtex",
        _ => "plain",
    }
}

/// Values of one data file: each takes some hundred bytes of memory while it is read.
pub const MAX_VALUES: usize = 2_000_000;

/// Counts what begins a value in a format; in texts too, which is near enough.
fn check_count(text: &str, format: &str) -> Result<(), String> {
    let begins: &[u8] = match format {
        "json" => b",[{",
        "csv" | "toml" => b",\n",
        "xml" => b"<",
        _ => return Ok(()),
    };
    let values = text.bytes().filter(|byte| begins.contains(byte)).count();
    if values > MAX_VALUES {
        return Err(format!(
            "the file has more than {MAX_VALUES} values; split it, or leave out what is not shown"
        ));
    }
    Ok(())
}

/// Reads `text` as `format`.
///
/// # Errors
/// The format is not known, the text is not in it, or has more than [`MAX_VALUES`].
pub fn parse(text: &str, format: &str) -> Result<Value, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    check_count(text, format)?;
    match data_format(&format!("x.{format}")) {
        Some(DataFormat::Toml) => tree_value(front_matter::parse_toml(&tree_source(text))),
        Some(DataFormat::Json) => {
            let value: serde_json::Value =
                serde_json::from_str(text).map_err(|error| error.to_string())?;
            Value::try_from_serializable(&value).map_err(|error| error.to_string())
        }
        Some(DataFormat::Yaml) => tree_value(front_matter::parse_yaml(&tree_source(text))),
        Some(DataFormat::Plain) | None => match format {
            "csv" => csv(text).map_err(|error| error.to_string()),
            "xml" => xml::parse(text),
            "bibtex" => bibtex::parse(text),
            "plain" | "txt" | "md" => Ok(Value::from(text)),
            "bib" => Err("load a .bib file with format=\"bibtex\"".to_owned()),
            _ => Err(format!(
                "the format `{format}` is not supported; use toml, json, yaml, csv, xml, bibtex or \
                 plain"
            )),
        },
    }
}

/// `{headers: […], records: [[…], …]}`, every field a text.
fn csv(text: &str) -> Result<Value, csv::Error> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let row = |record: &csv::StringRecord| -> Value {
        record
            .iter()
            .map(Value::from)
            .collect::<Vec<Value>>()
            .into()
    };
    let headers = row(reader.headers()?);
    let records = reader
        .records()
        .map(|record| record.map(|record| row(&record)))
        .collect::<Result<Vec<Value>, _>>()?;
    Ok(map([("headers", headers), ("records", records.into())]))
}

fn map<const N: usize>(entries: [(&'static str, Value); N]) -> Value {
    entries
        .into_iter()
        .map(|(name, value)| (name.into(), value))
        .collect::<Map>()
        .into()
}

fn tree_source(text: &str) -> tree::Source<'_> {
    tree::Source {
        file: "",
        text,
        first_line: 1,
        code: "data",
    }
}

fn tree_value(parsed: Result<tree::Node, Vec<Diagnostic>>) -> Result<Value, String> {
    parsed
        .map(|node| free_value(&node.into_value()))
        .map_err(|problems| {
            let told = problems.iter().map(|problem| match problem.line {
                Some(line) => format!("line {line}: {}", problem.message),
                None => problem.message.clone(),
            });
            told.collect::<Vec<_>>().join("; ")
        })
}

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, format: &str) -> String {
        parse(text, format).unwrap().to_string()
    }

    #[test]
    fn csv_has_headers_and_records() {
        assert_eq!(
            shown("k,v\n1,\"two, \"\"three\"\"\"\n", "csv"),
            r#"{"headers": ["k", "v"], "records": [["1", "two, \"three\""]]}"#
        );
        assert!(parse("a,b\n1\n", "csv").unwrap_err().contains("fields"));
    }

    #[test]
    fn a_file_that_says_nothing_of_its_format_is_plain_text() {
        for name in ["a.svg", "a.css", "a.html", "a.bib", "a.txt", "LICENSE"] {
            assert_eq!(format_of(name), "plain", "{name}");
        }
        assert_eq!(format_of("a.b.JSON"), "json");
    }

    #[test]
    fn a_format_that_is_not_known_is_told() {
        assert!(parse("", "docx").unwrap_err().contains("docx"));
        assert!(parse("", "bib").unwrap_err().contains("bibtex"));
    }
}
