//! Edits made at random: of pages, sections, templates, configuration and other files, and of the world.

use crate::driver::Seen;
use crate::small_site::picture;
use crate::snippets::{
    ANYWHERE, LISTS, OF_A_FEED, OF_A_PAGE, OF_A_SECTION, OF_A_TERM, OF_TERMS, PARAGRAPHS,
};
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::BTreeMap;

/// One change in the source bucket, or in the world.
#[derive(Debug, Clone)]
pub enum Edit {
    Put(&'static str, String),
    /// A picture of so many pixels in width and height.
    Picture(&'static str, u32),
    /// A photograph that tells where it was taken, and one that tells something else.
    Photograph(&'static str, bool),
    Remove(&'static str),
    Move(&'static str, &'static str),
    /// What was there before the last change of the key.
    Revert(&'static str),
    /// Nothing: the same bytes again.
    Touch(&'static str),
    /// So many hours go by.
    Wait(i64),
    /// The network answers something else, or nothing.
    Web(Option<&'static str>),
    /// The search records of every so many sources are lost.
    LoseRecords(u64),
    /// Search records of an earlier build are there in place of the last ones.
    OldRecords,
}

const PAGES: &[&str] = &[
    "content/blog/a.md",
    "content/blog/b.md",
    "content/blog/c/index.md",
    "content/blog/deep/d.md",
    "content/blog/2025-03-04-e.md",
    "content/top.md",
    "content/blog/deep/f.md",
    "content/notes/g.md",
    "content/notes/raw.md",
    "content/blog/a.fr.md",
    "content/blog/c/index.fr.md",
    "content/notes/g.fr.md",
    "content/top.ja.md",
];

const SECTIONS: &[&str] = &[
    "content/blog/_index.md",
    "content/_index.md",
    "content/blog/deep/_index.md",
    "content/notes/_index.md",
    "content/_index.fr.md",
    "content/blog/_index.fr.md",
    "content/blog/c/_index.md",
];

const OTHERS: &[&str] = &[
    "data/d.toml",
    "data/a.toml",
    "data/e.json",
    "data/t.csv",
    "static/site.css",
    "static/cat.png",
    "static/blog/a/index.html",
    "static/main.css",
    "static/_redirects",
    "static/_headers",
    "themes/t/static/_headers",
    "content/blog/c/note.txt",
    "content/blog/c/cat.png",
    "sass/main.scss",
    "sass/_part.scss",
    "themes/t/theme.toml",
    "themes/t/static/site.css",
    "outside/o.txt",
    "outside/o.toml",
    "outside/o.png",
    "quillfront.toml",
    "config.toml",
];

const TEMPLATES: &[&str] = &[
    "templates/page.html",
    "templates/section.html",
    "templates/index.html",
    "templates/base.html",
    "templates/sidebar.html",
    "templates/part.html",
    "templates/other.html",
    "templates/list.html",
    "templates/components.html",
    "templates/taxonomy_list.html",
    "templates/taxonomy_single.html",
    "templates/tags/single.html",
    "templates/atom.xml",
    "templates/sitemap.xml",
    "templates/404.html",
    "templates/robots.txt",
    "templates/text.html",
    "templates/anchor-link.html",
    "templates/summary-cutoff.html",
    "templates/internal/alias.html",
    "themes/t/templates/page.html",
    "themes/t/templates/sidebar.html",
    "themes/t/templates/base.html",
    "themes/t/templates/components.html",
    "themes/t/templates/themed.html",
];

const CONFIGS: &[&str] = &[
    "",
    "generate_feeds = true\ncompile_sass = true\n",
    "generate_feeds = true\nfeed_limit = 2\nfeed_filenames = [\"atom.xml\", \"rss.xml\"]\n",
    "build_search_index = true\n[search]\nindex_format = \"fuse_json\"\n",
    "build_search_index = true\n",
    "build_search_index = true\n[search]\nindex_format = \"fuse_javascript\"\ninclude_path = true\ninclude_date = true\ntruncate_content_length = 12\n",
    "theme = \"t\"\ncompile_sass = true\ngenerate_feeds = true\n",
    "compile_sass = true\nminify_html = true\n",
    "[slugify]\npaths = \"safe\"\n",
    "skip_content_templating = [\"notes/raw.md\"]\n",
    "[markdown]\nexternal_links_class = \"away\"\ninsert_anchor_links = \"left\"\nbottom_footnotes = true\n",
    "[link_checker]\ninternal_level = \"warn\"\n",
    "[extra]\nk = \"v\"\n",
    "ignored_content = [\"*/b.md\"]\ngenerate_sitemap = false\n",
    "generate_feeds = true\nauthor = \"Somebody\"\n[languages.fr]\ntitle = \"Le titre\"\ngenerate_feeds = true\nbuild_search_index = false\ntaxonomies = [{ name = \"tags\", feed = true }]\n[languages.fr.translations]\nhi = \"salut\"\n",
];

/// Every format, two languages, and what is in an index.
const SEARCHED: &[&str] = &[
    "build_search_index = true\n[languages.fr]\nbuild_search_index = true\n",
    "build_search_index = true\n[search]\nindex_format = \"fuse_json\"\ninclude_description = true\n[languages.fr]\nbuild_search_index = true\n",
    "build_search_index = true\n[search]\nindex_format = \"elasticlunr_json\"\ninclude_path = true\ninclude_date = true\ninclude_description = true\ntruncate_content_length = 9\n[languages.fr]\nbuild_search_index = true\n[languages.fr.search]\nindex_format = \"fuse_javascript\"\ntruncate_content_length = 30\n",
    "build_search_index = true\n[search]\ninclude_content = false\n[languages.fr]\nbuild_search_index = true\n[languages.fr.search]\ninclude_title = false\n",
    "generate_feeds = true\n[markdown]\ninsert_anchor_links = \"left\"\n[languages.fr]\nbuild_search_index = true\n[languages.fr.search]\nindex_format = \"fuse_json\"\n",
];

/// The default one, and the others, where nothing else of them is set. How words are counted depends on
/// it.
const LANGUAGES: &[(&str, &str)] = &[
    ("", "[languages.fr]\n"),
    ("", ""),
    ("", "[languages.fr]\n[languages.ja]\n"),
    ("default_language = \"ja\"\n", "[languages.fr]\n"),
    ("default_language = \"fr\"\n", "[languages.ja]\n"),
];

const TITLES: &[&str] = &["The title", "Another", "The title of it"];
const TAXONOMIES: &[&str] = &[
    "[{ name = \"tags\" }, { name = \"cats\" }]",
    "[{ name = \"tags\", feed = true, paginate_by = 1 }, { name = \"cats\" }]",
    "[{ name = \"tags\", render = false }]",
    "[{ name = \"tags\" }, { name = \"cats\", paginate_by = 2, paginate_path = \"p\" }]",
];

fn config() -> impl Strategy<Value = String> {
    prop_oneof![3 => config_of(CONFIGS), 1 => config_of(SEARCHED)]
}

fn config_of(parts: &'static [&'static str]) -> impl Strategy<Value = String> {
    let title = select(TITLES);
    let base = select(&["https://example.org", "https://example.org/sub"][..]);
    let languages = prop_oneof![3 => Just(LANGUAGES[0]), 1 => select(LANGUAGES)];
    let parts = (title, base, select(TAXONOMIES), select(parts), languages);
    parts.prop_map(|(title, base, taxonomies, more, languages)| {
        let (default, languages) = if more.contains("[languages.fr]") { ("", "") } else { languages };
        format!(
            "base_url = \"{base}\"\ntitle = \"{title}\"\n{default}taxonomies = {taxonomies}\n{more}{languages}[translations]\nhi = \"hello\"\n"
        )
    })
}

/// A line of front matter, or none.
fn line(of: &'static [&'static str]) -> impl Strategy<Value = &'static str> {
    prop_oneof![2 => Just(""), 1 => select(of)]
}

fn body() -> impl Strategy<Value = String> {
    let some = prop::collection::vec(select(&PARAGRAPHS[..PARAGRAPHS.len() - 2]), 0..4);
    let body = some.prop_map(|all| all.join("\n\n") + "\n");
    prop_oneof![
        20 => body,
        1 => select(PARAGRAPHS).prop_map(|one| format!("{one}\n")),
    ]
}

fn page() -> impl Strategy<Value = String> {
    let title = prop_oneof![
        Just("title = \"A\"\n"),
        Just("title = \"Bee & <b>\"\n"),
        Just("title = \"C: c\"\n"),
        Just(""),
    ];
    let date = prop_oneof![
        4 => select(
            &[
                "date = 2025-01-01\n",
                "date = 2025-06-01T10:00:00Z\n",
                "date = 2025-06-02\n",
                "date = 2024-02-29\n",
                "date = 2026-01-02T05:00:00Z\n",
            ][..]
        ),
        1 => Just(""),
    ];
    let lines = (
        line(&["weight = 1\n", "weight = 2\n", "weight = 3\n"]),
        line(&[
            "slug = \"sl-ug\"\n",
            "path = \"pa/th\"\n",
            "slug = \"b\"\n",
            "path = \"blog\"\n",
        ]),
        line(&[
            "draft = true\n",
            "hidden = true\n",
            "render = false\n",
            "include_in_feeds = false\n",
            "in_search_index = false\n",
        ]),
        line(&[
            "aliases = [\"old\"]\n",
            "aliases = [\"old\", \"older/x\"]\n",
            "aliases = [\"blog/a\"]\n",
        ]),
        line(&[
            "template = \"other.html\"\n",
            "template = \"themed.html\"\n",
            "template = \"none.html\"\n",
        ]),
        line(&[
            "description = \"D\"\n",
            "updated = 2025-07-07\n",
            "authors = [\"Ann\", \"Bob\"]\n",
        ]),
    );
    let taxonomies = prop_oneof![
        3 => line(&[
            "tags = [\"x\"]\n",
            "tags = [\"y\"]\n",
            "tags = [\"x\", \"y\"]\n",
            "tags = [\"X y\"]\ncats = [\"c\"]\n",
            "cats = [\"c\", \"d\"]\n",
        ]),
        1 => line(&["nope = [\"x\"]\n", "cats = [\"c\"]\n"]),
    ];
    let extra = line(&[
        "k = \"v\"\n",
        "k = \"w\"\n",
        "deep = { er = 1 }\n",
        "title = \"own\"\nlist = [1, 2]\n",
    ]);
    let all = (title, date, lines, taxonomies, extra, body());
    all.prop_map(|(title, date, lines, taxonomies, extra, body)| {
        let (one, two, three, four, five, six) = lines;
        let mut text = format!("+++\n{title}{date}{one}{two}{three}{four}{five}{six}");
        if !taxonomies.is_empty() {
            text += &format!("[taxonomies]\n{taxonomies}");
        }
        if !extra.is_empty() {
            text += &format!("[extra]\n{extra}");
        }
        text + "+++\n" + &body
    })
}

fn section() -> impl Strategy<Value = String> {
    let title = line(&["title = \"Blog\"\n", "title = \"Log\"\n"]);
    let lines = (
        line(&[
            "sort_by = \"date\"\n",
            "sort_by = \"title\"\n",
            "sort_by = \"weight\"\n",
            "sort_by = \"slug\"\n",
            "sort_by = \"update_date\"\n",
        ]),
        line(&[
            "paginate_by = 1\n",
            "paginate_by = 2\n",
            "paginate_by = 2\npaginate_reversed = true\n",
        ]),
        line(&[
            "transparent = true\n",
            "transparent = true\nrender = false\n",
            "draft = true\n",
            "redirect_to = \"top\"\n",
        ]),
        line(&[
            "page_template = \"other.html\"\n",
            "template = \"list.html\"\n",
            "insert_anchor_links = \"right\"\n",
        ]),
        line(&[
            "generate_feeds = true\n",
            "in_search_index = false\n",
            "aliases = [\"old\"]\n",
            "weight = 2\n",
        ]),
    );
    let extra = line(&["[extra]\nk = \"v\"\n", "[extra]\nk = \"w\"\n"]);
    (title, lines, extra, body()).prop_map(|(title, lines, extra, body)| {
        let (one, two, three, four, five) = lines;
        format!("+++\n{title}{one}{two}{three}{four}{five}{extra}+++\n{body}")
    })
}

/// A template is a few pieces, plain or in the blocks of another.
fn template(of: &'static str) -> BoxedStrategy<String> {
    let own: &'static [&'static str] = match of
        .rsplit_once("templates/")
        .map_or(of, |(_, name)| name)
    {
        "page.html" | "other.html" | "themed.html" => &["PAGE"],
        "part.html" => &["P"],
        "section.html" | "index.html" | "list.html" => OF_A_SECTION,
        "taxonomy_list.html" => OF_TERMS,
        "taxonomy_single.html" | "tags/single.html" => OF_A_TERM,
        "atom.xml" => OF_A_FEED,
        "sitemap.xml" => {
            return select(
                &[
                    "{% for e in entries %}{{ e.permalink }}\n{% endfor %}",
                    "{% for e in entries %}{{ e.permalink }}{{ e.updated or '' }}{% if e.extra %}{{ e.extra | json_encode }}{% endif %}{% endfor %}",
                    "{{ entries | length }}",
                ][..],
            )
            .prop_map(str::to_owned)
            .boxed();
        }
        "anchor-link.html" => {
            return select(
                &[
                    "<a href='#{{ id }}'>¶</a>",
                    "<a href='#{{ id }}'>{{ level }}{{ lang }}</a>",
                    "{% include 'text.html' %}",
                ][..],
            )
            .prop_map(str::to_owned)
            .boxed();
        }
        "summary-cutoff.html" => {
            return select(
                &[
                    "…",
                    "{{ summary | length }}{{ lang }}",
                    "{% include 'text.html' %}",
                ][..],
            )
            .prop_map(str::to_owned)
            .boxed();
        }
        "internal/alias.html" => {
            return select(&["to {{ url }}", "{{ url }}"][..])
                .prop_map(str::to_owned)
                .boxed();
        }
        "text.html" => {
            return select(&["from a template", "{{ 1 + 1 }}", "{{ lang }}"][..])
                .prop_map(str::to_owned)
                .boxed();
        }
        "components.html" => return components().boxed(),
        "base.html" => {
            return (pieces(ANYWHERE), pieces(ANYWHERE))
                .prop_map(|(one, two)| {
                    format!("{one}{{% block head %}}head{{% endblock %}}|{{% block main %}}{two}{{% endblock %}}")
                })
                .boxed();
        }
        "sidebar.html" => {
            // It cannot include itself.
            let some =
                pieces(ANYWHERE).prop_map(|text| text.replace("{% include 'sidebar.html' %}", "s"));
            return some.boxed();
        }
        _ => ANYWHERE,
    };
    let plain = || (pieces(own), pieces(ANYWHERE)).prop_map(|(own, any)| own + &any);
    let broken = prop_oneof![
        Just("{% broken"),
        Just("{{ nope.nope }}"),
        Just("{% extends 'gone.html' %}")
    ];
    prop_oneof![
        6 => plain(),
        4 => (plain(), any::<bool>()).prop_map(|(text, outer)| {
            let outer = if outer { "{{ super() }}" } else { "" };
            format!("{{% extends 'base.html' %}}{{% block main %}}{outer}{text}{{% endblock %}}")
        }),
        1 => broken.prop_map(str::to_owned),
    ]
    .boxed()
}

fn of_a_page() -> impl Strategy<Value = String> {
    prop::collection::vec(select(OF_A_PAGE), 1..3).prop_map(|all| all.concat())
}

/// A few pieces of a kind, and of lists of pages.
fn pieces(own: &'static [&'static str]) -> impl Strategy<Value = String> {
    let list = (select(LISTS), of_a_page()).prop_map(|(list, body)| list.replace('B', &body));
    let own = (select(own), of_a_page()).prop_map(|(piece, body)| match piece {
        "PAGE" => format!("{{% set p = page %}}{body}"),
        "P" => format!(
            "{{% if p %}}{}{{% endif %}}",
            body.replace("{% include 'part.html' %}", "")
        ),
        _ => piece.replace('B', &body),
    });
    let anywhere = select(ANYWHERE).prop_map(str::to_owned);
    prop::collection::vec(prop_oneof![4 => own, 3 => list, 2 => anywhere], 0..4)
        .prop_map(|all| all.concat())
}

fn components() -> impl Strategy<Value = String> {
    let no_calls = |text: String| {
        if text.contains('<') || text.contains("include") {
            "{{ p.slug or '' }}".to_owned()
        } else {
            text
        }
    };
    let body = || {
        prop::collection::vec(select(OF_A_PAGE), 0..2).prop_map(move |all| {
            all.into_iter()
                .map(|one| no_calls(one.to_owned()))
                .collect::<String>()
        })
    };
    (body(), body(), body(), line(&["{{ text }}!", "{{ lang }}"])).prop_map(|(card, rest, list, note)| {
        format!(
            "{{% component Card(p) %}}{{% if p %}}{card}{{% endif %}}{{% endcomponent %}}\
             {{% component Rest(p, ...others) %}}{{% if p %}}{rest}{{% endif %}}{{{{ others.k or '' }}}}{{{{ others | length }}}}{{% endcomponent %}}\
             {{% component Box(title) %}}({{{{ title }}}} {{{{ body }}}}){{% endcomponent %}}\
             {{% component List(pages) %}}{{% for p in pages %}}{list}{{% endfor %}}{{% endcomponent %}}\
             {{% component Note(text, @lang) %}}<i>{{{{ text }}}}</i>{note}{{% endcomponent %}}"
        )
    })
}

fn other(key: &'static str) -> BoxedStrategy<Edit> {
    let texts: &'static [&'static str] = match key {
        "config.toml" => return config().prop_map(move |text| Edit::Put(key, text)).boxed(),
        _ if key.ends_with(".png") => {
            let plain = (2..9_u32).prop_map(move |size| Edit::Picture(key, size));
            let telling = any::<bool>().prop_map(move |is_other| Edit::Photograph(key, is_other));
            return prop_oneof![2 => plain, 1 => telling].boxed();
        }
        "quillfront.toml" => &[
            "[data]\nallowed_hosts = [\"api.example.org\"]\n",
            "[publishing]\nfuture = \"hold\"\n[data]\nallowed_hosts = [\"api.example.org\"]\n",
            "[publishing]\nstatic_files = \"yield\"\n",
            "[publishing\n",
            "[data]\nallowed_hosts = [\"api.example.org\"]\n[security]\n",
            "[data]\nallowed_hosts = [\"api.example.org\"]\n[security]\nhsts = false\n",
            "[data]\nallowed_hosts = [\"api.example.org\"]\n[security]\npreset = \"relaxed\"\n",
            "[security]\npreset = \"relaxed\"\nmode = \"report-only\"\n[[security.paths]]\npath = \"/blog/*\"\ncsp.img-src = [\"https:\"]\n",
            "[security]\n[security.csp]\nscript-src-attr = [\"'unsafe-hashes'\", \"'sha256-Zl1KNvdvWyP+ez9rYGAzLSSxQx6L6zxh7JTN9PxJ0A8='\"]\n",
            "[security]\npreset = \"strickt\"\n",
            "[data]\nallowed_hosts = [\"api.example.org\"]\n[security]\nedge = \"policy\"\n",
            "[security]\nedge = \"policy\"\npreset = \"relaxed\"\n[[security.paths]]\npath = \"/blog/*\"\nscripts = \"self\"\n[edge]\ndomains = [\"www.example.org\"]\n",
            "[edge]\ndomains = [\"www.example.org\"]\n",
            "[data]\nallowed_hosts = [\"api.example.org\"]\n[redirects]\ndialect = \"cloudflare\"\n",
            "[redirects]\ndialect = \"cloudflare\"\n[security]\n",
            "[images]\nresponsive = true\nwidths = [3, 5, 7]\n",
            "[images]\nresponsive = true\nresize = \"build\"\nprefix = \"/pictures\"\n[security]\n",
            "[images]\nresponsive = true\nwidths = [3, 5, 7]\nstrip_originals = true\n",
            "[images]\nstrip_originals = true\n",
            "[images]\nstrip_originals = false\n",
        ],
        "static/_redirects" => &[
            "/old /blog/a/\n/blog/b /top/ 301!\n",
            "/blog/* /top/:splat\n/shown /blog/a/ 200!\n/gone 410\n",
            "/a /b 302 Country=de\n* /x\n",
            "",
        ],
        "static/_headers" | "themes/t/static/_headers" => &[
            "/*\n  X-Own: a\n  X-Frame-Options: DENY\n",
            "/blog/*\n  Cache-Control: max-age=60\n  Content-Security-Policy: img-src *\n/blog/a/\n  X-Own: b\n",
            "/*.css\n  Content-Type: text/x-css\n/*\n  Set-Cookie: a=b\n  ! Referrer-Policy\n",
            "/blog/:slug/\n  X-Slug: :slug\n",
            "",
        ],
        "themes/t/theme.toml" => &[
            "name = \"t\"\n",
            "name = \"t\"\n[extra]\nk = \"of the theme\"\n",
        ],
        "static/blog/a/index.html" => &[
            "one",
            "<script>one()</script>",
            "<script src='/site.js'></script><b onclick='two()'>",
        ],
        "sass/main.scss" => &[
            "a { b { c: d } }\n",
            "@use 'part';\na { color: part.$x }\n",
            "a {",
        ],
        "sass/_part.scss" => &["$x: red;\n", "$x: blue;\n"],
        _ if key.ends_with(".toml") => &["n = 1\n", "n = 2\n", "n = \n", "n = [1, 2]\n"],
        _ if key.ends_with(".json") => &["{\"n\": 1}", "{\"n\": {\"m\": [1, 2]}}", "{"],
        _ if key.ends_with(".csv") => &["a,b\n1,2\n", "a,b\n3,4\n5,6\n"],
        _ => &["one", "two"],
    };
    select(texts)
        .prop_map(move |text| Edit::Put(key, text.to_owned()))
        .boxed()
}

pub fn put() -> BoxedStrategy<Edit> {
    let page = (select(PAGES), page()).prop_map(|(key, text)| Edit::Put(key, text));
    let section = (select(SECTIONS), section()).prop_map(|(key, text)| Edit::Put(key, text));
    let template = select(TEMPLATES)
        .prop_flat_map(|key| template(key).prop_map(move |text| Edit::Put(key, text)));
    let other = select(OTHERS).prop_flat_map(other);
    prop_oneof![8 => page, 2 => section, 5 => template, 3 => other].boxed()
}

fn any_key() -> BoxedStrategy<&'static str> {
    prop_oneof![4 => select(PAGES), 1 => select(SECTIONS), 2 => select(TEMPLATES), 2 => select(OTHERS)]
        .boxed()
}

