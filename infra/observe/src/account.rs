//! What stands before a distribution and bounds its bill: the web ACL, the pricing plan, budgets and alarms.

use crate::ask::{self, MAX_PAGES, seen};
use quillfront_audit::observed::{Plan, Reason, Seen};
use quillfront_audit::view::Config;
use quillfront_aws::service::{BUDGETS, CLOUDWATCH, GLOBAL_REGION, PRICING_PLANS, WAF};
use quillfront_aws::{Aws, Request};
use serde_json::{Value, json};

/// The number of the account of an ARN.
pub fn of(arn: &str) -> Option<&str> {
    arn.split(':').nth(4).filter(|account| !account.is_empty())
}

/// The names of the managed rule groups of the web ACL (WAF API reference, `GetWebACL`).
pub(crate) async fn web_acl(aws: &Aws, config: Config<'_>) -> Seen<Option<Vec<String>>> {
    let Some(arn) = config.0.text_at("WebACLId") else {
        return Seen::Known(None);
    };
    // `arn:aws:wafv2:us-east-1:123456789012:global/webacl/NAME/ID`; what has no ARN is of WAF Classic, which ended.
    let parts: Vec<&str> = arn.rsplit('/').take(2).collect();
    let [id, name] = parts[..] else {
        let reason = format!("`{arn}` is no web ACL of WAF's present version");
        return Seen::Unknown(Reason::Failed(reason));
    };
    let input = json!({ "Id": id, "Name": name, "Scope": "CLOUDFRONT" });
    let request = Request::json(&WAF, "GetWebACL", &input).in_region(GLOBAL_REGION);
    let answer = ask::json(aws, request.allowed_by("wafv2:GetWebACL")).await;
    seen(answer.map(|answer| {
        let rules = answer["WebACL"]["Rules"].as_array().into_iter().flatten();
        let name = |rule: &Value| {
            let name = &rule["Statement"]["ManagedRuleGroupStatement"]["Name"];
            name.as_str().map(str::to_owned)
        };
        Some(rules.filter_map(name).collect())
    }))
}

/// The flat-rate plan that covers the distribution (Pricing Plan Manager API reference, `ListSubscriptions`).
pub(crate) async fn pricing_plan(aws: &Aws, arn: Option<&str>) -> Seen<Option<Plan>> {
    let Some(arn) = arn else {
        return Seen::Unknown(no_arn());
    };
    let all = ask::pages(aws, "subscriptionSummaries", |token| {
        let mut input = json!({});
        if let Some(token) = token {
            input["nextToken"] = json!(token);
        }
        let request = Request::new(&PRICING_PLANS, http::Method::POST, "/v1/ListSubscriptions");
        let request = request.with_body("application/json", input.to_string());
        request.allowed_by("pricingplanmanager:ListSubscriptions")
    })
    .await;
    match all {
        Ok(all) => plan_of(&all, arn),
        Err(reason) => Seen::Unknown(reason),
    }
}

fn plan_of(subscriptions: &[Value], arn: &str) -> Seen<Option<Plan>> {
    let covers = |subscription: &&Value| {
        let arns = subscription["resourceArns"]
            .as_array()
            .into_iter()
            .flatten();
        subscription["status"] != "PENDING_APPROVAL" && arns.into_iter().any(|found| found == arn)
    };
    let Some(subscription) = subscriptions.iter().find(covers) else {
        return Seen::Known(None);
    };
    let tier = subscription["planTier"].as_str().unwrap_or_default();
    let plan = match tier.to_ascii_uppercase().as_str() {
        "FREE" => Plan::Free,
        "PRO" => Plan::Pro,
        "BUSINESS" => Plan::Business,
        "PREMIUM" => Plan::Premium,
        _ => return Seen::Unknown(Reason::Failed(format!("there is a new plan, `{tier}`"))),
    };
    Seen::Known(Some(plan))
}

fn no_arn() -> Reason {
    Reason::Failed("the distribution has no ARN".to_owned())
}

