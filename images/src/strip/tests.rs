//! The pictures of `tests/leaks/` are made by Pillow and exiftool (`make.py` there): whatever they tell has
//! `SECRET` in it, or is a position.

use super::*;
use crate::probe;
use ::exif::{In, Reader, Tag, Value};
use proptest::prelude::*;
use std::io::Cursor;

macro_rules! pictures {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_bytes!(concat!("../../tests/leaks/", $name)).as_slice())),*]
    };
}

const PICTURES: [(&str, &[u8]); 15] = pictures![
    "camera.jpg",
    "camera-big-endian.jpg",
    "words.jpg",
    "xmp.jpg",
    "moving.jpg",
    "hdr.jpg",
    "camera.png",
    "camera.webp",
    "camera-lossy.webp",
    "camera.gif",
    "camera.avif",
    "camera.heic",
    "animation.avif",
    "plain.jpg",
    "hdr-plain.jpg",
];

fn picture(name: &str) -> &'static [u8] {
    PICTURES.iter().find(|(of, _)| *of == name).unwrap().1
}

fn stripped(name: &str) -> Vec<u8> {
    strip(picture(name)).unwrap().unwrap()
}

fn has(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|part| part == text.as_bytes())
}

/// The fields of EXIF, in their order.
fn fields(bytes: &[u8]) -> Vec<String> {
    let Ok(read) = Reader::new().read_from_container(&mut Cursor::new(bytes)) else {
        return Vec::new();
    };
    read.fields()
        .map(|field| {
            format!(
                "{} {:?} {}",
                field.tag,
                field.ifd_num,
                field.display_value()
            )
        })
        .collect()
}

#[test]
fn nothing_secret_is_left() {
    for (name, bytes) in PICTURES {
        let is_plain = name.contains("plain");
        assert_eq!(leaks(bytes).is_some(), !is_plain, "{name}");
        let Some(new) = strip(bytes).unwrap() else {
            assert!(is_plain, "{name}");
            continue;
        };
        for secret in ["SECRET", "GPSL", "5EC4E7", "xyz+52"] {
            assert!(!has(&new, secret), "{name} still has {secret}");
        }
        assert!(
            !fields(&new).iter().any(|field| field.starts_with("GPS")),
            "{name}"
        );
        assert_eq!(strip(&new), Ok(None), "{name} is not stripped at once");
        assert_eq!(leaks(&new), None, "{name}");
        assert_eq!(probe(&new), probe(bytes), "{name}");
    }
}

#[test]
fn pixels_colour_and_orientation_are_as_they_were() {
    use image::{AnimationDecoder, ImageDecoder, ImageReader};
    let read = |bytes: &[u8]| {
        let open = || {
            ImageReader::new(Cursor::new(bytes.to_vec()))
                .with_guessed_format()
                .unwrap()
        };
        let mut decoder = open().into_decoder().unwrap();
        let profile = decoder.icc_profile().unwrap();
        let orientation = decoder.orientation().unwrap();
        (open().decode().unwrap().into_bytes(), profile, orientation)
    };
    for (name, bytes) in PICTURES {
        if [".avif", ".heic"].iter().any(|end| name.ends_with(end)) {
            continue;
        }
        let new = strip(bytes).unwrap().unwrap_or(bytes.to_vec());
        assert_eq!(read(&new), read(bytes), "{name}");
    }
    let frames = |bytes: &[u8]| {
        let decoder = image::codecs::gif::GifDecoder::new(Cursor::new(bytes.to_vec())).unwrap();
        let frames = decoder.into_frames().collect_frames().unwrap();
        frames
            .into_iter()
            .map(|frame| frame.into_buffer().into_raw())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        frames(&stripped("camera.gif")),
        frames(picture("camera.gif"))
    );
    assert_eq!(frames(picture("camera.gif")).len(), 2);
}

