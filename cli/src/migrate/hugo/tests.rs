//! Little sites of Hugo, tree in and tree out.

use super::*;
use proptest::prelude::*;

fn site(files: &[(&str, &str)]) -> (Tree, Findings) {
    let mut tree = Tree::default();
    for (path, text) in files {
        let is_text = [".md", ".markdown", ".toml", ".yaml", ".json"]
            .iter()
            .any(|end| path.ends_with(end));
        if is_text {
            tree.texts.insert((*path).to_owned(), (*text).to_owned());
        } else {
            tree.copies.insert((*path).to_owned(), (*path).to_owned());
        }
    }
    let mut findings = Findings::default();
    migrate(&mut tree, &mut findings);
    findings.sort();
    (tree, findings)
}

fn body(text: &str) -> (String, Findings) {
    let (tree, findings) = site(&[
        ("hugo.toml", "baseURL = \"https://a.b/\"\n[params]\nn = 3\n"),
        ("content/p.md", &format!("+++\ntitle = \"P\"\n+++\n{text}")),
        ("content/one/a.md", "+++\n+++\n"),
        ("content/two/a.md", "+++\n+++\n"),
    ]);
    let page = tree.texts["content/p.md"].clone();
    (
        page.strip_prefix("+++\ntitle = \"P\"\n+++\n")
            .unwrap()
            .to_owned(),
        findings,
    )
}

#[test]
fn languages_in_folders_become_marks_in_names() {
    let (tree, findings) = site(&[
        (
            "config/_default/hugo.toml",
            "baseURL = \"https://a.b/\"\ndefaultContentLanguage = \"de\"\n",
        ),
        (
            "config/_default/languages.toml",
            "[de]\ncontentDir = \"content/de\"\n[en]\ncontentDir = \"content/en\"\ntitle = \"E\"\n",
        ),
        (
            "config/_default/params.toml",
            "author = { name = \"Ada\" }\n",
        ),
        ("config/production/hugo.toml", "x = 1\n"),
        (
            "content/de/posts/a.md",
            "+++\ndate = 2024-01-02\n+++\n[b]({{< ref \"b\" >}})\n",
        ),
        (
            "content/de/posts/b/index.markdown",
            "+++\ndate = 2024-01-01\n+++\n",
        ),
        ("content/de/posts/b/c.png", ""),
        (
            "content/en/posts/a.md",
            "+++\ndate = 2024-01-02\n+++\n[a](<{{% relref \"posts/a.md#x\" %}}>)\n",
        ),
    ]);
    assert_eq!(
        tree.texts["content/posts/a.md"],
        "+++\ndate = 2024-01-02\n+++\n[b](@/posts/b/index.md)\n"
    );
    assert!(tree.texts["content/posts/a.en.md"].ends_with("[a](<@/posts/a.en.md#x>)\n"));
    assert_eq!(
        tree.copies["content/posts/b/c.png"],
        "content/de/posts/b/c.png"
    );
    assert_eq!(
        tree.texts["content/posts/_index.en.md"],
        "+++\ntitle = \"Posts\"\nsort_by = \"date\"\npaginate_by = 10\n+++\n"
    );
    let config = &tree.texts["config.toml"];
    assert!(
        config.contains("default_language = \"de\"")
            && config.contains("[languages.en]\ntitle = \"E\""),
        "{config}"
    );
    assert!(config.contains("author = \"Ada\""), "{config}");
    let listed: Vec<_> = findings
        .remaining
        .iter()
        .map(|one| one.file.as_str())
        .collect();
    assert_eq!(listed, ["config.toml", "config/production/hugo.toml"]);
}

#[test]
fn front_matter_of_all_kinds_becomes_one() {
    let (tree, findings) = site(&[
        (
            "hugo.json",
            "{\"baseURL\": \"https://a.b\", \"taxonomies\": {\"tag\": \"tags\", \"series\": \"series\"}}",
        ),
        (
            "content/a.md",
            "---\ntitle: 2024\n# a comment\nDate: 2024-1-2\nSeries: one\ntags:\n- \"\"\n- x\nauthor: {name: Ada}\nexpiryDate: 2030-01-01\nbuild: {list: never}\nempty: null\n---\nText\n",
        ),
        ("content/2024-01-01-b.md", "+++\ndate = 'soon'\n+++\n"),
        ("content/broken.md", "---\na: [\n---\nText\n"),
        ("content/none.md", "No head.\n"),
    ]);
    assert_eq!(
        tree.texts["content/a.md"],
        "+++\ntitle = \"2024\"\ndate = \"2024-1-2\"\nauthors = [\"Ada\"]\nhidden = true\n\n\
         [taxonomies]\nseries = [\"one\"]\ntags = [\"x\"]\n\n\
         [extra]\nexpirydate = \"2030-01-01\"\n\n[extra.build]\nlist = \"never\"\n+++\nText\n"
    );
    assert_eq!(
        tree.texts["content/2024-01-01-b.md"],
        "+++\npath = \"2024-01-01-b\"\n\n[extra]\ndate = \"soon\"\n+++\n"
    );
    assert_eq!(tree.texts["content/broken.md"], "---\na: [\n---\nText\n");
    assert_eq!(tree.texts["content/none.md"], "+++\n+++\nNo head.\n");
    let listed: Vec<_> = findings
        .remaining
        .iter()
        .map(|one| one.file.as_str())
        .collect();
    assert_eq!(
        listed,
        [
            "config.toml",
            "content/2024-01-01-b.md",
            "content/a.md",
            "content/a.md",
            "content/broken.md"
        ]
    );
}

