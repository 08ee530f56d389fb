//! The numbers and names that the templates, the command and the functions have to agree on.
//!
//! The templates in `infra/templates` are written by hand, and `tests/templates` holds them to what stands here.

/// What a Lambda function is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Function {
    /// The archive that `quillfront package` makes, beside the templates.
    pub code: &'static str,
    /// What Lambda calls.
    pub handler: &'static str,
    /// Lambda's name of the runtime.
    pub runtime: &'static str,
    /// In MB. 1,769 are one whole processor (AWS Lambda guide, "Configure Lambda function memory").
    pub memory_mb: u32,
    /// After this the function is killed.
    pub timeout_seconds: u32,
}

/// The builder. Fifteen minutes are the most that Lambda gives.
pub const BUILDER: Function = Function {
    code: "builder.zip",
    handler: "bootstrap",
    runtime: "provided.al2023",
    memory_mb: 1_769,
    timeout_seconds: 900,
};

/// The thumbnail function.
pub const THUMBNAIL: Function = Function {
    code: "thumbnail.zip",
    handler: "bootstrap",
    runtime: "provided.al2023",
    memory_mb: 2_048,
    timeout_seconds: 60,
};

/// The functions at the edge. Their requests to S3 give up after a second; CloudFront would wait for 30 seconds.
pub const EDGE: Function = Function {
    code: "edge.zip",
    handler: "index.handler",
    runtime: "nodejs24.x",
    memory_mb: 128,
    timeout_seconds: 5,
};

/// The events at which CloudFront calls [`EDGE`].
pub const EDGE_EVENTS: [&str; 2] = ["origin-request", "origin-response"];

/// How long a message stays invisible while a builder works at it. Lambda takes no queue with less than the
/// function's time; a builder that failed is tried again after this.
pub const VISIBILITY_SECONDS: u32 = BUILDER.timeout_seconds + 60;

/// How often a message is tried before it goes to the dead-letter queue.
pub const MOST_RECEIVES: u32 = 5;

/// The messages that a builder takes at once. Without a batching window there are no more than ten (AWS Lambda
/// guide, "Using Lambda with Amazon SQS").
pub const BATCH_SIZE: u32 = 10;

/// How many builders the queue starts at once: the least that Lambda takes.
pub const BUILDERS_AT_ONCE: u32 = 2;

/// The time between two reconciles.
pub const RECONCILE: &str = "rate(15 minutes)";

/// The reconciles of a month of 30 days.
pub const RECONCILES_A_MONTH: u32 = 30 * 24 * 4;

/// How long CloudFront keeps an error. `quillfront-edge` says the same to browsers.
pub const ERROR_SECONDS: u32 = 10;

/// The statuses at which the origin group of pictures asks the thumbnail function. 403 is none of them: it would
/// hide a bucket policy that is broken, and bill a function for it.
pub const FAILOVER: [u16; 5] = [404, 500, 502, 503, 504];

/// The most behaviours of a distribution in CloudFront's free plan, the default one included.
pub const MOST_BEHAVIOURS: usize = 5;

/// The managed cache policy `CachingOptimized` (Amazon CloudFront Developer Guide, "Use managed cache policies").
/// Policies of one's own are not for the free plan.
pub const CACHE_POLICY: &str = "658327ea-f89d-4fab-a63d-7e88639e58f6";

/// The path pattern of pictures.
pub const IMAGES_PATTERN: &str = "/img/*";

/// What the keys of stored thumbnails begin with.
pub const IMAGES_PREFIX: &str = "img/";

/// The runtime of CloudFront Functions.
pub const VIEWER_RUNTIME: &str = "cloudfront-js-2.0";

/// The regions in which functions at the edge run and log: those that every account has (AWS Regions and Availability
/// Zones, "Regions enabled by default"). Regional edge caches are in some of them.
pub const EDGE_REGIONS: [&str; 17] = [
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-south-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
];
