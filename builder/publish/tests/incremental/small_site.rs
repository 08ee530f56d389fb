//! The site that random edits begin with.

use std::collections::BTreeMap;

/// A site on which all the templates can stand.
pub fn small_site() -> BTreeMap<String, Vec<u8>> {
    let page = "{% extends 'base.html' %}{% block main %}{{ page.content | safe }}{% endblock %}";
    let all = [
        (
            "config.toml",
            "base_url = \"https://example.org\"\ntitle = \"The title\"\ntaxonomies = [{ name = \"tags\" }, { name = \"cats\" }]\ngenerate_feeds = true\ncompile_sass = true\n[languages.fr]\n[translations]\nhi = \"hello\"\n",
        ),
        ("sass/main.scss", "a { b: c }\n"),
        (
            "quillfront.toml",
            "[data]\nallowed_hosts = [\"api.example.org\"]\n",
        ),
        (
            "content/_index.md",
            "+++\ntitle = \"Home\"\n+++\nWelcome.\n",
        ),
        (
            "content/blog/_index.md",
            "+++\ntitle = \"Blog\"\nsort_by = \"date\"\n+++\n",
        ),
        (
            "content/blog/a.md",
            "+++\ntitle = \"A\"\ndate = 2025-01-01\n[taxonomies]\ntags = [\"x\"]\n+++\nBody.\n",
        ),
        (
            "content/blog/b.md",
            "+++\ntitle = \"B\"\ndate = 2025-02-01\n+++\n# Head\n\n[a](@/blog/a.md)\n",
        ),
        (
            "content/blog/c/index.md",
            "+++\ntitle = \"C\"\ndate = 2025-03-01\n+++\nBody.\n",
        ),
        ("content/blog/c/note.txt", "a note"),
        ("content/top.md", "+++\ntitle = \"Top\"\n+++\n"),
        ("data/d.toml", "n = 1\n"),
        ("static/site.css", "body {}"),
        ("outside/o.txt", "outside"),
        ("outside/o.toml", "n = 1\n"),
        ("themes/t/theme.toml", "name = \"t\"\n"),
        ("themes/t/templates/themed.html", "{{ page.title or '' }}"),
        (
            "templates/base.html",
            "{% block head %}{% endblock %}{% block main %}{% endblock %}",
        ),
        ("templates/page.html", page),
        ("templates/other.html", page),
        ("templates/section.html", "{{ section.content | safe }}"),
        ("templates/index.html", "{{ section.content | safe }}"),
        ("templates/list.html", "{{ section.title or '' }}"),
        ("templates/taxonomy_list.html", "{{ taxonomy.name }}"),
        ("templates/taxonomy_single.html", "{{ term.name }}"),
        ("templates/sidebar.html", "aside"),
        ("templates/part.html", "part"),
        ("templates/text.html", "text"),
        (
            "templates/components.html",
            "{% component Card(p) %}{% endcomponent %}{% component Rest(p, ...others) %}{% endcomponent %}{% component Box(title) %}{{ body }}{% endcomponent %}{% component List(pages) %}{% endcomponent %}{% component Note(text, @lang) %}{{ text }}{% endcomponent %}",
        ),
    ];
    let files = all
        .into_iter()
        .map(|(key, text)| (key.to_owned(), text.as_bytes().to_vec()));
    let pictures = ["static/cat.png", "content/blog/c/cat.png", "outside/o.png"];
    files
        .chain(pictures.map(|key| (key.to_owned(), picture(8))))
        .collect()
}

pub fn picture(size: u32) -> Vec<u8> {
    let image = image::RgbImage::from_fn(size, size, |x, y| {
        image::Rgb([x as u8, y as u8, size as u8])
    });
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}
