//! Scripts of real templates, which are allowed as they are rendered.

use super::{render, rendered};
use crate::{Digest, FindingKind, Shapes, inspect};
use serde_json::json;

/// Scripts as themes have them.
const REAL: &[(&str, &str)] = &[
    (
        "analytics",
        "<script async src=\"https://www.googletagmanager.com/gtag/js?id={{ id }}\"></script>
        <script>
          window.dataLayer = window.dataLayer || [];
          function gtag(){dataLayer.push(arguments);}
          gtag('js', new Date());
          gtag('config', '{{ id }}', { 'anonymize_ip': {{ anonymous }} });
        </script>",
    ),
    (
        "theme toggle",
        "<script>
        // Don't flash.
        (function () {
            const stored = localStorage.getItem('theme'); /* it's \"light\" or \"dark\" */
            const dark = matchMedia('(prefers-color-scheme: dark)').matches;
            document.documentElement.dataset.theme = stored ?? (dark ? \"dark\" : `light`);
        })();
        </script>",
    ),
    (
        "search",
        "<script type=module>
        const options = {
            index: \"{{ base | safe }}/search_index.{{ lang }}.json\",
            fields: {{ fields | json_encode | safe }},
            limit: {{ limit }}, ratio: {{ limit / 2 }},
            labels: { none: '{{ title }}' },
        };
        search(options, `${location.origin}/{{ lang }}/${options.limit}`);
        </script>",
    ),
    (
        "mermaid",
        "{% if mermaid -%}
        <script type=\"module\">
            import mermaid from '{{ base | safe }}/mermaid.mjs';
            mermaid.initialize({ startOnLoad: true, theme: '{% if dark %}dark{% else %}default{% endif %}' });
        </script>
        {%- endif %}",
    ),
    (
        "katex",
        "<script>
        document.addEventListener(\"DOMContentLoaded\", () => renderMathInElement(document.body, {
            delimiters: [{left: '$$', right: '$$', display: true}, {left: \"\\\\(\", right: \"\\\\)\", display: false}],
            macros: {{ macros | json_encode(pretty=true) | safe }}
        }));
        </script>",
    ),
    (
        "list of pages",
        "<script>var pages = [
        {%- for page in pages %}
            { \"title\": {{ page.title | json_encode | safe }}, \"url\": \"{{ page.url }}\" }
            {%- if not loop.last %},{% endif %}
        {%- endfor %}
        ];</script>",
    ),
    (
        "list that may be empty",
        "<script>var t = [{% for page in nothing %}'{{ page.title }}'{% else %}'{{ title }}'{% endfor %}]</script>",
    ),
    (
        "set",
        "<script>{% set n = limit * 2 %}{% set text %}never {{ title }}{% endset -%}
         let n = {{ n }}, r = (n + 1) / 2, s = /['\"`]/g.test(n) / 2, text = '{{ title }}';</script>",
    ),
    (
        "raw",
        "<script>{% raw -%}
          const template = `{{ vue }} {% mark %}`; {%- endraw %} show(template, {{ limit }});</script>",
    ),
    (
        "comments",
        "<script>{# a comment -#}  let a = 1; {#- another #} let b = '{{ title }}';</script>",
    ),
    (
        "legacy",
        "<script type=\"text/javascript\" language=javascript><!--\nshow(1);\n//--></script>",
    ),
    (
        "import map",
        "<script type=importmap>{\"imports\": {\"a\": \"{{ base | safe }}/a.js\"}}</script>",
    ),
    (
        "speculation rules",
        "<script type=speculationrules>{\"prefetch\":[{\"source\":\"list\",\"urls\":[\"{{ base | safe }}\"]}]}</script>",
    ),
    (
        "block",
        "<script>{% block script %}start({{ limit }});{% endblock %}</script>",
    ),
    (
        "tag in the start tag",
        "<script {% if dark %}type=\"module\"{% endif %} data-a=\"{{ title }}\">start(1);</script>",
    ),
    ("svg", "<svg><script>start(1 &lt; 2, '{{ lang }}');</script></svg>"),
];

#[test]
fn scripts_of_real_templates_are_allowed() {
    for (name, template) in REAL {
        for (dark, mermaid) in [(true, true), (false, true), (true, false)] {
            let data = json!({
                "id": "G-AB12CD34", "anonymous": true, "lang": "en", "limit": 10, "dark": dark,
                "mermaid": mermaid, "title": "Tom & Jerry’s \"best\"", "base": "https://example.com",
                "fields": ["title", "body"], "macros": {"\\RR": "\\mathbb{R}", "n": [1.5, -2, null]},
                "pages": [{"title": "It's", "url": "/a/"}, {"title": "\"\n", "url": "/b/"}], "nothing": [],
            });
            let facts = rendered(template, &data);
            let blocked = |kind| facts.findings.iter().any(|finding| finding.kind == kind);
            assert!(!blocked(FindingKind::InlineScript), "{name}: {facts:?}");
            assert_eq!(
                facts.scripts.len(),
                usize::from(*name != "mermaid" || mermaid),
                "{name}"
            );
        }
    }
}

#[test]
fn a_script_is_allowed_by_the_digest_that_browsers_compute() {
    let facts = rendered(
        "<script>\r\n  a = '{{ a }}';\r\n</script>",
        &json!({"a": "b"}),
    );
    assert_eq!(facts.scripts, [Digest::of("\n  a = 'b';\n")]);
}

#[test]
fn a_script_from_elsewhere_is_not_allowed() {
    let template = "<title>{{ title | safe }}</title><h1>{{ title | safe }}</h1><script>f('{{ title }}')</script>";
    for title in [
        "<script>alert(1)</script>",
        "</title><script>alert(1)</script>",
        "</title><script>f('a');alert(1);('b')</script>",
        "</title><svg><script>alert&#40;1)</script></svg>",
        "</title><script>f('a')//\n</script>",
    ] {
        let facts = rendered(template, &json!({ "title": title }));
        assert!(facts.scripts.len() <= 1, "{title}");
        assert_ne!(facts.findings, [], "{title}");
        assert!(!facts.scripts.contains(&Digest::of("alert(1)")), "{title}");
    }
}

#[test]
fn what_cannot_be_worked_out_is_not_allowed() {
    for template in [
        "<script>{% filter upper %}a(){% endfilter %}</script>",
        "<script>a(){% if a %}</script><script>{% endif %}b()</script>",
        "<script>{% for p in list %}a(){% if a %}{% break %}{% endif %}{% endfor %}</script>",
    ] {
        let facts = rendered(template, &json!({"a": false, "list": [1]}));
        assert_eq!(facts.scripts, [], "{template}");
        assert_ne!(facts.findings, [], "{template}");
    }
}

#[test]
fn only_scripts_that_run_are_shapes() {
    let template =
        "<script type='text/x-template'>alert(1)</script><p title=\"<script>alert(1)</script>\">
        <!-- <script>alert(1)</script> --><textarea><script>alert(1)</script></textarea>
        <script src=a.js>alert(1)</script>";
    assert!(!Shapes::in_template(template).allows("alert(1)"));
    assert!(Shapes::in_template("<script type='{{ kind }}'>alert(1)</script>").allows("alert(1)"));
    assert!(Shapes::in_text("<script>alert(1)</script>").allows("alert(1)"));
}

#[test]
fn scripts_of_pages_in_pages_are_known() {
    let template = "<iframe srcdoc='<script>f(&quot;{{ a }}&quot;)</script>'></iframe>";
    let scripts = |a: &str| rendered(template, &json!({ "a": a })).scripts;
    assert_eq!(scripts("b"), [Digest::of("f(\"b\")")]);
    // What the engine escapes for the attribute is a quote in the page in it.
    assert_eq!(scripts("\"); alert(1); (\""), []);
}

#[test]
fn braces_of_a_text_without_templates_are_text() {
    let html = "<script>a = '{{ b }}'</script>";
    assert!(Shapes::in_text(html).allows("a = '{{ b }}'"));
    assert!(!Shapes::in_text(html).allows("a = 'c'"));
}

#[test]
fn shapes_of_several_texts_are_added_up() {
    let mut shapes = Shapes::in_template("<script>a('{{ b }}')</script>");
    shapes.add(&Shapes::in_text(
        "<script>b()</script><script src=c.js integrity=sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob_Tng></script>",
    ));
    assert!(shapes.allows("a('c')") && shapes.allows("b()") && !shapes.allows("c()"));
    assert!(shapes.names_integrity("sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng="));
}

/// Each script of a text that is rendered is exactly what the engine writes, for all ways to trim blanks.
#[test]
fn blanks_are_trimmed_as_the_engine_does() {
    let tags = [
        "{{ a }}",
        "{% if a %}x{% endif %}",
        "{# c #}",
        "{% raw %} {{ b }} {% endraw %}",
        "{% set b = 1 %}",
    ];
    let dashed = |tag: &str, way: usize| {
        let mut tag = tag.to_owned();
        let opens = tag.find(['{']).expect("a tag") + 2;
        let closes = tag.rfind('}').expect("a tag") - 1;
        if way & 1 != 0 {
            tag.insert(closes, '-');
        }
        if way & 2 != 0 {
            tag.insert(opens, '-');
        }
        if way & 4 != 0 {
            tag = tag.replacen(" %}", " -%}", 1);
        }
        if way & 8 != 0 {
            let last = tag.rfind("{% ").unwrap_or(0);
            if last > 0 {
                tag.replace_range(last..last + 3, "{%- ");
            }
        }
        tag
    };
    for first in tags {
        for second in tags {
            for ways in 0..256 {
                let (first, second) = (dashed(first, ways % 16), dashed(second, ways / 16));
                let template =
                    format!("<script>s(` {first} \n {second}  {first}{second} `)</script>");
                // Two dashes at one place are no tag.
                let Some(page) = render(&template, &json!({"a": "a"})) else {
                    continue;
                };
                let facts = inspect(&page, &mut Shapes::in_template(&template));
                assert_eq!(facts.findings, [], "{template}");
            }
        }
    }
}