/// Names of budgets and of alarms over charges. One of the two is enough to know that there is a bound.
pub(crate) async fn spending_bounds(aws: &Aws, arn: Option<&str>) -> Seen<Vec<String>> {
    let Some(account) = arn.and_then(of) else {
        return Seen::Unknown(no_arn());
    };
    let (budgets, alarms) = tokio::join!(budgets(aws, account), alarms(aws));
    match (budgets, alarms) {
        (Ok(mut names), Ok(alarms)) => {
            names.extend(alarms);
            Seen::Known(names)
        }
        (Ok(names), Err(_)) | (Err(_), Ok(names)) if !names.is_empty() => Seen::Known(names),
        (Err(reason), _) | (_, Err(reason)) => Seen::Unknown(reason),
    }
}

async fn budgets(aws: &Aws, account: &str) -> Result<Vec<String>, Reason> {
    let budgets = ask::pages(aws, "Budgets", |token| {
        let mut input = json!({ "AccountId": account });
        if let Some(token) = token {
            input["NextToken"] = json!(token);
        }
        Request::json(&BUDGETS, "DescribeBudgets", &input).allowed_by("budgets:ViewBudget")
    })
    .await?;
    let names = budgets
        .iter()
        .filter_map(|budget| budget["BudgetName"].as_str());
    Ok(names.map(|name| format!("budget {name}")).collect())
}

/// Alarms over `EstimatedCharges`, which CloudWatch has in us-east-1.
async fn alarms(aws: &Aws) -> Result<Vec<String>, Reason> {
    let mut names = Vec::new();
    let mut token: Option<String> = None;
    for _ in 0..MAX_PAGES {
        let mut input = vec![("AlarmTypes.member.1", "MetricAlarm")];
        if let Some(token) = &token {
            input.push(("NextToken", token.as_str()));
        }
        let request =
            Request::query(&CLOUDWATCH, "DescribeAlarms", &input).in_region(GLOBAL_REGION);
        let answer = ask::xml(aws, request.allowed_by("cloudwatch:DescribeAlarms")).await?;
        let root = answer.root();
        let result = root.child("DescribeAlarmsResult").unwrap_or(root);
        let alarms = result
            .child("MetricAlarms")
            .into_iter()
            .flat_map(|list| list.elements());
        names.extend(
            alarms
                .filter(|alarm| alarm.text_at("Namespace").as_deref() == Some("AWS/Billing"))
                .filter_map(|alarm| alarm.text_at("AlarmName"))
                .map(|name| format!("alarm {name}")),
        );
        match result.text_at("NextToken") {
            Some(next) => token = Some(next),
            None => return Ok(names),
        }
    }
    Err(ask::too_long("MetricAlarms"))
}

#[cfg(test)]
mod tests {
    use super::{Seen, plan_of};
    use quillfront_audit::observed::Plan;
    use serde_json::json;

    #[test]
    fn the_plan_is_that_of_the_subscription_that_covers_the_distribution() {
        let all = [
            json!({ "resourceArns": ["arn:other"], "planTier": "PREMIUM", "status": "ACTIVE" }),
            json!({ "resourceArns": ["arn:waiting"], "planTier": "PRO", "status": "PENDING_APPROVAL" }),
            json!({ "resourceArns": ["arn:waf", "arn:it"], "planTier": "FREE", "status": "ACTIVE" }),
            json!({ "resourceArns": ["arn:new"], "planTier": "ULTRA", "status": "ACTIVE" }),
        ];
        assert_eq!(plan_of(&all, "arn:it"), Seen::Known(Some(Plan::Free)));
        assert_eq!(plan_of(&all, "arn:none"), Seen::Known(None));
        assert_eq!(plan_of(&all, "arn:waiting"), Seen::Known(None));
        assert!(
            plan_of(&all, "arn:new").get().is_err(),
            "a plan that is not known is not guessed"
        );
    }
}
