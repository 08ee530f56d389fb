//! What stays of the metadata that a container holds.

use super::{Leaks, exif, iptc, xmp};

/// The metadata of a picture, as its container holds them.
#[derive(Default)]
pub(super) struct Metadata<'a> {
    /// The EXIF block, from its byte order on.
    pub exif: Option<&'a [u8]>,
    /// XMP.
    pub xmp: Option<&'a [u8]>,
    /// The resources of Photoshop, in which IPTC data are.
    pub photoshop: Option<&'a [u8]>,
}

/// What becomes of them.
pub(super) struct Verdict {
    pub keeps_exif: bool,
    /// The block that takes its place, or is there now.
    pub new_exif: Option<Vec<u8>>,
    pub keeps_xmp: bool,
    pub keeps_photoshop: bool,
}

/// What becomes of an EXIF block.
pub(super) enum Change {
    /// It stays, or there is none.
    None,
    /// It goes.
    Removed,
    /// It is another one, or there is one now.
    Written(Vec<u8>),
}

/// Who has made a picture and who has the rights, as they say themselves.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Credit {
    pub artist: Option<String>,
    pub copyright: Option<String>,
}

impl Metadata<'_> {
    /// Says what stays. XMP and the resources of Photoshop stay whole or not at all; their credit goes into the
    /// EXIF block then, where there is room in `most` bytes.
    pub fn judge(&self, most: usize, leaks: &mut Leaks) -> Verdict {
        let mut credit = Credit::default();
        let keeps_xmp = self
            .xmp
            .is_none_or(|xmp| xmp::stays(xmp, &mut credit, leaks));
        let keeps_photoshop = self
            .photoshop
            .is_none_or(|resources| iptc::stays(resources, &mut credit, leaks));
        let (keeps_exif, new_exif) = match exif::judge(self.exif, &credit, most, leaks) {
            Change::None => (true, None),
            Change::Removed => (false, None),
            Change::Written(block) => (false, Some(block)),
        };
        Verdict {
            keeps_exif,
            new_exif,
            keeps_xmp,
            keeps_photoshop,
        }
    }
}
