use super::*;

/// A template costs more where another one keeps what it writes, so that its outputs may then fail.
#[test]
fn a_template_that_is_kept_by_another_one_is_another_template() {
    let mark = |others: &[(&str, &str)]| {
        let mut all = vec![
            ("index.html", "{% include 'part.html' %}"),
            ("part.html", "{% for i in range(end=9) %}{% endfor %}"),
        ];
        all.extend(others);
        Templates::assemble(set(&all), None)
            .readers
            .reader("index.html")
            .mark
    };
    let alone = mark(&[]);
    assert_eq!(alone, mark(&[("other.html", "{% include 'part.html' %}")]));
    let keeps = "{% filter upper %}{% include 'part.html' %}{% endfilter %}";
    assert_ne!(alone, mark(&[("other.html", keeps)]));
}

/// The engine names the first that it finds in a hash map.
#[test]
fn of_components_that_are_defined_twice_the_same_one_is_always_told() {
    let component = |name: &str| format!("{{% component {name}(x) %}}{{% endcomponent %}}\n");
    let all = |names: &[&str]| names.iter().map(|name| component(name)).collect::<String>();
    let (a, b, c) = (
        all(&["A", "B", "C", "D"]),
        all(&["X", "D", "B", "A"]),
        all(&["X"]),
    );
    for _ in 0..8 {
        let all = [
            ("a.html", a.as_str()),
            ("b.html", b.as_str()),
            ("c.html", c.as_str()),
        ];
        let templates = Templates::assemble(set(&all), None);
        let told: Vec<_> = templates.broken.iter().collect();
        // What gives way takes nothing from those that come after it.
        let [(name, problem)] = &told[..] else {
            panic!("{told:?}");
        };
        assert_eq!(name.as_str(), "b.html");
        assert_eq!(problem.line, Some(2));
        let named = "`D` is defined in both `a.html` and `b.html`";
        assert!(problem.message.contains(named), "{problem}");
    }
}

#[test]
fn a_circle_by_super_is_a_mistake() {
    let base = "{% block one %}{% include 'part.html' %}{% endblock %}";
    let of = |part: &str| {
        let own = "{% extends 'base.html' %}{% block one %}own{% endblock %}";
        Templates::assemble(
            set(&[
                ("base.html", base),
                ("own.html", own),
                ("page.html", "{% include 'part.html' %}"),
                ("part.html", part),
            ]),
            None,
        )
    };
    let found = of("{% extends 'base.html' %}{% block one %}x\n{{ super() }}{% endblock %}");
    assert_eq!(found.broken.keys().collect::<Vec<_>>(), ["part.html"]);
    let problem = &found.broken["part.html"];
    assert!(
        problem.message.starts_with("includes itself"),
        "{problem:?}"
    );
    assert_eq!(problem.line, Some(2));
    assert!(found.tera.render("own.html", &tera::Context::new()).is_ok());
    // Without it only its own block is included.
    for word in ["part", "a superb part", "super()"] {
        let part = format!("{{% extends 'base.html' %}}{{% block one %}}{word}{{% endblock %}}");
        let found = of(&part);
        assert_eq!(found.broken, BTreeMap::new());
        let text = found.tera.render("page.html", &tera::Context::new());
        assert_eq!(text.unwrap(), word);
    }
}

fn set(list: &[(&str, &str)]) -> BTreeMap<String, String> {
    let builtins = BUILTINS
        .iter()
        .map(|(n, t)| (format!("{BUILTIN_PREFIX}{n}"), (*t).into()));
    builtins
        .chain(list.iter().map(|(n, t)| ((*n).into(), (*t).into())))
        .collect()
}

#[test]
fn the_built_in_templates_are_a_set() {
    let templates = Templates::assemble(set(&[]), None);
    assert_eq!(templates.broken, BTreeMap::new());
    assert!(templates.contains("atom.xml"));
}

#[test]
fn a_template_that_cannot_stand_leaves_the_others() {
    let templates = Templates::assemble(
        set(&[
            ("base.html", "{% block a %}{% endblock %}"),
            (
                "good.html",
                "{% extends \"base.html\" %}{% block a %}x{% endblock %}",
            ),
            ("orphan.html", "{% extends \"nope.html\" %}"),
            ("child-of-orphan.html", "{% extends \"orphan.html\" %}"),
            ("self.html", "{% include \"self.html\" %}"),
            ("filter.html", "text\n{{ 1 | nofilter }}"),
            ("one.html", "{% component C() %}{% endcomponent %}"),
            ("two.html", "{% component C() %}{% endcomponent %}"),
        ]),
        None,
    );
    let broken: Vec<&str> = templates.broken.keys().map(String::as_str).collect();
    assert_eq!(
        broken,
        ["filter.html", "orphan.html", "self.html", "two.html"]
    );
    assert!(templates.contains("good.html"));
    let rendered = templates
        .tera
        .render("child-of-orphan.html", &tera::Context::new());
    assert!(rendered.is_err(), "what needs a broken template fails");
    let filter = &templates.broken["filter.html"];
    assert_eq!(
        (filter.file.as_str(), filter.line),
        ("templates/filter.html", Some(2))
    );
}

/// The engine goes a level deeper for each.
#[test]
fn long_chains_of_templates_are_refused() {
    let count = 1_000;
    for piece in [
        "{% include \"t/NEXT\" %}",
        "{% extends \"t/NEXT\" %}",
        "{%- include 't\\/NEXT' -%}",
        "{% extends `t\\/NEXT` %}",
    ] {
        let chain: Vec<(String, String)> = (0..count)
            .map(|n| {
                let next = (n + 1).to_string();
                (format!("t/{n}"), piece.replace("NEXT", &next))
            })
            .chain([(format!("t/{count}"), "x".to_owned())])
            .collect();
        let chain: Vec<(&str, &str)> = chain
            .iter()
            .map(|(a, b)| (a.as_str(), b.as_str()))
            .collect();
        let templates = Templates::assemble(set(&chain), None);
        assert!(templates.tera.render("t/0", &tera::Context::new()).is_err());
        let problem = templates.why_broken("t/0", None).unwrap();
        assert!(problem.message.contains("in a row"), "{problem}");
        let last = templates
            .tera
            .render(&format!("t/{count}"), &tera::Context::new());
        assert_eq!(last.unwrap(), "x");
    }
}

#[test]
fn chains_that_are_long_but_not_too_long_work() {
    for piece in ["{% include \"NEXT\" %}", "{% extends \"NEXT\" %}"] {
        let chain: Vec<(String, String)> = (0..120)
            .map(|n| {
                (
                    format!("t{n}"),
                    piece.replace("NEXT", &format!("t{}", n + 1)),
                )
            })
            .chain([("t120".to_owned(), "x".to_owned())])
            .collect();
        let chain: Vec<(&str, &str)> = chain
            .iter()
            .map(|(a, b)| (a.as_str(), b.as_str()))
            .collect();
        let templates = Templates::assemble(set(&chain), None);
        assert_eq!(
            templates.tera.render("t0", &tera::Context::new()).unwrap(),
            "x"
        );
    }
}

#[test]
fn syntax_is_checked_without_the_rest_of_the_set() {
    assert!(check_syntax("templates/a.html", "{% extends \"nope.html\" %}").is_ok());
    let problem = check_syntax("templates/a.html", "one\n{{ two").unwrap_err();
    assert_eq!(
        (problem.file.as_str(), problem.line),
        ("templates/a.html", Some(2))
    );
}
