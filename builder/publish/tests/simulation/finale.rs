//! What must hold when all has come to rest: the published tree is that of a clean build, and the
//! root has nothing left to do.

use crate::alone::is_broken;
use crate::builders::builder;
use crate::check::MADE;
use crate::clock::Machine;
use crate::cloudfront::{self, CloudFront};
use crate::s3::{Bucket, Object, S3};
use crate::waiting;
use crate::wire::read;
use crate::world::{SITE, SOURCE, STATE, World, is_thumbnail, stale};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use quillfront_publish::bucket::run::Work;
use quillfront_publish::bucket::{Builder, Options};
use quillfront_site::report::Action;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Reconciles until one changes nothing; more than this would be a builder that never agrees with
/// itself.
const MAX_RECONCILES: usize = 4;

/// Lets a world go its way, and checks how it ends.
pub async fn holds(world: &mut World) -> Result<(), String> {
    world.run().await?;
    nothing_is_left(world, false).map_err(|why| format!("before any reconcile: {why}"))?;
    hints_were_followed(world).await?;
    if world.untold.is_empty() && !world.weather.has_zombies() {
        equals_clean(world, false)
            .await
            .map_err(|why| format!("before any reconcile: {why}"))?;
    }
    // Who stores a thumbnail and lives to look at its original once more leaves none that is wrong.
    let is_sure = world.thumbnails.left == 0 && world.watch.strays.is_empty();
    if is_sure && !world.weather.has_zombies() {
        no_thumbnail_is_stale(world).map_err(|why| format!("before any reconcile: {why}"))?;
    }
    for _ in 0..MAX_RECONCILES {
        let before = world.s3.bucket(SITE).clone();
        world.reconcile().await?;
        if *world.s3.bucket(SITE) == before {
            world.untold.clear();
            nothing_is_left(world, true)?;
            nothing_is_adrift(world)?;
            no_thumbnail_is_stale(world)?;
            hints_were_followed(world).await?;
            return equals_clean(world, true).await;
        }
    }
    Err(format!(
        "{MAX_RECONCILES} reconciles each changed something"
    ))
}

/// No hint, no lease, no outbox; every change was invalidated.
fn nothing_is_left(world: &World, reconciled: bool) -> Result<(), String> {
    let root = &world.watch.root;
    let hints = root["hints"].as_object().map_or(0, serde_json::Map::len);
    if hints > 0 || !root["lease"].is_null() || !root["outbox"].is_null() {
        return Err(format!(
            "the root still has hints {}, lease {}, outbox {}",
            root["hints"], root["lease"], root["outbox"]
        ));
    }
    let later = root["later"].as_array().map_or(0, Vec::len);
    let outdated = world.watch.edge.outdated();
    if reconciled && (later > 0 || !outdated.is_empty()) {
        return Err(format!(
            "paths of rules that were replaced are not invalidated: {outdated:?}; waiting: {}",
            root["later"]
        ));
    }
    // What came late from a builder that had lost its lease is found by a reconcile.
    let excused = |key: &String| !reconciled && world.watch.strays.contains(key);
    let uncovered = world.watch.uncovered.iter().filter(|key| !excused(key));
    let uncovered: Vec<&String> = uncovered.collect();
    if !uncovered.is_empty() {
        return Err(format!("changed and not invalidated since: {uncovered:?}"));
    }
    Ok(())
}

/// No stored thumbnail is of other bytes than its original has, or of a picture that is gone.
fn no_thumbnail_is_stale(world: &World) -> Result<(), String> {
    let stale = stale(world.s3.bucket(SITE));
    if stale.is_empty() {
        Ok(())
    } else {
        Err(format!(
            "thumbnails that are not of their originals: {stale:?}"
        ))
    }
}

/// Where nothing has to be old to be swept, a reconcile leaves no segment that no root names. What
/// comes late from somebody who stood still comes after it.
fn nothing_is_adrift(world: &World) -> Result<(), String> {
    if !world.options.sweep_after.is_zero() || world.weather.has_zombies() {
        return Ok(());
    }
    let adrift = world.watch.adrift(world.s3.bucket(STATE));
    if adrift.is_empty() {
        Ok(())
    } else {
        Err(format!("no root names {adrift:?}"))
    }
}

