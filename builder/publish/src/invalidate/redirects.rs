//! What caches know by the rules of the edge: the paths of redirects, and those under which another
//! object is shown.
//!
//! An edge may go by rules that it has read for [`REVALIDATION`]. What it answers by them after other
//! rules were put is cached as well, so what a change touches is invalidated that much later
//! ([`RULES_DELAY`]).

use super::{PATH, choose};
use percent_encoding::utf8_percent_encode;
use quillfront_headers::Rules;
use quillfront_headers::redirects::{Pattern, RedirectRule, Redirects};
use std::collections::{BTreeSet, HashSet};
use std::ops::Bound;
use std::time::Duration;

/// How long an edge may go by rules without asking whether there are others.
pub const REVALIDATION: Duration = Duration::from_millis(quillfront_headers::REVALIDATE_MS);
/// How long after a put of rules what they touch is invalidated: a request that an edge began to answer by
/// the old ones has ended by then.
pub const RULES_DELAY: Duration = REVALIDATION.saturating_add(Duration::from_secs(5));

/// Paths that caches may know otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TouchedPaths {
    /// Keys of the objects that these paths would be.
    keys: BTreeSet<String>,
    /// Paths of invalidations.
    paths: BTreeSet<String>,
}

impl TouchedPaths {
    /// Everything.
    pub fn all() -> Self {
        Self {
            keys: BTreeSet::new(),
            paths: BTreeSet::from([super::ALL.to_owned()]),
        }
    }

    /// What a change from one set of rules to another touches.
    pub fn by_change(before: &Rules, after: &Rules) -> Self {
        let (one, other) = (&before.redirects, &after.redirects);
        let mut touched = Self::default();
        let differ_otherwise = Rules {
            redirects: Redirects::default(),
            ..before.clone()
        } != Rules {
            redirects: Redirects::default(),
            ..after.clone()
        };
        if differ_otherwise || one.ignores_slash() != other.ignores_slash() {
            // Their headers are those of every answer by a rule.
            touched.add_all(one.rules(), one);
            touched.add_all(other.rules(), other);
            return touched;
        }
        let (old, new) = differing(one.rules(), other.rules());
        touched.add_all(old, one);
        touched.add_all(new, other);
        touched
    }

    /// The paths under which one of these objects is shown by a rule.
    pub fn by_shown<'k>(rules: &Rules, keys: impl Iterator<Item = &'k str>) -> Self {
        let redirects = &rules.redirects;
        let shows = |rule: &&RedirectRule| rule.status == 200;
        let shown: Vec<&RedirectRule> = redirects.rules().iter().filter(shows).collect();
        let mut touched = Self::default();
        if shown.is_empty() {
            return touched;
        }
        let keys: BTreeSet<&str> = keys.collect();
        for rule in shown {
            if Target::of(rule).is_among(&keys) {
                touched.add(rule, redirects);
            }
        }
        touched
    }

    /// True where there is nothing.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.paths.is_empty()
    }

    /// Adds others.
    pub fn extend(&mut self, other: Self) {
        self.keys.extend(other.keys);
        self.paths.extend(other.paths);
    }

    /// The cheapest paths that cover it.
    pub fn cheapest<'k>(&self, published: impl Iterator<Item = &'k str>) -> Vec<String> {
        if self.is_empty() {
            return Vec::new();
        }
        let published: Vec<&str> = published.collect();
        let keys = self.keys.iter().map(String::as_str).collect();
        let paths: Vec<String> = self.paths.iter().cloned().collect();
        choose(&keys, published.into_iter(), &paths).paths
    }

    fn add_all<'r>(
        &mut self,
        rules: impl IntoIterator<Item = &'r RedirectRule>,
        redirects: &Redirects,
    ) {
        for rule in rules {
            self.add(rule, redirects);
        }
    }

    fn add(&mut self, rule: &RedirectRule, redirects: &Redirects) {
        let Ok(pattern) = Pattern::read(&rule.from) else {
            return;
        };
        let Some(path) = pattern.as_path() else {
            let prefix = pattern.prefix();
            let encoded = utf8_percent_encode(prefix, PATH).to_string();
            // `/blog/*` is for `/blog` as well, where slashes do not matter.
            let bare = encoded.strip_suffix('/').filter(|bare| !bare.is_empty());
            let bare = bare.filter(|_| redirects.ignores_slash());
            self.paths.extend(bare.map(str::to_owned));
            self.paths.insert(format!("{encoded}*"));
            return;
        };
        let key = path.trim_start_matches('/');
        let is_folder = key.is_empty() || key.ends_with('/');
        self.keys.insert(if is_folder {
            format!("{key}index.html")
        } else if redirects.ignores_slash() {
            format!("{key}/index.html")
        } else {
            key.to_owned()
        });
    }
}

/// The objects that a rule may show.
enum Target {
    /// The one of this key.
    Key(String),
    /// Those whose keys begin so: behind it stands what a path captures.
    Prefix(String),
}

impl Target {
    fn of(rule: &RedirectRule) -> Self {
        let path = rule.to.split(['?', '#']).next().unwrap_or_default();
        let (fixed, is_whole) = match path.find(':') {
            Some(at) => (&path[..at], false),
            None => (path, true),
        };
        let fixed = percent_encoding::percent_decode_str(fixed).decode_utf8_lossy();
        let key = fixed.trim_start_matches('/').to_owned();
        match is_whole {
            false => Self::Prefix(key),
            true if key.is_empty() || key.ends_with('/') => Self::Key(key + "index.html"),
            true => Self::Key(key),
        }
    }