/// Their decoders read no metadata: it is enough that nothing else is another byte.
#[test]
fn only_the_metadata_of_avif_and_heic_are_overwritten() {
    for name in ["camera.avif", "camera.heic", "animation.avif"] {
        let (old, new) = (picture(name), stripped(name));
        assert_eq!(old.len(), new.len());
        let changed: Vec<usize> = (0..old.len()).filter(|at| old[*at] != new[*at]).collect();
        let find = |text: &str| {
            old.windows(text.len())
                .position(|part| part == text.as_bytes())
        };
        let exif = find("II*\0").or(find("MM\0*")).unwrap();
        let xmp = find("<?xpacket begin");
        let exif_end = exif + 2000;
        let is_metadata = |at: &usize| {
            (exif.saturating_sub(10)..exif_end).contains(at)
                || xmp.is_some_and(|xmp| (xmp..xmp + 2000).contains(at))
        };
        assert!(changed.iter().all(is_metadata), "{name}: {changed:?}");
        assert!(!changed.is_empty());
    }
}

#[test]
fn what_is_not_secret_stays_in_the_same_words() {
    let names = [
        "Orientation",
        "DateTimeOriginal",
        "OffsetTimeOriginal",
        "ImageDescription",
        "Make",
        "Model",
        "Artist",
        "Copyright",
        "ExposureTime",
        "FNumber",
        "PhotographicSensitivity",
        "FocalLength",
        "LensModel",
        "ColorSpace",
        "InteroperabilityIndex",
    ];
    for name in [
        "camera.jpg",
        "camera-big-endian.jpg",
        "camera.png",
        "camera.webp",
        "camera-lossy.webp",
        "camera.avif",
        "camera.heic",
    ] {
        let old = fields(picture(name));
        let new = fields(&stripped(name));
        assert!(
            new.iter().all(|field| old.contains(field)),
            "{name}: {new:#?}"
        );
        for wanted in names {
            let is_it = |field: &&String| field.starts_with(&format!("{wanted} "));
            // Pillow writes no orientation into the EXIF of an AVIF.
            let expected = usize::from(!(name == "camera.avif" && wanted == "Orientation"));
            assert_eq!(
                new.iter().filter(is_it).count(),
                expected,
                "{name}: {wanted}"
            );
        }
        let gone: Vec<&String> = old.iter().filter(|field| !new.contains(field)).collect();
        let is_told = |field: &&&String| {
            [
                "GPS", "Tag(", "Body", "Lens", "Camera", "UserC", "ImageU", "Maker",
            ]
            .iter()
            .any(|start| field.starts_with(start))
        };
        let others: Vec<_> = gone
            .iter()
            .filter(|field| !is_told(field) && field.contains("In(0)"))
            .collect();
        assert!(others.is_empty(), "{name}: {others:?}");
    }
}

#[test]
fn it_is_told_what_there_was() {
    let all = Leaks {
        position: true,
        serial_numbers: true,
        people: true,
        thumbnail: true,
        appended: false,
        unread: true,
    };
    let none = Leaks::default();
    for (name, expected) in [
        ("camera.jpg", all),
        ("camera.png", all),
        ("camera.heic", all),
        (
            "words.jpg",
            Leaks {
                position: true,
                ..none
            },
        ),
        (
            "xmp.jpg",
            Leaks {
                position: true,
                serial_numbers: true,
                ..none
            },
        ),
        (
            "moving.jpg",
            Leaks {
                appended: true,
                ..none
            },
        ),
        (
            "camera.gif",
            Leaks {
                position: true,
                ..none
            },
        ),
        (
            "animation.avif",
            Leaks {
                position: true,
                serial_numbers: true,
                ..none
            },
        ),
    ] {
        assert_eq!(leaks(picture(name)), Some(expected), "{name}");
    }
    for other in [
        &b"<svg/>"[..],
        b"",
        b"\xff\xd8",
        b"BM",
        b"II*\0",
        b"\x89PNG\r\n\x1a\n",
    ] {
        assert_eq!(leaks(other), None);
    }
    assert!(strip(b"\x89PNG\r\n\x1a\n\0\0").is_err());
    assert_eq!(strip(b"<svg/>"), Ok(None));
}

/// What is said of the author only where more is taken out goes over into EXIF.
#[test]
fn credit_is_carried_over() {
    let text = |bytes: &[u8], tag: Tag| {
        let read = Reader::new()
            .read_from_container(&mut Cursor::new(bytes))
            .unwrap();
        let Value::Ascii(parts) = &read.get_field(tag, In::PRIMARY).unwrap().value else {
            panic!()
        };
        String::from_utf8(parts[0].clone()).unwrap()
    };
    for (name, artist, copyright) in [
        ("xmp.jpg", "Ada; Bob", "© Ada 2026"),
        ("words.jpg", "Cleo", "(c) Cleo"),
        // It was there.
        ("camera.jpg", "Ada", "(c) Ada"),
    ] {
        let new = stripped(name);
        assert_eq!(text(&new, Tag::Artist), artist, "{name}");
        assert_eq!(text(&new, Tag::Copyright), copyright, "{name}");
    }
}

