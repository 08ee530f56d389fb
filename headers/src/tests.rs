use super::*;
use crate::values::{encode_address, is_header_value};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Reads what was written, as S3 would answer it.
fn read_back(stored: &BTreeMap<String, String>) -> Metadata {
    let answered: BTreeMap<String, &str> = stored
        .iter()
        .map(|(name, value)| (format!("{S3_PREFIX}{name}"), value.as_str()))
        .collect();
    Metadata::read(|field| answered.get(field.header()).copied())
}

fn redirect(address: &str) -> Metadata {
    Metadata {
        redirect: Some(Redirect::to(address, Status::default())),
        ..Metadata::default()
    }
}

/// Objects that are stored already have these names.
#[test]
fn the_names_never_change() {
    let names = Field::ALL.map(Field::name);
    assert_eq!(
        names,
        ["qf-csp", "qf-h", "qf-location", "qf-status", "qf-original"]
    );
    for field in Field::ALL {
        assert_eq!(field.header(), format!("{S3_PREFIX}{}", field.name()));
    }
}

#[test]
fn nothing_to_tell_is_no_metadata() {
    let stored = Metadata::default().write().unwrap();
    assert_eq!(stored, BTreeMap::new());
    assert_eq!(read_back(&stored), Metadata::default());
}

#[test]
fn all_fields_are_stored_under_their_names() {
    let metadata = Metadata {
        policy: Some("default-src 'self'".to_owned()),
        headers: BTreeMap::from([
            (
                "permissions-policy".to_owned(),
                Some("camera=()".to_owned()),
            ),
            ("referrer-policy".to_owned(), None),
        ]),
        redirect: Some(Redirect::to("/grüße/", Status::TemporaryRedirect)),
        original: Some(Original {
            etag: "9e107d9d372bb6826bd81d3542a419d6".to_owned(),
            version: Some("ba7816bf8f01cfea".to_owned()),
        }),
    };
    let stored = metadata.write().unwrap();
    let pairs: Vec<_> = stored
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(
        pairs,
        [
            ("qf-csp", "default-src 'self'"),
            (
                "qf-h",
                r#"{"permissions-policy":"camera=()","referrer-policy":null}"#
            ),
            ("qf-location", "/gr%C3%BC%C3%9Fe/"),
            (
                "qf-original",
                "9e107d9d372bb6826bd81d3542a419d6 ba7816bf8f01cfea"
            ),
            ("qf-status", "307"),
        ]
    );
    assert_eq!(read_back(&stored), metadata);
}

#[test]
fn a_permanent_redirect_has_no_status_of_its_own() {
    let stored = redirect("/b/").write().unwrap();
    assert_eq!(
        stored,
        BTreeMap::from([("qf-location".to_owned(), "/b/".to_owned())])
    );
}

#[test]
fn what_a_header_cannot_carry_is_not_written() {
    for value in [
        "a\nb",
        "a\r\nset-cookie: x",
        "é",
        " a",
        "a ",
        "\u{7f}",
        "\t",
    ] {
        let policy = Metadata {
            policy: Some(value.to_owned()),
            ..Metadata::default()
        };
        assert_eq!(
            policy.write(),
            Err(WriteError::NotAHeaderValue(Field::Policy)),
            "{value:?}"
        );
    }
    let accented = Metadata {
        headers: BTreeMap::from([("x-name".to_owned(), Some("é".to_owned()))]),
        ..Metadata::default()
    };
    let told = accented.write().unwrap_err().to_string();
    assert_eq!(told, "`qf-h` has characters that no header can carry");
}

