//! What values and renders cost, and what the largest render of a real site did.

use super::*;
use crate::render::world::Settings;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

/// What a render cost.
#[derive(Debug, Clone, Copy, Default)]
struct Cost {
    steps: u64,
    kept_bytes: usize,
}

impl Cost {
    fn max(self, other: Self) -> Self {
        Self {
            steps: self.steps.max(other.steps),
            kept_bytes: self.kept_bytes.max(other.kept_bytes),
        }
    }
}

/// The dearest of the renders that are measured.
static LARGEST: Mutex<Cost> = Mutex::new(Cost {
    steps: 0,
    kept_bytes: 0,
});

thread_local! {
    /// Other tests run at the same time, and spend whole budgets.
    static IS_MEASURED: Cell<bool> = const { Cell::new(false) };
}

/// Called at the end of each render.
pub(super) fn note(left: Option<Left>) {
    if IS_MEASURED.get()
        && let Some(left) = left
        && let Ok(mut largest) = LARGEST.lock()
    {
        *largest = largest.max(Cost {
            steps: MAX_STEPS - left.steps,
            kept_bytes: MAX_KEPT_BYTES - left.kept_bytes,
        });
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

/// A function may write out whatever it is called with.
#[test]
fn texts_in_lists_and_maps_of_arguments_are_paid_for() {
    let text = Value::from("a".repeat(64_000));
    let map = tera::Map::from_iter([("a".into(), Value::from(vec![text.clone(), text.clone()]))]);
    let price = |value: Value| {
        of_render(|| {
            of_argument(&value).unwrap();
            spent().unwrap()
        })
    };
    assert_eq!(price(text.clone()), 1_000);
    assert_eq!(price(Value::from(vec![text.clone(), text])), 2_000);
    assert_eq!(price(Value::from(map)), 2_001);
}

/// The manual and the conformance sites stay below a hundredth of the limits. `QUILLFRONT_SITES=DIR:DIR`
/// measures other sites too; with `--nocapture` the test prints the figures of the manual's page of limits.
#[test]
fn real_sites_stay_far_below_the_limits() {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let cases = repository.join("tests/conformance/cases");
    let cases = std::fs::read_dir(cases).expect("the conformance cases");
    let mut sites: Vec<PathBuf> = cases
        .map(|case| case.expect("a case").path().join("site"))
        .collect();
    sites.sort();
    sites.push(repository);
    let others = std::env::var("QUILLFRONT_SITES").unwrap_or_default();
    sites.extend(std::env::split_paths(&others).filter(|site| site.is_dir()));
    let mut largest = Cost::default();
    for site in &sites {
        let cost = cost_of(site);
        println!("{}: {cost:?}", site.display());
        assert!(cost.steps < MAX_STEPS / 100, "{}: {cost:?}", site.display());
        assert!(
            cost.kept_bytes < MAX_KEPT_BYTES / 100,
            "{}: {cost:?}",
            site.display()
        );
        largest = largest.max(cost);
    }
    assert!(largest.steps > 100, "nothing was counted: {largest:?}");
}

/// What the dearest output or page of a site costs.
fn cost_of(site: &Path) -> Cost {
    let settings = Settings {
        mode: "build",
        base_url: None,
        drafts: true,
        minify: false,
        now: jiff::Timestamp::UNIX_EPOCH,
        listing_is_complete: true,
    };
    let threads = rayon::ThreadPoolBuilder::new()
        .stack_size(8 << 20)
        .start_handler(|_| IS_MEASURED.set(true))
        .build()
        .expect("threads");
    *LARGEST.lock().unwrap() = Cost::default();
    let evaluate = || crate::folder::evaluate(site, None, settings, || Ok(()), |_, _| ());
    // Sites that must fail do so here too, and cost what they cost until then.
    drop(
        threads
            .install(evaluate)
            .expect("a folder that can be read"),
    );
    *LARGEST.lock().unwrap()
}
