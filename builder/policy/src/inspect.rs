//! Looks at a page: scripts, styles, handlers and addresses.

use crate::css;
use crate::digest::{Digest, Integrity, integrity};
use crate::facts::{Directive, Facts, FindingKind, Gathered};
use crate::html::{self, Element, MAX_DEPTH, MAX_SRCDOC_DEPTH, Namespace, Visitor};
use crate::scripts::{self, ScriptKind};
use crate::shapes::Shapes;
use crate::urls::{self, Target};

/// Decides what a policy may allow.
pub trait Allows {
    /// Returns true for an inline script that stands in a template or in the page's own text. The text is
    /// what a browser runs.
    fn script(&mut self, text: &str, digest: &Digest) -> bool;

    /// Returns true for the hash of an external script that may be loaded, as `sha384-…` without quotes, in
    /// ordinary base64 with its padding. Every hash of an `integrity` attribute is asked for, and all of them
    /// have to be allowed.
    fn integrity(&mut self, hash: &str) -> bool;

    /// Returns true for an absolute address of the site itself.
    fn is_own(&mut self, url: &str) -> bool {
        let _ = url;
        false
    }

    /// Hears of each address of the site itself that the page loads: a relative one, or one that
    /// [`is_own`](Self::is_own) knows. It is as it is written.
    fn loads(&mut self, directive: Directive, url: &str) {
        let _ = (directive, url);
    }
}

impl Allows for Shapes {
    fn script(&mut self, text: &str, _: &Digest) -> bool {
        self.allows(text)
    }

    fn integrity(&mut self, hash: &str) -> bool {
        self.names_integrity(hash)
    }
}

/// Returns what a page runs and loads, in time that is linear in its length.
///
/// It is read as a browser reads it. The content of `noscript` is looked at for styles and addresses, as
/// readers without scripts get it; so is a `srcdoc`, which is under the policy of its page. A `data:` URL of a
/// frame is not looked into.
pub fn inspect(html: &str, allows: &mut dyn Allows) -> Facts {
    let mut inspector = Inspector {
        gathered: Gathered::default(),
        allows,
        depth: 0,
        scripting: true,
    };
    html::read(html, true, &mut inspector);
    inspector.gathered.facts()
}

struct Inspector<'a> {
    gathered: Gathered,
    allows: &'a mut dyn Allows,
    /// How many `srcdoc` are around.
    depth: usize,
    scripting: bool,
}

impl Visitor for Inspector<'_> {
    fn start(&mut self, element: &Element) {
        if let Some(style) = element.get("style") {
            self.gathered.style_attribute(style);
            self.css(style);
        }
        if self.scripting {
            self.handlers(element);
        }
        match element.namespace {
            Namespace::Html => self.html(element),
            Namespace::Svg => self.svg(element),
            Namespace::MathMl => {}
        }
    }

    fn content(&mut self, element: &Element, text: &str) {
        match element.name.as_str() {
            "noscript" => {
                let scripting = std::mem::replace(&mut self.scripting, false);
                html::read(text, false, self);
                self.scripting = scripting;
            }
            "style" => {
                let kind = element.get("type").unwrap_or_default();
                if kind.is_empty() || kind.eq_ignore_ascii_case("text/css") {
                    self.gathered.style(text);
                    self.css(text);
                }
            }
            _ if self.scripting => self.script(element, text),
            _ => {}
        }
    }

    fn too_deep(&mut self) {
        self.gathered
            .note(true, "nested elements in SVG or MathML", MAX_DEPTH);
    }
}