    fn is_among(&self, keys: &BTreeSet<&str>) -> bool {
        match self {
            Self::Key(key) => keys.contains(key.as_str()),
            Self::Prefix(prefix) => {
                let from = (Bound::Included(prefix.as_str()), Bound::Unbounded);
                let first = keys.range::<str, _>(from).next();
                first.is_some_and(|key| key.starts_with(prefix))
            }
        }
    }
}

/// The rules that are in one list and not in the other; where those in both have changed places, all from
/// the first to the last that differs.
fn differing<'r>(
    one: &'r [RedirectRule],
    other: &'r [RedirectRule],
) -> (Vec<&'r RedirectRule>, Vec<&'r RedirectRule>) {
    let (in_one, in_other) = (ids(one), ids(other));
    let stays = |list: &'r [RedirectRule], in_both: &HashSet<Id<'r>>| -> Vec<Id<'r>> {
        list.iter()
            .map(id)
            .filter(|id| in_both.contains(id))
            .collect()
    };
    if stays(one, &in_other) == stays(other, &in_one) {
        let old = one.iter().filter(|rule| !in_other.contains(&id(rule)));
        let new = other.iter().filter(|rule| !in_one.contains(&id(rule)));
        return (old.collect(), new.collect());
    }
    let start = one.iter().zip(other).take_while(|(a, b)| a == b).count();
    let (one, other) = (&one[start..], &other[start..]);
    let ends = one.iter().rev().zip(other.iter().rev());
    let end = ends.take_while(|(a, b)| a == b).count();
    let old = one[..one.len() - end].iter().collect();
    (old, other[..other.len() - end].iter().collect())
}

type Id<'r> = (&'r str, &'r str, u16, bool);

fn id(rule: &RedirectRule) -> Id<'_> {
    (&rule.from, &rule.to, rule.status, rule.is_forced)
}

fn ids(rules: &[RedirectRule]) -> HashSet<Id<'_>> {
    rules.iter().map(id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(list: &[(&str, &str, u16)], ignores_slash: bool) -> Rules {
        let list = list.iter().map(|(from, to, status)| RedirectRule {
            from: (*from).to_owned(),
            to: (*to).to_owned(),
            status: *status,
            is_forced: true,
        });
        Rules {
            redirects: Redirects::new(list.collect(), ignores_slash),
            ..Rules::default()
        }
    }

    fn paths(touched: &TouchedPaths) -> Vec<String> {
        touched.cheapest(["index.html", "a/index.html"].into_iter())
    }

    #[test]
    fn a_change_touches_the_paths_of_the_rules_that_came_and_went() {
        let before = rules(
            &[("/a", "/x", 301), ("/b/*", "/y", 301), ("/c", "/z", 301)],
            true,
        );
        let after = rules(
            &[("/n/:x/y", "/n", 301), ("/a", "/x", 301), ("/c", "/w", 301)],
            true,
        );
        let touched = TouchedPaths::by_change(&before, &after);
        let expected = ["/b", "/b/*", "/c", "/c/", "/c/index.html", "/n", "/n/*"];
        assert_eq!(paths(&touched), expected);
        assert!(TouchedPaths::by_change(&after, &after).is_empty());
        let exact =
            TouchedPaths::by_change(&rules(&[], false), &rules(&[("/a b", "/x", 301)], false));
        assert_eq!(paths(&exact), ["/a%20b"]);
        assert_eq!(paths(&TouchedPaths::all()), ["/*"]);
    }

    #[test]
    fn rules_that_change_places_are_touched() {
        let list = [
            ("/a", "/x", 301),
            ("/b", "/y", 301),
            ("/*", "/z", 301),
            ("/d", "/w", 301),
        ];
        let mut moved = list;
        moved.swap(1, 2);
        let touched = TouchedPaths::by_change(&rules(&list, false), &rules(&moved, false));
        assert_eq!(paths(&touched), ["/*"]);
        let mut moved = list;
        moved.swap(0, 1);
        let touched = TouchedPaths::by_change(&rules(&list, false), &rules(&moved, false));
        assert_eq!(paths(&touched), ["/a", "/b"]);
    }

    #[test]
    fn other_headers_are_those_of_all_rules() {
        let before = rules(&[("/a", "/x", 301)], false);
        let mut after = before.clone();
        after.headers.insert("x".to_owned(), "y".to_owned());
        assert_eq!(paths(&TouchedPaths::by_change(&before, &after)), ["/a"]);
    }

    #[test]
    fn what_is_shown_under_other_paths_is_touched_there() {
        let list = [
            ("/app/*", "/app/", 200),
            ("/one", "/page/index.html?x", 200),
            ("/api/:id", "/data/:id.json", 200),
            ("/r", "/page/", 301),
        ];
        let rules = rules(&list, false);
        for (key, expected) in [
            ("app/index.html", vec!["/app/*"]),
            ("app/x.js", vec![]),
            ("page/index.html", vec!["/one"]),
            ("data/7.json", vec!["/api/*"]),
            ("data", vec![]),
            ("database/7.json", vec![]),
        ] {
            let touched = TouchedPaths::by_shown(&rules, [key].into_iter());
            assert_eq!(paths(&touched), expected, "{key}");
        }
    }

    #[test]
    fn many_are_covered_by_few() {
        let list: Vec<_> = (0..5_000).map(|number| format!("/old/{number}")).collect();
        let list: Vec<_> = list.iter().map(|from| (&**from, "/x", 301)).collect();
        let touched = TouchedPaths::by_change(&Rules::default(), &rules(&list, true));
        assert_eq!(paths(&touched), ["/old/*"]);
    }
}
