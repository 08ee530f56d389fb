//! One test for each construct.

use super::*;

/// A single template.
#[track_caller]
fn reads(text: &str, expected: &str) {
    case(&[("a.html", text)], expected);
}

#[test]
fn a_value_that_is_printed_is_read_whole() {
    reads("{{ page.title }}", "page{title}");
    reads("{{ page.extra }}", "page{extra}");
    reads(
        "{{ page.lower.title }}{{ page.lower.permalink }}",
        "page{lower{permalink title}}",
    );
    reads("{{ page }}{{ page.title }}", "page");
    reads(
        "text {# {{ page.content }} #}{% raw %}{{ page.content }}{% endraw %}",
        "",
    );
}

#[test]
fn a_condition_reads_only_what_is_there() {
    reads("{% if page.lower %}x{% endif %}", "page{lower?}");
    reads(
        "{% if page.lower and not page.children %}x{% elif section %}y{% else %}z{% endif %}",
        "page{children? lower?} section?",
    );
    reads(
        "{% if page.nope is defined or page.extra is map %}x{% endif %}",
        "page{extra? nope?}",
    );
    reads(
        "{% if page.title is containing(pat='x') %}x{% endif %}",
        "page{title}",
    );
    reads(
        "{{ 'a' in page.taxonomies.tags }}",
        "page{taxonomies{tags}}",
    );
    reads("{{ 'a' not in words }}", "words");
}

#[test]
fn comparisons() {
    reads("{{ page.extra == 'post' }}", "page{extra?}");
    reads("{{ page.extra == page.lower }}", "page{extra lower}");
    reads("{{ number + 1 > 3 }}", "number?");
    reads("{{ page.lower ~ 'x' }}", "page{lower}");
    reads("{{ -number }}{{ not page.lower }}", "number? page{lower?}");
}

#[test]
fn and_or_and_ternaries_pass_values_on() {
    reads(
        "{% set p = page.lower and page.higher %}{{ p.title }}",
        "page{higher{title} lower?}",
    );
    reads(
        "{% set p = page.nope or page.higher %}{{ p.title }}",
        "page{higher{title} nope{title}}",
    );
    reads(
        "{{ page.title if page.lower else page.summary }}",
        "page{lower? summary title}",
    );
    reads(
        "{% set p = page.lower if page.draft else page.higher %}{{ p.title }}",
        "page{draft? higher{title} lower{title}}",
    );
}

#[test]
fn optional_chains() {
    reads(
        "{{ page?.lower?.title or 'x' }}{{ nope?.a?.b is defined or nope?['x'] is defined }}",
        "nope{a{b?} x?} page{lower{title}}",
    );
}

#[test]
fn loops_read_the_values() {
    reads(
        "{% for p in section.pages %}{{ p.title }}{% endfor %}",
        "section{pages[]{title}}",
    );
    reads(
        "{% for page in section.pages %}{{ page.title }}{% endfor %}",
        "section{pages[]{title}}",
    );
    reads(
        "{% for p in section.pages %}{{ loop.index }}{{ loop.last }}{{ loop.length }}{% endfor %}",
        "section{pages[]?}",
    );
    reads(
        "{% for p in page.nope or [] %}{% endfor %}x",
        "page{nope[]?}",
    );
    reads(
        "{% for p in page.lower.children %}{{ p.title }}{% else %}{{ page.date }}{% endfor %}",
        "page{date lower{children[]{title}}}",
    );
    reads(
        "{% for p in section.pages %}{% if loop.index > 2 %}{% break %}{% endif %}{{ p.title }}{% endfor %}",
        "section{pages[]{title}}",
    );
}

#[test]
fn loops_over_maps_read_them_whole() {
    reads(
        "{% for k, v in config.extra.names %}{{ k }}{% endfor %}",
        "config{extra{names}}",
    );
    reads(
        "{% for v in config.extra.names %}{{ v }}{% endfor %}",
        "config{extra{names[]}}",
    );
    reads(
        "{% for v in config.extra %}x{% endfor %}",
        "config{extra[]?}",
    );
}

#[test]
fn variables_of_loops_end_with_them() {
    reads(
        "{% for p in section.pages %}{% set t = p.content %}{% endfor %}{{ title }}",
        "section{pages[]?} title",
    );
    reads(
        "{% for p in section.pages %}{% set title = p.date %}{{ title }}{% endfor %}{{ title }}",
        "section{pages[]{date}} title",
    );
    reads(
        "{% for page in section.pages %}{% endfor %}{{ page.title }}",
        "page{title} section{pages[]?}",
    );
}

