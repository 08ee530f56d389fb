//! The container of an AVIF (ISO/IEC 14496-12, and 23008-12 for pictures): which items there are, where their
//! data lie, and what is said of them.
//!
//! Nothing is copied: an item is looked up in the boxes when it is asked for.

use std::borrow::Cow;

/// Bytes of the box in which all this is said, with a colour profile. One that is longer is not looked into.
const MAX_META_BYTES: usize = 1 << 20;

/// The boxes of a container.
#[derive(Default)]
pub(super) struct Container<'a> {
    file: &'a [u8],
    primary: u32,
    /// What the boxes of these names contain.
    items: &'a [u8],
    locations: &'a [u8],
    references: &'a [u8],
    data: &'a [u8],
    properties: &'a [u8],
    associations: Vec<&'a [u8]>,
}

/// A property of an item.
pub(super) struct Property<'a> {
    pub(super) kind: [u8; 4],
    pub(super) data: &'a [u8],
}

impl<'a> Container<'a> {
    /// Finds the boxes; none where there are none that say which item is the picture.
    pub(super) fn open(file: &'a [u8]) -> Option<Self> {
        let (_, meta) = Boxes(file).find(|(kind, _)| *kind == b"meta")?;
        let meta = meta.get(4..).filter(|meta| meta.len() <= MAX_META_BYTES)?;
        let mut found = Self {
            file,
            ..Self::default()
        };
        for (kind, data) in Boxes(meta) {
            match kind {
                b"pitm" => found.primary = Reader(data).primary()?,
                b"iinf" => found.items = data,
                b"iloc" => found.locations = data,
                b"iref" => found.references = data,
                b"idat" => found.data = data,
                b"iprp" => {
                    for (kind, data) in Boxes(data) {
                        match kind {
                            b"ipco" => found.properties = data,
                            b"ipma" => found.associations.push(data),
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
        (found.primary != 0).then_some(found)
    }

    /// Returns the number of the item that is the picture.
    pub(super) fn primary(&self) -> u32 {
        self.primary
    }

    /// Returns the kind of an item, such as `av01`.
    pub(super) fn kind(&self, item: u32) -> Option<[u8; 4]> {
        let mut reader = Reader(self.items);
        let (version, _) = reader.version()?;
        let count_bytes = if version == 0 { 2 } else { 4 };
        reader.number(count_bytes)?;
        Boxes(reader.0).find_map(|(_, data)| {
            let mut reader = Reader(data);
            let (version, _) = reader.version()?;
            let number = reader.number(if version < 3 { 2 } else { 4 })?;
            reader.number(2)?;
            let kind = reader.0.first_chunk()?;
            (version >= 2 && number == u64::from(item)).then_some(*kind)
        })
    }

    /// Returns the properties of an item, in their order.
    pub(super) fn properties(&self, item: u32) -> Vec<Property<'a>> {
        let numbers = self.associations.iter().find_map(|data| {
            let mut reader = Reader(data);
            let (version, flags) = reader.version()?;
            for _ in 0..reader.number(4)? {
                let number = reader.number(if version == 0 { 2 } else { 4 })?;
                let count = reader.number(1)?;
                let bytes = if flags & 1 == 1 { 2 } else { 1 };
                // The first bit says that whoever does not know it is to leave the item alone.
                let mask = if flags & 1 == 1 { 0x7fff } else { 0x7f };
                let numbers: Option<Vec<u64>> = (0..count)
                    .map(|_| Some(reader.number(bytes)? & mask))
                    .collect();
                if number == u64::from(item) {
                    return numbers;
                }
            }
            None
        });
        let all = |number: u64| {
            let (kind, data) = Boxes(self.properties).nth(number.checked_sub(1)? as usize)?;
            Some(Property { kind: *kind, data })
        };
        numbers
            .unwrap_or_default()
            .into_iter()
            .filter_map(all)
            .collect()
    }

    /// Returns what an item refers to, or, `from_others`, what refers to it.
    pub(super) fn references(&self, wanted: &[u8; 4], item: u32, from_others: bool) -> Vec<u32> {
        let mut found = Vec::new();
        let mut reader = Reader(self.references);
        let Some((version, _)) = reader.version() else {
            return found;
        };
        let bytes = if version == 0 { 2 } else { 4 };
        for (kind, data) in Boxes(reader.0) {
            let mut reader = Reader(data);
            let (Some(from), Some(count)) = (reader.number(bytes), reader.number(2)) else {
                break;
            };
            if kind != wanted {
                continue;
            }
            let to = (0..count).map_while(|_| reader.number(bytes));
            if from_others {
                if to.into_iter().any(|to| to == u64::from(item)) {
                    found.push(from as u32);
                }
            } else if from == u64::from(item) {
                found.extend(to.map(|to| to as u32));
            }
        }
        found
    }

    /// Returns the data of an item; none where they are not all in the file.
    pub(super) fn data(&self, item: u32) -> Option<Cow<'a, [u8]>> {
        let (source, parts) = self.parts(item)?;
        let part = |(offset, length): (u64, u64)| {
            let start = usize::try_from(offset).ok()?;
            // Without a length, it goes on to the end.
            let end = match length {
                0 => source.len(),
                length => start.checked_add(usize::try_from(length).ok()?)?,
            };
            source.get(start..end)
        };
        match parts.as_slice() {
            [only] => part(*only).map(Cow::Borrowed),
            parts => {
                let mut data = Vec::new();
                for place in parts {
                    let part = part(*place)?;
                    // Parts that overlap could make much of little.
                    if data.len() + part.len() > source.len() {
                        return None;
                    }
                    data.extend_from_slice(part);
                }
                Some(Cow::Owned(data))
            }
        }
    }

    /// Returns where the parts of an item are.
    fn parts(&self, item: u32) -> Option<Parts<'a>> {
        let mut reader = Reader(self.locations);
        let (version, _) = reader.version()?;
        let sizes = reader.number(2)?;
        let size = |shift: u32| (sizes >> shift & 15) as usize;
        let (offset_bytes, length_bytes, base_bytes) = (size(12), size(8), size(4));
        let index_bytes = if version == 0 { 0 } else { size(0) };
        let number_bytes = if version < 2 { 2 } else { 4 };
        for _ in 0..reader.number(number_bytes)? {
            let number = reader.number(number_bytes)?;
            let method = match version {
                0 => 0,
                _ => reader.number(2)? & 15,
            };
            let is_elsewhere = reader.number(2)? != 0;
            let base = reader.number(base_bytes)?;
            let count = reader.number(2)?;
            let mut parts = Vec::new();
            for _ in 0..count {
                reader.number(index_bytes)?;
                let offset = reader.number(offset_bytes)?;
                let length = reader.number(length_bytes)?;
                if number == u64::from(item) {
                    parts.push((base.checked_add(offset)?, length));
                }
            }
            if number == u64::from(item) {
                let source = match method {
                    0 => self.file,
                    1 => self.data,
                    _ => return None,
                };
                return (!is_elsewhere).then_some((source, parts));
            }
        }
        None
    }
}

/// In what the parts of an item are, and each one's beginning and length.
type Parts<'a> = (&'a [u8], Vec<(u64, u64)>);

/// The boxes of a part of a file: kind and content. One that ends behind it ends with it.
struct Boxes<'a>(&'a [u8]);

