//! HEIF: AVIF and HEIC (ISO 23008-12, ISO 14496-12). Boxes, and items of which a box tells where they are.
//!
//! Metadata are overwritten where they are, so that nothing moves.

mod boxes;

use super::metadata::Metadata;
use super::{Leaks, Pieces, cut_off};
use crate::ImageError;
use boxes::{Box, Reader, boxes};
use std::ops::Range;

const BRANDS: [&[u8; 4]; 9] = [
    b"avif", b"avis", b"mif1", b"msf1", b"heic", b"heix", b"heim", b"heis", b"hevc",
];
/// Items of metadata that a picture has at most.
const MAX_ITEMS: usize = 16;
/// Boxes that tell of items.
const MAX_METAS: usize = 16;
/// A packet in which nothing is.
const EMPTY_XMP: &[u8] = b"<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"/>";

pub(super) fn is_picture(bytes: &[u8]) -> bool {
    let is_brand = |at: usize| {
        bytes
            .get(at..at + 4)
            .is_some_and(|brand| BRANDS.iter().any(|known| *known == brand))
    };
    bytes.get(4..8) == Some(b"ftyp") && (is_brand(8) || is_brand(16) || is_brand(20))
}

pub(super) fn examine(bytes: &[u8], leaks: &mut Leaks) -> Result<Pieces, ImageError> {
    let mut patches = Vec::new();
    let (mut metas, mut places) = (Vec::new(), Vec::new());
    for found in boxes(bytes, 0..bytes.len())? {
        match &found.name {
            b"meta" => metas.push(found),
            b"moov" => film(bytes, found.data, false, &mut metas, &mut patches, leaks)?,
            b"mdat" => places.push(found.data),
            b"ftyp" | b"free" | b"skip" | b"pdin" | b"styp" | b"sidx" | b"moof" | b"mfra"
            | b"idat" => {}
            // The film of a moving photograph.
            b"mpvd" => {
                leaks.appended = true;
                patches.extend(freed(found));
            }
            _ => {
                leaks.unread = true;
                patches.extend(freed(found));
            }
        }
    }
    let mut found = Vec::new();
    for meta in metas.iter().take(MAX_METAS) {
        items(bytes, meta, &mut places, &mut found)?;
    }
    let metadata = metadata(bytes, found, &places)?;
    if metas.len() > MAX_METAS || metadata.len() > MAX_ITEMS {
        return Err(ImageError::Damaged(
            "the picture has too many boxes of metadata for any to be taken out".into(),
        ));
    }
    judge(&metadata, &mut patches, leaks);
    patches.sort_by_key(|patch| patch.0.start);
    let mut pieces = Pieces::default();
    let mut at = 0;
    for (range, new) in patches {
        if range.start < at {
            return Err(cut_off("the metadata", range.start));
        }
        pieces.keep(at..range.start);
        at = range.end;
        pieces.make(new);
    }
    pieces.keep(at..bytes.len());
    Ok(pieces)
}

/// Bytes, and what is to stand there.
type Patch = (Range<usize>, Vec<u8>);

/// A box with nothing in it, which readers skip.
fn freed(found: Box) -> [Patch; 2] {
    let zeros = vec![0; found.data.len()];
    [
        (found.start + 4..found.start + 8, b"free".to_vec()),
        (found.data, zeros),
    ]
}

/// What is said of an animation and of its tracks is in boxes of their own.
fn film(
    bytes: &[u8],
    data: Range<usize>,
    is_track: bool,
    metas: &mut Vec<Box>,
    patches: &mut Vec<Patch>,
    leaks: &mut Leaks,
) -> Result<(), ImageError> {
    for found in boxes(bytes, data)? {
        match &found.name {
            b"meta" => metas.push(found),
            b"trak" if !is_track => film(bytes, found.data, true, metas, patches, leaks)?,
            b"udta" | b"uuid" => {
                leaks.unread = true;
                patches.extend(freed(found));
            }
            _ => {}
        }
    }
    Ok(())
}

/// A part of a picture.
struct Item {
    kind: Kind,
    /// Where it is; none where that is not known.
    ranges: Option<Vec<Range<usize>>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Exif,
    Xmp,
    /// Pixels, and what belongs to them.
    Other,
}

/// Reads the items of a box; `places` are where there may be any.
fn items(
    bytes: &[u8],
    meta: &Box,
    places: &mut Vec<Range<usize>>,
    items: &mut Vec<Item>,
) -> Result<(), ImageError> {
    let damaged = || cut_off("a list of items", meta.start);
    // Behind its version.
    let inner = boxes(
        bytes,
        meta.data.start + 4..meta.data.end.max(meta.data.start + 4),
    )?;
    let one = |name: &[u8; 4]| inner.iter().find(|found| &found.name == name);
    let (Some(information), Some(locations)) = (one(b"iinf"), one(b"iloc")) else {
        return Ok(());
    };
    let idat = one(b"idat").map_or(0..0, |found| found.data.clone());
    places.push(idat.clone());
    let metadata = metadata_items(bytes, information)?;
    if metadata.len() > MAX_ITEMS {
        return Err(damaged());
    }
    let located = boxes::locations(&bytes[locations.data.clone()], bytes.len(), idat);
    for (id, ranges) in located.ok_or_else(damaged)? {
        let known = metadata.iter().find(|(of, _)| *of == id);
        let kind = known.map_or(Kind::Other, |(_, kind)| *kind);
        items.push(Item { kind, ranges });
    }
    Ok(())
}