#[test]
fn set_global_is_carried_round() {
    reads(
        "{% set last = page %}{% for p in section.pages %}{{ last.title }}{% set_global last = p %}{% endfor %}{{ last.date }}",
        "page{date title} section{pages[]{date title}}",
    );
    reads(
        "{% set p = page %}{% for i in [1,2] %}{% set_global p = p.lower %}{% endfor %}{{ p.title }}",
        "page{lower{lower{lower{lower{lower{lower{lower{lower{lower{lower{lower{lower title} title} title} title} title} title} title} title} title} title} title} title}",
    );
    reads(
        "{% set x = page.title %}{% for p in section.pages %}{% if p.draft %}{% set_global x = p.content %}{% break %}{% endif %}{% set_global x = 1 %}{% endfor %}{{ x }}",
        "page{title} section{pages[]{content draft?}}",
    );
}

#[test]
fn set_in_a_branch_may_not_have_been() {
    reads(
        "{% if page.draft %}{% set title = page.title %}{% endif %}{{ title }}",
        "page{draft? title} title",
    );
    reads("{% set title = page.title %}{{ title }}", "page{title}");
    reads(
        "{% if number %}{% set t = page.title %}{% else %}{% set t = page.date %}{% endif %}{{ t }}",
        "number? page{date title}",
    );
    reads("{% set unused = page.content %}", "page?");
}

#[test]
fn blocks_that_are_set_read_what_they_print() {
    reads(
        "{% set x %}{{ page.title }}{% endset %}{{ x | upper }}{{ x.y is defined }}",
        "page{title}",
    );
    reads(
        "{% set x | upper | trim %}{{ page.title }}{% endset %}",
        "page{title}",
    );
    reads(
        "{% filter replace(from='a', to=page.date) %}{{ page.title }}{% endfilter %}",
        "page{date title}",
    );
}

#[test]
fn slices_read_the_first() {
    reads(
        "{% for p in section.pages[:10] %}{{ p.title }}{% endfor %}",
        "section{pages[:10]{title}}",
    );
    reads(
        "{% for p in section.pages[2:4] %}{{ p.title }}{% endfor %}",
        "section{pages[:4]{title}}",
    );
    reads(
        "{% for p in section.pages[:10][1:3] %}{{ p.title }}{% endfor %}",
        "section{pages[:3]{title}}",
    );
    reads(
        "{% for p in section.pages[1:][:2] %}{{ p.title }}{% endfor %}",
        "section{pages[]{title}}",
    );
    reads(
        "{% for p in section.pages[-2:] %}{{ p.title }}{% endfor %}",
        "section{pages[]{title}}",
    );
    reads(
        "{% for p in section.pages[-12:4] %}{{ p.title }}{% endfor %}",
        "section{pages[]{title}}",
    );
    reads(
        "{% for p in section.pages[:-2] %}{{ p.title }}{% endfor %}",
        "section{pages[]{title}}",
    );
    reads(
        "{% for p in section.pages[::-1] %}{{ p.title }}{% endfor %}",
        "section{pages[]{title}}",
    );
    reads(
        "{% for p in section.pages[:10:2] %}{{ p.title }}{% endfor %}",
        "section{pages[:10]{title}}",
    );
    reads(
        "{% for p in section.pages[:section.extra.limit] %}{{ p.title }}{% endfor %}",
        "section{extra{limit} pages[]{title}}",
    );
    reads(
        "{{ section.pages[:3] | length }}{{ page.title[:2] }}",
        "page{title[:2]} section{pages[:3]?}",
    );
    reads(
        "{{ section.pages[:3][0].title }}{{ section.pages[:5][1].date }}",
        "section{pages[:2]{date title}}",
    );
    reads("{% if section.pages[:3] %}x{% endif %}", "section{pages?}");
}

#[test]
fn subscripts() {
    reads("{{ page['title'] }}", "page{title}");
    reads("{{ section.pages[0].title }}", "section{pages[:1]{title}}");
    reads("{{ section.pages[-1].title }}", "section{pages[]{title}}");
    reads(
        "{{ section.pages[number].title }}",
        "number section{pages[]{title}}",
    );
    reads(
        "{{ section.extra[section.extra.key] is defined }}",
        "section{extra{key}[]?}",
    );
    reads(
        "{{ section.pages[1].title }}{% for p in section.pages[:3] %}{{ p.date }}{% endfor %}",
        "section{pages[:3]{date title}}",
    );
}

