//! `GetObject` and `HeadObject`.

use std::ops::Range as Span;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::Stream;
use http::StatusCode;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use s3s::dto::*;
use s3s::stream::{ByteStream, RemainingLength};
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result, StdError, s3_error};
use tokio::task::JoinHandle;

use super::headers::{refuse, show_checksum};
use super::write::checksum_type;
use super::{refuse_version, timestamp};
use crate::s3::blocks::Contents;
use crate::s3::checksum::ObjectChecksum;
use crate::s3::conditions::{ReadCondition, Verdict};
use crate::s3::error::{At, StoreError, custom};
use crate::s3::object::{Object, ObjectMeta};
use crate::s3::store::Store;

/// What a read asks for; GET and HEAD have the same fields.
macro_rules! asked {
    ($input:expr) => {{
        let input = $input;
        refuse_version(input.version_id.as_deref())?;
        refuse(&[(
            "server-side encryption with customer keys",
            input.sse_customer_algorithm.is_some(),
        )])?;
        ReadInput {
            condition: ReadCondition {
                if_match: input.if_match.clone(),
                if_none_match: input.if_none_match.clone(),
                if_modified_since: input.if_modified_since.clone(),
                if_unmodified_since: input.if_unmodified_since.clone(),
            },
            range: input.range,
            part_number: input.part_number,
        }
    }};
}

/// The headers of an answer; GET and HEAD have the same fields.
macro_rules! answer {
    ($Output:ident, $meta:expr, $selected:expr, $checksum_mode:expr) => {{
        let (meta, selected): (&ObjectMeta, &ByteSelection) = ($meta, $selected);
        let mut output = $Output {
            accept_ranges: Some("bytes".into()),
            cache_control: meta.cache_control.clone(),
            content_disposition: meta.content_disposition.clone(),
            content_encoding: meta.content_encoding.clone(),
            content_language: meta.content_language.clone(),
            content_length: i64::try_from(selected.span.end - selected.span.start).ok(),
            content_range: selected.content_range(meta.size),
            content_type: meta.content_type.clone().and_then(|kind| kind.parse().ok()),
            e_tag: Some(ETag::Strong(meta.etag.clone())),
            expires: meta.expires.map(timestamp),
            last_modified: Some(timestamp(meta.last_modified)),
            metadata: Some(meta.metadata.clone().into_iter().collect()),
            parts_count: selected.parts_count,
            website_redirect_location: meta.website_redirect.clone(),
            ..Default::default()
        };
        if $checksum_mode.is_some() {
            let shown = selected.checksum(meta);
            show_checksum!(output, &shown);
            output.checksum_type = shown.map(|checksum| checksum_type(checksum.kind));
        }
        output
    }};
}

pub(super) async fn get_object(
    store: &Store,
    req: S3Request<GetObjectInput>,
) -> S3Result<GetObjectOutput> {
    let asked = asked!(&req.input);
    let key = req.input.key.clone();
    let (meta, selected, body) = store
        .in_bucket(&req.input.bucket, move |bucket| {
            let Object { meta, contents } = bucket.open_object(&key)?;
            Ok(select(&meta, &asked).and_then(|selected| {
                let body = body(contents, &selected.span)?;
                Ok((meta, selected, body))
            }))
        })
        .await??;
    let mut output = answer!(GetObjectOutput, &meta, &selected, req.input.checksum_mode);
    output.body = Some(body);
    Ok(output)
}

