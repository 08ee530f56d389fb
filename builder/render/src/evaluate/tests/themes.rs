//! Themes that lack what a theme needs.

use super::{told, tree};

#[test]
fn a_theme_without_templates_is_an_error() {
    let config = "base_url = \"https://example.org\"\ntheme = \"barren\"\n";
    let site = tree(&[("config.toml", config), ("themes/barren/theme.toml", "")]);
    let told: Vec<&str> = site
        .diagnostics
        .iter()
        .map(|problem| problem.message.as_str())
        .collect();
    assert_eq!(told, ["the theme `barren` has no templates/"]);
}

#[test]
fn a_theme_without_its_file_is_an_error() {
    let config = "base_url = \"https://example.org\"\ntheme = \"t\"\n";
    let site = tree(&[
        ("config.toml", config),
        ("themes/t/templates/page.html", ""),
    ]);
    assert!(told(&site).contains("the theme `t` has no theme.toml"));
}
