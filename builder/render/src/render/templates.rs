//! The site's templates as one Tera engine (site model, section 8).
//!
//! A name is looked up among the site's templates, then the theme's, then the built-in ones.
//! A template that cannot be part of the set (its parent is missing, it includes itself, it
//! calls a filter that does not exist) is replaced by one that always fails, with a diagnostic, so
//! that the outputs that need it fail and no others, and none falls back to the theme unnoticed.

use super::explain::{TemplateError, explain, parse_report};
use super::readers::Readers;
use super::{filters, functions};
use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::front_matter::nearest;
use quillfront_site::key::Role;
use quillfront_site::source::Sources;
use quillfront_templates::meter::{self, Metered};
use std::collections::{BTreeMap, BTreeSet};
use tera::{ErrorKind, Tera};

/// Prefix of the built-in templates; a site's template may extend or include them by it.
pub const BUILTIN_PREFIX: &str = "__zola_builtins/";

const BUILTINS: &[(&str, &str)] = &[
    ("404.html", include_str!("builtins/404.html")),
    (
        "anchor-link.html",
        include_str!("builtins/anchor-link.html"),
    ),
    ("atom.xml", include_str!("builtins/atom.xml")),
    (
        "internal/alias.html",
        include_str!("builtins/internal/alias.html"),
    ),
    (
        "placeholder.html",
        include_str!("builtins/placeholder.html"),
    ),
    ("robots.txt", include_str!("builtins/robots.txt")),
    ("rss.xml", include_str!("builtins/rss.xml")),
    ("sitemap.xml", include_str!("builtins/sitemap.xml")),
    (
        "split_sitemap_index.xml",
        include_str!("builtins/split_sitemap_index.xml"),
    ),
    (
        "summary-cutoff.html",
        include_str!("builtins/summary-cutoff.html"),
    ),
];

/// The engine, and why some templates in it always fail.
pub struct Templates {
    /// The engine.
    pub tera: Tera,
    /// Template name to what is wrong with it.
    pub broken: BTreeMap<String, Diagnostic>,
    /// All names, the broken ones included.
    names: BTreeSet<String>,
    /// What they read.
    pub readers: Readers,
    meters: Meters,
}

impl Templates {
    /// The engine over the effective templates of a site with `theme`.
    pub fn load(sources: &Sources, theme: Option<&str>) -> Self {
        let mut set: BTreeMap<String, String> = BTreeMap::new();
        for (name, text) in BUILTINS {
            set.insert(format!("{BUILTIN_PREFIX}{name}"), (*text).to_owned());
        }
        if let Some(theme) = theme {
            let prefix = format!("themes/{theme}/templates/");
            for (key, _) in sources.under(&prefix) {
                if let Some(text) = sources.text(key.as_str()) {
                    let inner = &key.as_str()[prefix.len()..];
                    set.insert(format!("{theme}/templates/{inner}"), without_bom(text));
                }
            }
        }
        for (key, _) in sources.under("templates/") {
            if let (Role::Template, Some(text)) = (key.role(), sources.text(key.as_str())) {
                set.insert(
                    key.as_str()["templates/".len()..].to_owned(),
                    without_bom(text),
                );
            }
        }
        Self::assemble(set, theme)
    }

