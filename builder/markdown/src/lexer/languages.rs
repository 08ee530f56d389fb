//! The languages that most code on blogs is written in, as tables for the lexer.
//!
//! A language belongs here if comments, quotes and words tell enough about it. Markup, style sheets
//! and whatever has languages inside languages are left to the grammars.

use super::language::{Comments, Keys, Language, Quote};

const DOUBLE: Quote = Quote {
    open: "\"",
    ..Quote::PLAIN
};
const SINGLE: Quote = Quote {
    open: "'",
    close: "'",
    ..Quote::PLAIN
};

/// Every language of the lexer.
pub const LANGUAGES: &[Language] = &[
    Language {
        names: &["rust", "rs"],
        comments: Comments {
            nested: true,
            ..Comments::C
        },
        quotes: &[Quote {
            multiline: true,
            ..DOUBLE
        }],
        prefixes: &["b", "c"],
        keywords: "as async await break const continue crate dyn else enum extern fn for if impl in \
                   let loop match mod move mut pub ref return self static struct super trait type \
                   union unsafe use where while yield",
        types: "bool char f32 f64 i8 i16 i32 i64 i128 isize str u8 u16 u32 u64 u128 usize",
        constants: "true false",
        capitals: true,
        rust: true,
        ..Language::BASE
    },
    Language {
        names: &[
            "js",
            "javascript",
            "mjs",
            "cjs",
            "jsx",
            "ts",
            "typescript",
            "mts",
            "tsx",
        ],
        comments: Comments::C,
        quotes: &[
            DOUBLE,
            SINGLE,
            Quote {
                open: "`",
                close: "`",
                multiline: true,
                interpolated: true,
                ..Quote::PLAIN
            },
        ],
        keywords: "abstract as async await break case catch class const continue debugger declare \
                   default delete do else enum export extends finally for from function get if \
                   implements import in instanceof interface is keyof let namespace new of override \
                   private protected public readonly return satisfies set static super switch this \
                   throw try type typeof var void while with yield",
        types: "any bigint boolean never number object string symbol unknown",
        constants: "true false null undefined NaN Infinity",
        capitals: true,
        attributes: true,
        regexps: true,
        dollar_words: true,
        ..Language::BASE
    },
    Language {
        names: &["python", "py", "python3", "py3"],
        comments: Comments::HASH,
        quotes: &[
            Quote {
                open: "\"\"\"",
                close: "\"\"\"",
                multiline: true,
                ..Quote::PLAIN
            },
            Quote {
                open: "'''",
                close: "'''",
                multiline: true,
                ..Quote::PLAIN
            },
            DOUBLE,
            SINGLE,
        ],
        prefixes: &["f", "b", "u", "F", "B", "U"],
        raw_prefixes: &["r", "R", "rb", "br", "Rb", "bR", "fr", "rf"],
        keywords: "and as assert async await break class continue def del elif else except finally \
                   for from global if import in is lambda match nonlocal not or pass raise return \
                   self try while with yield",
        types: "bool bytes complex dict float frozenset int list object set str tuple",
        constants: "True False None Ellipsis NotImplemented",
        capitals: true,
        attributes: true,
        ..Language::BASE
    },
    Language {
        names: &["go", "golang"],
        comments: Comments::C,
        quotes: &[
            DOUBLE,
            SINGLE,
            Quote {
                open: "`",
                close: "`",
                multiline: true,
                escapes: false,
                ..Quote::PLAIN
            },
        ],
        keywords: "break case chan const continue default defer else fallthrough for func go goto if \
                   import interface map package range return select struct switch type var",
        types: "any bool byte comparable complex64 complex128 error float32 float64 int int8 int16 \
                int32 int64 rune string uint uint8 uint16 uint32 uint64 uintptr",
        constants: "true false nil iota",
        ..Language::BASE
    },
    Language {
        names: &["java"],
        comments: Comments::C,
        quotes: &[
            Quote {
                open: "\"\"\"",
                close: "\"\"\"",
                multiline: true,
                ..Quote::PLAIN
            },
            DOUBLE,
            SINGLE,
        ],
        keywords: "abstract assert break case catch class continue default do else enum exports \
                   extends final finally for goto if implements import instanceof interface module \
                   native new package permits private protected public record requires \
                   return sealed static strictfp super switch synchronized this throw throws \
                   transient try var volatile when while yield",
        types: "boolean byte char double float int long short void",
        constants: "true false null",
        capitals: true,
        attributes: true,
        ..Language::BASE
    },
    Language {
        names: &["kotlin", "kt", "kts"],
        comments: Comments {
            nested: true,
            ..Comments::C
        },
        quotes: &[
            Quote {
                open: "\"\"\"",
                close: "\"\"\"",
                multiline: true,
                escapes: false,
                interpolated: true,
            },
            Quote {
                interpolated: true,
                ..DOUBLE
            },
            SINGLE,
        ],
        keywords: "abstract actual annotation as break by catch class companion const constructor \
                   continue data do else enum expect external final finally for fun get if import in \
                   infix init inline inner interface internal is it lateinit object open operator \
                   out override package private protected public reified return sealed set super \
                   suspend tailrec this throw try typealias val value var vararg when where while",
        constants: "true false null",
        capitals: true,
        attributes: true,
        ..Language::BASE
    },
    Language {
        names: &["swift"],
        comments: Comments {
            nested: true,
            ..Comments::C
        },
        quotes: &[
            Quote {
                open: "\"\"\"",
                close: "\"\"\"",
                multiline: true,
                ..Quote::PLAIN
            },
            DOUBLE,
        ],
        keywords: "actor any as associatedtype async await break case catch class continue convenience \
                   default defer deinit do else enum extension fallthrough fileprivate final for func \
                   guard if import in indirect infix init inout internal is lazy let mutating nonisolated \
                   open operator override postfix prefix private protocol public repeat required \
                   rethrows return self some static struct subscript super switch throw throws try \
                   typealias unowned var weak where while",
        constants: "true false nil",
        capitals: true,
        attributes: true,
        ..Language::BASE
    },
    Language {
        names: &["c", "h"],
        comments: Comments::C,
        quotes: &[DOUBLE, SINGLE],
        prefixes: &["L", "u", "U", "u8"],
        keywords: "alignas alignof auto break case const constexpr continue default do else enum extern \
                   for goto if inline register restrict return sizeof static static_assert struct switch \
                   thread_local typedef typeof union volatile while",
        types: "bool char double float int int8_t int16_t int32_t int64_t intptr_t long ptrdiff_t short \
                signed size_t ssize_t uint8_t uint16_t uint32_t uint64_t uintptr_t unsigned void wchar_t",
        constants: "true false NULL nullptr",
        preprocessor: true,
        ..Language::BASE
    },
    Language {
        names: &["cpp", "c++", "cc", "cxx", "hpp", "hxx"],
        comments: Comments::C,
        quotes: &[DOUBLE, SINGLE],
        prefixes: &["L", "u", "U", "u8"],
        keywords: "alignas alignof and auto break case catch class co_await co_return co_yield concept \
                   const const_cast consteval constexpr constinit continue decltype default delete do \
                   dynamic_cast else enum explicit export extern final for friend goto if import inline \
                   module mutable namespace new noexcept not operator or override private protected \
                   public register reinterpret_cast requires return sizeof static static_assert \
                   static_cast struct switch template this thread_local throw try typedef typeid \
                   typename union using virtual volatile while",
        types: "bool char char8_t char16_t char32_t double float int int8_t int16_t int32_t int64_t long \
                short signed size_t uint8_t uint16_t uint32_t uint64_t unsigned void wchar_t",
        constants: "true false NULL nullptr",
        preprocessor: true,
        ..Language::BASE
    },
    Language {
        names: &["csharp", "cs", "c#"],
        comments: Comments::C,
        quotes: &[
            Quote {
                open: "\"\"\"",
                close: "\"\"\"",
                multiline: true,
                escapes: false,
                ..Quote::PLAIN
            },
            Quote {
                open: "@\"",
                multiline: true,
                escapes: false,
                ..Quote::PLAIN
            },
            Quote {
                open: "$\"",
                ..Quote::PLAIN
            },
            DOUBLE,
            SINGLE,
        ],
        keywords: "abstract as async await base break case catch checked class const continue default \
                   delegate do else enum event explicit extern finally fixed for foreach get goto if \
                   implicit in init interface internal is lock namespace new operator out override \
                   params partial private protected public readonly record ref required return sealed \
                   set sizeof stackalloc static struct switch this throw try typeof unchecked unsafe \
                   using value var virtual volatile when where while with yield",
        types: "bool byte char decimal double dynamic float int long nint nuint object sbyte short string \
                uint ulong ushort void",
        constants: "true false null",
        capitals: true,
        preprocessor: true,
        ..Language::BASE
    },
    Language {
        names: &[
            "sh",
            "bash",
            "shell",
            "zsh",
            "console",
            "shell-session",
            "sh-session",
            "shellsession",
        ],
        comments: Comments::HASH,
        quotes: &[
            Quote {
                multiline: true,
                ..DOUBLE
            },
            Quote {
                open: "'",
                close: "'",
                multiline: true,
                escapes: false,
                ..Quote::PLAIN
            },
        ],
        keywords: "case do done elif else esac export fi for function if in local readonly return select \
                   set shift source then trap unset until while",
        functions: "alias awk cat cd chmod chown cp curl cut docker echo eval exec exit find git grep head \
                    kill ls make mkdir mv npm printf pwd read rm sed sort sudo tail tar tee test touch tr \
                    uniq wc wget xargs",
        variables: true,
        calls: false,
        dashed_words: true,
        ..Language::BASE
    },
    Language {
        names: &["sql", "mysql", "postgres", "postgresql", "psql", "sqlite"],
        comments: Comments {
            line: &["--"],
            ..Comments::C
        },
        quotes: &[
            Quote {
                open: "'",
                close: "'",
                multiline: true,
                escapes: false,
                ..Quote::PLAIN
            },
            Quote {
                escapes: false,
                ..DOUBLE
            },
            Quote {
                open: "`",
                close: "`",
                escapes: false,
                ..Quote::PLAIN
            },
        ],
        keywords: "add all alter and any as asc begin between by cascade case check column commit \
                   conflict constraint create cross database default delete desc distinct do drop else \
                   end except exists explain foreign from full function grant group having if ilike in \
                   index inner insert intersect into is join key lateral left like limit materialized \
                   natural not nothing offset on or order outer over partition primary procedure \
                   recursive references replace returning revoke right rollback row rows select set \
                   table temporary then to transaction trigger truncate union unique update using values \
                   view when where window with",
        types: "bigint bigserial blob boolean bytea char date decimal double float int integer interval \
                json jsonb numeric real serial smallint text time timestamp timestamptz uuid varchar",
        constants: "true false null",
        ignore_case: true,
        ..Language::BASE
    },
    Language {
        names: &["json", "json5", "jsonc"],
        comments: Comments::C,
        quotes: &[DOUBLE, SINGLE],
        constants: "true false null",
        keys: Keys::BeforeColon,
        calls: false,
        ..Language::BASE
    },
    Language {
        names: &["toml"],
        comments: Comments::HASH,
        quotes: &[
            Quote {
                open: "\"\"\"",
                close: "\"\"\"",
                multiline: true,
                ..Quote::PLAIN
            },
            Quote {
                open: "'''",
                close: "'''",
                multiline: true,
                escapes: false,
                ..Quote::PLAIN
            },
            DOUBLE,
            Quote {
                escapes: false,
                ..SINGLE
            },
        ],
        constants: "true false inf nan",
        keys: Keys::BeforeEquals,
        calls: false,
        dashed_words: true,
        ..Language::BASE
    },
    Language {
        names: &["yaml", "yml"],
        comments: Comments::HASH,
        quotes: &[
            Quote {
                multiline: true,
                ..DOUBLE
            },
            Quote {
                open: "'",
                close: "'",
                multiline: true,
                escapes: false,
                ..Quote::PLAIN
            },
        ],
        constants: "true false null yes no on off",
        keys: Keys::Yaml,
        calls: false,
        dashed_words: true,
        ..Language::BASE
    },
];
