//! What an author is told of what a policy blocks: what it is, and the line that would allow it.

use super::policy::{as_source, is_own, origin_of};
use super::{BlockedItem, Violation};
use quillfront_headers::MAX_POLICY_BYTES;
use quillfront_policy::FindingKind;
use quillfront_site::diagnostic::{Diagnostic, Severity};
use quillfront_site::quillfront_toml::Directive;

/// The stable code of these diagnostics.
pub(super) const CODE: &str = "security";

/// Makes a diagnostic of a violation that was found to stand in a file, at a line if that is known.
pub fn diagnostic(violation: &Violation, file: &str, line: Option<u32>) -> Diagnostic {
    let (message, hint) = words(&violation.what);
    let severity = if violation.is_error {
        Severity::Error
    } else {
        Severity::Warning
    };
    Diagnostic {
        severity,
        ..Diagnostic::error(CODE, file, message)
            .at(line, None)
            .hint(hint)
    }
}

fn words(what: &BlockedItem) -> (String, String) {
    match what {
        BlockedItem::Found { kind, what, hash } => found(*kind, what, hash.as_deref()),
        BlockedItem::Loaded { directive, url } => loaded(*directive, url),
        BlockedItem::Weaker { name, .. } => (
            format!("`{name}` is weaker here than `preset = \"strict\"` has it"),
            "take the line out; or say in quillfront.toml which pages need it, in a [[security.paths]] with \
             preset = \"relaxed\""
                .to_owned(),
        ),
        BlockedItem::TwoPolicies { .. } => (
            "two content security policies hold at once: what either of them blocks is blocked".to_owned(),
            "say what pages need below [security] in quillfront.toml, such as csp.img-src, and take the line \
             out; in the dialect of Cloudflare, `! Content-Security-Policy` before it takes the other one away"
                .to_owned(),
        ),
        BlockedItem::Rules { why, .. } => (
            format!(
                "the headers that the file adds do not fit into the metadata of an object, and are left out: {why}"
            ),
            "write shorter ones, or fewer".to_owned(),
        ),
        BlockedItem::Policy { why } => (
            format!(
                "the security headers of this page do not fit into the metadata of an object: {why}"
            ),
            format!(
                "turn inline styles and scripts into files: a policy has {MAX_POLICY_BYTES} bytes, and each hash \
                 takes 54"
            ),
        ),
    }
}

/// The line of `quillfront.toml` that allows something.
fn line(directive: Directive, sources: &[&str]) -> String {
    let sources: Vec<String> = sources.iter().map(|one| format!("\"{one}\"")).collect();
    let sources = sources.join(", ");
    format!("put this below [security] in quillfront.toml: csp.{directive} = [{sources}]")
}

fn found(kind: FindingKind, what: &str, hash: Option<&str>) -> (String, String) {
    let hash = hash.unwrap_or_default();
    match kind {
        FindingKind::InlineScript => (
            format!(
                "the content security policy blocks a script that begins with `{what}`: as it is, it stands neither \
                 in a template nor in the text of a page; it came in with data, or data in it is more than data"
            ),
            format!(
                "if it is yours, move it into a template; or {}",
                line(Directive::Script, &[hash])
            ),
        ),
        FindingKind::Handler => (
            format!("the content security policy blocks the script in the attribute `{what}`"),
            format!(
                "use addEventListener in a script; or {}",
                line(Directive::ScriptAttribute, &["'unsafe-hashes'", hash])
            ),
        ),
        FindingKind::JavascriptUrl => (
            format!("the content security policy blocks the script in the address `{what}`"),
            format!(
                "use a button and addEventListener in a script; or {}",
                line(Directive::Script, &["'unsafe-hashes'", hash])
            ),
        ),
        FindingKind::ExternalScript => (
            format!(
                "the content security policy blocks the script file `{what}`: it stands neither in a template nor \
                 in the text of a page"
            ),
            "if it is yours, load it from a template, with `integrity`".to_owned(),
        ),
        FindingKind::Limit => (
            format!("a content security policy cannot be made for this page: {what}"),
            "turn inline styles and scripts into files".to_owned(),
        ),
    }
}

fn loaded(directive: Directive, url: &str) -> (String, String) {
    if is_own(url) {
        // Only scripts of the site itself are blocked.
        let path = url.split(['?', '#']).next().unwrap_or_default();
        let path = path.trim_start_matches('/');
        return (
            format!(
                "the content security policy blocks the site's own script `{url}`, since it has no `integrity`"
            ),
            format!(
                "give it integrity=\"sha384-{{{{ get_hash(path=\"{path}\", sha_type=384, base64=true) }}}}\", \
                 or put this below [security] in quillfront.toml: scripts = \"self\""
            ),
        );
    }
    let of = match directive {
        Directive::Script => "a script",
        Directive::Style => "a style sheet",
        Directive::Image => "a picture",
        Directive::Font => "a font",
        Directive::Media => "sound or video",
        Directive::Frame => "a frame",
        Directive::Manifest => "a manifest",
        Directive::Object => "a plug-in",
        Directive::Worker => "a worker",
        Directive::FormAction => "a form that is sent",
        Directive::BaseUri => "a `<base>`",
        _ => "a request",
    };
    let preposition = match directive {
        Directive::FormAction | Directive::Connect | Directive::BaseUri => "to",
        _ => "from",
    };
    let origin = origin_of(url).unwrap_or_else(|| url.to_owned());
    let source = match directive {
        // A whole host is more than needs to be trusted with scripts.
        Directive::Script => as_source(url).unwrap_or_else(|| origin.clone()),
        _ => origin.clone(),
    };
    (
        format!("the content security policy blocks {of} {preposition} {origin}"),
        format!("to allow it, {}", line(directive, &[&source])),
    )
}
