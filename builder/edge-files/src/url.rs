//! Addresses: the path of a URL as the URL standard writes it, and the host in front of it.

/// A path, a query and a fragment, each with its mark, as the URL standard writes them.
pub(crate) struct Address {
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) fragment: String,
}

/// Whether a backslash is a slash, as it is in the URLs of the web.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Backslash {
    IsSlash,
    IsItself,
}

/// Reads what follows the host of a URL (<https://url.spec.whatwg.org/#path-state>): dot segments are gone, and
/// what a path may not hold is percent-encoded.
pub(crate) fn parse_address(text: &str, backslash: Backslash) -> Address {
    let text: String = text
        .trim_end_matches(|c: char| c <= ' ')
        .chars()
        .filter(|c| !matches!(c, '\t' | '\n' | '\r'))
        .collect();
    let (text, fragment) = cut(&text, '#');
    let (path, query) = cut(text, '?');
    Address {
        path: parse_path(path, backslash),
        query: encode(query, |c| matches!(c, '"' | '#' | '<' | '>')),
        fragment: encode(fragment, |c| matches!(c, '"' | '<' | '>' | '`')),
    }
}

/// What is ahead of a mark, and what is from the mark on; a mark with nothing behind it is dropped.
fn cut(text: &str, mark: char) -> (&str, &str) {
    let at = text.find(mark).unwrap_or(text.len());
    let (before, after) = text.split_at(at);
    (before, if after.len() > 1 { after } else { "" })
}

fn parse_path(path: &str, backslash: Backslash) -> String {
    let is_slash = |c: char| c == '/' || (c == '\\' && backslash == Backslash::IsSlash);
    let mut segments: Vec<&str> = Vec::new();
    let inner = path.strip_prefix(is_slash).unwrap_or(path);
    let count = inner.split(is_slash).count();
    for (index, segment) in inner.split(is_slash).enumerate() {
        let is_last = index + 1 == count;
        match segment.to_ascii_lowercase().replace("%2e", ".").as_str() {
            ".." => {
                segments.pop();
                segments.extend(is_last.then_some(""));
            }
            "." => segments.extend(is_last.then_some("")),
            _ => segments.push(segment),
        }
    }
    let joined = segments
        .iter()
        .flat_map(|segment| ["/", segment])
        .collect::<String>();
    encode(&joined, is_encoded_in_paths)
}

/// The path percent-encode set, beyond controls and what is not ASCII.
fn is_encoded_in_paths(c: char) -> bool {
    matches!(c, '"' | '#' | '<' | '>' | '?' | '^' | '`' | '{' | '}')
}

fn encode(text: &str, is_encoded: fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c <= ' ' || c > '~' || is_encoded(c) {
            push_escaped(&mut out, c);
        } else {
            out.push(c);
        }
    }
    out
}

fn push_escaped(out: &mut String, c: char) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in c.encode_utf8(&mut [0; 4]).bytes() {
        out.push('%');
        out.push(char::from(DIGITS[usize::from(byte >> 4)]));
        out.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
}

/// Encodes a decoded path, so that it can stand in a URL and in a header.
pub(crate) fn encode_path(decoded: &str) -> String {
    encode(decoded, |c| c == '%' || is_encoded_in_paths(c))
}

/// Decodes percent-encoding where it makes text; an encoded slash stays as it is.
pub(crate) fn decode_path(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let escaped = match (*first, behind) {
            (b'%', [high, low, ..]) => hexadecimal(*high).zip(hexadecimal(*low)),
            _ => None,
        };
        match escaped.map(|(high, low)| high << 4 | low) {
            Some(byte) if byte != b'/' => {
                bytes.push(byte);
                rest = &behind[2..];
            }
            _ => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

fn hexadecimal(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

/// Splits `https:` with two slashes or more, a host and the rest behind one slash, as Cloudflare does. `None` where it
/// is no such address.
pub(crate) fn split_https(token: &str) -> Option<(&str, &str)> {
    let after = token.strip_prefix("https://")?.trim_start_matches('/');
    let end = after.find('/').unwrap_or(after.len());
    let (host, rest) = after.split_at(end);
    (end > 0).then(|| (host, rest.strip_prefix('/').unwrap_or(rest)))
}

/// Splits an absolute web address into its scheme, its host with the port, and the rest, as browsers do. `None`
/// where the host is not one in plain ASCII.
pub(crate) fn split_web(token: &str) -> Option<(&str, String, &str)> {
    let (scheme, rest) = token.split_once("://")?;
    let rest = rest.trim_start_matches(['/', '\\']);
    let end = rest.find(['/', '\\', '?', '#']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at(end);
    let host = host_of(authority, scheme)?;
    Some((scheme, host, rest))
}

/// A host in lower case, with its port unless the scheme has it anyway.
fn host_of(authority: &str, scheme: &str) -> Option<String> {
    let (name, port) = match authority.split_once(':') {
        Some((name, port)) => (name, port),
        None => (authority, ""),
    };
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '*');
    if name.is_empty() || !name.chars().all(is_plain) || is_odd_number(name) {
        return None;
    }
    let name = name.to_ascii_lowercase();
    if name
        .split('.')
        .any(|label| label.starts_with("xn--") && label.len() < 5)
    {
        return None;
    }
    if port.is_empty() {
        return Some(name);
    }
    let is_number = port.chars().all(|c| c.is_ascii_digit());
    let port: u16 = port.parse().ok().filter(|_| is_number)?;
    let own = if scheme == "https" { 443 } else { 80 };
    Some(if port == own {
        name
    } else {
        format!("{name}:{port}")
    })
}

/// Whether browsers would read the name as an IPv4 address and write it differently.
fn is_odd_number(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_hexadecimal = last
        .strip_prefix("0x")
        .or_else(|| last.strip_prefix("0X"))
        .is_some_and(|digits| digits.chars().all(|c| c.is_ascii_hexdigit()));
    let is_number = !last.is_empty() && last.chars().all(|c| c.is_ascii_digit());
    (is_hexadecimal || is_number) && name.parse::<std::net::Ipv4Addr>().is_err()
}