#[test]
fn maps_and_lists_of_the_template() {
    reads(
        "{% set m = {'p': page, 'n': 1} %}{{ m.p.title }}{{ m['n'] }}",
        "page{title}",
    );
    reads(
        "{% set m = {'p': page} %}{{ m.nope is defined }}{{ m | length }}",
        "",
    );
    reads("{% set m = {'p': page.extra} %}{{ m }}", "page{extra}");
    reads(
        "{% for p in [page, page.lower] %}{{ p.title }}{% endfor %}",
        "page{lower{title} title}",
    );
    reads(
        "{% set m = {...page, 'title': 'x'} %}{{ m.date }}{{ m.title }}",
        "page{date title}",
    );
    reads(
        "{% set m = {...page.extra, 'x': 1} %}{{ m | length }}",
        "page{extra}",
    );
    reads(
        "{% set l = [...section.pages, page] %}{{ l[0].title }}",
        "page{title} section{pages[]{title}}",
    );
    reads(
        "{% set l = [...section.pages, page] %}{{ l | length }}",
        "section{pages[]?}",
    );
    reads(
        "{% for k, v in {'a': page, 'b': page.lower} %}{{ k }}{{ v.title }}{% endfor %}",
        "page{lower{title} title}",
    );
    reads(
        "{% set m = {1: page.title, true: page.date} %}{{ m[1] }}",
        "page{date title}",
    );
}

/// What comes out of a filter may hold anything.
#[test]
fn values_that_are_read_may_be_maps() {
    reads(
        "{% set l = (config.extra | values) if page.draft else ['x'] %}{% for i in l %}{{ i == page.extra }}{% endfor %}",
        "config{extra} page{draft? extra}",
    );
    let part = ("part.html", "{{ title }}");
    case(
        &[
            (
                "a.html",
                "{% for title in {'a': nope} | values %}{% include 'part.html' %}{% endfor %}",
            ),
            part,
        ],
        "nope title",
    );
}

#[test]
fn comprehensions() {
    reads(
        "{% for t in [p.title for p in section.pages] %}{{ t }}{% endfor %}",
        "section{pages[]{title}}",
    );
    reads(
        "{% for p in [p for p in section.pages if p.draft] %}{{ p.title }}{% endfor %}",
        "section{pages[]{draft? title}}",
    );
    reads(
        "{% for k in [v for k, v in config.extra.names] %}{{ k }}{% endfor %}",
        "config{extra{names}}",
    );
    reads(
        "{% set l = [page.title for page in section.pages[:2]] %}{{ page.date }}",
        "page{date} section{pages[:2]?}",
    );
}

#[test]
fn filters_that_pass_values_on() {
    reads(
        "{% set p = section.pages | first %}{{ p.title }}",
        "section{pages[:1]{title}}",
    );
    reads(
        "{% set p = section.pages | last %}{{ p.title }}",
        "section{pages[]{title}}",
    );
    reads(
        "{% set p = section.pages | nth(n=2) %}{{ p.title }}",
        "section{pages[:3]{title}}",
    );
    reads(
        "{% set p = section.pages | nth(n=number) %}{{ p.title }}",
        "number section{pages[]{title}}",
    );
    reads(
        "{% for p in section.pages | reverse %}{{ p.title }}{% endfor %}",
        "section{pages[]{title}}",
    );
    reads(
        "{{ section.pages | length }}{{ page.extra | length }}",
        "page{extra#} section{pages#}",
    );
    reads(
        "{% for p in section.pages | sort(attribute='extra.kind') %}{{ p.title }}{% endfor %}",
        "section{pages[]{extra{kind} title}}",
    );
    reads(
        "{% for n in page.extra.list | sort %}{{ n }}{% endfor %}",
        "page{extra{list[]}}",
    );
    reads(
        "{% for p in section.pages | sort(attribute=section.extra.key) %}x{% endfor %}",
        "section{extra{key} pages[]}",
    );
    reads(
        "{% for p in section.pages | sort(attribute='extra.list.0') %}x{% endfor %}",
        "section{pages[]}",
    );
    reads(
        "{% for w in words | unique %}{{ w }}{% endfor %}",
        "words[]",
    );
    reads(
        "{% set g = section.pages | group_by(attribute='weight') %}{{ g | length }}{% set p = g[0] | default(value=[]) %}{% for q in p %}{{ q.title }}{% endfor %}",
        "section{pages[]{title weight}}",
    );
    reads(
        "{% set g = section.pages | group_by(attribute='date') %}{% for p in g['2024-01-01'] %}{{ p.title }}{% endfor %}",
        "section{pages[]{date title}}",
    );
    reads(
        "{{ page.nope | default(value=page.title) }}",
        "page{nope title}",
    );
    reads(
        "{% set p = page.lower | default(value=section) %}{{ p.title }}",
        "page{lower{title}} section{title}",
    );
    reads(
        "{% set l = page.extra | get(key='list') %}{{ l[0] }}",
        "page{extra{list[:1]}}",
    );
    reads(
        "{% set l = page.extra | get(key='nope', default=page.lower) %}{{ l.title }}",
        "page{extra{nope{title}} lower{title}}",
    );
    reads(
        "{% for p in section.pages | shuffle %}{{ p.title }}{% endfor %}",
        "current_path section{pages[]{title}}",
    );
    reads(
        "{% for p in section.pages | shuffle(seed='x') %}{{ p.title }}{% endfor %}",
        "section{pages[]{title}}",
    );
}