    fn assemble(mut set: BTreeMap<String, String>, theme: Option<&str>) -> Self {
        let mut broken = BTreeMap::new();
        for name in in_long_chains(&set, theme) {
            let message = format!(
                "this is one of more than {MAX_CHAIN} templates that extend or include one another in a row"
            );
            let error = TemplateError::plain(Some(&name), message);
            let problem = about(source_of(&name, theme), error);
            set.insert(name.clone(), STUB.to_owned());
            broken.insert(name, problem);
        }
        for (name, (line, message)) in with_many_unknown(&set) {
            let mut error = TemplateError::plain(Some(&name), message);
            error.line = Some(line);
            set.insert(name.clone(), STUB.to_owned());
            broken.insert(name.clone(), about(source_of(&name, theme), error));
        }
        let meters = Meters::new(&set, theme);
        loop {
            let metered = set
                .iter()
                .map(|(name, text)| (name, meters.metered(name, text).text));
            let mut tera = engine();
            let mut prefixes: Vec<String> = theme
                .map(|theme| format!("{theme}/templates/"))
                .into_iter()
                .collect();
            prefixes.push(BUILTIN_PREFIX.to_owned());
            let added = tera
                .set_fallback_prefixes(prefixes.clone())
                .and_then(|()| tera.add_raw_templates(metered));
            let Err(error) = added else {
                let circling = in_circles_by_super(&set, theme);
                if !circling.is_empty() {
                    for name in circling {
                        let message =
                            "includes itself: its `super()` renders a block that includes it";
                        let hint = "remove the `super()`, or the `include` from what it extends";
                        let mut error = TemplateError::plain(Some(&name), message.to_owned());
                        error.line = meter::first_super(&set[&name]);
                        error.hint = Some(hint.to_owned());
                        set.insert(name.clone(), STUB.to_owned());
                        broken.insert(name.clone(), about(source_of(&name, theme), error));
                    }
                    continue;
                }
                return Self {
                    tera,
                    broken,
                    names: set.keys().cloned().collect(),
                    readers: Readers::new(set, prefixes, meters.kept.clone()),
                    meters,
                };
            };
            let found = culprits(&error, &set, &prefixes);
            if found.is_empty() {
                // Not even the built-in templates stand; every output says that it has none.
                return Self {
                    tera: engine(),
                    broken,
                    names: BTreeSet::new(),
                    readers: Readers::default(),
                    meters,
                };
            }
            for (name, mut problem) in found {
                meters.map_back(&mut problem, &name, &set[&name]);
                let mut problem = problem.at_open_tag(&set[&name]);
                if let Some(used) = uses_broken(&set[&name], &broken) {
                    problem.message = format!("uses `{used}`, which is broken");
                }
                set.insert(name.clone(), STUB.to_owned());
                broken.insert(name.clone(), about(source_of(&name, theme), problem));
            }
        }
    }

    /// The name under which `name` is found, theme and built-in templates included.
    pub fn contains(&self, name: &str) -> bool {
        self.tera.contains_template(name)
    }

    /// The way out where `name` is asked for and there is no such template.
    pub fn add_or_mend(&self, name: &str) -> String {
        add_or_mend(name, self.names.iter())
    }

    /// Tera's error as what it says of the author's texts; `name` is the template that was rendered.
    pub fn explain(&self, error: &tera::Error, name: &str) -> TemplateError {
        let mut explained = explain(error);
        let template = explained.template.as_deref().unwrap_or(name);
        if let Some((template, text)) = self.readers.text_of(template) {
            self.meters.map_back(&mut explained, template, text);
        }
        explained
    }

    /// What is wrong with the template that `name` leads to, if something is.
    pub fn why_broken(&self, name: &str, theme: Option<&str>) -> Option<&Diagnostic> {
        if self.names.contains(name) {
            return self.broken.get(name);
        }
        self.broken.get(&format!("{}/templates/{name}", theme?))
    }
}

/// The templates that call very much that does not exist, with the line and the name of the first.
fn with_many_unknown(set: &BTreeMap<String, String>) -> Vec<(String, (u32, String))> {
    let components = set
        .values()
        .flat_map(|text| meter::components(text))
        .collect();
    let tera = engine();
    let found = set.iter().filter_map(|(name, text)| {
        let found = meter::many_unknown(text, &tera, &components)?;
        Some((name.clone(), found))
    });
    found.collect()
}

/// What the meters of a template depend on besides its own text.
struct Meters {
    /// Templates whose text may be kept before it is written.
    kept: BTreeSet<String>,
    /// The bytes of each, by all names that it is asked for with.
    sizes: BTreeMap<String, usize>,
}

