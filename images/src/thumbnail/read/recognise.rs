//! Which format a file has, by its first bytes. Its name says nothing.

use super::super::ThumbnailError;
use super::super::original::OriginalFormat;

/// Beginnings of files that are read.
const READ: [(&[u8], OriginalFormat); 6] = [
    (b"\xff\xd8\xff", OriginalFormat::Jpeg),
    (b"\x89PNG\r\n\x1a\n", OriginalFormat::Png),
    (b"GIF87a", OriginalFormat::Gif),
    (b"GIF89a", OriginalFormat::Gif),
    (b"\0\0\x01\0", OriginalFormat::Ico),
    (b"BM", OriginalFormat::Bmp),
];

/// Beginnings of files that are known and not read.
const NAMED: [(&[u8], &str); 24] = [
    (b"\xff\x0a", "a JPEG XL picture"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "a JPEG XL picture"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "a JPEG 2000 picture"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 picture"),
    (b"II\xbc\x01", "a JPEG XR picture"),
    (b"IIRO", "a RAW picture of a camera"),
    (b"IIRS", "a RAW picture of a camera"),
    (b"MMOR", "a RAW picture of a camera"),
    (b"IIU\0", "a RAW picture of a camera"),
    (b"FUJIFILMCCD-RAW", "a RAW picture of a camera"),
    (b"\0MRM", "a RAW picture of a camera"),
    (b"FOVb", "a RAW picture of a camera"),
    (b"II*\0", "a TIFF or RAW picture"),
    (b"MM\0*", "a TIFF or RAW picture"),
    (b"II+\0", "a TIFF picture"),
    (b"MM\0+", "a TIFF picture"),
    (b"%PDF-", "a PDF document"),
    (b"%!PS", "an EPS drawing"),
    (b"\xc5\xd0\xd3\xc6", "an EPS drawing"),
    (b"8BPS", "a Photoshop document"),
    (b"gimp xcf", "a GIMP document"),
    (b"\x8aMNG", "an MNG animation"),
    (b"\0\0\x02\0", "a cursor"),
    (b"v/1\x01", "an OpenEXR picture"),
];

/// Bytes in which the brands of a file are looked for.
const MAX_BRAND_BYTES: usize = 512;
/// Bytes in which the root element of an SVG is looked for.
const MAX_PROLOG_BYTES: usize = 64 << 10;

/// Returns the format.
pub(super) fn format(bytes: &[u8]) -> Result<OriginalFormat, ThumbnailError> {
    if let Some((_, format)) = READ.iter().find(|(start, _)| bytes.starts_with(start)) {
        return Ok(*format);
    }
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        return Ok(OriginalFormat::Webp);
    }
    if bytes.get(4..8) == Some(b"ftyp") {
        return of_brands(bytes);
    }
    if bytes.starts_with(b"II*\0") && bytes.get(8..10) == Some(b"CR") {
        return Err(ThumbnailError::Unsupported("a RAW picture of a camera"));
    }
    if is_svg(bytes) {
        return Err(ThumbnailError::Unsupported("an SVG drawing"));
    }
    let named = NAMED.iter().find(|(start, _)| bytes.starts_with(start));
    Err(named.map_or(ThumbnailError::NotAPicture, |(_, name)| {
        ThumbnailError::Unsupported(name)
    }))
}

