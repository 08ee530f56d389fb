//! The builder of one site: its public face.

use super::attempts::{Attempts, abandon};
use super::context::{Context, Progress};
use super::effective::{WriteReport, write_effective};
use super::explain::{self, ExplainError, Explanation, draw};
use super::preview::{self, Preview, PreviewError};
use super::root::Root;
use super::run::{self, Work};
use super::session::end_own_lease;
use super::state::State;
use super::status;
use super::store::{GivenObjects, ListEntry};
use super::{BuildError, Host, Options, Places};
use crate::fetch::Fetch;
use jiff::Timestamp;
use quillfront_site::key::SourceKey;
use quillfront_site::library::schedule::NextDue;
use quillfront_site::report::Report;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// Publishes one site: clients and options, and what is known from one run to the next.
pub struct Builder {
    context: Context,
    attempts: Attempts,
}

impl Builder {
    /// A builder over AWS clients. Without a CloudFront client and a distribution nothing is
    /// invalidated.
    pub fn new(
        s3: aws_sdk_s3::Client,
        cloudfront: Option<aws_sdk_cloudfront::Client>,
        places: Places,
        options: Options,
    ) -> Self {
        let context = Context::new(&s3, cloudfront, places, options);
        let attempts = Attempts::of(&context);
        Self { context, attempts }
    }

    /// With another clock.
    pub fn with_host(mut self, host: Arc<dyn Host>) -> Self {
        self.context.host = host;
        self.attempts = Attempts::of(&self.context);
        self
    }

    /// With another network.
    pub fn with_web(mut self, web: Arc<dyn Fetch>) -> Self {
        self.context.web = web;
        self
    }

    /// With somebody who watches.
    pub fn with_progress(mut self, progress: Progress) -> Self {
        self.context.progress = progress;
        self
    }

    /// Does the work, then what others have left as hints meanwhile. One report for each build.
    ///
    /// # Errors
    /// Infrastructure that failed; the work is then to be tried again. An author's mistakes are in
    /// the reports.
    pub async fn run(&self, work: Work) -> Result<Vec<Report>, BuildError> {
        // On the heap: whoever awaits a future has it inside of its own, and this is the largest.
        Box::pin(run::run(&self.context, &self.attempts, work)).await
    }

    /// From this time on nothing new is begun, until another time is set; none where there is no
    /// hurry. The request that is under way then, and the commit, take up to two request timeouts
    /// more.
    pub fn stop_before(&self, at: Option<Timestamp>) {
        self.context.deadline.stop_before(at);
    }

    /// The process ends at this time: stops two request timeouts before it, but uses at
    /// least three quarters of the time there is.
    pub fn end_before(&self, at: Timestamp) {
        let Context {
            deadline, options, ..
        } = &self.context;
        deadline.end_before(at, self.context.now_ms(), options.request_timeout);
    }

    /// For whoever has dropped the future of a run and is about to end the process: takes back what was
    /// noted, since only what ends without a word counts as a death. What the run was about stays as
    /// hints.
    ///
    /// # Errors
    /// Storage failed, so that the note counts as a death once its time is over.
    pub async fn abandon(&self) -> Result<(), BuildError> {
        abandon(&self.context, &self.attempts).await
    }

    /// Ends a lease of this builder's name, and the attempts of its predecessors: for a machine where no
    /// other process of that name can be running, so that a start after a crash does not wait for them
    /// to run out.
    ///
    /// # Errors
    /// Storage failed.
    pub async fn end_own_lease(&self) -> Result<(), BuildError> {
        end_own_lease(&self.context, self.attempts.id()).await
    }

    /// The root, and the state under it.
    ///
    /// # Errors
    /// Storage failed or the state is damaged; none where nothing was ever published.
    pub async fn look(&self) -> Result<Option<(Root, State)>, BuildError> {
        status::look(&self.context).await
    }

    /// The root alone, for whoever waits for a commit.
    ///
    /// # Errors
    /// Storage failed; none where nothing was ever published.
    pub async fn root(&self) -> Result<Option<Root>, BuildError> {
        Ok(self.context.root().await?)
    }

