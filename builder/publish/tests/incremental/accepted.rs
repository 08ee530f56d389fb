//! What cannot be made is not announced, and is tried again (invariant 1): each build is compared with a clean
//! one of what was accepted, and each is held to what it may cost.

use crate::driver::{Outcome, Seen, Site};
use std::collections::BTreeSet;

const FILES: [(&str, &str); 6] = [
    (
        "config.toml",
        "base_url = \"https://example.org\"\ngenerate_feeds = true\nbuild_search_index = true\n\
         taxonomies = [{ name = \"tags\" }]\n",
    ),
    (
        "templates/index.html",
        "{% for p in section.pages %}{{ p.title }} {% endfor %}",
    ),
    (
        "templates/page.html",
        "{{ page.title }}|{{ page.content | safe }}|{% if page.lower %}{{ page.lower.title }}{% endif %}",
    ),
    (
        "templates/taxonomy_list.html",
        "{% for t in terms %}{{ t.name }} {% endfor %}",
    ),
    ("templates/taxonomy_single.html", "{{ term.name }}"),
    ("content/_index.md", "+++\nsort_by = \"title\"\n+++\n"),
];

/// Whatever announces pages to readers.
const LISTS: [&str; 5] = [
    "index.html",
    "atom.xml",
    "sitemap.xml",
    "search_index.en.js",
    "tags/index.html",
];

fn site() -> Site {
    let files = FILES.iter();
    let files = files.map(|(key, text)| ((*key).to_owned(), text.as_bytes().to_vec()));
    Site::of(files).unwrap()
}

fn put(site: &mut Site, files: &[(&str, &str)]) -> Outcome {
    let bytes = |text: &str| (!text.is_empty()).then(|| text.as_bytes().to_vec());
    let files = files
        .iter()
        .map(|(key, text)| ((*key).to_owned(), bytes(text)));
    site.build(files.collect()).unwrap()
}

fn post(title: &str, front: &str, body: &str) -> String {
    format!("+++\ntitle = \"{title}\"\ndate = 2026-01-01\n{front}\n+++\n{body}\n")
}

/// The lists in which a word is.
fn naming<'a>(site: &Site, word: &str) -> BTreeSet<&'a str> {
    let names = |list: &&&str| site.text(list).is_some_and(|text| text.contains(word));
    LISTS.iter().filter(names).copied().collect()
}

fn rejected(outcome: &Outcome) -> Vec<&str> {
    outcome.rejected.iter().map(String::as_str).collect()
}

#[test]
fn a_page_that_was_never_made_is_announced_nowhere() {
    let broken = [
        ("a link", "", "[x](@/none.md)"),
        ("a template", "template = \"none.html\"", ""),
        ("a taxonomy", "[taxonomies]\nnone = [\"x\"]", ""),
        ("a place", "", "[x](#none)"),
        ("its own template", "", "{{ nothing() }}"),
    ];
    for (what, front, body) in broken {
        let mut site = site();
        let tagged = format!(
            "{front}\n{}",
            if front.contains('[') {
                "tags = [\"Wren\"]"
            } else {
                "[taxonomies]\ntags = [\"Wren\"]"
            }
        );
        let outcome = put(
            &mut site,
            &[
                ("content/heron.md", &post("Heron", &tagged, body)),
                ("content/links.md", &post("Grebe", "", "[x](@/heron.md)")),
                ("content/good.md", &post("Stork", "", "Text.")),
            ],
        );
        assert_eq!(
            rejected(&outcome),
            ["content/heron.md", "content/links.md"],
            "{what}"
        );
        for word in ["Heron", "heron", "Wren", "Grebe"] {
            assert!(
                naming(&site, word).is_empty(),
                "{what}: {word} in {:?}",
                naming(&site, word)
            );
        }
        assert_eq!(naming(&site, "good/").len(), 3, "{what}");
        // Mended, it is there, and so is what waited for it.
        let outcome = put(
            &mut site,
            &[("content/heron.md", &post("Heron", "", "Text."))],
        );
        assert!(
            outcome.rejected.is_empty(),
            "{what}: {:?}",
            outcome.rejected
        );
        assert_eq!(naming(&site, "heron/").len(), 3, "{what}");
        assert_eq!(naming(&site, "links/").len(), 3, "{what}");
    }
}