impl Meters {
    fn new(set: &BTreeMap<String, String>, theme: Option<&str>) -> Self {
        let find = finder(set, theme);
        let mut kept: BTreeSet<String> = BTreeSet::new();
        let mut uses: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let mut sizes = BTreeMap::new();
        let mut new = Vec::new();
        for (name, text) in set {
            sizes.insert(name.clone(), text.len());
            // What `super()` renders is kept until it is written.
            let calls_super = meter::first_super(text).is_some();
            for named in meter::named_templates(text) {
                let Some(found) = find(&named.name) else {
                    continue;
                };
                sizes.insert(named.name.into_owned(), set[found].len());
                uses.entry(name).or_default().push(found);
                if named.kept || (named.word == "extends" && calls_super) {
                    new.push(found);
                }
            }
        }
        while let Some(name) = new.pop() {
            if kept.insert(name.to_owned()) {
                new.extend(uses.get(name).into_iter().flatten());
            }
        }
        Self { kept, sizes }
    }

    fn metered<'a>(&self, name: &str, text: &'a str) -> Metered<'a> {
        let size_of = |name: &str| self.sizes.get(name).copied().unwrap_or(0);
        let role = meter::Role::Template {
            kept: self.kept.contains(name),
            size_of: &size_of,
        };
        meter::metered(text, role)
    }

    /// Makes the column of an error that of the author's text.
    fn map_back(&self, error: &mut TemplateError, name: &str, text: &str) {
        if let (Some(line), Some(column)) = (error.line, error.column) {
            let metered = self.metered(name, text);
            error.column = Some(metered.original_column(line, column));
        }
    }
}

/// Templates that extend or include one another in a row. The engine goes down its stack for each,
/// and an overflow would end the whole process.
const MAX_CHAIN: usize = 64;

/// The templates at the head of chains longer than [`MAX_CHAIN`], if there are so many of them that
/// the engine cannot follow. It reports short circles better than this could.
fn in_long_chains(set: &BTreeMap<String, String>, theme: Option<&str>) -> Vec<String> {
    let find = finder(set, theme);
    let mut uses: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, text) in set {
        let named = meter::named_templates(text).into_iter();
        uses.insert(name, named.filter_map(|named| find(&named.name)).collect());
    }
    // Each round leaves out those whose chains end sooner.
    let mut heads: BTreeSet<&str> = uses.keys().copied().collect();
    for _ in 0..MAX_CHAIN {
        let goes_on = |name: &&str| uses[name].iter().any(|used| heads.contains(used));
        heads = heads.iter().copied().filter(goes_on).collect();
    }
    if heads.len() <= MAX_CHAIN {
        return Vec::new();
    }
    heads.into_iter().map(str::to_owned).collect()
}

/// Full names of templates, by the names that they are asked for with.
fn finder<'a>(
    set: &'a BTreeMap<String, String>,
    theme: Option<&str>,
) -> impl Fn(&str) -> Option<&'a str> {
    let prefixes = [
        String::new(),
        theme.map_or_else(String::new, |theme| format!("{theme}/templates/")),
        BUILTIN_PREFIX.to_owned(),
    ];
    move |name: &str| {
        let mut names = prefixes.iter().map(|prefix| format!("{prefix}{name}"));
        names.find_map(|name| set.get_key_value(&name).map(|(name, _)| name.as_str()))
    }
}