#[test]
fn filters_that_read_all() {
    reads("{{ page.content | safe }}", "page{content}");
    reads("{{ page.extra | json_encode }}", "page{extra}");
    reads("{{ words | join(sep=page.date) }}", "page{date} words");
    reads(
        "{{ page.extra | keys }}{{ config.extra.names | values }}{{ config.extra.names | pairs }}",
        "config{extra{names}} page{extra}",
    );
    reads("{{ page.lower | str }}", "page{lower}");
}

#[test]
fn filters_that_look_at_variables() {
    reads(
        "{{ 'x' | markdown }}",
        "lang page{permalink} section{permalink}",
    );
    reads(
        "{% for page in section.pages %}{{ page.title | markdown }}{% endfor %}",
        "lang section{pages[]{permalink title} permalink}",
    );
    reads(
        "{{ number | num_format }}{{ number | num_format(locale='fr') }}",
        "config{default_language} number",
    );
    reads("{{ number | num_format(locale='fr') }}", "number");
}

#[test]
fn calls() {
    reads(
        r#"{% set s = get_section(path="a") %}{% for p in s.pages[:2] %}{{ p.title }}{% endfor %}"#,
        r#"lang get_section(path="a"){pages[:2]{title}}"#,
    );
    reads(
        r#"{% set s = get_section(path="a") %}{{ s.title }}{% set t = get_section(path="a") %}{{ t.content }}{% set u = get_section(path="b") %}{{ u.title }}"#,
        r#"lang get_section(path="a"){content title} get_section(path="b"){title}"#,
    );
    reads(
        r#"{{ get_url(path="a") }}{{ get_section(path="a", lang="en")["title"] }}"#,
        r#"get_section(lang="en" path="a"){title} get_url(path="a")"#,
    );
    reads(
        r#"{{ get_url(path="@/a") }}"#,
        r#"lang get_url(path="@/a")"#,
    );
    reads(
        "{% for w in words %}{% set s = get_page(path=w) %}{{ s.title }}{% endfor %}",
        "lang words[] get_page(){title}",
    );
    reads(
        r#"{% set d = load_data(path="a") %}{% for r in d.rows %}{{ r }}{% endfor %}"#,
        r#"load_data(path="a"){rows[]}"#,
    );
    reads(
        "{% for i in range(end=3) %}{{ i }}{% endfor %}",
        "range()[]",
    );
    reads(
        r#"{% set p = get_page(path="a") %}x"#,
        r#"lang get_page(path="a")?"#,
    );
}

#[test]
fn includes_see_the_variables_of_their_caller() {
    let part = ("part.html", "{{ page.title }}{{ title }}");
    case(
        &[("a.html", "{% include 'part.html' %}"), part],
        "page{title} title",
    );
    case(
        &[
            (
                "a.html",
                "{% for page in section.pages %}{% include 'part.html' %}{% endfor %}",
            ),
            part,
        ],
        "section{pages[]{title}} title",
    );
    case(
        &[
            (
                "a.html",
                "{% set title = 'x' %}{% for page in section.pages[:3] %}{% include 'part.html' %}{% endfor %}",
            ),
            part,
        ],
        "section{pages[:3]{title}}",
    );
    // What is undefined gives way to what was given.
    case(
        &[
            (
                "a.html",
                "{% set title = page.nope %}{% include 'part.html' %}",
            ),
            part,
        ],
        "page{nope title} title",
    );
    case(
        &[
            ("a.html", "{% include 'sets.html' %}{{ title }}"),
            (
                "sets.html",
                "{% set title = page.content %}{% set_global title = page.content %}",
            ),
        ],
        "page? title",
    );
    case(
        &[
            (
                "a.html",
                "{% for p in words %}{% include 'loop.html' %}{% endfor %}",
            ),
            (
                "loop.html",
                "{% if loop is defined %}{{ loop.index }}{% endif %}{{ p }}",
            ),
        ],
        "loop{index} words[]",
    );
}

