//! What values and renders cost.

use super::*;

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
