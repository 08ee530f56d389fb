//! Waiting for deployments.

use crate::error::HardenError;
use quillfront_aws::service::CLOUDFRONT;
use quillfront_aws::{Aws, Request};
use quillfront_observe::ask;
use quillfront_observe::cloudfront::ROOT;
use std::time::Duration;

/// How long is waited for deployments.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Between two looks.
    pub interval: Duration,
    /// At most.
    pub limit: Duration,
}

impl Default for Patience {
    /// Deployments take some minutes, rarely more than ten.
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(5),
            limit: Duration::from_secs(30 * 60),
        }
    }
}

/// Waits until a distribution is deployed everywhere.
///
/// # Errors
/// It cannot be looked at, or takes too long.
pub async fn until_deployed(aws: &Aws, id: &str, patience: Patience) -> Result<(), HardenError> {
    let mut waited = Duration::ZERO;
    loop {
        let request = Request::get(&CLOUDFRONT, format!("{ROOT}/distribution/{id}"));
        let answer = aws
            .send(&request.allowed_by("cloudfront:GetDistribution"))
            .await?;
        let document = ask::document(&answer);
        let document = document.map_err(|reason| HardenError::Answer(reason.to_string()))?;
        if document.root().text_at("Status").as_deref() == Some("Deployed") {
            return Ok(());
        }
        if waited >= patience.limit {
            return Err(HardenError::Slow(patience.limit.as_secs() / 60));
        }
        tokio::time::sleep(patience.interval).await;
        waited += patience.interval;
    }
}
