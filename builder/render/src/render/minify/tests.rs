use super::*;
use proptest::prelude::*;

#[test]
fn spaces_and_optional_tags_go_and_scripts_stay() {
    let html = "<!doctype html><html><head><style> a { color : red } </style></head><body>\n\
                <p>a   b</p>\n<pre>c   d</pre><script>let  x  = 1;</script></body></html>\n";
    let expected = "<!doctype html><html><head><style>a{color:red}</style><body>\
                    <p>a b<pre>c   d</pre><script>let  x  = 1;</script>";
    assert_eq!(page(html), expected);
}

#[test]
fn white_space_that_is_not_shown_goes() {
    for (html, expected) in [
        ("  <p>  a \n b  </p>  <p>c</p>  ", "<p>a b<p>c"),
        (
            "<ul>\n <li> a </li>\n <li> b </li>\n</ul>",
            "<ul><li>a<li>b</ul>",
        ),
        (
            "<div> <a>b</a>  <a>c</a> </div>",
            "<div><a>b</a> <a>c</a></div>",
        ),
        ("<p>a  <b>  b  </b>  c</p>", "<p>a <b> b </b> c"),
        ("<p>a <!-- b --> c<!-- d --></p>", "<p>a c"),
        ("<!--[if IE]><p>a</p><![endif]--> <p>b", "<p>b"),
        (
            "<head>\n<meta a>\n<title> b </title>\n<link c>\n</head>\n<body>",
            "<head><meta a><title> b </title><link c><body>",
        ),
        (
            "<div>\n<script>a</script>\n<script>b</script>\n</div>",
            "<div><script>a</script><script>b</script></div>",
        ),
        ("a <script>b</script> c", "a <script>b</script> c"),
        ("<p>a <meta b> c</p>", "<p>a <meta b> c"),
        (
            "<table> <thead> <tr> <th> a </th> </tr> </thead> <tbody> <tr> <td>b</td> <td> </td> </tr> </tbody> </table>",
            "<table><thead><tr><th>a<tbody><tr><td>b<td></table>",
        ),
    ] {
        assert_eq!(page(html), expected, "{html}");
    }
}

#[test]
fn attributes_lose_quotes_that_they_do_not_need() {
    for (html, expected) in [
        (
            "<a  href=\"/b/\"\n class=' c  d '  hidden=\"\" >",
            "<a href=/b/ class='c d' hidden>",
        ),
        (
            "<a title='b \"c\"' x=\"d=e\" y=\"&quot;f\" z='`'>",
            "<a title='b \"c\"' x=\"d=e\" y=&quot;f z='`'>",
        ),
        (
            "<br /><img src='a/'/><IMG alt = b/>",
            "<br><img src=a/><IMG alt=b/>",
        ),
        (
            "<svg viewBox='0 0 1 1'><linearGradient id='a'/><path d=b /></svg>",
            "<svg viewBox='0 0 1 1'><linearGradient id=a /><path d=b /></svg>",
        ),
        ("<path d='a b'/><path d=a/>", "<path d='a b'/><path d=a/>"),
        ("<path d />", "<path d/>"),
        ("<a  =b>", "<a  =b>"),
        ("<a b / =c>", "<a b / =c>"),
        ("<a b='c'd='e'>", "<a b=c d=e>"),
        (
            "<p style=\"color : red\" onclick=\"a('b')\">",
            "<p style=\"color : red\" onclick=\"a('b')\">",
        ),
    ] {
        assert_eq!(page(html), expected, "{html}");
    }
}

