//! What is seen of a page.

use crate::{
    Allows, Digest, Directive, Facts, FindingKind, MAX_ENTRIES, MAX_FINDINGS, Shapes, Source,
    inspect,
};

/// Allows all.
struct All;

impl Allows for All {
    fn script(&mut self, _: &str, _: &Digest) -> bool {
        true
    }

    fn integrity(&mut self, _: &str) -> bool {
        true
    }

    fn is_own(&mut self, url: &str) -> bool {
        url.starts_with("https://own.example/")
    }
}

fn all(html: &str) -> Facts {
    inspect(html, &mut All)
}

fn none(html: &str) -> Facts {
    inspect(html, &mut Shapes::default())
}

fn digests(texts: &[&str]) -> Vec<Digest> {
    let mut digests: Vec<Digest> = texts.iter().map(|text| Digest::of(text)).collect();
    digests.sort();
    digests
}

/// Pages, and the scripts that a browser runs of them.
const SCRIPTS: &[(&str, &[&str])] = &[
    ("<script>a</script>", &["a"]),
    ("<SCRIPT>a</ScRiPt >b", &["a"]),
    ("<script>a</script x='</script>'>b", &["a"]),
    ("<script/>a</script>", &["a"]),
    ("<script>a</scripty></script>", &["a</scripty>"]),
    ("<script>&lt;\r\n\r\u{0}</script>", &["&lt;\n\n\u{fffd}"]),
    ("<script></script>", &[]),
    ("<script> </script>", &[" "]),
    // A script that does not end does not run.
    ("<script>a", &[]),
    (
        "<script><!-- <script></script> --></script>",
        &["<!-- <script></script> -->"],
    ),
    ("<script><!-- <script> </script> a", &[]),
    ("<script><!-- </script> -->", &["<!-- "]),
    // Types.
    (
        "<script type=module>a</script><script type=' Text/JavaScript '>b</script>",
        &["a", "b"],
    ),
    (
        "<script type=importmap>{}</script><script type=speculationrules>[]</script>",
        &["{}", "[]"],
    ),
    (
        "<script type=''>a</script><script type>b</script><script type='' language=vb>c</script>",
        &["a", "b", "c"],
    ),
    ("<script type=' '>a</script>", &[]),
    (
        "<script type='text/javascript; charset=utf-8'>a</script>",
        &[],
    ),
    (
        "<script type=application/ld+json>a</script><script type=application/json>b</script>",
        &[],
    ),
    (
        "<script type=text/template>a</script><script type=text/x-mathjax-config>b</script>",
        &[],
    ),
    (
        "<script language=JavaScript1.5>a</script><script language=vbscript>b</script>",
        &["a"],
    ),
    (
        "<script language=''>a</script><script type=text/plain language=javascript>b</script>",
        &["a"],
    ),
    ("<script type=a type=module>b</script>", &[]),
    ("<script src=a.js>a</script><script src>b</script>", &[]),
    // Where no script is.
    (
        "<!-- <script>a</script> --><title><script>b</script></title><textarea><script>c</script></textarea>",
        &[],
    ),
    (
        "<style><script>a</script></style><iframe><script>b</script></iframe><xmp><script>c</script></xmp>",
        &[],
    ),
    (
        "<noscript><script>a</script></noscript><noembed><script>b</script></noembed>",
        &[],
    ),
    (
        "<noframes><script>a</script></noframes><plaintext><script>b</script>",
        &[],
    ),
    (
        "<p title='<script>a</script>'><p title=\"<script>b</script>\"><![CDATA[<script>c</script>]]>",
        &[],
    ),
    ("<?<script>a</script>?></<script>b</script>", &[]),
    (
        "<!--><script>a</script>--><!--!><script>b</script>--!><script>c</script>",
        &["a", "c"],
    ),
    ("<template><script>a</script></template>", &["a"]),
    // SVG and MathML.
    ("<svg><script>a &lt; b<!-- c --></script></svg>", &["a < b"]),
    (
        "<svg><script><![CDATA[a < b]]>&amp;</script></svg>",
        &["a < b&"],
    ),
    ("<svg><script>a<b>c</b></script></svg>", &["a"]),
    ("<svg><script>a<g>b</g>c</script></svg>", &["ac"]),
    ("<svg><script>a</svg>", &["a"]),
    ("<svg><script/>a</svg><script>b</script>", &["b"]),
    ("<svg><style><script>a</script></style></svg>", &["a"]),
    (
        "<svg><title><script>a &lt;</script></title></svg>",
        &["a &lt;"],
    ),
    (
        "<svg><desc><style><script>a</script></style></desc></svg>",
        &[],
    ),
    (
        "<svg><foreignObject><title><script>a</script></title></foreignObject><script>&gt;</script></svg>",
        &[">"],
    ),
    ("<svg><p><script>&gt;</script>", &["&gt;"]),
    ("<svg></p><script>&gt;</script>", &["&gt;"]),
    ("<svg><font><script>&gt;</script></font></svg>", &[">"]),
    (
        "<svg><font color=a><script>&gt;</script></font></svg>",
        &["&gt;"],
    ),
    ("<svg><g></svg><script>&gt;</script>", &["&gt;"]),
    ("<svg/><script>&gt;</script>", &["&gt;"]),
    ("<div><svg></div><script>&gt;</script>", &["&gt;"]),
    ("<div><svg><desc></div><script>&gt;</script>", &["&gt;"]),
    ("<g><svg></g><script>&gt;</script>", &["&gt;"]),
    ("<b><div></b><svg></b><script>&gt;</script>", &[">"]),
    ("<ul><li><p>a<li><svg></ul><script>&gt;</script>", &["&gt;"]),
    ("<div><td><svg></div><script>&gt;</script>", &[">"]),
    ("<math><script>a</script></math>", &[]),
    ("<math><mi><script>&gt;</script></mi></math>", &["&gt;"]),
    (
        "<math><mi><mglyph><script>a</script></mglyph></mi></math>",
        &[],
    ),
    (
        "<math><annotation-xml><script>a</script></annotation-xml></math>",
        &[],
    ),
    (
        "<math><annotation-xml encoding=TEXT/html><script>&gt;</script></annotation-xml></math>",
        &["&gt;"],
    ),
    (
        "<math><annotation-xml><svg><script>&gt;</script></svg></annotation-xml></math>",
        &[">"],
    ),
    (
        "<svg><desc><svg><g></desc><script>&gt;</script></svg>",
        &[">"],
    ),
    (
        "<svg><foreignObject><p></foreignObject><script>&gt;</script></svg>",
        &["&gt;"],
    ),
    (
        "<svg><script type=text/plain>a</script><script language=vb>b</script></svg>",
        &["b"],
    ),
    // Pages in pages.
    ("<iframe srcdoc='<script>a</script>'></iframe>", &["a"]),
    (
        "<iframe srcdoc='&lt;iframe srcdoc=\"&amp;lt;script&amp;gt;a&amp;lt;/script&amp;gt;\"&gt;'></iframe>",
        &["a"],
    ),
    (
        "<noscript><iframe srcdoc='<script>a</script>'></iframe></noscript>",
        &[],
    ),
];

