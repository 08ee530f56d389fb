//! What is read of EXIF data. Damage in it is no reason not to show a picture: it is as if it were not there.

use image::metadata::Orientation;

/// Bytes of EXIF data that are looked into. A JPEG has no room for more.
const MAX_BYTES: usize = 64 << 10;
/// Characters of a copyright notice that are kept.
const MAX_NOTICE_CHARS: usize = 1_000;

/// Returns how a picture is to be turned.
pub(super) fn orientation(exif: Option<&[u8]>) -> Orientation {
    exif.filter(|exif| exif.len() <= MAX_BYTES)
        .and_then(Orientation::from_exif_chunk)
        .unwrap_or(Orientation::NoTransforms)
}

/// Returns the copyright notice, of the photographer and of the editor (EXIF 2.32, tag 33432).
pub(super) fn copyright(exif: &[u8]) -> Option<String> {
    if exif.len() > MAX_BYTES {
        return None;
    }
    let read = exif::Reader::new().read_raw(exif.to_vec()).ok()?;
    let field = read.get_field(exif::Tag::Copyright, exif::In::PRIMARY)?;
    let exif::Value::Ascii(parts) = &field.value else {
        return None;
    };
    let texts: Vec<String> = parts.iter().map(|part| plain(part)).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let notice: Vec<&str> = texts.into_iter().filter(|text| !text.is_empty()).collect();
    let notice: String = notice.join("; ").chars().take(MAX_NOTICE_CHARS).collect();
    (!notice.is_empty()).then_some(notice)
}

/// The text without control characters.
fn plain(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = text.replace(char::is_control, " ");
    text.trim().to_owned()
}

/// Returns EXIF data without the mark that stands before it in a JPEG, and that some writers put before it
/// elsewhere.
pub(super) fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"Exif\0\0").unwrap_or(bytes)
}
