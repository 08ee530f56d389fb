//! One test for each construct of templates that the narrowing analysis knows: what is read is
//! edited, and the output is rendered; what is not read is edited, and it is not.

use crate::driver::{Seen, Site};

/// The site: `one.md` and the posts a, b and c, of which a is the newest.
fn site(templates: &[(&str, &str)]) -> Site {
    let post = |name: &str, day: u32, more: &str| {
        format!(
            "+++\ntitle = \"Title of {name}\"\ndate = 2025-0{day}-10\ndescription = \"About {name}\"\n{more}\
             [taxonomies]\ntags = [\"t-of-{name}\", \"all\"]\n[extra]\nk = \"k-of-{name}\"\nm = \"m-of-{name}\"\n+++\n\
             Summary of {name}.\n\n<!-- more -->\n\nRest of {name}.\n\n## Head of {name}\n"
        )
    };
    let files = [
        (
            "config.toml",
            "base_url = \"https://example.org\"\ntitle = \"Title of config\"\n\
             taxonomies = [{ name = \"tags\" }]\ngenerate_feeds = true\nfeed_limit = 2\n[extra]\nk = \"k-of-config\"\n\
             [languages.fr]\n"
                .to_owned(),
        ),
        ("content/_index.md", "+++\ntitle = \"Title of home\"\n+++\n".to_owned()),
        (
            "content/blog/_index.md",
            "+++\ntitle = \"Title of blog\"\nsort_by = \"date\"\n[extra]\nk = \"k-of-blog\"\n+++\nRest of blog.\n".to_owned(),
        ),
        ("content/blog/a.md", post("a", 3, "")),
        ("content/blog/b.md", post("b", 2, "")),
        ("content/blog/c.md", post("c", 1, "")),
        ("content/one.md", post("one", 1, "template = \"probe.html\"\n")),
        ("data/d.toml", "n = \"n-of-d\"\n".to_owned()),
        ("data/e.toml", "n = \"n-of-e\"\n".to_owned()),
        ("static/site.css", "body {}".to_owned()),
        ("templates/page.html", "page".to_owned()),
        ("templates/section.html", "section".to_owned()),
        ("templates/index.html", "index".to_owned()),
        ("templates/taxonomy_list.html", "terms".to_owned()),
        ("templates/taxonomy_single.html", "term".to_owned()),
    ];
    let files = files
        .into_iter()
        .map(|(key, text)| (key.to_owned(), text.into_bytes()));
    let mut all: std::collections::BTreeMap<_, _> = files.collect();
    for (name, text) in templates {
        let key = if name.contains('/') || *name == "config.toml" {
            (*name).to_owned()
        } else {
            format!("templates/{name}")
        };
        all.insert(key, text.as_bytes().to_vec());
    }
    Site::of(all).unwrap()
}

/// `a.title`: what of which file, as the texts to look for and to put there.
fn edit(site: &Site, named: &str) -> Seen {
    let (name, what) = named.split_once('.').unwrap_or((named, "end"));
    let key = match name {
        "config" => "config.toml".to_owned(),
        "home" => "content/_index.md".to_owned(),
        "blog" => "content/blog/_index.md".to_owned(),
        "one" => "content/one.md".to_owned(),
        "d" | "e" => format!("data/{name}.toml"),
        "css" => "static/site.css".to_owned(),
        _ if what == "html" || what == "xml" => format!("templates/{named}"),
        _ => format!("content/blog/{name}.md"),
    };
    let text = String::from_utf8(site.files[&key].clone()).unwrap();
    let of = |word: &str, other: &str| {
        let (from, to) = (format!("{word} of {name}"), format!("{other} of {name}"));
        let (short, other) = (format!("{word}-of-{name}"), format!("{other}-of-{name}"));
        text.replace(&from, &to).replace(&short, &other)
    };
    let edited = match what {
        "title" => of("Title", "Other"),
        "summary" => of("Summary", "Semmary"),
        "rest" => of("Rest", "Rost"),
        "head" => of("Head", "Hood"),
        "words" => of("Rest", "Rest and more"),
        "about" => text.replace("About", "Above"),
        "k" => of("k", "q"),
        "m" => of("m", "w"),
        "n" => of("n", "p"),
        "tag" => of("t", "u"),
        "day" => text.replace("-10\n", "-11\n"),
        "slug" => text.replace("description", "slug = \"moved\"\ndescription"),
        "gone" => return Seen::from([(key, None)]),
        _ => text.replace('…', "...") + " ",
    };
    assert_ne!(edited, text, "{named} edits nothing");
    Seen::from([(key, Some(edited.into_bytes()))])
}