/// Returns the format of a file of the HEIF family, by its brands (ISO/IEC 14496-12, section 4.3).
fn of_brands(bytes: &[u8]) -> Result<OriginalFormat, ThumbnailError> {
    let size = match bytes.get(..4) {
        Some(&[a, b, c, d]) => u32::from_be_bytes([a, b, c, d]) as usize,
        _ => 0,
    };
    let end = size.min(MAX_BRAND_BYTES).min(bytes.len());
    let brands = bytes.get(8..end).unwrap_or_default();
    // The second word is a version, and no brand.
    let has = |names: &[&[u8; 4]]| {
        let mut words = brands.chunks_exact(4);
        words.any(|word| names.iter().any(|name| word == *name))
    };
    if has(&[b"avif", b"avis"]) {
        return Ok(OriginalFormat::Avif);
    }
    Err(
        if has(&[b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis"]) {
            ThumbnailError::Unsupported("a HEIC picture")
        } else if has(&[b"crx "]) {
            ThumbnailError::Unsupported("a RAW picture of a camera")
        } else if has(&[b"mif1", b"msf1", b"mif2"]) {
            ThumbnailError::Unsupported("a HEIF picture")
        } else {
            ThumbnailError::NotAPicture
        },
    )
}

/// Returns true where the file is an SVG drawing: XML whose first element is `svg`.
pub(crate) fn is_svg(bytes: &[u8]) -> bool {
    if !crate::svg::looks_like_it(bytes) {
        return false;
    }
    let prolog = &bytes[..bytes.len().min(MAX_PROLOG_BYTES)];
    let mut rest = prolog;
    while let Some(at) = memchr::memchr(b'<', rest) {
        rest = &rest[at + 1..];
        let end: &[u8] = match rest {
            [b'?', ..] => b"?>",
            [b'!', b'-', b'-', ..] => b"-->",
            // A declaration ends behind its own brackets, with or without `[`.
            [b'!', ..] if declares_inside(rest) => b"]>",
            [b'!', ..] => b">",
            _ => {
                let name = rest.split(|b| b.is_ascii_whitespace() || matches!(b, b'>' | b'/'));
                let name = name.into_iter().next().unwrap_or_default();
                let local = name.rsplit(|b| *b == b':').next().unwrap_or_default();
                return local == b"svg";
            }
        };
        match memchr::memmem::find(rest, end) {
            Some(at) => rest = &rest[at + end.len()..],
            None => return false,
        }
    }
    false
}

/// True where a declaration has a part in brackets.
fn declares_inside(declaration: &[u8]) -> bool {
    matches!(memchr::memchr2(b'[', b'>', declaration), Some(at) if declaration[at] == b'[')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_that_is_not_read_is_named() {
        let heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic";
        let raw = b"II*\0\x10\0\0\0CR\x02\0";
        for (bytes, name) in [
            (&heic[..], "a HEIC picture"),
            (b"\0\0\0\x14ftypmif1\0\0\0\0mif1", "a HEIF picture"),
            (raw, "a RAW picture of a camera"),
            (b"MM\0*\0\0\0\x08", "a TIFF or RAW picture"),
            (b"%PDF-1.7\n", "a PDF document"),
            (b"\xff\x0a\xfa\x1f", "a JPEG XL picture"),
            (b"8BPS\0\x01", "a Photoshop document"),
            (
                b"<svg xmlns='http://www.w3.org/2000/svg'/>",
                "an SVG drawing",
            ),
        ] {
            assert_eq!(format(bytes), Err(ThumbnailError::Unsupported(name)));
        }
        for bytes in [
            &b""[..],
            b"GIF",
            b"hello",
            b"\0\0\0\x14ftypisom\0\0\0\0mp42",
            b"<html><svg/></html>",
        ] {
            assert_eq!(format(bytes), Err(ThumbnailError::NotAPicture));
        }
    }

    #[test]
    fn brands_of_avif_win_over_those_of_heif() {
        let both = b"\0\0\0\x1cftypmif1\0\0\0\0mif1avifmiaf";
        assert_eq!(format(both), Ok(OriginalFormat::Avif));
        assert_eq!(
            format(b"\0\0\0\x10ftypavif\0\0\0\0"),
            Ok(OriginalFormat::Avif)
        );
    }

    #[test]
    fn an_svg_is_known_by_its_root() {
        for text in [
            "<svg/>",
            "\u{feff}<?xml version='1.0'?>\n<!-- <html> -->\n<svg width='1'>",
            "<!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' 'svg11.dtd'><svg>",
            "<!DOCTYPE svg [<!ENTITY a '>'>]><s:svg xmlns:s='http://www.w3.org/2000/svg'>",
        ] {
            assert!(is_svg(text.as_bytes()), "{text}");
        }
        for text in ["<svgs/>", "<!-- <svg>", "<a><svg/></a>", "svg", "<"] {
            assert!(!is_svg(text.as_bytes()), "{text}");
        }
    }
}
