//! A template as JSON, and what its intrinsic functions stand for.

use quillfront_infra::template::ALL;
use serde_json::{Map, Value};

/// Returns a template by name.
pub fn template(name: &str) -> Value {
    let template = ALL.iter().find(|template| template.name == name).unwrap();
    serde_saphyr::from_str(template.text).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Returns the names of all templates.
pub fn names() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|template| template.name)
}

/// Returns the resources of a type.
pub fn of_type<'a>(
    template: &'a Value,
    wanted: &'a str,
) -> impl Iterator<Item = (&'a str, &'a Value)> {
    resources(template).filter(move |(_, resource)| resource["Type"] == wanted)
}

/// Returns all resources by logical ID.
pub fn resources(template: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let map = template["Resources"]
        .as_object()
        .expect("a template has resources");
    map.iter().map(|(id, resource)| (id.as_str(), resource))
}

/// Returns the values that stand at both ends of `Fn::If`, so that a check meets every one; `AWS::NoValue` is none.
pub fn alternatives(value: &Value) -> Vec<&Value> {
    if value["Ref"] == "AWS::NoValue" || value.is_null() {
        return Vec::new();
    }
    match value.get("Fn::If").and_then(Value::as_array) {
        Some(parts) => parts[1..].iter().flat_map(alternatives).collect(),
        None => vec![value],
    }
}

/// Returns the elements of a list, of every alternative.
pub fn elements(value: &Value) -> Vec<&Value> {
    let lists = alternatives(value).into_iter();
    lists
        .flat_map(|list| match list.as_array() {
            Some(list) => list.iter().flat_map(alternatives).collect(),
            None => vec![list],
        })
        .collect()
}

/// Returns a value with names in place of references: the bucket of the resource `SiteBucket` is `sitebucket`, and
/// so is that of a parameter of this name.
pub fn resolved(value: &Value) -> Value {
    match value {
        Value::Object(map) => resolved_object(map),
        Value::Array(list) => list.iter().map(resolved).collect(),
        other => other.clone(),
    }
}

fn resolved_object(map: &Map<String, Value>) -> Value {
    if let Some(name) = map.get("Ref").and_then(Value::as_str) {
        return named(name).into();
    }
    if let Some(text) = map.get("Fn::Sub").and_then(Value::as_str) {
        return substituted(text).into();
    }
    if let Some(path) = map.get("Fn::GetAtt").and_then(Value::as_array) {
        let path: Vec<&str> = path.iter().filter_map(Value::as_str).collect();
        return named(&path.join(".")).into();
    }
    map.iter()
        .map(|(key, value)| (key.clone(), resolved(value)))
        .collect()
}

fn substituted(text: &str) -> String {
    let mut parts = text.split("${");
    let mut resolved = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}').expect("a reference ends");
        resolved += &named(name);
        resolved += rest;
    }
    resolved
}

fn named(name: &str) -> String {
    match name {
        "AWS::Partition" => "aws".to_owned(),
        _ => match name.strip_suffix(".Arn") {
            Some(bucket) if bucket.ends_with("Bucket") => {
                format!("arn:aws:s3:::{}", bucket.to_lowercase())
            }
            Some(other) => format!("arn:{other}"),
            None if name.ends_with("Bucket") => name.to_lowercase(),
            None => name.to_owned(),
        },
    }
}
