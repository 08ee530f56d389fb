//! The part of the CloudFront API (2020-05-31) that the builder uses: invalidations.
//!
//! There is nothing to drop here (nothing is cached that could go stale), so an invalidation is
//! `Completed` as soon as it is accepted. The pages that are open are told of it.

mod ledger;
mod xml;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::{StatusCode, header};

use super::Shared;
pub(super) use ledger::Ledger;
use xml::{Batch, Error};

/// The largest document that is read: 3,000 paths of more than a thousand characters each.
const BODY_BYTES: usize = 4 * 1024 * 1024;

/// How long a client may take to send it.
const BODY_TIMEOUT: Duration = Duration::from_secs(20);

/// The routes of the API (Amazon CloudFront API Reference, "CreateInvalidation",
/// "GetInvalidation", "ListInvalidations").
pub(super) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route(
            "/2020-05-31/distribution/{distribution}/invalidation",
            post(create).get(list),
        )
        .route(
            "/2020-05-31/distribution/{distribution}/invalidation/{invalidation}",
            get(read),
        )
}

async fn create(
    State(shared): State<Arc<Shared>>,
    Path(distribution): Path<String>,
    body: Body,
) -> Result<Response, Error> {
    check_distribution(&shared, &distribution)?;
    let body = tokio::time::timeout(BODY_TIMEOUT, to_bytes(body, BODY_BYTES));
    let body = body
        .await
        .map_err(|_| Error::RequestTimeout)?
        .map_err(|_| Error::BatchTooLarge)?;
    let batch = Batch::parse(&body)?;
    batch.check()?;
    let recorded = shared.ledger.record(batch)?;
    if recorded.is_new {
        shared
            .live
            .invalidated(&recorded.entry.batch.paths.items.path);
    }
    let location = format!(
        "/2020-05-31/distribution/{distribution}/invalidation/{}",
        recorded.entry.id
    );
    let document = xml::invalidation(&recorded.entry);
    Ok((
        StatusCode::CREATED,
        [(header::LOCATION, location)],
        xml::document(document),
    )
        .into_response())
}

async fn read(
    State(shared): State<Arc<Shared>>,
    Path((distribution, invalidation)): Path<(String, String)>,
) -> Result<Response, Error> {
    check_distribution(&shared, &distribution)?;
    let entry = shared
        .ledger
        .get(&invalidation)
        .ok_or(Error::NoSuchInvalidation)?;
    Ok(xml::document(xml::invalidation(&entry)).into_response())
}

async fn list(
    State(shared): State<Arc<Shared>>,
    Path(distribution): Path<String>,
) -> Result<Response, Error> {
    check_distribution(&shared, &distribution)?;
    Ok(xml::document(xml::list(&shared.ledger.newest_first())).into_response())
}

fn check_distribution(shared: &Shared, id: &str) -> Result<(), Error> {
    if id == shared.options.distribution_id {
        Ok(())
    } else {
        Err(Error::NoSuchDistribution)
    }
}
