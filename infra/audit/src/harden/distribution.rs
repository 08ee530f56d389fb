//! Changes of the distribution's own configuration, and of cache policies.

use super::edit::{Edit, Spot, Value};
use super::{Asked, Change, Resource, Step, When};
use crate::finding::Finding;
use crate::view::{Behaviour, Origin};

/// AWS's `AllViewerExceptHostHeader` (CloudFront guide, "Use managed origin request policies").
const ALL_BUT_HOST: &str = "b689b0a8-53d0-40ab-baf2-68738e2966ac";
/// AWS's `AllViewer`.
const ALL_VIEWER: &str = "216adef6-5c7f-47e4-b989-5492eafa07d3";
/// The longest response timeout that can be set without asking AWS for more.
const MAX_WAIT_SECONDS: u64 = 60;

const OLD_CLIENTS: &str = "readers whose browser is older than the protocol";

impl Asked<'_> {
    pub(super) fn distribution(&self, finding: &Finding) -> Vec<Change> {
        match finding.id {
            "viewer-https" => self.each_behaviour(
                finding,
                |b| b.text("ViewerProtocolPolicy").as_deref() == Some("allow-all"),
                "ViewerProtocolPolicy",
                "redirect-to-https",
            ),
            "sent-https-redirect" => self.sent_over_http(finding),
            "compression" => self.each_behaviour(
                finding,
                |b| !b.element.is_true("Compress"),
                "Compress",
                "true",
            ),
            "min-ttl" | "stored-no-store" => self.min_ttl(finding),
            "methods" => self.methods(finding),
            "host-to-signed-origin" => self.each_behaviour(
                finding,
                |b| b.text("OriginRequestPolicyId").as_deref() == Some(ALL_VIEWER),
                "OriginRequestPolicyId",
                ALL_BUT_HOST,
            ),
            "origin-https" => self.origin_https(finding),
            "origin-tls" => self.origin_tls(finding),
            "origin-timeout" => self.origin_timeout(finding),
            "failover-403" => self.failover(finding),
            "default-root-object" => self.root(finding, "DefaultRootObject", "index.html"),
            "http3" => self.root(finding, "HttpVersion", "http2and3"),
            "ipv6" => self.root(finding, "IsIPV6Enabled", "true"),
            "tls-policy" => {
                self.certificate_setting(finding, "MinimumProtocolVersion", "TLSv1.2_2025")
            }
            "post-quantum" => {
                self.certificate_setting(finding, "MinimumProtocolVersion", "TLSv1.3_2025")
            }
            "sni" => self.certificate_setting(finding, "SSLSupportMethod", "sni-only"),
            "certificate" => self.certificate(finding),
            "waf" => self.web_acl(finding),
            _ => Vec::new(),
        }
    }

    /// The behaviours that a finding is about.
    fn behaviours(&self, finding: &Finding) -> impl Iterator<Item = Behaviour<'_>> {
        let all = self.config.behaviours().into_iter();
        all.filter(|behaviour| behaviour.place() == finding.place)
    }

    fn each_behaviour(
        &self,
        finding: &Finding,
        is_wrong: impl Fn(&Behaviour<'_>) -> bool,
        setting: &'static str,
        value: &str,
    ) -> Vec<Change> {
        let wrong = self.behaviours(finding).filter(is_wrong);
        wrong
            .map(|behaviour| self.set_behaviour(finding, behaviour, setting, value))
            .collect()
    }

    fn set_behaviour(
        &self,
        finding: &Finding,
        behaviour: Behaviour<'_>,
        setting: &'static str,
        value: &str,
    ) -> Change {
        let edit = Edit::Set(spot(behaviour), setting, Value::Text(value.to_owned()));
        let what = becomes(setting, behaviour.text(setting), value);
        self.change(finding, what, vec![self.config_step(edit)])
    }

    /// A page that plain HTTP led to without a redirect came through some behaviour that allows it.
    fn sent_over_http(&self, finding: &Finding) -> Vec<Change> {
        let all = self.config.behaviours().into_iter();
        let wrong = all.filter(|b| b.text("ViewerProtocolPolicy").as_deref() == Some("allow-all"));
        wrong
            .map(|b| self.set_behaviour(finding, b, "ViewerProtocolPolicy", "redirect-to-https"))
            .collect()
    }

    fn min_ttl(&self, finding: &Finding) -> Vec<Change> {
        let all = self.config.behaviours().into_iter();
        let concerned = all.filter(|b| finding.id != "min-ttl" || b.place() == finding.place);
        let change = |behaviour: Behaviour<'_>| match behaviour.text("CachePolicyId") {
            None if behaviour.element.number_at("MinTTL").unwrap_or(0) > 0 => {
                Some(self.set_behaviour(finding, behaviour, "MinTTL", "0"))
            }
            None => None,
            Some(id) => {
                let document = self.observed.cache_policies.get(&id)?.get().ok()?;
                let root = document.root();
                let policy = root.child("CachePolicyConfig").unwrap_or(root);
                let now = policy.number_at("MinTTL").filter(|ttl| *ttl > 0)?;
                let edit = Edit::Set(Spot::Root, "MinTTL", Value::Text("0".to_owned()));
                let what = format!(
                    "cache policy {id}: {}",
                    becomes("MinTTL", Some(now.to_string()), "0")
                );
                let step = Step::Rewrite(When::Before, Resource::CachePolicy(id), edit);
                Some(self.change(finding, what, vec![step]))
            }
        };
        concerned.filter_map(change).collect()
    }

    fn methods(&self, finding: &Finding) -> Vec<Change> {
        let change = |behaviour: Behaviour<'_>| {
            let now = behaviour.element.texts("AllowedMethods");
            let mut methods = vec!["GET".to_owned(), "HEAD".to_owned()];
            methods.extend(now.iter().filter(|m| *m == "OPTIONS").cloned());
            let what = becomes("AllowedMethods", Some(now.join(" ")), &methods.join(" "));
            let edit = Edit::List(spot(behaviour), "AllowedMethods", "Method", methods);
            self.change(finding, what, vec![self.config_step(edit)])
                .that_could_cut_off("whoever sends requests with other methods")
        };
        self.behaviours(finding).map(change).collect()
    }

    fn origins(&self, finding: &Finding) -> impl Iterator<Item = Origin<'_>> {
        let all = self.config.origins().into_iter();
        all.filter(|origin| origin.place() == finding.place)
    }

    fn origin_https(&self, finding: &Finding) -> Vec<Change> {
        let change = |origin: Origin<'_>| {
            // A website endpoint of S3 has no HTTPS.
            let custom = origin.custom().filter(|_| !origin.is_website())?;
            let now = custom.text_at("OriginProtocolPolicy");
            let what = becomes("OriginProtocolPolicy", now.clone(), "https-only");
            let spot = Spot::CustomOrigin(origin.id());
            let value = Value::Text("https-only".to_owned());
            let mut steps =
                vec![self.config_step(Edit::Set(spot.clone(), "OriginProtocolPolicy", value))];
            if now.as_deref() == Some("match-viewer") {
                return Some(self.change(finding, what, steps));
            }
            // Protocols that were of no use until now are not to be used then.
            let wanted = vec!["TLSv1.2".to_owned()];
            if custom.texts("OriginSslProtocols").contains(&wanted[0]) {
                let edit = Edit::List(spot, "OriginSslProtocols", "SslProtocol", wanted);
                steps.push(self.config_step(edit));
            }
            let change = self.change(finding, what, steps);
            Some(change.that_could_cut_off("everything, where the origin does not speak HTTPS"))
        };
        self.origins(finding).filter_map(change).collect()
    }

    fn origin_tls(&self, finding: &Finding) -> Vec<Change> {
        let change = |origin: Origin<'_>| {
            let now = origin.custom()?.texts("OriginSslProtocols");
            let has_new = now.iter().any(|protocol| protocol == "TLSv1.2");
            let what = becomes("OriginSslProtocols", Some(now.join(" ")), "TLSv1.2");
            let wanted = vec!["TLSv1.2".to_owned()];
            let spot = Spot::CustomOrigin(origin.id());
            let edit = Edit::List(spot, "OriginSslProtocols", "SslProtocol", wanted);
            let change = self.change(finding, what, vec![self.config_step(edit)]);
            Some(if has_new {
                change
            } else {
                change.that_could_cut_off("everything, where the origin does not speak TLS 1.2")
            })
        };
        self.origins(finding).filter_map(change).collect()
    }

    fn origin_timeout(&self, finding: &Finding) -> Vec<Change> {
        let change = |origin: Origin<'_>| {
            let url = self.observed.function_urls.get(&origin.domain())?;
            let function = self.observed.functions.get(&url.function_arn)?.get().ok()?;
            let wanted = function.timeout_seconds?.min(MAX_WAIT_SECONDS).to_string();
            let now = origin.custom()?.text_at("OriginReadTimeout");
            if now.as_ref() == Some(&wanted) {
                return None;
            }
            let what = becomes("OriginReadTimeout", now, &wanted);
            let spot = Spot::CustomOrigin(origin.id());
            let edit = Edit::Set(spot, "OriginReadTimeout", Value::Text(wanted));
            Some(self.change(finding, what, vec![self.config_step(edit)]))
        };
        self.origins(finding).filter_map(change).collect()
    }

    /// Without 403 a missing object has to be 404, for which the bucket has to be listed: where that is not known or not
    /// granted in the same run, what the second origin made of missing objects would be lost.
    fn failover(&self, finding: &Finding) -> Vec<Change> {
        let Some(id) = finding.place.strip_prefix("origin group ") else {
            return Vec::new();
        };
        let edit = Edit::NoFailoverOn403(id.to_owned());
        let change = self.change(
            finding,
            "403 fails over no more",
            vec![self.config_step(edit)],
        );
        let targets = self.config.targets(id).into_iter();
        let is_listed = targets
            .filter(|origin| origin.bucket().is_some())
            .all(|origin| self.will_be_listed(origin));
        vec![if is_listed {
            change
        } else {
            change.that_could_cut_off(
                "what the second origin answers for missing objects: mend `missing-is-403` first",
            )
        }]
    }

    /// Whether the distribution may list a bucket, now or when the usual changes are made.
    fn will_be_listed(&self, origin: Origin<'_>) -> bool {
        let bucket = origin.bucket().unwrap_or_default();
        let policy = self
            .observed
            .buckets
            .get(&bucket)
            .and_then(|b| b.policy.get().ok());
        let is_granted = policy.and_then(Option::as_ref).is_some_and(|policy| {
            !crate::grants::to_cloudfront(policy, "s3:ListBucket").is_empty()
        });
        let by = match (origin.access_control(), origin.access_identity()) {
            (Some(_), _) => "missing-is-403",
            (None, None) => "origin-access",
            (None, Some(_)) => return is_granted,
        };
        let is_usual = self.choice.only.is_empty() && !self.choice.skip.iter().any(|id| id == by);
        is_granted || (is_usual && policy.is_some() && origin.custom().is_none())
    }

    /// What has to go along where an origin gets a signature, which is over its own name: the reader's `Host` is sent no
    /// more. None where a behaviour sends it otherwise than by AWS's own policy.
    pub(super) fn without_host(&self, origin: Origin<'_>) -> Option<Vec<Step>> {
        let mut steps = Vec::new();
        for behaviour in self.config.behaviours() {
            let mut targets = self.config.targets(&behaviour.target()).into_iter();
            if !targets.any(|target| target.id() == origin.id()) {
                continue;
            }
            let old = behaviour.element.texts("ForwardedValues/Headers");
            if old
                .iter()
                .any(|name| name == "*" || name.eq_ignore_ascii_case("host"))
            {
                return None;
            }
            match behaviour.text("OriginRequestPolicyId") {
                None => {}
                Some(id) if id == ALL_VIEWER => {
                    let value = Value::Text(ALL_BUT_HOST.to_owned());
                    let edit = Edit::Set(spot(behaviour), "OriginRequestPolicyId", value);
                    steps.push(self.config_step(edit));
                }
                Some(id) => {
                    let policy = self.observed.origin_request_policies.get(&id);
                    let policy = policy.and_then(|seen| seen.get().ok())?;
                    if crate::checks::sends_host(policy.root()) {
                        return None;
                    }
                }
            }
        }
        Some(steps)
    }

    fn root(&self, finding: &Finding, setting: &'static str, value: &str) -> Vec<Change> {
        let what = becomes(setting, self.config.0.text_at(setting), value);
        let edit = Edit::Set(Spot::Root, setting, Value::Text(value.to_owned()));
        vec![self.change(finding, what, vec![self.config_step(edit)])]
    }

    fn certificate_setting(
        &self,
        finding: &Finding,
        setting: &'static str,
        value: &str,
    ) -> Vec<Change> {
        let now = self
            .config
            .0
            .text_at(&format!("ViewerCertificate/{setting}"));
        let edit = Edit::Set(Spot::Certificate, setting, Value::Text(value.to_owned()));
        let change = self.change(
            finding,
            becomes(setting, now, value),
            vec![self.config_step(edit)],
        );
        vec![change.that_could_cut_off(OLD_CLIENTS)]
    }

    fn certificate(&self, finding: &Finding) -> Vec<Change> {
        let Some(arn) = &self.choice.certificate else {
            return Vec::new();
        };
        let set =
            |name, value: &str| Edit::Set(Spot::Certificate, name, Value::Text(value.to_owned()));
        let edits = [
            set("CloudFrontDefaultCertificate", "false"),
            Edit::Remove(Spot::Certificate, "IAMCertificateId"),
            set("ACMCertificateArn", arn),
            set("SSLSupportMethod", "sni-only"),
            set("MinimumProtocolVersion", "TLSv1.2_2025"),
            // What stood for the certificate before these settings; CloudFront still writes both.
            Edit::Remove(Spot::Certificate, "Certificate"),
            Edit::Remove(Spot::Certificate, "CertificateSource"),
        ];
        let steps = edits
            .into_iter()
            .map(|edit| self.config_step(edit))
            .collect();
        let change = self.change(finding, format!("the certificate becomes {arn}"), steps);
        vec![change.that_could_cut_off("readers of names that the certificate does not have")]
    }

    fn web_acl(&self, finding: &Finding) -> Vec<Change> {
        let Some(arn) = &self.choice.web_acl else {
            return Vec::new();
        };
        let change = self.root(finding, "WebACLId", arn);
        let told = |change: Change| {
            change.that_could_cut_off("readers whom a rule of the web ACL takes for an attacker")
        };
        change.into_iter().map(told).collect()
    }
}

pub(super) fn spot(behaviour: Behaviour<'_>) -> Spot {
    Spot::Behaviour(
        behaviour
            .text("PathPattern")
            .filter(|_| !behaviour.is_default()),
    )
}

/// `Compress: false → true`
pub(super) fn becomes(setting: &str, now: Option<String>, value: &str) -> String {
    let now = now.filter(|now| !now.is_empty());
    format!("{setting}: {} → {value}", now.as_deref().unwrap_or("none"))
}
