//! Pages, and what is known of them.

mod holes;
mod pages;
mod provenance;
mod random;

use crate::{Facts, Shapes, inspect};
use quillfront_templates::{budget, filters};

/// Renders a template as pages are rendered. None where the engine refuses it.
fn render(template: &str, data: &serde_json::Value) -> Option<String> {
    let mut tera = tera::Tera::default();
    filters::register(&mut tera);
    tera.add_raw_template("page.html", template).ok()?;
    let context = tera::Context::from_serialize(data).ok()?;
    budget::of_render(|| tera.render("page.html", &context)).ok()
}

/// Returns what is known of a template's page, by its own shapes.
fn rendered(template: &str, data: &serde_json::Value) -> Facts {
    let page =
        render(template, data).unwrap_or_else(|| panic!("{template:?} does not take {data}"));
    inspect(&page, &mut Shapes::in_template(template))
}