#[test]
fn the_scripts_of_a_page_are_those_that_a_browser_runs() {
    for (html, scripts) in SCRIPTS {
        assert_eq!(all(html).scripts, digests(scripts), "{html}");
        let facts = none(html);
        let blocked = facts
            .findings
            .iter()
            .filter(|finding| finding.kind == FindingKind::InlineScript);
        let mut blocked: Vec<Digest> = blocked.filter_map(|finding| finding.digest).collect();
        blocked.sort();
        assert_eq!(blocked, digests(scripts), "{html}");
        assert_eq!(facts.scripts, [], "{html}");
    }
}

#[test]
fn styles_are_those_that_a_browser_applies() {
    for (html, styles) in [
        (
            "<style>a</style><style type=TEXT/CSS media=print>b</style><style type>c</style>",
            &["a", "b", "c"][..],
        ),
        (
            "<style type=text/less>a</style><title><style>b</style></title>",
            &[],
        ),
        ("<style>a<b></style>", &["a<b>"]),
        ("<style>a", &["a"]),
        (
            "<svg><style>a &gt; b<![CDATA[ > c]]></style></svg>",
            &["a > b > c"],
        ),
        ("<noscript><style>a</style></noscript>", &["a"]),
        ("<noscript><!--</noscript><style>a</style>", &["a"]),
    ] {
        assert_eq!(none(html).styles, digests(styles), "{html}");
    }
    let html = "<p style='a: &quot;b&quot;' STYLE=c><svg><g style=d></g></svg><math style=''>";
    assert_eq!(none(html).style_attributes, digests(&["a: \"b\"", "d", ""]));
}

