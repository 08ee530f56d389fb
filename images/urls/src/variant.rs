//! A thumbnail of one original: what caches and buckets know it by.

use crate::transform::Format;
use crate::{
    AcceptedFormats, Keys, Options, Place, Refusal, Settings, SignedOptions, Transform, Version,
    encode_path,
};
use sha2::{Digest, Sha256};

/// The most bytes of a key (Amazon S3 User Guide, "Naming Amazon S3 objects").
const MAX_KEY_BYTES: usize = 1_024;

/// A thumbnail of one original. Equal variants are the same picture.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Variant {
    /// The key of the original: `photos/cat.jpg`.
    pub original: String,
    /// What is made of it, normalised.
    pub transform: Transform,
    /// The content that the original must have.
    pub version: Option<Version>,
}

/// Who asks for a thumbnail, and when.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'k> {
    /// What the reader takes.
    pub accepted: AcceptedFormats,
    /// What signatures are checked with.
    pub keys: &'k Keys,
    /// The time, in seconds since 1970.
    pub now: u64,
}

impl Reader<'static> {
    /// Returns a reader where no signatures are checked: every one is refused.
    pub fn of(accepted: AcceptedFormats) -> Self {
        const NONE: &Keys = &Keys::none();
        Self {
            accepted,
            keys: NONE,
            now: 0,
        }
    }
}

/// A thumbnail that a reader may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantedVariant {
    /// The thumbnail.
    pub variant: Variant,
    /// Whether it was asked for by a signed URL. Otherwise it is free.
    pub is_signed: bool,
}

impl Variant {
    /// Returns the thumbnail that a reader asks for, who may have what is free and what is signed; none where the key
    /// is that of an ordinary object. The key is decoded from the URL's path, without the leading slash.
    ///
    /// # Errors
    /// There is no such thumbnail, and why.
    pub fn asked(
        key: &str,
        reader: &Reader<'_>,
        settings: &Settings,
    ) -> Result<Option<GrantedVariant>, Refusal> {
        let (options, original) = match Place::of(key, settings) {
            Place::Ordinary => return Ok(None),
            Place::Canonical => return Err(Refusal::Canonical),
            Place::Thumbnail { options, original } => (options, original),
        };
        let signed = SignedOptions::read(options)?;
        let options = signed.as_ref().map_or(options, |signed| signed.options);
        let options = Options::parse(options, settings)?;
        if original.is_empty() {
            let prefix = &settings.prefix;
            return Err(Refusal::Malformed(format!(
                "the path of the picture is missing: write {prefix}/width=640/photos/cat.jpg"
            )));
        }
        let options = match &signed {
            None => options.admit(settings)?,
            Some(signed) => {
                signed.check(original, reader.keys, reader.now, settings)?;
                options.unrestricted(settings)
            }
        };
        let variant = Self::of(original, options, reader.accepted);
        if variant.key(settings).len() > MAX_KEY_BYTES {
            return Err(Refusal::Malformed("the path is too long".to_owned()));
        }
        Ok(Some(GrantedVariant {
            variant,
            is_signed: signed.is_some(),
        }))
    }

    /// Returns the thumbnail of an original that admitted options stand for, for a reader who takes some formats.
    pub fn of(original: &str, options: Options, accepted: AcceptedFormats) -> Self {
        let mut transform = options.transform;
        if options.is_auto {
            transform.format = automatic(original, transform.anim, accepted);
        }
        Self {
            original: original.to_owned(),
            transform: transform.normalised(),
            version: options.version,
        }
    }

    /// Reads a canonical key: `img/photos/cat.jpg/width=640,format=webp`. None where it is not the one that
    /// [`Variant::key`] writes.
    pub fn read(key: &str, settings: &Settings) -> Option<Self> {
        let below = key.strip_prefix(settings.folder())?.strip_prefix('/')?;
        let (original, text) = below.rsplit_once('/')?;
        if text.starts_with("preset=") || text.contains(",preset=") {
            return None;
        }
        let mut options = Options::parse(text, settings).ok()?;
        if options.is_auto {
            options.transform.format = Some(Format::Fallback);
            options.is_auto = false;
        }
        let variant = Self::of(original, options, AcceptedFormats::default());
        (!original.is_empty() && variant.key(settings) == key).then_some(variant)
    }

    /// Returns its key: `img/photos/cat.jpg/width=640,format=webp`.
    pub fn key(&self, settings: &Settings) -> String {
        let folder = Self::folder(&self.original, settings);
        let version = self.version.map(|version| format!(",v={version}"));
        format!("{folder}{}{}", self.transform, version.unwrap_or_default())
    }

