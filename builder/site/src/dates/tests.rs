use super::*;
use proptest::prelude::*;

fn printed(text: &str) -> String {
    Date::parse(text)
        .map(|date| date.to_template_string())
        .unwrap_or_default()
}

#[test]
fn every_accepted_form_prints_as_zola_prints_it() {
    for (written, expected) in [
        ("2023-11-04T08:30:00+01:00", "2023-11-04T08:30:00+01:00"),
        ("2024-02-10T09:00:00Z", "2024-02-10T09:00:00Z"),
        ("2024-03-02T06:15:00.250Z", "2024-03-02T06:15:00.25Z"),
        ("2024-03-01T06:15:00", "2024-03-01T06:15:00"),
        ("2024-03-02 06:15:00+02:00", "2024-03-02T06:15:00+02:00"),
        ("2024-03-03", "2024-03-03"),
        ("2024-03-03T12:00:00+00:00", "2024-03-03T12:00:00+00:00"),
        ("2024-05-03t21:08:09.50 -5", "2024-05-03T21:08:09.5-05:00"),
        ("2024-5-3", "2024-05-03T00:00:00Z"),
        ("2024-05-03 7:08:09", "2024-05-03T07:08:09Z"),
        ("9999-12-31T23:59:60Z", "9999-12-31T23:59:60Z"),
        ("0000-01-01", "0000-01-01"),
    ] {
        assert_eq!(printed(written), expected, "{written}");
    }
}

#[test]
fn what_is_no_date_is_refused() {
    for text in [
        "",
        "the day before",
        "2024-13-01",
        "2023-02-29",
        "2024-2-30",
        "24-01-01",
        "12:30:00",
        "2024-01-01T24:00:00Z",
        "2024-1-1 7:60:00",
        "2024-1-1 7:00:00 +24",
        "2024-01-01T00:00:00+99:99",
        "2024-01-01 and more",
        "２０２４-01-01",
    ] {
        assert_eq!(Date::parse(text), None, "{text}");
    }
    assert_eq!(Date::parse(&"2024-01-01".repeat(100_000)), None);
}

#[test]
fn instants_are_ordered_across_offsets() {
    let key = |text| Date::parse(text).unwrap().sort_key();
    assert_eq!(key("1970-01-01"), (0, 0));
    assert_eq!(key("2000-03-01").0, 951_868_800);
    assert_eq!(key("1969-12-31T23:59:59Z").0, -1);
    assert!(key("2022-12-14T06:00:00+03:00") < key("2022-12-14T04:00:00Z"));
    assert_eq!(
        key("2022-12-14T06:00:00+02:00"),
        key("2022-12-14T04:00:00Z")
    );
    assert!(key("2024-01-01T00:00:00.5Z") > key("2024-01-01"));
}

#[test]
fn file_names_begin_with_dates() {
    let parts = |stem| from_filename(stem).map(|(date, rest)| (date.to_string(), rest));
    let some = |date: &str, rest| Some((date.to_owned(), rest));
    assert_eq!(
        parts("2021-06-05-over-the-pass"),
        some("2021-06-05", "over-the-pass")
    );
    assert_eq!(
        parts("2021-07-11_river_loop"),
        some("2021-07-11", "river_loop")
    );
    assert_eq!(
        parts("2021-10-03 - spaced out"),
        some("2021-10-03", " spaced out")
    );
    assert_eq!(parts("2019-05-05"), some("2019-05-05", "2019-05-05"));
    assert_eq!(
        parts("2021-08-01T05:30:00Z-sunrise"),
        some("2021-08-01T05:30:00Z", "sunrise")
    );
    assert_eq!(
        parts("2021-08-02T05:30:00+02:00_second-sunrise"),
        some("2021-08-02T05:30:00+02:00", "second-sunrise")
    );
    for stem in [
        "2021-13-40-impossible",
        "route-2022-03-03",
        "2021-06-05x",
        "2021-06-05-",
        "2021-08-01T05:30:00-sunrise",
        "2021-08-01T",
        "2021-08-01T+é",
        "日本茶日本茶",
        "",
    ] {
        assert_eq!(parts(stem), None, "{stem}");
    }
}

proptest! {
    #[test]
    fn nothing_panics(text in ".{0,40}") {
        let _ = Date::parse(&text);
        let _ = from_filename(&text);
    }

    #[test]
    fn nothing_datelike_panics(text in "[0-9]{0,5}-[0-9]{0,3}-[0-9]{0,3}[Tt ]?[-0-9:.+Zé _]{0,20}") {
        if let Some(date) = Date::parse(&text) {
            prop_assert_eq!(Date::parse(&date.to_string()), Some(date));
            let _ = date.sort_key();
        }
        let _ = from_filename(&text);
    }

    #[test]
    fn sort_keys_follow_the_calendar(a in 0i64..3_652_000, b in 0i64..3_652_000) {
        let day = |n: i64| jiff::civil::date(0, 1, 1) + jiff::Span::new().days(n);
        let key = |n| Date::parse(&day(n).to_string()).unwrap().sort_key().0;
        prop_assert_eq!(key(a) - key(b), (a - b) * 86_400);
    }
}

/// Whoever works with a date may rely on its numbers, wherever it comes from.
#[test]
fn a_stored_date_is_one_that_exists() {
    let stored = |day: u8, hour: u8, minutes: i16| {
        serde_json::json!({
            "year": 2024, "month": 2, "day": day,
            "time": {
                "hour": hour, "minute": 0, "second": 60, "nanosecond": 1,
                "offset": { "Minutes": minutes },
            },
        })
    };
    let read = |json: serde_json::Value| serde_json::from_value::<Date>(json);
    let date = read(stored(29, 23, 120)).unwrap();
    assert_eq!(date.to_string(), "2024-02-29T23:00:60.000000001+02:00");
    assert_eq!(serde_json::to_value(date).unwrap(), stored(29, 23, 120));
    for wrong in [
        stored(30, 23, 0),
        stored(29, 24, 0),
        stored(29, 0, 1440),
        stored(0, 0, 0),
    ] {
        assert!(read(wrong.clone()).is_err(), "{wrong}");
    }
}