/// Pages, and what is found of handlers and `javascript:` URLs.
const BLOCKED: &[(&str, &[&str])] = &[
    ("<p onclick='a(&quot;&quot;)'>", &["onclick=\"a(\"\")\""]),
    ("<p ONCLICK=a onclick=b>", &["onclick=\"a\""]),
    (
        "<svg onload=a><g/onfocusin=b><math onclick=c>",
        &["onload=\"a\"", "onfocusin=\"b\"", "onclick=\"c\""],
    ),
    ("<body onload>", &["onload=\"\""]),
    (
        "<p only once one=1 on on-click=a on:click=b data-onclick=c>",
        &[],
    ),
    ("</p onclick=a>", &[]),
    ("<a href=javascript:a>", &["href=\"javascript:a\""]),
    (
        "<a href=' \u{1}JaVa&#10;S&Tab;cript&colon;a'>",
        &["href=\" \u{1}JaVa"],
    ),
    (
        "<a href='java script:a'><a href='x:javascript:a'><a href=./javascript:a>",
        &[],
    ),
    (
        "<iframe src=javascript:a></iframe><form action=javascript:b>",
        &["src=\"javascript:a\"", "action=\"javascript:b\""],
    ),
    (
        "<button formaction=javascript:a><object data=javascript:b>",
        &["formaction=\"javascript:a\"", "data=\"javascript:b\""],
    ),
    (
        "<svg><a xlink:href=javascript:a /><set attributeName=href to=javascript:b />",
        &["xlink:href=\"javascript:a\"", "to=\"javascript:b\""],
    ),
    (
        "<meta http-equiv=Refresh content='0; URL = \"javascript:a\"'>",
        &["content=\"0; URL = \"javascript:a\"\""],
    ),
    (
        "<meta http-equiv=refresh content='0 javascript:a'>",
        &["content=\"0 javascript:a\""],
    ),
    (
        "<meta name=a content='0; url=javascript:a'><meta http-equiv=refresh content=1>",
        &[],
    ),
    (
        "<noscript><p onclick=a><a href=javascript:b></noscript>",
        &[],
    ),
    (
        "<iframe srcdoc='<p onclick=a>'></iframe>",
        &["onclick=\"a\""],
    ),
    ("<p onclick='a\nb'>", &["onclick=\"a"]),
];

#[test]
fn handlers_and_javascript_urls_are_found() {
    for (html, expected) in BLOCKED {
        let facts = all(html);
        let mut found: Vec<&str> = facts
            .findings
            .iter()
            .map(|finding| finding.what.as_str())
            .collect();
        found.sort_unstable();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(found, expected, "{html}");
        assert!(
            facts
                .findings
                .iter()
                .all(|finding| finding.digest.is_some()),
            "{html}"
        );
    }
    let digest = none("<p onclick='a(&quot;&quot;)'>").findings[0].digest;
    assert_eq!(digest, Some(Digest::of("a(\"\")")));
}

