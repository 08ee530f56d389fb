//! `quillfront publish`: a folder into the bucket, and on until readers see it.
//!
//! `folder × bucket → difference → (ask) → put, delete → the builder has seen it → the pages answer → told`

mod built;
mod difference;
mod visible;

use crate::args::{self, Global};
use crate::connect::{self, Site};
use crate::edge_logs;
use crate::excerpt::Texts;
use crate::exit::{self, UsageError};
use crate::interrupt::block_on;
use crate::out::{self, say};
use crate::root;
use crate::show::{self, CYAN, DIM, GREEN, RED, YELLOW};
use crate::stack::Stack;
use crate::upload::{Condition, Outcome, PARALLEL, Uploads};
use anyhow::{Context, Result, anyhow};
use aws_sdk_s3::error::{DisplayErrorContext, ProvideErrorMetadata};
use built::{Built, Outputs, Sources, until_built};
use difference::Difference;
use futures::stream::{StreamExt, iter};
use quillfront_aws::Aws;
use quillfront_headers::{RULES_KEY, Rules};
use quillfront_publish::bucket::{BuildError, Options};
use quillfront_publish::folder;
use quillfront_site::diagnostic::Diagnostic;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{IsTerminal, Write};
use std::time::Duration;
use tokio::time::Instant;
use visible::{SeenPage, changed, until_visible};

/// Keys and addresses that are listed one by one; of more, the number.
const MAX_LISTED: usize = 12;

/// What `--json` tells.
#[derive(Default, Serialize)]
struct Published {
    source: String,
    site: String,
    dry_run: bool,
    /// Keys that were put, or would be.
    uploaded: Vec<String>,
    /// Keys that were deleted, or would be if that were asked for.
    deleted: Vec<String>,
    /// Keys that only the bucket has, and that stay.
    kept: Vec<String>,
    /// Files that are the same in both.
    unchanged: usize,
    /// The pages that were asked for.
    pages: Vec<SeenPage>,
    /// All that are other than before.
    changed: usize,
    ms: BTreeMap<&'static str, u64>,
    held: Option<String>,
    /// Groups of the logs at the edge that were given a retention.
    logs: usize,
    /// Sources of which nothing or an earlier version is published.
    not_published: Vec<String>,
    diagnostics: Vec<Diagnostic>,
}

pub fn run(global: &Global, options: args::Publish) -> Result<u8> {
    if !root::has_config(&global.root) {
        let message = format!(
            "{} has no config.toml: is it the site's folder? --root DIR names another",
            global.root.display()
        );
        return Err(UsageError(message).into());
    }
    block_on(publish(global, options))
}

async fn publish(global: &Global, options: args::Publish) -> Result<u8> {
    let site = connect::site(&global.root, &options.connection, Options::default()).await?;
    let uploads = Uploads {
        root: global.root.clone(),
        client: site.s3.clone(),
        place: site.places.source.clone(),
    };
    let objects = site.builder.uploaded().await?;
    let folder = global.root.clone();
    let compared = tokio::task::spawn_blocking(move || {
        let (files, problems) = folder::list(&folder)?;
        Ok::<_, anyhow::Error>((Difference::of(&folder, files, objects)?, problems))
    });
    let (difference, problems) = compared.await??;
    show::diagnostics(&problems, &Texts::new());
    let mut published = Published {
        source: format!("s3://{}/{}", uploads.place.bucket, uploads.place.prefix),
        dry_run: options.dry_run,
        uploaded: difference.put_keys().into_iter().collect(),
        unchanged: difference.same.len(),
        diagnostics: problems,
        ..Published::default()
    };
    let extra: Vec<String> = difference.extra.keys().cloned().collect();
    if options.dry_run || deletes(&options, &extra)? {
        published.deleted = extra;
    } else {
        published.kept = extra;
    }
    if options.dry_run {
        return planned(&published, &options);
    }

    // The tree before, to know which pages become others.
    let before = match site.builder.look().await? {
        Some((_, state)) => state.outputs,
        None => Outputs::default(),
    };
    let began = Instant::now();
    let deadline = began + Duration::from_secs(options.timeout);
    let sources = upload(&uploads, difference, &published).await?;
    published.ms.insert("upload", ms(began));
    let built = until_built(&site.builder, &sources, deadline).await?;
    published
        .ms
        .insert("build", ms(began) - published.ms["upload"]);
    published.site = address(&options, &site, &built)?;
    let touched: BTreeSet<String> = published.uploaded.iter().cloned().collect();
    let rules = rules(&site).await?;
    let pages = changed(&published.site, &before, &built.outputs, &touched, &rules);
    published.changed = pages.len();
    published.pages = until_visible(&pages, began, deadline).await?;
    published.ms.insert("total", ms(began));
    if let Some((aws, stack)) = &site.stack {
        published.logs = retain_logs(aws, stack).await;
    }
    tell(&site, built, published, &options).await
}

