//! What the minifier knows of HTML's elements.

/// True for elements that never have content.
pub fn is_void(name: &str) -> bool {
    matches!(
        name,
        "area"
            | "base"
            | "br"
            | "col"
            | "embed"
            | "hr"
            | "img"
            | "input"
            | "link"
            | "meta"
            | "param"
            | "source"
            | "track"
            | "wbr"
    )
}

/// True for elements whose content is text without tags.
pub fn is_raw(name: &str) -> bool {
    matches!(
        name,
        "iframe" | "noembed" | "noframes" | "script" | "style" | "textarea" | "title" | "xmp"
    )
}

/// True for elements in which white space is shown.
pub fn keeps_space(name: &str) -> bool {
    matches!(name, "code" | "listing" | "pre")
}

/// True for elements that begin and end a line, so that white space beside their tags is not shown.
pub fn is_block(name: &str) -> bool {
    ends_paragraph(name)
        || matches!(
            name,
            "caption"
                | "col"
                | "colgroup"
                | "dt"
                | "form"
                | "h1"
                | "h2"
                | "h3"
                | "h4"
                | "h5"
                | "h6"
                | "head"
                | "hr"
                | "html"
                | "legend"
                | "optgroup"
                | "option"
                | "p"
                | "table"
                | "tbody"
                | "tfoot"
                | "thead"
                | "tr"
        )
}

/// True for elements that are not shown, wherever they are.
pub fn is_hidden(name: &str) -> bool {
    matches!(name, "link" | "meta" | "script" | "style")
}

/// True for elements of a head.
pub fn is_of_head(name: &str) -> bool {
    is_hidden(name) || matches!(name, "base" | "head" | "html" | "noscript" | "title")
}

/// True for elements whose start tag ends an open paragraph (HTML, section 13.2.6.4.7).
pub fn closes_paragraph(name: &str) -> bool {
    is_block(name) || matches!(name, "plaintext" | "xmp")
}

/// True for elements whose end tag ends an open paragraph.
fn ends_paragraph(name: &str) -> bool {
    matches!(
        name,
        "address"
            | "article"
            | "aside"
            | "blockquote"
            | "body"
            | "center"
            | "dd"
            | "details"
            | "dialog"
            | "dir"
            | "div"
            | "dl"
            | "fieldset"
            | "figcaption"
            | "figure"
            | "footer"
            | "header"
            | "hgroup"
            | "li"
            | "listing"
            | "main"
            | "menu"
            | "nav"
            | "ol"
            | "pre"
            | "search"
            | "section"
            | "summary"
            | "td"
            | "th"
            | "ul"
    )
}

/// True for elements whose end tag is optional somewhere.
pub fn has_optional_end(name: &str) -> bool {
    matches!(
        name,
        "body"
            | "dd"
            | "dt"
            | "head"
            | "html"
            | "li"
            | "option"
            | "p"
            | "tbody"
            | "td"
            | "tfoot"
            | "th"
            | "thead"
            | "tr"
    )
}

/// What stands behind an end tag; nothing where the page ends and no other element is open.
#[derive(Debug, Clone, Copy)]
pub enum Next<'name> {
    Start(&'name str),
    End(&'name str),
    Nothing,
}

/// True where the end tag of an element may go (HTML, section 13.1.2.4).
pub fn may_go(name: &str, next: Next<'_>) -> bool {
    use Next::{End, Nothing, Start};
    match name {
        "p" => match next {
            // Before a table it depends on the document type.
            Start(next) => matches!(
                next,
                "address"
                    | "article"
                    | "aside"
                    | "blockquote"
                    | "details"
                    | "div"
                    | "dl"
                    | "fieldset"
                    | "figcaption"
                    | "figure"
                    | "footer"
                    | "form"
                    | "h1"
                    | "h2"
                    | "h3"
                    | "h4"
                    | "h5"
                    | "h6"
                    | "header"
                    | "hgroup"
                    | "hr"
                    | "main"
                    | "menu"
                    | "nav"
                    | "ol"
                    | "p"
                    | "pre"
                    | "section"
                    | "ul"
            ),
            End(next) => ends_paragraph(next),
            Nothing => true,
        },
        "li" => matches!(next, Start("li") | End("ul" | "ol" | "menu")),
        "dt" => matches!(next, Start("dt" | "dd")),
        "dd" => matches!(next, Start("dt" | "dd") | End("dl")),
        "td" | "th" => matches!(next, Start("td" | "th") | End("tr")),
        "tr" => matches!(
            next,
            Start("tr") | End("tbody" | "thead" | "tfoot" | "table")
        ),
        "thead" => matches!(next, Start("tbody" | "tfoot")),
        "tbody" => matches!(next, Start("tbody" | "tfoot") | End("table")),
        "tfoot" => matches!(next, End("table")),
        "option" => matches!(next, Start("option" | "optgroup") | End("select")),
        "head" => matches!(next, Start("body")),
        "body" => matches!(next, End("html") | Nothing),
        "html" => matches!(next, Nothing),
        _ => false,
    }
}