/// Pages, and what they load.
const SOURCES: &[(&str, &[(Directive, &str)])] = &[
    (
        "<img src=https://a/b.png><IMAGE SRC=//c>",
        &[
            (Directive::Image, "//c"),
            (Directive::Image, "https://a/b.png"),
        ],
    ),
    (
        "<img src=/a.png><img src=https://own.example/a.png>",
        &[(Directive::Image, "")],
    ),
    (
        "<img src='\\/a'><img src=' \nht&#9;tps:a '><img src=/&#10;/b>",
        &[
            (Directive::Image, "/\n/b"),
            (Directive::Image, "\\/a"),
            (Directive::Image, "ht\ttps:a"),
        ],
    ),
    (
        "<img src><img src=' '><iframe src=about:blank></iframe><img src=javascript:a>",
        &[],
    ),
    (
        "<img src=data:image/png;base64,AAAA><img src='data:,a'>",
        &[
            (Directive::Image, "data:"),
            (Directive::Image, "data:image/png"),
        ],
    ),
    (
        "<img srcset='https://a 1x, //b 2x,c, data:image/gif;base64,A=, https://d,e 4w'>",
        &[
            (Directive::Image, ""),
            (Directive::Image, "//b"),
            (Directive::Image, "data:image/gif"),
            (Directive::Image, "https://a"),
            (Directive::Image, "https://d,e"),
        ],
    ),
    (
        "<video src=//a poster=//b><source src=//c srcset=//d><track src=//e></video><audio src=//f>",
        &[
            (Directive::Image, "//b"),
            (Directive::Image, "//d"),
            (Directive::Media, "//a"),
            (Directive::Media, "//c"),
            (Directive::Media, "//e"),
            (Directive::Media, "//f"),
        ],
    ),
    (
        "<iframe src=//a></iframe><iframe src=b></iframe><frame src=//c>",
        &[
            (Directive::Frame, "//a"),
            (Directive::Frame, "//c"),
            (Directive::Frame, "b"),
        ],
    ),
    (
        "<object data=//a></object><embed src=b>",
        &[(Directive::Object, "//a"), (Directive::Object, "b")],
    ),
    ("<form>", &[(Directive::FormAction, "")]),
    (
        "<form action=//a><button formaction=//b><input formaction=//c>",
        &[
            (Directive::FormAction, ""),
            (Directive::FormAction, "//a"),
            (Directive::FormAction, "//b"),
            (Directive::FormAction, "//c"),
        ],
    ),
    (
        "<input type=IMAGE src=//a><input src=//b>",
        &[(Directive::Image, "//a")],
    ),
    ("<base href=/a/>", &[(Directive::Base, "/a/")]),
    (
        "<a href=//a ping='//b c'>",
        &[(Directive::Connect, ""), (Directive::Connect, "//b")],
    ),
    (
        "<link rel='alternate STYLESHEET' href=//a><link rel=icon href=b><link rel=manifest href=//c>",
        &[
            (Directive::Image, ""),
            (Directive::Manifest, "//c"),
            (Directive::Style, "//a"),
        ],
    ),
    (
        "<link rel=preload as=font href=//a><link rel=preload as=image imagesrcset='//b 1x'><link rel=preload as=fetch href=//c>",
        &[
            (Directive::Connect, "//c"),
            (Directive::Font, "//a"),
            (Directive::Image, "//b"),
        ],
    ),
    (
        "<link rel=preconnect href=//a><link rel=dns-prefetch href=//b><link rel=canonical href=//c><link rel=prefetch href=d>",
        &[
            (Directive::Hint, ""),
            (Directive::Hint, "//a"),
            (Directive::Hint, "//b"),
        ],
    ),
    (
        "<svg><image href=//a xlink:href=//b /><use href=#c /><use xlink:href=//d /><feImage href=//e /><a href=//f />",
        &[
            (Directive::Image, "//a"),
            (Directive::Image, "//d"),
            (Directive::Image, "//e"),
        ],
    ),
    ("<td background=//a>", &[(Directive::Image, "//a")]),
    (
        "<noscript><img src=//a><link rel=stylesheet href=//b></noscript>",
        &[(Directive::Image, "//a"), (Directive::Style, "//b")],
    ),
    (
        "<p style='background: URL( \"//a\" ) url(//b)'>",
        &[(Directive::Image, "//a"), (Directive::Image, "//b")],
    ),
    (
        "<style>@import '//a'; @import URL(//b); @font-face { src: url(//c) } b { c: url('//d') }</style>",
        &[
            (Directive::Font, "//c"),
            (Directive::Image, "//d"),
            (Directive::Style, "//a"),
            (Directive::Style, "//b"),
        ],
    ),
    (
        "<script src=//a></script><link rel=modulepreload href=b><svg><script xlink:href=//c />",
        &[],
    ),
];

#[test]
fn what_a_page_loads_is_seen() {
    for (html, expected) in SOURCES {
        let mut expected: Vec<Source> = expected
            .iter()
            .map(|(directive, url)| Source {
                directive: *directive,
                url: (*url).to_owned(),
            })
            .collect();
        expected.sort();
        let mut sources = all(html).sources;
        sources.retain(|source| source.directive != Directive::Script);
        assert_eq!(sources, expected, "{html}");
    }
}

const HASH: &str = "sha384-oqVuAfXRKap7fdgcCY5uykM6+R9GqQ8K/uxy9rx7HNQlGYl1kPzQho1wx4JwY8wC";
const OTHER: &str = "sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng=";