#[test]
fn what_was_accepted_stays_as_it_was_and_is_rendered_on() {
    let mut site = site();
    put(
        &mut site,
        &[
            ("content/a.md", &post("A", "", "Good text.")),
            ("content/b.md", &post("B", "", "Other.")),
        ],
    );
    let outcome = put(
        &mut site,
        &[("content/a.md", &post("Anew", "", "[x](@/none.md)"))],
    );
    assert_eq!(rejected(&outcome), ["content/a.md"]);
    assert!(
        outcome.put.is_empty() && outcome.stale.is_empty(),
        "{outcome:?}"
    );
    // Its neighbour changes its title.
    put(&mut site, &[("content/b.md", &post("Bee", "", "Other."))]);
    let page = site.text("a/index.html").unwrap();
    assert!(
        page.contains("Good text.") && page.starts_with("A|"),
        "{page}"
    );
    assert!(site.text("atom.xml").unwrap().contains("Good text."));
    // The page that a link of it needs comes.
    let outcome = put(
        &mut site,
        &[("content/none.md", &post("None", "", "There."))],
    );
    assert!(outcome.rejected.is_empty());
    assert!(site.text("a/index.html").unwrap().starts_with("Anew|"));
}

#[test]
fn a_link_whose_target_goes_keeps_its_page_in_feed_and_search() {
    let mut site = site();
    put(
        &mut site,
        &[
            ("content/a.md", &post("A", "", "Good text, [b](@/b.md).")),
            ("content/b.md", &post("B", "", "Other.")),
        ],
    );
    let outcome = put(&mut site, &[("content/b.md", "")]);
    assert!(
        outcome.stale.is_empty() && outcome.rejected.is_empty(),
        "{outcome:?}"
    );
    let told = outcome
        .told
        .iter()
        .any(|one| one.file == "content/a.md" && one.code == "internal-link");
    assert!(told, "{:?}", outcome.told);
    for list in ["a/index.html", "atom.xml", "search_index.en.js"] {
        assert!(site.text(list).unwrap().contains("Good text"), "{list}");
    }
    assert!(
        site.text("a/index.html")
            .unwrap()
            .contains("href=\"https://example.org/b/\"")
    );
    // An edit of the page itself has to be right.
    let outcome = put(
        &mut site,
        &[("content/a.md", &post("A", "", "New text, [b](@/b.md)."))],
    );
    assert_eq!(rejected(&outcome), ["content/a.md"]);
    assert!(site.text("a/index.html").unwrap().contains("Good text"));
}

#[test]
fn a_template_that_breaks_many_makes_them_stale_and_empties_nothing() {
    let mut site = site();
    put(
        &mut site,
        &[
            ("content/a.md", &post("A", "", "Good text.")),
            ("content/b.md", &post("B", "", "Other.")),
        ],
    );
    let feed = site.text("atom.xml").unwrap();
    let outcome = put(&mut site, &[("templates/page.html", "{{ nothing }}")]);
    assert_eq!(outcome.stale.len(), 2, "{outcome:?}");
    assert!(outcome.rejected.is_empty() && outcome.deleted.is_empty());
    assert_eq!(site.text("atom.xml").unwrap(), feed);
    assert!(site.text("a/index.html").unwrap().contains("Good text."));
}

#[test]
fn pages_that_link_to_each_other_are_published_when_the_second_is_there() {
    let mut site = site();
    let outcome = put(
        &mut site,
        &[("content/a.md", &post("A", "", "[b](@/b.md)"))],
    );
    assert_eq!(rejected(&outcome), ["content/a.md"]);
    let outcome = put(
        &mut site,
        &[("content/b.md", &post("B", "", "[a](@/a.md)"))],
    );
    assert!(outcome.rejected.is_empty());
    assert!(site.text("a/index.html").is_some() && site.text("b/index.html").is_some());
}