/// Every source of which an event told is known as it is now.
async fn hints_were_followed(world: &World) -> Result<(), String> {
    let looked = standing_still(world, world.s3.clone()).look().await;
    let looked = looked.map_err(|error| format!("the state cannot be read: {error}"))?;
    let (root, state) = looked.ok_or("there is no root")?;
    let held = root.held.map(|held| held.keys).unwrap_or_default();
    let source = world.s3.bucket(SOURCE);
    // Of a file that is set aside the version before it may be known.
    let aside = &root.set_aside;
    let excepted =
        |key: &str| world.untold.contains(key) || held.contains(key) || aside.contains_key(key);
    for (key, object) in source.iter().filter(|(key, _)| !excepted(key)) {
        let known = state.sources.get(key).map(|source| source.version.as_str());
        if known != Some(object.etag.as_str()) {
            let known = known.unwrap_or("nothing");
            return Err(format!(
                "a hint was lost: {key} is {}, the state knows {known}",
                object.etag
            ));
        }
    }
    let known = state.sources.iter().map(|(key, _)| key.as_str());
    let mut gone = known.filter(|key| !source.contains_key(*key) && !excepted(key));
    match gone.next() {
        Some(key) => Err(format!(
            "a hint was lost: {key} is gone, the state knows it"
        )),
        None => Ok(()),
    }
}

/// Invariant 1. Pictures that nothing shows any more are kept where a page could not be rendered,
/// and until a reconcile where CloudFront could not be told of the pages that showed them.
async fn equals_clean(world: &World, reconciled: bool) -> Result<(), String> {
    let Effective { files, waiting } = effective(world).await?;
    // Broken before the first commit: nothing is said of the tree then.
    if !files.contains_key("config.toml") {
        return Ok(());
    }
    let now = world.watch.root["now"].as_str().unwrap_or_default();
    let options = Options {
        now: Some(now.parse().map_err(|error| format!("{now}: {error}"))?),
        all_accepted: true,
        // No edge reads its rules, and no time passes.
        rules_delay: Duration::ZERO,
        ..Options::default()
    };
    let mut s3 = S3::default();
    s3.buckets.insert(SOURCE.to_owned(), files.clone());
    let direct = Direct::new(s3);
    let machine = Machine::standing_still("clean", world.clock.clone());
    let builder = builder(&machine, direct.clone(), 0, options.clone());
    let reports = builder
        .run(Work::Reconcile)
        .await
        .map_err(|e| e.to_string())?;
    let outputs = reports.iter().flat_map(|report| &report.outputs);
    let stale = outputs.filter(|output| output.actions.contains(&Action::Stale));
    let stale: BTreeSet<&str> = stale.map(|output| output.key.as_str()).collect();
    let pictures_may_stay = !reconciled || !stale.is_empty();
    // What was put there by hand is found by a reconcile, or when it is to be published.
    let is_by_hand =
        |key: &String| !reconciled && world.s3.bucket(SITE).get(key) == world.by_hand.get(key);
    let clean = direct.services.lock().unwrap().0.bucket(SITE).clone();
    let published = world.s3.bucket(SITE);
    let keys: BTreeSet<&String> = published.keys().chain(clean.keys()).collect();
    let is_output = |key: &&String| !stale.contains(key.as_str()) && !is_thumbnail(key);
    for key in keys.into_iter().filter(is_output) {
        match (published.get(key), clean.get(key)) {
            (Some(published), Some(clean)) if published == clean => {}
            (Some(_), _) if is_by_hand(key) => {}
            (Some(published), Some(clean)) => {
                return Err(format!(
                    "{key} differs from a clean build\n{}",
                    difference(published, clean)
                ));
            }
            (Some(_), None) if pictures_may_stay && key.starts_with(MADE) => {}
            // Kept while cached pages may refer to it.
            (Some(_), None) if world.watch.root["unreferenced"].get(key).is_some() => {}
            (Some(_), None) => return Err(format!("{key} is published, a clean build has none")),
            (None, _) => return Err(format!("{key} is missing, a clean build has it")),
        }
    }
    waiting::cannot_be_admitted(world, &options, &files, &waiting).await
}

