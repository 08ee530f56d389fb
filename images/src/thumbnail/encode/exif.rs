//! EXIF data with nothing in it but the copyright (TIFF 6.0, sections 2 and 8).

/// Returns EXIF data, as it stands in a PNG or WebP.
pub(crate) fn with_copyright(copyright: &str) -> Vec<u8> {
    const COPYRIGHT: u16 = 0x8298;
    const ASCII: u16 = 2;
    let mut text = copyright.as_bytes().to_vec();
    text.push(0);
    let count = text.len() as u32;
    // A value of up to four bytes stands where the place of a longer one would.
    const PLACE: u32 = 8 + 2 + 12 + 4;
    let is_short = text.len() <= 4;
    let value = if is_short {
        let mut value = [0; 4];
        value[..text.len()].copy_from_slice(&text);
        value
    } else {
        PLACE.to_be_bytes()
    };
    let mut exif = b"MM\0*".to_vec();
    exif.extend(8_u32.to_be_bytes());
    exif.extend(1_u16.to_be_bytes());
    exif.extend(COPYRIGHT.to_be_bytes());
    exif.extend(ASCII.to_be_bytes());
    exif.extend(count.to_be_bytes());
    exif.extend(value);
    exif.extend([0; 4]);
    if !is_short {
        exif.extend(text);
    }
    exif
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(exif: Vec<u8>) -> String {
        let read = exif::Reader::new().read_raw(exif).unwrap();
        assert_eq!(read.fields().count(), 1);
        let field = read.get_field(exif::Tag::Copyright, exif::In::PRIMARY);
        let exif::Value::Ascii(parts) = &field.unwrap().value else {
            panic!("not a text");
        };
        String::from_utf8(parts[0].clone()).unwrap()
    }

    #[test]
    fn a_copyright_can_be_read_again() {
        for text in [
            "",
            "me",
            "Ann",
            "Anna",
            "© 2026 Ann Example, all rights reserved",
        ] {
            assert_eq!(read(with_copyright(text)), text);
        }
    }
}
