//! What one Markdown file says of itself: front matter, and what follows from it and from the
//! file's place (site model, sections 2, 4, 5 and 6).

use crate::config::{Config, is_language_code};
use crate::dates::{self, Date};
use crate::diagnostic::Diagnostic;
use crate::front_matter::head::{Front, Head};
use crate::front_matter::{PageFrontMatter, SectionFrontMatter};
use crate::key::SourceKey;
use crate::slugs;
use quillfront_markdown as markdown;
use smol_str::SmolStr;
use std::sync::Arc;

/// Where a content file lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The source.
    pub key: SourceKey,
    /// Language code; the default one where the name has none.
    pub lang: SmolStr,
    /// True for `index.md`: a page with its folder for itself.
    pub bundle: bool,
    /// The file's name without `.md` and language, or the bundle's folder name.
    pub stem: SmolStr,
    /// Folders above, below `content/`; a bundle's own folder is not among them. The files of a folder
    /// share them.
    pub folders: Arc<[String]>,
}

impl Place {
    /// Relative to `content/`: `blog/post.md`.
    pub fn relative(&self) -> &str {
        relative(&self.key)
    }

    /// The folder of a bundle, relative to `content/`.
    pub fn own_folder(&self) -> Option<&str> {
        let folder = self.relative().rsplit_once('/').map(|(folder, _)| folder);
        folder.filter(|_| self.bundle)
    }
}

fn relative(key: &SourceKey) -> &str {
    key.as_str()
        .strip_prefix("content/")
        .unwrap_or(key.as_str())
}

/// The body of a content file: a part of its text, which may be kept elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BodyText {
    start: usize,
    /// 1-based line of the file on which the body starts.
    first_line: u32,
}

impl BodyText {
    /// The Markdown, of the text of the file.
    pub fn of<'a>(&self, text: &'a str) -> &'a str {
        text.get(self.start..).unwrap_or_default()
    }

    /// Returns the line of the file that a line of the body is, both counted from 1. Either may come from
    /// a state: no number makes it overflow.
    pub fn line_of_file(&self, line: u32) -> u32 {
        self.first_line.saturating_add(line.saturating_sub(1))
    }

    fn of_head(head: &Head) -> Self {
        Self {
            start: head.body_start as usize,
            first_line: head.body_line,
        }
    }
}

/// A page.
#[derive(Debug, Clone)]
pub struct Page {
    /// Where its file lies.
    pub place: Place,
    /// Its front matter.
    pub front: Arc<PageFrontMatter>,
    /// Its Markdown.
    pub body: BodyText,
    /// Date of the front matter, else of the file's name.
    pub date: Option<Date>,
    /// Last part of its path.
    pub slug: SmolStr,
    /// Full URL; it ends with the path.
    pub permalink: String,
    /// Bytes of the path.
    path_length: usize,
    /// Unicode words of the body.
    pub word_count: usize,
    /// Whole minutes.
    pub reading_time: usize,
}

impl Page {
    /// Path below the base URL, with `/` at both ends: `/blog/post/`.
    pub fn path(&self) -> &str {
        &self.permalink[self.permalink.len() - self.path_length..]
    }
}

/// A section.
#[derive(Debug, Clone)]
pub struct Section {
    /// Where its `_index.md` lies, or would lie.
    pub place: Place,
    /// Its front matter.
    pub front: Arc<SectionFrontMatter>,
    /// Its Markdown.
    pub body: BodyText,
    /// Path below the base URL: `/blog/`.
    pub path: String,
    /// Full URL.
    pub permalink: String,
    /// Unicode words of the body.
    pub word_count: usize,
    /// Whole minutes.
    pub reading_time: usize,
}

/// What a content file is.
#[derive(Debug, Clone)]
pub enum Content {
    /// A page.
    Page(Box<Page>),
    /// A section.
    Section(Box<Section>),
}

/// The folders of the file that was looked at last: the next one is mostly beside it.
#[derive(Debug, Default)]
pub struct LastFolder {
    /// Relative to `content/`.
    folder: String,
    parts: Arc<[String]>,
}

impl LastFolder {
    fn parts(&mut self, folder: &str) -> Arc<[String]> {
        if folder != self.folder {
            let parts = folder.split('/').filter(|part| !part.is_empty());
            self.parts = parts.map(str::to_owned).collect();
            folder.clone_into(&mut self.folder);
        }
        self.parts.clone()
    }
}

