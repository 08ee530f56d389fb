//! What each container has of its own.

use super::*;

/// A chunk of a PNG; nobody reads its check sum here.
fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap().to_be_bytes();
    [&length[..], name, data, &[0; 4]].concat()
}

#[test]
fn texts_of_a_png_go_where_they_tell() {
    let plain = stripped("camera.png");
    let with = |chunk: Vec<u8>| [&plain[..33], &chunk, &plain[33..]].concat();
    for secret in [
        chunk(b"tEXt", b"Raw profile type exif\0SECRET"),
        chunk(b"zTXt", b"Raw profile type APP1\0\0SECRET"),
        chunk(b"tEXt", b"exif:GPSLatitude\x0052/1"),
        chunk(b"tEXt", b"Comment\0GPS: SECRET"),
        chunk(b"iTXt", b"XML:com.adobe.xmp\0\x01\0\0\0SECRET"),
        chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0SECRET"),
        chunk(b"caBX", b"SECRET"),
        chunk(b"zxIf", b"SECRET"),
    ] {
        assert_eq!(strip(&with(secret)).unwrap().unwrap(), plain);
    }
    // Its own block is the second one then.
    let second = strip(&with(chunk(b"eXIf", b"SECRET"))).unwrap().unwrap();
    assert!(!has(&second, "SECRET") && fields(&second).is_empty());
    for kept in [
        chunk(b"tEXt", b"Copyright\0(c) Ada"),
        chunk(b"tEXt", b"Raw profile type icc\0abc"),
        chunk(b"pHYs", b"\0\0\0\x01\0\0\0\x01\x01"),
    ] {
        assert_eq!(strip(&with(kept)), Ok(None));
    }
    let appended = [&plain[..], b"SECRET"].concat();
    assert_eq!(strip(&appended).unwrap().unwrap(), plain);
}

/// The flags of `VP8X`, and the length of the file, are those of what is in it.
#[test]
fn a_webp_says_which_metadata_it_has() {
    for name in ["camera.webp", "camera-lossy.webp"] {
        let (old, new) = (picture(name), stripped(name));
        let flags = |bytes: &[u8]| {
            assert_eq!(&bytes[12..16], b"VP8X");
            bytes[20] & 0x0c
        };
        assert_eq!((flags(old), flags(&new)), (0x0c, 0x08), "{name}");
        let length = u32::from_le_bytes(new[4..8].try_into().unwrap());
        assert_eq!(length as usize + 8, new.len());
        let appended = [&new[..], b"SECRET"].concat();
        assert_eq!(strip(&appended).unwrap().unwrap(), new);
    }
}

#[test]
fn comments_of_a_gif_go_where_they_tell() {
    let plain = stripped("camera.gif");
    assert!(has(&plain, "A cat"));
    let end = plain.len() - 1;
    let with = |block: &[u8]| [&plain[..end], block, &plain[end..]].concat();
    assert_eq!(
        strip(&with(b"\x21\xfe\x0aGPS SECRET\0")).unwrap().unwrap(),
        plain
    );
    assert_eq!(strip(&with(b"\x21\xfe\x04Made\0")), Ok(None));
    let appended = [&plain[..], b"SECRET"].concat();
    assert_eq!(strip(&appended).unwrap().unwrap(), plain);
}

#[test]
fn boxes_of_a_heif_are_emptied_where_they_stand() {
    let plain = stripped("camera.avif");
    for (name, is_film) in [(b"uuid", false), (b"mpvd", true), (b"sefd", false)] {
        let boxed = [&[0, 0, 0, 14], &name[..], b"SECRET"].concat();
        let old = [&plain[..], &boxed].concat();
        let new = strip(&old).unwrap().unwrap();
        assert_eq!(new, [&plain[..], b"\0\0\0\x0efree\0\0\0\0\0\0"].concat());
        assert_eq!(leaks(&old).unwrap().appended, is_film);
    }
}

/// An item of metadata that lies upon the pixels cannot be overwritten.
#[test]
fn pixels_are_never_overwritten() {
    let old = picture("camera.avif");
    let iloc = old.windows(4).position(|part| part == b"iloc").unwrap();
    // Version 0, offsets and lengths of four bytes each, without a base: 14 bytes an item.
    assert_eq!(old[iloc + 4..iloc + 12], [0, 0, 0, 0, 0x44, 0, 0, 3]);
    let entry = |number: usize| iloc + 12 + 14 * number;
    let mut upon = old.to_vec();
    upon.copy_within(entry(0) + 6..entry(0) + 10, entry(1) + 6);
    assert!(strip(&upon).is_err());
    // Nor is anything else that is no data.
    let mut outside = old.to_vec();
    outside[entry(1) + 6..entry(1) + 14].copy_from_slice(&[0, 0, 0, 0, 0, 0, 0, 20]);
    assert!(strip(&outside).is_err());
}