/// The sources that count, and the content that waits beside them.
struct Effective {
    files: Bucket,
    waiting: BTreeSet<String>,
}

/// The sources in the bucket; of those that are broken, held or set aside, or that wait, an earlier version.
async fn effective(world: &World) -> Result<Effective, String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let builder = standing_still(world, world.s3.clone());
    let written = builder.write_effective(folder.path()).await;
    written.map_err(|error| error.to_string())?;
    let held = world.watch.root["held"]["keys"].as_array();
    let held: BTreeSet<&str> = held
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let looked = builder.look().await.map_err(|error| error.to_string())?;
    let (_, state) = looked.ok_or("there is no root")?;
    let waiting = state.sources.waiting().map(|(key, _)| key.to_string());
    let waiting: BTreeSet<String> = waiting.collect();
    let kept = files(folder.path()).map_err(|error| error.to_string())?;
    let aside = &world.watch.root["set_aside"];
    let source = world.s3.bucket(SOURCE);
    let mut effective = Bucket::new();
    for (key, object) in source {
        // Whose readers died too often: the version before it counts.
        let is_set_aside = aside[key.as_str()].as_str() == Some(object.etag.as_str());
        let is_used = !is_set_aside && !waiting.contains(key) && !held.contains(key.as_str());
        if is_used && !is_broken(key, &object.bytes) {
            effective.insert(key.clone(), object.clone());
        }
    }
    for (key, bytes) in kept {
        if !source.contains_key(&key) && !held.contains(key.as_str()) {
            return Err(format!("{key} was removed, and still counts"));
        }
        if effective.contains_key(&key) {
            continue;
        }
        if !world.editors.ever_wrote(&key, &bytes) {
            return Err(format!("{key} counts as something that it never was"));
        }
        effective.insert(key, Object::new(bytes));
    }
    Ok(Effective {
        files: effective,
        waiting,
    })
}

fn files(root: &std::path::Path) -> std::io::Result<BTreeMap<String, Vec<u8>>> {
    let mut found = BTreeMap::new();
    let mut paths = vec![root.to_owned()];
    while let Some(path) = paths.pop() {
        if path.is_dir() {
            for entry in path.read_dir()? {
                paths.push(entry?.path());
            }
        } else {
            let key = path.strip_prefix(root).unwrap().to_str().unwrap();
            found.insert(key.to_owned(), std::fs::read(&path)?);
        }
    }
    Ok(found)
}

fn difference(published: &Object, clean: &Object) -> String {
    let shown = |object: &Object| {
        format!(
            "{} {} {:?}\n{}",
            object.content_type,
            object.cache_control,
            object.metadata,
            String::from_utf8_lossy(&object.bytes)
        )
    };
    format!(
        "--- published\n{}\n--- clean\n{}",
        shown(published),
        shown(clean)
    )
}

/// A builder over a copy of the buckets, with nobody else at work and nothing that fails.
fn standing_still(world: &World, s3: S3) -> Builder {
    let machine = Machine::standing_still("looker", world.clock.clone());
    builder(&machine, Direct::new(s3), 0, Options::default())
}

/// Answers at once.
#[derive(Clone)]
pub struct Direct {
    services: Arc<Mutex<(S3, CloudFront)>>,
}

impl Direct {
    /// A service with these buckets.
    pub fn new(s3: S3) -> Self {
        Self {
            services: Arc::new(Mutex::new((s3, CloudFront::default()))),
        }
    }
}

impl std::fmt::Debug for Direct {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Direct")
    }
}

impl HttpConnector for Direct {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let services = self.services.clone();
        HttpConnectorFuture::new(async move {
            let (request, _) = read(request).await;
            let mut services = services.lock().unwrap();
            let (s3, cloudfront) = &mut *services;
            let response = if request.path.starts_with(cloudfront::PATH) {
                cloudfront.answer(&request).0
            } else {
                s3.answer(&request).0
            };
            Ok(response.into_http())
        })
    }
}

impl HttpClient for Direct {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
