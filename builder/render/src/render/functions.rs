//! The global functions of templates (site model, section 9).

mod url;

use super::data;
use super::files::{self, FileMatch};
use super::images;
use super::lookup;
use super::originals;
use super::questions;
use super::scope::{Scope, ask, ask_of_pages, chance, hashed, scope};
use super::values::{self, Detail, View};
use super::world::World;
use crate::graph::{NameQuestion, Neighbours, PageQuestion, TextQuestion};
use quillfront_site::key::SourceKey;
use quillfront_site::library::taxonomies::Term;
use quillfront_templates::budget;
use quillfront_templates::filters::Chance;
use quillfront_templates::reads::{Shape, WHOLE};
use sha2::{Digest, Sha256, Sha384, Sha512};
use std::sync::Arc;
use tera::{Error, Kwargs, State, Tera, Value};

type Answer = Result<Value, Error>;

/// Registers all of them.
pub fn register(tera: &mut Tera) {
    tera.register_function("get_page", counted(get_page));
    tera.register_function("get_section", counted(get_section));
    tera.register_function("get_taxonomy", counted(get_taxonomy));
    tera.register_function("get_taxonomy_term", counted(get_taxonomy_term));
    tera.register_function("get_taxonomy_url", counted(get_taxonomy_url));
    tera.register_function("get_url", counted(get_url));
    tera.register_function("get_hash", counted(get_hash));
    tera.register_function("get_image_metadata", counted(images::get_image_metadata));
    tera.register_function("load_data", counted(load_data));
    tera.register_function("resize_image", counted(images::resize_image));
    tera.register_function("trans", counted(trans));
    tera.register_function("now", counted(now));
    tera.register_function("get_random", counted(get_random));
    tera.register_function("text_direction", counted(text_direction));
    tera.register_function("get_env", counted(get_env));
}

/// Steps of one call.
const CALL_STEPS: u64 = 10;

/// A function that takes steps for each call, and for its arguments. What it answers with was made once
/// for the whole build.
fn counted(
    function: fn(Kwargs, &State) -> Answer,
) -> impl Fn(Kwargs, &State) -> Answer + Send + Sync + 'static {
    move |arguments: Kwargs, state: &State| {
        budget::spend(CALL_STEPS)?;
        budget::of_arguments(&arguments)?;
        function(arguments, state)
    }
}

fn fail<T>(message: impl Into<String>) -> Result<T, Error> {
    Err(Error::message(message.into()))
}

/// A text that may be given as undefined, none or empty, which is not to be given at all.
fn optional(arguments: &Kwargs, name: &str) -> Result<Option<String>, Error> {
    let given = arguments.get::<Value>(name)?;
    let given = given.filter(|value| !value.is_undefined() && !value.is_none());
    let given = given.map(|value| value.to_string());
    Ok(given.filter(|text| !text.is_empty()))
}

/// The language asked for, else the caller's.
fn language(world: &World, arguments: &Kwargs, state: &State) -> Result<String, Error> {
    let asked = match optional(arguments, "lang")? {
        Some(lang) => Some(lang),
        None => state.get::<String>("lang")?,
    };
    let lang = asked.unwrap_or_else(|| world.config.default_language.clone());
    if world.config.languages.contains_key(&lang) {
        return Ok(lang);
    }
    fail(format!("`{lang}` is not a language of this site"))
}

/// What a name is looked up with: the language asked for, else the caller's.
fn named(
    world: &World,
    name: &str,
    arguments: &Kwargs,
    state: &State,
) -> Result<NameQuestion, Error> {
    Ok(NameQuestion {
        name: name.to_owned(),
        lang: language(world, arguments, state)?,
        asked: optional(arguments, "lang")?.is_some(),
    })
}

