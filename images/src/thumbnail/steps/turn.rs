//! Turns pixels as they are to be seen.

use crate::encode::Pixels;
use crate::thumbnail::geometry::Turn;

/// A square of this side is turned at a time, so that its rows and columns stay in the cache.
const TILE: usize = 32;

pub(super) fn turn(pixels: Pixels, turn: Turn) -> Pixels {
    if turn == Turn::default() {
        return pixels;
    }
    match pixels.channels {
        1 => of::<1>(pixels, turn),
        3 => of::<3>(pixels, turn),
        _ => of::<4>(pixels, turn),
    }
}

fn of<const CHANNELS: usize>(mut pixels: Pixels, turn: Turn) -> Pixels {
    if turn.swap {
        return swapped::<CHANNELS>(&pixels, turn);
    }
    let width = pixels.width as usize;
    let (all, _) = pixels.bytes.as_chunks_mut::<CHANNELS>();
    match (turn.reverse_x, turn.reverse_y) {
        (true, true) => all.reverse(),
        (true, false) => all.chunks_exact_mut(width).for_each(<[_]>::reverse),
        (false, true) => {
            let mut rows: Vec<&mut [[u8; CHANNELS]]> = all.chunks_exact_mut(width).collect();
            let (upper, lower) = rows.split_at_mut(pixels.height as usize / 2);
            for (above, below) in upper.iter_mut().zip(lower.iter_mut().rev()) {
                above.swap_with_slice(below);
            }
        }
        (false, false) => {}
    }
    pixels
}

fn swapped<const CHANNELS: usize>(pixels: &Pixels, turn: Turn) -> Pixels {
    let (stored_width, stored_height) = (pixels.width as usize, pixels.height as usize);
    let (width, height) = (stored_height, stored_width);
    let mut bytes = vec![0; pixels.bytes.len()];
    let (from, _) = pixels.bytes.as_chunks::<CHANNELS>();
    let (into, _) = bytes.as_chunks_mut::<CHANNELS>();
    let at = |reverse: bool, index: usize, side: usize| {
        if reverse { side - 1 - index } else { index }
    };
    for top in (0..height).step_by(TILE) {
        for left in (0..width).step_by(TILE) {
            for y in top..(top + TILE).min(height) {
                let stored_x = at(turn.reverse_x, y, stored_width);
                for x in left..(left + TILE).min(width) {
                    let stored_y = at(turn.reverse_y, x, stored_height);
                    into[y * width + x] = from[stored_y * stored_width + stored_x];
                }
            }
        }
    }
    Pixels {
        width: pixels.height,
        height: pixels.width,
        channels: CHANNELS,
        bytes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_turn_puts_every_pixel_in_its_place() {
        for channels in [1, 3, 4] {
            for bits in 0..8 {
                let turning = Turn {
                    swap: bits & 1 != 0,
                    reverse_x: bits & 2 != 0,
                    reverse_y: bits & 4 != 0,
                };
                let (width, height) = (71_usize, 37_usize);
                let value = |x: usize, y: usize, c: usize| (x * 3 + y * 71 + c * 29) as u8;
                let mut bytes = Vec::new();
                for y in 0..height {
                    for x in 0..width {
                        bytes.extend((0..channels).map(|c| value(x, y, c)));
                    }
                }
                let made = turn(
                    Pixels {
                        width: width as u32,
                        height: height as u32,
                        channels,
                        bytes,
                    },
                    turning,
                );
                let size = (made.width as usize, made.height as usize);
                let swapped = if turning.swap {
                    (height, width)
                } else {
                    (width, height)
                };
                assert_eq!(size, swapped);
                for y in 0..size.1 {
                    for x in 0..size.0 {
                        let (mut u, mut v) = if turning.swap { (y, x) } else { (x, y) };
                        if turning.reverse_x {
                            u = width - 1 - u;
                        }
                        if turning.reverse_y {
                            v = height - 1 - v;
                        }
                        for c in 0..channels {
                            let found = made.bytes[(y * size.0 + x) * channels + c];
                            assert_eq!(found, value(u, v, c), "{turning:?} {x} {y}");
                        }
                    }
                }
            }
        }
    }
}
