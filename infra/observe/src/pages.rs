//! Pages as readers get them: the front page, some that it links to, and one that is not there.

mod html;
mod request;

use futures::StreamExt;
use quillfront_audit::observed::{Http, Page, Reason, Seen};
use request::{Answer, Client, Failure};
use url::Url;

/// At most so many names of one distribution are asked for pages.
const MAX_SITES: usize = 5;
/// At most so many pages that the front page links to.
const MAX_LINKED: usize = 4;
/// A path at which no site has a page: error pages need headers too.
const MISSING: &str = "/quillfront-audit/there-is-no-such-page";
/// The origin that asks for what is not its own: the Observatory's.
const FOREIGN_ORIGIN: &str = "https://http-observatory.security.mozilla.org";

/// Asks sites (`www.example.org`, `localhost:8443`) for pages.
pub(crate) async fn read(sites: &[String]) -> Seen<Vec<Page>> {
    let sites: Vec<String> = sites.iter().take(MAX_SITES).cloned().collect();
    let read = |site: String| tokio::task::spawn_blocking(move || site_pages(&site));
    let answers: Vec<_> = futures::stream::iter(sites)
        .map(read)
        .buffered(MAX_SITES)
        .collect()
        .await;
    let mut pages = Vec::new();
    let mut failed = None;
    for answer in answers {
        match answer {
            Ok(Ok(read)) => pages.extend(read),
            Ok(Err(reason)) => failed = failed.or(Some(reason)),
            Err(error) => failed = failed.or(Some(Reason::Failed(error.to_string()))),
        }
    }
    match failed {
        // A name of several that does not answer is `alias-dns`'s.
        Some(reason) if pages.is_empty() => Seen::Unknown(reason),
        None if pages.is_empty() => Seen::Unknown(Reason::Failed(
            "there is no name to ask for pages".to_owned(),
        )),
        _ => Seen::Known(pages),
    }
}

fn site_pages(site: &str) -> Result<Vec<Page>, Reason> {
    let wrong = |error: &dyn std::fmt::Display| Reason::Failed(format!("{site}: {error}"));
    let https: Url = format!("https://{site}/")
        .parse()
        .map_err(|error| wrong(&error))?;
    let http: Url = format!("http://{site}/")
        .parse()
        .map_err(|error| wrong(&error))?;
    let client = Client::new().map_err(|error| wrong(&error))?;
    let plain = client.follow(&http);
    let (client, encrypted, is_refused) = match client.follow(&https) {
        Err(Failure::Certificate(_)) => {
            let trusting = client.trusting();
            let answer = trusting.follow(&https);
            (trusting, answer, true)
        }
        answer => (client, answer, false),
    };
    let route = plain
        .as_ref()
        .map_or(Http::Silent, |answer| Http::Route(answer.route.clone()));
    let answer = match (encrypted, plain) {
        (Ok(answer), _) | (Err(_), Ok(answer)) => answer,
        (Err(failure), Err(_)) => return Err(wrong(&failure)),
    };
    let linked = linked(&answer);
    let cross_origin = client.preflight(&answer.url, FOREIGN_ORIGIN);
    let mut front = page(answer, is_refused);
    front.http = route;
    front.cross_origin = cross_origin.map(|headers| (FOREIGN_ORIGIN.to_owned(), headers));
    let base: Option<Url> = front.url.parse().ok();
    let missing = base.and_then(|base| base.join(MISSING).ok());
    let mut pages = vec![front];
    for url in linked.into_iter().chain(missing) {
        // What does not answer among them is no finding about headers.
        if let Ok(answer) = client.follow(&url) {
            pages.push(page(answer, is_refused));
        }
    }
    Ok(pages)
}

/// The first pages of the same host that a page links to.
fn linked(answer: &Answer) -> Vec<Url> {
    let Ok(base) = answer.url.parse::<Url>() else {
        return Vec::new();
    };
    let mut found: Vec<Url> = Vec::new();
    for link in html::read(&answer.body).links {
        let Ok(mut url) = base.join(&link) else {
            continue;
        };
        url.set_fragment(None);
        let is_page = url.path().ends_with('/') || url.path().ends_with(".html");
        let is_own = url.origin() == base.origin() && url.query().is_none();
        if is_own && is_page && url != base && !found.contains(&url) {
            found.push(url);
        }
        if found.len() == MAX_LINKED {
            break;
        }
    }
    found
}

fn page(answer: Answer, is_certificate_refused: bool) -> Page {
    let mut page = Page {
        url: answer.url,
        status: answer.status,
        headers: answer.headers,
        is_certificate_refused,
        ..Page::default()
    };
    if page.is_html() {
        let read = html::read(&answer.body);
        page.metas = read.metas;
        page.scripts = read.scripts;
    }
    page
}

/// The status of an unsigned request to a function URL.
pub(crate) async fn status_without_cloudfront(domain: &str) -> Seen<u16> {
    match ask(format!("https://{domain}/")).await {
        Ok(answer) => Seen::Known(answer.status),
        Err(reason) => Seen::Unknown(reason),
    }
}

/// Whether a CloudFront answers by a name.
pub(crate) async fn is_from_cloudfront(host: &str) -> Seen<bool> {
    match ask(format!("https://{host}/")).await {
        Ok(answer) => Seen::Known(
            answer
                .headers
                .iter()
                .any(|(name, _)| name.eq_ignore_ascii_case("x-amz-cf-id")),
        ),
        Err(reason) => Seen::Unknown(reason),
    }
}

/// Asks once, without following.
async fn ask(url: String) -> Result<Answer, Reason> {
    let asked = tokio::task::spawn_blocking(move || {
        let parsed: Url = url
            .parse()
            .map_err(|error| Reason::Failed(format!("{url}: {error}")))?;
        let client = Client::new().map_err(|error| Reason::Failed(error.to_string()))?;
        let answer = match client.once(&parsed) {
            Err(Failure::Certificate(_)) => client.trusting().once(&parsed),
            answer => answer,
        };
        answer.map_err(|failure| Reason::Failed(format!("{url}: {failure}")))
    });
    asked
        .await
        .unwrap_or_else(|error| Err(Reason::Failed(error.to_string())))
}
