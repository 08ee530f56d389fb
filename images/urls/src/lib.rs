//! The URLs of thumbnails: pictures whose address says what they are.
//!
//! `/img/width=640,format=auto/photos/cat.jpg` is the picture `photos/cat.jpg`, 640 pixels wide, in the best
//! format that the reader takes. The names of the options are those of Cloudflare Images. Behind the cache
//! the same picture has one name, its **canonical form**: `img/photos/cat.jpg/width=640,format=webp`. It is the cache
//! key and the key of the stored object at once.
//!
//! The steps, which [`Variant::asked`] goes through:
//!
//! 1. [`Place::of`] tells whether a key is a thumbnail's at all.
//! 2. [`Options::parse`] reads the options. Any text gives options, or an error that says which one is wrong and
//!    what is allowed.
//! 3. [`Options::admit`] says which of them anybody may ask for ([`Settings`]): sizes and qualities go up to the next
//!    step of a ladder, so that nobody can have any number of pictures made. All others need a [signature](sign).
//! 4. [`AcceptedFormats`] is what the reader takes; it decides `format=auto`.
//! 5. [`Transform::normalised`] drops what changes nothing, and its text ([`Variant::key`]) has one order, so that
//!    equal pictures have one key.
//!
//! ```
//! use quillfront_image_urls::{AcceptedFormats, Reader, Refusal, Settings, Variant};
//!
//! let settings = Settings::default();
//! let chrome = AcceptedFormats::read("image/avif,image/webp,image/apng,*/*;q=0.8");
//! let asked = |key| Variant::asked(key, &Reader::of(chrome), &settings);
//!
//! let wanted = asked("img/f=auto,w=600/photos/cat.jpg")?.expect("a thumbnail");
//! assert_eq!(wanted.variant.key(&settings), "img/photos/cat.jpg/width=640,format=avif");
//!
//! // An ordinary object of the site.
//! assert_eq!(asked("img/logo.png")?, None);
//! // Blurred pictures are not free.
//! let refused = asked("img/blur=20/photos/cat.jpg").unwrap_err();
//! assert_eq!(refused.status(), 403);
//! # Ok::<(), Refusal>(())
//! ```

mod accept;
mod admit;
mod limits;
mod normal;
mod options;
mod path;
mod place;
mod refusal;
mod settings;
pub mod sign;
pub mod transform;
mod values;
mod variant;
mod version;
mod write;

pub use accept::AcceptedFormats;
pub use limits::Limits;
pub use options::{OPTIONS, Options};
pub use path::encode_path;
pub use place::Place;
pub use refusal::Refusal;
pub use settings::{MAX_PRESETS, MAX_STEPS, Settings, SettingsError};
pub use sign::{Keys, KeysError, SignedOptions};
pub use transform::Transform;
pub use variant::{GrantedVariant, Reader, Variant};
pub use version::Version;

#[cfg(test)]
mod properties;
