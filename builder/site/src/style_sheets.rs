//! Which style sheets a site has from Sass (site model, section 16).

use crate::config::Config;
use crate::diagnostic::Diagnostic;
use crate::key::{Role, SourceKey};
use crate::source::Sources;
use std::collections::BTreeMap;

/// The style sheets that are made: path in the output to source. A file of the site replaces that
/// of the theme. Files and folders that begin with `_` are only there to be imported.
pub fn style_sheets(
    config: &Config,
    sources: &Sources,
) -> (BTreeMap<String, SourceKey>, Vec<Diagnostic>) {
    let themed = config.theme.as_ref();
    let themed = themed.map(|theme| format!("themes/{theme}/sass/"));
    let own = config.compile_sass.then(|| "sass/".to_owned());
    let mut outputs = BTreeMap::new();
    let mut problems = Vec::new();
    for folder in themed.into_iter().chain(own) {
        let mut here: BTreeMap<String, &SourceKey> = BTreeMap::new();
        for (key, _) in sources.under(&folder) {
            let inner = &key.as_str()[folder.len()..];
            let Some(css) = css_path(inner).filter(|_| key.role() == Role::Sass) else {
                continue;
            };
            match here.get(&css) {
                None => {
                    here.insert(css, key);
                }
                Some(other) => {
                    let message = format!("`{css}` is also made from {other}");
                    let problem = Diagnostic::error("collision", key.as_str(), message);
                    problems.push(problem.hint("rename or remove one of the two"));
                }
            }
        }
        outputs.extend(here.into_iter().map(|(css, key)| (css, key.clone())));
    }
    (outputs, problems)
}

/// `a/b.css` of `a/b.scss`; none for what is only imported, or no style sheet.
fn css_path(inner: &str) -> Option<String> {
    if inner.split('/').any(|part| part.starts_with('_')) {
        return None;
    }
    let stem = inner
        .strip_suffix(".scss")
        .or(inner.strip_suffix(".sass"))?;
    let named = !stem.is_empty() && !stem.ends_with('/');
    named.then(|| format!("{stem}.css"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_the_site_replaces_that_of_the_theme_and_two_of_one_name_collide() {
        let config = "base_url = \"https://example.org\"\ntheme = \"t\"\n";
        let compiling = format!("{config}compile_sass = true\n");
        let files = Sources::of_keys(&[
            "sass/a.scss",
            "sass/a.sass",
            "sass/_p.scss",
            "sass/_d/x.scss",
            "themes/t/sass/a.scss",
            "themes/t/sass/in/b.sass",
        ]);
        let made = |config: &str| {
            let config = Config::parse("config.toml", config).unwrap();
            let (sheets, problems) = style_sheets(&config, &files);
            let list = sheets
                .into_iter()
                .map(|(css, source)| format!("{css} {source}"));
            (list.collect::<Vec<_>>(), problems)
        };
        let (list, problems) = made(config);
        assert_eq!(
            list,
            [
                "a.css themes/t/sass/a.scss",
                "in/b.css themes/t/sass/in/b.sass"
            ]
        );
        assert!(problems.is_empty());
        let (list, problems) = made(&compiling);
        assert_eq!(
            list,
            ["a.css sass/a.sass", "in/b.css themes/t/sass/in/b.sass"]
        );
        assert_eq!(problems.len(), 1);
        assert!(problems[0].is_error() && problems[0].message.contains("sass/a.sass"));
    }
}
