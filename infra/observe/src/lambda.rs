//! Functions: those at the edge of both kinds, and those behind function URLs (Lambda API reference).

use crate::ask::{self, AT_ONCE, MAX_PAGES, seen};
use crate::cloudfront::{ROOT, is_plain};
use crate::pages;
use crate::target::Reach;
use futures::StreamExt;
use quillfront_audit::observed::{Function, FunctionUrl, Reason, Seen};
use quillfront_audit::view::Config;
use quillfront_aws::service::{CLOUDFRONT, GLOBAL_REGION, LAMBDA};
use quillfront_aws::{Aws, Request};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Functions by ARN.
pub(crate) type Functions = BTreeMap<String, Seen<Function>>;

/// Reads the functions at the edge that behaviours name.
pub(crate) async fn functions(aws: &Aws, config: Config<'_>) -> Functions {
    let behaviours = config.behaviours().into_iter();
    let arns: BTreeSet<String> = behaviours
        .flat_map(|b| b.functions())
        .map(|(arn, _)| arn)
        .collect();
    let read = |arn: String| async move {
        let function = function(aws, &arn).await;
        (arn, seen(function))
    };
    futures::stream::iter(arns)
        .map(read)
        .buffer_unordered(AT_ONCE)
        .collect()
        .await
}

async fn function(aws: &Aws, arn: &str) -> Result<Function, Reason> {
    match Arn::parse(arn) {
        Some(Arn {
            service: "cloudfront",
            name,
            ..
        }) => {
            let path = format!("{ROOT}/function/{name}/describe");
            let request = Request::get(&CLOUDFRONT, path).with_query("Stage", "LIVE");
            let answer = ask::xml(aws, request.allowed_by("cloudfront:DescribeFunction")).await?;
            let root = answer.root();
            let summary = root.child("FunctionSummary").unwrap_or(root);
            let runtime = summary.text_at("FunctionConfig/Runtime");
            Ok(Function {
                runtime: runtime.unwrap_or_default(),
                timeout_seconds: None,
            })
        }
        // At the edge functions are those of us-east-1.
        Some(Arn {
            service: "lambda",
            name,
            qualifier,
            ..
        }) => configuration(aws, GLOBAL_REGION, name, qualifier).await,
        _ => Err(Reason::Failed(format!("`{arn}` is no function's ARN"))),
    }
}

async fn configuration(
    aws: &Aws,
    region: &str,
    name: &str,
    qualifier: Option<&str>,
) -> Result<Function, Reason> {
    let path = format!("/2015-03-31/functions/{name}/configuration");
    let mut request = Request::get(&LAMBDA, path).in_region(region);
    if let Some(qualifier) = qualifier {
        request = request.with_query("Qualifier", qualifier);
    }
    let answer = ask::json(aws, request.allowed_by("lambda:GetFunctionConfiguration")).await?;
    Ok(Function {
        runtime: answer["Runtime"]
            .as_str()
            .unwrap_or("container image")
            .to_owned(),
        timeout_seconds: answer["Timeout"].as_u64(),
    })
}

/// The parts of a function's ARN that requests are made of, each plain enough for a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arn<'a> {
    service: &'a str,
    /// Its region; empty for functions of CloudFront.
    pub region: &'a str,
    /// The function's name.
    pub name: &'a str,
    /// A version or an alias.
    pub qualifier: Option<&'a str>,
}

impl<'a> Arn<'a> {
    /// `arn:aws:lambda:us-east-1:123456789012:function:edge:7` or `arn:aws:cloudfront::123456789012:function/routes`.
    pub fn parse(arn: &'a str) -> Option<Self> {
        let mut parts = arn.splitn(6, ':');
        let (_, _, service, region, _, rest) = (
            parts.next().filter(|arn| *arn == "arn")?,
            parts.next()?,
            parts.next()?,
            parts.next()?,
            parts.next()?,
            parts.next()?,
        );
        let rest = rest.strip_prefix("function")?.get(1..)?;
        let (name, qualifier) = match rest.split_once(':') {
            Some((name, qualifier)) => (name, Some(qualifier)),
            None => (rest, None),
        };
        let is_safe = is_plain(name) && qualifier.is_none_or(is_plain);
        is_safe.then_some(Self {
            service,
            region,
            name,
            qualifier,
        })
    }

    /// Whether it is a function of Lambda.
    pub fn is_lambda(self) -> bool {
        self.service == "lambda"
    }
}

/// Reads the function URLs that are origins, and the functions behind them.
pub(crate) async fn function_urls(
    aws: &Aws,
    config: Config<'_>,
    reach: Reach,
) -> (BTreeMap<String, FunctionUrl>, Functions) {
    let mut urls = BTreeMap::new();
    let mut functions = Functions::new();
    let origins = config
        .origins()
        .into_iter()
        .filter(|origin| origin.is_function_url());
    let domains: BTreeSet<String> = origins.map(|origin| origin.domain()).collect();
    let mut regions: BTreeMap<String, Result<Vec<Value>, Reason>> = BTreeMap::new();
    for domain in domains {
        // `abc.lambda-url.eu-west-1.on.aws`
        let region = domain.split('.').nth(2).unwrap_or_default().to_owned();
        if !regions.contains_key(&region) {
            let is_region = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
            let all = if !region.is_empty() && region.bytes().all(is_region) {
                all_urls(aws, &region).await
            } else {
                Err(Reason::Failed(format!("`{region}` is no region")))
            };
            regions.insert(region.clone(), all);
        }
        let status = match reach {
            Reach::Everything => pages::status_without_cloudfront(&domain).await,
            Reach::ApiOnly => Seen::default(),
        };
        let url = match &regions[&region] {
            Ok(all) => one(aws, &region, &domain, all).await,
            Err(reason) => unknown(reason),
        };
        if !url.function_arn.is_empty() {
            let function = match Arn::parse(&url.function_arn) {
                Some(arn) => configuration(aws, &region, arn.name, arn.qualifier).await,
                None => Err(Reason::Failed(
                    "the function's ARN cannot be read".to_owned(),
                )),
            };
            functions.insert(url.function_arn.clone(), seen(function));
        }
        urls.insert(
            domain,
            FunctionUrl {
                status_without_cloudfront: status,
                ..url
            },
        );
    }
    (urls, functions)
}

