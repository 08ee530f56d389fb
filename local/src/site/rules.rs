//! The rules of the site: an object of its bucket, read again when it is another one.

use std::sync::{Arc, Mutex};

use quillfront_headers::{MAX_RULES_BYTES, RULES_KEY, Rules};

use super::Shared;
use super::body::{blocking, read_all};
use super::look_up::open;
use crate::locks::IgnorePoison;
use crate::s3::StoreError;
use crate::terminal::tell;

/// The rules that were read last.
#[derive(Default)]
pub(super) struct LastRules(Mutex<Option<Version>>);

#[derive(Clone)]
struct Version {
    etag: String,
    rules: Arc<Rules>,
}

/// Returns the rules as they are now. Where the object cannot be understood, the last ones stay.
///
/// # Errors
/// [`StoreError`], where the store cannot be read.
pub(super) async fn rules(shared: &Shared) -> Result<Arc<Rules>, StoreError> {
    let last = shared.rules.0.lock().unpoisoned().clone();
    let Some(object) = open(shared, RULES_KEY).await? else {
        *shared.rules.0.lock().unpoisoned() = None;
        return Ok(Arc::default());
    };
    let etag = object.meta.etag.clone();
    if let Some(last) = &last
        && last.etag == etag
    {
        return Ok(last.rules.clone());
    }
    let rules = if object.meta.size > MAX_RULES_BYTES as u64 {
        Err(format!("more than {MAX_RULES_BYTES} bytes"))
    } else {
        let bytes = blocking(move || read_all(object)).await;
        let rules = bytes.map_err(|error| error.to_string());
        rules.and_then(|bytes| Rules::read(&bytes).map_err(|error| error.to_string()))
    };
    let rules = match rules {
        Ok(rules) => Arc::new(rules),
        Err(reason) => {
            tell(&format!("site: {RULES_KEY}: {reason}; the last rules stay"));
            last.map(|last| last.rules).unwrap_or_default()
        }
    };
    let version = Version {
        etag,
        rules: rules.clone(),
    };
    *shared.rules.0.lock().unpoisoned() = Some(version);
    Ok(rules)
}
