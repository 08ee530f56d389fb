//! The still pictures of AV1, decoded.
//!
//! [`decode`] takes the data of a picture, as an AVIF has it, and gives its first frame. This crate is the one
//! place in the workspace that has unsafe code of its own: `rav1d` is written in Rust and has the interface of
//! the library in C whose port it is. All of it is in `decoder.rs`.
//!
//! The decoder runs on the thread that calls it, and starts none.

mod decoder;

pub use decoder::{Picture, decode};

/// What a picture may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Pixels of a frame. The decoder refuses a larger one before it takes memory for it.
    pub pixels: u32,
}

/// Why there is no picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The data are not those of a picture, or are damaged.
    #[error("its AV1 data are damaged")]
    Damaged,
    /// A frame is larger than it may be.
    #[error("its AV1 data have a frame that is larger than the picture may be")]
    TooLarge,
    /// There is no memory for it.
    #[error("there is no memory for it")]
    OutOfMemory,
    /// The data end before there is a picture.
    #[error("its AV1 data have no picture")]
    NoPicture,
}

/// Which samples there are of chrominance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// None: the picture is grey.
    Monochrome,
    /// 4:2:0, one for two by two pixels.
    Half,
    /// 4:2:2, one for two pixels of a row.
    HalfWidth,
    /// 4:4:4, one for each pixel.
    Full,
}

/// A plane of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plane {
    /// Luminance; or green.
    Y,
    /// Blue, less luminance; or blue.
    U,
    /// Red, less luminance; or red.
    V,
}

/// The samples of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Row<'a> {
    /// Of eight bits.
    Eight(&'a [u8]),
    /// Of ten or twelve.
    More(&'a [u16]),
}

/// What the data say of their colours, in the numbers of ITU-T H.273.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colour {
    /// Of the primaries.
    pub primaries: u8,
    /// Of the transfer characteristics.
    pub transfer: u8,
    /// Of the matrix coefficients.
    pub matrix: u8,
    /// True where samples have their full range.
    pub is_full_range: bool,
}
