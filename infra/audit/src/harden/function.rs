//! Changes of function URLs, log groups and tags.

use super::edit::{Edit, Spot, Value};
use super::{Asked, Call, Change, Creation, Step, When};
use crate::finding::Finding;
use crate::observed::FunctionUrl;
use crate::view::Origin;

/// For how long log groups of functions at the edge keep events.
pub const RETENTION_DAYS: u32 = 365;

/// The two permissions that a request by CloudFront needs.
const ACTIONS: [&str; 2] = ["lambda:InvokeFunctionUrl", "lambda:InvokeFunction"];

impl Asked<'_> {
    pub(super) fn function(&self, finding: &Finding) -> Vec<Change> {
        match finding.id {
            "tagged" => vec![self.tag(finding)],
            "edge-log-retention" => self.retention(finding).into_iter().collect(),
            _ => {
                let origins = self.config.origins().into_iter();
                let concerned = origins.filter(|origin| origin.place() == finding.place);
                concerned
                    .filter_map(|origin| self.function_url(finding, origin))
                    .collect()
            }
        }
    }

    fn tag(&self, finding: &Finding) -> Change {
        let alias = self.config.0.texts("Aliases").into_iter().next();
        let value = alias.unwrap_or_else(|| self.id.to_owned());
        let call = Call::Tag {
            key: "site".to_owned(),
            value: value.clone(),
        };
        self.change(
            finding,
            format!("the tag `site` is {value}"),
            vec![Step::Call(When::Before, call)],
        )
    }

    fn retention(&self, finding: &Finding) -> Option<Change> {
        let name = finding.place.strip_prefix("log group ")?;
        let (region, group) = name.split_once(' ')?;
        let call = Call::Retention {
            region: region.to_owned(),
            group: group.to_owned(),
        };
        let what = format!("events are deleted after {RETENTION_DAYS} days");
        Some(self.change(finding, what, vec![Step::Call(When::Before, call)]))
    }

    fn function_url(&self, finding: &Finding, origin: Origin<'_>) -> Option<Change> {
        let url = self.observed.function_urls.get(&origin.domain())?;
        // Of a function that was not found there is nothing to change.
        if url.function_arn.is_empty() || url.policy.get().is_err() {
            return None;
        }
        let permissions = self.permissions(url);
        if finding.id == "function-url-permissions" {
            let what = "CloudFront may call the function, by both permissions";
            return Some(self.change(finding, what, permissions));
        }
        let mut steps = permissions;
        if origin.access_control().is_none() {
            let created = Value::Created(Creation::FunctionControl);
            let edit = Edit::Set(Spot::Origin(origin.id()), "OriginAccessControlId", created);
            steps.insert(0, Step::Create(Creation::FunctionControl));
            steps.push(self.config_step(edit));
        }
        let without_host = self.without_host(origin);
        let is_host_sent = without_host.is_none();
        steps.extend(without_host.unwrap_or_default());
        if url.auth_type.get().is_ok_and(|kind| kind != "AWS_IAM") {
            let call = Call::AuthType {
                function_arn: url.function_arn.clone(),
            };
            steps.push(Step::Call(When::Deployed, call));
        }
        let what = "an origin access control signs requests, and the URL wants signatures";
        let change = self.change(finding, what, steps);
        // Of a body CloudFront signs no hash: whoever sends one has to.
        let is_target = |target: &str| {
            self.config
                .targets(target)
                .iter()
                .any(|o| o.id() == origin.id())
        };
        let takes_bodies = self.config.behaviours().into_iter().any(|behaviour| {
            let methods = behaviour.element.texts("AllowedMethods");
            let has_body = |method: &String| ["POST", "PUT", "PATCH"].contains(&method.as_str());
            is_target(&behaviour.target()) && methods.iter().any(has_body)
        });
        Some(if is_host_sent {
            change.that_could_cut_off(super::bucket::HOST_IS_SENT)
        } else if takes_bodies {
            change.that_could_cut_off("requests with a body, whose senders have to add its hash as `x-amz-content-sha256`")
        } else {
            change.that_could_cut_off("whoever calls the URL itself")
        })
    }

    fn permissions(&self, url: &FunctionUrl) -> Vec<Step> {
        let policy = url.policy.get().ok().and_then(Option::as_ref);
        let is_missing = |action: &&str| {
            policy.is_none_or(|policy| crate::grants::to_cloudfront(policy, action).is_empty())
        };
        let missing = ACTIONS.into_iter().filter(is_missing);
        let call = |action: &str| Call::Permission {
            function_arn: url.function_arn.clone(),
            action: action.to_owned(),
        };
        missing
            .map(|action| Step::Call(When::Before, call(action)))
            .collect()
    }
}