    /// Returns its path: the key, encoded but for the options, which stand in a path as they are.
    pub fn path(&self, settings: &Settings) -> String {
        let key = self.key(settings);
        let (folder, options) = key.rsplit_once('/').unwrap_or_default();
        format!("/{}/{options}", encode_path(folder))
    }

    /// Returns what the keys of all thumbnails of an original begin with: `img/photos/cat.jpg/`.
    pub fn folder(original: &str, settings: &Settings) -> String {
        format!("{}/{original}/", settings.folder())
    }

    /// Returns the tag by which caches forget all thumbnails of an original: the SHA-256 of its key, in lower-case
    /// hexadecimal digits. A key itself may have characters that no tag has.
    pub fn tag(original: &str) -> String {
        let digest = Sha256::digest(original);
        let digits = digest.iter().map(|byte| format!("{byte:02x}"));
        digits.collect()
    }

    /// Returns whether anybody may have it.
    pub fn is_free(&self, settings: &Settings) -> bool {
        self.transform.is_free(settings)
    }
}

/// The format of `format=auto`: AVIF, else WebP, else what everybody shows. There is no animated AVIF here.
fn automatic(original: &str, anim: bool, accepted: AcceptedFormats) -> Option<Format> {
    if accepted.avif && !anim {
        return Some(Format::Avif);
    }
    if accepted.webp {
        return Some(Format::Webp);
    }
    let extension = original
        .rsplit_once('.')
        .map(|(_, extension)| extension.to_ascii_lowercase());
    match extension.as_deref() {
        // The same picture as without `format`.
        Some("jpg" | "jpeg" | "png") => None,
        _ => Some(Format::Fallback),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(path: &str, accept: &str) -> String {
        let settings = Settings::default();
        let reader = Reader::of(AcceptedFormats::read(accept));
        let asked = Variant::asked(path, &reader, &settings);
        let GrantedVariant { variant, is_signed } = asked.unwrap().unwrap();
        assert!(!is_signed);
        let key = variant.key(&settings);
        assert_eq!(Variant::read(&key, &settings), Some(variant));
        key
    }

    #[test]
    fn auto_is_decided_by_the_reader() {
        let all = "image/avif,image/webp,*/*";
        for (path, accept, expected) in [
            ("img/f=auto/a.jpg", all, "img/a.jpg/format=avif"),
            ("img/f=auto/a.jpg", "image/webp", "img/a.jpg/format=webp"),
            ("img/f=auto/a.jpg", "*/*", "img/a.jpg/fit=scale-down"),
            ("img/f=auto/a.JPG", "*/*", "img/a.JPG/fit=scale-down"),
            ("img/f=auto/a.webp", "*/*", "img/a.webp/format=auto"),
            (
                "img/f=auto,anim=true/a.gif",
                all,
                "img/a.gif/format=webp,anim=true",
            ),
            ("img/f=auto,anim=true/a.gif", "", "img/a.gif/format=auto"),
            ("img/f=jpeg/a.jpg", all, "img/a.jpg/format=jpeg"),
            (
                "img/w=9,f=webp,v=0123456789abcdef/a.jpg",
                all,
                "img/a.jpg/width=32,format=webp,v=0123456789abcdef",
            ),
        ] {
            assert_eq!(key(path, accept), expected, "{path} {accept}");
        }
    }

    #[test]
    fn a_tag_is_what_sha256sum_prints_of_the_key() {
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Variant::tag("abc"), expected);
        assert_eq!(Variant::tag("grüße/a,b.jpg").len(), 64);
    }

    #[test]
    fn a_canonical_key_is_read_in_its_own_spelling_alone() {
        let settings = Settings::default();
        let read = |key| Variant::read(key, &settings);
        assert!(
            read("img/a.jpg/width=640,format=webp")
                .is_some_and(|variant| variant.is_free(&settings))
        );
        assert!(read("img/a.jpg/width=641").is_some_and(|variant| !variant.is_free(&settings)));
        assert!(
            read("img/a.jpg/width=640,blur=3").is_some_and(|variant| !variant.is_free(&settings))
        );
        for other in [
            "img/a.jpg/format=webp,width=640",
            "img/a.jpg/w=640",
            "img/a.jpg/width=0640",
            "img/a.jpg/width=640,dpr=1",
            "img/a.jpg/width=640,gravity=left",
            "img/a.jpg/preset=card",
            "img/a.jpg/",
            "img/width=640",
            "img//width=640",
            "a.jpg/width=640",
        ] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
