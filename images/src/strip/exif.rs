//! The EXIF block: a small TIFF file (TIFF 6.0, section 2; EXIF 3.0, section 4.6).
//!
//! Values are copied as they are, in the byte order of the block. What cannot be read is left out.

mod tags;

use super::Leaks;
use super::metadata::{Change, Credit};
use std::borrow::Cow;
use tags::{Directory, Role};

/// Says what becomes of a block that may have `most` bytes.
pub(super) fn judge(
    block: Option<&[u8]>,
    credit: &Credit,
    most: usize,
    leaks: &mut Leaks,
) -> Change {
    let Some(block) = block else {
        let mut new = Fields::default();
        new.add(credit);
        let written = new.write();
        return match written.is_empty() || written.len() > most {
            true => Change::None,
            false => Change::Written(written),
        };
    };
    // A block that was overwritten where it stands.
    let end = block
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |at| at + 1);
    if end == 0 {
        return Change::None;
    }
    let Some(mut reader) = Reader::new(block) else {
        leaks.unread = true;
        return Change::Removed;
    };
    reader.read_all(leaks);
    let (mut fields, mut is_changed) = (reader.fields, reader.has_left_out);
    // What is behind and between the fields has no name: an editor that has taken out only the pointer to it.
    let slack = fields.count() + 3;
    if end > fields.write().len() + slack && !is_changed {
        leaks.unread = true;
        is_changed = true;
    }
    is_changed |= fields.add(credit);
    if !is_changed {
        return Change::None;
    }
    let mut written = fields.write();
    if written.len() > most {
        fields.retain_orientation();
        written = fields.write();
    }
    match written.is_empty() || written.len() > most {
        true => Change::Removed,
        false => Change::Written(written),
    }
}

/// The fields that stay.
#[derive(Default)]
struct Fields<'a> {
    is_little_endian: bool,
    primary: Vec<Field<'a>>,
    exif: Vec<Field<'a>>,
    interoperability: Vec<Field<'a>>,
}

/// A field, its value in the byte order of the block.
struct Field<'a> {
    tag: u16,
    kind: u16,
    count: u32,
    value: Cow<'a, [u8]>,
}

struct Reader<'a> {
    block: &'a [u8],
    fields: Fields<'a>,
    /// Bytes that the values may still have: they may lie upon each other.
    room: usize,
    has_left_out: bool,
    seen: Vec<Directory>,
}

impl<'a> Reader<'a> {
    /// None where it is no TIFF.
    fn new(block: &'a [u8]) -> Option<Self> {
        let is_little_endian = match block.get(..4)? {
            b"II*\0" => true,
            b"MM\0*" => false,
            _ => return None,
        };
        Some(Self {
            block,
            fields: Fields {
                is_little_endian,
                ..Fields::default()
            },
            room: block.len(),
            has_left_out: false,
            seen: Vec::new(),
        })
    }

    fn read_all(&mut self, leaks: &mut Leaks) {
        let next = match self.long(4) {
            Some(start) => self.directory(start as usize, Directory::Primary, leaks),
            None => None,
        };
        match next {
            Some(0) => {}
            Some(_) => {
                leaks.thumbnail = true;
                self.has_left_out = true;
            }
            None => self.leave_out(leaks),
        }
    }

    /// Reads a directory and those below it; returns where the next one is, or none where it is cut off.
    fn directory(&mut self, at: usize, directory: Directory, leaks: &mut Leaks) -> Option<u32> {
        let count = usize::from(self.short(at)?);
        for number in 0..count {
            let entry = at.checked_add(2 + 12 * number)?;
            let (tag, kind) = (self.short(entry)?, self.short(entry + 2)?);
            let count = self.long(entry + 4)?;
            let value = self.value(entry + 8, kind, count);
            match tags::role(directory, tag) {
                Role::Stays => self.stays(directory, (tag, kind, count), value, leaks),
                Role::Leaks(mark) => {
                    mark(leaks);
                    self.has_left_out = true;
                }
                Role::Pointer(below) => self.below(below, entry, leaks),
            }
        }
        self.long(at.checked_add(2 + 12 * count)?)
    }

    fn below(&mut self, directory: Directory, entry: usize, leaks: &mut Leaks) {
        // A pointer that comes again would be read again and again.
        let is_first = !self.seen.contains(&directory);
        self.seen.push(directory);
        let read = match self.long(entry + 8) {
            Some(start) if is_first => self.directory(start as usize, directory, leaks),
            _ => None,
        };
        match directory {
            // The directory goes, and whatever is in it.
            Directory::Gps => {
                self.has_left_out = true;
                leaks.unread |= read.is_none();
            }
            // Only the primary directory has others behind it.
            _ if read != Some(0) => self.leave_out(leaks),
            _ => {}
        }
    }

    fn stays(
        &mut self,
        directory: Directory,
        (tag, kind, count): (u16, u16, u32),
        value: Option<&'a [u8]>,
        leaks: &mut Leaks,
    ) {
        let fields = match directory {
            Directory::Primary => &mut self.fields.primary,
            Directory::Exif => &mut self.fields.exif,
            Directory::Interoperability => &mut self.fields.interoperability,
            Directory::Gps => return,
        };
        let is_first = fields.iter().all(|field| field.tag != tag);
        match value {
            Some(value) if is_first && value.len() <= self.room => {
                self.room -= value.len();
                let value = Cow::Borrowed(value);
                fields.push(Field {
                    tag,
                    kind,
                    count,
                    value,
                });
            }
            _ => self.leave_out(leaks),
        }
    }

