//! The SNS topic that hears of what was published.

use crate::notice::Notice;
use quillfront_aws::{Aws, Error, Request, service::SNS};
use std::time::Duration;

/// The environment's name for the ARN of the topic.
pub const TOPIC_VARIABLE: &str = "QUILLFRONT_TOPIC";

/// How long a message may take. The site is published whether it is sent or not.
const LIMIT: Duration = Duration::from_secs(10);

/// A topic.
#[derive(Debug)]
pub struct Topic {
    aws: Aws,
    arn: String,
}

/// Why a message was not sent.
#[derive(Debug, thiserror::Error)]
pub enum TopicError {
    /// Not the ARN of a topic.
    #[error("{TOPIC_VARIABLE} is {0:?}; a topic is arn:aws:sns:REGION:ACCOUNT:NAME")]
    Arn(String),
    /// SNS refused, or was not reached.
    #[error("{0}")]
    Aws(#[from] Error),
    /// It took too long.
    #[error("SNS did not answer within {} s", LIMIT.as_secs())]
    Late,
}

impl Topic {
    /// The topic with this ARN, in the region that it names.
    ///
    /// # Errors
    /// Not an ARN of a topic, or no credentials.
    pub async fn connect(arn: &str) -> Result<Self, TopicError> {
        let parts: Vec<&str> = arn.split(':').collect();
        let ["arn", _, "sns", region, _, _] = parts[..] else {
            return Err(TopicError::Arn(arn.to_owned()));
        };
        Ok(Self {
            aws: Aws::connect(Some(region)).await?,
            arn: arn.to_owned(),
        })
    }

    /// Sends a message.
    ///
    /// # Errors
    /// It was not sent, or nobody knows.
    pub async fn send(&self, notice: &Notice) -> Result<(), TopicError> {
        let request = self.request(notice);
        let sent = tokio::time::timeout(LIMIT, self.aws.send(&request)).await;
        sent.map_err(|_| TopicError::Late)??;
        Ok(())
    }

    /// SNS API Reference, `Publish`.
    fn request(&self, notice: &Notice) -> Request {
        let input = [
            ("TopicArn", self.arn.as_str()),
            ("Subject", &notice.subject),
            ("MessageStructure", "json"),
            ("Message", &notice.message),
            ("MessageAttributes.entry.1.Name", "outcome"),
            ("MessageAttributes.entry.1.Value.DataType", "String"),
            (
                "MessageAttributes.entry.1.Value.StringValue",
                notice.outcome.name(),
            ),
        ];
        Request::query(&SNS, "Publish", &input).allowed_by("sns:Publish")
    }
}
