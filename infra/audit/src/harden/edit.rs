//! Edits of a text: each finds its place, and changes no byte where it is made already.

use super::Creation;
use super::policy;
use crate::xml::{Document, Element};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// The names of what can stand in a distribution's configuration, in the order of the API reference.
const CONFIG: [&str; 25] = [
    "CallerReference",
    "Aliases",
    "DefaultRootObject",
    "Origins",
    "OriginGroups",
    "DefaultCacheBehavior",
    "CacheBehaviors",
    "CustomErrorResponses",
    "Comment",
    "Logging",
    "PriceClass",
    "Enabled",
    "ViewerCertificate",
    "Restrictions",
    "WebACLId",
    "HttpVersion",
    "IsIPV6Enabled",
    "ContinuousDeploymentPolicyId",
    "Staging",
    "AnycastIpListId",
    "TenantConfig",
    "ConnectionMode",
    "ViewerMtlsConfig",
    "ConnectionFunctionAssociation",
    "CacheTagConfig",
];
const BEHAVIOUR: [&str; 20] = [
    "PathPattern",
    "TargetOriginId",
    "TrustedSigners",
    "TrustedKeyGroups",
    "ViewerProtocolPolicy",
    "AllowedMethods",
    "SmoothStreaming",
    "Compress",
    "LambdaFunctionAssociations",
    "FunctionAssociations",
    "FieldLevelEncryptionId",
    "RealtimeLogConfigArn",
    "CachePolicyId",
    "OriginRequestPolicyId",
    "ResponseHeadersPolicyId",
    "GrpcConfig",
    "ForwardedValues",
    "MinTTL",
    "DefaultTTL",
    "MaxTTL",
];
const ORIGIN: [&str; 12] = [
    "Id",
    "DomainName",
    "OriginPath",
    "CustomHeaders",
    "S3OriginConfig",
    "CustomOriginConfig",
    "VpcOriginConfig",
    "ConnectionAttempts",
    "ConnectionTimeout",
    "ResponseCompletionTimeout",
    "OriginShield",
    "OriginAccessControlId",
];
const BUCKET_ORIGIN: [&str; 2] = ["OriginAccessIdentity", "OriginReadTimeout"];
const CUSTOM_ORIGIN: [&str; 8] = [
    "HTTPPort",
    "HTTPSPort",
    "OriginProtocolPolicy",
    "OriginSslProtocols",
    "OriginReadTimeout",
    "OriginKeepaliveTimeout",
    "IpAddressType",
    "OriginMtlsConfig",
];
const CERTIFICATE: [&str; 7] = [
    "CloudFrontDefaultCertificate",
    "IAMCertificateId",
    "ACMCertificateArn",
    "SSLSupportMethod",
    "MinimumProtocolVersion",
    "Certificate",
    "CertificateSource",
];

/// Where in a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spot {
    /// In its root.
    Root,
    /// In a behaviour, by its path; none is the default one.
    Behaviour(Option<String>),
    /// In an origin, by its id.
    Origin(String),
    /// In the settings of an origin that is no bucket.
    CustomOrigin(String),
    /// In the settings of an origin that is a bucket.
    BucketOrigin(String),
    /// In the settings of the certificate.
    Certificate,
}

/// What a setting becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// This text.
    Text(String),
    /// The id of what is created.
    Created(Creation),
}

/// One edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// An element of XML becomes a text.
    Set(Spot, &'static str, Value),
    /// A list of CloudFront (`Quantity`, `Items`) becomes these items of that name.
    List(Spot, &'static str, &'static str, Vec<String>),
    /// An element of XML is taken out.
    Remove(Spot, &'static str),
    /// An origin group fails over no more on 403.
    NoFailoverOn403(String),
    /// What a response headers policy lacks is added.
    CompleteHeaders,
    /// A response headers policy has HSTS for a year.
    Hsts,
    /// A response headers policy adds a header, unless it has it.
    AddHeader(&'static str, &'static str),
    /// A response headers policy takes a header off.
    TakeOff(String),
    /// Each of these elements of the root says `true`; where there is no text yet, it becomes this one.
    AllTrue(&'static [&'static str], String),
    /// The text becomes this one.
    Whole(String),
    /// The statements of a bucket's policy.
    Policy(policy::Edit),
}

