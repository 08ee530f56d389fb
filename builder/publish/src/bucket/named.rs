//! Files that new pages name and that this run has not looked at.
//!
//! An author uploads a picture, then the page that names it. Where two builders run at once, each may get one of the
//! events, and the page would be published without its picture until the other builder comes to it. So what a page
//! names and the site lacks is looked for in the source bucket before the page goes out: whatever was uploaded before
//! the page is there.

use super::context::Context;
use super::publication::Publication;
use super::run::Work;
use super::store::StoreError;
use super::transfer::Put;
use futures::stream::{StreamExt, TryStreamExt, iter};
use percent_encoding::percent_decode_str;
use quillfront_policy::{Allows, Digest, Directive, inspect};
use quillfront_site::key::{OutputKey, Role, SourceKey};
use quillfront_site::object::Body;
use std::collections::BTreeSet;
use url::Url;

/// Pages of a run that are looked at. Where there are more, a template has changed, and they name the same.
const MAX_PAGES: usize = 50;

/// Files that are looked for, in one attempt.
const MAX_LOOKS: usize = 64;

/// The source keys of files that pages of a publication name, that the site lacks, and that the source bucket has.
/// A reconcile has listed that bucket.
///
/// # Errors
/// Storage failed.
pub(super) async fn unseen(
    context: &Context,
    work: &Work,
    publication: &Publication<'_>,
    known: &BTreeSet<SourceKey>,
) -> Result<BTreeSet<SourceKey>, StoreError> {
    if *work == Work::Reconcile {
        return Ok(BTreeSet::new());
    }
    let candidates = candidates(publication, known);
    let looks = candidates.into_iter().map(|key| async move {
        let there = context.source.head(key.as_str()).await?;
        Ok::<_, StoreError>(there.is_some().then_some(key))
    });
    let looks = iter(looks).buffer_unordered(context.options.parallel);
    let found: Vec<Option<SourceKey>> = looks.try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}

/// Where the files may be that pages name and nothing is published for.
fn candidates(publication: &Publication<'_>, known: &BTreeSet<SourceKey>) -> BTreeSet<SourceKey> {
    let Ok(tree) = &publication.draft.outcome else {
        return BTreeSet::new();
    };
    let Some(site) = &tree.site else {
        return BTreeSet::new();
    };
    let base_url = site.world.config.base_url.as_str();
    let published = &publication.proposal.state.outputs;
    let is_there = |key: &str| published.contains_key(key) || tree.plan.contains_key(key);
    let pages = publication
        .puts
        .iter()
        .filter_map(|put| match &put.object.body {
            Body::Bytes(bytes) if put.key.as_str().ends_with(".html") => Some((put, bytes)),
            _ => None,
        });
    let mut candidates = BTreeSet::new();
    for (put, bytes) in pages.take(MAX_PAGES) {
        let html = String::from_utf8_lossy(bytes);
        let named = named(&put.key, &html, base_url);
        let lacking = named.into_iter().filter(|key| !is_there(key));
        let sources = lacking.flat_map(|key| sources(put, &key));
        candidates.extend(sources.filter(|key| {
            let is_known =
                known.contains(key) || publication.draft.sources.get(key.as_str()).is_some();
            !is_known && key.role() != Role::Ignored
        }));
    }
    candidates.into_iter().take(MAX_LOOKS).collect()
}

/// The source keys that may make an output.
fn sources(put: &Put, output: &str) -> Vec<SourceKey> {
    let mut keys = vec![format!("static/{output}"), format!("content/{output}")];
    // Beside a page, whose own path may be another.
    let folder = |key: &str| key.rfind('/').map_or(0, |slash| slash + 1);
    let (page, source) = (put.key.as_str(), put.source.as_str());
    if let Some(file) = output.strip_prefix(&page[..folder(page)]) {
        keys.push(format!("{}{file}", &source[..folder(source)]));
    }
    keys.into_iter().map(SourceKey::from).collect()
}

/// The keys of the style sheets, scripts, pictures and the like that a page loads from its own site.
fn named(page: &OutputKey, html: &str, base_url: &str) -> BTreeSet<String> {
    let site = Url::parse(&format!("{}/", base_url.trim_end_matches('/')));
    let Some(site) = site.ok().filter(Url::has_host) else {
        return BTreeSet::new();
    };
    let mut page_url = site.clone();
    page_url.set_path(&format!("{}{page}", site.path()));
    let mut names = Names {
        site: &site,
        page: &page_url,
        keys: BTreeSet::new(),
    };
    // What the policy of the page allows is asked for elsewhere.
    let _facts = inspect(html, &mut names);
    names.keys
}

/// Gathers what a page loads.
struct Names<'a> {
    site: &'a Url,
    page: &'a Url,
    keys: BTreeSet<String>,
}

impl Names<'_> {
    /// The key of an address of the site; none where it is that of a page, or of another site.
    fn key(&self, url: &str) -> Option<String> {
        let url = self.page.join(url).ok()?;
        if url.origin() != self.site.origin() {
            return None;
        }
        let path = url.path().strip_prefix(self.site.path())?;
        let key = percent_decode_str(path).decode_utf8().ok()?;
        let is_file = !key.is_empty() && !key.ends_with('/');
        is_file.then(|| key.into_owned())
    }
}

impl Allows for Names<'_> {
    fn script(&mut self, _: &str, _: &Digest) -> bool {
        true
    }

    fn integrity(&mut self, _: &str) -> bool {
        true
    }

    fn is_own(&mut self, url: &str) -> bool {
        self.key(url).is_some()
    }

    fn loads(&mut self, directive: Directive, url: &str) {
        use Directive::{Font, Image, Manifest, Media, Object, Script, Style, Worker};
        let is_file = matches!(
            directive,
            Font | Image | Manifest | Media | Object | Script | Style | Worker
        );
        if let Some(key) = self.key(url).filter(|_| is_file) {
            self.keys.insert(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_names_what_it_loads_from_its_own_site() {
        let html = r#"<link rel="stylesheet" href="https://x.example/b/style.css?h=1">
            <link rel="stylesheet" href="https://x.example/other.css">
            <script src="/b/a.js" integrity="sha384-x"></script><script src="https://cdn.example/b/c.js"></script>
            <img src="a%20b.png#x" srcset="../c.png 1x, d.png 2x"><a href="page.pdf">no</a><img src="data:,">
            <video src="film.mp4"></video><img src="/b/"><img src="//x.example/b/e.png">"#;
        let named = named(
            &OutputKey::from("post/what?/index.html"),
            html,
            "https://x.example/b",
        );
        let expected = [
            "a.js",
            "e.png",
            "post/c.png",
            "post/what?/a b.png",
            "post/what?/d.png",
            "post/what?/film.mp4",
            "style.css",
        ];
        assert_eq!(named.into_iter().collect::<Vec<_>>(), expected);
        assert!(super::named(&OutputKey::from("index.html"), html, "").is_empty());
    }
}
