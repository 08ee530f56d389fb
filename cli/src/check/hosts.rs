//! Every page once, several hosts at a time, each host one request after another.

use super::fetch::{Client, Failure, Limits, Verdict};
use quillfront_site::diagnostic::Diagnostic;
use quillfront_site::links::ExternalLinks;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use url::Url;

/// The addresses of each page: with its anchors, and without.
pub type Pages<'a> = BTreeMap<&'a str, Vec<&'a str>>;

/// The pages behind the links.
pub fn pages(links: &ExternalLinks) -> Pages<'_> {
    let mut pages = Pages::new();
    for url in links.uses.keys() {
        let page = url.split('#').next().unwrap_or(url);
        pages.entry(page).or_default().push(url);
    }
    pages
}

/// Tries all pages; `done` is called after each.
pub fn try_all(
    links: &ExternalLinks,
    pages: Pages<'_>,
    limits: &Limits,
    done: impl Fn() + Sync,
) -> Vec<Diagnostic> {
    let mut by_host: BTreeMap<String, Pages<'_>> = BTreeMap::new();
    for (page, urls) in pages {
        by_host.entry(host(page)).or_default().insert(page, urls);
    }
    let mut hosts: Vec<Pages<'_>> = by_host.into_values().collect();
    // Those with much to ask begin first.
    hosts.sort_by_key(|pages| std::cmp::Reverse(pages.len()));
    let next = AtomicUsize::new(0);
    let told = Mutex::new(Vec::new());
    let client = Client::new(limits);
    let work = || {
        while let Some(pages) = hosts.get(next.fetch_add(1, Ordering::Relaxed)) {
            let found = try_host(links, pages, &client, limits, &done);
            told.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .extend(found);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..limits.hosts_at_once.clamp(1, hosts.len().max(1)) {
            scope.spawn(work);
        }
    });
    told.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Tries the pages of one host in turn. Where the host cannot be reached, the first that finds
/// this out speaks for the others.
fn try_host(
    links: &ExternalLinks,
    pages: &Pages<'_>,
    client: &Client,
    limits: &Limits,
    done: &impl Fn(),
) -> Vec<Diagnostic> {
    let mut told = Vec::new();
    let mut down: Option<Failure> = None;
    for (number, (page, urls)) in pages.iter().enumerate() {
        let verdict = match &down {
            Some(failure) => Verdict::Broken(failure.clone()),
            None => {
                if number > 0 {
                    std::thread::sleep(limits.pause);
                }
                let anchors: Vec<&str> = urls.iter().filter_map(|url| links.anchor(url)).collect();
                client.try_page(page, &anchors)
            }
        };
        if let Verdict::Broken(failure) = &verdict
            && failure.of_host
        {
            down = Some(failure.clone());
        }
        told.extend(urls.iter().flat_map(|url| tell(links, url, &verdict)));
        done();
    }
    told
}

fn tell(links: &ExternalLinks, url: &str, verdict: &Verdict) -> Vec<Diagnostic> {
    let anchor = links.anchor(url);
    match verdict {
        Verdict::Broken(failure) => links.broken(url, &failure.reason, failure.hint),
        Verdict::TooLarge if anchor.is_some() => {
            let reason = "the page is too large to search all of it for the anchor";
            let hint = "list it in `link_checker.skip_anchor_prefixes`";
            links.doubtful(url, reason, Some(hint))
        }
        Verdict::There { missing } => match anchor {
            Some(anchor) if missing.iter().any(|one| one == anchor) => {
                let reason = format!("the page has no element with the id `{anchor}`");
                let hint = "correct the anchor; if scripts create it, list the address in \
                            `link_checker.skip_anchor_prefixes`";
                links.broken(url, &reason, Some(hint))
            }
            _ => Vec::new(),
        },
        Verdict::TooLarge => Vec::new(),
    }
}

/// Host and port: `example.org:8080`. What is no address is a host by itself.
fn host(url: &str) -> String {
    match Url::parse(url) {
        Ok(parsed) => {
            let port = parsed.port_or_known_default().unwrap_or_default();
            format!("{}:{port}", parsed.host_str().unwrap_or_default())
        }
        Err(_) => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::host;

    #[test]
    fn one_host_in_all_its_spellings() {
        for url in [
            "https://MÜNCHEN.example/x y?z",
            "https://xn--mnchen-3ya.example:443",
        ] {
            assert_eq!(host(url), "xn--mnchen-3ya.example:443");
        }
        assert_eq!(host("http://[::1]:8080/#a"), "[::1]:8080");
        assert_eq!(host("http://[nonsense/"), "http://[nonsense/");
    }
}