/// Why an edit cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The text is not what it should be.
    #[error("the configuration cannot be read: {0}")]
    Unreadable(String),
    /// What it is about is not there any more.
    #[error("{0} is not there any more")]
    Gone(String),
    /// What it names was not created.
    #[error("what it names was not created")]
    NotCreated,
}

/// Makes edits in a text, none where there is no text yet. Where all are made already, the same text comes back,
/// byte for byte. A text of nothing means that there is to be none.
///
/// # Errors
/// See [`EditError`].
pub fn apply(
    text: Option<&str>,
    edits: &[Edit],
    created: &BTreeMap<Creation, String>,
) -> Result<String, EditError> {
    if let [.., Edit::Whole(whole)] = edits {
        return Ok(whole.clone());
    }
    if edits.iter().all(|edit| matches!(edit, Edit::Policy(_))) {
        return apply_policy(text, edits);
    }
    if let (None, [.., Edit::AllTrue(_, whole)]) = (text, edits) {
        return Ok(whole.clone());
    }
    let unreadable = |what: &dyn std::fmt::Display| EditError::Unreadable(what.to_string());
    let text = text.ok_or_else(|| EditError::Gone("it".to_owned()))?;
    let mut document = Document::parse(text).map_err(|error| unreadable(&error))?;
    for edit in edits {
        make(document.root_mut(), edit, created)?;
    }
    Ok(document.write())
}

fn apply_policy(text: Option<&str>, edits: &[Edit]) -> Result<String, EditError> {
    let before: Json = match text {
        Some(text) => {
            serde_json::from_str(text).map_err(|error| EditError::Unreadable(error.to_string()))?
        }
        None => serde_json::json!({ "Version": "2012-10-17", "Statement": [] }),
    };
    let mut after = before.clone();
    for edit in edits {
        if let Edit::Policy(edit) = edit {
            policy::apply(&mut after, edit);
        }
    }
    match text {
        Some(text) if after == before => Ok(text.to_owned()),
        _ if policy::is_empty(&after) => Ok(String::new()),
        _ => Ok(after.to_string()),
    }
}

fn make(
    root: &mut Element,
    edit: &Edit,
    created: &BTreeMap<Creation, String>,
) -> Result<(), EditError> {
    match edit {
        Edit::Set(spot, name, value) => {
            let text = match value {
                Value::Text(text) => text,
                Value::Created(what) => created.get(what).ok_or(EditError::NotCreated)?,
            };
            let (element, order) = find(root, spot)?;
            match element.child_mut(name) {
                Some(child) => child.set_text(text),
                None => element.insert(Element::with_text(name, text), order),
            }
        }
        Edit::List(spot, name, item, texts) => {
            let (element, order) = find(root, spot)?;
            set_list(element, name, item, texts, order);
        }
        Edit::Remove(spot, name) => {
            find(root, spot)?.0.remove(name);
        }
        Edit::AllTrue(names, _) => {
            for name in *names {
                match root.child_mut(name) {
                    Some(child) => child.set_text("true"),
                    None => root.push(Element::with_text(name, "true")),
                }
            }
        }
        Edit::NoFailoverOn403(id) => {
            let gone = || EditError::Gone(format!("origin group {id}"));
            let groups = root.at_mut("OriginGroups/Items").ok_or_else(gone)?;
            let is_it = |group: &&mut Element| group.text_at("Id").as_deref() == Some(id);
            let group = groups.elements_mut().find(is_it).ok_or_else(gone)?;
            let codes = group
                .at_mut("FailoverCriteria/StatusCodes")
                .ok_or_else(gone)?;
            let items = codes.child_mut("Items").ok_or_else(gone)?;
            items.retain(|code| code.text().trim() != "403");
            let count = items.elements().count();
            count_items(codes, count);
        }
        Edit::CompleteHeaders => super::headers::complete(root),
        Edit::Hsts => super::headers::year_of_hsts(root),
        Edit::AddHeader(name, value) => super::headers::add(root, name, value),
        Edit::TakeOff(name) => super::headers::take_off(root, name),
        Edit::Whole(_) | Edit::Policy(_) => {
            return Err(EditError::Unreadable(
                "an edit of another kind of text".to_owned(),
            ));
        }
    }
    Ok(())
}