/// The second picture stays behind the first one, and the index and the packet say where.
#[test]
fn a_gain_map_stays_where_its_index_says() {
    let old = picture("hdr.jpg");
    let new = stripped("hdr.jpg");
    assert!(has(&new, "Item:Semantic=\"GainMap\""));
    let places = |bytes: &[u8]| {
        let at = bytes
            .windows(8)
            .position(|part| part == b"MPF\0MM\0*")
            .unwrap()
            + 4;
        let long = |at: usize| u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        let entries = at + 50;
        (
            long(entries + 4),
            long(entries + 16 + 4),
            at + long(entries + 16 + 8),
        )
    };
    for bytes in [old, &new] {
        let (first, second, start) = places(bytes);
        assert_eq!((first, first + second), (start, bytes.len()));
        assert!(bytes[start..].starts_with(&[0xff, 0xd8, 0xff]));
        assert_eq!(bytes[start - 2..start], [0xff, 0xd9]);
        let gain_map = image::load_from_memory(&bytes[start..]).unwrap();
        assert_eq!((gain_map.width(), gain_map.height()), (12, 8));
    }
    // Where anything else is behind it, none of it is kept that was behind the gain map.
    let film = [old, b"\0\0\0\x10ftypmp42SECRET"].concat();
    assert_eq!(strip(&film).unwrap().unwrap(), new);
    assert!(leaks(&film).unwrap().appended);
    // An index of more pictures than there are leads to nothing.
    let (_, second, _) = places(old);
    let cut = &old[..old.len() - second];
    assert!(!has(&strip(cut).unwrap().unwrap(), "MPF\0"));
}

fn segment(marker: u8, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len() + 2).unwrap().to_be_bytes();
    [&[0xff, marker], &length[..], data].concat()
}

/// A JPEG with a segment more.
fn with(segments: &[Vec<u8>]) -> Vec<u8> {
    let plain = picture("plain.jpg");
    [&plain[..2], &segments.concat(), &plain[2..]].concat()
}

#[test]
fn other_segments_go() {
    let plain = picture("plain.jpg");
    let jfif = [&b"JFIF\0\x01\x01\0\0\x01\0\x01\x01\x01"[..], b"SEC"].concat();
    for secret in [
        segment(0xe1, b"http://ns.adobe.com/xmp/extension/\0SECRET"),
        segment(0xe1, b"Exif\0\0SECRET"),
        segment(0xe2, b"FPXR\0SECRET"),
        segment(0xe4, b"SECRET"),
        segment(0xeb, b"JP\0\0SECRET"),
        segment(0xec, b"Ducky\0\x01\0\x04\0\0\0\x50\0\x03SECRET"),
        segment(0xed, b"Photoshop 3.0\08BIM\x04\x0c\0\0\0\0\0\x06SECRET"),
        segment(0xed, b"Photoshop 3.0\0SECRET"),
        segment(0xfe, b"GPS SECRET"),
        segment(0xe0, b"JFXX\0SECRET"),
    ] {
        let new = strip(&with(&[secret.clone()])).unwrap();
        assert_eq!(
            new.as_deref(),
            Some(plain),
            "{:?}",
            String::from_utf8_lossy(&secret)
        );
    }
    let new = strip(&with(&[segment(0xe0, &jfif)])).unwrap().unwrap();
    assert_eq!(
        new,
        with(&[segment(0xe0, &[&jfif[..12], &[0, 0]].concat())])
    );
    for kept in [
        segment(0xe2, b"ICC_PROFILE\0\x01\x01abc"),
        segment(0xec, b"Ducky\0\x01\0\x04\0\0\0\x50"),
        segment(0xee, b"Adobe\0\x64\0\0\0\0\x01"),
        segment(0xfe, b"Made by hand"),
        segment(0xed, b"Photoshop 3.0\08BIM\x03\xed\0\0\0\0\0\x02ab"),
        segment(
            0xed,
            b"Photoshop 3.0\08BIM\x04\x04\0\0\0\0\0\x08\x1c\x02\x74\0\x03(c)",
        ),
    ] {
        assert_eq!(strip(&with(&[kept])), Ok(None));
    }
}

