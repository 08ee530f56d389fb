//! A stack of CloudFormation: what it is, what it has made, and the site in it.

use crate::exit::UsageError;
use anyhow::{Context, Result};
use quillfront_aws::service::CLOUDFORMATION;
use quillfront_aws::{Aws, Request};
use quillfront_publish::bucket::Places;
use quillfront_publish::bucket::store::Place;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;

/// A stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stack {
    /// Its name.
    pub name: String,
    /// Its ARN, by which it is known after it was deleted, too.
    pub id: String,
    /// `CREATE_COMPLETE` …
    pub status: String,
    /// What its template says of itself.
    pub description: String,
    /// What it tells, by key.
    pub outputs: BTreeMap<String, String>,
    /// What it was deployed with, by key.
    pub parameters: BTreeMap<String, String>,
}

/// A part of a stack.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Resource {
    /// Its name in the template.
    #[serde(rename = "LogicalResourceId")]
    pub id: String,
    /// Its name on AWS; for a bucket that of the bucket.
    #[serde(rename = "PhysicalResourceId")]
    pub name: String,
    /// `AWS::S3::Bucket` …
    #[serde(rename = "ResourceType")]
    pub kind: String,
    /// `DELETE_FAILED` …
    #[serde(rename = "ResourceStatus")]
    pub status: String,
    /// Why it failed.
    #[serde(rename = "ResourceStatusReason")]
    pub reason: String,
}