/// Milliseconds since a time.
fn ms(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// Whether what only the bucket has is to be deleted: as the options say, else as the person at the terminal does.
fn deletes(options: &args::Publish, extra: &[String]) -> Result<bool> {
    if extra.is_empty() || options.delete || options.dry_run {
        return Ok(true);
    }
    let is_asked = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    if !is_asked {
        say!("{YELLOW}kept{YELLOW:#} what only the bucket has; --delete deletes it:");
        list(extra, '?');
        return Ok(false);
    }
    say!("The bucket has what the folder has not:");
    list(extra, '-');
    confirmed("Delete it?")
}

/// Asks a person; anything but yes is no.
///
/// # Errors
/// The terminal is gone.
pub fn confirmed(question: &str) -> Result<bool> {
    let mut out = std::io::stderr().lock();
    write!(out, "{question} [y/N] ").and_then(|()| out.flush())?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Lists keys for a person.
fn list(keys: &[String], sign: char) {
    let style = if sign == '-' { RED } else { GREEN };
    for key in keys.iter().take(MAX_LISTED) {
        say!("  {style}{sign}{style:#} {}", key.escape_debug());
    }
    if let Some(more) = keys.len().checked_sub(MAX_LISTED).filter(|more| *more > 0) {
        say!("  {DIM}… and {more} more{DIM:#}");
    }
}

fn planned(published: &Published, options: &args::Publish) -> Result<u8> {
    if options.json {
        out::json(published)?;
    } else {
        say!(
            "would upload {} files and delete {} (with --delete); {} are the same",
            published.uploaded.len(),
            published.deleted.len(),
            published.unchanged
        );
        list(&published.uploaded, '+');
        list(&published.deleted, '-');
    }
    Ok(exit::with(&published.diagnostics))
}

/// Puts and deletes; returns what the bucket has afterwards. The configuration goes last where it is new, so that the
/// first build has all of the site.
async fn upload(
    uploads: &Uploads,
    difference: Difference,
    published: &Published,
) -> Result<Sources> {
    let Difference {
        mut put,
        mut same,
        extra,
    } = difference;
    let bar = show::bar(put.len() + published.deleted.len());
    bar.set_message("uploading");
    let (last, first): (Vec<_>, Vec<_>) = put
        .drain(..)
        .partition(|(file, etag)| etag.is_none() && !file.key.as_str().contains('/'));
    let put_one = &bar;
    for wave in [first, last] {
        let puts = wave.into_iter().map(|(file, etag)| async move {
            let condition = match &etag {
                Some(etag) => Condition::Is(etag),
                None => Condition::Absent,
            };
            let outcome = uploads.put(&file, condition).await?;
            put_one.inc(1);
            match outcome {
                Outcome::Done(etag) => Ok(Some((file.key.to_string(), etag))),
                Outcome::Gone => Ok(None),
                Outcome::Conflict => Err(changed_meanwhile(file.key.as_str())),
            }
        });
        let done: Vec<Result<_>> = iter(puts).buffer_unordered(PARALLEL).collect().await;
        for put in done {
            same.extend(put?);
        }
    }
    let mut gone = BTreeSet::new();
    for key in &published.deleted {
        if !uploads
            .remove(key, extra.get(key).map(String::as_str))
            .await?
        {
            return Err(changed_meanwhile(key));
        }
        bar.inc(1);
        gone.insert(key.clone());
    }
    bar.finish_and_clear();
    Ok(Sources { there: same, gone })
}

/// Somebody else writes the same file.
fn changed_meanwhile(key: &str) -> anyhow::Error {
    let lost = anyhow::Error::from(BuildError::LostRace);
    lost.context(format!(
        "{key} was changed in the bucket while it was published; run it again"
    ))
}

fn address(options: &args::Publish, site: &Site, built: &Built) -> Result<String> {
    let known = [&options.url, &site.address, &built.address];
    let known = known.into_iter().flatten().next().cloned();
    known.context(
        "it is published, but nobody says where the site is: name its address with --url URL",
    )
}

/// The rules that the edge goes by; the default ones where there are none.
async fn rules(site: &Site) -> Result<Rules> {
    let place = &site.places.site;
    let key = format!("{}{RULES_KEY}", place.prefix);
    let got = site.s3.get_object().bucket(&place.bucket).key(key);
    let got = match got.send().await {
        Ok(got) => got,
        // Without a quillfront.toml there is no such object.
        Err(error) if error.code() == Some("NoSuchKey") => return Ok(Rules::default()),
        Err(error) => {
            show::warning(&format!(
                "the redirects of the site cannot be read, so that a page behind one may be waited for in vain: {}",
                DisplayErrorContext(&error)
            ));
            return Ok(Rules::default());
        }
    };
    let bytes = got.body.collect().await?.into_bytes();
    Rules::read(&bytes).map_err(|error| anyhow!("{RULES_KEY}: {error}"))
}

/// Has the logs of the functions at the edge kept as long as the stack says. What is published is published: that
/// it cannot be done is told, and is no failure.
async fn retain_logs(aws: &Aws, stack: &Stack) -> usize {
    let days = edge_logs::days_of(Some(stack));
    let distribution = stack.outputs.get("DistributionId").map(String::as_str);
    let set = async {
        let mut set = 0;
        for function in edge_logs::functions(aws, Some(stack), distribution).await? {
            let mut groups = edge_logs::groups(aws, &function).await?.found;
            set += edge_logs::retain_all(aws, &mut groups, days).await;
        }
        Ok::<_, anyhow::Error>(set)
    };
    set.await.unwrap_or_else(|error| {
        show::warning(&format!(
            "the logs of the functions at the edge may be kept for ever: {error:#}"
        ));
        0
    })
}

/// Tells all of it, and how it ends.
async fn tell(
    site: &Site,
    built: Built,
    mut published: Published,
    options: &args::Publish,
) -> Result<u8> {
    let Built {
        held,
        diagnostics,
        standing,
        ..
    } = built;
    published.diagnostics.extend(diagnostics);
    published.diagnostics.sort();
    published.diagnostics.dedup();
    published.held = held;
    let not = standing.waiting.iter().chain(&standing.kept);
    published.not_published = not.cloned().collect();
    let located = published
        .diagnostics
        .iter()
        .filter(|one| one.line.is_some());
    let files = located.map(|problem| problem.file.as_str());
    let texts = site.builder.source_texts(files).await;
    show::diagnostics(&published.diagnostics, &texts);
    show::standing(&standing);
    if let Some(reason) = &published.held {
        say!("{YELLOW}held{YELLOW:#} a change waits for `quillfront approve`: {reason}");
    }
    tell_pages(&published);
    if options.json {
        out::json(&published)?;
    }
    let unseen = published
        .pages
        .iter()
        .filter(|page| page.ms.is_none())
        .count();
    if unseen > 0 {
        return Err(anyhow!(
            "{unseen} pages do not answer with what was published, after {} s; --url names another address, --timeout \
             waits longer",
            options.timeout
        ));
    }
    Ok(match published.held {
        Some(_) => exit::DIAGNOSTICS,
        None => exit::with(&published.diagnostics),
    })
}

fn tell_pages(published: &Published) {
    let Published { pages, ms, .. } = published;
    for page in pages.iter().take(MAX_LISTED) {
        let url = &page.url;
        match (page.ms, page.gone) {
            (None, _) => say!("  {YELLOW}!{YELLOW:#} {url}  {DIM}is not the new one{DIM:#}"),
            (Some(ms), false) => {
                let took = show::duration(ms);
                say!("  {GREEN}+{GREEN:#} {CYAN}{url}{CYAN:#}  {DIM}after {took}{DIM:#}");
            }
            (Some(_), true) => say!("  {RED}-{RED:#} {url}"),
        }
    }
    if let Some(more) = published
        .changed
        .checked_sub(MAX_LISTED)
        .filter(|more| *more > 0)
    {
        say!("  {DIM}… and {more} more{DIM:#}");
    }
    let took = |what: &str| show::duration(ms.get(what).copied().unwrap_or(0));
    let (uploaded, deleted) = (published.uploaded.len(), published.deleted.len());
    if uploaded + deleted + published.changed == 0 {
        show::note("nothing to publish: the bucket has all of the folder");
        return;
    }
    say!(
        "{GREEN}published{GREEN:#} {uploaded} uploaded, {deleted} deleted, {} changed on the site {DIM}({}: upload {}, \
         build {}, then until readers see it){DIM:#}",
        published.changed,
        took("total"),
        took("upload"),
        took("build"),
    );
}