fn unknown(reason: &Reason) -> FunctionUrl {
    FunctionUrl {
        auth_type: Seen::Unknown(reason.clone()),
        policy: Seen::Unknown(reason.clone()),
        ..FunctionUrl::default()
    }
}

/// The URLs of all functions of a region.
async fn all_urls(aws: &Aws, region: &str) -> Result<Vec<Value>, Reason> {
    let mut names = Vec::new();
    let mut marker: Option<String> = None;
    for page in 0.. {
        if page == MAX_PAGES {
            return Err(ask::too_long("Functions"));
        }
        let mut request = Request::get(&LAMBDA, "/2015-03-31/functions/").in_region(region);
        if let Some(marker) = &marker {
            request = request.with_query("Marker", marker);
        }
        let answer = ask::json(aws, request.allowed_by("lambda:ListFunctions")).await?;
        let functions = answer["Functions"].as_array().into_iter().flatten();
        names.extend(functions.filter_map(|f| f["FunctionName"].as_str().map(str::to_owned)));
        match answer["NextMarker"]
            .as_str()
            .filter(|next| !next.is_empty())
        {
            Some(next) => marker = Some(next.to_owned()),
            None => break,
        }
    }
    names.retain(|name| is_plain(name));
    let urls = |name: String| async move {
        let path = format!("/2021-10-31/functions/{name}/urls");
        let request = Request::get(&LAMBDA, path).in_region(region);
        let request = request.allowed_by("lambda:ListFunctionUrlConfigs");
        let mut answer = ask::json(aws, request).await?;
        match answer["FunctionUrlConfigs"].take() {
            Value::Array(urls) => Ok(urls),
            _ => Ok(Vec::new()),
        }
    };
    let answers: Vec<Result<Vec<Value>, Reason>> = futures::stream::iter(names)
        .map(urls)
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let mut all = Vec::new();
    for answer in answers {
        all.extend(answer?);
    }
    Ok(all)
}

async fn one(aws: &Aws, region: &str, domain: &str, all: &[Value]) -> FunctionUrl {
    let is_it = |url: &&Value| {
        let host = url["FunctionUrl"]
            .as_str()
            .and_then(|url| url.split("//").nth(1));
        host.and_then(|host| host.split('/').next())
            .is_some_and(|host| host.eq_ignore_ascii_case(domain))
    };
    let Some(url) = all.iter().find(is_it) else {
        let reason = format!("no function of this account in {region} has this URL");
        return unknown(&Reason::Failed(reason));
    };
    let function_arn = url["FunctionArn"].as_str().unwrap_or_default().to_owned();
    let policy = match Arn::parse(&function_arn) {
        Some(arn) => policy(aws, region, arn).await,
        None => Err(Reason::Failed(
            "the function's ARN cannot be read".to_owned(),
        )),
    };
    FunctionUrl {
        auth_type: Seen::Known(url["AuthType"].as_str().unwrap_or("NONE").to_owned()),
        policy: seen(policy),
        function_arn,
        ..FunctionUrl::default()
    }
}

async fn policy(aws: &Aws, region: &str, arn: Arn<'_>) -> Result<Option<Value>, Reason> {
    let path = format!("/2015-03-31/functions/{}/policy", arn.name);
    let mut request = Request::get(&LAMBDA, path).in_region(region);
    if let Some(qualifier) = arn.qualifier {
        request = request.with_query("Qualifier", qualifier);
    }
    let request = request.allowed_by("lambda:GetPolicy");
    let answer = ask::unless_absent(aws, request, &["ResourceNotFoundException"]).await?;
    let Some(answer) = answer else {
        return Ok(None);
    };
    // A document in a text.
    let answer = ask::value(&answer)?;
    let text = answer["Policy"].as_str().unwrap_or_default();
    let unreadable = |error| Reason::Failed(format!("the function's policy is no JSON: {error}"));
    serde_json::from_str(text).map(Some).map_err(unreadable)
}

#[cfg(test)]
mod tests {
    use super::Arn;

    #[test]
    fn arns_of_both_kinds_are_read_and_others_refused() {
        let arn = Arn::parse("arn:aws:lambda:us-east-1:123456789012:function:edge:7").unwrap();
        assert_eq!(
            (arn.service, arn.region, arn.name, arn.qualifier),
            ("lambda", "us-east-1", "edge", Some("7"))
        );
        let arn = Arn::parse("arn:aws:cloudfront::123456789012:function/routes").unwrap();
        assert_eq!(
            (arn.service, arn.name, arn.qualifier),
            ("cloudfront", "routes", None)
        );
        for bad in [
            "",
            "arn:aws:lambda:us-east-1:1:function",
            "arn:aws:lambda:us-east-1:1:function:",
            "arn:aws:lambda:us-east-1:1:function:../../x",
            "arn:aws:lambda:us-east-1:1:function:a:b/c",
            "arn:aws:s3:::bucket",
        ] {
            assert!(Arn::parse(bad).is_none(), "{bad}");
        }
    }
}
