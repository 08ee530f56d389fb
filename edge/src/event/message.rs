//! What an event is made of (Amazon CloudFront Developer Guide, "Lambda@Edge event structure"). Fields
//! that the functions do not need may be missing.

use super::object::object;
use super::{EventType, Headers, Text};
use serde_json::Number;

object! {
    /// A record of an event.
    pub struct Record {
        /// What CloudFront tells.
        cf: Cf<'a> = "cf",
    }
}

object! {
    /// What CloudFront tells.
    pub struct Cf {
        /// Who asks.
        config: Config<'a> = "config",
        /// What the viewer asked for.
        request: Request<'a> = "request",
        /// What the origin or the cache answered; response events have one.
        response: Option<Response<'a>> = "response",
    }
}

object! {
    /// Which distribution calls the function, and when.
    pub struct Config {
        /// `d111111abcdef8.cloudfront.net`
        distribution_domain_name: Option<Text<'a>> = "distributionDomainName",
        /// `EDFDVBD6EXAMPLE`
        distribution_id: Option<Text<'a>> = "distributionId",
        /// Which event it is.
        event_type: EventType = "eventType",
        /// The id of the request.
        request_id: Option<Text<'a>> = "requestId",
    }
}

object! {
    /// A request.
    pub struct Request {
        /// The address of the viewer. Functions may not change it.
        client_ip: Option<Text<'a>> = "clientIp",
        /// The headers.
        headers: Headers<'a> = "headers",
        /// The method. Functions may not change it.
        method: Text<'a> = "method",
        /// Where the request goes; origin events have one.
        origin: Option<Origin<'a>> = "origin",
        /// The query string without its `?`.
        querystring: Option<Text<'a>> = "querystring",
        /// The path, encoded as the viewer sent it, or as a function left it.
        uri: Text<'a> = "uri",
        /// The body, where the distribution hands it to functions.
        body: Option<Body<'a>> = "body",
    }
}

object! {
    /// Where a request goes: exactly one of the two.
    pub struct Origin {
        /// A web server.
        custom: Option<CustomOrigin<'a>> = "custom",
        /// A bucket.
        s3: Option<S3Origin<'a>> = "s3",
    }
}

impl Origin<'_> {
    /// Returns whether it is one and not the other.
    pub fn is_exactly_one(&self) -> bool {
        self.custom.is_some() != self.s3.is_some()
    }
}

object! {
    /// A web server as origin.
    pub struct CustomOrigin {
        /// Headers that CloudFront adds.
        custom_headers: Option<Headers<'a>> = "customHeaders",
        /// Its domain.
        domain_name: Text<'a> = "domainName",
        /// How long a connection is kept, in seconds.
        keepalive_timeout: Option<Number> = "keepaliveTimeout",
        /// What goes before the path of a request.
        path: Option<Text<'a>> = "path",
        /// Its port.
        port: Option<Number> = "port",
        /// `http` or `https`.
        protocol: Option<Text<'a>> = "protocol",
        /// How long an answer may take, in seconds.
        read_timeout: Option<Number> = "readTimeout",
        /// Versions of TLS.
        ssl_protocols: Option<Vec<Text<'a>>> = "sslProtocols",
    }
}

object! {
    /// A bucket as origin.
    pub struct S3Origin {
        /// `origin-access-identity` or `none`.
        auth_method: Option<Text<'a>> = "authMethod",
        /// Headers that CloudFront adds.
        custom_headers: Option<Headers<'a>> = "customHeaders",
        /// Its domain.
        domain_name: Text<'a> = "domainName",
        /// What goes before the path of a request.
        path: Option<Text<'a>> = "path",
        /// Its region.
        region: Option<Text<'a>> = "region",
    }
}

object! {
    /// The body of a request.
    pub struct Body {
        /// `read-only`, or `replace` where a function has written it.
        action: Option<Text<'a>> = "action",
        /// The bytes.
        data: Option<Text<'a>> = "data",
        /// `base64` or `text`.
        encoding: Option<Text<'a>> = "encoding",
        /// Whether CloudFront has cut it off.
        input_truncated: Option<bool> = "inputTruncated",
    }
}

object! {
    /// A response.
    pub struct Response {
        /// The headers.
        headers: Headers<'a> = "headers",
        /// The status, as text.
        status: Text<'a> = "status",
        /// Its name.
        status_description: Option<Text<'a>> = "statusDescription",
        /// The body. No event has one; a function that sets it replaces what the origin sent.
        body: Option<Text<'a>> = "body",
        /// `text` or `base64`.
        body_encoding: Option<Text<'a>> = "bodyEncoding",
    }
}
