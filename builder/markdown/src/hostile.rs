//! Text that means harm: it must come back, soon, and the same each time.

use super::words::count_words;
use super::*;
use proptest::prelude::*;
use unicode_segmentation::UnicodeSegmentation;

struct Echo;

impl Environment for Echo {
    fn internal_link(&self, path: &str) -> Option<String> {
        (!path.contains('x')).then(|| format!("https://example.org/{path}/"))
    }

    fn anchor_link(&self, id: &str, _level: u8) -> Result<String, String> {
        if id.contains('x') {
            Err("no".to_owned())
        } else {
            Ok("<a href=\"#\">#</a>".to_owned())
        }
    }

    fn summary_cutoff(&self, summary: &str) -> Result<String, String> {
        Ok(summary.len().to_string())
    }
}

const PAGE: Page<'static> = Page {
    permalink: "https://example.org/p/",
};

/// Every option by a bit.
fn options(bits: u32) -> Options {
    let on = |bit: u32| bits & (1 << bit) != 0;
    Options {
        render_emoji: on(0),
        smart_punctuation: on(1),
        definition_list: on(2),
        bottom_footnotes: on(3),
        lazy_async_image: on(4),
        github_alerts: on(5),
        external_links_target_blank: on(6),
        external_links_no_follow: on(7),
        external_links_no_referrer: on(8),
        external_links_external: on(9),
        external_links_class: on(10).then(|| "a \"b".to_owned()),
        highlighting: on(11).then(|| Highlighting {
            error_on_missing_language: on(12),
            data_attr_position: DataAttrPosition::Both,
        }),
        insert_anchor_links: match bits >> 13 & 3 {
            0 => AnchorLinks::None,
            1 => AnchorLinks::Left,
            2 => AnchorLinks::Right,
            _ => AnchorLinks::Heading,
        },
        slugify_anchors: on(15),
        broken_links_warn: on(16),
    }
}

/// Pieces that mean something to the parser, to the renderer or to a language.
fn markdownish() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "# ",
        "## ",
        "\n",
        "\n\n",
        "    ",
        "- ",
        "1. ",
        "> ",
        "> [!NOTE]\n",
        "*",
        "**",
        "_",
        "~~",
        "`",
        "```",
        "```rust\n",
        "```css,linenos,hl_lines=1-9\n",
        "```js,hide_lines=1",
        "~~~yaml\n",
        "[",
        "](",
        ")",
        "![",
        "]",
        "[^a]",
        "[^a]: ",
        "[^B]: ",
        "[^b]",
        "@/a.md",
        "@/x.md#y",
        "#z",
        "https://e.org",
        "<",
        ">",
        "<div>",
        "<b id=c>",
        "<!-- more -->",
        "<!--",
        "-->",
        "{#id .c}",
        "{",
        "}",
        ": ",
        ":+1:",
        ":",
        "|",
        "|-|\n",
        "|a|b|\n",
        "- [ ] ",
        "\\",
        "&amp;",
        "\t",
        "é",
        "日",
        "\u{0}",
        "\"",
        "'",
        "${",
        "/*",
        "*/",
        "fn a() {",
        "#[",
        "r#\"",
        "x",
        "1",
        " ",
        "---\n",
        "===\n",
    ]);
    prop::collection::vec(pieces, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_text_renders_the_same_twice(text in any::<String>(), bits in 0_u32..1 << 17) {
        let render = || render(&text, &PAGE, &options(bits), &Echo);
        prop_assert_eq!(render(), render());
    }

    #[test]
    fn any_markdown_renders_the_same_twice(text in markdownish(), bits in 0_u32..1 << 17) {
        let render = || render(&text, &PAGE, &options(bits), &Echo);
        let first = render();
        prop_assert_eq!(&first, &render());
        if let Ok(document) = first {
            // A link to the site is resolved or reported; nothing else may be left.
            prop_assert!(options(bits).broken_links_warn || !document.html.contains("href=\"@/"));
            prop_assert!(document.warnings.is_empty() || options(bits).broken_links_warn);
        }
    }

    #[test]
    fn highlighting_changes_no_text(code in markdownish(), language in 0_usize..12) {
        let names = ["rust", "js", "python", "go", "sh", "sql", "json", "toml", "yaml", "c", "kotlin", "css"];
        let code = code.replace("~~~", "").replace('\u{0}', "");
        let text = format!("~~~~~~ {}\n{code}\n~~~~~~\n", names[language]);
        let plain = render(&text, &PAGE, &options(0), &Echo).expect("code has no links").html;
        let coloured = render(&text, &PAGE, &options(1 << 11), &Echo).expect("code has no links").html;
        prop_assert_eq!(text_of(&plain), text_of(&coloured));
    }

    #[test]
    fn words_of_ascii_are_those_of_unicode(text in "[ab1_.,:;'!\" \n]{0,12}|[\x00-\x7f]{0,40}") {
        prop_assert_eq!(count_words(&text), text.unicode_words().count());
    }

    #[test]
    fn words_are_counted_in_anything(text in any::<String>()) {
        prop_assert!(Length::of(&text).word_count("ja") <= text.len());
        prop_assert!(reading_time_minutes(Length::of(&text).word_count("en"), "en") <= text.len());
    }
}

