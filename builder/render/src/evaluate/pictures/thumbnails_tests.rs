//! Pictures whose sizes are made when readers ask for them.

use super::tests::{Files, files, made, png, text, tree};
use quillfront_image_urls::{AcceptedFormats, Reader, Settings, Variant, Version};

const RESPONSIVE: &[u8] = b"[images]\nresponsive = true\n";

fn site(body: &str, more: &[(&'static str, &[u8])]) -> Files {
    let mut files = files(more);
    let page = format!("+++\ntitle = \"P\"\n+++\n{body}");
    files.insert("content/p/index.md", page.into_bytes());
    files
}

/// The URLs of thumbnails in a page: each is one that anybody may have.
fn thumbnails(page: &str) -> Vec<Variant> {
    let settings = Settings::default();
    let urls = page.split(['"', ' ', ',']).collect::<Vec<_>>().join(" ");
    assert!(!urls.is_empty());
    let starts = page.match_indices("https://example.org/img/");
    let url = |(start, _): (usize, &str)| {
        let rest = &page[start + "https://example.org/".len()..];
        let end = rest.find(['"', ' ']).unwrap();
        let path = percent_encoding::percent_decode_str(&rest[..end])
            .decode_utf8()
            .unwrap();
        let reader = Reader::of(AcceptedFormats::read("image/webp"));
        let wanted = Variant::asked(&path, &reader, &settings);
        let wanted = wanted.unwrap();
        wanted
            .unwrap_or_else(|| panic!("{path} is no thumbnail"))
            .variant
    };
    starts.map(url).collect()
}

#[test]
fn a_picture_of_a_text_comes_in_every_width_up_to_its_own() {
    let photo = png(900, 600);
    let more: &[(&'static str, &[u8])] = &[
        ("quillfront.toml", RESPONSIVE),
        ("content/p/a cat.png", &photo),
    ];
    let built = tree(&site(
        "![A cat](<a cat.png> \"My \\\"cat\\\" & I\")\n\nInline ![](<a cat.png> \"t\") too",
        more,
    ));
    assert!(built.diagnostics.is_empty(), "{:?}", built.diagnostics);
    let page = text(&built, "p/index.html");
    let version = Version::of(&photo);
    let url = |width: u32| {
        format!("https://example.org/img/width={width},format=auto,v={version}/p/a%20cat.png")
    };
    let srcset = format!(
        "{} 320w, {} 480w, {} 640w, {} 800w, {} 900w",
        url(320),
        url(480),
        url(640),
        url(800),
        url(960)
    );
    let figure = format!(
        "<figure>\n<img src=\"{}\" srcset=\"{srcset}\" sizes=\"auto, 100vw\" width=\"900\" height=\"600\" alt=\"A cat\" \
         loading=\"lazy\" decoding=\"async\" />\n<figcaption>My \"cat\" &amp; I</figcaption>\n</figure>\n",
        url(960)
    );
    assert!(page.contains(&figure), "{page}\n{figure}");
    assert!(
        !page.contains("<p><figure>") && page.contains("<p>Inline <img src="),
        "{page}"
    );
    assert!(
        page.contains("alt=\"\" title=\"t\" loading=\"lazy\""),
        "{page}"
    );
    let variants = thumbnails(&page);
    assert_eq!(variants.len(), 12);
    assert!(
        variants
            .iter()
            .all(|variant| variant.original == "p/a cat.png" && variant.version == Some(version))
    );
    // The original is published as it is.
    assert!(built.objects.contains_key("p/a cat.png"));
}

#[test]
fn every_address_of_a_picture_of_the_site_is_known() {
    let photo = png(400, 300);
    let more: &[(&'static str, &[u8])] = &[
        ("quillfront.toml", RESPONSIVE),
        ("content/p/cat.png", &photo),
        ("static/photos/dog.png", &photo),
    ];
    for (written, original) in [
        ("cat.png", Some("p/cat.png")),
        ("./cat.png", Some("p/cat.png")),
        ("../p/cat.png", Some("p/cat.png")),
        ("@/p/cat.png", Some("p/cat.png")),
        ("/p/cat.png", Some("p/cat.png")),
        ("/photos/dog.png", Some("photos/dog.png")),
        ("/photos/d%6Fg.png", Some("photos/dog.png")),
        ("https://example.org/photos/dog.png", Some("photos/dog.png")),
        ("https://example.com/photos/dog.png", None),
        ("//example.org/photos/dog.png", None),
        ("/photos/dog.png?x", None),
        ("/photos/none.png", None),
        ("../../photos/dog.png", None),
        ("data:image/png;base64,AAAA", None),
    ] {
        let built = tree(&site(&format!("![]({written})"), more));
        let page = text(&built, "p/index.html");
        let found = thumbnails(&page);
        let found = found.first().map(|variant| variant.original.as_str());
        assert_eq!(found, original, "{written}: {page}");
    }
}

#[test]
fn what_moves_or_is_drawn_is_shown_as_it_is() {
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg' width='700' height='50'/>";
    let mut gif = Vec::new();
    let mut encoder = image::codecs::gif::GifEncoder::new(&mut gif);
    for _ in 0..2 {
        encoder
            .encode_frame(image::Frame::new(image::RgbaImage::new(500, 400)))
            .unwrap();
    }
    drop(encoder);
    let more: &[(&'static str, &[u8])] = &[
        ("quillfront.toml", RESPONSIVE),
        ("content/p/a.svg", svg),
        ("content/p/a.gif", &gif),
        ("content/p/broken.png", b"broken"),
        ("content/p/a=b.png", &png(500, 400)),
    ];
    let page = text(
        &tree(&site(
            "![](a.svg)![](a.gif)![](broken.png)![](a=b.png)",
            more,
        )),
        "p/index.html",
    );
    assert!(thumbnails(&page).is_empty(), "{page}");
    for (name, size) in [
        ("a.svg", "width=\"700\" height=\"50\""),
        ("a.gif", "width=\"500\" height=\"400\""),
        ("a=b.png", "width=\"500\" height=\"400\""),
    ] {
        let tag = format!(
            "<img src=\"https://example.org/p/{name}\" {size} alt=\"\" loading=\"lazy\" decoding=\"async\" />"
        );
        assert!(page.contains(&tag), "{page}");
    }
    assert!(
        page.contains("<img src=\"https://example.org/p/broken.png\" alt=\"\" />"),
        "{page}"
    );
}

#[test]
fn nothing_changes_for_a_site_that_says_nothing() {
    let photo = png(900, 600);
    let with = |own: Option<&'static [u8]>| {
        let mut all = site("![A](cat.png \"B\")", &[("content/p/cat.png", &photo)]);
        all.extend(own.map(|own| ("quillfront.toml", own.to_vec())));
        text(&tree(&all), "p/index.html")
    };
    let zola = with(None);
    assert!(
        zola.contains("<img src=\"https://example.org/p/cat.png\" alt=\"A\" title=\"B\" />"),
        "{zola}"
    );
    assert_eq!(with(Some(b"")), zola);
    let narrow = with(Some(
        b"[images]\nresponsive = true\nsizes = \"(min-width: 60em) 50vw\"\nwidths = [100, 200]\n",
    ));
    assert!(
        narrow.contains("sizes=\"(min-width: 60em) 50vw\""),
        "{narrow}"
    );
    assert!(narrow.contains("width=200,format=auto"), "{narrow}");
}

#[test]
fn a_template_gets_the_url_of_a_thumbnail_where_it_says_the_same() {
    let photo = png(1000, 500);
    let version = Version::of(&photo);
    let call = |arguments: &str| {
        let template = format!(
            "{{% set i = resize_image(path=\"cat.png\", {arguments}) %}}{{{{ i.url }}}} {{{{ i.width }}}}x{{{{ i.height }}}} {{{{ i.static_path }}}}"
        );
        let all = files(&[
            ("quillfront.toml", b""),
            ("static/cat.png", &photo),
            ("templates/index.html", template.as_bytes()),
        ]);
        let built = tree(&all);
        assert!(built.diagnostics.is_empty(), "{:?}", built.diagnostics);
        (text(&built, "index.html"), made(&built).len())
    };
    for (arguments, options, size) in [
        (
            "width=300, op=\"fit_width\"",
            "width=320,fit=contain,format=auto",
            "300x150",
        ),
        (
            "height=300, op=\"fit_height\"",
            "height=320,fit=contain,format=auto",
            "600x300",
        ),
        (
            "width=300, height=300, op=\"fit\"",
            "width=320,height=320,format=auto",
            "300x150",
        ),
        (
            "width=320, height=240",
            "width=320,height=240,fit=cover,format=auto",
            "320x240",
        ),
        (
            "width=320, op=\"fit_width\", format=\"webp\", quality=80",
            "width=320,fit=contain,quality=85,format=webp",
            "320x160",
        ),
        (
            "width=320, op=\"fit_width\", format=\"jpg\"",
            "width=320,fit=contain,format=jpeg",
            "320x160",
        ),
    ] {
        let (page, made) = call(arguments);
        let expected =
            format!("https://example.org/img/{options},v={version}/cat.png {size} static/cat.png");
        assert_eq!((page.as_str(), made), (expected.as_str(), 0), "{arguments}");
        assert_eq!(thumbnails(&page).len(), 1);
    }
    // No URL says these: they are made at once.
    for arguments in [
        "width=300, height=200",
        "width=320, height=240, op=\"scale\"",
        "width=320, op=\"fit_width\", filter=\"nearest\"",
        "width=320, op=\"fit_width\", format=\"webp\"",
        "width=4000, op=\"fit_width\"",
    ] {
        let (page, made) = call(arguments);
        assert!(
            page.contains("/processed_images/cat.") && made == 1,
            "{arguments}: {page}"
        );
    }
    let at_build = files(&[
        ("quillfront.toml", b"[images]\nresize = \"build\"\n"),
        ("static/cat.png", &photo),
    ]);
    assert_eq!(made(&tree(&at_build)).len(), 1);
}

#[test]
fn a_picture_that_is_not_published_has_no_thumbnails() {
    let template = b"{% set i = resize_image(path=\"assets/cat.png\", width=320, op=\"fit_width\") %}{{ i.url }}";
    let all = files(&[
        ("quillfront.toml", b""),
        ("assets/cat.png", &png(900, 600)),
        ("templates/index.html", template),
    ]);
    let built = tree(&all);
    assert!(
        text(&built, "index.html").contains("/processed_images/cat."),
        "{:?}",
        built.diagnostics
    );
}
