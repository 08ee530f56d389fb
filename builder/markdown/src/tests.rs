//! What the site model says, rule by rule.

use super::*;

/// A site with two pages.
struct Site;

impl Environment for Site {
    fn internal_link(&self, path: &str) -> Option<String> {
        match path {
            "blog/x.md" => Some("https://example.org/blog/x/".to_owned()),
            "long name.md" => Some("https://example.org/long-name/".to_owned()),
            _ => None,
        }
    }

    fn anchor_link(&self, id: &str, level: u8) -> Result<String, String> {
        Ok(format!(
            "<a class=\"l{level}\" title='>' href=\"#{id}\">#</a>"
        ))
    }

    fn summary_cutoff(&self, _summary: &str) -> Result<String, String> {
        Ok("…".to_owned())
    }
}

const PAGE: Page<'static> = Page {
    permalink: "https://example.org/p/",
};

fn options() -> Options {
    Options {
        external_links_external: true,
        slugify_anchors: true,
        ..Options::default()
    }
}

fn document(text: &str, options: &Options) -> Document {
    render(text, &PAGE, options, &Site).expect("no problems")
}

fn html(text: &str) -> String {
    document(text, &options()).html
}

fn highlighted(text: &str) -> String {
    document(
        text,
        &Options {
            highlighting: Some(Highlighting::default()),
            ..options()
        },
    )
    .html
}

