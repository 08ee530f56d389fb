use super::{Document, Element, MAX_DEPTH, XmlError};
use proptest::prelude::*;

const CONFIG: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- kept -->\n\
<DistributionConfig xmlns='http://cloudfront.amazonaws.com/doc/2020-05-31/'>\r\n\
  <Comment>a &amp; b &#x2014; <![CDATA[<c>]]></Comment >\n\
  <Aliases><Quantity>1</Quantity><Items><CNAME>a.example</CNAME></Items></Aliases>\n\
  <Invented  since = \"2027\" >\t<Deep/><Deep /></Invented>\n\
  <Enabled>true</Enabled><WebACLId/>\n\
</DistributionConfig>\n<!-- end -->\n";

#[test]
fn every_byte_of_an_unchanged_document_is_written_back() {
    let document = Document::parse(CONFIG).unwrap();
    assert_eq!(document.write(), CONFIG);
    let marked = format!("\u{feff}{CONFIG}");
    assert_eq!(Document::parse(&marked).unwrap().write(), marked);
}

#[test]
fn texts_are_read_with_their_references() {
    let document = Document::parse(CONFIG).unwrap();
    let root = document.root();
    assert_eq!(root.text_at("Comment").unwrap(), "a & b — <c>");
    assert_eq!(root.texts("Aliases"), ["a.example"]);
    assert!(root.is_true("Enabled"));
    assert_eq!(root.text_at("WebACLId"), None);
}

#[test]
fn a_change_leaves_the_rest_as_it_was() {
    let mut document = Document::parse(CONFIG).unwrap();
    let root = document.root_mut();
    root.child_mut("WebACLId").unwrap().set_text("arn:<x>");
    root.child_mut("Enabled").unwrap().set_text("true");
    root.push(Element::with_text("HttpVersion", "http2and3"));
    assert_eq!(root.remove("Aliases").unwrap().name(), "Aliases");
    let expected = CONFIG
        .replace("<WebACLId/>", "<WebACLId>arn:&lt;x&gt;</WebACLId>")
        .replace(
            "<Aliases><Quantity>1</Quantity><Items><CNAME>a.example</CNAME></Items></Aliases>",
            "",
        )
        .replace(
            "</DistributionConfig>",
            "<HttpVersion>http2and3</HttpVersion></DistributionConfig>",
        );
    assert_eq!(document.write(), expected);
}

#[test]
fn what_is_no_document_is_refused() {
    for bad in [
        "",
        "text",
        "<a>",
        "<a></b>",
        "<a/><b/>",
        "<a/>text",
        "</a>",
        "<a",
        "<!-- <a/>",
        "<>x</>",
    ] {
        assert!(Document::parse(bad).is_err(), "{bad:?}");
    }
    let deep = "<a>".repeat(MAX_DEPTH + 1) + &"</a>".repeat(MAX_DEPTH + 1);
    assert!(matches!(Document::parse(&deep), Err(XmlError::TooDeep(_))));
    let deep = "<a>".repeat(1_000_000);
    assert!(matches!(Document::parse(&deep), Err(XmlError::TooDeep(_))));
}

/// Content of an element, as any XML writer might put it.
fn content() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "[a-z \t\r\nä€😀]{0,8}",
        Just("&lt;&#10;&amp;".to_owned()),
        "[a-z <>&]{0,6}".prop_map(|text| format!("<![CDATA[{text}]]>")),
        "[a-z <>&]{0,6}".prop_map(|text| format!("<!--{text}-->")),
        "[a-z ]{0,6}".prop_map(|text| format!("<?pi {text}?>")),
    ];
    leaf.prop_recursive(5, 64, 6, |inner| {
        let names = "[A-Za-z_][A-Za-z0-9_.-]{0,6}(:[A-Z][a-z]{1,3})?";
        let attributes = prop_oneof![
            Just(String::new()),
            Just(" ".to_owned()),
            "[ \n\t]{1,2}[a-z]{1,4} ?= ?\"[^\"<&\u{0}]{0,5}\"",
            " [a-z]{1,4}='[^'<&\u{0}]{0,5}'\n",
        ];
        (
            names,
            attributes,
            prop::collection::vec(inner, 0..6),
            any::<bool>(),
        )
            .prop_map(|(name, attributes, children, is_short)| {
                if is_short && children.is_empty() {
                    format!("<{name}{attributes}/>")
                } else {
                    format!("<{name}{attributes}>{}</{name} >", children.concat())
                }
            })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_document_comes_back_byte_for_byte(content in content(), is_marked: bool) {
        let mark = if is_marked { "\u{feff}" } else { "" };
        let text = format!("{mark}<?xml version='1.0'?>\n<root>{content}</root>\n<!---->");
        let document = Document::parse(&text).unwrap();
        prop_assert_eq!(document.write(), text);
    }

    #[test]
    fn any_text_is_refused_or_comes_back(text in "[<>/a!?&;\\[\\]CDAT\"'= \n-]{0,60}|.{0,40}") {
        if let Ok(document) = Document::parse(&text) {
            prop_assert_eq!(document.write(), text);
        }
    }
}
