//! The resources of Photoshop (Adobe Photoshop File Formats, "Image Resource Blocks"), one of which is IPTC data
//! (IIM 4.2). They stay if each of them is on a list.

use super::Leaks;
use super::metadata::Credit;
use super::xmp::cut;

const IPTC: u16 = 0x0404;

/// True where the resources may stay. Where they may not, their credit is taken down.
pub(super) fn stays(resources: &[u8], credit: &mut Credit, leaks: &mut Leaks) -> bool {
    let mut found = Leaks::default();
    let mut own = Credit::default();
    let mut rest = resources;
    while !rest.is_empty() {
        let Some((id, data, behind)) = resource(rest) else {
            found.unread = true;
            break;
        };
        match id {
            IPTC => look(data, &mut own, &mut found),
            // Thumbnails.
            0x0409 | 0x040c => found.thumbnail = true,
            // Resolution, flags of printing, quality, grid, whether there is a copyright and its URL, lighting,
            // aspect, digest.
            0x03ed | 0x03f3 | 0x0406 | 0x0408 | 0x040a | 0x040b | 0x040d | 0x0414 | 0x0419
            | 0x0425 | 0x0426 | 0x0428 | 0x2710 => {}
            _ => found.unread = true,
        }
        rest = behind;
    }
    if found == Leaks::default() {
        return true;
    }
    credit.artist = credit.artist.take().or(own.artist);
    credit.copyright = credit.copyright.take().or(own.copyright);
    leaks.add(found);
    false
}

/// The first resource: its number, its data, and what is behind it.
fn resource(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let rest = bytes.strip_prefix(b"8BIM")?;
    let (id, rest) = rest.split_first_chunk::<2>()?;
    // A name with its length, filled up to an even number of bytes.
    let name = usize::from(*rest.first()?) + 1;
    let rest = rest.get(name.next_multiple_of(2)..)?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (data, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    let behind = rest.get(data.len() % 2..).unwrap_or_default();
    Some((u16::from_be_bytes(*id), data, behind))
}

/// Notes what IPTC data tell.
fn look(mut data: &[u8], credit: &mut Credit, found: &mut Leaks) {
    while let [0x1c, record, number, high, low, rest @ ..] = data {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        // The highest bit is that of lengths above 32,767, which are written in another way.
        let Some((value, behind)) = rest.split_at_checked(length) else {
            break;
        };
        let text = || cut(&String::from_utf8_lossy(value));
        match (record, number) {
            // The character set.
            (1, 90) => {}
            (2, 80) => credit.artist = credit.artist.take().or_else(text),
            (2, 116) => credit.copyright = credit.copyright.take().or_else(text),
            // Version, title, urgency, categories, keywords, dates, program, headline, credit, source, caption.
            (2, 0 | 3 | 5 | 10 | 15 | 20 | 25 | 55 | 60 | 62 | 63 | 65 | 70 | 85 | 105 | 110) => {}
            (2, 115 | 120 | 122) => {}
            // Codes and names of places.
            (2, 26 | 27 | 90 | 92 | 95 | 100 | 101) => found.position = true,
            (2, 118) => found.people = true,
            (2, 200..=202) => found.thumbnail = true,
            _ => found.unread = true,
        }
        data = behind;
    }
    // It is filled up with zeros.
    found.unread |= data.iter().any(|byte| *byte != 0);
}