pub(super) async fn head_object(
    store: &Store,
    req: S3Request<HeadObjectInput>,
) -> S3Result<S3Response<HeadObjectOutput>> {
    let asked = asked!(&req.input);
    let input = req.input;
    let key = input.key.clone();
    let object = store
        .in_bucket(&input.bucket, move |bucket| bucket.open_object(&key))
        .await?;
    let selected = select(&object.meta, &asked)?;
    let output = answer!(
        HeadObjectOutput,
        &object.meta,
        &selected,
        input.checksum_mode
    );
    // The protocol layer applies these to GET only; S3 to HEAD as well.
    let mut headers = HeaderMap::new();
    for (name, value) in [
        (header::CACHE_CONTROL, &input.response_cache_control),
        (
            header::CONTENT_DISPOSITION,
            &input.response_content_disposition,
        ),
        (header::CONTENT_ENCODING, &input.response_content_encoding),
        (header::CONTENT_LANGUAGE, &input.response_content_language),
        (header::CONTENT_TYPE, &input.response_content_type),
    ] {
        if let Some(value) = value {
            let value = HeaderValue::from_str(value)
                .map_err(|_| s3_error!(InvalidArgument, "{name} is not a header"))?;
            headers.insert(name, value);
        }
    }
    let mut response = S3Response::with_headers(output, headers);
    if selected.partial {
        response.status = Some(StatusCode::PARTIAL_CONTENT);
    }
    Ok(response)
}

struct ReadInput {
    condition: ReadCondition,
    range: Option<Range>,
    part_number: Option<i32>,
}

/// The bytes that a read gets.
struct ByteSelection {
    span: Span<u64>,
    /// Answered with 206.
    partial: bool,
    parts_count: Option<i32>,
    /// Which of the parts it is, from 0.
    part: Option<usize>,
}

impl ByteSelection {
    /// The checksum of these bytes, where one is kept: of the whole, or of a part.
    fn checksum(&self, meta: &ObjectMeta) -> Option<ObjectChecksum> {
        let checksum = meta.checksum.as_ref()?;
        match self.part {
            Some(part) => Some(ObjectChecksum {
                algorithm: checksum.algorithm,
                value: meta.part_checksums.get(part)?.clone(),
                kind: checksum.kind,
            }),
            None => (self.span == (0..meta.size)).then(|| checksum.clone()),
        }
    }

    fn content_range(&self, size: u64) -> Option<String> {
        self.partial
            .then(|| format!("bytes {}-{}/{size}", self.span.start, self.span.end - 1))
    }
}

/// Checks the conditions, then finds the bytes.
fn select(meta: &ObjectMeta, asked: &ReadInput) -> S3Result<ByteSelection> {
    match asked.condition.check(meta) {
        Verdict::Go => {}
        Verdict::Failed(which) => return Err(StoreError::PreconditionFailed(which).into()),
        Verdict::NotModified => return Err(not_modified(meta)),
    }
    match (&asked.range, asked.part_number) {
        (Some(_), Some(_)) => Err(s3_error!(
            InvalidRequest,
            "a range and a part number cannot both be asked for"
        )),
        (Some(range), None) => {
            // An empty object has no byte that a range could name.
            let span = range.check(meta.size).ok().filter(|span| !span.is_empty());
            let span = span.ok_or_else(|| range_error(meta.size))?;
            Ok(ByteSelection {
                span,
                partial: true,
                parts_count: None,
                part: None,
            })
        }
        (None, Some(number)) => part(meta, number),
        (None, None) => Ok(ByteSelection {
            span: 0..meta.size,
            partial: false,
            parts_count: None,
            part: None,
        }),
    }
}

/// The bytes of one part. Whatever was put in one piece is its own first part.
fn part(meta: &ObjectMeta, number: i32) -> S3Result<ByteSelection> {
    let index = usize::try_from(number)
        .ok()
        .and_then(|number| number.checked_sub(1));
    let index = index.ok_or_else(|| s3_error!(InvalidArgument, "part numbers begin with 1"))?;
    if meta.part_sizes.is_empty() && index == 0 {
        return Ok(ByteSelection {
            span: 0..meta.size,
            partial: meta.size > 0,
            parts_count: None,
            part: None,
        });
    }
    let Some(size) = meta.part_sizes.get(index) else {
        let message = format!("the object has no part {number}");
        return Err(custom(
            "InvalidPartNumber",
            StatusCode::RANGE_NOT_SATISFIABLE,
            message,
        ));
    };
    let start: u64 = meta.part_sizes[..index].iter().sum();
    let parts_count = i32::try_from(meta.part_sizes.len()).ok();
    Ok(ByteSelection {
        span: start..start + size,
        partial: *size > 0,
        parts_count,
        part: Some(index),
    })
}