/// What follows from the head of a content file under a configuration.
///
/// # Errors
/// A name with an unknown language or with nothing that an address can have, an `index.md` at the
/// root.
pub fn read(
    key: &SourceKey,
    head: &Head,
    config: &Config,
    last: &mut LastFolder,
) -> Result<Content, Box<Diagnostic>> {
    let place = place(key, config, last)?;
    let body = BodyText::of_head(head);
    let words = head.length.word_count(&place.lang);
    let minutes = markdown::reading_time_minutes(words, &place.lang);
    let front = match &head.front {
        Front::Page(front) => front.clone(),
        Front::Section(front) => {
            let path = section_path(&place, config);
            let permalink = config.make_permalink(&path);
            let section = Section {
                place,
                front: front.clone(),
                body,
                path,
                permalink,
                word_count: words,
                reading_time: minutes,
            };
            return Ok(Content::Section(Box::new(section)));
        }
    };
    let (name_date, name) = match dates::from_filename(&place.stem) {
        Some((date, rest)) => (Some(date), rest),
        None => (None, place.stem.as_str()),
    };
    let slug = match &front.slug {
        Some(slug) => slugs::slugify_path(slug, config.slugify.paths),
        None => {
            let named = if config.slugify.paths_keep_dates {
                &place.stem
            } else {
                name
            };
            slugs::slugify_path(named, config.slugify.paths)
        }
    };
    let path = match &front.path {
        Some(path) => with_slashes(path.trim().trim_matches('/')),
        // It would have the address of its section.
        None if slug.trim_matches('/').is_empty() => {
            return Err(Box::new(without_slug(&place, front.slug.as_deref(), name)));
        }
        None => {
            let folders = place.folders.iter().map(String::as_str);
            let parts = language_part(&place.lang, config).chain(folders);
            path_of(parts.chain([slug.as_str()]))
        }
    };
    let permalink = config.make_permalink(&path);
    let date = front.date.or(name_date);
    Ok(Content::Page(Box::new(Page {
        place,
        front,
        body,
        date,
        slug: slug.into(),
        permalink,
        path_length: path.len(),
        word_count: words,
        reading_time: minutes,
    })))
}

/// A page whose address would be that of its section.
fn without_slug(place: &Place, slug: Option<&str>, name: &str) -> Diagnostic {
    let file = place.key.as_str();
    let (what, text, hint) = match slug {
        Some(slug) => (
            "slug",
            slug,
            "give it another `slug`, with a letter or a digit in it",
        ),
        None => (
            "file's name",
            name,
            "give it a `slug` in its front matter, or a name with a letter or a digit in it",
        ),
    };
    let message = format!(
        "the {what} `{text}` has no characters that an address can contain, so the page would be \
         at the address of its section; it is not published"
    );
    let problem = Diagnostic::error("slug", file, message).hint(hint);
    match slug {
        Some(_) => problem.about(&["slug"]),
        None => problem,
    }
}

/// The URL that a content file would have if it were there, by its path relative to `content/` alone.
pub fn address(relative: &str, config: &Config) -> String {
    if !relative.ends_with(".md") {
        return config.make_file_url(relative);
    }
    let key = SourceKey::from(format!("content/{relative}"));
    let head = Head::read(key.as_str(), "+++\n+++\n");
    let content = head.map(|head| read(&key, &head, config, &mut LastFolder::default()));
    match content {
        Ok(Ok(Content::Page(page))) => page.permalink,
        Ok(Ok(Content::Section(section))) => section.permalink,
        Ok(Err(_)) | Err(_) => config.make_permalink(relative.trim_end_matches(".md")),
    }
}

/// The section that a folder has when no file defines it.
pub fn default_section(lang: &str, config: &Config) -> Section {
    let name = if lang == config.default_language {
        "_index.md".to_owned()
    } else {
        format!("_index.{lang}.md")
    };
    let place = Place {
        key: SourceKey::from(format!("content/{name}")),
        lang: lang.into(),
        bundle: false,
        stem: "_index".into(),
        folders: Arc::default(),
    };
    let path = section_path(&place, config);
    let permalink = config.make_permalink(&path);
    let front = Arc::new(SectionFrontMatter::default());
    // No file, no text.
    let body = BodyText {
        start: 0,
        first_line: 1,
    };
    Section {
        place,
        front,
        body,
        path,
        permalink,
        word_count: 0,
        reading_time: 0,
    }
}