#[test]
fn what_is_shown_stays() {
    for html in [
        "<textarea>\n a\n  b </textarea>",
        "<pre>\n\n a <b> b </b>\n</pre>",
        "<pre><!-- -->\n a</pre>",
        "<p><code>a  b</code> <code> </code>",
        "<p style=\"white-space: pre\">a  b",
        "<script type=module>\n  a  <  b; // </p>\n</script>",
        "<script>'<style> a { } </style>  <!-- a -->'</script>  <p>",
        "<script><!-- <script>  </script>  --></script>",
        "<title> a  <b> </title>",
        "<math><mi>x</mi> <mo>=</mo></math>",
        "<a href=\"?a=1&amp;lt=2\">&lt;p&gt; &amp;amp; &copy; &nbsp; é</a>",
        "<div><p>a</p>",
        "<svg><style><![CDATA[ a  >  b { } ]]></style></svg>",
        "<svg><![CDATA[ a  >  b ]]></svg>",
        "<svg><script a=b />  a  b",
        "<style type=text/x-less> a { } </style>",
        "<style> a { </style>",
        "<p title=\"<style> a { } </style>  b\">",
        "<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01  Transitional//EN\"><p>",
        "<?xml  version=\"1.0\" ?><p>",
        "a < b <3",
        "a<",
        "<p a=\"  b",
        "</>a</ b>",
        // A text would begin an entity or a tag.
        "&am<!-- -->p;",
        "<<!-- -->b>",
        // Repaired by browsers.
        "<p>a<div>b</div></p><p>",
        "<li><section>a</li><li>",
        "<my-a><p>b</p></my-a>c",
        "<a><p>b</p></a>",
        "<p>a</p><table><tr><td>b</table>",
        "<ul><li>a</li>b</ul>",
        "<p>b</b> <div> c </div>",
        "<form>a</form><form>b <form> c </form>",
        "<table><tr>a <td> b",
        "<h1>a <h2> b </h2>",
        "<div>a <td> b</td> c",
        "<select>a <div> b </div> c</select>",
    ] {
        assert_eq!(page(html), html);
    }
}

#[test]
fn bad_nesting_keeps_end_tags_and_white_space() {
    assert_eq!(page("<pre> </code> a  b</pre>"), "<pre> </code> a  b</pre>");
    assert_eq!(page("<b><li>a</b></li> <li>b"), "<b><li>a</b></li> <li>b");
}

/// A page is gone through once, without a stack.
#[test]
fn long_pages_take_no_time() {
    for piece in [
        "<",
        "<a",
        "<a ",
        "<a b='",
        "<b>",
        "</b>",
        "<div><p>",
        "<!--",
        "<!-- -->",
        "&am<!-- -->",
        "<!-",
        "--",
        "<style>",
        "<style>{}</style>",
        "<script>",
        "<![CDATA[",
        "<?",
        "</",
        "<svg><title>",
        "a ",
        "a<!-->",
        "<pre>",
        "<style>a{",
        "<style>a /**/",
        "<style>:not(",
        "<style>\"",
        "<style>\\",
        "<style>url(",
        "<li>a</li>",
        "<a b=c d",
        "<p>",
        "</p>",
    ] {
        let html = piece.repeat(2_000_000 / piece.len());
        assert!(page(&html).len() <= html.len(), "{piece}");
    }
}

fn htmlish() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "<",
        ">",
        "</",
        "/>",
        "/",
        "=",
        "<p>",
        "</p>",
        "<li>",
        "</li>",
        "<div>",
        "</div>",
        "<b>",
        "</b>",
        "<table>",
        "<td>",
        "</td>",
        "<svg>",
        "</svg>",
        "<path/>",
        "<pre>",
        "</pre>",
        "<code>",
        "</code>",
        "<textarea>",
        "</textarea>",
        "<title>",
        "</title>",
        "<script>",
        "</script>",
        "<style>",
        "</style>",
        "<!--",
        "-->",
        "--!>",
        "<!doctype",
        "<?",
        "<![CDATA[",
        "]]>",
        " style=\"",
        "='",
        "\"",
        "'",
        "&",
        "&amp",
        "&#0;",
        "a",
        "{",
        "}",
        "(",
        ")",
        ":",
        ";",
        "@media ",
        "url(",
        "/*",
        "*/",
        "\\",
        " ",
        "\n",
        "é",
        "日",
        "\u{0}",
        "<html>",
        "<head>",
        "</head>",
        "<body>",
        "</body>",
        "</html>",
        "<a href=",
    ]);
    prop::collection::vec(pieces, 0..60).prop_map(|pieces| pieces.concat())
}

/// A page without white space, quotes and comments.
fn bare(html: &str) -> String {
    html.chars()
        .filter(|c| !c.is_ascii_whitespace() && !"\"'/;".contains(*c))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_page_gets_shorter_and_then_stays(html in htmlish()) {
        let once = page(&html);
        // Attributes may have had no space between them.
        prop_assert!(once.len() <= html.len() + html.matches(['"', '\'']).count());
        prop_assert_eq!(page(&once), once);
    }

    /// Without comments and end tags that may go, nothing is lost but white space and quotes.
    #[test]
    fn no_text_is_lost(words in prop::collection::vec("[a-z&;<>é ]{0,6}", 1..20)) {
        let inside = words.join("<b c='d'>").replace("<!", "");
        prop_assert_eq!(bare(&page(&inside)), bare(&inside));
    }
}
