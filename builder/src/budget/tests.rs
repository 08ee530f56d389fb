//! What values and renders cost, and what the largest render of a real site did.

use super::*;
use crate::render::world::Settings;
use std::path::Path;
use std::sync::Mutex;

/// Of all renders so far: the most steps, bytes kept, and the heaviest value.
static MOST: Mutex<(u64, usize, usize)> = Mutex::new((0, 0, 0));

pub(super) fn note(left: Option<Left>) {
    if let Some(left) = left
        && let Ok(mut most) = MOST.lock()
    {
        most.0 = most.0.max(MAX_STEPS - left.steps);
        most.1 = most.1.max(MAX_KEPT_BYTES - left.kept_bytes);
        most.2 = most.2.max(left.heaviest);
    }
}

#[test]
fn a_text_spends_of_its_own_budget_and_of_that_of_its_render() {
    of_render(|| {
        of_text(|| spend_of_text(MAX_TEXT_STEPS)).unwrap();
        assert!(of_text(|| spend_of_text(MAX_TEXT_STEPS + 1)).is_err());
        assert!(spent().is_some_and(|spent| spent >= MAX_TEXT_STEPS));
        // A template has none of that.
        spend_of_text(MAX_TEXT_STEPS + 1).unwrap();
        assert!(spend(MAX_STEPS).is_err());
    });
    assert_eq!(spent(), None);
    assert!(
        spend(u64::MAX).is_ok(),
        "nothing is counted outside of a render"
    );
}

#[test]
fn values_have_a_depth_and_a_size_once_written_out() {
    let nested =
        |depth: usize| (0..depth).fold(Value::from(1), |value, _| Value::from(vec![value]));
    of_render(|| {
        of_entry(&nested(MAX_DEPTH - 1)).unwrap();
        let told = of_entry(&nested(MAX_DEPTH)).unwrap_err().to_string();
        assert!(told.contains("nested more than 200 deep"), "{told}");
        // Each is twice in the next one.
        let doubled = (0..60).fold(Value::from(1), |value, _| {
            Value::from(vec![value.clone(), value])
        });
        let told = of_entry(&doubled).unwrap_err().to_string();
        assert!(told.contains("steps"), "{told}");
    });
}

#[test]
fn large_values_make_later_turns_dearer() {
    let price = |bytes: usize| {
        of_render(|| {
            of_variable(&Value::from("a".repeat(bytes)), MAX_VARIABLE_BYTES).unwrap();
            let before = spent().unwrap();
            turn(1).unwrap();
            spent().unwrap() - before
        })
    };
    assert_eq!((price(1_000), price(1 << 20)), (1, 129));
}

/// `QUILLFRONT_SITES=DIR:DIR cargo test -p quillfront-builder --lib largest -- --ignored --nocapture`
/// tells what the dearest render of each site took, for the manual's page of limits.
#[test]
#[ignore = "needs sites"]
fn the_largest_render_of_each_site() {
    let sites = std::env::var("QUILLFRONT_SITES").expect("QUILLFRONT_SITES names folders");
    for site in sites.split(':') {
        if let Ok(mut most) = MOST.lock() {
            *most = (0, 0, 0);
        }
        let settings = Settings {
            mode: "build",
            base_url: None,
            drafts: true,
            minify: false,
            now: jiff::Timestamp::UNIX_EPOCH,
            listing_is_complete: true,
        };
        let built = crate::folder::evaluate(Path::new(site), None, settings, || Ok(()), |_, _| ());
        let told = match built.unwrap() {
            Ok(tree) => {
                let limits = tree
                    .diagnostics
                    .iter()
                    .filter(|told| told.message.contains("more than"));
                let limits: Vec<String> = limits.map(ToString::to_string).collect();
                format!("{} diagnostics {limits:?}", tree.diagnostics.len())
            }
            Err(_) => "not built".to_owned(),
        };
        println!("{site}: {:?}, {told}", MOST.lock().unwrap());
    }
}