#[test]
fn external_scripts_are_allowed_by_all_of_their_hashes() {
    struct One;
    impl Allows for One {
        fn script(&mut self, _: &str, _: &Digest) -> bool {
            false
        }
        fn integrity(&mut self, hash: &str) -> bool {
            hash == HASH
        }
    }
    let check = |attributes: &str, allowed: bool| {
        for html in [
            format!("<script src=//a {attributes}></script>"),
            format!("<script src=//a type=module {attributes}></script>"),
            format!("<link rel=modulepreload href=//a {attributes}>"),
            format!("<link rel=preload as=script href=//a {attributes}>"),
        ] {
            let facts = inspect(&html, &mut One);
            if allowed {
                assert_eq!(facts.integrity, [HASH], "{html}");
                assert_eq!((facts.sources, facts.findings), (vec![], vec![]), "{html}");
            } else {
                assert_eq!(facts.integrity, [""; 0], "{html}");
                assert_eq!(
                    facts.sources,
                    [Source {
                        directive: Directive::Script,
                        url: "//a".into()
                    }],
                    "{html}"
                );
                assert_eq!(facts.findings.len(), 1, "{html}");
                assert_eq!(
                    facts.findings[0].kind,
                    FindingKind::ExternalScript,
                    "{html}"
                );
                assert!(facts.findings[0].what.ends_with("=\"//a\""), "{html}");
            }
        }
    };
    check(&format!("integrity={HASH}"), true);
    check(
        &format!(
            "integrity=' {HASH}?a {} md5-a x'",
            HASH.to_ascii_lowercase()
                .split('-')
                .next()
                .unwrap_or_default()
        ),
        true,
    );
    check(
        &format!("integrity={}", HASH.replace('+', "-").replace('/', "_")),
        true,
    );
    check(&format!("integrity='{HASH} {OTHER}'"), false);
    check(&format!("integrity={OTHER}"), false);
    check("integrity=sha384-AAAA", false);
    check(&format!("integrity='{HASH} sha256-\"'"), false);
    check(&format!("integrity='{HASH};script-src'"), false);
    check("integrity", false);
    check("", false);
    // What is not loaded.
    for html in [
        "<script src></script>",
        "<script type=importmap src=//a></script>",
        "<script type=a src=//a></script>",
    ] {
        assert_eq!(none(html), Facts::default(), "{html}");
    }
    let facts = none("<svg><script href=//a integrity=b /></svg>");
    assert_eq!(facts.findings[0].what, "href=\"//a\"");
}

#[test]
fn what_is_beyond_a_bound_is_told() {
    let limits = |html: &str| {
        let findings = all(html).findings;
        let limits = findings
            .into_iter()
            .filter(|finding| finding.kind == FindingKind::Limit);
        limits.map(|finding| finding.what).collect::<Vec<String>>()
    };
    let many = |most: usize, one: &dyn Fn(usize) -> String| (0..=most).map(one).collect::<String>();
    for (of, one) in [
        (
            "inline scripts",
            &(|n| format!("<script>{n}</script>")) as &dyn Fn(usize) -> String,
        ),
        ("style elements", &|n| format!("<style>{n}</style>")),
        ("style attributes", &|n| format!("<p style='{n}'>")),
        ("addresses", &|n| format!("<img src=//{n}>")),
    ] {
        assert_eq!(
            limits(&many(MAX_ENTRIES, one)),
            [format!("more than {MAX_ENTRIES} {of}")]
        );
        assert_eq!(limits(&many(MAX_ENTRIES - 1, one)), [""; 0]);
        // The same ones again are no more.
        assert_eq!(limits(&many(MAX_ENTRIES - 1, one).repeat(2)), [""; 0]);
    }
    let handler = |n: usize| format!("<p onclick='{n}'>");
    assert_eq!(
        limits(&many(MAX_FINDINGS, &handler)),
        [format!(
            "more than {MAX_FINDINGS} things that the policy blocks"
        )]
    );
    let around = "<div><p>".repeat(1000);
    assert_eq!(limits(&format!("{around}{}", "<svg>".repeat(256))), [""; 0]);
    assert_eq!(limits(&"<svg>".repeat(256)), [""; 0]);
    assert_eq!(
        limits(&"<svg>".repeat(257)),
        ["more than 256 nested elements in SVG or MathML"]
    );
    let mut page = "<script>a</script>".to_owned();
    for depth in 1..=crate::MAX_SRCDOC_DEPTH + 1 {
        let escaped = page.replace('&', "&amp;").replace('"', "&quot;");
        page = format!("<iframe srcdoc=\"{escaped}\"></iframe>");
        let is_seen = depth <= crate::MAX_SRCDOC_DEPTH;
        assert_eq!(all(&page).scripts.len(), usize::from(is_seen));
        assert_eq!(limits(&page).len(), usize::from(!is_seen));
    }
}

#[test]
fn long_text_is_cut() {
    let facts = all(&format!(
        "<img src=//{0}><p onclick='{0}'>",
        "é".repeat(1000)
    ));
    assert_eq!(facts.sources[0].url.len(), crate::MAX_URL_BYTES);
    assert!(facts.findings[0].what.len() <= crate::MAX_WHAT_BYTES);
    let facts = none("<script>\n\n  // Shows the menu.\n  show();</script>");
    assert_eq!(facts.findings[0].what, "// Shows the menu.");
}