/// A list of CloudFront's gets these items; where it has them already, in any order, nothing changes.
fn set_list(element: &mut Element, name: &str, item: &str, texts: &[String], order: &[&str]) {
    let mut now = element.texts(name);
    let mut wanted = texts.to_vec();
    now.sort();
    wanted.sort();
    if now == wanted {
        return;
    }
    let list = element.child_or_insert(name, order);
    let items = list.child_or_insert("Items", &["Quantity", "Items", "CachedMethods"]);
    items.retain(|_| false);
    for text in texts {
        items.push(Element::with_text(item, text));
    }
    count_items(list, texts.len());
}

pub(super) fn count_items(list: &mut Element, count: usize) {
    let count = count.to_string();
    match list.child_mut("Quantity") {
        Some(quantity) => quantity.set_text(&count),
        None => list.insert(
            Element::with_text("Quantity", &count),
            &["Quantity", "Items"],
        ),
    }
}

fn find<'a>(
    root: &'a mut Element,
    spot: &Spot,
) -> Result<(&'a mut Element, &'static [&'static str]), EditError> {
    match spot {
        Spot::Root => Ok((root, &CONFIG)),
        Spot::Behaviour(None) => {
            let gone = || EditError::Gone("the default behaviour".to_owned());
            Ok((
                root.child_mut("DefaultCacheBehavior").ok_or_else(gone)?,
                &BEHAVIOUR,
            ))
        }
        Spot::Behaviour(Some(path)) => {
            let gone = || EditError::Gone(format!("behaviour {path}"));
            let items = root.at_mut("CacheBehaviors/Items").ok_or_else(gone)?;
            let is_it = |b: &&mut Element| b.text_at("PathPattern").as_deref() == Some(path);
            Ok((
                items.elements_mut().find(is_it).ok_or_else(gone)?,
                &BEHAVIOUR,
            ))
        }
        Spot::Origin(id) => {
            let gone = || EditError::Gone(format!("origin {id}"));
            let items = root.at_mut("Origins/Items").ok_or_else(gone)?;
            let is_it = |o: &&mut Element| o.text_at("Id").as_deref() == Some(id);
            Ok((items.elements_mut().find(is_it).ok_or_else(gone)?, &ORIGIN))
        }
        Spot::CustomOrigin(id) => {
            let (origin, _) = find(root, &Spot::Origin(id.clone()))?;
            let gone = || EditError::Gone(format!("the settings of origin {id}"));
            Ok((
                origin.child_mut("CustomOriginConfig").ok_or_else(gone)?,
                &CUSTOM_ORIGIN,
            ))
        }
        Spot::BucketOrigin(id) => {
            let (origin, _) = find(root, &Spot::Origin(id.clone()))?;
            let gone = || EditError::Gone(format!("the settings of origin {id}"));
            Ok((
                origin.child_mut("S3OriginConfig").ok_or_else(gone)?,
                &BUCKET_ORIGIN,
            ))
        }
        Spot::Certificate => Ok((
            root.child_or_insert("ViewerCertificate", &CONFIG),
            &CERTIFICATE,
        )),
    }
}