/// The templates that include themselves by way of `super()`. What is included renders its own
/// blocks; with `super()` also those of what it extends, and what these include. The engine looks at
/// includes alone, and would go down its stack for ever.
fn in_circles_by_super(set: &BTreeMap<String, String>, theme: Option<&str>) -> Vec<String> {
    let calls = |text: &str| meter::first_super(text).is_some();
    if !set.values().any(|text| calls(text)) {
        return Vec::new();
    }
    let find = finder(set, theme);
    let mut parents: BTreeMap<&str, &str> = BTreeMap::new();
    let mut includes: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (name, text) in set {
        let own = includes.entry(name).or_default();
        for named in meter::named_templates(text) {
            match (named.word, find(&named.name)) {
                ("extends", Some(parent)) => {
                    parents.insert(name, parent);
                }
                (_, Some(included)) => {
                    own.insert(included);
                }
                (_, None) => {}
            }
        }
    }
    let mut runs = includes.clone();
    for (name, runs) in runs.iter_mut().filter(|(name, _)| calls(&set[**name])) {
        // The engine has found that it does not extend itself.
        let mut above = parents.get(name);
        while let Some(parent) = above {
            runs.extend(&includes[parent]);
            above = parents.get(parent);
        }
    }
    // What leads nowhere and what nothing leads to is left out until only circles are there, and
    // what is between them.
    let mut left: BTreeSet<&str> = runs.keys().copied().collect();
    loop {
        let before = left.len();
        let led_to: BTreeSet<&str> = left.iter().flat_map(|name| &runs[name]).copied().collect();
        let leads = |name: &&str| runs[name].iter().any(|run| left.contains(run));
        left = left
            .iter()
            .copied()
            .filter(|name| led_to.contains(name) && leads(name))
            .collect();
        if left.len() == before {
            break;
        }
    }
    let circling = left.into_iter().filter(|name| calls(&set[*name]));
    circling.map(str::to_owned).collect()
}

fn add_or_mend<'a>(name: &str, names: impl Iterator<Item = &'a String>) -> String {
    // Endings would make all names alike.
    let parts = |name: &'a str| name.rsplit_once('.').unwrap_or((name, ""));
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
    let own = names.filter(|one| !one.starts_with(BUILTIN_PREFIX));
    let alike: Vec<&str> = own
        .map(|one| parts(one))
        .filter(|(_, other)| *other == ending)
        .map(|(stem, _)| stem)
        .collect();
    match nearest(stem, &alike) {
        Some(near) => format!("did you mean `{near}.{ending}`? Otherwise add templates/{name}"),
        None => format!("add templates/{name}, or name a different one"),
    }
}

/// What stands in the place of a broken template, so that nothing else is found under its name.
const STUB: &str = "{{ throw(message=\"this template is broken\") }}";

/// The broken template that a text extends or includes, if it does one.
fn uses_broken<'a>(text: &str, broken: &'a BTreeMap<String, Diagnostic>) -> Option<&'a String> {
    let named = meter::named_templates(text).into_iter();
    let mut found = named.filter_map(|named| broken.get_key_value(&*named.name));
    found.next().map(|(name, _)| name)
}

/// A template without the mark that some editors put in front of a text; in a page it would be seen.
fn without_bom(text: &str) -> String {
    text.strip_prefix('\u{feff}').unwrap_or(text).to_owned()
}

/// Checks the syntax of one template by itself. Parents, includes and components may be missing.
///
/// # Errors
/// The first syntax error.
pub fn check_syntax(file: &str, text: &str) -> Result<(), Diagnostic> {
    let text = &without_bom(text);
    meter::check_branches(text).map_err(|(line, message)| {
        let problem = Diagnostic::error("template", file, message);
        problem
            .at(line, None)
            .hint("look the value up in a map instead")
    })?;
    let mut tera = engine();
    match tera.add_raw_template(file, text) {
        Err(error) if matches!(error.kind(), ErrorKind::SyntaxError(_)) => {
            Err(about(file, explain(&error).at_open_tag(text)))
        }
        _ => Ok(()),
    }
}

/// An engine with all filters, tests and functions, and no template.
fn engine() -> Tera {
    let mut tera = Tera::default();
    quillfront_templates::filters::register(&mut tera);
    filters::register(&mut tera);
    functions::register(&mut tera);
    meter::register(&mut tera);
    tera
}

/// The source key of a template name.
pub fn source_of(name: &str, theme: Option<&str>) -> String {
    match theme.and_then(|theme| name.strip_prefix(&format!("{theme}/templates/"))) {
        Some(inner) => format!("themes/{}/templates/{inner}", theme.unwrap_or_default()),
        None => format!("templates/{name}"),
    }
}

