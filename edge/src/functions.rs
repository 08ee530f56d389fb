//! The functions as their hosts call them: JSON of an event in, JSON of a reply out.

use quillfront_headers::Rules;

use crate::event::{
    Event, EventError, EventType, Reply, ReplyError, Request, Response, restrictions,
};
use crate::origin_request::origin_request;
use crate::origin_response::{Look, Step, origin_response};
use crate::respond::{Answer, Body};
use crate::route::ObjectKey;

/// What the functions know beside the event.
#[derive(Clone, Copy, Debug)]
pub struct Site<'r> {
    /// The rules of the site.
    pub rules: &'r Rules,
    /// What the query string is to the cache.
    pub query: Query,
}

/// What the query string is to the cache. An event does not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Query {
    /// It is not part of the cache key, so no answer depends on it. The distributions that Quillfront
    /// makes are so: a redirect loses the query string.
    #[default]
    NotInKey,
    /// It is part of the cache key, or nothing is cached: a redirect keeps it.
    InKey,
}

impl Site<'_> {
    /// Returns the query string that an answer may depend on.
    pub(crate) fn query_of<'e>(&self, request: &'e Request<'_>) -> Option<&'e str> {
        let query = request.querystring.as_deref()?;
        (self.query == Query::InKey && !query.is_empty()).then_some(query)
    }
}

/// What a host does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// This is what the function returns.
    Done(String),
    /// Look whether there is an object of this key, and call again with the answer.
    Look(ObjectKey),
}

/// Why a function gives no reply.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It was no event.
    #[error(transparent)]
    Event(#[from] EventError),
    /// There is no function for this event.
    #[error(
        "there is no function for {0} events: Quillfront answers origin-request and origin-response"
    )]
    NoFunction(EventType),
    /// CloudFront would refuse the reply.
    #[error("CloudFront would answer 502: {0}")]
    Refused(#[from] ReplyError),
}

/// Answers an event. `look` is [`Look::NotYet`] at first.
///
/// # Errors
/// It is no event that a function is for, or CloudFront would refuse the reply.
pub fn handle(json: &str, site: &Site<'_>, look: Look) -> Result<Outcome, Error> {
    handle_event(&Event::read(json)?, site, look)
}

/// Answers an event that has been read. `look` is [`Look::NotYet`] at first.
///
/// # Errors
/// Those of [`handle`], but for those of reading.
pub fn handle_event(event: &Event<'_>, site: &Site<'_>, look: Look) -> Result<Outcome, Error> {
    match event.event_type() {
        EventType::OriginRequest => {
            origin_request(event, site).map(|reply| Outcome::Done(reply.write()))
        }
        EventType::OriginResponse => {
            let step = origin_response(event, site, look)?;
            Ok(match step {
                Step::Reply(reply) => Outcome::Done(reply.write()),
                Step::Look(key) => Outcome::Look(key),
            })
        }
        other => Err(Error::NoFunction(other)),
    }
}

/// Checks that a function is called for its event.
pub(crate) fn expect(event: &Event<'_>, expected: EventType) -> Result<(), Error> {
    if event.event_type() == expected {
        Ok(())
    } else {
        Err(Error::NoFunction(event.event_type()))
    }
}

/// Sends an answer as the response. Headers of the origin that functions may only read pass through.
pub(crate) fn answer<'a>(event: &Event<'a>, answer: Answer<'a>) -> Result<Reply<'a>, Error> {
    let Answer {
        status,
        mut headers,
        body,
    } = answer;
    let event_type = event.event_type();
    let came = event.response().filter(|_| !event_type.is_request());
    if body != Body::Object
        && let Some(came) = came
    {
        for name in restrictions::read_only(event_type) {
            for line in came.headers.get_all(name) {
                headers.push(*name, line.clone());
            }
        }
    }
    let mut response = Response::with(status, headers, came);
    let text = match body {
        Body::Object => None,
        Body::Text(text) => Some(text.into_owned()),
        Body::Empty => Some(String::new()),
    };
    if let Some(text) = text {
        response.body = Some(text.into());
        response.body_encoding = Some("text".into());
    }
    Ok(event.send_response(response)?)
}

#[cfg(test)]
mod tests;