/// 304 carries the headers that a cache renews (RFC 9110, section 15.4.5).
fn not_modified(meta: &ObjectMeta) -> S3Error {
    let mut headers = HeaderMap::new();
    let mut add = |name: HeaderName, value: Option<String>| {
        if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
            headers.insert(name, value);
        }
    };
    let mut last_modified = Vec::new();
    let formatted =
        timestamp(meta.last_modified).format(TimestampFormat::HttpDate, &mut last_modified);
    add(
        header::LAST_MODIFIED,
        formatted
            .ok()
            .and_then(|()| String::from_utf8(last_modified).ok()),
    );
    add(header::ETAG, Some(format!("\"{}\"", meta.etag)));
    add(header::CACHE_CONTROL, meta.cache_control.clone());
    let mut error = S3Error::new(S3ErrorCode::NotModified);
    error.set_status_code(StatusCode::NOT_MODIFIED);
    error.set_headers(headers);
    error
}

fn range_error(size: u64) -> S3Error {
    let mut error = s3_error!(
        InvalidRange,
        "the object has {size} bytes; the range names none of them"
    );
    if let Ok(value) = HeaderValue::try_from(format!("bytes */{size}")) {
        let xml = HeaderValue::from_static("application/xml");
        error.set_headers(
            [(header::CONTENT_RANGE, value), (header::CONTENT_TYPE, xml)]
                .into_iter()
                .collect(),
        );
    }
    error
}

/// The bytes as a body. The first piece is read at once, so that an object that is damaged there
/// becomes an error; if a later one is, the connection is cut.
fn body(mut contents: Contents, span: &Span<u64>) -> Result<StreamingBlob, StoreError> {
    let first = contents.piece(span.start, span.end);
    let first = first.at(contents.path())?;
    if first.len() as u64 == span.end - span.start {
        return Ok(StreamingBlob::from(s3s::Body::from(first)));
    }
    Ok(StreamingBlob::new(ObjectBody {
        left: span.clone(),
        state: State::Ready(contents, first),
    }))
}

/// An object being sent, one piece in memory at a time.
struct ObjectBody {
    left: Span<u64>,
    state: State,
}

enum State {
    Ready(Contents, Bytes),
    Reading(JoinHandle<std::io::Result<(Contents, Bytes)>>),
    Done,
}

impl Stream for ObjectBody {
    type Item = Result<Bytes, StdError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let (contents, piece) = match std::mem::replace(&mut self.state, State::Done) {
            State::Done => return Poll::Ready(None),
            State::Ready(contents, piece) => (contents, piece),
            State::Reading(mut task) => match Pin::new(&mut task).poll(cx) {
                Poll::Pending => {
                    self.state = State::Reading(task);
                    return Poll::Pending;
                }
                Poll::Ready(Ok(Ok(read))) => read,
                Poll::Ready(Ok(Err(error))) => return Poll::Ready(Some(Err(error.into()))),
                Poll::Ready(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
            },
        };
        self.left.start += piece.len() as u64;
        if !self.left.is_empty() {
            self.state = State::Reading(read(contents, self.left.clone()));
        }
        Poll::Ready(Some(Ok(piece)))
    }
}

fn read(mut contents: Contents, span: Span<u64>) -> JoinHandle<std::io::Result<(Contents, Bytes)>> {
    tokio::task::spawn_blocking(move || {
        let piece = contents.piece(span.start, span.end)?;
        if piece.is_empty() {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        Ok((contents, piece))
    })
}

impl ByteStream for ObjectBody {
    fn remaining_length(&self) -> RemainingLength {
        usize::try_from(self.left.end - self.left.start)
            .map_or_else(|_| RemainingLength::unknown(), RemainingLength::new_exact)
    }
}
