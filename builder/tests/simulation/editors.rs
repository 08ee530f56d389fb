//! Authors: a small site, and what they do to it.

use crate::random::Random;
use crate::s3::Bucket;
use std::collections::BTreeMap;

/// One write into the source bucket; no bytes where the file is removed.
#[derive(Debug, Clone)]
pub struct Edit {
    pub key: String,
    pub bytes: Option<Vec<u8>>,
}

impl Edit {
    fn put(key: &str, text: impl Into<Vec<u8>>) -> Self {
        Self {
            key: key.to_owned(),
            bytes: Some(text.into()),
        }
    }

    fn remove(key: &str) -> Self {
        Self {
            key: key.to_owned(),
            bytes: None,
        }
    }
}

/// What every file that its author broke has in it, so that checks can tell.
pub const BROKEN: &str = "BROKEN";

const PAGES: [&str; 15] = [
    "content/about.md",
    "content/blog/one.md",
    "content/blog/two.md",
    "content/blog/three.md",
    "content/blog/four.md",
    "content/blog/five.md",
    "content/blog/six.md",
    "content/blog/trip/index.md",
    "content/blog/über uns.md",
    "content/notes/a.md",
    "content/notes/b.md",
    "content/notes/c.md",
    "content/notes/d+e.md",
    "content/notes/walk/index.md",
    "content/notes/f.md",
];
const PICTURES: [&str; 3] = [
    "static/pictures/red.png",
    "static/pictures/green.png",
    "content/blog/trip/photo.png",
];
/// Keys that S3 can hold, whatever they are.
const ODD: [&str; 9] = [
    " ",
    "static/ ",
    "static/\u{a0}",
    "static/\u{1}.css",
    "static/\u{fffe}.txt",
    "static//double.css",
    "/content/about.md",
    "content/blog/\u{85}.md",
    "content/../config.toml",
];
const DATA: [&str; 2] = ["data/numbers.toml", "data/words.toml"];
const SECTIONS: [&str; 2] = ["content/blog/_index.md", "content/notes/_index.md"];

/// The authors' memory: what each file was before, for those who change their minds.
#[derive(Default)]
pub struct Editors {
    before: BTreeMap<String, Vec<Vec<u8>>>,
}

impl Editors {
    /// The site as it is at first.
    pub fn first(&mut self, random: &mut Random) -> Vec<Edit> {
        let mut edits = vec![
            Edit::put("config.toml", config(random, true)),
            Edit::put("content/_index.md", "+++\ntitle = \"Home\"\n+++\nHello.\n"),
            Edit::put(SECTIONS[0], section(random)),
            Edit::put(SECTIONS[1], section(random)),
            Edit::put("static/site.css", style(random)),
            Edit::put("static/app.js", format!("let n = {};\n", random.below(9))),
            Edit::put("sass/print.scss", sass(random)),
            Edit::put(DATA[0], data(random)),
        ];
        edits.extend(PICTURES.map(|key| Edit::put(key, picture(random))));
        edits.extend(templates(random));
        for _ in 0..random.between(5, 12) {
            let key = random.pick(&PAGES);
            edits.push(Edit::put(key, page(random)));
        }
        self.remember(&edits);
        edits
    }

    /// What an author does next: one thing, or several at once.
    pub fn next(&mut self, random: &mut Random, source: &Bucket) -> Vec<Edit> {
        let at_once = if random.chance(250) {
            random.between(2, 4)
        } else {
            1
        };
        let mut edits = Vec::new();
        for _ in 0..at_once {
            edits.extend(self.one(random, source));
        }
        self.remember(&edits);
        edits
    }