impl<'a> Iterator for Boxes<'a> {
    type Item = (&'a [u8; 4], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (size, rest) = self.0.split_first_chunk::<4>()?;
        let (kind, mut rest) = rest.split_first_chunk::<4>()?;
        let size = match u32::from_be_bytes(*size) {
            0 => self.0.len() as u64,
            1 => {
                let (size, behind) = rest.split_first_chunk::<8>()?;
                rest = behind;
                u64::from_be_bytes(*size)
            }
            size => size.into(),
        };
        let header = self.0.len() - rest.len();
        let length = size.checked_sub(header as u64)?;
        let length = usize::try_from(length)
            .unwrap_or(usize::MAX)
            .min(rest.len());
        let (data, behind) = rest.split_at(length);
        self.0 = behind;
        Some((kind, data))
    }
}

/// Takes numbers off the beginning.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    /// Takes a number of so many bytes, 8 at most.
    fn number(&mut self, bytes: usize) -> Option<u64> {
        let (taken, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        (bytes <= 8).then(|| {
            taken
                .iter()
                .fold(0, |sum, byte| sum << 8 | u64::from(*byte))
        })
    }

    /// Takes the version and the flags of a box.
    fn version(&mut self) -> Option<(u8, u32)> {
        let both = self.number(4)? as u32;
        Some(((both >> 24) as u8, both & 0x00ff_ffff))
    }

    fn primary(&mut self) -> Option<u32> {
        let (version, _) = self.version()?;
        Some(self.number(if version == 0 { 2 } else { 4 })? as u32)
    }
}