#[test]
fn shortcodes_become_markdown_html_or_components() {
    let cases = [
        ("{{< figure src=\"a.png\" alt=\"b\" >}}", "![b](a.png)"),
        (
            "{{< param n >}}{{< details summary=\"a<b\" >}}\nx\n{{< /details >}}",
            "3<details>\n<summary>a&lt;b</summary>\n\nx\n\n</details>",
        ),
        (
            "{{< x user=\"u\" id=\"1\" >}}",
            "<https://x.com/u/status/1>",
        ),
        (
            "{{< youtube abc >}} {#id} {{ y }}",
            "{{ <youtube id=\"abc\" /> }} {% raw %}{#id} {{ y }}{% endraw %}",
        ),
        (
            "{{< ref \"a\" >}} {{< ref \"no\" >}} {{< ref \"#x\" >}}",
            "/a /no #x",
        ),
        ("{{< own >}}x{{< /own >}}", "{{< own >}}x{{< /own >}}"),
    ];
    for (old, new) in cases {
        assert_eq!(body(old).0, new);
    }
    let (_, findings) = body("\n{{< ref \"a\" >}}\n{{< own >}}x{{< /own >}}\n{{< ref \"no\" >}}");
    let lines: Vec<_> = findings
        .remaining
        .iter()
        .filter_map(|one| one.line)
        .collect();
    assert_eq!(lines, [5, 6, 7]);
}

#[test]
fn pages_stay_in_sections_that_can_be_sorted() {
    let (tree, _) = site(&[
        (
            "hugo.toml",
            "baseURL = \"https://a.b/\"\n[pagination]\npagerSize = 4\n",
        ),
        (
            "content/posts/_index.md",
            "---\ntitle: All\ndate: 2024-01-01\n---\n",
        ),
        ("content/posts/a.md", "+++\ndate = 2024-01-01\n+++\n"),
        ("content/posts/2023/b.md", "+++\ntitle = \"no date\"\n+++\n"),
        (
            "content/notes/c.md",
            "+++\ntitle = \"c\"\nweight = 2\n+++\n",
        ),
    ]);
    // One page below has no date, so that none may be asked for.
    assert_eq!(
        tree.texts["content/posts/_index.md"],
        "+++\ntitle = \"All\"\n\n[extra]\ndate = 2024-01-01\n+++\n"
    );
    assert_eq!(
        tree.texts["content/posts/2023/_index.md"],
        "+++\nsort_by = \"title\"\ntransparent = true\nrender = false\n+++\n"
    );
    assert_eq!(
        tree.texts["content/notes/_index.md"],
        "+++\ntitle = \"Notes\"\nsort_by = \"weight\"\n+++\n"
    );
    assert!(tree.texts["content/_index.md"].contains("latest = \"posts/_index.md\""));
}

fn soup() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("{{< "),
        Just(" >}}"),
        Just("{{% "),
        Just(" %}}"),
        Just("{{</* "),
        Just(" */>}}"),
        Just("/"),
        Just("figure "),
        Just("ref "),
        Just("highlight "),
        Just("details "),
        Just("\"a"),
        Just("\""),
        Just("`"),
        Just("src="),
        Just("x "),
        Just("{{"),
        Just("}}"),
        Just("```go {a=1}\n"),
        Just("\n"),
        Just("---\n"),
        Just("+++\n"),
        Just("{\"a\": 1}"),
        Just("ü"),
        Just("["),
        Just("hl_lines=[1,"),
        Just("\\"),
        Just("title: a\n"),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn nothing_panics(text in soup(), other in ".{0,60}") {
        for text in [text, other] {
            body(&text);
            site(&[("hugo.toml", &text), ("hugo.yaml", &text), ("content/a.md", &text), ("content/a/_index.md", &text)]);
        }
    }

    #[test]
    fn a_body_without_constructs_stays_byte_for_byte(text in "[^{]{0,200}") {
        prop_assert_eq!(body(&text).0, text);
    }

    #[test]
    fn arguments_keep_their_values(text in "[^\"\\\\\u{0}-\u{1f}]{1,40}") {
        let (page, _) = body(&format!("{{{{< figure src=\"{text}\" title=\"{text}\" >}}}}"));
        let mut tera = tera::Tera::default();
        let echo = "{% component figure(src, title) %}{{ src }}|{{ title }}{% endcomponent figure %}";
        tera.add_raw_template("figure", echo).unwrap();
        let printed = tera.render_str(&page, &tera::Context::new(), false).unwrap();
        prop_assert_eq!(printed, format!("{text}|{text}"));
    }
}
