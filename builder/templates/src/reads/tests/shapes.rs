//! Shapes by themselves.

use super::printed::printed;
use super::*;

fn items(first: Option<usize>, field: &str) -> Shape {
    let fields = BTreeMap::from([(field.to_owned(), Shape::Whole)]);
    let shape = Shape::Parts(Parts {
        fields,
        ..Parts::default()
    });
    Shape::Parts(Parts {
        items: Some(Box::new(Items { first, shape })),
        ..Parts::default()
    })
}

fn calls(all: &[(&[(&str, &str)], Shape)]) -> Reads {
    let own = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
    let calls = all.iter().map(|(literals, shape)| Call {
        function: "f".to_owned(),
        literals: literals.iter().map(own).collect(),
        shape: shape.clone(),
    });
    Reads {
        context: Some(BTreeMap::new()),
        calls: Some(calls.collect()),
        templates: Some(BTreeSet::new()),
    }
}

#[test]
fn shapes_merge_to_what_both_read() {
    for (one, other, expected) in [
        (items(Some(3), "a"), items(Some(10), "b"), "f()[:10]{a b}"),
        (items(None, "a"), items(Some(10), "a"), "f()[]{a}"),
        (items(Some(3), "a"), Shape::Whole, "f()"),
        (
            Shape::Parts(Parts::default()),
            items(Some(3), "a"),
            "f()[:3]{a}",
        ),
        (
            Shape::Parts(Parts {
                length: true,
                ..Parts::default()
            }),
            items(Some(3), "a"),
            "f()[:3]{a}#",
        ),
    ] {
        for (mut merged, other) in [(one.clone(), other.clone()), (other, one)] {
            merged.merge(other);
            assert_eq!(printed(&calls(&[(&[], merged)])), expected);
        }
    }
}

#[test]
fn what_reads_the_values_of_a_list_reads_all_of_a_map() {
    let shape = items(Some(3), "a");
    assert_eq!(shape.of_map(), &Shape::Whole);
    assert_eq!(shape.field("b"), Some(&Shape::Whole));
    let nothing = Shape::Parts(Parts::default());
    assert_eq!((nothing.of_map(), nothing.field("b")), (&nothing, None));
}

#[test]
fn an_answer_is_read_as_by_all_calls_that_it_may_be_of() {
    let reads = calls(&[
        (&[("path", "a")], items(Some(1), "a")),
        (&[("path", "b")], items(Some(2), "b")),
        (&[("lang", "en")], items(Some(3), "c")),
    ]);
    let answer = |path: &str, lang: Option<&str>| {
        let arguments = |name: &str| match name {
            "path" => Some(path.to_owned()),
            "lang" => lang.map(str::to_owned),
            _ => None,
        };
        printed(&calls(&[(&[], reads.answer("f", &arguments))]))
    };
    assert_eq!(answer("a", Some("de")), "f()[:1]{a}");
    assert_eq!(answer("b", Some("en")), "f()[:3]{b c}");
    assert_eq!(
        answer("a", None),
        "f()[:3]{a c}",
        "what is not known may be anything"
    );
    assert_eq!(answer("c", Some("de")), "f()");
    assert_eq!(reads.answer("g", &|_| None), Shape::Whole);
    assert_eq!(Reads::everything().answer("f", &|_| None), Shape::Whole);
}
