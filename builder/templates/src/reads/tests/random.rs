//! Templates made at random of all constructs: what they are said not to read makes no difference.

use super::*;
use differential::Dice;
use proptest::prelude::*;

/// Writes templates, mostly such that render.
struct Writer {
    dice: Dice,
    /// In a loop, in a block, in the text of a component.
    loops: usize,
    in_component: bool,
    blocks: usize,
    in_block: bool,
    can_block: bool,
}

const PAGE_FIELDS: &[&str] = &[
    "title",
    "content",
    "date",
    "permalink",
    "weight",
    "draft",
    "summary",
    "extra",
    "lower",
    "taxonomies",
];
const LISTS: &[&str] = &[
    "section.pages",
    "page.children",
    "words",
    "config.extra.menu",
    "y",
    "p.taxonomies.tags",
];
/// Variables that hold pages, mostly.
const PAGES: &[&str] = &["x", "page", "p", "section"];

impl Writer {
    fn print(&mut self) -> String {
        let text = self.text(2);
        match self.dice.below(10) {
            0 => format!("{{{{ {text} }}}}"),
            _ => format!("{{{{ {text} | default(value='none') }}}}"),
        }
    }

    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.dice.below(list.len())]
    }

    fn page(&mut self, depth: usize) -> String {
        if self.in_component && (depth == 0 || self.dice.below(25) > 0) {
            return self
                .pick(&["p", "p", "p", "page", "x", "title", "p.lower"])
                .to_owned();
        }
        if depth == 0 {
            return self
                .pick(&[
                    "page",
                    "page.lower",
                    "section",
                    "p",
                    "x",
                    "section.pages[0]",
                ])
                .to_owned();
        }
        match self.dice.below(16) {
            0..=3 => self
                .pick(&["page", "page.lower", "page.higher", "section", "config"])
                .to_owned(),
            4 => self.pick(PAGES).to_owned(),
            5 => format!("({} | first)", self.some_pages(depth)),
            6 => format!("({} | last)", self.some_pages(depth)),
            7 => format!(
                "({} | nth(n={}))",
                self.some_pages(depth),
                self.dice.below(4)
            ),
            8 => format!(
                "{}[{}]",
                self.some_pages(depth),
                self.pick(&["0", "1", "-1", "number", "-2"])
            ),
            9 => format!(
                "({} | default(value={}))",
                self.page(depth - 1),
                self.page(depth - 1)
            ),
            10 => format!("({} and {})", self.page(depth - 1), self.page(depth - 1)),
            11 => format!("({} or {})", self.page(depth - 1), self.page(depth - 1)),
            12 => format!(
                "({} if {} else {})",
                self.page(depth - 1),
                self.test(depth - 1),
                self.page(depth - 1)
            ),
            13 => {
                let name = self.pick(PAGE_FIELDS);
                format!(
                    "{{...{}, '{name}': {} }}",
                    self.page(depth - 1),
                    self.page(depth - 1)
                )
            }
            14 => format!(
                "{{'a': {}, 'title': {} }}",
                self.page(depth - 1),
                self.text(depth - 1)
            ),
            _ => format!(
                "{}(path='{}')",
                self.pick(&["get_page", "get_section"]),
                self.pick(&["a", "b"])
            ),
        }
    }

    /// Mostly pages.
    fn some_pages(&mut self, depth: usize) -> String {
        match self.dice.below(3) {
            0 => self.list(depth - 1),
            _ if self.in_component => self.list(0),
            1 => format!("{}[:{}]", self.pages(), 1 + self.dice.below(4)),
            _ => self.pages().to_owned(),
        }
    }

    /// A field of something.
    fn field(&mut self, depth: usize) -> String {
        let page = self.page(depth);
        let name = self.pick(PAGE_FIELDS);
        match self.dice.below(9) {
            0 => format!(
                "({page} | get(key='{name}', default={}))",
                self.pick(&["1", "page.title", "words"])
            ),
            1 if page.chars().all(|c| c.is_ascii_alphanumeric() || c == '.') => {
                format!("{page}?['{name}']")
            }
            2 if self.dice.below(3) == 0 => format!(
                "{page}[{}]",
                self.pick(&["section.extra.key", "title", "'title'"])
            ),
            _ if page.ends_with(|c: char| c.is_ascii_alphanumeric()) => {
                format!("{page}{}{name}", self.pick(&[".", "?."]))
            }
            _ => format!("{page}['{name}']"),
        }
    }

    /// A list whose values are pages.
    fn pages(&mut self) -> &'static str {
        self.pick(&[
            "section.pages",
            "page.children",
            "config.extra.menu",
            "y",
            "[p, x]",
        ])
    }

    fn list(&mut self, depth: usize) -> String {
        if self.in_component && (depth == 0 || self.dice.below(25) > 0) {
            return self
                .pick(&[
                    "p.children",
                    "p.extra",
                    "[p, page]",
                    "(p.children | default(value=[]))",
                ])
                .to_owned();
        }
        if depth == 0 {
            return self.pick(LISTS).to_owned();
        }
        match self.dice.below(18) {
            0..=3 | 15 => self.pick(LISTS).to_owned(),
            4 => format!("{}[:{}]", self.list(depth - 1), self.dice.below(5)),
            5 => format!(
                "{}[{}:{}]",
                self.list(depth - 1),
                self.pick(&["0", "1", "-2", ""]),
                self.pick(&["", "2", "-1", "number", "6"])
            ),
            6 => format!(
                "{}[{}:{}:{}]",
                self.list(depth - 1),
                self.pick(&["", "1"]),
                self.pick(&["", "4", "5"]),
                self.pick(&["1", "2", "-1"])
            ),
            7 => format!("({} | reverse)", self.list(depth - 1)),
            8 => format!(
                "({} | sort(attribute='{}'))",
                self.pages(),
                self.pick(&["title", "weight", "extra.kind", "taxonomies.tags.0"])
            ),
            9 => format!("({} | unique)", self.list(depth - 1)),
            10 => format!("[{}, {}]", self.page(depth - 1), self.page(depth - 1)),
            11 => format!("[...{}, {}]", self.list(depth - 1), self.page(depth - 1)),
            12 => format!(
                "[{} for p in {}]",
                self.page(depth - 1),
                self.list(depth - 1)
            ),
            13 => format!(
                "[{} for page in {} if {}]",
                self.field(depth - 1),
                self.list(depth - 1),
                self.test(depth - 1)
            ),
            14 => format!(
                "({} | shuffle{})",
                self.list(depth - 1),
                self.pick(&["", "(seed='x')"])
            ),
            16 => format!(
                "({} | default(value={}))",
                self.list(depth - 1),
                self.list(depth - 1)
            ),
            _ => format!(
                "({} if {} else {})",
                self.list(depth - 1),
                self.test(depth - 1),
                self.list(depth - 1)
            ),
        }
    }

    fn test(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self
                .pick(&["page.draft", "page.lower", "x", "true", "section.pages"])
                .to_owned();
        }
        match self.dice.below(12) {
            0 | 1 => self.field(depth - 1),
            2 => format!(
                "{} is {}",
                self.field(depth - 1),
                self.pick(&[
                    "defined",
                    "not defined",
                    "map",
                    "array",
                    "none",
                    "string",
                    "number",
                    "undefined",
                    "iterable"
                ])
            ),
            3 => format!(
                "({} == {})",
                self.field(depth - 1),
                self.pick(&["'post'", "none", "1", "page.title", "page.lower", "[]", "x"])
            ),
            4 => format!(
                "({} | length) {} {}",
                self.list(depth - 1),
                self.pick(&[">", "==", "<="]),
                self.dice.below(4)
            ),
            5 => format!("(not {})", self.test(depth - 1)),
            6 => format!(
                "({} {} {})",
                self.test(depth - 1),
                self.pick(&["and", "or"]),
                self.test(depth - 1)
            ),
            7 => format!(
                "({} {} {})",
                self.text(depth - 1),
                self.pick(&["in", "not in"]),
                self.list(depth - 1)
            ),
            8 => format!(
                "({} is containing(pat={}))",
                self.list(depth - 1),
                self.text(depth - 1)
            ),
            9 => format!("({} != {})", self.list(depth - 1), self.list(depth - 1)),
            10 => self.list(depth - 1),
            _ => self.page(depth - 1),
        }
    }

    fn text(&mut self, depth: usize) -> String {
        if self.in_component && (depth == 0 || self.dice.below(25) > 0) {
            return self
                .pick(&[
                    "'a'",
                    "p.title",
                    "p.lower",
                    "(p | length)",
                    "p?.lower?.title",
                    "(p ~ 'x')",
                    "(p.title or p)",
                ])
                .to_owned();
        }
        if depth == 0 {
            return self
                .pick(&[
                    "'a'",
                    "page.title",
                    "title",
                    "section.title",
                    "p.title",
                    "p",
                    "x",
                ])
                .to_owned();
        }
        match self.dice.below(14) {
            0..=4 => self.field(depth - 1),
            5 => format!(
                "({} | {})",
                self.field(depth - 1),
                self.pick(&[
                    "str",
                    "safe",
                    "json_encode",
                    "default(value=1)",
                    "str | upper",
                    "str | markdown"
                ])
            ),
            6 => format!(
                "({} ~ {})",
                self.field(depth - 1),
                self.pick(&["'x'", "page.date", "number"])
            ),
            7 => format!("({} | length)", self.list(depth - 1)),
            8 => format!(
                "({} | join(sep={}))",
                self.list(depth - 1),
                self.pick(&["', '", "title"])
            ),
            9 => self.component(depth - 1),
            10 => format!(
                "({} | num_format{})",
                self.pick(&["number", "number"]),
                self.pick(&["", "(locale='fr')"])
            ),
            11 => self
                .pick(&[
                    "number + number",
                    "number * 2",
                    "-number",
                    "__tera_context.page.title",
                    "get_url(path='a')",
                    "get_url(path='@/a')",
                ])
                .to_owned(),
            12 if self.in_block => "super()".to_owned(),
            12 if self.loops > 0 => self
                .pick(&["loop.index", "loop.last", "loop.length", "loop.first"])
                .to_owned(),
            _ => format!(
                "({} if {} else {})",
                self.text(depth - 1),
                self.test(depth - 1),
                self.text(depth - 1)
            ),
        }
    }

    fn attributes(&mut self, depth: usize) -> String {
        let mut out = String::new();
        if self.dice.below(4) > 0 {
            out += &format!(" p={{{} }}", self.page(depth));
        }
        match self.dice.below(6) {
            0 => out += " title",
            1 if self.dice.one_in(2) => {
                out += &format!(
                    " {{...{} }}",
                    self.pick(&[
                        "p.extra",
                        "{'p': page.lower, 'title': title}",
                        "config.extra.names",
                        "p"
                    ])
                )
            }
            2 => out += " page='text'",
            3 => out += &format!(" title={{{} }}", self.field(depth)),
            _ => {}
        }
        out
    }

    fn component(&mut self, depth: usize) -> String {
        if self.in_component {
            return "'none'".to_owned();
        }
        format!(
            "<{}{} />",
            self.pick(&["Card", "Rest", "Rest", "Menu"]),
            self.attributes(depth)
        )
    }

    fn nodes(&mut self, depth: usize) -> String {
        (0..1 + self.dice.below(4))
            .map(|_| self.node(depth))
            .collect()
    }

    fn inner(&mut self, depth: usize, can_block: bool) -> String {
        let before = self.can_block;
        self.can_block &= can_block;
        let out = self.nodes(depth);
        self.can_block = before;
        out
    }

    fn node(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.print();
        }
        match self.dice.below(15) {
            0..=2 => self.print(),
            3 | 4 => {
                let (name, target) = match self.dice.below(6) {
                    0 => ("t", self.list(2)),
                    _ if self.in_component => ("t", self.list(1)),
                    1 => (
                        "title",
                        self.pick(&[
                            "words",
                            "config.extra.names",
                            "page.extra.list",
                            "page.taxonomies.tags",
                        ])
                        .to_owned(),
                    ),
                    2 => (
                        "t",
                        self.pick(&[
                            "config.extra.names",
                            "config.extra",
                            "page.title",
                            "page.lower",
                        ])
                        .to_owned(),
                    ),
                    _ => (self.pick(&["p", "page", "x"]), self.some_pages(2)),
                };
                self.loops += 1;
                let body = self.inner(depth - 1, false);
                let jump = match self.dice.below(4) {
                    0 => format!(
                        "{{% if {} %}}{{% {} %}}{{% endif %}}{}",
                        self.test(1),
                        self.pick(&["break", "continue"]),
                        self.inner(0, false)
                    ),
                    _ => String::new(),
                };
                self.loops -= 1;
                let otherwise = match self.dice.below(3) {
                    0 => format!("{{% else %}}{}", self.inner(depth - 1, false)),
                    _ => String::new(),
                };
                format!("{{% for {name} in {target} %}}{body}{jump}{otherwise}{{% endfor %}}")
            }
            5 if !self.in_component => {
                let target = self.pick(&[
                    "config.extra.names",
                    "page.extra",
                    "(section.pages | group_by(attribute='weight'))",
                    "{'a': page, ...p}",
                    "config.extra",
                ]);
                self.loops += 1;
                let body = self.inner(depth - 1, false);
                self.loops -= 1;
                format!("{{% for k, x in {target} %}}{{{{ k }}}}{body}{{% endfor %}}")
            }
            6 | 7 => {
                let (name, value) = match self.dice.below(4) {
                    0 if !self.in_component => ("y", self.pages().to_owned()),
                    1 => ("title", self.text(2)),
                    _ => (self.pick(PAGES), self.page(2)),
                };
                format!(
                    "{{% {} {name} = {value} %}}",
                    self.pick(&["set", "set_global"])
                )
            }
            8 => {
                let name = self.pick(&["title", "t", "title", "x"]);
                let filter = self.pick(&["", " | upper", " | replace(from='a', to=title)"]);
                format!(
                    "{{% set {name}{filter} %}}{}{{% endset %}}",
                    self.capture(depth - 1)
                )
            }
            9 => format!(
                "{{% filter upper | trim %}}{}{{% endfilter %}}",
                self.capture(depth - 1)
            ),
            10 | 11 => {
                let mut out = format!("{{% if {} %}}{}", self.test(2), self.inner(depth - 1, true));
                if self.dice.below(2) == 0 {
                    out += &format!(
                        "{{% elif {} %}}{}",
                        self.test(2),
                        self.inner(depth - 1, true)
                    );
                }
                if self.dice.below(2) == 0 {
                    out += &format!("{{% else %}}{}", self.inner(depth - 1, true));
                }
                out + "{% endif %}"
            }
            12 if !self.in_component => {
                let name = self.pick(&["Card", "Rest"]);
                let attributes = self.attributes(1);
                format!(
                    "{{% <{name}{attributes}> %}}{}{{% </{name}> %}}",
                    self.capture(depth - 1)
                )
            }
            13 if !self.in_component => format!(
                "{{% include '{}' %}}",
                self.pick(&["part.html", "other.html"])
            ),
            14 if self.can_block && self.loops == 0 => {
                self.blocks += 1;
                let name = format!("b{}", self.blocks);
                format!(
                    "{{% block {name} %}}{}{{% endblock %}}",
                    self.inner(depth - 1, true)
                )
            }
            _ => format!("{{{{ {} }}}}", self.component(1)),
        }
    }

    /// In what is kept, a loop cannot be left.
    fn capture(&mut self, depth: usize) -> String {
        self.inner(depth, true)
    }
}