/// Edits what is `read` and what is `unread` by an output, one after the other, each reverted.
#[track_caller]
fn check(output: &str, templates: &[(&str, &str)], read: &str, unread: &str) {
    let mut site = site(templates);
    let made = site.text(output);
    assert!(
        made.is_some(),
        "{output} is not there: {:#?}",
        site.build(Seen::new())
    );
    let all = read.split(' ').map(|named| (named, true));
    let all = all.chain(unread.split(' ').map(|named| (named, false)));
    for (named, is_read) in all.filter(|(named, _)| !named.is_empty()) {
        let seen = edit(&site, named);
        let before = seen
            .keys()
            .map(|key| (key.clone(), site.files.get(key).cloned()))
            .collect();
        let outcome = site
            .build(seen)
            .unwrap_or_else(|found| panic!("{named}: {found}"));
        assert_eq!(
            outcome.rendered.contains(output),
            is_read,
            "{named}: {outcome:#?}"
        );
        let outcome = site
            .build(before)
            .unwrap_or_else(|found| panic!("{named} reverted: {found}"));
        assert_eq!(
            outcome.rendered.contains(output),
            is_read,
            "{named} reverted: {outcome:#?}"
        );
        assert_eq!(site.text(output), made, "{named} reverted");
    }
}

/// A template of the page `one`, which is not a post.
#[track_caller]
fn probe(text: &str, read: &str, unread: &str) {
    check("one/index.html", &[("probe.html", text)], read, unread);
}

/// The same, of `S`, the section of the posts.
#[track_caller]
fn posts(text: &str, read: &str, unread: &str) {
    let set = "{% set s = get_section(path='blog/_index.md') %}";
    probe(&format!("{set}{text}"), read, unread);
}

const ALL: &str = "a.title a.rest a.k a.tag";

#[test]
fn values_that_are_printed() {
    probe(
        "{{ page.title }}",
        "one.title probe.html",
        "one.rest one.k a.title d.n page.html blog.title",
    );
    probe(
        "{{ page.content | safe }}",
        "one.rest one.summary one.head",
        "one.title one.k a.rest",
    );
    probe(
        "{{ page.summary | safe }}",
        "one.summary",
        "one.rest one.title",
    );
    probe(
        "{% for h in page.toc %}{{ h.title }}{% endfor %}",
        "one.head",
        "one.rest one.summary",
    );
    probe("{{ page.word_count }}", "one.words", "one.rest one.title");
    probe(
        "{{ page.taxonomies.tags | join(sep='/') }}",
        "one.tag",
        "one.rest one.title",
    );
    posts(
        "{% for p in s.pages %}{{ p }}{% endfor %}",
        ALL,
        "one.title one.rest blog.k",
    );
    posts(
        "{{ s }}",
        "a.title a.rest blog.k blog.rest",
        "one.title one.rest",
    );
}

#[test]
fn fields_of_pages_in_loops() {
    posts(
        "{% for p in s.pages %}{{ p.title }}{% endfor %}",
        "a.title c.title",
        "a.rest a.k a.tag one.title blog.title",
    );
    posts(
        "{% for p in s.pages %}{{ p.summary | safe }}{% endfor %}",
        "a.summary",
        "a.rest a.title",
    );
    posts(
        "{% for p in s.pages %}{{ p.extra.k }}{% endfor %}",
        "a.k",
        "a.m a.rest",
    );
    posts(
        "{% for p in s.pages %}{{ p.permalink }}{% endfor %}",
        "a.slug a.gone",
        "a.title a.rest",
    );
    posts(
        "{% for p in s.pages %}{% if p.extra.k %}x{% endif %}{% endfor %}",
        "a.gone",
        "a.m a.title",
    );
    posts(
        "{% for p in s.pages %}{% if p.lower %}{{ p.lower.title }}{% endif %}{% endfor %}",
        "b.title",
        "b.rest a.rest",
    );
    posts(
        "{% for k, v in s.extra %}{{ k }}{% endfor %}",
        "blog.k",
        "blog.title a.title",
    );
}

