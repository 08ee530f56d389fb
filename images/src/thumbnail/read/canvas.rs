//! The canvas on which the frames of an animation are composed, in GIF and in PNG.

use super::rows::Raw;
use crate::encode::Pixels;

/// Where a frame stands on the canvas.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) left: usize,
    pub(super) top: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

/// What becomes of a frame's place before the next one is drawn.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Disposal {
    Keep,
    Clear,
    Restore,
}

/// A canvas: transparent at first.
pub(super) struct Canvas {
    width: usize,
    height: usize,
    rgba: Vec<u8>,
    disposal: Option<(Place, Disposal)>,
    /// What was at the place of a frame that is to be restored.
    saved: Vec<u8>,
}

impl Canvas {
    pub(super) fn new(width: u32, height: u32) -> Self {
        let (width, height) = (width as usize, height as usize);
        Self {
            width,
            height,
            rgba: vec![0; width * height * 4],
            disposal: None,
            saved: Vec::new(),
        }
    }

    /// Draws a frame. `pixel` is asked for each of its pixels that is on the canvas, by its number in the frame.
    pub(super) fn draw(
        &mut self,
        place: Place,
        disposal: Disposal,
        is_blended: bool,
        pixel: impl Fn(usize) -> [u8; 4],
    ) {
        self.dispose();
        let shown = self.clipped(place);
        if disposal == Disposal::Restore {
            self.saved.clear();
            for row in self.rows(shown) {
                self.saved.extend_from_slice(&self.rgba[row]);
            }
        }
        self.disposal = Some((shown, disposal));
        for (y, row) in self.rows(shown).enumerate() {
            let pixels = self.rgba[row].chunks_exact_mut(4).enumerate();
            for (x, below) in pixels {
                let above = pixel(y * place.width + x);
                match above[3] {
                    0 if is_blended => {}
                    1..=254 if is_blended => below.copy_from_slice(&over(above, below)),
                    _ => below.copy_from_slice(&above),
                }
            }
        }
    }

    /// Does to the last frame what is to be done before the next.
    fn dispose(&mut self) {
        let Some((place, disposal)) = self.disposal.take() else {
            return;
        };
        let length = place.width * 4;
        for (y, row) in self.rows(place).enumerate() {
            match disposal {
                Disposal::Keep => {}
                Disposal::Clear => self.rgba[row].fill(0),
                Disposal::Restore => {
                    self.rgba[row].copy_from_slice(&self.saved[y * length..][..length]);
                }
            }
        }
    }

    /// The part of a place that is on the canvas.
    fn clipped(&self, place: Place) -> Place {
        let left = place.left.min(self.width);
        let top = place.top.min(self.height);
        Place {
            left,
            top,
            width: place.width.min(self.width - left),
            height: place.height.min(self.height - top),
        }
    }

    /// The bytes of each row of a place.
    fn rows(&self, place: Place) -> impl Iterator<Item = std::ops::Range<usize>> + use<> {
        let width = self.width;
        (0..place.height).map(move |y| {
            let start = ((place.top + y) * width + place.left) * 4;
            start..start + place.width * 4
        })
    }

    /// Returns what is on the canvas now.
    pub(super) fn frame(&self) -> Raw {
        raw(self.width, self.height, self.rgba.clone())
    }

    /// Returns what is on the canvas at last.
    pub(super) fn into_frame(self) -> Raw {
        raw(self.width, self.height, self.rgba)
    }
}

fn raw(width: usize, height: usize, bytes: Vec<u8>) -> Raw {
    Raw {
        pixels: Pixels {
            width: width as u32,
            height: height as u32,
            channels: 4,
            bytes,
        },
        is_grey: false,
    }
}

/// A pixel over another (Porter and Duff; PNG, section 13.16). Neither is multiplied with its alpha.
fn over(above: [u8; 4], below: &[u8]) -> [u8; 4] {
    let (front, back) = (u32::from(above[3]) * 255, u32::from(below[3]));
    let behind = back * (255 - u32::from(above[3]));
    let alpha = front + behind;
    let mix = |channel: usize| {
        let sum = u32::from(above[channel]) * front + u32::from(below[channel]) * behind;
        ((sum + alpha / 2) / alpha) as u8
    };
    [mix(0), mix(1), mix(2), ((alpha + 127) / 255) as u8]
}

#[cfg(test)]
mod tests {
    use super::*;

    const RED: [u8; 4] = [255, 0, 0, 255];
    const BLUE: [u8; 4] = [0, 0, 255, 255];

    fn place(left: usize, top: usize, width: usize, height: usize) -> Place {
        Place {
            left,
            top,
            width,
            height,
        }
    }

    #[test]
    fn a_frame_is_kept_cleared_or_restored() {
        let mut canvas = Canvas::new(2, 1);
        canvas.draw(place(0, 0, 2, 1), Disposal::Keep, true, |_| RED);
        canvas.draw(place(0, 0, 1, 1), Disposal::Restore, true, |_| BLUE);
        assert_eq!(canvas.frame().pixels.bytes, [BLUE, RED].concat());
        canvas.draw(place(1, 0, 1, 1), Disposal::Clear, true, |_| BLUE);
        assert_eq!(canvas.frame().pixels.bytes, [RED, BLUE].concat());
        canvas.draw(place(0, 0, 1, 1), Disposal::Keep, true, |_| [0; 4]);
        assert_eq!(canvas.into_frame().pixels.bytes, [RED, [0; 4]].concat());
    }

    #[test]
    fn what_sticks_out_is_cut_off() {
        let mut canvas = Canvas::new(2, 2);
        canvas.draw(place(1, 1, 3, 3), Disposal::Restore, false, |at| {
            assert_eq!(at, 0);
            RED
        });
        canvas.draw(place(9, 9, 3, 3), Disposal::Restore, false, |_| BLUE);
        assert_eq!(canvas.into_frame().pixels.bytes, [0; 16]);
    }

    #[test]
    fn half_transparent_pixels_are_mixed() {
        assert_eq!(over([255, 0, 0, 128], &BLUE), [128, 0, 127, 255]);
        assert_eq!(over([200, 0, 0, 128], &[0, 0, 0, 0]), [200, 0, 0, 128]);
    }
}