/// Answers a question about other pages: `named` is what is looked up, and `question` says as what.
/// Functions that look at other pages do not work while Markdown is being rendered. What they ask
/// for is noted, and so are the bodies that are read of the answer and are not at hand.
fn with_contents<T>(
    name: &str,
    named: impl FnOnce(&World) -> Result<NameQuestion, Error>,
    question: impl FnOnce(NameQuestion) -> PageQuestion,
    answer: impl FnOnce(View<'_>, &NameQuestion, &Shape) -> Result<T, Error>,
) -> Result<T, Error> {
    let Scope {
        world,
        contents,
        reader,
    } = scope()?;
    let Some(contents) = contents else {
        return fail(format!(
            "`{name}` works in templates, not in the text of a page"
        ));
    };
    let named = named(&world)?;
    let question = question(named.clone());
    ask_of_pages(&world, &contents, &question);
    let read = reader.map(|reader| reader.shape_of_pages(&question));
    if let Some(shape) = &read {
        questions::need_bodies(&world, &contents, &question, shape);
    }
    let view = View {
        world: &world,
        contents: &contents,
        detail: match read {
            Some(_) => Detail::Read,
            None => Detail::Full,
        },
    };
    answer(view, &named, read.as_deref().unwrap_or(&WHOLE))
}

fn get_page(arguments: Kwargs, state: &State) -> Answer {
    let path = arguments.must_get::<&str>("path")?;
    let allow_missing = arguments.get::<bool>("allow_missing")?.unwrap_or(false);
    let name = |world: &World| named(world, path, &arguments, state);
    with_contents(
        "get_page",
        name,
        PageQuestion::Page,
        |view, named, shape| match lookup::page(view.world, named) {
            (Some(id), _) => Ok(values::page(view, id, shape, Neighbours::Shown)),
            (None, _) if allow_missing => Ok(Value::none()),
            (None, file) => fail(missing(view.world, "page", &file, named)),
        },
    )
}

/// What to say of a content file that is asked for and not there, or not in the language.
fn missing(world: &World, what: &str, file: &str, named: &NameQuestion) -> String {
    if let Some(absence) = world.library.absence(file) {
        return format!("content/{file} {}", absence.told());
    }
    match world.library.permalink_of(file) {
        Some(_) => format!(
            "the {what} content/{file} is not in `{}`; pass its `lang`, or allow_missing=true",
            named.lang
        ),
        None => format!("there is no {what} content/{file}"),
    }
}

fn get_section(arguments: Kwargs, state: &State) -> Answer {
    let path = arguments.must_get::<&str>("path")?;
    let allow_missing = arguments.get::<bool>("allow_missing")?.unwrap_or(false);
    let name = |world: &World| named(world, path, &arguments, state);
    with_contents(
        "get_section",
        name,
        PageQuestion::Section,
        |view, named, shape| match lookup::section(view.world, named) {
            (Some(id), _) => Ok(values::section(view, id, shape)),
            (None, _) if allow_missing => Ok(Value::none()),
            (None, file) => fail(missing(view.world, "section", &file, named)),
        },
    )
}

fn get_taxonomy(arguments: Kwargs, state: &State) -> Answer {
    let kind = arguments.must_get::<&str>("kind")?;
    let required = arguments.get::<bool>("required")?.unwrap_or(true);
    let name = |world: &World| named(world, kind, &arguments, state);
    with_contents(
        "get_taxonomy",
        name,
        PageQuestion::Taxonomy,
        |view, named, shape| match lookup::taxonomy(view.world, kind, &named.lang) {
            Some(taxonomy) => Ok(match view.detail {
                Detail::Full => view.contents.taxonomy_value(view.world, taxonomy),
                _ => values::taxonomy(view, taxonomy, shape),
            }),
            None if !required => Ok(Value::none()),
            None => fail(format!("there is no taxonomy `{kind}`")),
        },
    )
}

fn find_term<'a>(world: &'a World, kind: &str, term: &str, lang: &str) -> Result<&'a Term, Error> {
    match lookup::term(world, kind, term, lang) {
        Some(term) => Ok(term),
        None if lookup::taxonomy(world, kind, lang).is_none() => {
            fail(format!("there is no taxonomy `{kind}`"))
        }
        None => fail(format!("`{kind}` has no term `{term}`")),
    }
}

fn get_taxonomy_term(arguments: Kwargs, state: &State) -> Answer {
    let kind = arguments.must_get::<&str>("kind")?;
    let term = arguments.must_get::<&str>("term")?;
    let include_pages = arguments.get::<bool>("include_pages")?.unwrap_or(true);
    let required = arguments.get::<bool>("required")?.unwrap_or(true);
    let name = |world: &World| named(world, kind, &arguments, state);
    let question = |kind| PageQuestion::Term {
        kind,
        term: term.to_owned(),
        pages: include_pages,
    };
    with_contents(
        "get_taxonomy_term",
        name,
        question,
        |view, named, shape| match find_term(view.world, kind, term, &named.lang) {
            Ok(term) => Ok(values::term(view, term, include_pages, shape)),
            Err(_) if !required => Ok(Value::none()),
            Err(error) => Err(error),
        },
    )
}

fn get_taxonomy_url(arguments: Kwargs, state: &State) -> Answer {
    let world = scope()?.world;
    let kind = arguments.must_get::<&str>("kind")?;
    let name = match arguments.get::<&str>("term")? {
        Some(term) => term,
        None => arguments.must_get::<&str>("name")?,
    };
    let required = arguments.get::<bool>("required")?.unwrap_or(true);
    let lang = language(&world, &arguments, state)?;
    ask(&world, || TextQuestion::TermUrl {
        kind: kind.to_owned(),
        term: name.to_owned(),
        lang: lang.clone(),
    });
    if !required && lookup::taxonomy(&world, kind, &lang).is_none() {
        return Ok(Value::none());
    }
    find_term(&world, kind, name, &lang).map(|term| Value::from(term.permalink.as_str()))
}