#[test]
fn components() {
    let components = "{% component Card(p, title = 'x') %}{{ p.title }}{{ title }}{% if body is defined %}{{ body }}{% endif %}{% endcomponent %}\
                      {% component Rest(p, ...others) %}{{ others.q.title }}{% endcomponent %}\
                      {% component Inner(@page) %}{{ page.title }}{% endcomponent %}\
                      {% component Spare(p) %}{{ p.content }}{% endcomponent %}";
    let with = |text: &str, read: &str, unread: &str| {
        let set = "{% set s = get_section(path='blog/_index.md') %}";
        let text = format!("{set}{text}");
        let templates = [
            ("probe.html", text.as_str()),
            ("components.html", components),
        ];
        check("one/index.html", &templates, read, unread);
    };
    with(
        "{% for p in s.pages %}{{ <Card p={p} /> }}{% endfor %}",
        "a.title components.html",
        "a.rest a.k",
    );
    with(
        "{% for p in s.pages %}{{ <Card p /> }}{% endfor %}",
        "a.title",
        "a.rest a.k",
    );
    with(
        "{{ <Card p={page} title={s.title} /> }}",
        "one.title blog.title",
        "one.rest blog.rest a.title",
    );
    with("{{ <Card {...{'p': page} } /> }}", "one.title", "a.title");
    with(
        "{{ <Rest p={page} q={s.pages[0]} /> }}",
        "a.title",
        "b.title a.rest",
    );
    with("{{ <Inner /> }}", "one.title", "one.rest a.title");
    with(
        "{% <Card p={page}> %}{{ s.pages[0].extra.k }}{% </Card> %}",
        "one.title a.k",
        "a.rest b.k",
    );
}

#[test]
fn includes() {
    let part = ("part.html", "{{ p.title }}{{ page.extra.k }}");
    let other = ("other.html", "{{ page.content }}");
    let probe = "{% set s = get_section(path='blog/_index.md') %}{% for p in s.pages %}{% include 'part.html' %}{% endfor %}";
    check(
        "one/index.html",
        &[("probe.html", probe), part, other],
        "a.title one.k part.html",
        "a.rest one.rest one.m other.html",
    );
    let of_theme = [
        (
            "config.toml",
            "base_url = \"https://example.org\"\ntheme = \"t\"\ntaxonomies = [{ name = \"tags\" }]\n",
        ),
        ("themes/t/theme.toml", "name = \"t\"\n"),
        ("themes/t/templates/part.html", "{{ page.title }}"),
        ("probe.html", "{% include 'part.html' %}"),
    ];
    check("one/index.html", &of_theme, "one.title", "one.k one.rest");
}

#[test]
fn a_template_that_comes_before_that_of_the_theme() {
    let mut site = site(&[
        (
            "config.toml",
            "base_url = \"https://example.org\"\ntheme = \"t\"\ntaxonomies = [{ name = \"tags\" }]\n",
        ),
        ("themes/t/theme.toml", "name = \"t\"\n"),
        ("themes/t/templates/part.html", "of the theme"),
        ("probe.html", "{% include 'part.html' %}"),
    ]);
    for (bytes, shown) in [
        (Some(b"of the site".to_vec()), "of the site"),
        (None, "of the theme"),
    ] {
        let outcome = site
            .build(Seen::from([("templates/part.html".to_owned(), bytes)]))
            .unwrap();
        assert_eq!(outcome.rendered.len(), 1, "{outcome:?}");
        assert_eq!(site.text("one/index.html").unwrap(), shown);
    }
}

#[test]
fn blocks_and_super() {
    let base = (
        "base.html",
        "{{ page.title }}{% block one %}{{ page.extra.k }}{% endblock %}{% block two %}{{ page.content }}{% endblock %}",
    );
    let with = |text: &str, read: &str, unread: &str| {
        check(
            "one/index.html",
            &[("probe.html", text), base],
            read,
            unread,
        );
    };
    with(
        "{% extends 'base.html' %}{% block two %}{{ page.description }}{% endblock %}",
        "one.title one.k one.about base.html probe.html",
        "one.rest one.m",
    );
    with(
        "{% extends 'base.html' %}{% block one %}{% endblock %}{% block two %}{{ super() }}{% endblock %}",
        "one.title one.rest",
        "one.k one.about",
    );
    with(
        "{% extends 'base.html' %}{% block one %}{% endblock %}{% block two %}{% endblock %}",
        "one.title",
        "one.k one.rest",
    );
}