    /// Notes that something could not be read.
    fn leave_out(&mut self, leaks: &mut Leaks) {
        self.has_left_out = true;
        leaks.unread = true;
    }

    /// The bytes of a value; none where they are outside of the block, or of a kind that is not known.
    fn value(&self, at: usize, kind: u16, count: u32) -> Option<&'a [u8]> {
        let width = match kind {
            1 | 2 | 6 | 7 | 129 => 1,
            3 | 8 => 2,
            4 | 9 | 11 => 4,
            5 | 10 | 12 => 8,
            _ => return None,
        };
        let length = (count as usize).checked_mul(width)?;
        let start = match length {
            0..=4 => at,
            _ => self.long(at)? as usize,
        };
        self.block.get(start..start.checked_add(length)?)
    }

    fn short(&self, at: usize) -> Option<u16> {
        let bytes = self.block.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(match self.fields.is_little_endian {
            true => u16::from_le_bytes(bytes),
            false => u16::from_be_bytes(bytes),
        })
    }

    fn long(&self, at: usize) -> Option<u32> {
        let bytes = self.block.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(match self.fields.is_little_endian {
            true => u32::from_le_bytes(bytes),
            false => u32::from_be_bytes(bytes),
        })
    }
}

impl Fields<'_> {
    fn count(&self) -> usize {
        self.primary.len() + self.exif.len() + self.interoperability.len()
    }

    /// Adds what is not there; returns whether that is anything.
    fn add(&mut self, credit: &Credit) -> bool {
        let mut is_changed = false;
        for (tag, text) in [
            (tags::ARTIST, &credit.artist),
            (tags::COPYRIGHT, &credit.copyright),
        ] {
            let is_there = self.primary.iter().any(|field| field.tag == tag);
            if let Some(text) = text.as_ref().filter(|_| !is_there) {
                let value = [text.as_bytes(), b"\0"].concat();
                self.primary.push(Field {
                    tag,
                    kind: 2,
                    count: value.len() as u32,
                    value: Cow::Owned(value),
                });
                is_changed = true;
            }
        }
        is_changed
    }

    fn retain_orientation(&mut self) {
        self.primary.retain(|field| field.tag == tags::ORIENTATION);
        self.exif.clear();
        self.interoperability.clear();
    }

    /// The block: the directories, and then the values that are longer than four bytes. Nothing where no field
    /// stays.
    fn write(&self) -> Vec<u8> {
        let size_of = |entries: usize| match entries {
            0 => 0,
            _ => 2 + 12 * entries + 4,
        };
        let below = usize::from(!self.interoperability.is_empty());
        let exif_entries = self.exif.len() + below;
        let entries = self.primary.len() + usize::from(exif_entries > 0);
        let exif_at = 8 + size_of(entries);
        let interoperability_at = exif_at + size_of(exif_entries);
        let values_at = interoperability_at + size_of(self.interoperability.len());
        if entries == 0 {
            return Vec::new();
        }
        let pointer = |is_there: bool, tag: u16, to: usize| {
            is_there.then(|| Field {
                tag,
                kind: 4,
                count: 1,
                value: Cow::Owned(self.long(to).to_vec()),
            })
        };
        let mut block = match self.is_little_endian {
            true => b"II*\0".to_vec(),
            false => b"MM\0*".to_vec(),
        };
        block.extend(self.long(8));
        let mut values = Vec::new();
        for (fields, pointer) in [
            (
                &self.primary,
                pointer(exif_entries > 0, tags::EXIF, exif_at),
            ),
            (
                &self.exif,
                pointer(below > 0, tags::INTEROPERABILITY, interoperability_at),
            ),
            (&self.interoperability, None),
        ] {
            let mut sorted: Vec<&Field<'_>> = fields.iter().chain(&pointer).collect();
            sorted.sort_by_key(|field| field.tag);
            if sorted.is_empty() {
                continue;
            }
            block.extend(self.short(sorted.len()));
            for field in sorted {
                block.extend(self.short(field.tag.into()));
                block.extend(self.short(field.kind.into()));
                block.extend(self.long(field.count as usize));
                if field.value.len() <= 4 {
                    block.extend_from_slice(&field.value);
                    block.extend(std::iter::repeat_n(0, 4 - field.value.len()));
                } else {
                    block.extend(self.long(values_at + values.len()));
                    values.extend_from_slice(&field.value);
                    values.extend(std::iter::repeat_n(0, values.len() % 2));
                }
            }
            block.extend([0; 4]);
        }
        block.append(&mut values);
        block
    }

    fn short(&self, number: usize) -> [u8; 2] {
        match self.is_little_endian {
            true => (number as u16).to_le_bytes(),
            false => (number as u16).to_be_bytes(),
        }
    }

    fn long(&self, number: usize) -> [u8; 4] {
        match self.is_little_endian {
            true => (number as u32).to_le_bytes(),
            false => (number as u32).to_be_bytes(),
        }
    }
}