    fn one(&self, random: &mut Random, source: &Bucket) -> Vec<Edit> {
        let page_key = *random.pick(&PAGES);
        let there: Vec<&str> = PAGES
            .into_iter()
            .filter(|key| source.contains_key(*key))
            .collect();
        let existing = if there.is_empty() {
            page_key
        } else {
            *random.pick(&there)
        };
        match random.below(32) {
            0..=8 => vec![Edit::put(page_key, page(random))],
            9..=11 => vec![Edit::remove(existing)],
            12..=13 => {
                let bytes = source.get(existing).map(|object| object.bytes.to_vec());
                let moved = bytes.map(|bytes| Edit::put(page_key, bytes));
                let moved = moved.filter(|_| page_key != existing);
                moved.into_iter().chain([Edit::remove(existing)]).collect()
            }
            14..=15 => vec![Edit::put(existing, broken_page(random))],
            16 => {
                let all = templates(random);
                vec![random.pick(&all).clone()]
            }
            17 => vec![Edit::put("templates/page.html", format!("{{% {BROKEN}"))],
            18 => {
                let key = *random.pick(&DATA);
                match random.below(4) {
                    0 => vec![Edit::remove(key)],
                    1 => vec![Edit::put(key, format!("n = # {BROKEN}\n"))],
                    _ => vec![Edit::put(key, data(random))],
                }
            }
            19 => {
                let good = random.chance(700);
                vec![Edit::put("config.toml", config(random, good))]
            }
            20 => vec![{
                let key = *random.pick(&SECTIONS);
                Edit::put(key, section(random))
            }],
            21 => match random.below(5) {
                0 => vec![Edit::remove("static/site.css")],
                _ => vec![Edit::put("static/site.css", style(random))],
            },
            22 => match random.below(4) {
                0 => vec![Edit::remove("sass/print.scss")],
                _ => vec![Edit::put("sass/print.scss", sass(random))],
            },
            23..=24 => {
                let key = *random.pick(&PICTURES);
                match random.below(4) {
                    0 => vec![Edit::remove(key)],
                    _ => vec![Edit::put(key, picture(random))],
                }
            }
            25 | 26 => {
                let key = *random.pick(&ODD);
                match random.below(3) {
                    0 => vec![Edit::remove(key)],
                    _ => vec![Edit::put(key, page(random))],
                }
            }
            _ => self.revert(random),
        }
    }

    /// Back to what one of the files was before.
    fn revert(&self, random: &mut Random) -> Vec<Edit> {
        let changed: Vec<_> = self
            .before
            .iter()
            .filter(|(_, list)| list.len() > 1)
            .collect();
        if changed.is_empty() {
            return Vec::new();
        }
        let (key, list) = *random.pick(&changed);
        vec![Edit::put(key, random.pick(list).clone())]
    }

    fn remember(&mut self, edits: &[Edit]) {
        for edit in edits {
            if let Some(bytes) = &edit.bytes {
                let list = self.before.entry(edit.key.clone()).or_default();
                list.push(bytes.clone());
            }
        }
    }
}

fn config(random: &mut Random, good: bool) -> String {
    if !good {
        return format!("base_url = \n# {BROKEN}\n");
    }
    let title = random.pick(&["Blog", "Another & Blog"]);
    let feeds = random.pick(&["true", "true", "false"]);
    let sitemap = random.pick(&["true", "true", "true", "false"]);
    let search = match (title.len(), *sitemap) {
        (4, "true") => "build_search_index = true\n[search]\nindex_format = \"fuse_json\"\n",
        (4, _) => "build_search_index = true\n",
        _ => "",
    };
    format!(
        "base_url = \"https://example.org\"\ntitle = \"{title}\"\ngenerate_feeds = {feeds}\n\
         generate_sitemap = {sitemap}\ncompile_sass = true\n\
         taxonomies = [{{ name = \"tags\", feed = true }}]\n{search}"
    )
}

fn section(random: &mut Random) -> String {
    let title = random.pick(&["Writing", "Thoughts"]);
    let sort = random.pick(&["date", "title"]);
    let more = random.pick(&["", "", "paginate_by = 2\n"]);
    format!("+++\ntitle = \"{title}\"\nsort_by = \"{sort}\"\n{more}+++\n")
}

fn style(random: &mut Random) -> String {
    format!("body {{ margin: {}px }}\n", random.below(4))
}

fn sass(random: &mut Random) -> String {
    format!(
        "$m: {}px;\nbody {{ p {{ margin: $m }} }}\n",
        random.below(4)
    )
}

fn data(random: &mut Random) -> String {
    format!("n = {}\n", random.below(4))
}

