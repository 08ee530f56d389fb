//! What a reader takes, by the header `Accept`.

/// The newer formats that a reader takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AcceptedFormats {
    /// AVIF.
    pub avif: bool,
    /// WebP.
    pub webp: bool,
}

/// Bytes of the header that are read; browsers send some two hundred.
const MAX_BYTES: usize = 2_048;

impl AcceptedFormats {
    /// Reads the header's value (RFC 9110, section 12.5.1). Only formats that it names count: `*/*` and `image/*`
    /// are sent by programs that show no AVIF.
    pub fn read(accept: &str) -> Self {
        let mut accepted = Self::default();
        let mut end = accept.len().min(MAX_BYTES);
        while !accept.is_char_boundary(end) {
            end -= 1;
        }
        for range in accept[..end].split(',') {
            let mut parts = range.split(';').map(str::trim);
            let name = parts.next().unwrap_or_default();
            let is_refused = parts.any(is_zero_weight);
            if name.eq_ignore_ascii_case("image/avif") {
                accepted.avif = !is_refused;
            } else if name.eq_ignore_ascii_case("image/webp") {
                accepted.webp = !is_refused;
            }
        }
        accepted
    }
}

/// Whether a parameter is `q=0`, with any number of zeros behind it.
fn is_zero_weight(parameter: &str) -> bool {
    let value = parameter.strip_prefix(['q', 'Q']).map(str::trim_start);
    let value = value
        .and_then(|value| value.strip_prefix('='))
        .map(str::trim);
    value.is_some_and(|value| {
        let digits = value
            .strip_prefix('0')
            .map(|rest| rest.strip_prefix('.').unwrap_or(rest));
        digits.is_some_and(|digits| digits.bytes().all(|byte| byte == b'0'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_named_counts() {
        for (accept, avif, webp) in [
            (
                "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8",
                true,
                true,
            ),
            ("image/webp,*/*", false, true),
            ("IMAGE/AVIF ; q=0.5", true, false),
            ("image/avif;q=0, image/webp;q=0.001", false, true),
            ("image/avif;q=0.000, image/webp ; q = 0", false, false),
            ("*/*", false, false),
            ("image/*", false, false),
            ("", false, false),
            ("text/html,image/avifs,ximage/webp", false, false),
            (",,;;q=,image/webp;x=\"a", false, true),
        ] {
            assert_eq!(
                AcceptedFormats::read(accept),
                AcceptedFormats { avif, webp },
                "{accept}"
            );
        }
    }
}