fn get_url(arguments: Kwargs, state: &State) -> Answer {
    let scope = scope()?;
    let world = &scope.world;
    // A path that is not defined is the site's address.
    let path = arguments.must_get::<Value>("path")?;
    let path = if path.is_undefined() || path.is_none() {
        String::new()
    } else {
        path.to_string()
    };
    let path = path.as_str();
    let trailing_slash = arguments.get::<bool>("trailing_slash")?.unwrap_or(false);
    let cachebust = arguments.get::<bool>("cachebust")?.unwrap_or(false);
    if let Some(inner) = path.strip_prefix("@/") {
        // Of `a.md#b#c` as links in texts have it.
        let mut parts = inner.split('#');
        let (file, anchor) = (parts.next().unwrap_or_default(), parts.next());
        let lang = language(world, &arguments, state)?;
        ask(world, || TextQuestion::Link {
            path: file.to_owned(),
            lang: lang.clone(),
        });
        let exists = |file: &str| world.library.permalink_of(file).is_some();
        let file = lookup::localized(world, file, &lang, exists);
        return match (world.library.permalink_of(&file), anchor) {
            (Some(permalink), Some(anchor)) => Ok(Value::from(format!("{permalink}#{anchor}"))),
            (Some(permalink), None) => Ok(Value::from(permalink)),
            (None, _) => match world.library.asset_path(&file, &lang, &world.config) {
                Some(path) => Ok(Value::from(world.config.make_file_url(&path))),
                None => match world.library.held_at(&file) {
                    Some(held) => fail(format!("content/{file} is held until {}", held.shown)),
                    None => fail(format!("there is no page or section content/{file}")),
                },
            },
        };
    }
    let with_lang = match optional(&arguments, "lang")? {
        Some(lang) if lang != world.config.default_language => {
            let inner = path.trim_start_matches('/');
            if inner.split('/').next() == Some(lang.as_str()) {
                path.to_owned()
            } else {
                format!("/{lang}/{inner}")
            }
        }
        _ => path.to_owned(),
    };
    let mut url = world.config.make_permalink(&with_lang);
    if !trailing_slash && !path.ends_with('/') && url.ends_with('/') {
        url.pop();
    }
    if cachebust {
        let bytes = must_read(&scope, path)?;
        budget::spend_bytes(bytes.len())?;
        url.push_str("?h=");
        url.push_str(&hex::encode(Sha256::digest(&bytes))[..20]);
    }
    Ok(Value::from(url))
}

/// The bytes behind a path argument, as they are published; none at all where they are not at hand yet, since what is
/// rendered with them is thrown away.
fn must_read(scope: &Scope, path: &str) -> Result<Arc<[u8]>, Error> {
    ask(&scope.world, || TextQuestion::File(path.to_owned()));
    match files::find(&scope.world, path)? {
        Some(found) => {
            let bytes = files::read(scope, &found)?.unwrap_or_default();
            Ok(originals::as_published(&scope.world, found.name(), bytes))
        }
        None => fail(format!("there is no file `{path}`")),
    }
}

fn get_hash(arguments: Kwargs, _: &State) -> Answer {
    let sha_type = arguments.get::<u64>("sha_type")?.unwrap_or(384);
    let base64 = arguments.get::<bool>("base64")?.unwrap_or(true);
    only_one_source("get_hash", &arguments)?;
    let literal = arguments.get::<&str>("literal")?;
    let bytes: Arc<[u8]> = match literal {
        Some(literal) => Arc::from(literal.as_bytes()),
        None => must_read(&scope()?, arguments.must_get::<&str>("path")?)?,
    };
    budget::spend_bytes(bytes.len())?;
    let digest = match sha_type {
        256 => Sha256::digest(&bytes).to_vec(),
        384 => Sha384::digest(&bytes).to_vec(),
        512 => Sha512::digest(&bytes).to_vec(),
        other => return fail(format!("sha_type must be 256, 384 or 512, not {other}")),
    };
    Ok(Value::from(if base64 {
        use base64::Engine;
        let hash = base64::engine::general_purpose::STANDARD.encode(digest);
        // What is not a file of the site stands for no script of it.
        if literal.is_none() {
            hashed(format!("sha{sha_type}-{hash}"));
        }
        hash
    } else {
        hex::encode(digest)
    }))
}