/// A picture of a few pixels; there are few different ones, so that old ones come back.
fn picture(random: &mut Random) -> Vec<u8> {
    let shade = [0, 100, 200][random.below(3)];
    let pixels = image::RgbImage::from_pixel(4, 4, image::Rgb([shade, 10, 20]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    pixels
        .write_to(&mut bytes, image::ImageFormat::Png)
        .unwrap();
    bytes.into_inner()
}

fn page(random: &mut Random) -> String {
    let title = random.pick(&["One", "Two & <b>", "Drei", "Vier"]);
    let day = random.between(1, 9);
    let tags = random.pick(&["", "\"x\"", "\"y\", \"X\"", "\"z\""]);
    let other = random.pick(&[
        "",
        "",
        "",
        "",
        "slug = \"moved\"\n",
        "path = \"same\"\n",
        "aliases = [\"old\", \"older/still\"]\n",
        "render = false\n",
        "draft = true\n",
    ]);
    let extra = match random.below(6) {
        0 | 1 => format!(
            "photo = \"{}\"\n",
            random.pick(&[
                "pictures/red.png",
                "pictures/green.png",
                "blog/trip/photo.png",
            ])
        ),
        2 => format!("data = \"{}\"\n", random.pick(&DATA)),
        _ => String::new(),
    };
    let body = match random.below(8) {
        0 => format!(
            "[there](@/{})\n",
            random.pick(&PAGES).trim_start_matches("content/")
        ),
        1 => "![red](/pictures/red.png)\n".to_owned(),
        2 => "First.\n\n<!-- more -->\n\n# Head\n\nSecond.\n".to_owned(),
        _ => format!("Body {}.\n", random.below(5)),
    };
    format!(
        "+++\ntitle = \"{title}\"\ndate = 2026-01-0{day}\n{other}[taxonomies]\ntags = [{tags}]\n\
         [extra]\n{extra}+++\n{body}"
    )
}

fn broken_page(random: &mut Random) -> String {
    match random.below(3) {
        0 => format!("no front matter, {BROKEN}"),
        1 => format!("+++\ntitle = \n# {BROKEN}\n+++\n"),
        _ => format!("+++\ntitle = \"Broken\"\ndate = 2026-01-01\n+++\n{{{{ {BROKEN}"),
    }
}

fn templates(random: &mut Random) -> Vec<Edit> {
    let sidebar = random.pick(&[
        "{% set blog = get_section(path=\"blog/_index.md\", allow_missing=true) %}\
         <aside>{% if blog %}{% for p in blog.pages %}<a href=\"{{ p.permalink }}\">{{ p.title }}</a> \
         {% endfor %}{% endif %}</aside>",
        "<aside>no news</aside>",
    ]);
    let class = random.pick(&["a", "b"]);
    let base = format!(
        "<!doctype html><html><head><title>{{{{ config.title }}}}</title>\
         <link rel=\"stylesheet\" href=\"{{{{ get_url(path='site.css', cachebust=true) }}}}\">\
         <link rel=\"stylesheet\" href=\"/print.css\"><script src=\"/app.js\"></script></head>\
         <body class=\"{class}\">{sidebar}{{% block main %}}{{% endblock %}}</body></html>\n"
    );
    let page = "{% extends \"base.html\" %}{% block main %}<h1>{{ page.title }}</h1>\
         {% if page.extra.photo is defined %}{% set made = resize_image(path=page.extra.photo, width=2, height=2, op=\"fill\", format=\"png\") %}\
         <img src=\"{{ made.url }}\">{% endif %}\
         {% if page.extra.data is defined %}{% set read = load_data(path=page.extra.data) %}{{ read.n }}{% endif %}\
         {{ page.content | safe }}{% if page.lower %}{{ page.lower.title }}{% endif %}{% endblock %}";
    let heading = *random.pick(&["<h1>", "<h1 class=\"big\">"]);
    let page = page.replace("<h1>", heading);
    let section = "{% extends \"base.html\" %}{% block main %}{{ section.content | safe }}\
         {% if paginator is defined %}{% for p in paginator.pages %}<a href=\"{{ p.permalink }}\">{{ p.title }}</a>{% endfor %}\
         {% else %}{% for p in section.pages %}<a href=\"{{ p.permalink }}\">{{ p.title }}</a>{% endfor %}{% endif %}{% endblock %}";
    let list = "{% extends \"base.html\" %}{% block main %}{% for t in terms %}{{ t.name }} {{ t.page_count }}{% endfor %}{% endblock %}";
    let single = "{% extends \"base.html\" %}{% block main %}{% for p in term.pages %}{{ p.title }}{% endfor %}{% endblock %}";
    vec![
        Edit::put("templates/base.html", base),
        Edit::put("templates/page.html", page),
        Edit::put("templates/section.html", section),
        Edit::put("templates/index.html", "{% extends \"section.html\" %}"),
        Edit::put("templates/taxonomy_list.html", list),
        Edit::put("templates/taxonomy_single.html", single),
    ]
}