#[test]
fn set_and_set_global() {
    posts(
        "{% set t = s.pages[0] %}{{ t.title }}",
        "a.title",
        "a.rest b.title",
    );
    posts("{% set unused = page.content %}", "", "one.rest one.title");
    posts(
        "{% set last = page %}{% for p in s.pages %}{% set_global last = p %}{% endfor %}{{ last.title }}",
        "a.title c.title one.title",
        "a.rest one.rest",
    );
    posts(
        "{% set n = 0 %}{% for p in s.pages %}{% set_global n = n + p.word_count %}{% endfor %}{{ n }}",
        "a.words",
        "a.title a.rest",
    );
    posts(
        "{% set x %}{{ s.title }}{% endset %}{{ x | upper }}",
        "blog.title",
        "blog.rest a.title",
    );
    posts(
        "{% filter upper %}{{ page.title }}{% endfilter %}",
        "one.title",
        "one.rest",
    );
    posts(
        "{% for p in s.pages %}{% set t = p.content %}{% endfor %}{{ page.title }}",
        "one.title",
        "a.rest a.title",
    );
}

#[test]
fn comprehensions() {
    posts(
        "{{ [p.title for p in s.pages] | join(sep=',') }}",
        "a.title",
        "a.rest a.k",
    );
    posts(
        "{% for p in [p for p in s.pages if p.extra.k] %}{{ p.title }}{% endfor %}",
        "a.title",
        "a.rest a.m",
    );
    posts(
        "{{ [p.title for p in s.pages if p.extra.k == 'k-of-a'] | join(sep=',') }}",
        "a.title a.k",
        "a.rest a.m",
    );
}

#[test]
fn spreads() {
    posts(
        "{% set m = {...page.extra, 'k': s.title} %}{{ m.k }}{{ m.m }}",
        "one.m blog.title",
        "one.title one.rest",
    );
    posts(
        "{% set m = {...page, 'x': 1} %}{{ m.title }}",
        "one.title",
        "one.rest a.title",
    );
    posts(
        "{% set l = [...s.pages[:1], page] %}{% for p in l %}{{ p.title }}{% endfor %}",
        "a.title one.title",
        "b.title a.rest one.rest",
    );
}

#[test]
fn subscripts() {
    probe("{{ page['title'] }}", "one.title", "one.rest");
    probe(
        "{% set name = 'title' %}{{ page[name] }}",
        "one.title",
        "a.title",
    );
    posts(
        "{% set n = 0 %}{{ s.pages[n].title }}",
        "a.title c.title",
        "a.rest a.k",
    );
    posts("{{ s.pages[0].title }}", "a.title", "b.title a.rest");
    posts("{{ s.pages[-1].title }}", "c.title", "c.rest");
    posts(
        "{% set name = 'k' %}{{ page.extra[name] }}",
        "one.k one.m",
        "one.title one.rest",
    );
}

#[test]
fn slices() {
    posts(
        "{% for p in s.pages[:2] %}{{ p.title }}{% endfor %}",
        "a.title b.title a.gone",
        "c.title c.gone a.rest",
    );
    posts(
        "{% for p in s.pages[1:] %}{{ p.title }}{% endfor %}",
        "b.title c.title",
        "a.rest",
    );
    posts(
        "{% for p in s.pages[1:2] %}{{ p.title }}{% endfor %}",
        "b.title a.gone",
        "c.title c.gone b.rest",
    );
}

