//! What is over a limit is refused by its header: nothing is decoded, and no memory is taken for it. It is counted,
//! since how long something takes depends on what else a machine does.

use peak_alloc::PeakAlloc;
use quillfront_images::thumbnail::transform::Transform;
use quillfront_images::thumbnail::{Limits, ThumbnailError, make};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const MOST_BYTES: usize = 1 << 20;

/// The beginning of a picture that is too large, in every format.
fn originals() -> Vec<(&'static str, Vec<u8>)> {
    // Fifty megabytes of profile before the frame header.
    let profile = [&b"\xff\xe2\xff\xffICC_PROFILE\0\x01\xff"[..], &[7; 65_519]].concat();
    let jpeg = [
        b"\xff\xd8".to_vec(),
        profile.repeat(750),
        b"\xff\xc0\0\x11\x08\xff\xff\xff\xff\x03\x01\x11\0\x02\x11\0\x03\x11\0".to_vec(),
        vec![0; 10_000],
    ];
    let png = |side: u32| {
        let side = side.to_be_bytes();
        let header = [
            &b"\0\0\0\x0dIHDR"[..],
            &side,
            &side,
            b"\x08\x06\0\0\0\0\0\0\0",
        ];
        [&b"\x89PNG\r\n\x1a\n"[..], &header.concat(), &[0; 10_000]].concat()
    };
    let mut avif = include_bytes!("avif/420.avif").to_vec();
    let size = avif.windows(4).position(|four| four == b"ispe");
    let size = size.expect("a box of the size") + 8;
    avif[size..size + 8].copy_from_slice(&[0, 0, 0x7f, 0, 0, 0, 0x7f, 0]);
    let ico = [
        &b"\0\0\x01\0\x01\0\0\0\0\0\x01\0\x20\0\0\x27\0\0\x16\0\0\0"[..],
        &png(50_000),
    ];
    // 60 frames of a million pixels each, in a few bytes.
    let frame = b"\x2c\0\0\0\0\xe8\x03\xe8\x03\0\x02\x01\x05\0";
    let animation = [
        &b"GIF89a\xe8\x03\xe8\x03\x80\0\0\0\0\0\xff\xff\xff"[..],
        &frame.repeat(60),
    ];
    vec![
        ("bytes", vec![0xff; 100_000_001]),
        ("jpeg", jpeg.concat()),
        ("png", png(20_000)),
        ("gif", b"GIF89a\xff\xff\xff\xff\0\0\0".to_vec()),
        (
            "webp",
            b"RIFF\0\x01\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\xff\x3f\0\xff\x3f\0".to_vec(),
        ),
        (
            "lossless webp",
            b"RIFF\0\x01\0\0WEBPVP8L\x0a\0\0\0\x2f\xff\xff\xff\x0f\0\0\0\0\0".to_vec(),
        ),
        ("avif", avif),
        (
            "bmp",
            b"BM\0\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0\0\0\x01\0\0\0\x01\0\x01\0\x18\0".to_vec(),
        ),
        ("ico", ico.concat()),
        ("animation", animation.concat()),
    ]
}

#[test]
fn what_is_over_a_limit_takes_no_memory() {
    let wanted = Transform {
        anim: true,
        ..Transform::default()
    };
    for (name, bytes) in originals() {
        MEMORY.reset_peak_usage();
        let before = MEMORY.current_usage();
        let answer = make(&bytes, &wanted, &Limits::default());
        let taken = MEMORY.peak_usage() - before;
        let is_refused = matches!(
            answer,
            Err(ThumbnailError::TooLarge(_) | ThumbnailError::ResultTooLarge(_))
        );
        assert!(is_refused, "{name}: {answer:?}");
        assert!(taken < MOST_BYTES, "{name} takes {taken} bytes");
    }
}
