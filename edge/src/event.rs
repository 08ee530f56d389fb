//! The events of Lambda@Edge: what CloudFront asks a function, and what the function may answer.
//!
//! The story of an event, one module a step:
//!
//! 1. [`Event::read`]: JSON becomes the types of [`message`] and [`headers`]. They borrow from the JSON,
//!    and keep fields that they do not know where they stood ([`object`]), so that an event which is
//!    written again is the same JSON.
//! 2. [`http`]: headers and status become the types of the crate `http`, and back. Nothing else in this
//!    crate does that.
//! 3. [`reply`]: a request or a response becomes a [`Reply`]. What CloudFront would refuse
//!    ([`restrictions`]) is an error here, and there is no other way to make a reply.
//!
//! Amazon CloudFront Developer Guide, "Lambda@Edge event structure", describes the events, "Restrictions
//! on edge functions" and "Quotas" what is refused.

mod headers;
mod http;
mod message;
mod object;
mod reply;
pub mod restrictions;
mod text;

pub use headers::{Headers, Line};
pub use message::{Body, Cf, Config, CustomOrigin, Origin, Record, Request, Response, S3Origin};
pub use object::{One, Order};
pub use quillfront_headers::names::is_name;
pub use reply::{Reply, ReplyError, ReturnValue, ValidPart};
pub use text::Text;

use object::object;
use serde::{Deserialize, Serialize};
use std::fmt;

/// When CloudFront calls a function.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EventType {
    /// A viewer has sent a request.
    ViewerRequest,
    /// It is not in the cache, and is about to go to the origin.
    #[default]
    OriginRequest,
    /// The origin has answered.
    OriginResponse,
    /// The response is about to go to the viewer.
    ViewerResponse,
}

impl EventType {
    /// Every type.
    pub const ALL: [Self; 4] = [
        Self::ViewerRequest,
        Self::OriginRequest,
        Self::OriginResponse,
        Self::ViewerResponse,
    ];

    /// Returns its name in an event.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ViewerRequest => "viewer-request",
            Self::OriginRequest => "origin-request",
            Self::OriginResponse => "origin-response",
            Self::ViewerResponse => "viewer-response",
        }
    }

    /// Returns whether there is no response yet.
    pub const fn is_request(self) -> bool {
        matches!(self, Self::ViewerRequest | Self::OriginRequest)
    }

    /// Returns whether the viewer's side calls.
    pub const fn is_viewer(self) -> bool {
        matches!(self, Self::ViewerRequest | Self::ViewerResponse)
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

object! {
    /// An event, as a function receives it.
    pub struct Event {
        /// The only record. CloudFront sends one.
        records: One<Record<'a>> = "Records",
    }
}

/// The most bytes of headers that are read. CloudFront takes [`restrictions::MAX_HEADER_BYTES`] from
/// viewers and origins, and adds some of its own.
const MAX_BYTES: usize = 64 * 1_024;

/// Why a text is no event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventError {
    /// It is no JSON, or a field is missing or of another type.
    #[error("this is no Lambda@Edge event: {0}")]
    Json(String),
    /// `origin` names none or both.
    #[error("this is no Lambda@Edge event: `origin` is exactly one of `custom` and `s3`")]
    Origin,
    /// A response event without a response.
    #[error("this is no Lambda@Edge event: `{0}` has a `response`")]
    NoResponse(EventType),
    /// A status that is none.
    #[error("this is no Lambda@Edge event: `{0}` is no status")]
    Status(String),
    /// A bucket's domain that is none of S3's.
    #[error("`{0}` is no domain of a bucket, such as `name.s3.region.amazonaws.com`")]
    Bucket(String),
    /// More headers than a request or a response can have.
    #[error("this is no Lambda@Edge event: it has headers of more than {MAX_BYTES} bytes")]
    Headers,
}

impl<'a> Event<'a> {
    /// Returns an event of these parts.
    pub fn new(config: Config<'a>, request: Request<'a>, response: Option<Response<'a>>) -> Self {
        let cf = Cf {
            config,
            request,
            response,
            order: Order::default(),
        };
        let record = Record {
            cf,
            order: Order::default(),
        };
        Self {
            records: One(record),
            order: Order::default(),
        }
    }

    /// Reads an event.
    ///
    /// # Errors
    /// It is none.
    pub fn read(json: &'a str) -> Result<Self, EventError> {
        let read = serde_json::from_str(json);
        let event: Self = read.map_err(|error| EventError::Json(error.to_string()))?;
        let event_type = event.event_type();
        if event.response().is_none() && !event_type.is_request() {
            return Err(EventError::NoResponse(event_type));
        }
        let response = event.response().map_or(0, |it| it.headers.bytes());
        if event.request().headers.bytes().max(response) > MAX_BYTES {
            return Err(EventError::Headers);
        }
        let origin = event.request().origin.as_ref();
        if origin.is_some_and(|origin| !origin.is_exactly_one()) {
            return Err(EventError::Origin);
        }
        Ok(event)
    }

    /// Returns the JSON of the event.
    pub fn write(&self) -> String {
        write(self, 2_048)
    }

    /// Returns which event it is.
    pub fn event_type(&self) -> EventType {
        self.cf().config.event_type
    }

    /// Returns the request.
    pub fn request(&self) -> &Request<'a> {
        &self.cf().request
    }

    /// Returns the response; a request event has none.
    pub fn response(&self) -> Option<&Response<'a>> {
        self.cf().response.as_ref()
    }

    fn cf(&self) -> &Cf<'a> {
        &self.records.0.cf
    }
}

/// Returns the JSON of a part of an event, which has about as many bytes.
fn write(value: &impl Serialize, bytes: usize) -> String {
    let mut json = Vec::with_capacity(bytes);
    // Text, numbers and maps with names of text always have a JSON form, which is UTF-8.
    let _written = serde_json::to_writer(&mut json, value);
    String::from_utf8(json).unwrap_or_default()
}

#[cfg(test)]
mod tests;