    /// What is in the source bucket, in the order of the keys.
    ///
    /// # Errors
    /// Storage failed.
    pub async fn uploaded(&self) -> Result<Vec<ListEntry>, BuildError> {
        Ok(self.context.source.list().await?)
    }

    /// What is published next by the passing of time alone, for whoever runs a reconcile then.
    ///
    /// # Errors
    /// Storage failed.
    pub async fn next_due(&self) -> Result<Option<NextDue>, BuildError> {
        status::next_due(&self.context).await
    }

    /// The keys that are still to be looked at.
    ///
    /// # Errors
    /// Storage failed.
    pub async fn hints(&self) -> Result<BTreeSet<SourceKey>, BuildError> {
        status::hints(&self.context).await
    }

    /// The last report that was written.
    ///
    /// # Errors
    /// Storage failed, or it is no report.
    pub async fn last_report(&self) -> Result<Option<Report>, BuildError> {
        status::last_report(&self.context).await
    }

    /// The current texts of sources, to show an author the lines that diagnostics name. Those
    /// that are gone, too large, not UTF-8, or that storage does not give are left out: without
    /// them a diagnostic is shown without its lines.
    pub async fn source_texts(
        &self,
        keys: impl IntoIterator<Item = &str>,
    ) -> BTreeMap<String, String> {
        status::source_texts(&self.context, keys).await
    }

    /// Explains an output (an address of the site, whole or from `/` on, or its key) or a source (its
    /// key).
    ///
    /// # Errors
    /// There is no such thing, or storage failed.
    pub async fn explain(&self, subject: &str) -> Result<Explanation, ExplainError> {
        explain::explain(&self.context, subject).await
    }

    /// The graph around a subject, or of the whole site up to [`MAX_ARROWS`](explain::MAX_ARROWS), in
    /// the language of Graphviz.
    ///
    /// # Errors
    /// There is no such thing, or storage failed.
    pub async fn draw(&self, subject: Option<&str>) -> Result<String, ExplainError> {
        draw(&self.context, subject).await
    }

    /// What would change if these files were uploaded, and those without anything removed. Of at most
    /// `differences` outputs the difference is told: the changed sources' own first.
    ///
    /// # Errors
    /// A file that is to be removed is not there, or storage failed.
    pub async fn preview(
        self,
        files: GivenObjects,
        differences: usize,
    ) -> Result<Preview, PreviewError> {
        preview::preview(self.context, files, differences).await
    }

    /// Writes the effective sources into a folder that is empty; those that only travel are read
    /// from the source bucket. A key that cannot be a file there (S3 takes names that no file
    /// system does, and `a` beside `a/b`) is left out, and the others are written.
    ///
    /// # Errors
    /// Storage failed, or the disk is full.
    pub async fn write_effective(&self, out: &Path) -> Result<WriteReport, BuildError> {
        write_effective(&self.context, out).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_credential_types::Credentials;
    use std::time::Duration;

    const MOST_BYTES: usize = 16 * 1024;

    #[test]
    fn futures_are_small_enough_for_the_stack() {
        let credentials = Credentials::new("key", "secret", None, None, "test");
        let config = crate::aws::fixed(Duration::from_secs(45), credentials, "us-east-1");
        let s3 = crate::aws::s3(&config, true);
        let place = |url: &str| url.parse().unwrap();
        let places = Places {
            source: place("s3://source"),
            site: place("s3://site"),
            state: place("s3://state"),
            distribution: None,
        };
        let builder = Builder::new(s3, None, places, Options::default());
        let sizes = [
            ("run", size_of_val(&builder.run(Work::Reconcile))),
            ("abandon", size_of_val(&builder.abandon())),
            ("explain", size_of_val(&builder.explain("/"))),
        ];
        let preview = size_of_val(&builder.preview(BTreeMap::new(), 0));
        for (name, bytes) in sizes.into_iter().chain([("preview", preview)]) {
            assert!(bytes <= MOST_BYTES, "{name} has {bytes} bytes");
        }
    }
}
