//! Renders with what is not read changed: the output must be the same.

use super::printed::printed;
use super::*;
use std::sync::{Arc, Mutex};
use tera::value::{Key, Map};
use tera::{Context, Error, Kwargs, State, Tera, Value};

/// Numbers that look like chance.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % bound as u64) as usize
    }

    pub fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }
}

type Variables = BTreeMap<String, Value>;
/// Function and its one argument, to what it answers.
type Answers = BTreeMap<(String, String), Value>;

/// An engine with stand-ins for the functions and the filter that know a site.
struct Engine {
    tera: Tera,
    answers: Arc<Mutex<Answers>>,
}

const FUNCTIONS: &[(&str, &str, bool)] = &[
    ("get_page", "path", true),
    ("get_section", "path", true),
    ("get_taxonomy", "kind", true),
    ("get_url", "path", true),
    ("load_data", "path", false),
];

impl Engine {
    fn new(texts: &BTreeMap<String, String>, prefixes: &[String]) -> Result<Self, Error> {
        let mut tera = Tera::default();
        crate::filters::register(&mut tera);
        let answers: Arc<Mutex<Answers>> = Arc::default();
        for (function, argument, of_a_language) in FUNCTIONS {
            let answers = Arc::clone(&answers);
            let answer = move |arguments: Kwargs, state: &State| {
                let asked = arguments.must_get::<&str>(argument)?.to_owned();
                let plain = *function == "get_url" && !asked.starts_with("@/");
                let lang = arguments.get::<String>("lang")?;
                if *of_a_language
                    && !plain
                    && lang.is_none()
                    && state.get::<String>("lang")?.as_deref() != Some("en")
                {
                    return Err(Error::message("of another language"));
                }
                let answers = answers.lock().unwrap();
                match answers.get(&((*function).to_owned(), asked.clone())) {
                    Some(answer) => Ok(answer.clone()),
                    None => Err(Error::message("no answer")),
                }
            };
            tera.register_function(*function, answer);
        }
        tera.register_filter("markdown", |text: &str, _: Kwargs, state: &State| {
            let lang = state.get::<Value>("lang")?;
            let mut out = format!("{text}/{lang:?}");
            for name in ["page", "section"] {
                let value = state.get::<Value>(name)?;
                let link = value
                    .as_ref()
                    .and_then(|value| value.get_from_path("permalink"));
                if let Some(link) = link.and_then(Value::as_str) {
                    out += link;
                    break;
                }
            }
            Ok::<_, Error>(Value::safe_string(&out))
        });
        // The engine's own has an order of chance.
        tera.register_filter(
            "group_by",
            |items: &[Value], arguments: Kwargs, _: &State| {
                let mut groups: Vec<(Key<'static>, Vec<Value>)> = Vec::new();
                if items.is_empty() {
                    return Ok(Map::new());
                }
                let attribute = arguments.must_get::<&str>("attribute")?;
                for item in items {
                    let found = item.get_from_path(attribute);
                    let found = found.ok_or_else(|| Error::message("no such attribute"))?;
                    let key = match (found.as_str(), found.as_i64()) {
                        _ if found.is_none() => continue,
                        (Some(text), _) => Key::from(text.to_owned()),
                        (_, Some(number)) => Key::I64(number),
                        _ => return Err(Error::message("no key")),
                    };
                    match groups.iter_mut().find(|(own, _)| *own == key) {
                        Some((_, group)) => group.push(item.clone()),
                        None => groups.push((key, vec![item.clone()])),
                    }
                }
                Ok(groups
                    .into_iter()
                    .map(|(key, group)| (key, Value::from(group)))
                    .collect::<Map>())
            },
        );
        tera.set_fallback_prefixes(prefixes.to_vec())?;
        tera.add_raw_templates(texts.iter())?;
        Ok(Self { tera, answers })
    }

    fn render(&self, entry: &str, variables: &Variables, answers: &Answers) -> Option<String> {
        *self.answers.lock().unwrap() = answers.clone();
        let mut context = Context::new();
        for (name, value) in variables {
            context.insert_value(name.clone(), value.clone());
        }
        self.tera.render(entry, &context).ok()
    }
}

pub fn map(fields: &[(&str, Value)]) -> Value {
    let fields = fields
        .iter()
        .map(|(name, value)| (Key::from((*name).to_owned()), value.clone()));
    Value::from(fields.collect::<Map>())
}

fn text(text: &str) -> Value {
    Value::from(text)
}

fn page(number: usize, depth: usize) -> Value {
    let tags = [text("rust"), text("web"), text(&format!("tag{number}"))];
    let mut fields = vec![
        ("title", text(&format!("Page <{number}>"))),
        (
            "content",
            Value::safe_string(&format!("<p>Content {number}</p>")),
        ),
        (
            "summary",
            if number.is_multiple_of(2) {
                Value::none()
            } else {
                text("sum")
            },
        ),
        ("date", text(&format!("2024-01-{:02}", 1 + number % 5))),
        ("permalink", text(&format!("https://a.example/{number}/"))),
        ("draft", Value::from(number.is_multiple_of(2))),
        ("weight", Value::from((number * 7 % 5) as i64)),
        ("taxonomies", map(&[("tags", Value::from(tags.to_vec()))])),
        (
            "extra",
            map(&[
                ("kind", text("post")),
                (
                    "list",
                    Value::from(vec![
                        Value::from(1_i64),
                        Value::from(2_i64),
                        Value::from(3_i64),
                    ]),
                ),
                ("empty", map(&[])),
            ]),
        ),
    ];
    if depth > 0 {
        fields.push(("lower", page(number + 1, depth - 1)));
        fields.push(("higher", page(number + 2, depth - 1)));
        fields.push((
            "children",
            Value::from(vec![
                page(number + 3, depth - 1),
                page(number + 4, depth - 1),
            ]),
        ));
    } else {
        fields.push(("lower", Value::none()));
        fields.push(("children", Value::from(Vec::<Value>::new())));
    }
    map(&fields)
}

/// A site for templates to look at.
pub fn variables() -> Variables {
    let pages: Vec<Value> = (0..13).map(|number| page(number, 1)).collect();
    let section = map(&[
        ("title", text("Section")),
        ("content", text("About")),
        ("permalink", text("https://a.example/s/")),
        ("pages", Value::from(pages)),
        (
            "extra",
            map(&[("limit", Value::from(2_i64)), ("key", text("title"))]),
        ),
    ]);
    let config = map(&[
        ("title", text("Site")),
        ("base_url", text("https://a.example")),
        ("default_language", text("en")),
        (
            "extra",
            map(&[
                ("menu", Value::from(vec![page(20, 2), page(21, 1)])),
                ("names", map(&[("a", text("A")), ("b", text("B"))])),
            ]),
        ),
    ]);
    [
        ("page", page(0, 3)),
        ("section", section),
        ("config", config),
        ("lang", text("en")),
        ("current_path", text("/a/")),
        ("title", text("Title")),
        ("number", Value::from(3_i64)),
        ("p", page(30, 2)),
        ("x", page(31, 2)),
        ("y", Value::from(vec![page(32, 1), page(33, 1)])),
        ("words", Value::from(vec![text("a"), text("b"), text("a")])),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

fn answers() -> Answers {
    let section = variables()["section"].clone();
    let items = Value::from((0..3).map(|number| page(number, 0)).collect::<Vec<_>>());
    let taxonomy = map(&[("name", text("tags")), ("items", items)]);
    let mut all = Answers::new();
    for asked in ["a", "b", "@/a"] {
        for (function, answer) in [
            ("get_page", page(7, 2)),
            ("get_section", section.clone()),
            ("get_taxonomy", taxonomy.clone()),
            ("get_url", text(&format!("/{asked}/"))),
            (
                "load_data",
                map(&[
                    ("rows", Value::from(vec![text("x"), text("y")])),
                    ("name", text("n")),
                ]),
            ),
        ] {
            all.insert((function.to_owned(), asked.to_owned()), answer);
        }
    }
    all
}

const NAMES: &[&str] = &[
    "title",
    "content",
    "pages",
    "lower",
    "higher",
    "extra",
    "kind",
    "list",
    "permalink",
    "tags",
    "a",
    "x1",
    "x2",
];

/// Any value.
fn anything(dice: &mut Dice, depth: usize) -> Value {
    match dice.below(if depth == 0 { 6 } else { 9 }) {
        0 => Value::none(),
        1 => Value::from(dice.one_in(2)),
        2 => Value::from(dice.below(5) as i64 - 1),
        3 => Value::from(dice.below(9) as f64 / 2.0),
        4 => Value::safe_string("<b>changed</b>"),
        5 => text(["", "changed", "<i>"][dice.below(3)]),
        6 => Value::from(
            (0..dice.below(4))
                .map(|_| anything(dice, depth - 1))
                .collect::<Vec<_>>(),
        ),
        _ => {
            let fields = (0..dice.below(4)).map(|_| {
                let name = NAMES[dice.below(NAMES.len())];
                (Key::from(name.to_owned()), anything(dice, depth - 1))
            });
            Value::from(fields.collect::<Map>())
        }
    }
}

/// The value with anything changed that the shape does not read.
fn changed(dice: &mut Dice, value: &Value, shape: Option<&Shape>) -> Value {
    let parts = match shape {
        None if dice.one_in(4) => return value.clone(),
        None => return anything(dice, 3),
        Some(Shape::Whole) => return value.clone(),
        Some(Shape::Parts(parts)) => parts,
    };
    if let Some(map) = value.as_map() {
        if parts.items.is_some() || map.is_empty() {
            return value.clone();
        }
        return changed_map(dice, map, parts);
    }
    if let Some(list) = value.as_array() {
        return Value::from(changed_list(dice, list, parts));
    }
    value.clone()
}

fn changed_map(dice: &mut Dice, map: &Map, parts: &Parts) -> Value {
    let is_read = |name: &str| parts.fields.contains_key(name);
    let mut fields: Vec<(Key<'static>, Value)> = Vec::new();
    let mut lost = 0;
    for (key, value) in map {
        let shape = key.as_str().and_then(|name| parts.fields.get(name));
        if shape.is_none() && dice.one_in(3) {
            lost += 1;
        } else {
            fields.push((key.clone(), changed(dice, value, shape)));
        }
    }
    let more = if parts.length {
        lost
    } else {
        dice.below(3).max(usize::from(fields.is_empty()))
    };
    let mut made = 0;
    for number in 0.. {
        if made == more {
            break;
        }
        let name = match NAMES.get(dice.below(2 * NAMES.len())) {
            Some(name) => (*name).to_owned(),
            None => format!("new{number}"),
        };
        if !is_read(&name)
            && fields
                .iter()
                .all(|(key, _)| key.as_str() != Some(name.as_str()))
        {
            fields.push((Key::from(name), anything(dice, 2)));
            made += 1;
        }
    }
    let turn = dice.below(fields.len().max(1));
    fields.rotate_left(turn);
    Value::from(fields.into_iter().collect::<Map>())
}

fn changed_list(dice: &mut Dice, list: &[Value], parts: &Parts) -> Vec<Value> {
    if list.is_empty() {
        return Vec::new();
    }
    let (kept, shape) = match &parts.items {
        None => (0, None),
        Some(items) => (
            items.first.unwrap_or(list.len()).min(list.len()),
            Some(&items.shape),
        ),
    };
    let all = match &parts.items {
        Some(items) => items.first.is_none_or(|first| list.len() < first),
        None => false,
    };
    let len = match () {
        () if parts.length || all => list.len(),
        () => (kept + dice.below(4)).max(1),
    };
    let keep = list[..kept].iter();
    let mut out: Vec<Value> = keep.map(|value| changed(dice, value, shape)).collect();
    while out.len() < len {
        out.push(match list.get(out.len()) {
            Some(value) if dice.one_in(2) => value.clone(),
            _ => anything(dice, 3),
        });
    }
    out
}

/// Templates, the first of which is rendered.
pub struct Case {
    pub texts: BTreeMap<String, String>,
    pub prefixes: Vec<String>,
    pub entry: String,
    pub variables: Variables,
}

/// What became of a case.
pub struct Outcome {
    pub reads: String,
    /// It rendered, before anything was changed.
    pub rendered: Option<String>,
}

impl Case {
    pub fn new(texts: &[(&str, &str)]) -> Self {
        Self {
            entry: texts[0].0.to_owned(),
            texts: texts
                .iter()
                .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
                .collect(),
            prefixes: Vec::new(),
            variables: variables(),
        }
    }

    /// Renders it as it is and with `rounds` changes of what is not read. None where the engine
    /// refuses the templates. The error is a change that made a difference.
    pub fn check(&self, rounds: u64) -> Result<Option<Outcome>, String> {
        let Ok(engine) = Engine::new(&self.texts, &self.prefixes) else {
            return Ok(None);
        };
        let reads = Set::new(&self.texts, &self.prefixes).reads(&self.entry);
        let answers = answers();
        let rendered = engine.render(&self.entry, &self.variables, &answers);
        for round in 0..rounds {
            let dice = &mut Dice(round);
            let mut variables = self.variables.clone();
            for (name, value) in &self.variables {
                let shape = reads.variable(name);
                if shape.is_none() && dice.one_in(3) {
                    variables.remove(name);
                } else {
                    variables.insert(name.clone(), changed(dice, value, shape));
                }
            }
            for name in NAMES {
                if reads.variable(name).is_none() && dice.one_in(3) {
                    variables.insert((*name).to_owned(), anything(dice, 2));
                }
            }
            let mut other = Answers::new();
            for ((function, asked), answer) in &answers {
                let of = FUNCTIONS
                    .iter()
                    .find(|(name, ..)| name == function)
                    .unwrap()
                    .1;
                let argument = |name: &str| (name == of).then(|| asked.clone());
                let shape = reads.answer(function, &argument);
                other.insert(
                    (function.clone(), asked.clone()),
                    changed(dice, answer, Some(&shape)),
                );
            }
            let again = engine.render(&self.entry, &variables, &other);
            if again != rendered {
                return Err(format!(
                    "reads {}\nround {round}\n{rendered:?}\nbecame\n{again:?}\nof {:?}",
                    printed(&reads),
                    self.texts
                ));
            }
        }
        Ok(Some(Outcome {
            reads: printed(&reads),
            rendered,
        }))
    }
}

/// Checks templates, the first of which must render and read what is expected.
#[track_caller]
pub fn case(texts: &[(&str, &str)], expected: &str) {
    let outcome = Case::new(texts)
        .check(150)
        .unwrap_or_else(|error| panic!("{error}"));
    let outcome = outcome.unwrap_or_else(|| panic!("the engine refuses {texts:?}"));
    assert!(
        outcome.rendered.is_some(),
        "{texts:?} does not render; it reads {}",
        outcome.reads
    );
    assert_eq!(outcome.reads, expected, "{texts:?}");
}