impl Inspector<'_> {
    /// Notes attributes that are scripts.
    fn handlers(&mut self, element: &Element) {
        for (name, value) in element.attributes() {
            let kind = match name {
                name if is_handler(name) => FindingKind::Handler,
                name if is_address(element, name) && urls::is_javascript(value) => {
                    FindingKind::JavascriptUrl
                }
                "content" if refreshes(element) => match urls::refresh(value) {
                    Some(url) if urls::is_javascript(url) => FindingKind::JavascriptUrl,
                    _ => continue,
                },
                _ => continue,
            };
            let what = format!("{name}=\"{value}\"");
            self.gathered.finding(kind, &what, Some(Digest::of(value)));
        }
    }

    fn script(&mut self, element: &Element, text: &str) {
        if !scripts::runs_inline(element) || text.is_empty() {
            return;
        }
        let digest = Digest::of(text);
        if self.allows.script(text, &digest) {
            self.gathered.script(digest);
        } else {
            let kind = FindingKind::InlineScript;
            self.gathered.finding(kind, text, Some(digest));
        }
    }

    /// Notes a script that is loaded by an attribute.
    fn external_script(&mut self, element: &Element, attribute: &str, url: &str) {
        if self.scripting && matches!(urls::target(url), Target::Relative(_) | Target::Absolute(_))
        {
            let metadata = match element.namespace {
                Namespace::Html => element.get("integrity").unwrap_or_default(),
                _ => "",
            };
            if let Integrity::Hashes(hashes) = integrity(metadata)
                && hashes.iter().all(|hash| self.allows.integrity(hash))
            {
                for hash in hashes {
                    self.gathered.integrity(hash);
                }
                return;
            }
            self.source(Directive::Script, url);
            let what = format!("{attribute}=\"{url}\"");
            self.gathered
                .finding(FindingKind::ExternalScript, &what, None);
        }
    }

    /// Notes what an attribute loads, if there is one.
    fn loads(&mut self, element: &Element, attribute: &str, directive: Directive) {
        if let Some(url) = element.get(attribute) {
            self.source(directive, url);
        }
    }

    fn loads_set(&mut self, element: &Element, attribute: &str) {
        for url in urls::srcset(element.get(attribute).unwrap_or_default()) {
            self.source(Directive::Image, url);
        }
    }

    fn css(&mut self, text: &str) {
        css::addresses(text, |directive, url| self.source(directive, url));
    }

    fn source(&mut self, directive: Directive, url: &str) {
        use Directive::{Base, Frame, Object, Script};
        let keeps_relative = matches!(directive, Base | Frame | Object | Script);
        match urls::target(url) {
            Target::Nothing | Target::Javascript => {}
            Target::Absolute(url) if self.allows.is_own(url) => {
                self.allows.loads(directive, url);
                self.gathered.source(directive, "");
            }
            Target::Relative(url) => {
                self.allows.loads(directive, url);
                let kept = if keeps_relative { url } else { "" };
                self.gathered.source(directive, kept);
            }
            Target::Absolute(url) => self.gathered.source(directive, url),
        }
    }

    fn html(&mut self, element: &Element) {
        let loads: &[(&str, Directive)] = match element.name.as_str() {
            "script" => {
                if let Some(url) = element.get("src")
                    && scripts::kind(element) == ScriptKind::Code
                {
                    self.external_script(element, "src", url);
                }
                &[]
            }
            "link" => return self.link(element),
            "a" | "area" => {
                for url in element
                    .get("ping")
                    .unwrap_or_default()
                    .split_ascii_whitespace()
                {
                    self.source(Directive::Connect, url);
                }
                &[]
            }
            "img" => {
                self.loads_set(element, "srcset");
                &[("src", Directive::Image)]
            }
            "source" => {
                self.loads_set(element, "srcset");
                &[("src", Directive::Media)]
            }
            "input" => {
                self.form_action(element, "formaction");
                let is_image = element
                    .get("type")
                    .is_some_and(|kind| kind.eq_ignore_ascii_case("image"));
                if is_image {
                    &[("src", Directive::Image)]
                } else {
                    &[]
                }
            }
            "button" => {
                self.form_action(element, "formaction");
                &[]
            }
            "form" => {
                self.gathered.source(Directive::FormAction, "");
                self.form_action(element, "action");
                &[]
            }
            "base" => &[("href", Directive::Base)],
            "video" => &[("src", Directive::Media), ("poster", Directive::Image)],
            "audio" | "track" | "bgsound" => &[("src", Directive::Media)],
            "iframe" => {
                if let Some(page) = element.srcdoc() {
                    self.srcdoc(page);
                    return;
                }
                &[("src", Directive::Frame)]
            }
            "frame" => &[("src", Directive::Frame)],
            "embed" => &[("src", Directive::Object)],
            "object" => &[("data", Directive::Object)],
            "body" | "table" | "thead" | "tbody" | "tfoot" | "tr" | "td" | "th" => {
                &[("background", Directive::Image)]
            }
            _ => &[],
        };
        for (attribute, directive) in loads {
            self.loads(element, attribute, *directive);
        }
    }

    fn form_action(&mut self, element: &Element, attribute: &str) {
        self.loads(element, attribute, Directive::FormAction);
    }

    fn svg(&mut self, element: &Element) {
        let href = element.get("href").or(element.get("xlink:href"));
        let Some(url) = href else {
            return;
        };
        match element.name.as_str() {
            "script" if scripts::kind(element) == ScriptKind::Code => {
                self.external_script(element, "href", url);
            }
            "image" | "feimage" => self.source(Directive::Image, url),
            // A part of the page itself is not loaded.
            "use" if !url.starts_with('#') => self.source(Directive::Image, url),
            _ => {}
        }
    }

    fn link(&mut self, element: &Element) {
        let href = element.get("href").unwrap_or_default();
        let rel = element.get("rel").unwrap_or_default().to_ascii_lowercase();
        for kind in rel.split_ascii_whitespace() {
            match kind {
                "stylesheet" => self.source(Directive::Style, href),
                "icon"
                | "apple-touch-icon"
                | "apple-touch-icon-precomposed"
                | "mask-icon"
                | "apple-touch-startup-image" => self.source(Directive::Image, href),
                "manifest" => self.source(Directive::Manifest, href),
                "modulepreload" => self.external_script(element, "href", href),
                "preload" => self.preload(element, href),
                "prefetch" | "prerender" | "preconnect" | "dns-prefetch" => {
                    self.source(Directive::Hint, href);
                }
                _ => {}
            }
        }
    }

    fn preload(&mut self, element: &Element, href: &str) {
        let kind = element.get("as").unwrap_or_default().to_ascii_lowercase();
        let directive = match kind.as_str() {
            "script" => return self.external_script(element, "href", href),
            "style" => Directive::Style,
            "image" => {
                self.loads_set(element, "imagesrcset");
                Directive::Image
            }
            "font" => Directive::Font,
            "audio" | "video" | "track" => Directive::Media,
            "fetch" => Directive::Connect,
            "document" => Directive::Frame,
            "embed" | "object" => Directive::Object,
            "worker" | "sharedworker" => Directive::Worker,
            _ => return,
        };
        self.source(directive, href);
    }

    fn srcdoc(&mut self, page: &str) {
        if self.depth >= MAX_SRCDOC_DEPTH {
            return self
                .gathered
                .note(true, "pages in srcdoc in each other", MAX_SRCDOC_DEPTH);
        }
        self.depth += 1;
        html::read(page, self.scripting, self);
        self.depth -= 1;
    }
}

/// Returns true for the name of an event's handler. There is no list of them that stays true; names of
/// handlers are letters only, and none is as short as `only` or `once`.
fn is_handler(name: &str) -> bool {
    const SHORTEST: usize = "oncut".len();
    name.starts_with("on")
        && name.len() >= SHORTEST
        && name.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// Returns true for attributes whose address a browser may go to.
fn is_address(element: &Element, name: &str) -> bool {
    match name {
        "href" | "xlink:href" | "src" | "action" | "formaction" | "data" => true,
        "to" | "from" | "by" | "values" => {
            matches!(
                element.name.as_str(),
                "set" | "animate" | "animatemotion" | "animatetransform"
            )
        }
        _ => false,
    }
}

fn refreshes(element: &Element) -> bool {
    let pragma = element.get("http-equiv").unwrap_or_default();
    element.is(Namespace::Html, "meta") && pragma.eq_ignore_ascii_case("refresh")
}
