//! A photograph tells where it was taken, with which camera, and by whom. This takes that out of the file and
//! leaves every byte of the pixels as it was.
//!
//! The steps: a module for each container ([`jpeg`], [`png`], [`webp`], [`heif`], [`gif`]) finds the metadata in
//! it; [`metadata`] says what stays, by the lists of [`exif`], [`xmp`] and [`iptc`]; the container is put together
//! again from [`Pieces`].
//!
//! What stays is on lists, so that what nobody has thought of does not stay: orientation, colour (profile, colour
//! space, gamma), resolution, dates, the camera's and lens's names, exposure, and the author's own words (title,
//! description, keywords, creator, copyright).

mod exif;
mod gif;
mod heif;
mod iptc;
mod jpeg;
mod metadata;
mod png;
mod webp;
mod xmp;

use crate::{ImageError, guarded};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// What a picture tells of where, with what, and by whom it was taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leaks {
    /// Where it was taken: GPS data, or the names of places that a program has filled in.
    pub position: bool,
    /// The serial number of the camera or the lens, or a maker note, which has them in most cameras.
    pub serial_numbers: bool,
    /// Names of people: the camera's owner, who is to be seen.
    pub people: bool,
    /// A smaller picture, which may show what was cut off or covered afterwards.
    pub thumbnail: bool,
    /// Something behind the end of the picture: the film of a moving photograph, further pictures.
    pub appended: bool,
    /// Data that are not read, and may tell any of this.
    pub unread: bool,
}

impl Leaks {
    fn add(&mut self, other: Self) {
        self.position |= other.position;
        self.serial_numbers |= other.serial_numbers;
        self.people |= other.people;
        self.thumbnail |= other.thumbnail;
        self.appended |= other.appended;
        self.unread |= other.unread;
    }
}

/// Returns what a picture tells, or none where it tells nothing: neither do files of another format, and
/// damaged ones are not read. It reads metadata only.
///
/// There is something to tell if and only if [`strip`] takes something out.
pub fn leaks(bytes: &[u8]) -> Option<Leaks> {
    let (leaks, _) = guarded(|| examine(bytes)).ok()??;
    (leaks != Leaks::default()).then_some(leaks)
}

/// Returns the picture without what it [tells](leaks), or none where it tells nothing or is neither JPEG, PNG,
/// WebP, GIF, AVIF nor HEIC. The pixels are the same byte for byte.
///
/// # Errors
/// The picture is damaged, so that where its metadata ends is not known.
pub fn strip(bytes: &[u8]) -> Result<Option<Vec<u8>>, ImageError> {
    guarded(|| {
        Ok(match examine(bytes)? {
            Some((leaks, pieces)) if leaks != Leaks::default() => Some(pieces.join(bytes)),
            _ => None,
        })
    })
}

/// What is found, and what stays.
fn examine(bytes: &[u8]) -> Result<Option<(Leaks, Pieces)>, ImageError> {
    let mut leaks = Leaks::default();
    let pieces = match bytes {
        [0xff, 0xd8, 0xff, ..] => jpeg::examine(bytes, &mut leaks)?,
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => png::examine(bytes, &mut leaks)?,
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => gif::examine(bytes, &mut leaks)?,
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => webp::examine(bytes, &mut leaks)?,
        _ if heif::is_picture(bytes) => heif::examine(bytes, &mut leaks)?,
        _ => return Ok(None),
    };
    Ok(Some((leaks, pieces)))
}

/// A new file, as parts of the old one and what is put between them.
#[derive(Default)]
struct Pieces(Vec<Piece>);

enum Piece {
    Kept(Range<usize>),
    Made(Vec<u8>),
}

impl Pieces {
    /// Takes over bytes of the old file.
    fn keep(&mut self, range: Range<usize>) {
        match self.0.last_mut() {
            Some(Piece::Kept(last)) if last.end == range.start => last.end = range.end,
            _ if range.is_empty() => {}
            _ => self.0.push(Piece::Kept(range)),
        }
    }

    /// Puts new bytes in.
    fn make(&mut self, bytes: Vec<u8>) {
        self.0.push(Piece::Made(bytes));
    }

    /// The bytes that there are.
    fn len(&self) -> usize {
        let of = |piece: &Piece| match piece {
            Piece::Kept(range) => range.len(),
            Piece::Made(made) => made.len(),
        };
        self.0.iter().map(of).sum()
    }

    /// Takes over the pieces of a part of the old file that begins at `offset`.
    fn append(&mut self, other: Self, offset: usize) {
        for piece in other.0 {
            match piece {
                Piece::Kept(range) => self.keep(range.start + offset..range.end + offset),
                Piece::Made(made) => self.make(made),
            }
        }
    }

    fn join(&self, old: &[u8]) -> Vec<u8> {
        let mut new = Vec::with_capacity(self.len());
        for piece in &self.0 {
            new.extend_from_slice(match piece {
                Piece::Kept(range) => &old[range.clone()],
                Piece::Made(made) => made,
            });
        }
        new
    }
}

/// The error of a file whose structure ends nowhere.
fn cut_off(what: &str, at: usize) -> ImageError {
    ImageError::Damaged(format!(
        "{what} at byte {at} does not fit into the file, so its metadata cannot be taken out"
    ))
}

/// The names under which positions and serial numbers are written into comments and texts, in lower case.
const TELLING_WORDS: [&str; 7] = [
    "gps",
    "latitude",
    "longitude",
    "geotag",
    "serial number",
    "serialnumber",
    "location",
];

/// True where a text of no fixed form seems to tell a position or a serial number.
fn is_telling(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text).to_ascii_lowercase();
    TELLING_WORDS.iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests;