#[test]
fn filters_on_lists() {
    posts("{{ s.pages | length }}", "a.gone", "a.title a.rest a.slug");
    posts(
        "{% for p in s.pages | reverse %}{{ p.title }}{% endfor %}",
        "a.title",
        "a.rest",
    );
    posts(
        "{% for p in s.pages | sort(attribute='title') %}{{ p.permalink }}{% endfor %}",
        "a.title a.slug",
        "a.rest a.k",
    );
    posts(
        "{% for p in s.pages | sort(attribute='extra.k') %}{{ p.title }}{% endfor %}",
        "a.title a.k",
        "a.rest a.m",
    );
    posts(
        "{% for k, all in s.pages | group_by(attribute='extra.k') %}{{ k }}{% for p in all %}{{ p.title }}{% endfor %}{% endfor %}",
        "a.k a.title",
        "one.title one.k blog.title",
    );
    posts(
        "{% set g = s.pages | group_by(attribute='extra.k') %}{% for p in g['k-of-a'] or [] %}{{ p.title }}{% endfor %}",
        "a.k a.title",
        "a.rest a.m",
    );
    posts("{{ s.pages | json_encode }}", ALL, "one.title blog.title");
    posts(
        "{{ page.extra | json_encode }}",
        "one.k one.m",
        "one.title one.rest",
    );
    posts(
        "{% set p = s.pages | first %}{{ p.title }}",
        "a.title",
        "b.title a.rest",
    );
    posts(
        "{% set p = s.pages | last %}{{ p.title }}",
        "c.title",
        "c.rest",
    );
    posts(
        "{% set p = s.pages | nth(n=1) %}{{ p.title }}",
        "b.title",
        "c.title b.rest",
    );
    posts("{{ page | get(key='title') }}", "one.title", "one.rest");
    posts(
        "{{ page.nope | default(value=page.title) }}",
        "one.title",
        "one.rest",
    );
    posts(
        "{% for p in s.pages | shuffle(seed='x') %}{{ p.title }}{% endfor %}",
        "a.title",
        "a.rest",
    );
}

#[test]
fn conditions() {
    probe(
        "{% if page.extra.k == 'k-of-one' %}{{ page.title }}{% else %}{{ page.description }}{% endif %}",
        "one.k one.title one.about",
        "one.rest one.m",
    );
    probe(
        "{{ page.title if page.draft else page.description }}",
        "one.title one.about",
        "one.rest",
    );
    probe(
        "{{ page?.extra?.nope or page.title }}",
        "one.title",
        "one.k one.rest",
    );
    probe(
        "{% if 'all' in page.taxonomies.tags %}{{ page.description }}{% endif %}",
        "one.tag one.about",
        "one.title one.rest",
    );
}

#[test]
fn the_whole_context() {
    probe(
        "{{ __tera_context.page.title }}",
        "one.title one.rest one.k",
        "d.n css",
    );
    probe(
        "{% set c = __tera_context %}{{ c.config.title }}",
        "one.title one.rest",
        "d.n css",
    );
}

#[test]
fn functions() {
    probe(
        "{% set p = get_page(path='blog/a.md') %}{{ p.title }}",
        "a.title",
        "a.rest b.title a.k",
    );
    probe(
        "{% set p = get_page(path='blog/b.md') %}{{ p.lower.title }}",
        "a.title",
        "a.rest b.title",
    );
    probe(
        "{% set p = get_page(path='blog/z.md', allow_missing=true) %}{% if p %}{{ p.title }}{% endif %}",
        "",
        "a.title one.rest",
    );
    probe(
        "{% set name = page.title | split(pat=' ') | last %}{% set p = get_page(path=name ~ '.md') %}{{ p.description }}",
        "one.title one.about",
        "one.rest a.about",
    );
    probe(
        "{% for w in ['a', 'b'] %}{% set p = get_page(path='blog/' ~ w ~ '.md') %}{{ p.title }}{% endfor %}",
        "a.title b.title",
        "c.title a.rest",
    );
    probe(
        "{% set t = get_taxonomy(kind='tags') %}{% for x in t.items %}{{ x.name }}{{ x.page_count }}{% endfor %}",
        "a.tag a.gone",
        "a.title a.rest",
    );
    probe(
        "{% set t = get_taxonomy(kind='tags') %}{% for x in t.items %}{% for p in x.pages %}{{ p.title }}{% endfor %}{% endfor %}",
        "a.title a.tag",
        "a.rest a.k",
    );
    probe(
        "{% set t = get_taxonomy_term(kind='tags', term='all') %}{% for p in t.pages %}{{ p.title }}{% endfor %}",
        "a.title",
        "a.rest a.tag",
    );
    probe(
        "{% set t = get_taxonomy_term(kind='tags', term='all', include_pages=false) %}{{ t.page_count }}",
        "a.gone",
        "a.title a.tag",
    );
    probe(
        "{{ get_taxonomy_url(kind='tags', term='all') }}",
        "",
        "a.title a.tag a.gone",
    );
    probe(
        "{{ get_taxonomy_url(kind='tags', term='t-of-a', required=false) or '' }}",
        "",
        "a.title a.rest",
    );
    probe(
        "{{ get_url(path='@/blog/a.md') }}",
        "a.slug",
        "a.title a.rest",
    );
    probe("{{ get_url(path='site.css') }}", "", "css a.title");
    probe(
        "{{ get_url(path='site.css', cachebust=true) }}",
        "css",
        "a.title d.n",
    );
    probe(
        "{{ get_hash(path='site.css', sha_type=256) }}",
        "css",
        "d.n",
    );
    probe(
        "{% set d = load_data(path='data/d.toml') %}{{ d.n }}",
        "d.n",
        "e.n css",
    );
    probe("{{ 'x' | markdown | safe }}", "", "one.title one.rest");
}

