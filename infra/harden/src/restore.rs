//! Going back to what was saved.

use crate::error::HardenError;
use crate::saved::{Before, Saved};
use crate::text::{self, Text};
use crate::wait::Patience;
use crate::{call, create, wait};
use quillfront_audit::harden::{Part, Resource};
use quillfront_aws::Aws;
use serde_json::Value;

/// Puts everything back, and counts the requests that changed something: buckets may grant again before the
/// distribution needs it, what was created goes when nothing names it any more. What somebody else has changed since
/// is left alone unless `overwrite` is set.
///
/// # Errors
/// See [`HardenError`]; what was put back until then is, and it can be run again.
pub async fn rollback(
    aws: &Aws,
    saved: &Saved,
    overwrite: bool,
    patience: Patience,
) -> Result<usize, HardenError> {
    let is_distribution = |before: &Before| matches!(before.resource, Resource::Distribution(_));
    let mut restored = Vec::new();
    for before in &saved.texts {
        if let Some(now) = restore_needed(aws, before, overwrite).await? {
            restored.push((before, now));
        }
    }
    let mut writes = 0;
    // What was taken away from the distribution as it was comes back first.
    for call in saved.calls.iter().filter(|call| is_closing(call)) {
        call::undo(aws, &saved.distribution, call).await?;
        writes += 1;
    }
    for (before, now) in &mut restored {
        writes += open_up(aws, before, now).await?;
    }
    for (before, now) in restored
        .iter()
        .filter(|(before, _)| is_distribution(before))
    {
        writes += put_back(aws, before, now).await?;
    }
    if writes > 0 {
        wait::until_deployed(aws, saved.id(), patience).await?;
    }
    for (before, now) in restored
        .iter()
        .filter(|(before, _)| !is_distribution(before))
    {
        writes += put_back(aws, before, now).await?;
    }
    for call in saved.calls.iter().filter(|call| !is_closing(call)) {
        call::undo(aws, &saved.distribution, call).await?;
        writes += 1;
    }
    for (what, id) in &saved.created {
        writes += usize::from(create::delete(aws, *what, id).await?);
    }
    Ok(writes)
}

/// Whether a call has taken something away from readers.
fn is_closing(call: &quillfront_audit::harden::Call) -> bool {
    matches!(call, quillfront_audit::harden::Call::AuthType { .. })
}

/// What there is now, where it is to be replaced.
async fn restore_needed(
    aws: &Aws,
    before: &Before,
    overwrite: bool,
) -> Result<Option<Text>, HardenError> {
    let now = text::read(aws, &before.resource).await?;
    if now.text.as_deref() == wanted(before) {
        return Ok(None);
    }
    // S3 has no ETags for settings of buckets.
    let is_ours = before.is_written && (before.etag.is_none() || now.etag == before.etag);
    if !is_ours && !overwrite {
        return Err(HardenError::ChangedSince(text::name(&before.resource)));
    }
    Ok(Some(now))
}

/// S3 cannot forget that versions were kept; what comes nearest is that no more are.
const SUSPENDED: &str = "<VersioningConfiguration xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Status>Suspended</Status></VersioningConfiguration>";

/// The text that is put back.
fn wanted(before: &Before) -> Option<&str> {
    match (&before.resource, &before.text) {
        (Resource::Bucket(_, Part::Versioning), Some(text)) if !text.contains("<Status>") => {
            Some(SUSPENDED)
        }
        (_, text) => text.as_deref(),
    }
}

/// Gives back what the distribution needs as it was, and takes nothing away yet: a policy gets the statements that it
/// had beside those that it has, and a block of public access goes.
async fn open_up(aws: &Aws, before: &Before, now: &mut Text) -> Result<usize, HardenError> {
    let wider = match &before.resource {
        Resource::Bucket(_, Part::PublicAccessBlock | Part::Ownership) => {
            wanted(before).map(str::to_owned)
        }
        Resource::Bucket(_, Part::Policy) => {
            let wider = widened(now.text.as_deref(), wanted(before));
            match wider {
                Some(wider) => Some(wider),
                None => return Ok(0),
            }
        }
        _ => return Ok(0),
    };
    if now.text == wider {
        return Ok(0);
    }
    text::write(aws, &before.resource, wider.as_deref(), None).await?;
    now.text = wider;
    Ok(1)
}

/// A policy with the statements of both; none where the second has no other.
fn widened(now: Option<&str>, before: Option<&str>) -> Option<String> {
    let before: Value = serde_json::from_str(before?).ok()?;
    let mut both: Value = serde_json::from_str(now?).ok()?;
    let old = before["Statement"].as_array()?;
    let statements = both["Statement"].as_array_mut()?;
    let count = statements.len();
    for statement in old {
        if !statements.contains(statement) {
            statements.push(statement.clone());
        }
    }
    (statements.len() > count).then(|| both.to_string())
}

async fn put_back(aws: &Aws, before: &Before, now: &Text) -> Result<usize, HardenError> {
    let text = wanted(before);
    if now.text.as_deref() == text {
        return Ok(0);
    }
    match text::write(aws, &before.resource, text, now.etag.as_deref()).await {
        Ok(_) => Ok(1),
        Err(error) if text::is_overtaken(&error) => {
            // The answer to an attempt may have been lost.
            let again = text::read(aws, &before.resource).await?;
            if again.text.as_deref() == text {
                return Ok(1);
            }
            Err(HardenError::ChangedSince(text::name(&before.resource)))
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::widened;

    #[test]
    fn a_policy_is_widened_before_it_is_narrowed() {
        let now = r#"{"Statement":[{"Sid":"new"},{"Sid":"both"}]}"#;
        let before = r#"{"Statement":[{"Sid":"old"},{"Sid":"both"}]}"#;
        let both = r#"{"Statement":[{"Sid":"new"},{"Sid":"both"},{"Sid":"old"}]}"#;
        assert_eq!(widened(Some(now), Some(before)).as_deref(), Some(both));
        assert_eq!(
            widened(Some(now), Some(r#"{"Statement":[{"Sid":"both"}]}"#)),
            None
        );
        assert_eq!(widened(Some(now), None), None);
    }
}