fn place(key: &SourceKey, config: &Config, last: &mut LastFolder) -> Result<Place, Diagnostic> {
    let relative = relative(key);
    let (folder, name) = relative.rsplit_once('/').unwrap_or(("", relative));
    let mut folders = last.parts(folder);
    let name = name.strip_suffix(".md").unwrap_or(name);
    let (mut stem, lang) = language(key, name, config)?;
    let bundle = stem == "index";
    if bundle {
        let Some((own, above)) = folders.split_last() else {
            let message = "the root of the content cannot be a page";
            return Err(Diagnostic::error("content", key.as_str(), message)
                .hint("name it content/_index.md"));
        };
        stem = own.into();
        folders = above.into();
    }
    Ok(Place {
        key: key.clone(),
        lang,
        bundle,
        stem,
        folders,
    })
}

/// Stem and language of a file name. On a site with several languages any dot starts a language
/// code; the default language's code is understood but stays in the name (site model, 2 and 23).
fn language(
    key: &SourceKey,
    name: &str,
    config: &Config,
) -> Result<(SmolStr, SmolStr), Diagnostic> {
    let default = || SmolStr::from(&config.default_language);
    if config.languages.len() <= 1 {
        // A section by another name, which would take the place of the real one.
        return match name.strip_prefix("_index.") {
            Some(code) if code != config.default_language => Err(undeclared(key, code, config)),
            _ => Ok((name.into(), default())),
        };
    }
    let Some((stem, code)) = name.split_once('.') else {
        return Ok((name.into(), default()));
    };
    if code == config.default_language {
        return Ok((name.into(), default()));
    }
    if config.languages.contains_key(code) {
        return Ok((stem.into(), code.into()));
    }
    Err(undeclared(key, code, config))
}

/// A file whose name says a language that the site does not have.
fn undeclared(key: &SourceKey, code: &str, config: &Config) -> Diagnostic {
    let message =
        format!("`{code}` in the file's name is not a language of this site; the file is ignored");
    let known: Vec<&str> = config.languages.keys().map(String::as_str).collect();
    let known = known.join(", ");
    let hint = if is_language_code(code) {
        declaring(
            code,
            &format!("remove the dot from the file's name (so far there is {known})"),
        )
    } else {
        format!("the languages in config.toml are {known}; or remove the dot from the name")
    };
    Diagnostic::error("language", key.as_str(), message).hint(hint)
}

/// How a language becomes one of the site's, or what else to do.
fn declaring(code: &str, or: &str) -> String {
    format!(
        "add these two lines at the end of config.toml, or {or}:\n[languages.{code}]\ntitle = \"…\""
    )
}

/// A translation of a page on a site with one language: it is a page of its own, which is hardly
/// what was meant.
pub fn stray_translation(
    page: &Page,
    exists: impl Fn(&str) -> bool,
    config: &Config,
) -> Option<Diagnostic> {
    let key = &page.place.key;
    let (stem, code) = key.name().strip_suffix(".md")?.split_once('.')?;
    if config.languages.len() > 1 || !is_language_code(code) || code == config.default_language {
        return None;
    }
    let original = format!("{}/{stem}.md", key.folder());
    exists(&original).then(|| {
        let message = format!(
            "`{code}` in the file's name is not a language of this site: this is not a translation \
             of {original} but a page of its own, {}",
            page.path()
        );
        let hint = declaring(code, "give the file another name");
        Diagnostic::warning("language", key.as_str(), message).hint(hint)
    })
}

fn language_part<'a>(lang: &'a str, config: &Config) -> impl Iterator<Item = &'a str> {
    (lang != config.default_language)
        .then_some(lang)
        .into_iter()
}

fn section_path(place: &Place, config: &Config) -> String {
    let folders = place.folders.iter().map(String::as_str);
    path_of(language_part(&place.lang, config).chain(folders))
}

/// Few paths are longer.
const MOST_PATHS_BYTES: usize = 64;

/// A path of these parts, with `/` at both ends.
fn path_of<'a>(parts: impl Iterator<Item = &'a str>) -> String {
    let mut path = String::with_capacity(MOST_PATHS_BYTES);
    path.push('/');
    for part in parts {
        path.push_str(part);
        path.push('/');
    }
    match path.as_str() {
        // Of a name without anything that a path may have.
        "//" => "/".to_owned(),
        _ => path,
    }
}

fn with_slashes(inner: &str) -> String {
    if inner.is_empty() {
        "/".to_owned()
    } else {
        format!("/{inner}/")
    }
}