#[test]
fn each_field_has_its_bound_and_so_have_all_together() {
    let policy = |bytes: usize| Metadata {
        policy: Some("p".repeat(bytes)),
        ..Metadata::default()
    };
    assert!(policy(MAX_POLICY_BYTES).write().is_ok());
    assert_eq!(
        policy(MAX_POLICY_BYTES + 1).write(),
        Err(WriteError::FieldTooLong {
            field: Field::Policy,
            bytes: MAX_POLICY_BYTES + 1,
            most: MAX_POLICY_BYTES,
        })
    );
    let longest = format!("/{}", "a".repeat(MAX_LOCATION_BYTES - 1));
    assert!(redirect(&longest).write().is_ok());
    assert!(redirect(&format!("{longest}a")).write().is_err());
    // Once encoded.
    assert!(
        redirect(&"é".repeat(MAX_LOCATION_BYTES / 6 + 1))
            .write()
            .is_err()
    );
    let thumbnail = |bytes: usize| Metadata {
        original: Some(Original::read(&"e".repeat(bytes))),
        ..Metadata::default()
    };
    assert!(thumbnail(MAX_ORIGINAL_BYTES).write().is_ok());
    assert!(thumbnail(MAX_ORIGINAL_BYTES + 1).write().is_err());
    // 1,400 + 6 for the policy; 11 for the name of the address leave 483 for it.
    let both = |bytes: usize| Metadata {
        redirect: redirect(&"a".repeat(bytes)).redirect,
        ..policy(MAX_POLICY_BYTES)
    };
    assert!(both(483).write().is_ok());
    assert_eq!(
        both(484).write(),
        Err(WriteError::TooLong {
            bytes: MAX_BYTES + 1
        })
    );
}

#[test]
fn a_field_that_makes_no_sense_is_left_out_alone() {
    for (headers, status) in [("{", "moved"), (r#"{"a":1}"#, "200"), ("[]", "")] {
        let read = Metadata::read(|field| match field {
            Field::Policy => Some("default-src 'self'"),
            Field::Headers => Some(headers),
            Field::Location => Some("/b/"),
            Field::Status => Some(status),
            Field::Original => None,
        });
        let expected = Metadata {
            policy: Some("default-src 'self'".to_owned()),
            ..redirect("/b/")
        };
        assert_eq!(read, expected, "{headers} {status}");
    }
}

fn statuses() -> impl Strategy<Value = Status> {
    prop_oneof![
        Just(Status::MovedPermanently),
        Just(Status::Found),
        Just(Status::SeeOther),
        Just(Status::TemporaryRedirect),
        Just(Status::PermanentRedirect),
    ]
}

fn any_metadata() -> impl Strategy<Value = Metadata> {
    let text = || prop_oneof!["[ -~]{0,20}", "\\PC{0,20}", any::<String>()];
    let policy = proptest::option::of(prop_oneof![text(), "[ -~]{1350,1450}".boxed()]);
    let headers =
        proptest::collection::btree_map("[a-z-]{1,10}", proptest::option::of(text()), 0..4);
    let address = prop_oneof![text(), "/[a-z/é ]{0,900}"];
    let redirect = proptest::option::of((address, statuses()));
    let version = proptest::option::of("[ -~]{0,20}");
    let original = ("[!#-~]{0,40}", version).prop_map(|(etag, version)| Original { etag, version });
    let original = proptest::option::of(original);
    let all = (policy, headers, redirect, original);
    all.prop_map(|(policy, headers, redirect, original)| Metadata {
        policy,
        headers,
        redirect: redirect.map(|(address, status)| Redirect::to(&address, status)),
        original,
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back_the_same_and_fits(metadata in any_metadata()) {
        if let Ok(stored) = metadata.write() {
            let bytes: usize = stored.iter().map(|(name, value)| name.len() + value.len()).sum();
            prop_assert!(bytes <= MAX_BYTES);
            prop_assert!(stored.values().all(|value| is_header_value(value)));
            prop_assert_eq!(read_back(&stored), metadata);
        }
    }

    #[test]
    fn any_metadata_can_be_read(policy: String, headers: String, location: String, status: String) {
        let read = Metadata::read(|field| Some(match field {
            Field::Policy => policy.as_str(),
            Field::Headers => headers.as_str(),
            Field::Location => location.as_str(),
            Field::Status => status.as_str(),
            Field::Original => status.as_str(),
        }));
        prop_assert_eq!(read.policy, Some(policy));
        prop_assert!(read.redirect.is_some());
    }

    #[test]
    fn an_address_is_a_header_value_once_it_is_encoded(address: String) {
        let encoded = encode_address(&address);
        prop_assert!(is_header_value(&encoded));
        // A second time changes nothing.
        prop_assert_eq!(encode_address(&encoded), encoded);
    }
}