#[test]
fn links_lead_where_they_should() {
    let cases = [
        (
            "[a](@/blog/x.md#b)",
            "<a href=\"https://example.org/blog/x/#b\">a</a>",
        ),
        (
            "[a](@/long%20name.md)",
            "<a href=\"https://example.org/long-name/\">a</a>",
        ),
        ("[a](y/)", "<a href=\"https://example.org/p/y/\">a</a>"),
        ("[a](#b)", "<a href=\"https://example.org/p/#b\">a</a>"),
        ("[a](#)", "<a href=\"#\">a</a>"),
        ("[a](/b)", "<a href=\"/b\">a</a>"),
        ("[a](../b)", "<a href=\"../b\">a</a>"),
        ("[a](irc://b)", "<a href=\"irc://b\">a</a>"),
        (
            "[a](http://b)",
            "<a rel=\"external\" href=\"http://b\">a</a>",
        ),
        (
            "<a@example.org>",
            "<a href=\"mailto:a@example.org\">a@example.org</a>",
        ),
        (
            "![a](b.png)",
            "<img src=\"https://example.org/p/b.png\" alt=\"a\" />",
        ),
        (
            "![a](@/blog/x.md)",
            "<img src=\"https://example.org/blog/x/\" alt=\"a\" />",
        ),
        // Regression: a link with attributes in alternative text ended the picture early.
        (
            "![a [b](http://c) d](/e)",
            "<img src=\"/e\" alt=\"a b d\" />",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(html(text), format!("<p>{expected}</p>\n"), "{text}");
    }
}

#[test]
fn links_are_reported() {
    let text = "[a](@/blog/x.md#b%20c)\n\n[d](#e) [f](https://g) [h](https://g)";
    let document = document(text, &options());
    let link = |path: &str, anchor: &str, line| InternalLink {
        path: path.to_owned(),
        anchor: Some(anchor.to_owned()),
        line,
    };
    assert_eq!(
        document.internal_links,
        [link("blog/x.md", "b c", 1), link("", "e", 3)]
    );
    let link = ExternalLink {
        url: "https://g".to_owned(),
        line: 3,
    };
    assert_eq!(document.external_links, [link.clone(), link]);
}

#[test]
fn every_problem_is_told_with_its_place() {
    let text = "fine\n\né [a](@/lost.md) and [b]()\n\n```klingon\nx\n```\n";
    let highlighting = Highlighting {
        error_on_missing_language: true,
        ..Highlighting::default()
    };
    let options = Options {
        highlighting: Some(highlighting),
        ..options()
    };
    let problems = render(text, &PAGE, &options, &Site).expect_err("three mistakes");
    let told: Vec<_> = problems
        .iter()
        .map(|p| (p.line, p.column, p.code))
        .collect();
    assert_eq!(
        told,
        [
            (3, Some(3), "internal-link"),
            (3, Some(22), "empty-link"),
            (5, Some(1), "language"),
        ]
    );
    assert!(problems[0].message.contains("@/lost.md"));
}

#[test]
fn broken_links_may_be_warnings() {
    let options = Options {
        broken_links_warn: true,
        ..options()
    };
    let document = document("[a](@/lost.md#b)", &options);
    assert_eq!(document.html, "<p><a href=\"@/lost.md#b\">a</a></p>\n");
    assert_eq!(document.warnings.len(), 1);
}

#[test]
fn headings_have_unique_ids() {
    let document = document("# A\n# A\n# B {#a-1}\n# A\n## `C` *d* ![e](/f)", &options());
    let ids: Vec<_> = document.toc.iter().map(|h| h.id.as_str()).collect();
    assert_eq!(ids, ["a", "a-2", "a-1", "a-3"]);
    assert_eq!(document.toc[3].children[0].title, "C d ");
    assert_eq!(
        document.toc[3].children[0].permalink,
        "https://example.org/p/#c-d"
    );
}

#[test]
fn anchor_links_have_three_places() {
    let with = |insert_anchor_links| {
        document(
            "# A",
            &Options {
                insert_anchor_links,
                ..options()
            },
        )
        .html
    };
    let link = "<a class=\"l1\" title='>' href=\"#a\">";
    assert_eq!(
        with(AnchorLinks::Left),
        format!("<h1 id=\"a\">{link}#</a>A</h1>\n")
    );
    assert_eq!(
        with(AnchorLinks::Right),
        format!("<h1 id=\"a\">A{link}#</a></h1>\n")
    );
    assert_eq!(
        with(AnchorLinks::Heading),
        format!("<h1 id=\"a\">{link}A</a></h1>\n")
    );
}

#[test]
fn anchors_come_from_headings_raw_html_and_footnotes() {
    let text = "# A\n\n<div id=\"b\">\n<a name='c'>\n</div>\n\nd <i data-id=no ID = e>f</i>[^g]\n\n[^g]: h";
    assert_eq!(
        document(text, &options()).anchors,
        ["a", "b", "c", "e", "g"]
    );
}

#[test]
fn a_summary_closes_what_is_open() {
    let summary = |text: &str| document(text, &options()).summary;
    assert_eq!(summary("a").as_deref(), None);
    assert_eq!(
        summary("a[^b]\n\n[^b]: c\n\n<!--MORE-->\n\nd").as_deref(),
        Some("<p>a</p>")
    );
    assert_eq!(
        summary("a **b <!-- more --> c**").as_deref(),
        Some("<p>a <strong>b…</strong></p>\n")
    );
    let table = "|a|b|\n|-|-|\n|c|d <!-- more -->|\n";
    let expected = "<table><thead><tr><th>a</th><th>b</th></tr></thead><tbody>\n\
                    <tr><td>c</td><td>d…</td></tr>\n</tbody></table>\n";
    assert_eq!(summary(table).as_deref(), Some(expected));
}

#[test]
fn text_beside_the_marker_stays() {
    let document = document("<i><!-- more --></i>", &options());
    assert_eq!(
        document.html,
        "<p><i><span id=\"continue-reading\"></span></i></p>\n"
    );
}

#[test]
fn footnotes_at_the_bottom_link_back() {
    let options = Options {
        bottom_footnotes: true,
        ..options()
    };
    let text = "a[^X] b[^x]\n\n[^x]: c\n\n[^u]: unused[^v]\n\n[^v]: only used there";
    let expected = "<p>a<sup class=\"footnote-reference\" id=\"fr-x-1\"><a href=\"#fn-x\">[1]</a></sup> \
                    b<sup class=\"footnote-reference\" id=\"fr-x-2\"><a href=\"#fn-x\">[1]</a></sup></p>\n\
                    <section class=\"footnotes\">\n<ol class=\"footnotes-list\">\n<li id=\"fn-x\">\n\
                    <p>c <a href=\"#fr-x-1\">↩</a> <a href=\"#fr-x-2\">↩2</a></p>\n</li>\n</ol>\n</section>\n";
    assert_eq!(document(text, &options).html, expected);
}

#[test]
fn emoji_are_for_text_only() {
    let options = Options {
        render_emoji: true,
        ..options()
    };
    let text = ":heavy_check_mark: `:+1:` :nope: a:nope:tomato:";
    let expected = "<p>✔️ <code>:+1:</code> :nope: a:nope🍅</p>\n";
    assert_eq!(document(text, &options).html, expected);
}

#[test]
fn code_without_highlighting_keeps_the_language_only() {
    assert_eq!(
        html("```rust,linenos,name=a.rs\n<&'\n```"),
        "<pre><code data-lang=\"rust\">&lt;&amp;'\n</code></pre>\n"
    );
    assert_eq!(html("    a\n"), "<pre><code>a\n</code></pre>\n");
}

#[test]
fn fence_options_reach_the_html() {
    let text = "```rust,linenos,linenostart=5,hl_lines=2-3 9,hide_lines=3,name=a \"b\".rs,copy\n\
                let a;\n\n1\n2\n```";
    let expected = "<pre class=\"hl\"><code data-lang=\"rust\" data-name=\"a &quot;b&quot;.rs\" data-copy=\"true\">\
                    <span class=\"hl-line\" data-ln=\"5\"><span class=\"hl-keyword\">let</span> a;\n</span>\
                    <span class=\"hl-line hl-mark\" data-ln=\"6\">\n</span>\
                    <span class=\"hl-line\" data-ln=\"8\"><span class=\"hl-number\">2</span>\n</span></code></pre>\n";
    assert_eq!(highlighted(text), expected);
    assert_eq!(
        highlighted("```txt,onclick>=x\na\n```"),
        "<pre class=\"hl\"><code data-lang=\"txt\">a\n</code></pre>\n"
    );
}

#[test]
fn data_attributes_have_a_place() {
    let with = |data_attr_position| {
        let highlighting = Highlighting {
            data_attr_position,
            ..Highlighting::default()
        };
        document(
            "```txt\n```",
            &Options {
                highlighting: Some(highlighting),
                ..options()
            },
        )
        .html
    };
    assert_eq!(
        with(DataAttrPosition::Pre),
        "<pre class=\"hl\" data-lang=\"txt\"><code></code></pre>\n"
    );
    assert_eq!(
        with(DataAttrPosition::None),
        "<pre class=\"hl\"><code></code></pre>\n"
    );
}

#[test]
fn languages_are_coloured() {
    let cases = [
        (
            "rust",
            "fn a<'b>() -> &'b str { r#\"\"\"# }",
            "<k>fn</k> <f>a</f>&lt;<v>'b</v>&gt;() -&gt; &amp;<v>'b</v> <t>str</t> { <s>r#\"\"\"#</s> }",
        ),
        (
            "rust",
            "#[a(b)]\nm!('c', '\\n') /* /* */ */",
            "<a>#[a(b)]</a>\n<f>m!</f>(<s>'c'</s>, <s>'</s><e>\\n</e><s>'</s>) <c>/* /* */ */</c>",
        ),
        (
            "js",
            "x = `a${{}}b` / 2; /[/]r/g",
            "x = <s>`a</s>${{}}<s>b`</s> / <n>2</n>; <r>/[/]r/g</r>",
        ),
        (
            "python",
            "@d\ndef f(): return rb'\\' # c",
            "<a>@d</a>\n<k>def</k> <f>f</f>(): <k>return</k> <s>rb'\\'</s> <c># c</c>",
        ),
        (
            "json",
            "{\"a\": \"b\\n\"}",
            "{<y>\"a\"</y>: <s>\"b</s><e>\\n</e><s>\"</s>}",
        ),
        (
            "yaml",
            "- a: don't # c\n  'b': yes",
            "- <y>a</y>: don't <c># c</c>\n  <y>'b'</y>: <o>yes</o>",
        ),
        (
            "toml",
            "[a]\nb-c = 1979-05-27",
            "<t>[a]</t>\n<y>b-c</y> = <n>1979-05-27</n>",
        ),
        (
            "sh",
            "echo \"$a\" '$b' # it's",
            "<f>echo</f> <s>\"</s><v>$a</v><s>\" '$b'</s> <c># it's</c>",
        ),
        (
            "c",
            "#include <a.h>\nint m() {}",
            "<k>#include</k> <s>&lt;a.h&gt;</s>\n<t>int</t> <f>m</f>() {}",
        ),
        ("sql", "SELECT count(*)", "<k>SELECT</k> <f>count</f>(*)"),
        // By a grammar.
        (
            "css",
            ".a { color: red }",
            "<g>.a</g> { <y>color</y>: <o>red</o> }",
        ),
        ("diff", "+a\n-b", "<i>+a</i>\n<d>-b</d>"),
    ];
    let short = [
        ("k", "keyword"),
        ("f", "function"),
        ("v", "variable"),
        ("t", "type"),
        ("s", "string"),
        ("a", "attribute"),
        ("e", "escape"),
        ("c", "comment"),
        ("n", "number"),
        ("r", "regexp"),
        ("y", "key"),
        ("o", "constant"),
        ("g", "tag"),
        ("i", "inserted"),
        ("d", "deleted"),
    ];
    for (language, code, marked) in cases {
        let mut expected = marked.to_owned();
        for (tag, name) in short {
            expected = expected
                .replace(&format!("<{tag}>"), &format!("<span class=\"hl-{name}\">"))
                .replace(&format!("</{tag}>"), "</span>");
        }
        let html = highlighted(&format!("~~~{language}\n{code}\n~~~"));
        let frame =
            format!("<pre class=\"hl\"><code data-lang=\"{language}\">{expected}\n</code></pre>\n");
        assert_eq!(html, frame, "{language}");
    }
}

#[test]
fn every_class_is_documented() {
    let page = include_str!("lib.rs");
    for class in Class::ALL {
        assert!(
            page.contains(&format!("//! | `{}` |", class.name())),
            "{}",
            class.name()
        );
    }
}

#[test]
fn words_and_minutes() {
    let mixed = "It's a well-known 3.14 e-mail.\n\n```rust\nno words\n```\n\ndone";
    assert_eq!(Length::of(mixed).word_count("en"), 8);
    let fenced = Length::of("one ```two``` three\n    ```\nfour");
    assert_eq!(fenced.word_count("en"), 2);
    assert_eq!(
        Length::of("日本語の文章は文字で数えます。Latin too, 123.").word_count("ja"),
        22
    );
    assert_eq!(Length::of("中文也按字符计算。").word_count("zh-Hans"), 8);
    let words = "word ".repeat(239);
    assert_eq!(
        reading_time_minutes(Length::of(&words).word_count("en"), "en"),
        2
    );
    assert_eq!(reading_time_minutes(0, "en"), 0);
}

#[test]
fn a_preprocessor_line_with_its_brackets_the_wrong_way_round_is_coloured_too() {
    for language in ["c", "cpp"] {
        let html = highlighted(&format!(
            "```{language}\n#include > <x>\n# > <div>\n# <a\n```\n"
        ));
        assert!(html.contains("include"), "{html}");
    }
}