#[test]
fn the_next_in_rank_is_published_when_the_owner_of_its_address_goes() {
    let mut site = site();
    let twin = |title: &str| post(title, "slug = \"twin\"", "Text.");
    put(&mut site, &[("content/a.md", &twin("Heron"))]);
    let outcome = put(&mut site, &[("content/b.md", &twin("Grebe"))]);
    assert_eq!(rejected(&outcome), ["content/b.md"]);
    assert!(naming(&site, "Grebe").is_empty());
    assert_eq!(
        site.text("atom.xml")
            .unwrap()
            .matches("/twin/</id>")
            .count(),
        1
    );
    let outcome = put(&mut site, &[("content/a.md", "")]);
    assert!(outcome.rejected.is_empty());
    assert!(site.text("twin/index.html").unwrap().contains("Grebe"));
    // Changed bytes that lose an address leave the accepted ones where they are.
    put(
        &mut site,
        &[("content/c.md", &post("Stork", "slug = \"own\"", "Text."))],
    );
    let outcome = put(&mut site, &[("content/c.md", &twin("Stork"))]);
    assert_eq!(rejected(&outcome), ["content/c.md"]);
    assert!(site.text("own/index.html").unwrap().contains("Stork"));
}

#[test]
fn what_throws_beside_another_waits_and_the_other_does_not() {
    let mut site = site();
    let shy = "{% if get_page(path=\"other.md\", allow_missing=true) %}{{ throw(message=\"shy\") }}{% endif %}{{ page.title }}";
    put(&mut site, &[("templates/shy.html", shy)]);
    let shy = post("Shy", "template = \"shy.html\"", "Text.");
    let outcome = put(
        &mut site,
        &[
            ("content/shy.md", &shy),
            ("content/other.md", &post("Other", "", "Text.")),
        ],
    );
    assert_eq!(rejected(&outcome), ["content/shy.md"]);
    let outcome = put(&mut site, &[("content/other.md", "")]);
    assert!(outcome.rejected.is_empty());
    assert!(site.text("shy/index.html").is_some());
    // Accepted, it is stale beside the other one, and stays where it is.
    let outcome = put(
        &mut site,
        &[("content/other.md", &post("Other", "", "Text."))],
    );
    assert_eq!(outcome.stale.iter().collect::<Vec<_>>(), ["shy/index.html"]);
    assert!(site.text("shy/index.html").is_some() && site.text("other/index.html").is_some());
}

#[test]
fn a_place_that_goes_fails_its_link_in_every_trial() {
    for mut site in [site(), Site::in_folder()] {
        let shy = "{% if get_page(path=\"other.md\", allow_missing=true) %}{{ throw(message=\"shy\") }}{% endif %}";
        let mut files = FILES.to_vec();
        let to = post("To", "", "## Head");
        let from = post("From", "", "[x](@/to.md#head)");
        files.extend([
            ("templates/shy.html", shy),
            ("content/to.md", &to),
            ("content/from.md", &from),
        ]);
        put(&mut site, &files);
        // What fails beside it is tried again, and with it what went back.
        let shy = post("Shy", "template = \"shy.html\"", "");
        let (to, other) = (post("To", "", "No head."), post("Other", "", ""));
        let edits = [
            ("content/to.md", &*to),
            ("content/shy.md", &shy),
            ("content/other.md", &other),
        ];
        let outcome = put(&mut site, &edits);
        assert!(
            rejected(&outcome).contains(&"content/shy.md"),
            "{outcome:?}"
        );
        let told = outcome
            .told
            .iter()
            .filter(|one| one.file == "content/from.md");
        assert_eq!(told.count(), 1, "{:?}", outcome.told);
    }
}

/// Of how many files the tests of many are: 500 in the deep run.
fn many() -> usize {
    let asked = std::env::var("QUILLFRONT_MANY_FILES").ok();
    asked.and_then(|text| text.parse().ok()).unwrap_or(120)
}

/// Files that link to others: the next one, and two anywhere.
fn linked(count: usize) -> Vec<(String, String)> {
    let name = |n: usize| format!("p{}.md", n % count);
    let text = |n: usize| {
        let links = [n + 1, n * 7 + 3, n * 13 + 5].map(|to| format!("[x](@/{})", name(to)));
        post(&format!("Page {n}"), "", &links.join(" "))
    };
    (0..count)
        .map(|n| (format!("content/{}", name(n)), text(n)))
        .collect()
}

