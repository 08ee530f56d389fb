//! Whether a script element runs.

use crate::html::{Element, Namespace};

/// What browsers take for JavaScript
/// ([MIME Sniffing, section 4.6](https://mimesniff.spec.whatwg.org/#javascript-mime-type)).
const JAVASCRIPT: [&str; 16] = [
    "application/ecmascript",
    "application/javascript",
    "application/x-ecmascript",
    "application/x-javascript",
    "text/ecmascript",
    "text/javascript",
    "text/javascript1.0",
    "text/javascript1.1",
    "text/javascript1.2",
    "text/javascript1.3",
    "text/javascript1.4",
    "text/javascript1.5",
    "text/jscript",
    "text/livescript",
    "text/x-ecmascript",
    "text/x-javascript",
];

/// What a script element is by its type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ScriptKind {
    /// A classic script or a module.
    Code,
    /// An import map or speculation rules, which have no `src`.
    Rules,
    /// Data that is not executed.
    Data,
}

/// Returns what a script element is by its type
/// ([HTML, "prepare the script element"](https://html.spec.whatwg.org/multipage/scripting.html#prepare-the-script-element)).
pub(crate) fn kind(script: &Element) -> ScriptKind {
    let language = script
        .get("language")
        .filter(|_| script.namespace == Namespace::Html)
        .filter(|language| !language.is_empty());
    let kind = match (script.get("type"), language) {
        (Some(""), _) | (None, None) => return ScriptKind::Code,
        (Some(kind), _) => kind.trim_ascii().to_ascii_lowercase(),
        (None, Some(language)) => format!("text/{}", language.to_ascii_lowercase()),
    };
    match kind.as_str() {
        "module" => ScriptKind::Code,
        "importmap" | "speculationrules" => ScriptKind::Rules,
        kind if JAVASCRIPT.contains(&kind) => ScriptKind::Code,
        _ => ScriptKind::Data,
    }
}

/// Returns the address of an external script.
pub(crate) fn address(script: &Element) -> Option<&str> {
    match script.namespace {
        Namespace::Html => script.get("src"),
        _ => script.get("href").or(script.get("xlink:href")),
    }
}

/// Returns true for a script element whose text runs or says what scripts are loaded from where.
pub(crate) fn runs_inline(element: &Element) -> bool {
    element.name == "script" && address(element).is_none() && kind(element) != ScriptKind::Data
}
