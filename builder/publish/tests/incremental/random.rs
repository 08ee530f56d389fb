//! Any edits of any site: after each batch the build is held against a clean one.

use crate::driver::{Seen, Site};
use crate::edits::{Before, Edit, apply, edit, put, searched};
use crate::small_site::small_site;
use crate::snippets::{
    ANYWHERE, LISTS, OF_A_FEED, OF_A_PAGE, OF_A_SECTION, OF_A_TERM, OF_TERMS, PARAGRAPHS,
};
use jiff::SignedDuration;
use proptest::prelude::*;

/// What an edit does to the world of a site.
fn happens(site: &mut Site, edit: &Edit) {
    match edit {
        Edit::Wait(hours) => site.reconcile(SignedDuration::from_hours(*hours)),
        Edit::Web(text) => {
            site.web = text.map(str::to_owned);
            site.reconcile(SignedDuration::ZERO);
        }
        Edit::LoseRecords(every) => {
            let number = |key: &str| key.bytes().map(u64::from).sum::<u64>();
            site.lose_records(|key| number(key) % every == 0);
        }
        Edit::OldRecords => site.restore_records(),
        Edit::Put(..)
        | Edit::Picture(..)
        | Edit::Photograph(..)
        | Edit::Remove(_)
        | Edit::Move(..)
        | Edit::Revert(_)
        | Edit::Touch(_) => {}
    }
}

fn apply_to(site: &mut Site, before: &mut Before, batch: &[Edit]) -> Seen {
    let files = site.files.clone();
    apply(&files, before, batch, |edit| happens(site, edit))
}

fn holds(first: &[Edit], script: &[Vec<Edit>], is_folder: bool) -> Result<Tally, String> {
    let mut site = if is_folder {
        Site::in_folder()
    } else {
        Site::new()
    };
    let mut before = Before::new();
    let small = small_site()
        .into_iter()
        .map(|(key, bytes)| (key, Some(bytes)));
    let mut seen: Seen = small.collect();
    seen.extend(apply_to(&mut site, &mut before, first));
    site.build(seen)
        .map_err(|found| format!("at first:\n{found}"))?;
    let mut tally = Tally::default();
    for (number, batch) in script.iter().enumerate() {
        let seen = apply_to(&mut site, &mut before, batch);
        let outcome = site.build(seen);
        let outcome = outcome.map_err(|found| format!("after step {}:\n{found}", number + 1))?;
        tally.builds += 1;
        tally.full += usize::from(outcome.full);
        tally.outputs += site.len();
        tally.rendered += outcome.rendered.len();
        let searched = outcome
            .rendered
            .iter()
            .any(|key| key.starts_with("search_index"));
        tally.indexed += usize::from(searched && !outcome.full);
        tally.stale += outcome.stale.len();
    }
    if !is_folder {
        site.nothing_waits_for_nothing()?;
    }
    let again = site
        .build(Seen::new())
        .map_err(|found| format!("at last:\n{found}"))?;
    // What waits is tried again, and may have been made where something else is published.
    let tried = !again.rejected.is_empty() && again.put.is_empty();
    if again.rendered.is_empty() || !again.stale.is_empty() || tried {
        Ok(tally)
    } else {
        Err(format!("rendered for nothing: {:?}", again.rendered))
    }
}

/// What was done.
#[derive(Debug, Default)]
struct Tally {
    builds: usize,
    full: usize,
    outputs: usize,
    rendered: usize,
    stale: usize,
    /// Builds that went by a graph and made a search index.
    indexed: usize,
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: cases(),
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..ProptestConfig::default()
    })]

    /// `PROPTEST_CASES` sets how many are tried.
    #[test]
    fn after_any_edits_of_any_site(
        searched in searched(),
        first in prop::collection::vec(put(), 0..24),
        script in prop::collection::vec(prop::collection::vec(edit(), 1..4), 1..6),
        is_folder in any::<bool>(),
    ) {
        let first: Vec<Edit> = first.into_iter().chain(searched).collect();
        if let Some(log) = std::env::var_os("QUILLFRONT_LOG") {
            std::fs::write(log, format!("{first:#?}\n{script:#?}")).unwrap();
        }
        let outcome = holds(&first, &script, is_folder);
        prop_assert!(outcome.is_ok(), "{}", outcome.err().unwrap());
        if std::env::var_os("QUILLFRONT_TALLY").is_some() {
            println!("{:?}", outcome.unwrap());
        }
    }
}

/// How many scripts are tried.
pub fn cases() -> u32 {
    let asked = std::env::var("PROPTEST_CASES").ok();
    asked.and_then(|text| text.parse().ok()).unwrap_or(40)
}

/// Each piece renders on the small site, so that something can be seen.
#[test]
fn the_pieces_render() {
    let mut site = Site::of(small_site()).unwrap();
    let mut wrong = Vec::new();
    let mut tried = |key: &str, text: String| {
        let before = site.files.get(key).cloned();
        let put = |bytes: Option<Vec<u8>>| Seen::from([(key.to_owned(), bytes)]);
        let outcome = site.build(put(Some(text.clone().into_bytes())));
        match outcome {
            Ok(outcome) if outcome.told.is_empty() => {}
            Ok(outcome) => {
                let told: Vec<_> = outcome.told.iter().map(ToString::to_string).collect();
                wrong.push(format!("{text}: {}", told.join(" ")));
            }
            Err(found) => wrong.push(format!("{text}: {found}")),
        }
        site.build(put(before)).unwrap();
    };
    for piece in OF_A_PAGE {
        tried(
            "templates/page.html",
            format!("{{% set p = page %}}{piece}"),
        );
    }
    for list in LISTS {
        tried("templates/404.html", list.replace('B', "{{ p.slug }}"));
    }
    for piece in ANYWHERE {
        tried("templates/page.html", (*piece).to_owned());
    }
    let lists = [
        ("templates/section.html", OF_A_SECTION),
        ("templates/taxonomy_list.html", OF_TERMS),
        ("templates/taxonomy_single.html", OF_A_TERM),
        ("templates/atom.xml", OF_A_FEED),
    ];
    for (key, pieces) in lists {
        for piece in pieces {
            tried(key, piece.replace('B', "{{ p.slug }}"));
        }
    }
    for text in &PARAGRAPHS[..PARAGRAPHS.len() - 2] {
        // Nothing may be said of what other edits bring.
        let comes_later =
            text.contains("#sub-x") || text.contains("](cat.png)") || text.contains("[b]");
        if !comes_later {
            tried(
                "content/blog/b.md",
                format!("+++\ndate = 2025-02-01\n+++\n# Head\n\n{text}\n"),
            );
        }
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