#[test]
fn blocks_and_what_they_extend() {
    let base = (
        "base.html",
        "{{ config.title }}{% block head %}{{ page.date }}{% endblock %}{% block main %}{{ page.content }}{% endblock %}",
    );
    case(
        &[
            (
                "a.html",
                "{% extends 'base.html' %}{% block main %}{{ page.title }}{% endblock %}",
            ),
            base,
        ],
        "config{title} page{date title}",
    );
    case(
        &[
            (
                "a.html",
                "{% extends 'base.html' %}{% block main %}{{ page.title }}{{ super() }}{% endblock %}",
            ),
            base,
        ],
        "config{title} page{content date title}",
    );
    case(
        &[
            (
                "a.html",
                "{% extends 'mid.html' %}{% block inner %}{{ super() }}{{ page.permalink }}{% endblock %}{% block head %}{% endblock %}",
            ),
            (
                "mid.html",
                "{% extends 'base.html' %}{% block main %}{% block inner %}{{ page.title }}{% endblock %}{{ super() }}{% endblock %}",
            ),
            base,
        ],
        "config{title} page{content permalink title}",
    );
    // Variables of a block are there behind it, and before it.
    case(
        &[
            (
                "a.html",
                "{% extends 'b.html' %}{% block one %}{% set x = page.title %}{{ super() }}{% endblock %}",
            ),
            (
                "b.html",
                "{% set y = page.date %}{% block one %}{% set z = page.summary %}{% endblock %}{% block two %}{{ x }}{{ y }}{{ z }}{% endblock %}",
            ),
        ],
        "page{date summary title}",
    );
    // Of an included template that extends another, what it has itself is included.
    case(
        &[
            ("a.html", "{% include 'child.html' %}"),
            (
                "child.html",
                "{% extends 'base.html' %}{% block main %}{{ page.title }}{% endblock %}",
            ),
            base,
        ],
        "page{title}",
    );
    case(
        &[
            (
                "a.html",
                "{% extends 'base.html' %}{% block main %}{{ super() ~ 'x' }}{% set y = super() if page.draft else 1 %}{% endblock %}",
            ),
            base,
        ],
        "config{title} page{content date draft?}",
    );
}

#[test]
fn components_see_their_arguments_alone() {
    let defined = (
        "c.html",
        "{% component Card(p, n: integer = 2, page = 'x') %}{{ p.title }}{{ n }}{{ page }}{% if body is defined %}{{ body }}{% endif %}{% endcomponent %}",
    );
    case(
        &[("a.html", "{{ <Card p={page} /> }}"), defined],
        "page{title}",
    );
    case(
        &[
            (
                "a.html",
                "{% for p in section.pages[:2] %}{{ <Card p n={number} /> }}{% endfor %}",
            ),
            defined,
        ],
        "number section{pages[:2]{title}}",
    );
    case(
        &[
            (
                "a.html",
                "{% <Card p={page.lower}> %}{{ page.date }}{% set x = page.summary %}{% </Card> %}{{ x }}",
            ),
            defined,
        ],
        "page{date lower{title} summary}",
    );
    case(
        &[
            ("a.html", "{{ <Card {...{'p': page.lower} } /> }}"),
            defined,
        ],
        "page{lower{title}}",
    );
    case(
        &[
            (
                "a.html",
                "{% set m = {'p': page} %}{{ <Card {...m} p={section} /> }}",
            ),
            defined,
        ],
        "page{title} section{title}",
    );
    case(
        &[
            (
                "a.html",
                "{% set x %}{{ <Card p={page} /> }}{% endset %}{{ x }}{{ [<Card p={p} /> for p in section.pages] | length }}",
            ),
            defined,
        ],
        "page{title} section{pages[]{title}}",
    );
}

