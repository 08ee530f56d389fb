//! Signature version 4 of a request without a body and without a query string (AWS Identity and Access
//! Management User Guide, "Create a signed AWS API request"; Amazon S3 API Reference, "Signature
//! Calculations for the Authorization Header: Transferring Payload in a Single Chunk").
//!
//! The SDK's own signer is of no use here: it reads a clock, and knows a good deal more.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::fmt;

/// The hash of no bytes.
pub const EMPTY_SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Who asks.
#[derive(Clone)]
pub struct Credentials {
    /// The access key.
    pub access_key: String,
    /// The secret key.
    pub secret_key: String,
    /// The session token of temporary keys.
    pub session_token: Option<String>,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials")
    }
}

/// What is signed.
#[derive(Clone, Copy, Debug)]
pub struct SigningInput<'a> {
    /// `GET` or `HEAD`.
    pub method: &'a str,
    /// The path, encoded.
    pub path: &'a str,
    /// The headers to sign, by lower-case name and in order, `host` and `x-amz-date` among them.
    pub headers: &'a [(&'a str, &'a str)],
    /// The region.
    pub region: &'a str,
}

/// Returns the `authorization` of a request to S3. `date` is its `x-amz-date`.
pub fn authorization(request: SigningInput<'_>, credentials: &Credentials, date: &str) -> String {
    let SigningInput {
        method,
        path,
        headers,
        region,
    } = request;
    let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let mut canonical = format!("{method}\n{path}\n\n");
    for (name, value) in headers {
        canonical.push_str(&format!("{name}:{}\n", value.trim()));
    }
    canonical.push_str(&format!("\n{names}\n{EMPTY_SHA256}"));
    let day = date.split('T').next().unwrap_or_default();
    let scope = format!("{day}/{region}/s3/aws4_request");
    let hash = hex::encode(Sha256::digest(canonical));
    let text = format!("{ALGORITHM}\n{date}\n{scope}\n{hash}");
    let mut key = hmac(format!("AWS4{}", credentials.secret_key).as_bytes(), day);
    for part in [region, "s3", "aws4_request"] {
        key = hmac(&key, part);
    }
    let signature = hex::encode(hmac(&key, &text));
    format!(
        "{ALGORITHM} Credential={}/{scope},SignedHeaders={names},Signature={signature}",
        credentials.access_key
    )
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        // Keys of HMAC may have any length.
        return Vec::new();
    };
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// Returns a time as `x-amz-date` has it: `20130524T000000Z`.
pub fn date(now_ms: u64) -> String {
    let seconds = now_ms / 1_000;
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    // Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days, for days since 1970:
    // years begin in March, so that the day that not all years have is the last.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_reference_is_signed_alike() {
        let credentials = Credentials {
            access_key: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
            session_token: None,
        };
        let date = date(1_369_353_600_000);
        assert_eq!(date, "20130524T000000Z");
        let request = SigningInput {
            method: "GET",
            path: "/test.txt",
            headers: &[
                ("host", "examplebucket.s3.amazonaws.com"),
                ("range", "bytes=0-9"),
                ("x-amz-content-sha256", EMPTY_SHA256),
                ("x-amz-date", &date),
            ],
            region: "us-east-1",
        };
        assert_eq!(
            authorization(request, &credentials, &date),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,\
             SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,\
             Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        );
    }

    #[test]
    fn no_bytes_have_that_hash() {
        assert_eq!(hex::encode(Sha256::digest(b"")), EMPTY_SHA256);
    }

    #[test]
    fn a_time_is_written_as_a_date() {
        for (seconds, expected) in [
            (0, "19700101T000000Z"),
            (951_782_399, "20000228T235959Z"),
            (951_782_400, "20000229T000000Z"),
            (951_868_800, "20000301T000000Z"),
            (1_709_164_800, "20240229T000000Z"),
            (1_767_225_599, "20251231T235959Z"),
            (4_107_542_400, "21000301T000000Z"),
        ] {
            assert_eq!(date(seconds * 1_000 + 999), expected);
        }
        // Whatever the host says.
        assert!(date(u64::MAX).ends_with('Z'));
    }

    #[test]
    fn credentials_are_not_shown() {
        let credentials = Credentials {
            access_key: "A".to_owned(),
            secret_key: "secret".to_owned(),
            session_token: Some("token".to_owned()),
        };
        assert_eq!(format!("{credentials:?}"), "Credentials");
    }
}