#[test]
fn what_is_made_without_a_template() {
    let config = "base_url = \"https://example.org\"\nbuild_search_index = true\n\
                  taxonomies = [{ name = \"tags\" }]\n[markdown.highlighting]\n\
                  theme = \"github-light\"\nstyle = \"class\"\n";
    let of = |text: &str, read: &str, unread: &str| {
        let templates = [("config.toml", config), ("probe.html", text)];
        check("one/index.html", &templates, read, unread);
    };
    of(
        "{{ get_hash(path='search_index.en.js') }}",
        "a.title a.rest one.rest blog.rest a.gone",
        "a.k d.n css",
    );
    of(
        "{{ get_url(path='search_index.en.js', cachebust=true) }}",
        "b.title",
        "b.k",
    );
    of(
        "{{ get_url(path='giallo.css', cachebust=true) }}{{ get_hash(path='elasticlunr.min.js') }}",
        "",
        "a.title a.rest",
    );
}

#[test]
fn texts_that_are_templates() {
    let of = |body: &str, read: &str, unread: &str| {
        let text = format!(
            "+++\ntitle = \"Title of one\"\ntemplate = \"probe.html\"\n[extra]\nk = \"k-of-one\"\n+++\n{body}\nRest of one.\n"
        );
        let templates = [
            ("content/one.md", text.as_str()),
            ("probe.html", "{{ page.content | safe }}"),
            (
                "components.html",
                "{% component Note(text) %}<i>{{ text }}</i>{% endcomponent %}",
            ),
        ];
        check("one/index.html", &templates, read, unread);
    };
    of(
        "{{ page.title }}",
        "one.title one.rest",
        "a.title d.n blog.title",
    );
    of("{{ page.extra.k }}", "one.k", "a.title css");
    of(
        "{% set d = load_data(path='data/d.toml') %}{{ d.n }}",
        "d.n",
        "e.n a.title",
    );
    of(
        "{{ get_url(path='@/blog/a.md') }}",
        "a.slug",
        "a.title a.rest",
    );
    of(
        "[a](@/blog/a.md)",
        "a.slug",
        "a.title a.rest one.title one.k",
    );
    of(
        "{{ get_hash(path='site.css', sha_type=256) }}",
        "css",
        "a.title",
    );
    of(
        "No template.",
        "one.rest",
        "one.title one.k components.html",
    );
}

#[test]
fn components_in_texts() {
    let mut site = site(&[
        (
            "content/one.md",
            "+++\ntemplate = \"probe.html\"\n+++\n{{ <Note text='n' /> }}\n",
        ),
        ("probe.html", "{{ page.content | safe }}"),
        (
            "components.html",
            "{% component Note(text) %}<i>{{ text }}</i>{% endcomponent %}",
        ),
    ]);
    let other = "{% component Note(text) %}<b>{{ text }}</b>{% endcomponent %}";
    let seen = Seen::from([("templates/components.html".to_owned(), Some(other.into()))]);
    let outcome = site.build(seen).unwrap();
    assert_eq!(outcome.rendered.len(), 1, "{outcome:?}");
    assert!(site.text("one/index.html").unwrap().contains("<b>n</b>"));
}

#[test]
fn small_templates_of_texts() {
    let templates = [
        (
            "config.toml",
            "base_url = \"https://example.org\"\ntaxonomies = [{ name = \"tags\" }]\n[markdown]\ninsert_anchor_links = \"left\"\n",
        ),
        (
            "probe.html",
            "{{ page.content | safe }}{{ page.summary | safe }}",
        ),
        ("anchor-link.html", "<a href='#{{ id }}'>¶</a>"),
        (
            "content/one.md",
            "+++\ntitle = \"Title of one\"\ntemplate = \"probe.html\"\n+++\n## Head of one\n\nText <!-- more --> goes on.\n",
        ),
        ("summary-cutoff.html", "…"),
    ];
    check(
        "one/index.html",
        &templates,
        "anchor-link.html summary-cutoff.html one.head",
        "one.title a.head",
    );
}

