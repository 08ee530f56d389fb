//! What an author is told about a mistake: where it is, what is wrong, and the way out.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A place in a file: 1-based line, and 1-based column in characters where it is known.
pub type LineAndColumn = (u32, Option<u32>);

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Something was not published as the author meant it; the command exits with 1.
    Error,
    /// Published, but worth a look.
    Warning,
}

/// One message to the author. `code` is stable and short (`front-matter`, `template`, `collision` …).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// A stable identifier that a program may match on.
    pub code: String,
    /// The source key, relative to the site's root.
    pub file: String,
    /// 1-based line, where it is known.
    pub line: Option<u32>,
    /// 1-based column in characters, where it is known.
    pub column: Option<u32>,
    /// What is wrong, in one sentence or a short block.
    pub message: String,
    /// The way out.
    pub hint: Option<String>,
    /// The value of `file` that this is about, where its place was not looked up yet: names of tables
    /// and a field, and what stands in where there is no such field. The text of the file may be kept
    /// elsewhere; it is only read for what is told in the end.
    #[serde(skip)]
    pub about: Vec<Vec<String>>,
    /// The path of a link that finds nothing, relative to `content/`: while it does, this stays a mistake.
    #[serde(skip)]
    pub lacks: Option<Box<str>>,
}

impl Diagnostic {
    /// An error in `file`.
    pub fn error(code: &str, file: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code: code.into(),
            file: file.into(),
            line: None,
            column: None,
            message: message.into(),
            hint: None,
            about: Vec::new(),
            lacks: None,
        }
    }

    /// A warning about `file`.
    pub fn warning(code: &str, file: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, file, message)
        }
    }

    /// The same, at a 1-based line and column.
    pub fn at(mut self, line: impl Into<Option<u32>>, column: impl Into<Option<u32>>) -> Self {
        self.line = line.into();
        self.column = column.into();
        self
    }

    /// The same, at the value under these names, one table in another, in the front matter of the file
    /// or in a TOML file; where it is not there, at the one that comes next.
    pub fn about(mut self, names: &[&str]) -> Self {
        let names = names.iter().map(|name| (*name).to_owned());
        self.about.push(names.collect());
        self
    }

    /// The same, with the way out.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// File, line and message alone: `content/a.md:3: there is no page for the link …`.
    pub fn in_brief(&self) -> String {
        match self.line {
            Some(line) => format!("{}:{line}: {}", self.file, self.message),
            None => format!("{}: {}", self.file, self.message),
        }
    }

    /// True for errors.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// `error[code] file:line:column: message`, and the hint on a line of its own.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, "{severity}[{}] {}", self.code, self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
            if let Some(column) = self.column {
                write!(f, ":{column}")?;
            }
        }
        write!(f, ": {}", self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, "\n  help: {hint}")?;
        }
        Ok(())
    }
}