/// The items that are metadata, each place once. None of them may lie upon something else.
fn metadata(
    bytes: &[u8],
    items: Vec<Item>,
    places: &[Range<usize>],
) -> Result<Vec<Metadatum>, ImageError> {
    let (metadata, others): (Vec<Item>, Vec<Item>) =
        items.into_iter().partition(|item| item.kind != Kind::Other);
    let mut found: Vec<Metadatum> = Vec::new();
    for item in metadata {
        let damaged = || cut_off("an item of metadata", 0);
        let ranges = item.ranges.ok_or_else(damaged)?;
        // An animation has it for its first picture, and for its track.
        if found.iter().any(|other| other.ranges == ranges) {
            continue;
        }
        if found.len() > MAX_ITEMS {
            break;
        }
        let is_data = |range: &Range<usize>| {
            let is_inside =
                |place: &Range<usize>| place.start <= range.start && range.end <= place.end;
            places.iter().any(is_inside)
        };
        let is_upon = |other: &Range<usize>| {
            let lies_upon =
                |range: &Range<usize>| range.start < other.end && other.start < range.end;
            ranges.iter().any(lies_upon)
        };
        // Parts that lie upon each other could be more than there is.
        let length = ranges.iter().map(Range::len).fold(0, usize::saturating_add);
        if length > bytes.len()
            || !ranges.iter().all(is_data)
            || others
                .iter()
                .flat_map(|item| &item.ranges)
                .flatten()
                .any(is_upon)
        {
            return Err(damaged());
        }
        found.push(Metadatum {
            kind: item.kind,
            data: ranges
                .iter()
                .flat_map(|range| &bytes[range.clone()])
                .copied()
                .collect(),
            ranges,
        });
    }
    Ok(found)
}

/// The numbers of the items that are metadata.
fn metadata_items(bytes: &[u8], information: &Box) -> Result<Vec<(u32, Kind)>, ImageError> {
    let damaged = || cut_off("a list of items", information.start);
    let data = &bytes[information.data.clone()];
    let entries = match data.first() {
        Some(0) => 6,
        Some(_) => 8,
        None => return Err(damaged()),
    };
    let start = information.data.start + entries;
    if start > information.data.end {
        return Err(damaged());
    }
    let mut found = Vec::new();
    for entry in boxes(bytes, start..information.data.end)? {
        let data = &bytes[entry.data.clone()];
        let mut reader = Reader(data);
        let version = reader.number(4).ok_or_else(damaged)? >> 24;
        // Versions 0 and 1 are those of other metadata.
        if &entry.name != b"infe" || version < 2 {
            continue;
        }
        let id = reader
            .number(if version == 2 { 2 } else { 4 })
            .ok_or_else(damaged)? as u32;
        reader.number(2).ok_or_else(damaged)?;
        let rest = reader.0;
        if rest.starts_with(b"Exif") {
            found.push((id, Kind::Exif));
        } else if rest.starts_with(b"mime")
            && rest.windows(19).any(|part| part == b"application/rdf+xml")
        {
            found.push((id, Kind::Xmp));
        }
    }
    Ok(found)
}

/// An item of metadata: where it is, and its bytes.
struct Metadatum {
    kind: Kind,
    ranges: Vec<Range<usize>>,
    data: Vec<u8>,
}

fn judge(items: &[Metadatum], patches: &mut Vec<Patch>, leaks: &mut Leaks) {
    let first = |kind: Kind| items.iter().position(|item| item.kind == kind);
    let (exif, xmp) = (first(Kind::Exif), first(Kind::Xmp));
    let data = |number: Option<usize>| number.map(|number| items[number].data.as_slice());
    let metadata = Metadata {
        exif: data(exif).map(block),
        xmp: data(xmp),
        photoshop: None,
    };
    // Before the block, four bytes say where it begins.
    let most = data(exif).map_or(0, |data| data.len().saturating_sub(4));
    let verdict = metadata.judge(most, leaks);
    for (number, item) in items.iter().enumerate() {
        if Some(number) == exif {
            match &verdict.new_exif {
                Some(block) => item.overwrite(&[&[0; 4], &block[..]].concat(), 0, patches),
                None if !verdict.keeps_exif => item.overwrite(&[], 0, patches),
                None => {}
            }
        } else if Some(number) == xmp {
            let fits = EMPTY_XMP.len() <= item.data.len();
            if !verdict.keeps_xmp {
                item.overwrite(if fits { EMPTY_XMP } else { b"" }, b' ', patches);
            }
        } else if item.data.iter().any(|byte| *byte != 0) {
            leaks.unread = true;
            item.overwrite(&[], 0, patches);
        }
    }
}

/// The block of an EXIF item; what has a wrong offset is no block.
fn block(data: &[u8]) -> &[u8] {
    let Some((offset, rest)) = data.split_first_chunk::<4>() else {
        return data;
    };
    rest.get(u32::from_be_bytes(*offset) as usize..)
        .unwrap_or(data)
}

impl Metadatum {
    /// Puts bytes there, of which there are no more than before, and fills up the rest.
    fn overwrite(&self, new: &[u8], fill: u8, patches: &mut Vec<Patch>) {
        let mut bytes = new.iter().copied().chain(std::iter::repeat(fill));
        for range in &self.ranges {
            patches.push((range.clone(), bytes.by_ref().take(range.len()).collect()));
        }
    }
}