#[test]
fn sections_terms_feeds_and_the_sitemap() {
    let of = |output: &str, name: &str, text: &str, read: &str, unread: &str| {
        check(output, &[("probe.html", ""), (name, text)], read, unread);
    };
    of(
        "blog/index.html",
        "section.html",
        "{% for p in section.pages %}{{ p.title }}{% endfor %}",
        "a.title",
        "a.rest one.title blog.title",
    );
    of(
        "blog/index.html",
        "section.html",
        "{{ section.title }}{{ section.content }}",
        "blog.title blog.rest",
        "a.title blog.k",
    );
    of(
        "tags/all/index.html",
        "taxonomy_single.html",
        "{% for p in term.pages %}{{ p.title }}{% endfor %}",
        "a.title one.title",
        "a.rest a.tag",
    );
    of(
        "tags/index.html",
        "taxonomy_list.html",
        "{% for t in terms %}{{ t.name }}{% endfor %}",
        "a.tag",
        "a.title a.rest",
    );
    of(
        "tags/index.html",
        "taxonomy_list.html",
        "{% for t in terms %}{% for p in t.pages[:1] %}{{ p.title }}{% endfor %}{% endfor %}",
        "a.title a.tag",
        "a.rest",
    );
    of(
        "atom.xml",
        "atom.xml",
        "{% for p in pages %}{{ p.title }}{% endfor %}",
        "a.title b.title",
        "c.title a.rest",
    );
    of(
        "sitemap.xml",
        "sitemap.xml",
        "{% for e in entries %}{{ e.permalink }}{% endfor %}",
        "a.slug",
        "a.title a.k a.rest",
    );
    of(
        "sitemap.xml",
        "sitemap.xml",
        "{% for e in entries %}{{ e.permalink }}{% if e.extra %}{{ e.extra.k or '' }}{% endif %}{% endfor %}",
        "a.k a.slug",
        "a.title a.rest",
    );
    of(
        "404.html",
        "404.html",
        "{% set p = get_page(path='blog/a.md') %}{{ p.title }}",
        "a.title",
        "a.rest b.title",
    );
}

#[test]
fn what_comes_from_other_texts() {
    let link = "+++\ntitle = \"Title of b\"\n+++\n[one](@/one.md) Rest of b.\n";
    let templates = [
        (
            "probe.html",
            "{% for b in page.backlinks %}{{ b.title }}{% endfor %}",
        ),
        ("content/blog/b.md", link),
    ];
    check(
        "one/index.html",
        &templates,
        "b.title b.gone",
        "b.rest a.title one.title",
    );
    let french = "+++\ntitle = \"Title of fr\"\n+++\nRest of fr.\n";
    let templates = [
        (
            "probe.html",
            "{% for t in page.translations %}{{ t.title }}{% endfor %}",
        ),
        ("content/one.fr.md", french),
    ];
    check("one/index.html", &templates, "", "a.title one.rest");
}

#[test]
fn a_template_that_includes_itself_by_super_is_mended() {
    let base = "{% block one %}{% include 'part.html' %}{% endblock %}";
    let part = "{% extends 'base.html' %}{% block one %}{{ page.title }}{% endblock %}";
    let probe = "{% extends 'base.html' %}{% block one %}{{ super() }}{% endblock %}";
    let mut site = site(&[
        ("base.html", base),
        ("part.html", part),
        ("probe.html", probe),
    ]);
    assert_eq!(site.text("one/index.html").unwrap(), "Title of one");
    for (text, is_stale) in [
        (part.replace("{{", "{{ super() }}{{"), true),
        (part.to_owned(), false),
    ] {
        let seen = Seen::from([("templates/part.html".to_owned(), Some(text.into_bytes()))]);
        let outcome = site.build(seen).unwrap();
        assert_eq!(
            outcome.stale.contains("one/index.html"),
            is_stale,
            "{outcome:#?}"
        );
        assert_eq!(site.text("one/index.html").unwrap(), "Title of one");
    }
}
