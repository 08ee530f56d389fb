//! What can be said of a language.

/// What the lexer knows of a language.
pub struct Language {
    /// Names in fences.
    pub names: &'static [&'static str],
    pub comments: Comments,
    /// Longer openings first.
    pub quotes: &'static [Quote],
    /// Words that belong to the quote behind them.
    pub prefixes: &'static [&'static str],
    /// The same, and backslashes in the quote mean nothing.
    pub raw_prefixes: &'static [&'static str],
    pub keywords: &'static str,
    pub types: &'static str,
    pub constants: &'static str,
    pub functions: &'static str,
    /// `Capitalised` is a type, `CAPITALS` a constant.
    pub capitals: bool,
    /// `name(` is a function.
    pub calls: bool,
    /// `@name` is an attribute.
    pub attributes: bool,
    /// `#name` at the start of a line is a directive.
    pub preprocessor: bool,
    /// `$name` and `${name}` are variables, in double quotes too.
    pub variables: bool,
    /// `$` is a letter.
    pub dollar_words: bool,
    /// `-` is a letter inside words.
    pub dashed_words: bool,
    /// `/…/` is a regular expression where a value may begin.
    pub regexps: bool,
    /// Words mean the same in any case.
    pub ignore_case: bool,
    pub keys: Keys,
    /// Lifetimes, raw strings, `#[…]`, `name!`.
    pub rust: bool,
}

impl Language {
    /// Nothing but numbers, calls and words.
    pub const BASE: Self = Self {
        names: &[],
        comments: Comments {
            line: &[],
            block: None,
            nested: false,
        },
        quotes: &[],
        prefixes: &[],
        raw_prefixes: &[],
        keywords: "",
        types: "",
        constants: "",
        functions: "",
        capitals: false,
        calls: true,
        attributes: false,
        preprocessor: false,
        variables: false,
        dollar_words: false,
        dashed_words: false,
        regexps: false,
        ignore_case: false,
        keys: Keys::None,
        rust: false,
    };
}

/// How comments are written.
#[derive(Clone, Copy)]
pub struct Comments {
    /// To the end of the line. `#` only behind white space.
    pub line: &'static [&'static str],
    pub block: Option<(&'static str, &'static str)>,
    /// A block may hold blocks.
    pub nested: bool,
}

impl Comments {
    pub const C: Self = Self {
        line: &["//"],
        block: Some(("/*", "*/")),
        nested: false,
    };
    pub const HASH: Self = Self {
        line: &["#"],
        block: None,
        nested: false,
    };
}

/// How strings are written.
#[derive(Clone, Copy)]
pub struct Quote {
    pub open: &'static str,
    pub close: &'static str,
    pub multiline: bool,
    /// A backslash says something about what follows.
    pub escapes: bool,
    /// `${…}` is code.
    pub interpolated: bool,
}

impl Quote {
    /// Double quotes on one line.
    pub const PLAIN: Self = Self {
        open: "\"",
        close: "\"",
        multiline: false,
        escapes: true,
        interpolated: false,
    };
}

/// What a key looks like.
#[derive(Clone, Copy, PartialEq)]
pub enum Keys {
    None,
    /// `"a": 1`
    BeforeColon,
    /// `a = 1`
    BeforeEquals,
    /// `a: 1`, at the start of a line.
    Yaml,
}