/// The same order each time, and no pattern in it.
fn shuffled<T>(mut list: Vec<T>) -> Vec<T> {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    for n in (1..list.len()).rev() {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        list.swap(n, (seed >> 33) as usize % (n + 1));
    }
    list
}

#[test]
fn files_in_any_order_end_as_if_they_had_come_at_once() {
    let (mut at_once, mut one_by_one) = (site(), site());
    let files = linked(many());
    let borrowed: Vec<(&str, &str)> = files.iter().map(|(key, text)| (&**key, &**text)).collect();
    put(&mut at_once, &borrowed);
    // What is rendered of these files themselves.
    let (mut bodies, mut pages) = (0, 0);
    for (key, text) in shuffled(files.clone()) {
        let outcome = put(&mut one_by_one, &[(&key, &text)]);
        bodies += outcome.bodies.len();
        pages += outcome
            .rendered
            .iter()
            .filter(|key| key.starts_with('p'))
            .count();
    }
    for (key, _) in &files {
        let output = format!("{}/index.html", &key["content/".len()..key.len() - 3]);
        assert!(at_once.text(&output).is_some(), "{output}");
        assert_eq!(at_once.text(&output), one_by_one.text(&output), "{output}");
    }
    for list in LISTS {
        assert_eq!(at_once.text(list), one_by_one.text(list), "{list}");
    }
    let most = 3 * files.len();
    assert!(
        bodies <= most && pages <= most,
        "{bodies} bodies, {pages} pages"
    );
}

#[test]
fn a_chain_of_links_to_nothing_goes_back_at_once() {
    let mut site = site();
    let count = many();
    let text = |n: usize| post(&format!("Page {n}"), "", &format!("[x](@/p{}.md)", n + 1));
    let files: Vec<(String, String)> = (0..count)
        .map(|n| (format!("content/p{n}.md"), text(n)))
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(key, text)| (&**key, &**text)).collect();
    let outcome = put(&mut site, &files);
    assert_eq!(outcome.rejected.len(), count);
    assert!(outcome.trials <= 3, "{} trials", outcome.trials);
    let last = format!("content/p{count}.md");
    let outcome = put(&mut site, &[(&last, &post("Last", "", "Text."))]);
    assert!(
        outcome.rejected.is_empty() && outcome.trials == 1,
        "{} trials",
        outcome.trials
    );
}

#[test]
fn where_nothing_fails_there_is_one_trial() {
    let mut site = site();
    let files = linked(20);
    let files: Vec<(&str, &str)> = files.iter().map(|(key, text)| (&**key, &**text)).collect();
    assert_eq!(put(&mut site, &files).trials, 1);
    let broken = post("Broken", "", "[x](@/none.md)");
    assert_eq!(put(&mut site, &[("content/broken.md", &broken)]).trials, 2);
    // What waits for what is not there is left alone.
    let edited = files[3].1.replace("Page 3", "Page three");
    assert_eq!(put(&mut site, &[(files[3].0, &edited)]).trials, 1);
    let nothing = site.build(Seen::new()).unwrap();
    assert!(nothing.rendered.is_empty() && nothing.bodies.is_empty());
}

#[test]
fn what_goes_back_before_anything_is_rendered_is_told_with_its_line() {
    let mut site = site();
    let section = "+++\ntemplate = \"list.html\"\n+++\n";
    put(
        &mut site,
        &[
            ("content/s/_index.md", section),
            ("templates/list.html", "a list"),
        ],
    );
    put(
        &mut site,
        &[("content/good.md", &post("Stork", "", "Text."))],
    );
    // The text of the section was not read since.
    let outcome = put(&mut site, &[("templates/list.html", "{% broken")]);
    let missing = outcome
        .told
        .iter()
        .filter(|one| one.code.starts_with("template"));
    assert!(missing.clone().count() > 0, "{:?}", outcome.told);
    let mut site = self::site();
    let outcome = put(&mut site, &[("content/s/_index.md", section)]);
    let line = |outcome: &Outcome| {
        let mut told = outcome.told.iter();
        let missing = told.find(|one| one.code == "template-missing");
        missing.and_then(|one| one.line)
    };
    assert_eq!(line(&outcome), Some(2));
    let outcome = put(&mut site, &[("templates/list.html", "{% broken")]);
    assert_eq!(line(&outcome), Some(2));
}
