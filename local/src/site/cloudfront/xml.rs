//! The documents of the API: Amazon CloudFront API Reference, "Data types".

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use quick_xml::se::to_string_with_root;
use serde::{Deserialize, Serialize};

use super::ledger::{Entry, REMEMBERED};

/// Accepted is done: there is nothing to wait for.
const STATUS: &str = "Completed";

const NAMESPACE: &str = "http://cloudfront.amazonaws.com/doc/2020-05-31/";

/// How many paths a batch may name.
const MAX_PATHS: usize = 3_000;

/// The longest path, in characters.
const MAX_PATH_CHARS: usize = 4_000;

/// `InvalidationBatch`: what is to be invalidated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Batch {
    pub paths: Paths,
    pub caller_reference: String,
}

/// `Paths`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Paths {
    quantity: usize,
    #[serde(default)]
    pub items: Items,
}

/// The list in [`Paths`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Items {
    #[serde(default)]
    pub path: Vec<String>,
}

impl Batch {
    /// Reads the body of a `CreateInvalidation`.
    pub fn parse(xml: &[u8]) -> Result<Batch, Error> {
        if xml.trim_ascii().is_empty() {
            return Err(Error::MissingBody);
        }
        let xml = std::str::from_utf8(xml).map_err(|_| Error::MalformedXml)?;
        quick_xml::de::from_str(xml).map_err(|_| Error::MalformedXml)
    }

    /// Checks what the API Reference and the Developer Guide ("Specify the files to invalidate")
    /// ask of a batch.
    pub fn check(&self) -> Result<(), Error> {
        let paths = &self.paths.items.path;
        if self.paths.quantity != paths.len() {
            return Err(Error::InconsistentQuantities);
        }
        if paths.len() > MAX_PATHS {
            return Err(Error::BatchTooLarge);
        }
        if paths.is_empty() || self.caller_reference.is_empty() {
            return Err(Error::InvalidArgument(
                "the batch needs a path and a caller reference",
            ));
        }
        let is_valid = |path: &String| {
            path.starts_with('/')
                && path.len() <= MAX_PATH_CHARS
                && path.bytes().all(|byte| byte.is_ascii_graphic())
                && !path[..path.len() - 1].contains('*')
        };
        if paths.iter().all(is_valid) {
            Ok(())
        } else {
            Err(Error::InvalidArgument(
                "a path begins with a slash, is percent-encoded, and has a * at its end only",
            ))
        }
    }

    /// How much memory it takes, roughly.
    pub fn size_bytes(&self) -> usize {
        let paths = self
            .paths
            .items
            .path
            .iter()
            .map(|path| path.len() + size_of::<String>());
        self.caller_reference.len() + paths.sum::<usize>()
    }
}

/// `Invalidation`.
pub(super) fn invalidation(entry: &Entry) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Invalidation<'a> {
        #[serde(rename = "@xmlns")]
        xmlns: &'static str,
        id: &'a str,
        status: &'static str,
        create_time: String,
        invalidation_batch: &'a Batch,
    }
    let document = Invalidation {
        xmlns: NAMESPACE,
        id: &entry.id,
        status: STATUS,
        create_time: entry.create_time(),
        invalidation_batch: &entry.batch,
    };
    write("Invalidation", &document)
}

/// `InvalidationList`: all of them are on one page.
pub(super) fn list<'a>(entries: &'a [Arc<Entry>]) -> String {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct InvalidationList<'a> {
        #[serde(rename = "@xmlns")]
        xmlns: &'static str,
        marker: &'static str,
        max_items: usize,
        is_truncated: bool,
        quantity: usize,
        items: Items<'a>,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Items<'a> {
        invalidation_summary: Vec<InvalidationSummary<'a>>,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct InvalidationSummary<'a> {
        id: &'a str,
        create_time: String,
        status: &'static str,
    }
    let summary = |entry: &'a Arc<Entry>| InvalidationSummary {
        id: &entry.id,
        create_time: entry.create_time(),
        status: STATUS,
    };
    let summaries: Vec<_> = entries.iter().map(summary).collect();
    let document = InvalidationList {
        xmlns: NAMESPACE,
        marker: "",
        max_items: REMEMBERED,
        is_truncated: false,
        quantity: summaries.len(),
        items: Items {
            invalidation_summary: summaries,
        },
    };
    write("InvalidationList", &document)
}

/// A response with an XML body.
pub(super) fn document(xml: String) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/xml")], xml)
}

fn write(root: &str, document: &impl Serialize) -> String {
    let body = to_string_with_root(root, document).unwrap_or_default();
    format!("<?xml version=\"1.0\"?>\n{body}")
}

/// The errors of the API, by their codes.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub(super) enum Error {
    #[error("The specified distribution does not exist.")]
    NoSuchDistribution,
    #[error("The specified invalidation does not exist.")]
    NoSuchInvalidation,
    #[error("This operation requires a body. Ensure that the body is present.")]
    MissingBody,
    #[error("The XML is malformed, or lacks an element.")]
    MalformedXml,
    #[error("The quantity is not the number of items.")]
    InconsistentQuantities,
    #[error("Invalidation batch specified is too large.")]
    BatchTooLarge,
    #[error("Invalid argument: {0}.")]
    InvalidArgument(&'static str),
    #[error("Another batch was sent with this caller reference.")]
    InvalidationBatchAlreadyExists,
    #[error("The body did not arrive in time.")]
    RequestTimeout,
}

impl Error {
    fn code(self) -> (StatusCode, &'static str) {
        match self {
            Error::NoSuchDistribution => (StatusCode::NOT_FOUND, "NoSuchDistribution"),
            Error::NoSuchInvalidation => (StatusCode::NOT_FOUND, "NoSuchInvalidation"),
            Error::MissingBody => (StatusCode::BAD_REQUEST, "MissingBody"),
            Error::MalformedXml => (StatusCode::BAD_REQUEST, "MalformedXML"),
            Error::InconsistentQuantities => (StatusCode::BAD_REQUEST, "InconsistentQuantities"),
            Error::BatchTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "BatchTooLarge"),
            Error::InvalidArgument(_) => (StatusCode::BAD_REQUEST, "InvalidArgument"),
            Error::InvalidationBatchAlreadyExists => {
                (StatusCode::BAD_REQUEST, "InvalidationBatchAlreadyExists")
            }
            Error::RequestTimeout => (StatusCode::REQUEST_TIMEOUT, "RequestTimeout"),
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let (status, code) = self.code();
        let message = self.to_string();
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct ErrorResponse<'a> {
            #[serde(rename = "@xmlns")]
            xmlns: &'static str,
            error: ErrorBody<'a>,
        }
        #[derive(Serialize)]
        #[serde(rename_all = "PascalCase")]
        struct ErrorBody<'a> {
            r#type: &'static str,
            code: &'a str,
            message: &'a str,
        }
        let error = ErrorBody {
            r#type: "Sender",
            code,
            message: &message,
        };
        let xml = write(
            "ErrorResponse",
            &ErrorResponse {
                xmlns: NAMESPACE,
                error,
            },
        );
        (status, document(xml)).into_response()
    }
}
