//! What is sent covers what changed, and costs no more than it has to.

use super::*;
use proptest::prelude::*;

fn choice(changed: &[String], unchanged: &[String]) -> Invalidations {
    let changed: BTreeSet<&str> = changed.iter().map(String::as_str).collect();
    let published = changed
        .iter()
        .copied()
        .chain(unchanged.iter().map(String::as_str));
    choose(&changed, published.collect::<Vec<_>>().into_iter(), &[])
}

fn pages(folder: &str, numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|n| format!("{folder}{n}/index.html")).collect()
}

fn files(folder: &str, count: usize) -> Vec<String> {
    (0..count).map(|n| format!("{folder}{n}.jpg")).collect()
}

fn covers(sent: &str, path: &str) -> bool {
    match sent.strip_suffix('*') {
        Some(start) => path.starts_with(start),
        None => sent == path,
    }
}

#[test]
fn a_page_is_forgotten_under_every_name_it_has() {
    let keys = ["blog/a b/index.html", "index.html", "x.css", "bindex.html"].map(str::to_owned);
    let expected = [
        "/",
        "/bindex.html",
        "/blog/a%20b",
        "/blog/a%20b/",
        "/blog/a%20b/index.html",
        "/index.html",
        "/x.css",
    ];
    let list = choice(&keys, &[]);
    assert_eq!(list.paths, expected);
    assert_eq!(list.mode, "paths");
    assert_eq!(choice(&[], &keys).mode, "none");
}

#[test]
fn a_sidebar_on_every_page_is_one_wildcard() {
    let mut changed = pages("blog/", 0..10_000);
    changed.extend(pages("tags/", 0..300));
    changed.extend(["index.html".to_owned(), "blog/index.html".to_owned()]);
    let list = choice(&changed, &files("", 20));
    assert_eq!(list.paths, ["/*"]);
    assert_eq!(list.mode, "wildcard");
    assert!(list.because.contains("30905 paths") && list.because.contains("20 unchanged"));
}

#[test]
fn a_sidebar_of_a_site_full_of_pictures_leaves_them_in_the_caches() {
    let mut changed = pages("blog/", 0..5_000);
    changed.push("blog/index.html".to_owned());
    changed.push("index.html".to_owned());
    let list = choice(&changed, &files("photos/", 5_000));
    assert_eq!(list.paths, ["/", "/blog", "/blog/*", "/index.html"]);
}

#[test]
fn forty_pages_of_one_folder_leave_the_rest_of_the_site_alone() {
    let mut unchanged = pages("blog/2008/", 0..9_000);
    unchanged.extend(files("photos/", 500));
    unchanged.extend(pages("blog/2007/", 40..500));
    let list = choice(&pages("blog/2007/", 0..40), &unchanged);
    assert_eq!(list.paths, ["/blog/2007/*"]);
    // In one folder with all others they are named.
    let list = choice(&pages("", 0..40), &pages("", 40..10_000));
    assert_eq!((list.paths.len(), list.mode.as_str()), (120, "paths"));
}

#[test]
fn what_is_still_owed_is_sent_too() {
    let changed = BTreeSet::from(["a/index.html"]);
    let owed = |list: &[&str]| -> Vec<String> { list.iter().map(|path| (*path).into()).collect() };
    let list = choose(&changed, std::iter::empty(), &owed(&["/a/", "/b", "/c/*"]));
    assert_eq!(list.paths, ["/a", "/a/", "/a/index.html", "/b", "/c/*"]);
    let list = choose(&changed, std::iter::empty(), &owed(&["/a/*", "/a/b/*"]));
    assert_eq!(list.paths, ["/a", "/a/*"]);
    let many: Vec<String> = (0..MAX_PATHS).map(|n| format!("/{n}")).collect();
    let list = choose(&changed, std::iter::empty(), &many);
    assert_eq!(list.paths, ["/*"]);
    let list = choose(&BTreeSet::new(), std::iter::empty(), &owed(&["/*", "/x"]));
    assert_eq!(
        (list.paths, list.mode.as_str()),
        (owed(&["/*"]), "wildcard")
    );
}

fn key() -> impl Strategy<Value = String> {
    let part = prop::sample::select(vec!["a", "b", "b c", "ü", "2007", "index.html", "x*", "#"]);
    let folders = prop::collection::vec(part, 0..5);
    let name = prop_oneof![3 => Just("index.html".to_owned()), 2 => "[a-f]{1,2}\\.(css|html)"];
    (folders, name).prop_map(|(folders, name)| {
        let folders: String = folders.iter().map(|folder| format!("{folder}/")).collect();
        format!("{folders}{name}")
    })
}

proptest! {
    #[test]
    fn every_changed_key_is_covered_and_never_by_too_many_paths(
        changed in prop::collection::btree_set(key(), 0..300),
        unchanged in prop::collection::btree_set(key(), 0..300),
        wide in 0_usize..600,
        spread in 1_usize..60,
        owed in prop::collection::vec("/[a-c]{1,2}(/\\*)?", 0..4),
    ) {
        // Many folders with a few pages each ask for more wildcards than there may be.
        let wide = (0..wide).map(|n| format!("w/{}/{n}/index.html", n % spread));
        let changed: BTreeSet<String> = changed.into_iter().chain(wide).collect();
        let keys: BTreeSet<&str> = changed.iter().map(String::as_str).collect();
        let published = keys.iter().copied().chain(unchanged.iter().map(String::as_str));
        let list = choose(&keys, published.collect::<Vec<_>>().into_iter(), &owed);

        for path in keys.iter().flat_map(|key| names(key)).chain(owed.clone()) {
            prop_assert!(list.paths.iter().any(|sent| covers(sent, &path)), "{path} in {list:?}");
        }
        prop_assert!(list.paths.len() <= MAX_PATHS);
        let starred: Vec<&String> = list.paths.iter().filter(|path| path.contains('*')).collect();
        prop_assert!(starred.len() <= MAX_WILDCARDS);
        prop_assert!(starred.iter().all(|path| path.find('*') == Some(path.len() - 1)));
        prop_assert!(list.paths.iter().all(|path| path.starts_with('/')));
        prop_assert_eq!(list.paths.is_empty(), keys.is_empty() && owed.is_empty());
        prop_assert_eq!(list.mode == "wildcard", !starred.is_empty());

        // At one price: no dearer than to drop everything, or than to name each.
        let unchanged: Vec<&str> = unchanged.iter().map(String::as_str).filter(|key| !keys.contains(key)).collect();
        let list: Vec<&str> = keys.iter().copied().collect();
        let prices = Prices { unchanged: &unchanged, wildcard: WILDCARD * UNCHANGED_PER_PATH };
        let best = prices.folder("", &list);
        let each: u64 = list.iter().map(|key| names_count(key)).sum();
        prop_assert!(best.cost <= each * UNCHANGED_PER_PATH);
        prop_assert!(list.is_empty() || best.cost <= prices.wildcard + unchanged.len() as u64);
        let plain = best.paths().filter(|path| !path.ends_with('*')).count() as u64;
        let spent = plain * UNCHANGED_PER_PATH + best.wildcards as u64 * prices.wildcard + best.dropped;
        prop_assert_eq!(best.cost, spent);
    }
}