fn load_data(arguments: Kwargs, _: &State) -> Answer {
    let scope = scope()?;
    let world = &scope.world;
    if let Some(url) = arguments.get::<&str>("url")? {
        return url::load(world, url, &arguments);
    }
    only_one_source("load_data", &arguments)?;
    let required = arguments.get::<bool>("required")?.unwrap_or(true);
    let format = arguments.get::<&str>("format")?;
    let (name, text) = match arguments.get::<&str>("literal")? {
        Some(literal) => (None, literal.to_owned()),
        None => {
            let path = arguments.must_get::<&str>("path")?;
            ask(world, || TextQuestion::File(path.to_owned()));
            let Some(found) = files::find(world, path)? else {
                return if required {
                    fail(format!("there is no file `{path}`"))
                } else {
                    Ok(Value::none())
                };
            };
            let Some(text) = text_of(&scope, &found)? else {
                return Ok(Value::none());
            };
            (Some(found.into_key()), text)
        }
    };
    let by_name = name.as_ref().map(|key| data::format_of(key.name()));
    let format = format.or(by_name).unwrap_or("plain");
    let shown = name.as_ref().map_or("the literal", SourceKey::as_str);
    budget::spend_bytes(text.len())?;
    data::parse(&text, format).map_err(|message| Error::message(format!("{shown}: {message}")))
}

/// None as in [`files::read`].
fn text_of(scope: &Scope, found: &FileMatch) -> Result<Option<String>, Error> {
    let bytes = files::read(scope, found)?;
    bytes
        .map(|bytes| String::from_utf8(bytes.to_vec()))
        .transpose()
        .map_err(|_| Error::message(format!("`{}` is not UTF-8 text", found.name())))
}

fn only_one_source(function: &str, arguments: &Kwargs) -> Result<(), Error> {
    if arguments.get::<&str>("path")?.is_some() && arguments.get::<&str>("literal")?.is_some() {
        return fail(format!("{function} takes `path` or `literal`, not both"));
    }
    Ok(())
}

fn trans(arguments: Kwargs, state: &State) -> Answer {
    let world = scope()?.world;
    let key = arguments.must_get::<&str>("key")?;
    let lang = language(&world, &arguments, state)?;
    match world.config.languages[&lang].translations.get(key) {
        Some(text) => Ok(Value::from(text.as_str())),
        None => fail(format!("there is no translation of `{key}` to `{lang}`")),
    }
}

/// A whole number from `start` up to but without `end`. What it is follows from the page that is
/// rendered and the calls before it, or from `seed` alone (invariant 3).
fn get_random(arguments: Kwargs, _: &State) -> Answer {
    let start = arguments.get::<i64>("start")?.unwrap_or(0);
    let end = arguments.must_get::<i64>("end")?;
    if start >= end {
        return fail(format!(
            "get_random: start ({start}) must be less than end ({end})"
        ));
    }
    let bound = end.abs_diff(start);
    let offset = match arguments.get::<Value>("seed")? {
        Some(seed) => Chance::seeded(&seed.to_string()).below(bound),
        None => chance(bound)?,
    };
    Ok(Value::from(start.wrapping_add_unsigned(offset)))
}

/// Languages that are written from right to left.
const RIGHT_TO_LEFT: &[&str] = &[
    "ar", "arc", "ckb", "dv", "fa", "he", "ks", "nqo", "ps", "sd", "syr", "ug", "ur", "yi",
];

/// `ltr` or `rtl`, for the attribute `dir`.
fn text_direction(arguments: Kwargs, state: &State) -> Answer {
    let world = scope()?.world;
    let lang = language(&world, &arguments, state)?.to_lowercase();
    let mut parts = lang.split(['-', '_']);
    let base = parts.next().unwrap_or_default();
    let right_to_left = match parts.find(|part| part.len() == 4) {
        Some(script) => matches!(script, "arab" | "hebr" | "syrc" | "thaa" | "nkoo"),
        None => RIGHT_TO_LEFT.contains(&base),
    };
    Ok(Value::from(if right_to_left { "rtl" } else { "ltr" }))
}

fn now(arguments: Kwargs, _: &State) -> Answer {
    let world = scope()?.world;
    ask(&world, || TextQuestion::Now);
    let now = world.settings.now;
    if arguments.get::<bool>("timestamp")?.unwrap_or(false) {
        return Ok(Value::from(now.as_second()));
    }
    Ok(Value::from(now.to_string()))
}

/// A text from `[env]` in `quillfront.toml`; never the environment (invariant 3).
fn get_env(arguments: Kwargs, _: &State) -> Answer {
    let world = scope()?.world;
    let name = arguments.must_get::<&str>("name")?;
    match (world.own.env.get(name), arguments.get::<Value>("default")?) {
        (Some(text), _) => Ok(Value::from(text.as_str())),
        (None, Some(default)) => Ok(default),
        (None, None) => fail(format!(
            "`{name}` is not set: the environment is not read; set it in quillfront.toml under \
             [env], or give a `default`"
        )),
    }
}
