//! What an original may cost.

use serde::{Deserialize, Serialize};

/// The most that is decoded and made. All of it is read off headers, before any pixel is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Bytes of an original.
    pub bytes: u64,
    /// Pixels of an original, or of one of its frames.
    pub pixels: u64,
    /// Pixels of all frames of an animation that stays one.
    pub animation_pixels: u64,
    /// Frames of an animation that stays one: small ones cost memory of their own.
    pub frames: u32,
    /// Pixels of a side of what is made.
    pub side: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 100_000_000,
            pixels: 100_000_000,
            animation_pixels: 50_000_000,
            frames: 5_000,
            side: 12_000,
        }
    }
}
