//! The notifications that start the builder (Amazon S3 guide, "Supported event types").

use serde_json::{Value, json};

/// What the source bucket tells of: every way that an object comes or goes.
pub const EVENTS: [&str; 2] = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"];

/// The source bucket's notification configuration, as `aws s3api
/// put-bucket-notification-configuration` takes it, for a builder behind a Lambda function.
pub fn to_lambda(function_arn: &str) -> Value {
    json!({ "LambdaFunctionConfigurations": [{
        "Id": "quillfront-builder",
        "LambdaFunctionArn": function_arn,
        "Events": EVENTS,
    }]})
}

#[cfg(test)]
mod tests {
    #[test]
    fn creation_and_removal_start_the_builder() {
        let configuration = super::to_lambda("arn:aws:lambda:eu-west-1:1:function:b");
        let events = &configuration["LambdaFunctionConfigurations"][0]["Events"];
        assert_eq!(
            events,
            &serde_json::json!(["s3:ObjectCreated:*", "s3:ObjectRemoved:*"])
        );
    }
}