/// Finds a stack by name or ARN; none where there is none.
///
/// # Errors
/// AWS refuses to tell.
pub async fn find(aws: &Aws, name: &str) -> Result<Option<Stack>> {
    let request = Request::query(&CLOUDFORMATION, "DescribeStacks", &[("StackName", name)]);
    let request = request.allowed_by("cloudformation:DescribeStacks");
    let text = match aws.send(&request).await {
        Ok(answer) => answer.text(),
        // CloudFormation has no code of its own for it.
        Err(error) if error.code() == Some("ValidationError") => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let answer: DescribeStacks = read(&text)?;
    let found = answer.result.stacks.member.into_iter().next();
    Ok(found.map(StackElement::into_stack))
}

/// The site in the stack of a name, and the connection to it.
///
/// # Errors
/// There is none, or it is no blog; AWS refuses to tell.
pub async fn site_of(name: &str, region: Option<&str>) -> Result<(Aws, Stack)> {
    let aws = Aws::connect(region).await?;
    let stack = find(&aws, name).await?;
    let stack = stack.ok_or_else(|| {
        let region = aws.region();
        UsageError(format!(
            "there is no stack {name} in {region}: --region names another region"
        ))
    })?;
    Ok((aws, stack))
}

/// What a stack has made.
///
/// # Errors
/// AWS refuses to tell.
pub async fn resources(aws: &Aws, stack: &Stack) -> Result<Vec<Resource>> {
    let input = [("StackName", stack.id.as_str())];
    let request = Request::query(&CLOUDFORMATION, "DescribeStackResources", &input);
    let request = request.allowed_by("cloudformation:DescribeStackResources");
    let answer = aws.send(&request).await?;
    let answer: DescribeStackResources = read(&answer.text())?;
    Ok(answer.result.stack_resources.member)
}

impl Stack {
    /// Where its site is.
    ///
    /// # Errors
    /// It is not made of the template of a blog, or is not finished.
    pub fn places(&self) -> Result<Places> {
        let output = |key: &str| {
            let value = self.outputs.get(key).cloned();
            value.ok_or_else(|| {
                let Self { name, status, .. } = self;
                UsageError(format!(
                    "the stack {name} ({status}) has no output {key}: blog.yaml makes stacks with a site"
                ))
            })
        };
        let place = |key: &str| {
            let bucket = output(key)?;
            let prefix = String::new();
            Ok::<_, UsageError>(Place { bucket, prefix })
        };
        Ok(Places {
            source: place("SourceBucketName")?,
            site: place("SiteBucketName")?,
            state: place("StateBucketName")?,
            distribution: Some(output("DistributionId")?),
        })
    }

    /// Whether it was made of one of our templates.
    pub fn is_ours(&self) -> bool {
        self.description.starts_with("Quillfront")
    }

    /// The name that its functions at the edge have, if it made them.
    pub fn edge_function(&self) -> String {
        format!("{}-edge", self.name)
    }
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T> {
    quick_xml::de::from_str(text).context("CloudFormation answers in an unknown form")
}

#[derive(Deserialize)]
struct DescribeStacks {
    #[serde(rename = "DescribeStacksResult")]
    result: DescribeStacksResult,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DescribeStacksResult {
    stacks: Members<StackElement>,
}

#[derive(Deserialize)]
struct DescribeStackResources {
    #[serde(rename = "DescribeStackResourcesResult")]
    result: DescribeStackResourcesResult,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DescribeStackResourcesResult {
    stack_resources: Members<Resource>,
}

#[derive(Deserialize)]
struct Members<T> {
    #[serde(default = "Vec::new")]
    member: Vec<T>,
}

impl<T> Default for Members<T> {
    fn default() -> Self {
        let member = Vec::new();
        Self { member }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct StackElement {
    stack_name: String,
    stack_id: String,
    stack_status: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    outputs: Members<OutputElement>,
    #[serde(default)]
    parameters: Members<ParameterElement>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
struct OutputElement {
    output_key: String,
    output_value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
struct ParameterElement {
    parameter_key: String,
    parameter_value: String,
}

impl StackElement {
    fn into_stack(self) -> Stack {
        let outputs = self.outputs.member.into_iter();
        let parameters = self.parameters.member.into_iter();
        Stack {
            name: self.stack_name,
            id: self.stack_id,
            status: self.stack_status,
            description: self.description,
            outputs: outputs
                .map(|one| (one.output_key, one.output_value))
                .collect(),
            parameters: parameters
                .map(|one| (one.parameter_key, one.parameter_value))
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = r#"<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/">
  <DescribeStacksResult><Stacks><member>
    <StackId>arn:aws:cloudformation:us-east-1:111122223333:stack/blog/1</StackId>
    <StackName>blog</StackName><Description>Quillfront - a blog</Description><StackStatus>CREATE_COMPLETE</StackStatus><DisableRollback>false</DisableRollback>
    <Parameters><member><ParameterKey>Domain</ParameterKey><ParameterValue/></member>
      <member><ParameterKey>LogDays</ParameterKey><ParameterValue>30</ParameterValue></member></Parameters>
    <Outputs><member><OutputKey>Url</OutputKey><OutputValue>https://a&amp;b</OutputValue>
      <Description>The blog</Description></member></Outputs>
  </member></Stacks></DescribeStacksResult>
  <ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>
</DescribeStacksResponse>"#;

    #[test]
    fn an_answer_is_read_with_its_outputs() {
        let answer: DescribeStacks = read(ANSWER).unwrap();
        let stack = answer.result.stacks.member.into_iter().next().unwrap();
        let stack = stack.into_stack();
        assert_eq!(
            (stack.name.as_str(), stack.status.as_str()),
            ("blog", "CREATE_COMPLETE")
        );
        assert_eq!(stack.outputs["Url"], "https://a&b");
        assert_eq!(
            (&*stack.parameters["LogDays"], &*stack.parameters["Domain"]),
            ("30", "")
        );
        let error = stack.places().unwrap_err().to_string();
        assert!(error.contains("blog.yaml"), "{error}");
        assert_eq!(stack.edge_function(), "blog-edge");
        assert!(stack.is_ours());
    }

    #[test]
    fn an_answer_without_stacks_has_none() {
        let empty = "<DescribeStacksResponse><DescribeStacksResult><Stacks/></DescribeStacksResult>\
                     </DescribeStacksResponse>";
        let answer: DescribeStacks = read(empty).unwrap();
        assert!(answer.result.stacks.member.is_empty());
        assert!(read::<DescribeStacks>("<html>").is_err());
    }

    #[test]
    fn resources_that_failed_say_why() {
        let text = "<DescribeStackResourcesResponse><DescribeStackResourcesResult><StackResources><member>\
            <LogicalResourceId>SiteBucket</LogicalResourceId><PhysicalResourceId>blog-site</PhysicalResourceId>\
            <ResourceType>AWS::S3::Bucket</ResourceType><ResourceStatus>DELETE_FAILED</ResourceStatus>\
            <ResourceStatusReason>not empty</ResourceStatusReason></member><member>\
            <LogicalResourceId>Topic</LogicalResourceId><ResourceStatus>CREATE_COMPLETE</ResourceStatus></member>\
            </StackResources></DescribeStackResourcesResult></DescribeStackResourcesResponse>";
        let answer: DescribeStackResources = read(text).unwrap();
        let [bucket, topic] = &*answer.result.stack_resources.member else {
            panic!("two resources");
        };
        assert_eq!((&*bucket.name, &*bucket.reason), ("blog-site", "not empty"));
        assert_eq!((&*topic.id, &*topic.name), ("Topic", ""));
    }
}
