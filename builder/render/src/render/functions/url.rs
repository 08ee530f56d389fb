//! `load_data(url=…)`: what is asked for, and what becomes of the answer.

use super::{Answer, data, fail};
use crate::graph::TextQuestion;
use crate::remote::{Method, Request};
use crate::render::scope;
use crate::render::world::World;
use quillfront_templates::budget;
use tera::{Error, Kwargs, Value};

/// Headers of one request, and bytes of a name and its value.
const MAX_HEADERS: usize = 20;
const MAX_HEADER_BYTES: usize = 4096;
/// What one request may send: 64 KiB.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// The answer of `url` as a value; none where there is no answer and none is `required`.
pub(super) fn load(world: &World, url: &str, arguments: &Kwargs) -> Answer {
    for other in ["path", "literal"] {
        if arguments.get::<&str>(other)?.is_some() {
            return fail(format!("load_data takes `url` or `{other}`, not both"));
        }
    }
    let required = arguments.get::<bool>("required")?.unwrap_or(true);
    let format = arguments.get::<&str>("format")?.unwrap_or("plain");
    let request = request(world, url, format, arguments).map_err(Error::message)?;
    scope::ask(world, || TextQuestion::Answer(request.clone()));
    match world.answers.get(&request) {
        Some(Ok(text)) => {
            budget::spend_bytes(text.len())?;
            data::parse(text, format)
                .map_err(|message| Error::message(format!("{}: {message}", request.url)))
        }
        Some(Err(_)) if !required => Ok(Value::none()),
        Some(Err(message)) => fail(format!("load_data: {}: {message}", request.url)),
        None => {
            // Thrown away with the rest of this render, which may ask for more.
            scope::need_answer(request);
            Ok(Value::none())
        }
    }
}

fn request(world: &World, url: &str, format: &str, arguments: &Kwargs) -> Result<Request, String> {
    let told = |error: Error| error.to_string();
    let url = world
        .own
        .allowed_hosts
        .check(url)
        .map_err(|message| format!("load_data: {message}"))?;
    let method = arguments.get::<&str>("method").map_err(told)?;
    let method = match method.unwrap_or("get").to_ascii_lowercase().as_str() {
        "get" => Method::Get,
        "post" => Method::Post,
        other => {
            return Err(format!(
                "load_data: `method` must be get or post, not {other}"
            ));
        }
    };
    let body = arguments.get::<String>("body").map_err(told)?;
    if body.is_some() && method == Method::Get {
        return Err("load_data: a `body` is sent with method=\"post\"".to_owned());
    }
    if body
        .as_ref()
        .is_some_and(|body| body.len() > MAX_BODY_BYTES)
    {
        let kib = MAX_BODY_BYTES / 1024;
        return Err(format!("load_data: the `body` is larger than {kib} KiB"));
    }
    let given = arguments.get::<Vec<String>>("headers").map_err(told)?;
    let given = given.unwrap_or_default();
    if given.len() > MAX_HEADERS {
        return Err(format!("load_data: more than {MAX_HEADERS} headers"));
    }
    let mut headers = given
        .iter()
        .map(|text| header(text))
        .collect::<Result<Vec<_>, _>>()?;
    let mut or_else = |name: &str, value: &str| {
        if !headers.iter().any(|(given, _)| given == name) {
            headers.push((name.to_owned(), value.to_owned()));
        }
    };
    if let Some(content_type) = arguments.get::<&str>("content_type").map_err(told)? {
        let (name, value) = header(&format!("content-type={content_type}"))?;
        or_else(&name, &value);
    }
    or_else("accept", accept(format));
    Ok(Request {
        url: url.into(),
        method,
        headers,
        body,
    })
}

/// `name=value`. What frames the message is not the template's to say.
fn header(text: &str) -> Result<(String, String), String> {
    let Some((name, value)) = text.split_once('=') else {
        return Err(format!(
            "load_data: the header {text:?} is not written as \"name=value\""
        ));
    };
    let (name, value) = (name.trim().to_ascii_lowercase(), value.trim());
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || !name.bytes().all(token) {
        return Err(format!("load_data: {name:?} is not a header name"));
    }
    if value.len() + name.len() > MAX_HEADER_BYTES
        || value.bytes().any(|byte| !(b' '..=b'~').contains(&byte))
    {
        return Err(format!(
            "load_data: the header `{name}` is longer than {MAX_HEADER_BYTES} bytes or not plain ASCII"
        ));
    }
    let framing = [
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "expect",
        "te",
        "trailer",
        "upgrade",
    ];
    if framing.contains(&name.as_str()) {
        return Err(format!("load_data: the header `{name}` cannot be set"));
    }
    Ok((name, value.to_owned()))
}

/// The media type that goes with a format.
fn accept(format: &str) -> &'static str {
    match format {
        "json" => "application/json",
        "toml" => "application/toml",
        "yaml" | "yml" => "application/yaml",
        "csv" => "text/csv",
        "xml" => "text/xml, application/xml",
        "bibtex" => "application/x-bibtex",
        _ => "text/plain, */*",
    }
}
