//! The score and each result against those of Mozilla's HTTP Observatory 1.4.8 over 400 random sets
//! of headers. `observatory.json` has what its functions answered.

use quillfront_audit::observatory::score;
use quillfront_audit::observed::{Http, Page};
use serde::Deserialize;
use std::collections::BTreeSet;

#[derive(Deserialize)]
struct Case {
    headers: Vec<(String, String)>,
    metas: Vec<(String, String)>,
    score: u32,
    results: Vec<String>,
}

#[test]
fn every_result_is_that_of_the_observatory() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("observatory.json")).unwrap();
    assert_eq!(cases.len(), 400);
    let mut seen = BTreeSet::new();
    let mut wrong = Vec::new();
    for case in cases {
        let own = "https://www.example.org/".to_owned();
        let page = Page {
            url: own.clone(),
            status: 200,
            headers: case.headers.clone(),
            metas: case.metas.clone(),
            http: Http::Route(vec!["http://www.example.org/".to_owned(), own]),
            ..Page::default()
        };
        let score = score(&page);
        let results: Vec<&str> = score.tests.iter().map(|test| test.result).collect();
        if results != case.results || score.total != case.score {
            let differing: Vec<_> = results
                .iter()
                .zip(&case.results)
                .filter(|(a, b)| **a != b.as_str())
                .collect();
            wrong.push(format!(
                "{differing:?} of {:?} {:?}",
                case.headers, case.metas
            ));
        }
        seen.extend(case.results);
    }
    assert!(
        wrong.is_empty(),
        "{} differ:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(12)].join("\n")
    );
    assert!(seen.len() > 35, "only {} results occur", seen.len());
}