#[test]
fn rest_implicit_and_recursive_parameters() {
    let rest = (
        "c.html",
        "{% component Rest(p, ...others) %}{{ p.title }}{{ others.q.date }}{% endcomponent %}",
    );
    case(
        &[
            (
                "a.html",
                "{{ <Rest p={page} q={page.lower} r={page.content} /> }}",
            ),
            rest,
        ],
        "page{lower{date} title}",
    );
    case(
        &[
            (
                "a.html",
                "{{ <Rest p={page} q={page.lower} {...config.extra.names} /> }}",
            ),
            rest,
        ],
        "config{extra{names}} page{lower{date} title}",
    );
    let implicit = (
        "c.html",
        "{% component Inner(@lang, @page) %}{{ lang }}{{ page.title }}{% endcomponent %}{% component Outer(page) %}{{ <Inner /> }}{% endcomponent %}",
    );
    case(
        &[("a.html", "{{ <Inner /> }}"), implicit],
        "lang page{title}",
    );
    case(
        &[
            (
                "a.html",
                "{{ <Inner lang='x' /> }}{{ <Outer page={section} /> }}",
            ),
            implicit,
        ],
        "lang page{title} section{title}",
    );
    let menu = (
        "c.html",
        "{% component Menu(items) %}{% for i in items %}{{ i.title }}{{ <Menu items={i.children} /> }}{% endfor %}{% endcomponent %}",
    );
    case(
        &[("a.html", "{{ <Menu items={config.extra.menu} /> }}"), menu],
        "config{extra{menu[]{children[]{children[]{children[]{children[]{children title} title} title} title} title}}}",
    );
    // The language of a component is what it is given.
    case(
        &[
            ("a.html", "{{ <L lang='en' /> }}"),
            (
                "c.html",
                r#"{% component L(lang) %}{% set s = get_section(path="a") %}{{ s.title }}{% endcomponent %}"#,
            ),
        ],
        r#"get_section(path="a"){title}"#,
    );
}

#[test]
fn the_dump_reads_the_whole_context() {
    reads("{{ __tera_context | length }}", "context");
    reads("{% set x = __tera_context %}{{ x.page.title }}", "context");
    case(
        &[
            ("a.html", "{{ <C p={page.lower} /> }}"),
            (
                "c.html",
                "{% component C(p) %}{{ __tera_context }}{% endcomponent %}",
            ),
        ],
        "page{lower}",
    );
    reads(
        r#"{% set s = get_section(path="a") %}{{ __tera_context | length }}"#,
        "context",
    );
}

#[test]
fn white_space_control_and_odd_texts() {
    reads(
        "{%- if page.draft -%} a {{- page.title -}} {%- endif -%}{#- {{ x }} -#}",
        "page{draft? title}",
    );
    reads(
        r#"{{ "}}" ~ page.title ~ '%}' ~ `{{ page.content }}` }}"#,
        "page{title}",
    );
    reads(
        r#"{{ 1.5 + 2 ** 3 // 2 }}{{ page.title | replace(from="\"", to='\n') }}"#,
        "page{title}",
    );
}

#[test]
fn names_are_found_under_prefixes() {
    let texts = [
        (
            "a.html",
            "{% extends 'base.html' %}{% block b %}{{ <C p={page} /> }}{% include 'part.html' %}{% endblock %}",
        ),
        (
            "t/base.html",
            "{% block b %}{% endblock %}{{ config.title }}",
        ),
        ("t/part.html", "{{ page.content }}"),
        ("part.html", "{{ page.date }}"),
        (
            "t/c.html",
            "{% component C(p) %}{{ p.content }}{% endcomponent %}",
        ),
        (
            "c.html",
            "{% component C(p) %}{{ p.title }}{% endcomponent %}",
        ),
        ("x/unused.html", "{{ page.content }}"),
    ];
    let prefixes = vec!["t/".to_owned(), "x/".to_owned()];
    let case = Case {
        prefixes: prefixes.clone(),
        ..Case::new(&texts)
    };
    assert_eq!(
        case.check(100).unwrap().unwrap().reads,
        "config{title} page{date title}"
    );
    let reads = Set::new(&case.texts, &prefixes).reads("a.html");
    let names: Vec<&str> = reads
        .templates
        .iter()
        .flatten()
        .map(String::as_str)
        .collect();
    assert_eq!(names, ["a.html", "c.html", "part.html", "t/base.html"]);
    let reads = Set::new(&case.texts, &prefixes).reads("base.html");
    assert_eq!(
        reads.templates.unwrap().into_iter().collect::<Vec<_>>(),
        ["t/base.html"]
    );
}
