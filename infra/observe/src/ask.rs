//! Questions to AWS, and answers as the audit takes them: what was read, or why not.

use quillfront_audit::observed::{Reason, Seen};
use quillfront_audit::xml::Document;
use quillfront_aws::{Aws, Error, Request, Response};
use serde_json::Value;

/// The most pages of a list that are read.
pub const MAX_PAGES: usize = 50;

/// How many requests of a kind are on their way at once.
pub const AT_ONCE: usize = 8;

/// Why there is no answer: the permission that is missing, or what went wrong.
pub fn reason(error: &Error) -> Reason {
    match error {
        Error::Refused(refusal) if error.is_denied() && !refusal.permission.is_empty() => {
            Reason::Denied(refusal.permission.to_owned())
        }
        other => Reason::Failed(other.to_string()),
    }
}

/// An answer as a document, with every byte.
///
/// # Errors
/// It is no XML.
pub fn document(response: &Response) -> Result<Document, Reason> {
    let text = std::str::from_utf8(&response.body)
        .map_err(|_| Reason::Failed("the answer is no text".to_owned()))?;
    Document::parse(text).map_err(|error| Reason::Failed(format!("the answer is no XML: {error}")))
}

/// Asks for XML.
///
/// # Errors
/// Why there is none.
pub async fn xml(aws: &Aws, request: Request) -> Result<Document, Reason> {
    let response = aws.send(&request).await.map_err(|error| reason(&error))?;
    document(&response)
}

/// Asks for JSON.
///
/// # Errors
/// Why there is none.
pub async fn json(aws: &Aws, request: Request) -> Result<Value, Reason> {
    let response = aws.send(&request).await.map_err(|error| reason(&error))?;
    value(&response)
}

/// An answer as JSON.
///
/// # Errors
/// It is none.
pub fn value(response: &Response) -> Result<Value, Reason> {
    serde_json::from_slice(&response.body)
        .map_err(|error| Reason::Failed(format!("the answer is no JSON: {error}")))
}

/// What one of these codes means is that there is nothing: a bucket without a policy.
///
/// # Errors
/// Any other.
pub async fn unless_absent(
    aws: &Aws,
    request: Request,
    absent: &[&str],
) -> Result<Option<Response>, Reason> {
    match aws.send(&request).await {
        Ok(response) => Ok(Some(response)),
        Err(error) if error.code().is_some_and(|code| absent.contains(&code)) => Ok(None),
        Err(error) => Err(reason(&error)),
    }
}

/// As the audit takes it.
pub fn seen<T>(result: Result<T, Reason>) -> Seen<T> {
    match result {
        Ok(value) => Seen::Known(value),
        Err(reason) => Seen::Unknown(reason),
    }
}

/// A list of JSON that comes in pages: `items` of each answer, until there is no `nextToken`.
///
/// # Errors
/// Why there is none, or it is longer than [`MAX_PAGES`].
pub async fn pages(
    aws: &Aws,
    items: &str,
    request: impl Fn(Option<&str>) -> Request,
) -> Result<Vec<Value>, Reason> {
    let mut found = Vec::new();
    let mut token: Option<String> = None;
    for _ in 0..MAX_PAGES {
        let mut page = json(aws, request(token.as_deref())).await?;
        if let Some(Value::Array(list)) = page.get_mut(items).map(Value::take) {
            found.extend(list);
        }
        let next = ["nextToken", "NextToken", "NextMarker"]
            .iter()
            .find_map(|name| page[*name].as_str())
            .filter(|next| !next.is_empty());
        match next {
            Some(next) => token = Some(next.to_owned()),
            None => return Ok(found),
        }
    }
    Err(too_long(items))
}

/// Why a list is not read to its end.
pub fn too_long(what: &str) -> Reason {
    Reason::Failed(format!("`{what}` has more than {MAX_PAGES} pages"))
}
