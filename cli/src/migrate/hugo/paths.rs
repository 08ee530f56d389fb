//! Where Hugo published a page.

use quillfront_site::dates::Date;
use std::collections::BTreeMap;

/// What an address is made of.
pub struct PageFacts<'a> {
    /// Relative to `content/`, without a language: `posts/my post.md`.
    pub relative: &'a str,
    /// Of the front matter.
    pub slug: Option<&'a str>,
    /// Of the front matter.
    pub url: Option<&'a str>,
    /// Of the front matter.
    pub title: Option<&'a str>,
    /// Of the front matter.
    pub date: Option<Date>,
}

/// The folders of a page, and its name: that of its folder for a bundle.
pub fn folder_and_name(relative: &str) -> (&str, &str) {
    let stem = relative.rsplit_once('.').map_or(relative, |(stem, _)| stem);
    let (folder, name) = stem.rsplit_once('/').unwrap_or(("", stem));
    match name {
        "index" => folder.rsplit_once('/').unwrap_or(("", folder)),
        "_index" => (folder, ""),
        _ => (folder, name),
    }
}

/// The address of a page, without slashes around it. `permalinks` are patterns by section.
///
/// # Errors
/// The part of a pattern that is not known.
pub fn url(page: &PageFacts<'_>, permalinks: &BTreeMap<String, String>) -> Result<String, String> {
    if let Some(url) = page.url {
        return Ok(url.trim_matches('/').to_owned());
    }
    let (folder, name) = folder_and_name(page.relative);
    let section = page
        .relative
        .split_once('/')
        .map_or("", |(section, _)| section);
    let last = page.slug.unwrap_or(name);
    let pattern = permalinks.get(section).filter(|_| !name.is_empty());
    let path = match pattern {
        None => format!("{folder}/{last}"),
        Some(pattern) => {
            let mut parts = Vec::new();
            for part in pattern.trim_matches('/').split('/') {
                parts.push(expand(part, page, folder, name, section)?);
            }
            parts.join("/")
        }
    };
    Ok(urlize(path.trim_matches('/')))
}

fn expand(
    part: &str,
    page: &PageFacts<'_>,
    folder: &str,
    name: &str,
    section: &str,
) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = part;
    while let Some(at) = rest.find(':') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let length = after
            .find(|c: char| !c.is_ascii_alphanumeric())
            .unwrap_or(after.len());
        let date = page
            .date
            .ok_or_else(|| format!(":{} needs a date", &after[..length]));
        let slug_or_title = || page.slug.or(page.title).unwrap_or(name).to_owned();
        out.push_str(&match &after[..length] {
            "year" => format!("{:04}", date?.year),
            "month" => format!("{:02}", date?.month),
            "day" => format!("{:02}", date?.day),
            "section" => section.to_owned(),
            "sections" => folder.to_owned(),
            "title" => page.title.unwrap_or(name).to_owned(),
            "slug" => slug_or_title(),
            "filename" | "contentbasename" => name.to_owned(),
            "slugorfilename" | "slugorcontentbasename" => page.slug.unwrap_or(name).to_owned(),
            other => return Err(format!("`:{other}` is not supported")),
        });
        rest = &after[length..];
    }
    out.push_str(rest);
    Ok(out)
}

/// Hugo's spelling of addresses: lower case, dashes for blanks, signs left out.
pub fn urlize(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for c in path.to_lowercase().chars() {
        if c.is_alphanumeric() || "./_-#+~".contains(c) {
            out.push(c);
        } else if c.is_whitespace() && !out.ends_with('-') {
            out.push('-');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(relative: &str, pattern: &str) -> Result<String, String> {
        let page = PageFacts {
            relative,
            slug: None,
            url: None,
            title: Some("A Title!"),
            date: Date::parse("2024-03-05"),
        };
        let patterns = [("posts".to_owned(), pattern.to_owned())];
        url(&page, &patterns.into())
    }

    #[test]
    fn addresses_are_those_of_hugo() {
        assert_eq!(
            at("posts/My Post_1.md", "/:year/:month/:day/:slug/").unwrap(),
            "2024/03/05/a-title"
        );
        assert_eq!(
            at("posts/x/index.md", "/:sections/p-:filename").unwrap(),
            "posts/p-x"
        );
        assert_eq!(
            at("notes/My Post_1.md", "/:year/").unwrap(),
            "notes/my-post_1"
        );
        assert_eq!(at("posts/_index.md", "/:year/").unwrap(), "posts");
        assert!(at("posts/x.md", "/:unknown/").is_err());
    }
}
