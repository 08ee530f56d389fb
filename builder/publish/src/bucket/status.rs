//! What the state says of a site, for whoever asks: nothing is changed by it.

use super::BuildError;
use super::context::Context;
use super::root::Root;
use super::run::REPORT_KEY;
use super::state::State;
use quillfront_site::key::{MAX_TEXT_BYTES, SourceKey};
use quillfront_site::library::schedule::NextDue;
use quillfront_site::report::Report;
use std::collections::{BTreeMap, BTreeSet};

const MAX_REPORT_BYTES: u64 = 256 * 1024 * 1024;

/// The root, and the state under it.
pub(super) async fn look(context: &Context) -> Result<Option<(Root, State)>, BuildError> {
    let Some(root) = context.root().await? else {
        return Ok(None);
    };
    let state = context.state_under(&root).await?;
    Ok(Some((root, state)))
}

pub(super) async fn next_due(context: &Context) -> Result<Option<NextDue>, BuildError> {
    let root = context.root().await?;
    Ok(root.and_then(|root| root.next_due))
}

pub(super) async fn hints(context: &Context) -> Result<BTreeSet<SourceKey>, BuildError> {
    let root = context.root().await?;
    let hints = root.into_iter().flat_map(|root| root.hints);
    Ok(hints.map(|(key, _)| SourceKey::from(key)).collect())
}

pub(super) async fn last_report(context: &Context) -> Result<Option<Report>, BuildError> {
    let got = context.state.get(REPORT_KEY, MAX_REPORT_BYTES).await?;
    let Some(bytes) = got.and_then(|got| got.bytes) else {
        return Ok(None);
    };
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|error| BuildError::Rendering(format!("report.json: {error}")))
}

pub(super) async fn source_texts(
    context: &Context,
    keys: impl IntoIterator<Item = &str>,
) -> BTreeMap<String, String> {
    let mut texts = BTreeMap::new();
    for key in keys {
        if texts.contains_key(key) {
            continue;
        }
        let got = context.source.get(key, MAX_TEXT_BYTES).await;
        let bytes = got.ok().flatten().and_then(|got| got.bytes);
        if let Some(text) = bytes.and_then(|bytes| String::from_utf8(bytes).ok()) {
            texts.insert(key.to_owned(), text);
        }
    }
    texts
}