fn text_of(html: &str) -> String {
    let pieces = html
        .split('<')
        .map(|piece| piece.split_once('>').map_or(piece, |(_, text)| text));
    pieces.collect()
}

/// Each of these was, somewhere, a way to bring a renderer down.
#[test]
fn large_and_deep_texts_come_back() {
    let deep = 10_000;
    let long = 200_000;
    let mut texts = vec![
        "> ".repeat(deep),
        "- ".repeat(deep),
        "1. ".repeat(deep),
        "*a ".repeat(deep),
        "**a".repeat(deep),
        "[".repeat(long),
        "![".repeat(long),
        "[a](".repeat(deep),
        "[a](@/x.md) ".repeat(deep),
        "[a](#b) ".repeat(deep),
        "[^a]".repeat(deep) + "\n\n[^a]: b",
        (0..deep)
            .map(|i| format!("[^{i}]: [^{}]\n\n", i + 1))
            .collect::<String>()
            + "[^0]",
        "[^a]: ".repeat(deep) + "[^a]",
        "# a\n".repeat(deep),
        "# a {#b .c d=e}\n".repeat(deep),
        format!("# {}", "a ".repeat(long)),
        format!("# a {{{}}}", ".b ".repeat(deep)),
        "<".repeat(long),
        "<a id=".repeat(deep),
        format!("<div {}>\n", "id=a ".repeat(deep)),
        "<!-- ".repeat(deep),
        "<!-- more -->\n\n".repeat(deep),
        format!("{}<!-- more -->", "> ".repeat(1_000)),
        ":".repeat(long),
        ":a".repeat(long),
        "|".repeat(long),
        format!("|{}\n|{}\n", "a|".repeat(1_000), "-|".repeat(1_000)).repeat(3),
        "`".repeat(long),
        "a\n".repeat(long),
        "\\".repeat(long),
        "&".repeat(long),
        "a".repeat(1_000_000),
        "\t".repeat(deep),
    ];
    let pieces = [
        "(", "/[", "${", "r#", "#[", "'", "\"", "\"\"\"", "`${", "- ", "a: ", "/*", "\\", "{", "$",
        "1.", "@a", "# ", "<a ", "é", "a-", "\t",
    ];
    for language in [
        "rust", "js", "python", "sh", "yaml", "toml", "json", "kotlin", "c", "sql",
    ] {
        for piece in pieces {
            texts.push(format!(
                "~~~{language}\n{}\n~~~",
                piece.repeat(50_000 / piece.len())
            ));
        }
    }
    for language in ["html", "css", "md", "php"] {
        texts.push(format!(
            "~~~{language},linenos\n{}\n~~~",
            "a- \t".repeat(200).repeat(50)
        ));
    }
    for text in texts {
        for bits in [0, 1 << 17 >> 1, (1 << 16) - 1 - (1 << 12)] {
            let rendered = render(&text, &PAGE, &options(bits), &Echo);
            if let Err(problems) = rendered {
                assert!(!problems.is_empty() && problems.len() <= MAX_PROBLEMS);
            }
        }
    }
}

#[test]
fn long_lines_and_blocks_stay_plain() {
    let options = options(1 << 11);
    let html = |text: &str| render(text, &PAGE, &options, &Echo).expect("no links").html;
    let line = format!("a {{ color: red }} /*{}*/", "b".repeat(1_000));
    let long_line = html(&format!("```css\n{line}\na {{ }}\n```"));
    assert!(
        !long_line
            .lines()
            .next()
            .is_some_and(|line| line.contains("<span"))
    );
    assert!(
        long_line
            .lines()
            .nth(1)
            .is_some_and(|line| line.contains("<span"))
    );
    let block = html(&format!("```rust\n{}\n```", "fn a() {}\n".repeat(100_001)));
    assert!(!block.contains("<span"));
}

/// Each paragraph would take some hundred bytes of memory.
#[test]
fn millions_of_small_pieces_are_refused_where_they_become_too_many() {
    for piece in ["a\n\n", "*", "[a]\n", "|"] {
        let text = piece.repeat(15_000_000 / piece.len());
        let problems = render(&text, &PAGE, &options(0), &Echo).expect_err(piece);
        assert!(problems[0].message.contains("signs of Markdown"), "{piece}");
    }
    let prose = "Of words that follow one another, a book is made.\n".repeat(100_000);
    assert!(render(&prose, &PAGE, &options(0), &Echo).is_ok());
}