/// A block of EXIF with entries (tag, kind, count, value or offset), in the order of bytes of Motorola.
fn block(entries: &[(u16, u16, u32, u32)], behind: &[u8]) -> Vec<u8> {
    let mut block = b"MM\0*\0\0\0\x08".to_vec();
    block.extend((entries.len() as u16).to_be_bytes());
    for (tag, kind, count, value) in entries {
        block.extend(tag.to_be_bytes());
        block.extend(kind.to_be_bytes());
        block.extend(count.to_be_bytes());
        block.extend(value.to_be_bytes());
    }
    block.extend([0; 4]);
    block.extend(behind);
    block
}

fn stripped_block(block: &[u8]) -> Option<Vec<u8>> {
    let new = strip(&with(&[segment(0xe1, &[b"Exif\0\0", block].concat())])).unwrap()?;
    assert_eq!(strip(&new), Ok(None));
    let at = new.windows(6).position(|part| part == b"Exif\0\0");
    let Some(at) = at else {
        return Some(Vec::new());
    };
    let length = usize::from(u16::from_be_bytes([new[at - 2], new[at - 1]]));
    Some(new[at + 6..at - 2 + length].to_vec())
}

const TURNED: (u16, u16, u32, u32) = (0x0112, 3, 1, 6 << 16);

#[test]
fn of_damaged_exif_the_orientation_stays() {
    let turned = block(&[TURNED], b"");
    assert_eq!(stripped_block(&turned), None);
    for damaged in [
        // Its value is outside, of no kind, there twice.
        block(&[TURNED, (0x010e, 2, 900, 900)], b""),
        block(&[TURNED, (0x010e, 99, 1, 0)], b""),
        block(&[TURNED, (0x0112, 3, 1, 1 << 16)], b""),
        // A directory is outside, is the first one, has no end.
        block(&[TURNED, (0x8769, 4, 1, 900)], b""),
        block(&[TURNED, (0x8769, 4, 1, 8)], b""),
        block(&[TURNED, (0x8825, 4, 1, 900)], b""),
        block(&[TURNED, (0x8769, 4, 1, 38)], b"\xff\xff"),
        // Something is behind it that no field has.
        block(&[TURNED], b"SECRET SECRET"),
        block(&[TURNED], b"")[..24].to_vec(),
    ] {
        assert_eq!(
            stripped_block(&damaged).as_ref(),
            Some(&turned),
            "{damaged:?}"
        );
    }
    for lost in [
        &b""[..],
        b"II",
        b"MM\0*",
        b"MM\0*\0\0\0\x08\0\x01\x01\x12",
        b"SECRET",
    ] {
        let block = [lost, b"\x01"].concat();
        assert_eq!(stripped_block(&block), Some(Vec::new()));
    }
}

/// Values may lie upon each other, and directories point to the same one.
#[test]
fn exif_does_not_grow() {
    let many: Vec<(u16, u16, u32, u32)> = (0x0100..0x0300).map(|tag| (tag, 7, 5000, 8)).collect();
    let new = stripped_block(&block(&many, &[7; 5000])).unwrap();
    assert!(new.len() < 20_000, "{}", new.len());
    let pointers = vec![(0x8769, 4, 1, 8); 5000];
    assert_eq!(stripped_block(&block(&pointers, b"")), Some(Vec::new()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_spoiled_picture_is_stripped_at_once_or_an_error(
        number in 0..PICTURES.len(),
        cut in prop::option::weighted(0.2, 0.0..1.0f64),
        spoiled in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
    ) {
        let mut bytes = PICTURES[number].1.to_vec();
        for (index, byte) in &spoiled {
            let at = index.index(bytes.len());
            bytes[at] = *byte;
        }
        if let Some(cut) = cut {
            bytes.truncate((bytes.len() as f64 * cut) as usize);
        }
        if let Ok(Some(new)) = strip(&bytes) {
            prop_assert!(leaks(&bytes).is_some());
            prop_assert_eq!(leaks(&new), None);
            prop_assert_eq!(strip(&new), Ok(None));
            prop_assert!(new.len() <= bytes.len() + 2_000);
        } else {
            prop_assert_eq!(leaks(&bytes), None);
        }
    }
}
