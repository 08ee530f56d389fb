//! The new configuration of a site that was Hugo's.

use super::config::{Site, get, text, under};
use super::keys::MenuEntry;
use super::value::{table_text, to_toml};
use quillfront_site::front_matter::Value;

/// The new configuration.
pub fn write(site: &Site, menus: Vec<MenuEntry>, skipped: Vec<String>, has_sass: bool) -> String {
    let keys = &site.keys;
    let value = |text: &str| Value::Text(text.to_owned());
    let mut out: Vec<(String, Value)> = Vec::new();
    let mut put = |key: &str, value: Value| out.push((key.to_owned(), value));
    let base_url = table_text(keys, "baseurl").map(|url| url.trim_end_matches('/'));
    put(
        "base_url",
        value(
            base_url
                .filter(|url| !url.is_empty())
                .unwrap_or("https://example.org"),
        ),
    );
    put(
        "title",
        value(table_text(keys, "title").unwrap_or_default()),
    );
    let params = site.params.as_ref();
    if let Some(description) = params
        .and_then(|params| under(params, "description"))
        .and_then(text)
    {
        put("description", value(description));
    }
    if let Some(author) = author(keys, params) {
        put("author", value(&author));
    }
    put("default_language", value(&site.languages[0].0));
    put("theme", value("quill"));
    let disabled = format!("{:?}", get(keys, "disablekinds")).to_lowercase();
    put("generate_feeds", Value::Bool(!disabled.contains("\"rss\"")));
    let limit = get(keys, "services").and_then(|services| under(services, "rss"));
    if let Some(Value::Integer(limit)) = limit
        .and_then(|rss| under(rss, "limit"))
        .filter(|limit| matches!(limit, Value::Integer(1..)))
    {
        put("feed_limit", Value::Integer(*limit));
    }
    if disabled.contains("\"sitemap\"") {
        put("generate_sitemap", Value::Bool(false));
    }
    if has_sass {
        put("compile_sass", Value::Bool(true));
    }
    put("taxonomies", taxonomies(&site.taxonomies));
    if !skipped.is_empty() {
        put(
            "skip_content_templating",
            Value::Array(skipped.into_iter().map(Value::Text).collect()),
        );
    }
    put("markdown", markdown(keys));
    if site.languages.len() > 1 {
        put("languages", languages(site));
    }
    put("extra", extra(site, menus));
    format!(
        "# Written by `quillfront migrate` from Hugo's configuration.\n{}",
        to_toml(&out)
    )
}

fn taxonomies(names: &[String]) -> Value {
    let table = |name: &String| Value::Table(vec![("name".to_owned(), Value::Text(name.clone()))]);
    Value::Array(names.iter().map(table).collect())
}

fn author(keys: &[(String, Value)], params: Option<&Value>) -> Option<String> {
    let found = params
        .and_then(|params| under(params, "author"))
        .or_else(|| get(keys, "author"))?;
    text(found)
        .or_else(|| under(found, "name").and_then(text))
        .map(str::to_owned)
}

fn markdown(keys: &[(String, Value)]) -> Value {
    let flag = |key: &str, on: bool| (key.to_owned(), Value::Bool(on));
    let markup = get(keys, "markup");
    let goldmark = markup.and_then(|markup| under(markup, "goldmark"));
    let extensions = goldmark.and_then(|goldmark| under(goldmark, "extensions"));
    let typographer = extensions.and_then(|extensions| under(extensions, "typographer"));
    let smart = !matches!(typographer, Some(Value::Bool(false)));
    let emoji = matches!(get(keys, "enableemoji"), Some(Value::Bool(true)));
    let mut markdown = vec![
        flag("smart_punctuation", smart),
        flag("render_emoji", emoji),
        flag("definition_list", true),
        flag("github_alerts", true),
        flag("bottom_footnotes", true),
    ];
    let fences = markup
        .and_then(|markup| under(markup, "highlight"))
        .and_then(|highlight| under(highlight, "codefences"));
    if !matches!(fences, Some(Value::Bool(false))) {
        let highlighting = vec![
            ("theme".to_owned(), Value::Text("github-light".to_owned())),
            ("style".to_owned(), Value::Text("class".to_owned())),
        ];
        markdown.push(("highlighting".to_owned(), Value::Table(highlighting)));
    }
    Value::Table(markdown)
}

fn languages(site: &Site) -> Value {
    let settings = get(&site.keys, "languages");
    let table = |code: &String| {
        let own = settings.and_then(|all| under(all, code));
        let mut entries = Vec::new();
        if let Some(title) = own.and_then(|own| under(own, "title")).and_then(text) {
            entries.push(("title".to_owned(), Value::Text(title.to_owned())));
        }
        entries.push(("generate_feeds".to_owned(), Value::Bool(true)));
        entries.push(("taxonomies".to_owned(), taxonomies(&site.taxonomies)));
        (code.clone(), Value::Table(entries))
    };
    Value::Table(
        site.languages
            .iter()
            .skip(1)
            .map(|(code, _)| table(code))
            .collect(),
    )
}

/// Menus in the form of the theme, and all that templates may want of the old configuration.
fn extra(site: &Site, mut menus: Vec<MenuEntry>) -> Value {
    let mut entries = Vec::new();
    if let Some(Value::Table(all)) = get(&site.keys, "menu") {
        for (menu, items) in all {
            let Value::Array(items) = items else { continue };
            menus.extend(items.iter().filter_map(|item| menu_entry(menu, item)));
        }
    }
    menus.sort_by(|a, b| (a.weight, &a.name).cmp(&(b.weight, &b.name)));
    for (menu, key) in [("main", "menu"), ("footer", "footer_menu")] {
        let items: Vec<Value> = menus
            .iter()
            .filter(|entry| entry.menu == menu)
            .map(|entry| {
                Value::Table(vec![
                    ("name".to_owned(), Value::Text(entry.name.clone())),
                    ("url".to_owned(), Value::Text(entry.url.clone())),
                ])
            })
            .collect();
        if !items.is_empty() {
            entries.push((key.to_owned(), Value::Array(items)));
        }
    }
    // Under a name of their own: the theme has settings, and theirs are of other kinds.
    for (key, value) in [
        ("params", &site.params),
        ("menus", &get(&site.keys, "menu").cloned()),
    ] {
        if let Some(value) = value {
            entries.push((key.to_owned(), value.clone()));
        }
    }
    Value::Table(entries)
}

fn menu_entry(menu: &str, item: &Value) -> Option<MenuEntry> {
    let name = under(item, "name")
        .or_else(|| under(item, "identifier"))
        .and_then(text)?;
    let url = under(item, "url")
        .or_else(|| under(item, "pageref"))
        .and_then(text)?;
    let is_full = url.contains("://") || url.starts_with('/') || url.starts_with('#');
    let weight = match under(item, "weight") {
        Some(Value::Integer(weight)) => *weight,
        _ => 0,
    };
    let url = if is_full {
        url.to_owned()
    } else {
        format!("/{url}")
    };
    Some(MenuEntry {
        menu: menu.to_owned(),
        name: name.to_owned(),
        url,
        weight,
    })
}
