//! Pictures that are damaged or lie. Each comes to an end, with an answer or an error.

use super::tests::halves;
use super::*;
use image::ImageFormat;
use proptest::prelude::*;

const FORMATS: [ImageFormat; 4] = [
    ImageFormat::Jpeg,
    ImageFormat::Png,
    ImageFormat::Gif,
    ImageFormat::WebP,
];

/// Does everything with it that a site can.
fn try_all(bytes: &[u8]) {
    let _ = probe(bytes);
    if let Ok(picture) = Picture::decode(bytes)
        && picture.pixel_count() < 100_000
    {
        let job = Job {
            resize: Resize::Fill(5, 4),
            encoding: Encoding::Png,
            filter: Filter::default(),
        };
        picture.make(&job).unwrap();
    }
}

#[test]
fn a_size_that_is_only_claimed_takes_no_memory() {
    let mut png = halves(4, 4, ImageFormat::Png);
    png[16..24].copy_from_slice(&[0, 1, 0x86, 0xa0, 0, 1, 0x86, 0xa0]);
    let crc = crc32(&png[12..29]);
    png[29..33].copy_from_slice(&crc.to_be_bytes());
    assert!(Picture::decode(&png).is_err());

    let mut gif = halves(4, 4, ImageFormat::Gif);
    gif[6..10].copy_from_slice(&[0xff; 4]);
    assert_eq!(
        Picture::decode(&gif).err(),
        Some(ImageError::TooLarge {
            width: 65_535,
            height: 65_535
        })
    );
    let mut jpeg = halves(4, 4, ImageFormat::Jpeg);
    let frame = jpeg.windows(2).position(|two| two == [0xff, 0xc0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0xff; 4]);
    assert!(Picture::decode(&jpeg).is_err());
}

/// Of a PNG chunk (ISO 3309).
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            let low = crc & 1;
            crc = (crc >> 1) ^ (0xedb8_8320 * low);
        }
    }
    !crc
}

#[test]
fn results_have_a_largest_size() {
    for resize in [
        Resize::Scale(MAX_SIDE + 1, 1),
        Resize::Fill(MAX_SIDE, MAX_SIDE),
        Resize::FitWidth(u32::MAX),
        Resize::FitHeight(u32::MAX),
        Resize::Fit(u32::MAX, 1),
    ] {
        let wide = resize.geometry(u32::MAX, 1);
        let high = resize.geometry(1, u32::MAX);
        let even = resize.geometry(3, 3);
        let refused = [wide, high, even].into_iter().filter(Result::is_err);
        assert!(refused.count() >= 1, "{resize:?}");
    }
    let picture = Picture::decode(&halves(4, 4, ImageFormat::Png)).unwrap();
    let job = Job {
        resize: Resize::Scale(20_000, 20_000),
        encoding: Encoding::Png,
        filter: Filter::default(),
    };
    assert!(matches!(
        picture.make(&job),
        Err(ImageError::ResultTooLarge { .. })
    ));
}

#[test]
fn an_svg_that_nests_or_multiplies_comes_to_an_end() {
    let deep = format!("<svg width=\"1\" height=\"2\">{}", "<g>".repeat(100_000));
    let _ = probe(deep.as_bytes());
    let bomb = "<!DOCTYPE svg [<!ENTITY a \"aaaaaaaaaa\">\n<!ENTITY b \"&a;&a;&a;&a;&a;&a;&a;&a;\">\n\
                <!ENTITY c \"&b;&b;&b;&b;&b;&b;&b;&b;\"><!ENTITY d \"&c;&c;&c;&c;&c;&c;&c;&c;\">\
                <!ENTITY e \"&d;&d;&d;&d;&d;&d;&d;&d;\">]><svg width=\"&e;\">&e;&e;</svg>";
    assert!(probe(bomb.as_bytes()).is_err());
}

/// The parser compares each attribute with each, and copies namespaces.
#[test]
fn an_svg_with_very_many_attributes_or_namespaces_is_refused() {
    let attributes: String = (0..200_000).map(|n| format!(" a{n}=\"\"")).collect();
    let wide = format!("<svg width=\"1\" height=\"2\"{attributes}/>");
    let nested: String = (0..50_000)
        .map(|n| format!("<g xmlns:a{n}=\"b\">"))
        .collect();
    let deep = format!("<svg width=\"1\" height=\"2\">{nested}");
    for (text, what) in [(wide, "attributes"), (deep, "namespaces")] {
        match probe(text.as_bytes()) {
            Err(ImageError::Damaged(told)) => assert!(told.contains(what), "{told}"),
            other => panic!("{other:?}"),
        }
    }
}

