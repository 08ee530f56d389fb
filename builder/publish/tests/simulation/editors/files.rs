//! What authors write: few different texts for each file, so that what was comes back.

use super::Edit;
use crate::random::Random;

/// What every file that its author broke has in it, so that checks can tell.
pub const BROKEN: &str = "BROKEN";

pub const PAGES: [&str; 15] = [
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
pub const PICTURES: [&str; 4] = [
    "static/pictures/red.png",
    "static/pictures/green.png",
    "content/blog/trip/photo.png",
    "content/notes/walk/photo.png",
];
/// Files that nothing refers to.
pub const NOTES: [&str; 4] = [
    "static/note.txt",
    "static/deep/note.txt",
    "static/deep/a b.txt",
    "content/blog/trip/note.txt",
];
/// Keys that S3 can hold, whatever they are.
pub const ODD: [&str; 9] = [
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
pub const DATA: [&str; 2] = ["data/numbers.toml", "data/words.toml"];
pub const SECTIONS: [&str; 2] = ["content/blog/_index.md", "content/notes/_index.md"];

pub fn config(random: &mut Random, good: bool) -> String {
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

pub fn own_config(random: &mut Random) -> String {
    let future = random.pick(&["hold", "hold", "publish"]);
    let security = random.pick(&[
        "",
        "",
        "[security]\n",
        "[security]\nhsts = false\n",
        "[security]\npreset = \"relaxed\"\n",
        "[security]\nedge = \"policy\"\n[edge]\ndomains = [\"www.example.org\"]\n",
        "[security]\nmode = \"report-only\"\n[[security.paths]]\npath = \"/blog/*\"\ncsp.img-src = [\"data:\"]\n",
    ]);
    let dialect = random.pick(&[
        "",
        "",
        "[redirects]\ndialect = \"netlify\"\n",
        "[redirects]\ndialect = \"cloudflare\"\n",
    ]);
    format!("[publishing]\nfuture = \"{future}\"\n{dialect}{security}")
}

/// Rules that lead, show, and cannot be kept.
pub fn redirects(random: &mut Random) -> String {
    const LINES: [&str; 10] = [
        "/old /blog/",
        "/old/* /blog/:splat 301!",
        "/gone 410",
        "/a/:x/b /blog/:x",
        "/shown /blog/ 200!",
        "/*/x /y",
        "/proxy https://example.net/ 200",
        "/away https://example.net/ 302",
        "# nothing",
        "/blog/one /old",
    ];
    let count = random.below(7);
    (0..count)
        .map(|_| format!("{}\n", random.pick(&LINES)))
        .collect()
}

/// Headers of all paths, of some, and such as nobody may send.
pub fn headers(random: &mut Random) -> String {
    const RULES: [&str; 6] = [
        "/*\n  X-Own: a\n",
        "/blog/*\n  X-Own: b\n  Cache-Control: max-age=60\n",
        "/*.css\n  ! X-Own\n",
        "/*\n  Set-Cookie: a=b\n",
        "/blog/:x/\n  X-Name: :x\n",
        "/*\n  Content-Security-Policy: img-src *\n",
    ];
    let count = random.below(4);
    (0..count).map(|_| *random.pick(&RULES)).collect()
}

pub fn section(random: &mut Random) -> String {
    let title = random.pick(&["Writing", "Thoughts"]);
    let sort = random.pick(&["date", "title"]);
    let more = random.pick(&["", "", "paginate_by = 2\n"]);
    format!("+++\ntitle = \"{title}\"\nsort_by = \"{sort}\"\n{more}+++\n")
}

pub fn style(random: &mut Random) -> String {
    format!("body {{ margin: {}px }}\n", random.below(4))
}

pub fn script(random: &mut Random) -> String {
    format!("let n = {};\n", random.below(4))
}

pub fn sass(random: &mut Random) -> String {
    format!(
        "$m: {}px;\nbody {{ p {{ margin: $m }} }}\n",
        random.below(4)
    )
}

pub fn note(random: &mut Random) -> String {
    format!("Note {}.\n", random.below(3))
}

pub fn data(random: &mut Random) -> String {
    format!("n = {}\n", random.below(4))
}

/// Another version of a file that is published as it is; none of other files.
pub fn another(random: &mut Random, key: &str) -> Option<Vec<u8>> {
    let bytes = match key {
        _ if PICTURES.contains(&key) => picture(random),
        _ if NOTES.contains(&key) => note(random).into(),
        "static/site.css" => style(random).into(),
        "static/app.js" => script(random).into(),
        _ => return None,
    };
    Some(bytes)
}

/// A picture of a few pixels; there are few different ones, so that old ones come back.
pub fn picture(random: &mut Random) -> Vec<u8> {
    let shade = [0, 100, 200][random.below(3)];
    let pixels = image::RgbImage::from_pixel(4, 4, image::Rgb([shade, 10, 20]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    pixels
        .write_to(&mut bytes, image::ImageFormat::Png)
        .unwrap();
    bytes.into_inner()
}

pub fn page(random: &mut Random) -> String {
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
        "template = \"none.html\"\n",
    ]);
    let another = random.pick(&PAGES).trim_start_matches("content/");
    let extra = match random.below(7) {
        // Its template throws where another page is there.
        6 => format!("shy = \"{another}\"\n"),
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
    let body = match random.below(10) {
        8 => "<script>own()</script>\n".to_owned(),
        9 => "<b onclick=\"own()\">bold</b>\n".to_owned(),
        0 => format!("[there](@/{another})\n"),
        1 => "![red](/pictures/red.png)\n".to_owned(),
        2 => "First.\n\n<!-- more -->\n\n# Head\n\nSecond.\n".to_owned(),
        _ => format!("Body {}.\n", random.below(5)),
    };
    format!(
        "+++\ntitle = \"{title}\"\ndate = 2026-01-0{day}\n{other}[taxonomies]\ntags = [{tags}]\n\
         [extra]\n{extra}+++\n{body}"
    )
}

pub fn broken_page(random: &mut Random) -> String {
    match random.below(3) {
        0 => format!("no front matter, {BROKEN}"),
        1 => format!("+++\ntitle = \n# {BROKEN}\n+++\n"),
        _ => format!("+++\ntitle = \"Broken\"\ndate = 2026-01-01\n+++\n{{{{ {BROKEN}"),
    }
}

pub fn templates(random: &mut Random) -> Vec<Edit> {
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
         {% if page.extra.shy is defined and get_page(path=page.extra.shy, allow_missing=true) %}{{ throw(message=\"shy\") }}{% endif %}\
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
