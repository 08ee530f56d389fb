//! Content codings: RFC 9110, section 12.5.3, and what CloudFront compresses.

use http::StatusCode;
use http::header::{self, HeaderMap};

/// A coding of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Brotli (RFC 7932).
    Brotli,
    /// Gzip (RFC 1952).
    Gzip,
    /// None: the object's own bytes.
    Identity,
}

impl Encoding {
    /// The `content-encoding`; none for [`Encoding::Identity`].
    pub fn name(self) -> Option<&'static str> {
        match self {
            Encoding::Brotli => Some("br"),
            Encoding::Gzip => Some("gzip"),
            Encoding::Identity => None,
        }
    }
}

/// The coding that the client likes best: the highest `q`, and among equals br before gzip before
/// identity. A client that refuses all three is sent identity rather than a 406.
pub fn negotiate(request: &HeaderMap) -> Encoding {
    let offers = request
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    let (mut brotli, mut gzip, mut identity, mut others) = (None, None, None, None);
    for offer in offers {
        let mut parts = offer.split(';').map(str::trim);
        let coding = parts.next().unwrap_or_default();
        let weight = weight(parts);
        match coding.to_ascii_lowercase().as_str() {
            "br" => brotli = Some(weight),
            "gzip" | "x-gzip" => gzip = Some(weight),
            "identity" => identity = Some(weight),
            "*" => others = Some(weight),
            _ => {}
        }
    }
    let others = others.unwrap_or(0);
    // Identity is acceptable unless it is named; unnamed, any coding that was named is better.
    let identity = identity.unwrap_or(0);
    let brotli = brotli.unwrap_or(others);
    let gzip = gzip.unwrap_or(others);
    if brotli > 0 && brotli >= gzip && brotli >= identity {
        Encoding::Brotli
    } else if gzip > 0 && gzip >= identity {
        Encoding::Gzip
    } else {
        Encoding::Identity
    }
}

/// The `q` of an offer in thousandths (RFC 9110, section 12.4.2). One that is none refuses.
fn weight<'a>(parameters: impl Iterator<Item = &'a str>) -> u16 {
    for parameter in parameters {
        let Some((name, value)) = parameter.split_once('=') else {
            continue;
        };
        if name.trim().eq_ignore_ascii_case("q") {
            let value: f32 = value.trim().parse().unwrap_or(0.0);
            return (value.clamp(0.0, 1.0) * 1000.0) as u16;
        }
    }
    1000
}

/// Whether CloudFront compresses such a response (Amazon CloudFront Developer Guide, "Serve
/// compressed files"): a known type, 1,000 to 10,000,000 bytes, status 200, 403 or 404, and not
/// compressed yet. A `no-transform` (RFC 9111, section 5.2.2.6) is respected as well.
pub fn is_compressible(status: StatusCode, response: &HeaderMap, size_bytes: u64) -> bool {
    let text = |name| {
        response
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    let media_type = text(header::CONTENT_TYPE)
        .split(';')
        .next()
        .unwrap_or_default()
        .trim();
    matches!(status.as_u16(), 200 | 403 | 404)
        && (1_000..=10_000_000).contains(&size_bytes)
        && !response.contains_key(header::CONTENT_ENCODING)
        && !text(header::CACHE_CONTROL)
            .to_ascii_lowercase()
            .contains("no-transform")
        && COMPRESSED_TYPES
            .binary_search(&media_type.to_ascii_lowercase().as_str())
            .is_ok()
}

/// The guide's list, in order.
const COMPRESSED_TYPES: &[&str] = &[
    "application/dash+xml",
    "application/eot",
    "application/font",
    "application/font-sfnt",
    "application/javascript",
    "application/json",
    "application/opentype",
    "application/otf",
    "application/pdf",
    "application/pkcs7-mime",
    "application/protobuf",
    "application/rss+xml",
    "application/truetype",
    "application/ttf",
    "application/vnd.apple.mpegurl",
    "application/vnd.mapbox-vector-tile",
    "application/vnd.ms-fontobject",
    "application/wasm",
    "application/x-font-opentype",
    "application/x-font-truetype",
    "application/x-font-ttf",
    "application/x-httpd-cgi",
    "application/x-javascript",
    "application/x-mpegurl",
    "application/x-opentype",
    "application/x-otf",
    "application/x-perl",
    "application/x-ttf",
    "application/xhtml+xml",
    "application/xml",
    "font/eot",
    "font/opentype",
    "font/otf",
    "font/ttf",
    "image/svg+xml",
    "text/css",
    "text/csv",
    "text/html",
    "text/javascript",
    "text/js",
    "text/plain",
    "text/richtext",
    "text/tab-separated-values",
    "text/x-component",
    "text/x-java-source",
    "text/x-script",
    "text/xml",
    "vnd.apple.mpegurl",
];

#[cfg(test)]
mod tests {
    use super::Encoding::*;
    use super::*;

    #[test]
    fn the_best_coding_wins() {
        for (accepted, expected) in [
            ("", Identity),
            ("gzip", Gzip),
            ("x-gzip", Gzip),
            ("GZIP, BR", Brotli),
            ("gzip, deflate, br, zstd", Brotli),
            ("br;q=0.5, gzip", Gzip),
            ("br;q=0.5, gzip;q=0.5", Brotli),
            ("br;q=0, gzip", Gzip),
            ("br;q=0.000, gzip; q=0", Identity),
            ("gzip;q=0.001", Gzip),
            ("*", Brotli),
            ("*;q=0.1, gzip", Gzip),
            ("br;q=0, *", Gzip),
            ("*;q=0", Identity),
            ("identity", Identity),
            ("identity;q=0.5, gzip;q=0.4", Identity),
            ("identity;q=0", Identity),
            ("deflate", Identity),
            ("gzip;q=none", Identity),
            ("gzip;q=NaN", Identity),
            ("gzip;level=9", Gzip),
            (",;,q=1", Identity),
        ] {
            let request =
                HeaderMap::from_iter([(header::ACCEPT_ENCODING, accepted.parse().unwrap())]);
            assert_eq!(negotiate(&request), expected, "{accepted}");
        }
        assert_eq!(negotiate(&HeaderMap::new()), Identity);
    }

    #[test]
    fn what_cloudfront_compresses() {
        assert!(COMPRESSED_TYPES.is_sorted());
        let response = |pairs: &[(header::HeaderName, &str)]| {
            pairs
                .iter()
                .map(|(name, value)| (name.clone(), value.parse().unwrap()))
                .collect()
        };
        let html: HeaderMap = response(&[(header::CONTENT_TYPE, "Text/HTML; charset=utf-8")]);
        for (status, size_bytes, expected) in [
            (200, 1_000, true),
            (404, 10_000_000, true),
            (200, 999, false),
            (200, 10_000_001, false),
            (206, 5_000, false),
            (500, 5_000, false),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(
                is_compressible(status, &html, size_bytes),
                expected,
                "{status} {size_bytes}"
            );
        }
        for other in [
            response(&[(header::CONTENT_TYPE, "image/png")]),
            response(&[
                (header::CONTENT_TYPE, "text/css"),
                (header::CONTENT_ENCODING, "gzip"),
            ]),
            response(&[
                (header::CONTENT_TYPE, "text/css"),
                (header::CACHE_CONTROL, "No-Transform"),
            ]),
            HeaderMap::new(),
        ] {
            assert!(!is_compressible(StatusCode::OK, &other, 5_000), "{other:?}");
        }
    }
}