/// A chunk of a PNG.
fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let named = [&name[..], data].concat();
    let length = u32::try_from(data.len()).unwrap().to_be_bytes();
    [&length[..], &named, &crc32(&named).to_be_bytes()].concat()
}

/// Texts and profiles are compressed: a few bytes of them can be gigabytes.
#[test]
fn texts_and_large_profiles_of_a_png_are_not_read() {
    let png = halves(4, 4, ImageFormat::Png);
    let plain = Picture::decode(&png).unwrap();
    let text = [b"a\0\0", &vec![7; 70_000][..]].concat();
    let profile = [b"icc\0\0", &vec![7; 300_000][..]].concat();
    // Behind the header, which is 8 + 25 bytes.
    let chunks = [
        chunk(b"zTXt", &text).repeat(40),
        chunk(b"iTXt", &text),
        chunk(b"iCCP", &profile),
    ];
    let stuffed = [&png[..33], &chunks.concat(), &png[33..]].concat();
    assert_eq!(decode::without_texts(&stuffed).as_ref(), png);
    assert_eq!(
        Picture::decode(&stuffed).unwrap().pixel_count(),
        plain.pixel_count()
    );
    assert_eq!(probe(&stuffed), probe(&png));
}

#[test]
fn an_encoder_is_given_as_many_pixels_as_it_can_do_soon() {
    let avif = |speed| Encoding::Avif { quality: 80, speed };
    for (encoding, most) in [
        (avif(1), 2_666_666),
        (avif(4), 5_333_333),
        (avif(5), 10_666_666),
        (avif(10), 32_000_000),
        (Encoding::Webp { quality: None }, 64_000_000),
        (Encoding::Png, MAX_PIXELS),
    ] {
        assert_eq!(encoding.most_pixels(), most, "{encoding:?}");
    }
    let job = Job {
        resize: Resize::Scale(16_383, 6_100),
        encoding: avif(1),
        filter: Filter::default(),
    };
    let picture = Picture::decode(&halves(4, 4, ImageFormat::Png)).unwrap();
    let told = picture.make(&job).unwrap_err().to_string();
    assert!(told.contains("too much for the encoder of avif"), "{told}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_cut_or_spoiled_picture_is_an_answer_or_an_error(
        format in prop::sample::select(FORMATS.to_vec()),
        cut in 0.0..1.0f64,
        spoiled in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
    ) {
        let mut bytes = halves(23, 17, format);
        for (index, byte) in &spoiled {
            let at = index.index(bytes.len());
            bytes[at] = *byte;
        }
        bytes.truncate((bytes.len() as f64 * (0.5 + cut)) as usize);
        try_all(&bytes);
    }

    #[test]
    fn noise_behind_a_known_beginning_is_an_answer_or_an_error(
        start in prop::sample::select(vec![
            &b"\xff\xd8\xff\xe1"[..], b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\x40\0\0\0WEBPVP8X",
            b"RIFF\x40\0\0\0WEBPVP8L", b"\0\0\0\x18ftypavif", b"<svg ", b"\xef\xbb\xbf<?xml", b"",
        ]),
        noise in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        try_all(&[start, &noise].concat());
    }

    #[test]
    fn geometry_is_inside_the_picture(
        width in 1u32..200_000, height in 1u32..200_000, w in 1u32..20_000, h in 1u32..20_000,
    ) {
        for resize in [Resize::Scale(w, h), Resize::FitWidth(w), Resize::FitHeight(h),
                       Resize::Fit(w, h), Resize::Fill(w, h)] {
            let Ok(found) = resize.geometry(width, height) else { continue };
            let (left, top, cut_width, cut_height) = found.crop;
            prop_assert!(cut_width > 0 && cut_height > 0 && found.width > 0 && found.height > 0);
            prop_assert!(left + cut_width <= width && top + cut_height <= height);
        }
    }
}
