//! What of a page the audit looks at: `<meta http-equiv>`, scripts, and links.

use html5gum::emitters::default::{DefaultEmitter, StartTag};
use html5gum::{Token, Tokenizer};
use quillfront_audit::observed::{LoadedScript, Scripts};

/// At most so many of each are taken.
const MAX_OF_EACH: usize = 1_000;

/// What is in a page.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Read {
    /// `<meta http-equiv>`: name and content.
    pub(super) metas: Vec<(String, String)>,
    pub(super) scripts: Scripts,
    /// The `href`s of its links.
    pub(super) links: Vec<String>,
}

/// Reads a page; whatever is in it, what comes out is bounded.
pub(super) fn read(page: &[u8]) -> Read {
    let mut emitter: DefaultEmitter = DefaultEmitter::default();
    // So that what looks like a tag in a script is none.
    emitter.naively_switch_states(true);
    let mut read = Read::default();
    for Ok(token) in Tokenizer::new_with_emitter(page, emitter) {
        let Token::StartTag(tag) = token else {
            continue;
        };
        match tag.name.as_slice() {
            b"meta" => {
                let name = get(&tag, b"http-equiv");
                if let Some(name) = name.filter(|_| read.metas.len() < MAX_OF_EACH) {
                    read.metas
                        .push((name, get(&tag, b"content").unwrap_or_default()));
                }
            }
            b"script" => match get(&tag, b"src") {
                Some(src) if read.scripts.loaded.len() < MAX_OF_EACH => {
                    let has_integrity = get(&tag, b"integrity").is_some();
                    read.scripts
                        .loaded
                        .push(LoadedScript { src, has_integrity });
                }
                Some(_) => {}
                None => read.scripts.inline += 1,
            },
            b"a" => {
                if let Some(href) = get(&tag, b"href").filter(|_| read.links.len() < MAX_OF_EACH) {
                    read.links.push(href);
                }
            }
            _ => {}
        }
    }
    read
}

fn get(tag: &StartTag<()>, name: &[u8]) -> Option<String> {
    let value = tag.attributes.get(name)?;
    Some(String::from_utf8_lossy(value).into_owned())
}

#[cfg(test)]
mod tests {
    use super::{LoadedScript, read};

    #[test]
    fn tags_are_found_where_a_browser_finds_them() {
        let page = b"<meta HTTP-EQUIV=Content-Security-Policy content=\"default-src 'none'\">\
            <!-- <script src=/no.js></script> --><script>\"<a href=/no/>\"</script>\
            <SCRIPT src=/a.js integrity=sha256-x></SCRIPT><script src='https://x.example/b.js'></script>\
            <a href=\"/blog/?a=1&amp;b=2\">x</a><textarea><a href=/no/></textarea><title><a href=/no/></title>";
        let read = read(page);
        assert_eq!(
            read.metas,
            [(
                "Content-Security-Policy".to_owned(),
                "default-src 'none'".to_owned()
            )]
        );
        let script = |src: &str, has_integrity| LoadedScript {
            src: src.to_owned(),
            has_integrity,
        };
        assert_eq!(
            read.scripts.loaded,
            [
                script("/a.js", true),
                script("https://x.example/b.js", false)
            ]
        );
        assert_eq!(read.scripts.inline, 1);
        assert_eq!(read.links, ["/blog/?a=1&b=2"]);
    }

    #[test]
    fn a_hostile_page_is_bounded() {
        let page = "<script src=x></script><a href=y><meta http-equiv=z>".repeat(5_000);
        let read = read(page.as_bytes());
        assert_eq!(read.scripts.loaded.len(), super::MAX_OF_EACH);
        assert_eq!(read.links.len(), super::MAX_OF_EACH);
        assert_eq!(read.metas.len(), super::MAX_OF_EACH);
    }
}
