//! The parts of a still picture's data (AV1, section 5.3).
//!
//! The decoder is given what a still picture needs, and nothing else: one sequence header, and one key frame that is
//! shown. What else a stream of video can have is where a decoder can be led astray, and no picture has it.

/// Kinds of parts (section 6.2.2).
const SEQUENCE_HEADER: u8 = 1;
const TEMPORAL_DELIMITER: u8 = 2;
const FRAME_HEADER: u8 = 3;
const TILE_GROUP: u8 = 4;
const FRAME: u8 = 6;

/// Returns the sequence header and the parts of the first frame; none where that is not a key frame that is shown.
pub(crate) fn first_frame(data: &[u8]) -> Option<Vec<u8>> {
    let mut kept = Vec::new();
    let mut is_still = None;
    let mut has_frame = false;
    for part in Parts(data) {
        match part.kind {
            SEQUENCE_HEADER if is_still.is_none() => {
                // Three bits of the profile, one of a still picture, one of a short header.
                is_still = Some(part.content.first()? & 0x08 != 0);
                part.write(&mut kept);
            }
            FRAME | FRAME_HEADER if !has_frame => {
                // Whether one is shown again (0), the type (00 is a key frame), whether it is shown (1).
                let starts_well = part.content.first()? >> 4 == 0b0001;
                if !is_still? && !starts_well {
                    return None;
                }
                has_frame = true;
                part.write(&mut kept);
            }
            TILE_GROUP if has_frame => part.write(&mut kept),
            FRAME | FRAME_HEADER | SEQUENCE_HEADER | TEMPORAL_DELIMITER if has_frame => break,
            _ => {}
        }
    }
    has_frame.then_some(kept)
}

/// The parts of data. Those behind one that is damaged are left out.
struct Parts<'a>(&'a [u8]);

struct Part<'a> {
    kind: u8,
    /// The byte of an extension, which says of which layer it is.
    layer: Option<u8>,
    content: &'a [u8],
}

impl Part<'_> {
    /// Writes it with its size.
    fn write(&self, target: &mut Vec<u8>) {
        let extension = if self.layer.is_some() { 0x04 } else { 0 };
        target.push(self.kind << 3 | extension | 0x02);
        target.extend(self.layer);
        let mut size = self.content.len();
        while size >= 0x80 {
            target.push(size as u8 | 0x80);
            size >>= 7;
        }
        target.push(size as u8);
        target.extend_from_slice(self.content);
    }
}

impl<'a> Iterator for Parts<'a> {
    type Item = Part<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let (first, mut rest) = self.0.split_first()?;
        let mut layer = None;
        if first & 0x04 != 0 {
            let (extension, behind) = rest.split_first()?;
            (layer, rest) = (Some(*extension), behind);
        }
        // The last part may leave its size out.
        let mut size = rest.len();
        if first & 0x02 != 0 {
            (size, rest) = number(rest)?;
        }
        let (content, behind) = rest.split_at_checked(size)?;
        self.0 = behind;
        Some(Part {
            kind: first >> 3 & 15,
            layer,
            content,
        })
    }
}

/// A number of seven bits a byte, the lowest first (section 4.10.5).
fn number(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut number = 0u64;
    for (index, byte) in bytes.iter().take(8).enumerate() {
        number |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((usize::try_from(number).ok()?, &bytes[index + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const STILL: &[u8] = &[0x0a, 2, 0x18, 0];
    const VIDEO: &[u8] = &[0x0a, 2, 0x00, 0];

    #[test]
    fn the_first_frame_is_kept_and_nothing_else() {
        // A delimiter, a padding, and a second frame.
        let data = [
            &[0x12, 0][..],
            STILL,
            &[0x7a, 1, 9],
            &[0x32, 2, 5, 6],
            &[0x32, 1, 7],
        ]
        .concat();
        let expected = [STILL, &[0x32, 2, 5, 6]].concat();
        assert_eq!(first_frame(&data), Some(expected));
        let tiles = [
            STILL,
            &[0x1a, 1, 5, 0x22, 1, 6, 0x22, 1, 7, 0x12, 0, 0x22, 1, 8],
        ]
        .concat();
        assert_eq!(first_frame(&tiles), Some(tiles[..13].to_vec()));
    }

    #[test]
    fn a_frame_that_is_no_key_frame_is_refused() {
        for (first, is_kept) in [(0x10, true), (0x30, false), (0x00, false), (0x90, false)] {
            let data = [VIDEO, &[0x32, 1, first]].concat();
            assert_eq!(first_frame(&data).is_some(), is_kept, "{first}");
        }
        // Without a sequence header, or cut off.
        assert_eq!(first_frame(&[0x32, 1, 0x10]), None);
        assert_eq!(first_frame(&[STILL, &[0x32, 9, 1]].concat()), None);
    }
}
