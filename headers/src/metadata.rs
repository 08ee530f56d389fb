//! The metadata of one object, and its two ways: into user metadata, and back.

use crate::values::{encode_address, is_header_value};
use crate::{Field, MAX_BYTES, MAX_LOCATION_BYTES, MAX_ORIGINAL_BYTES, MAX_POLICY_BYTES};
use std::collections::BTreeMap;
use std::fmt;

/// What an object tells the edge.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    /// The content security policy of the page.
    pub policy: Option<String>,
    /// Headers by name, in place of the default ones or beside them; None drops a default one.
    pub headers: BTreeMap<String, Option<String>>,
    /// Where the object redirects to, if it does.
    pub redirect: Option<Redirect>,
    /// The original, where the object is a thumbnail.
    pub original: Option<Original>,
}

/// The original that a thumbnail was made of. It is one field, since CloudFront takes no more than ten off the answers
/// of a site without Lambda@Edge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Original {
    /// Its ETag, without the quotes.
    pub etag: String,
    /// Its content, as `v=` in URLs of its thumbnails has it, if that was noted.
    pub version: Option<String>,
}

/// A redirect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    location: String,
    /// Its status.
    pub status: Status,
}

/// The status of a redirect (RFC 9110, section 15.4).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Status {
    /// 301
    #[default]
    MovedPermanently,
    /// 302
    Found,
    /// 303
    SeeOther,
    /// 307
    TemporaryRedirect,
    /// 308
    PermanentRedirect,
}

/// Why metadata cannot be stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// A field has characters that a header cannot carry.
    #[error("`{}` has characters that no header can carry", .0.name())]
    NotAHeaderValue(Field),
    /// A field is too long.
    #[error("`{}` has {bytes} bytes; it may have {most}", .field.name())]
    FieldTooLong {
        /// Which one.
        field: Field,
        /// Its bytes.
        bytes: usize,
        /// The bytes that it may have.
        most: usize,
    },
    /// All fields together are too long.
    #[error("the metadata has {bytes} bytes; it may have {MAX_BYTES}")]
    TooLong {
        /// The bytes of all names and values.
        bytes: usize,
    },
}

impl Original {
    /// Reads the value of the field. Quotes around an ETag alone are taken off.
    pub fn read(value: &str) -> Self {
        let (etag, version) = match value.split_once(' ') {
            Some((etag, version)) => (etag, Some(version.to_owned())),
            None => (value, None),
        };
        Self {
            etag: etag.trim_matches('"').to_owned(),
            version,
        }
    }
}

impl fmt::Display for Original {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.etag)?;
        match &self.version {
            Some(version) => write!(f, " {version}"),
            None => Ok(()),
        }
    }
}

impl Redirect {
    /// Redirects to an address. Characters that no URI may hold are encoded.
    pub fn to(address: &str, status: Status) -> Self {
        Self {
            location: encode_address(address),
            status,
        }
    }

    /// Returns the address, as the metadata has it.
    pub fn location(&self) -> &str {
        &self.location
    }
}

impl Status {
    const ALL: [Self; 5] = [
        Self::MovedPermanently,
        Self::Found,
        Self::SeeOther,
        Self::TemporaryRedirect,
        Self::PermanentRedirect,
    ];

    /// Returns its number.
    pub const fn code(self) -> u16 {
        match self {
            Self::MovedPermanently => 301,
            Self::Found => 302,
            Self::SeeOther => 303,
            Self::TemporaryRedirect => 307,
            Self::PermanentRedirect => 308,
        }
    }

    /// Reads a status; what is none of a redirect is 301.
    fn read(text: &str) -> Self {
        let named = |status: &Self| status.code().to_string() == text;
        Self::ALL.into_iter().find(named).unwrap_or_default()
    }
}

impl Metadata {
    /// Returns the user metadata of the object, by name. A status is stored where it is not 301.
    ///
    /// # Errors
    /// A value that no header can carry, or that is too long.
    pub fn write(&self) -> Result<BTreeMap<String, String>, WriteError> {
        let mut values = BTreeMap::new();
        if let Some(policy) = &self.policy {
            values.insert(Field::Policy, policy.clone());
        }
        if !self.headers.is_empty() {
            // Maps of text always have a JSON form.
            let json = serde_json::to_string(&self.headers).unwrap_or_default();
            values.insert(Field::Headers, json);
        }
        if let Some(Redirect { location, status }) = &self.redirect {
            values.insert(Field::Location, location.clone());
            if *status != Status::default() {
                values.insert(Field::Status, status.code().to_string());
            }
        }
        if let Some(original) = &self.original {
            values.insert(Field::Original, original.to_string());
        }
        for (field, value) in &values {
            check(*field, value)?;
        }
        let bytes = values
            .iter()
            .map(|(field, value)| field.name().len() + value.len())
            .sum();
        if bytes > MAX_BYTES {
            return Err(WriteError::TooLong { bytes });
        }
        let named = values.into_iter();
        Ok(named
            .map(|(field, value)| (field.name().to_owned(), value))
            .collect())
    }

    /// Reads the metadata of an object; `value` returns that of a field. What makes no sense is left
    /// out.
    pub fn read<'a>(value: impl Fn(Field) -> Option<&'a str>) -> Self {
        let headers = value(Field::Headers).and_then(|json| serde_json::from_str(json).ok());
        let status = value(Field::Status).map(Status::read);
        let location = value(Field::Location);
        Self {
            policy: value(Field::Policy).map(str::to_owned),
            headers: headers.unwrap_or_default(),
            redirect: location.map(|location| Redirect {
                location: location.to_owned(),
                status: status.unwrap_or_default(),
            }),
            original: value(Field::Original).map(Original::read),
        }
    }
}

fn check(field: Field, value: &str) -> Result<(), WriteError> {
    if !is_header_value(value) {
        return Err(WriteError::NotAHeaderValue(field));
    }
    let most = match field {
        Field::Policy => MAX_POLICY_BYTES,
        Field::Location => MAX_LOCATION_BYTES,
        Field::Original => MAX_ORIGINAL_BYTES,
        Field::Headers | Field::Status => MAX_BYTES,
    };
    let bytes = value.len();
    if bytes > most {
        return Err(WriteError::FieldTooLong { field, bytes, most });
    }
    Ok(())
}
