//! `ref` and `relref`: which file they mean.

use super::paths::folder_and_name;
use std::collections::BTreeMap;

/// Finds pages by what a reference calls them.
#[derive(Debug, Default)]
pub struct Pages {
    /// Path relative to `content/` with and without its ending, in lower case, to the file.
    by_path: BTreeMap<String, String>,
    /// The last part alone, to all files that it may be.
    by_name: BTreeMap<String, Vec<String>>,
}

/// Why a reference leads nowhere.
#[derive(Debug, PartialEq, Eq)]
pub enum LinkError {
    /// No page is called so.
    Missing,
    /// Several are.
    Ambiguous(Vec<String>),
}

impl Pages {
    /// Over all pages: path relative to `content/` without a language, and the file itself.
    pub fn new<'a>(pages: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        let mut found = Self::default();
        for (logical, file) in pages {
            let stem = logical.strip_suffix(".md").unwrap_or(logical);
            let (folder, name) = folder_and_name(logical);
            let short = format!("{folder}/{name}");
            for path in [logical, stem, short.trim_matches('/')] {
                found.by_path.insert(path.to_lowercase(), file.to_owned());
            }
            let last = if name.is_empty() {
                folder.rsplit('/').next().unwrap_or(folder)
            } else {
                name
            };
            for name in [last.to_owned(), format!("{last}.md")] {
                found
                    .by_name
                    .entry(name.to_lowercase())
                    .or_default()
                    .push(file.to_owned());
            }
        }
        found
    }

    /// The file that `reference` means in a page whose folder is `from`.
    ///
    /// # Errors
    /// None, or more than one.
    pub fn resolve(&self, reference: &str, from: &str) -> Result<&str, LinkError> {
        let wanted = reference.replace('\\', "/").to_lowercase();
        let from = from.to_lowercase();
        let absolute = wanted.trim_matches('/').to_owned();
        let relative = join(&from, &wanted);
        let candidates = if wanted.starts_with('/') {
            vec![absolute]
        } else {
            vec![relative, absolute]
        };
        for path in &candidates {
            if let Some(file) = self.by_path.get(path) {
                return Ok(file);
            }
        }
        let name = wanted
            .trim_end_matches('/')
            .rsplit('/')
            .next()
            .unwrap_or_default();
        let named = self.by_name.get(name).map_or(&[][..], Vec::as_slice);
        let ending = format!("/{}", wanted.trim_matches('/'));
        let fits = |file: &&String| {
            !wanted.contains('/') || {
                let file = format!("/{}", file.to_lowercase());
                file.ends_with(&ending) || file.ends_with(&format!("{ending}.md"))
            }
        };
        let found: Vec<&String> = named.iter().filter(fits).collect();
        match found.as_slice() {
            [] => Err(LinkError::Missing),
            [one] => Ok(one),
            several => Err(LinkError::Ambiguous(
                several.iter().map(|one| (*one).clone()).collect(),
            )),
        }
    }
}

/// `../x` beside `posts/a` is `posts/x`.
fn join(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_paths_or_names() {
        let files = [
            "_index.md",
            "posts/_index.md",
            "posts/A.md",
            "posts/b/index.md",
            "notes/a.md",
            "c.md",
        ];
        let pages = Pages::new(files.iter().map(|file| (*file, *file)));
        let find = |reference: &str, from: &str| pages.resolve(reference, from).map(str::to_owned);
        assert_eq!(find("/posts/a.md", ""), Ok("posts/A.md".into()));
        assert_eq!(find("posts/b", "notes"), Ok("posts/b/index.md".into()));
        assert_eq!(find("../c", "posts"), Ok("c.md".into()));
        assert_eq!(find("b", "notes"), Ok("posts/b/index.md".into()));
        assert_eq!(find("a.md", "posts"), Ok("posts/A.md".into()));
        assert_eq!(find("posts", ""), Ok("posts/_index.md".into()));
        assert_eq!(find("nothing", ""), Err(LinkError::Missing));
        assert!(matches!(find("a", ""), Err(LinkError::Ambiguous(list)) if list.len() == 2));
    }
}