/// A template's error as a diagnostic about its file.
pub fn about(file: impl Into<String>, error: TemplateError) -> Diagnostic {
    Diagnostic {
        hint: error.hint,
        ..Diagnostic::error("template", file, error.message).at(error.line, error.column)
    }
}

/// The templates that an error of the whole set is about. An error that names none costs the site's
/// own templates, one by one, until the rest stands.
fn culprits(
    error: &tera::Error,
    set: &BTreeMap<String, String>,
    prefixes: &[String],
) -> Vec<(String, TemplateError)> {
    let plain = |name: &str, message: String| TemplateError::plain(Some(name), message);
    let about_tag = |name: &String, message: String, tag: &str, others: &[String]| {
        let text = set.get(name).map_or("", String::as_str);
        let error = plain(name, message).at_tag(text, tag, others);
        (name.clone(), error)
    };
    let mut found: Vec<(String, TemplateError)> = match error.kind() {
        ErrorKind::MissingParent { current, parent } => {
            let message = format!("extends `{parent}`, which does not exist");
            let mut told = about_tag(current, message, "extends", std::slice::from_ref(parent));
            told.1.hint = Some(add_or_mend(parent, set.keys()));
            vec![told]
        }
        ErrorKind::CircularExtend {
            tpl,
            inheritance_chain: chain,
        } => {
            let message = format!("extends itself: {}", chain.join(" -> "));
            vec![about_tag(tpl, message, "extends", chain)]
        }
        ErrorKind::CircularInclude {
            tpl,
            include_chain: chain,
        } => {
            let message = format!("includes itself: {}", chain.join(" -> "));
            vec![about_tag(tpl, message, "include", chain)]
        }
        _ => {
            let text = error.to_string();
            let mut list: Vec<(String, TemplateError)> = text
                .split("\n\n")
                .map(parse_report)
                .filter_map(|error| Some((error.template.clone()?, error)))
                .collect();
            // They come in the order of a hash map; of each template the first is told.
            list.sort_by(|(_, one), (_, other)| one.cmp(other));
            list.dedup_by(|(one, _), (other, _)| one == other);
            if list.is_empty() && text.starts_with("Component `") {
                list = defined_again(set, prefixes);
            }
            list
        }
    };
    let is_own = |name: &str| {
        !name.starts_with(BUILTIN_PREFIX) && set.get(name).is_some_and(|text| text != STUB)
    };
    found.retain(|(name, _)| is_own(name));
    if found.is_empty() {
        let own = set.keys().rev().find(|name| is_own(name));
        found.extend(own.map(|name| (name.clone(), plain(name, error.to_string()))));
    }
    found
}

/// The templates that define a component which another one of the same rank defines already: the later
/// name gives way, with all that it defines. The engine names any one of several.
fn defined_again(
    set: &BTreeMap<String, String>,
    prefixes: &[String],
) -> Vec<(String, TemplateError)> {
    let rank = |name: &str| {
        let prefix = prefixes
            .iter()
            .position(|prefix| name.starts_with(prefix.as_str()));
        prefix.map_or(0, |index| index + 1)
    };
    let mut owners: BTreeMap<(usize, &str), &str> = BTreeMap::new();
    let mut found = Vec::new();
    for (name, text) in set {
        let rank = rank(name);
        let own = meter::defined_components(text);
        let twice = own.iter().find_map(|(component, line)| {
            let owner = owners.get(&(rank, *component))?;
            Some((component, owner, line))
        });
        let Some((component, owner, line)) = twice else {
            let own = own.into_iter().map(|(component, _)| component);
            owners.extend(own.map(|component| ((rank, component), name.as_str())));
            continue;
        };
        let message = format!("Component `{component}` is defined in both `{owner}` and `{name}`");
        let mut error = TemplateError::plain(Some(name), message);
        error.line = Some(*line);
        found.push((name.clone(), error));
    }
    found
}

#[cfg(test)]
mod tests {
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
            let part =
                format!("{{% extends 'base.html' %}}{{% block one %}}{word}{{% endblock %}}");
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
}
