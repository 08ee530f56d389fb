//! Whether a picture moves, by its header.

/// Returns whether a GIF, PNG or WebP has more than one frame. Nothing is decoded.
pub fn is_animated(bytes: &[u8]) -> bool {
    if bytes.starts_with(b"GIF8") {
        return gif_frames(bytes).is_none_or(|frames| frames > 1);
    }
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return is_animated_png(bytes);
    }
    // The flags of the extended header (WebP container specification, "Extended File Format").
    const ANIMATION: u8 = 0x02;
    bytes.starts_with(b"RIFF")
        && bytes.get(8..16) == Some(b"WEBPVP8X")
        && bytes.get(20).is_some_and(|flags| flags & ANIMATION != 0)
}

/// Whether an `acTL` stands before the data of the picture (PNG specification, third edition, 11.3.5).
fn is_animated_png(bytes: &[u8]) -> bool {
    let mut at = 8;
    while let Some(&[a, b, c, d, ref name @ ..]) = bytes.get(at..at + 8) {
        match name {
            b"acTL" => return true,
            b"IDAT" => return false,
            _ => at = (at + 12).saturating_add(u32::from_be_bytes([a, b, c, d]) as usize),
        }
    }
    false
}

/// The frames of a GIF, counted up to two (GIF89a specification, appendix B). None where it is cut off.
fn gif_frames(bytes: &[u8]) -> Option<u32> {
    let table = |flags: u8| match flags & 0x80 {
        0 => 0,
        _ => 3 << ((flags & 7) + 1),
    };
    let mut at = 13 + table(*bytes.get(10)?);
    let mut frames = 0;
    loop {
        match *bytes.get(at)? {
            0x2c => {
                frames += 1;
                if frames > 1 {
                    return Some(frames);
                }
                // The descriptor, its colours, and the least size of a code.
                at += 10 + table(*bytes.get(at + 9)?) + 1;
            }
            0x21 => at += 2,
            _ => return Some(frames),
        }
        // Blocks of data, up to an empty one.
        loop {
            let length = usize::from(*bytes.get(at)?);
            at += 1 + length;
            if length == 0 {
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::codecs::gif::GifEncoder;
    use image::{Frame, ImageFormat, RgbaImage};

    fn gif(frames: usize) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = GifEncoder::new(&mut file);
        for _ in 0..frames {
            encoder
                .encode_frame(Frame::new(RgbaImage::new(3, 2)))
                .unwrap();
        }
        drop(encoder);
        file
    }

    #[test]
    fn frames_are_counted_without_decoding() {
        assert!(!is_animated(&gif(1)));
        assert!(is_animated(&gif(2)));
        assert!(is_animated(&gif(2)[..20]), "what is cut off is left alone");
        let still = crate::tests::halves(4, 4, ImageFormat::Png);
        assert!(!is_animated(&still));
        let mut moving = still[..33].to_vec();
        moving.extend([0, 0, 0, 8]);
        moving.extend(b"acTL\0\0\0\x02\0\0\0\0crc!");
        moving.extend(&still[33..]);
        assert!(is_animated(&moving));
        assert!(is_animated(b"RIFF\x20\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0"));
        assert!(!is_animated(b"RIFF\x20\0\0\0WEBPVP8X\x0a\0\0\0\x10\0\0\0"));
        assert!(!is_animated(b"RIFF\x20\0\0\0WEBPVP8L"));
        assert!(!is_animated(b""));
        assert!(!is_animated(b"\x89PNG\r\n\x1a\n\xff\xff\xff\xffzzzz"));
    }
}
