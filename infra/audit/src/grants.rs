//! What resource policies allow (IAM guide, "JSON policy elements"), as far as checks ask.

use serde_json::Value;

/// The statements of a policy, one or many.
pub(crate) fn statements(policy: &Value) -> Vec<&Value> {
    many(&policy["Statement"])
}

fn many(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().collect(),
        Value::Null => Vec::new(),
        one => vec![one],
    }
}

fn has(value: &Value, wanted: impl Fn(&str) -> bool) -> bool {
    many(value)
        .into_iter()
        .filter_map(Value::as_str)
        .any(wanted)
}

pub(crate) fn is_allow(statement: &Value) -> bool {
    statement["Effect"] == "Allow"
}

/// Whether a statement is for everybody.
pub(crate) fn is_public(statement: &Value) -> bool {
    let principal = &statement["Principal"];
    has(principal, |p| p == "*") || has(&principal["AWS"], |p| p == "*")
}

/// Whether a statement is about an action (`s3:GetObject`), by itself or by a pattern.
pub(crate) fn is_about(statement: &Value, action: &str) -> bool {
    let action = action.to_ascii_lowercase();
    has(&statement["Action"], |pattern| {
        let pattern = pattern.to_ascii_lowercase();
        match pattern.strip_suffix('*') {
            Some(start) => action.starts_with(start),
            None => pattern == action,
        }
    })
}

/// The statements that allow CloudFront an action.
pub(crate) fn to_cloudfront<'a>(policy: &'a Value, action: &str) -> Vec<&'a Value> {
    let is_service = |s: &Value| {
        has(&s["Principal"]["Service"], |p| {
            p == "cloudfront.amazonaws.com"
        })
    };
    statements(policy)
        .into_iter()
        .filter(|s| is_allow(s) && is_service(s) && is_about(s, action))
        .collect()
}

/// The values of a condition key in any operator, however its letters are written.
pub(crate) fn condition<'a>(statement: &'a Value, key: &str) -> Vec<&'a str> {
    let operators = statement["Condition"].as_object();
    operators
        .into_iter()
        .flat_map(|operators| operators.values().filter_map(Value::as_object))
        .flat_map(|keys| keys.iter())
        .filter(|(name, _)| name.eq_ignore_ascii_case(key))
        .flat_map(|(_, value)| many(value))
        .filter_map(Value::as_str)
        .collect()
}

/// Whether a statement has no condition at all.
pub(crate) fn is_unconditional(statement: &Value) -> bool {
    statement["Condition"]
        .as_object()
        .is_none_or(serde_json::Map::is_empty)
}
