//! Luminance and chrominance to red, green and blue (ITU-T H.273, section 8.3).

use quillfront_av1::{Layout, Picture, Plane, Row};

/// How samples become colours.
#[derive(Clone, Copy)]
pub(super) struct Conversion {
    kind: Kind,
    /// What a sample of black is, and what one of white is more.
    luma: (f32, f32),
    /// What a sample without colour is, and how far apart the extremes are.
    chroma: (f32, f32),
}

#[derive(Clone, Copy)]
enum Kind {
    /// Green, blue and red, as they are.
    Identity,
    /// The weights of red and of blue in the luminance.
    Weights(f32, f32),
    /// Luminance, and the excess of green and of orange.
    Excess,
}

impl Conversion {
    /// Returns the conversion of a number of H.273; none where it is not known. `primaries` decide where the number
    /// says so.
    pub(super) fn new(matrix: u16, primaries: u16, is_full_range: bool, bits: u8) -> Option<Self> {
        let kind = match matrix {
            0 => Kind::Identity,
            1 => Kind::Weights(0.2126, 0.0722),
            // What does not say is taken as most files are.
            2 | 5 | 6 => Kind::Weights(0.299, 0.114),
            4 => Kind::Weights(0.30, 0.11),
            7 => Kind::Weights(0.212, 0.087),
            8 => Kind::Excess,
            9 => Kind::Weights(0.2627, 0.0593),
            12 => match primaries {
                1 | 2 => Kind::Weights(0.2126, 0.0722),
                9 => Kind::Weights(0.2627, 0.0593),
                12 => Kind::Weights(0.228_975, 0.079_287),
                _ => return None,
            },
            _ => return None,
        };
        let scale = f32::from(1u16 << (bits - 8));
        let most = f32::from(((1u32 << bits) - 1) as u16);
        let (luma, spread) = if is_full_range {
            ((0.0, most), most)
        } else {
            ((16.0 * scale, 219.0 * scale), 224.0 * scale)
        };
        let chroma = match kind {
            Kind::Identity => luma,
            _ => (128.0 * scale, spread),
        };
        Some(Self { kind, luma, chroma })
    }

    /// The colour of three samples, of 0 to 255.
    fn colour(&self, y: f32, u: f32, v: f32) -> [u8; 3] {
        let y = (y - self.luma.0) / self.luma.1;
        let u = (u - self.chroma.0) / self.chroma.1;
        let v = (v - self.chroma.0) / self.chroma.1;
        let [red, green, blue] = match self.kind {
            Kind::Identity => [v, y, u],
            Kind::Weights(of_red, of_blue) => {
                let red = y + 2.0 * (1.0 - of_red) * v;
                let blue = y + 2.0 * (1.0 - of_blue) * u;
                let green = (y - of_red * red - of_blue * blue) / (1.0 - of_red - of_blue);
                [red, green, blue]
            }
            Kind::Excess => [y - u + v, y + u, y - u - v],
        };
        [eight(red), eight(green), eight(blue)]
    }

    /// The grey of a sample.
    fn grey(&self, y: f32) -> u8 {
        eight((y - self.luma.0) / self.luma.1)
    }
}

fn eight(value: f32) -> u8 {
    (value * 255.0 + 0.5).clamp(0.0, 255.0) as u8
}

/// The rows of a picture, converted.
pub(super) struct Rows<'a> {
    picture: &'a Picture,
    conversion: Conversion,
    planes: [Vec<f32>; 3],
    /// Two rows of chrominance, mixed.
    mixed: Vec<f32>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(picture: &'a Picture, conversion: Conversion) -> Self {
        let row = vec![0.0; picture.width() as usize];
        Self {
            picture,
            conversion,
            planes: [row.clone(), row.clone(), row],
            mixed: vec![0.0; picture.plane_size(Plane::U).0 as usize],
        }
    }

    /// Writes the pixels of a row, from `left` on, into pixels of so many channels, of which the first one or three
    /// are written.
    pub(super) fn colours(&mut self, y: u32, left: usize, target: &mut [u8], channels: usize) {
        self.luma(y);
        if self.picture.layout() == Layout::Monochrome {
            let samples = &self.planes[0][left..];
            for (pixel, sample) in target.chunks_exact_mut(channels).zip(samples) {
                let grey = self.conversion.grey(*sample);
                pixel[..channels.min(3)].fill(grey);
            }
            return;
        }
        self.chroma(Plane::U, y);
        self.chroma(Plane::V, y);
        let [luma, blue, red] = &self.planes;
        let samples = luma[left..].iter().zip(&blue[left..]).zip(&red[left..]);
        for (pixel, ((y, u), v)) in target.chunks_exact_mut(channels).zip(samples) {
            pixel[..3].copy_from_slice(&self.conversion.colour(*y, *u, *v));
        }
    }

    /// Writes the luminance of a row into the alpha of pixels.
    pub(super) fn alpha(&mut self, y: u32, left: usize, target: &mut [u8]) {
        self.luma(y);
        let samples = &self.planes[0][left..];
        for (pixel, sample) in target.chunks_exact_mut(4).zip(samples) {
            pixel[3] = self.conversion.grey(*sample);
        }
    }

    fn luma(&mut self, y: u32) {
        fill(self.picture.row(Plane::Y, y), &mut self.planes[0]);
    }

    /// A row of chrominance for every pixel. A sample is in the middle of its pixels: the nearer one weighs three
    /// times as much as the other.
    fn chroma(&mut self, plane: Plane, y: u32) {
        let row = &mut self.planes[if plane == Plane::U { 1 } else { 2 }];
        let layout = self.picture.layout();
        if layout == Layout::Full {
            return fill(self.picture.row(plane, y), row);
        }
        if layout == Layout::HalfWidth {
            fill(self.picture.row(plane, y), &mut self.mixed);
        } else {
            let last = self.picture.plane_size(plane).1 - 1;
            let (near, far) = neighbours(y as usize, last as usize);
            let (near, far) = (near as u32, far as u32);
            fill(self.picture.row(plane, near), &mut self.mixed);
            mix(self.picture.row(plane, far), &mut self.mixed);
        }
        let last = self.mixed.len() - 1;
        for (x, sample) in row.iter_mut().enumerate() {
            let (near, far) = neighbours(x, last);
            *sample = self.mixed[near] * 0.75 + self.mixed[far] * 0.25;
        }
    }
}

/// The samples that are nearest to a pixel, of which the last has this number: the nearer one first.
fn neighbours(pixel: usize, last: usize) -> (usize, usize) {
    let near = (pixel / 2).min(last);
    match pixel % 2 {
        0 => (near, near.saturating_sub(1)),
        _ => (near, (near + 1).min(last)),
    }
}

fn fill(row: Row<'_>, target: &mut [f32]) {
    match row {
        Row::Eight(samples) => copy(samples, target),
        Row::More(samples) => copy(samples, target),
    }
}

fn copy<T: Copy + Into<f32>>(samples: &[T], target: &mut [f32]) {
    for (target, sample) in target.iter_mut().zip(samples) {
        *target = (*sample).into();
    }
}

/// Mixes a quarter of a row into three quarters of another.
fn mix(row: Row<'_>, target: &mut [f32]) {
    fn quarter<T: Copy + Into<f32>>(samples: &[T], target: &mut [f32]) {
        for (target, sample) in target.iter_mut().zip(samples) {
            *target = *target * 0.75 + (*sample).into() * 0.25;
        }
    }
    match row {
        Row::Eight(samples) => quarter(samples, target),
        Row::More(samples) => quarter(samples, target),
    }
}