pub fn edit() -> impl Strategy<Value = Edit> {
    let broken = select(
        &[
            "no front matter",
            "+++\ntitle = \n+++\n",
            "+++\nunknown = [\n",
        ][..],
    );
    prop_oneof![
        14 => put(),
        3 => any_key().prop_map(Edit::Revert),
        2 => any_key().prop_map(Edit::Remove),
        2 => (select(PAGES), select(PAGES)).prop_map(|(from, to)| Edit::Move(from, to)),
        1 => (prop_oneof![select(PAGES), select(SECTIONS)], broken)
            .prop_map(|(key, text)| Edit::Put(key, text.to_owned())),
        1 => any_key().prop_map(Edit::Touch),
        1 => select(&[1_i64, 24, 240][..]).prop_map(Edit::Wait),
        1 => select(&[Some("1"), Some("2"), None][..]).prop_map(Edit::Web),
        1 => (1..4_u64).prop_map(Edit::LoseRecords),
        1 => Just(Edit::OldRecords),
    ]
}

/// The configuration of a site with a search index, for half of the sites.
pub fn searched() -> impl Strategy<Value = Option<Edit>> {
    let config = config_of(SEARCHED).prop_map(|text| Some(Edit::Put("config.toml", text)));
    prop_oneof![Just(None), config]
}

