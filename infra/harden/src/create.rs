//! Creation by name: what is there already is taken.

use crate::error::HardenError;
use http::Method;
use quillfront_audit::harden::Creation;
use quillfront_audit::xml::Element;
use quillfront_aws::service::CLOUDFRONT;
use quillfront_aws::{Aws, Request};
use quillfront_observe::ask;
use quillfront_observe::cloudfront::{ROOT, pages};

/// What was found or created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its id.
    pub id: String,
    /// Whether it was not there.
    pub is_new: bool,
}

fn permissions(what: Creation) -> (&'static str, &'static str, &'static str) {
    match what {
        Creation::HeadersPolicy => (
            "cloudfront:ListResponseHeadersPolicies",
            "cloudfront:CreateResponseHeadersPolicy",
            "cloudfront:DeleteResponseHeadersPolicy",
        ),
        Creation::BucketControl | Creation::FunctionControl => (
            "cloudfront:ListOriginAccessControls",
            "cloudfront:CreateOriginAccessControl",
            "cloudfront:DeleteOriginAccessControl",
        ),
    }
}

/// Looks for it by its name, and creates it where it is not there. Where another run, or an attempt whose answer was
/// lost, has created it meanwhile, that one is taken.
///
/// # Errors
/// AWS refuses.
pub async fn find_or_create(aws: &Aws, what: Creation) -> Result<Found, HardenError> {
    if let Some(id) = find(aws, what).await? {
        return Ok(Found { id, is_new: false });
    }
    let text = what.text();
    let text = text.map_err(|error| HardenError::Edit {
        place: what.name().to_owned(),
        error,
    })?;
    let path = format!("{ROOT}/{}", what.path());
    let request = Request::new(&CLOUDFRONT, Method::POST, path).with_body("application/xml", text);
    match aws.send(&request.allowed_by(permissions(what).1)).await {
        Ok(answer) => {
            let told = |reason: quillfront_audit::observed::Reason| {
                HardenError::Answer(reason.to_string())
            };
            let document = ask::document(&answer).map_err(told)?;
            let id = document.root().text_at("Id");
            let id = id.ok_or_else(|| {
                HardenError::Answer(format!("{} was created without an id", what.name()))
            })?;
            Ok(Found { id, is_new: true })
        }
        Err(error) if error.status() == Some(409) => match find(aws, what).await? {
            Some(id) => Ok(Found { id, is_new: true }),
            None => Err(error.into()),
        },
        Err(error) => Err(error.into()),
    }
}

async fn find(aws: &Aws, what: Creation) -> Result<Option<String>, HardenError> {
    let request = Request::get(&CLOUDFRONT, format!("{ROOT}/{}", what.path()));
    let items = pages(aws, request.allowed_by(permissions(what).0)).await;
    let items = items.map_err(|reason| HardenError::Answer(reason.to_string()))?;
    Ok(items.iter().find_map(|item| id_of(item, what.name())))
}

/// The id in an element of a list that has this name, which stands at its root or deeper.
fn id_of(item: &Element, name: &str) -> Option<String> {
    let inner = item.child("ResponseHeadersPolicy").unwrap_or(item);
    let config = inner.child("ResponseHeadersPolicyConfig").unwrap_or(inner);
    (config.text_at("Name").as_deref() == Some(name))
        .then(|| inner.text_at("Id"))
        .flatten()
}

/// Deletes what was created; what is gone already, or in use elsewhere, stays as it is.
pub(crate) async fn delete(aws: &Aws, what: Creation, id: &str) -> Result<bool, HardenError> {
    let base = format!("{ROOT}/{}/{id}", what.path());
    let get = match what {
        Creation::HeadersPolicy => "cloudfront:GetResponseHeadersPolicy",
        Creation::BucketControl | Creation::FunctionControl => "cloudfront:GetOriginAccessControl",
    };
    let etag = match aws
        .send(&Request::get(&CLOUDFRONT, base.clone()).allowed_by(get))
        .await
    {
        Ok(answer) => answer.header("etag").unwrap_or_default().to_owned(),
        Err(error) if error.status() == Some(404) => return Ok(false),
        Err(error) => return Err(error.into()),
    };
    let request = Request::new(&CLOUDFRONT, Method::DELETE, base).with_header("if-match", etag);
    match aws.send(&request.allowed_by(permissions(what).2)).await {
        Ok(_) => Ok(true),
        // 409: another distribution has it by now.
        Err(error) if matches!(error.status(), Some(404 | 409)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
