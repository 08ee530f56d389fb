//! Where a site comes from and goes to, and how a builder works.

use super::store::Place;
use super::sweep;
use crate::invalidate::redirects::RULES_DELAY;
use jiff::Timestamp;
use quillfront_site::fingerprint::Marker;
use std::ops::RangeInclusive;
use std::time::Duration;

/// Where a site comes from and goes to.
#[derive(Debug, Clone)]
pub struct Places {
    /// What the author uploads.
    pub source: Place,
    /// What readers get.
    pub site: Place,
    /// What Quillfront remembers.
    pub state: Place,
    /// CloudFront distribution in front of the site bucket.
    pub distribution: Option<String>,
}

impl Places {
    /// Source, site and state must not lie in one another: the builder would take its own writes
    /// for uploads, or sources for objects that should not be there.
    ///
    /// # Errors
    /// Two of them overlap.
    pub fn check(&self) -> Result<(), String> {
        let all = [
            ("source", &self.source),
            ("site", &self.site),
            ("state", &self.state),
        ];
        for (index, (name, place)) in all.iter().enumerate() {
            for (other_name, other) in &all[index + 1..] {
                let nested = place.prefix.starts_with(&other.prefix)
                    || other.prefix.starts_with(&place.prefix);
                if place.bucket == other.bucket && nested {
                    return Err(format!(
                        "{name} and {other_name} overlap; give each its own bucket or prefix"
                    ));
                }
            }
        }
        Ok(())
    }
}

/// How a builder works.
#[derive(Debug, Clone)]
pub struct Options {
    /// `config.mode` in templates.
    pub mode: &'static str,
    /// In place of the configuration's `base_url`.
    pub base_url: Option<String>,
    /// Publish drafts.
    pub drafts: bool,
    /// Take every page and section as accepted, as the effective sources of another builder are.
    pub all_accepted: bool,
    /// In place of the clock, for what templates see.
    pub now: Option<Timestamp>,
    /// What its leases are called.
    pub holder: String,
    /// How long a lease lasts; it is renewed while work goes on.
    pub lease: Duration,
    /// No request lasts longer; the clients are set so.
    pub request_timeout: Duration,
    /// Requests at once.
    pub parallel: usize,
    /// What no root names is removed from the state when it is so much older than the newest object
    /// there.
    pub sweep_after: Duration,
    /// How long after a put of rules the paths that they touch are invalidated: as long as an edge may go by
    /// those of before, and a little more.
    pub rules_delay: Duration,
    /// Where an edit reaches more outputs than this, the own pages of what changed go first.
    pub many_outputs: usize,
}

/// How long leases may be told to last, in seconds.
pub const LEASE_SECONDS: RangeInclusive<u64> = 2..=86_400;

impl Options {
    /// These options with leases of another length. No request lasts longer than a quarter of it, so that there
    /// is time to renew it.
    #[must_use]
    pub fn with_lease(self, lease: Duration) -> Self {
        Self {
            lease,
            request_timeout: self.request_timeout.min(lease / 4),
            ..self
        }
    }

    /// What a tree is made with that is in no source, as the root names it: where it is another,
    /// everything is made anew.
    pub(super) fn mark(&self) -> String {
        let Self {
            mode,
            base_url,
            drafts,
            all_accepted,
            ..
        } = self;
        let mut marker = Marker::default();
        marker.bytes(mode);
        marker.option(base_url.as_ref(), |marker, url| {
            marker.bytes(url);
        });
        marker.number(u64::from(*drafts));
        if *all_accepted {
            marker.bytes("all accepted");
        }
        marker.done().to_string()
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            mode: "build",
            base_url: None,
            all_accepted: false,
            drafts: false,
            now: None,
            holder: "builder".to_owned(),
            lease: Duration::from_secs(120),
            request_timeout: Duration::from_secs(45),
            parallel: 16,
            sweep_after: sweep::LONGER_THAN_ANY_RUN,
            rules_delay: RULES_DELAY,
            many_outputs: 200,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn only_options_that_a_site_shows_make_it_another() {
        let usual = Options::default();
        let mark = usual.mark();
        let url = |url: &str| Some(url.to_owned());
        let others = [
            Options {
                mode: "serve",
                ..usual.clone()
            },
            Options {
                base_url: url("https://example.org"),
                ..usual.clone()
            },
            Options {
                base_url: url(""),
                ..usual.clone()
            },
            Options {
                drafts: true,
                ..usual.clone()
            },
        ];
        let marks = others.iter().map(Options::mark).chain([mark.clone()]);
        assert_eq!(marks.collect::<BTreeSet<_>>().len(), 5);
        let same = Options {
            holder: "another".to_owned(),
            parallel: 1,
            many_outputs: 3,
            ..usual
        };
        assert_eq!(same.mark(), mark);
    }
}