/// What came before, of each key.
pub type Before = BTreeMap<String, Option<Vec<u8>>>;

fn now(files: &BTreeMap<String, Vec<u8>>, seen: &Seen, key: &str) -> Option<Vec<u8>> {
    match seen.get(key) {
        Some(bytes) => bytes.clone(),
        None => files.get(key).cloned(),
    }
}

/// What a batch makes of the files, and keeps what was there before; `other` gets what is no change of
/// a file.
pub fn apply(
    files: &BTreeMap<String, Vec<u8>>,
    before: &mut Before,
    batch: &[Edit],
    mut other: impl FnMut(&Edit),
) -> Seen {
    let mut seen = Seen::new();
    for edit in batch {
        let changes: Vec<(&str, Option<Vec<u8>>)> = match edit {
            Edit::Put(key, text) => vec![(key, Some(text.clone().into_bytes()))],
            Edit::Picture(key, size) => vec![(key, Some(picture(*size)))],
            Edit::Photograph(key, is_other) => {
                let bytes: &[u8] = match is_other {
                    false => include_bytes!("../../../../images/tests/leaks/camera.png"),
                    true => include_bytes!("../../../../images/tests/leaks/xmp.jpg"),
                };
                vec![(key, Some(bytes.to_vec()))]
            }
            Edit::Remove(key) => vec![(key, None)],
            Edit::Move(from, to) => match now(files, &seen, from) {
                Some(bytes) if from != to => vec![(from, None), (to, Some(bytes))],
                _ => Vec::new(),
            },
            Edit::Revert(key) => match before.get(*key) {
                Some(bytes) => vec![(key, bytes.clone())],
                None => Vec::new(),
            },
            Edit::Touch(key) => vec![(key, now(files, &seen, key))],
            Edit::Wait(_) | Edit::Web(_) | Edit::LoseRecords(_) | Edit::OldRecords => {
                other(edit);
                Vec::new()
            }
        };
        for (key, bytes) in changes {
            let was = now(files, &seen, key);
            if was != bytes {
                before.insert(key.to_owned(), was);
            }
            seen.insert(key.to_owned(), bytes);
        }
    }
    seen
}