fn write(seed: u64) -> Case {
    let mut writer = Writer {
        dice: Dice(seed),
        loops: 0,
        in_component: false,
        blocks: 0,
        in_block: false,
        can_block: true,
    };
    let base = format!(
        "{}{{% block one %}}{}{{% endblock %}}{{% block two %}}{{% endblock %}}{}",
        writer.nodes(2),
        writer.nodes(2),
        writer.nodes(1)
    );
    (writer.in_block, writer.can_block) = (true, false);
    let child = format!(
        "{{% extends 'base.html' %}}{{% block one %}}{}{{% endblock %}}{{% block two %}}{}{{% endblock %}}",
        writer.nodes(2),
        writer.nodes(2)
    );
    writer.in_block = false;
    let plain = writer.nodes(3);
    writer.in_component = true;
    let (part, other) = (writer.nodes(2), writer.nodes(1));
    let components = format!(
        "{{% component Card(p = none, @title, page: string = 'none') %}}{}{{% if body is defined %}}{{{{ body }}}}{{% endif %}}{{% endcomponent %}}\
         {{% component Rest(p = none, ...x) %}}{}{{{{ x.title or x.q or x }}}}{{% endcomponent %}}\
         {{% component Menu(p = none, q = [], @title, page = none) %}}{{{{ p.title or 'none' }}}}{{% if p.lower %}}{{{{ <Menu p={{p.lower}} /> }}}}{{% endif %}}{{% endcomponent %}}",
        writer.nodes(1),
        writer.nodes(1),
    );
    let entry = if seed.is_multiple_of(2) {
        ("a.html", plain)
    } else {
        ("a.html", child)
    };
    let texts = [
        entry,
        ("base.html", base),
        ("part.html", part),
        ("other.html", other),
        ("c.html", components),
    ];
    let texts: Vec<(&str, &str)> = texts
        .iter()
        .map(|(name, text)| (*name, text.as_str()))
        .collect();
    let mut case = Case::new(&texts);
    case.entry = "a.html".to_owned();
    case
}

proptest! {
    #[test]
    fn what_is_not_read_makes_no_difference(seed: u64) {
        let outcome = write(seed).check(12);
        prop_assert!(outcome.is_ok(), "{}", outcome.err().unwrap());
    }
}

/// The templates above are such that something can be seen.
#[test]
fn random_templates_render() {
    let (mut taken, mut rendered, mut narrow) = (0, 0, 0);
    for seed in 0..300 {
        let case = write(seed);
        if let Some(outcome) = case.check(0).unwrap() {
            taken += 1;
            rendered += usize::from(outcome.rendered.is_some_and(|text| !text.is_empty()));
            narrow += usize::from(!["everything", "context"].contains(&outcome.reads.as_str()));
        }
    }
    println!("{taken} {rendered} {narrow}");
    assert!(
        taken > 200 && rendered > 60 && narrow > 100,
        "{taken} taken, {rendered} rendered, {narrow} narrow"
    );
}
