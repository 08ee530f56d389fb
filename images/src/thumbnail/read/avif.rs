//! AVIF (version 1.1).

mod container;
mod yuv;

use super::super::colour::{self, Cicp, Colours};
use super::super::header::{Frames, Header, check_size};
use super::super::original::OriginalFormat;
use super::super::{Limits, ThumbnailError};
use super::rows::Raw;
use super::{damaged, exif};
use crate::encode::Pixels;
use container::{Container, Property};
use image::metadata::Orientation;
use quillfront_av1::Layout;
use std::borrow::Cow;
use yuv::{Conversion, Rows};

/// The parts of an AVIF.
pub(crate) struct Avif<'a> {
    container: Container<'a>,
    primary: Layer,
    alpha: Option<Layer>,
    /// True where colours are multiplied with alpha.
    is_premultiplied: bool,
    /// Left, top, width and height of what is shown.
    shown: [u32; 4],
    orientation: Orientation,
    profile: Option<&'a [u8]>,
    cicp: Option<(Cicp, bool)>,
    exif: Option<Cow<'a, [u8]>>,
}

/// A picture, or the alpha of one: tiles of one size, row by row.
struct Layer {
    width: u32,
    height: u32,
    columns: u32,
    tiles: Vec<u32>,
    tile_width: u32,
    tile_height: u32,
}

/// Tiles of a picture. Eight thousand pixels a side are 256 of the usual 512.
const MAX_TILES: usize = 1_024;

impl<'a> Avif<'a> {
    /// Finds the parts of a file.
    pub(super) fn open(bytes: &'a [u8], limits: &Limits) -> Result<Self, ThumbnailError> {
        let container = Container::open(bytes).ok_or_else(|| damaged("it has no still picture"))?;
        let item = container.primary();
        let properties = container.properties(item);
        let primary = Layer::open(&container, item, limits)?;
        let alpha = container.references(b"auxl", item, true);
        let alpha = alpha.into_iter().find(|alpha| {
            let is_alpha = |property: &Property<'_>| {
                const NAMES: [&[u8]; 2] = [
                    b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0",
                    b"urn:mpeg:hevc:2015:auxid:1\0",
                ];
                let name = property.data.get(4..).unwrap_or_default();
                &property.kind == b"auxC" && NAMES.iter().any(|known| name.starts_with(known))
            };
            container.properties(*alpha).iter().any(is_alpha)
        });
        let is_premultiplied =
            alpha.is_some_and(|alpha| container.references(b"prem", item, false).contains(&alpha));
        let alpha = alpha
            .map(|alpha| Layer::open(&container, alpha, limits))
            .transpose()?;
        if let Some(alpha) = &alpha
            && (alpha.width, alpha.height) != (primary.width, primary.height)
        {
            return Err(damaged("its alpha has another size"));
        }
        let described = container.references(b"cdsc", item, true);
        let exif = described
            .into_iter()
            .find(|item| container.kind(*item) == Some(*b"Exif"));
        let exif = exif.and_then(|item| container.data(item));
        let mut found = Self {
            shown: [0, 0, primary.width, primary.height],
            primary,
            alpha,
            is_premultiplied,
            orientation: Orientation::NoTransforms,
            profile: None,
            cicp: None,
            exif: exif.and_then(behind_offset),
            container,
        };
        found.describe(&properties);
        Ok(found)
    }

    /// Takes what the properties say of colours and of what is shown.
    fn describe(&mut self, properties: &[Property<'a>]) {
        let mut turn = Turn::default();
        for property in properties {
            match (&property.kind, property.data) {
                (b"colr", [b'n', b'c', b'l', b'x', p1, p2, t1, t2, m1, m2, range, ..]) => {
                    let cicp = Cicp {
                        primaries: u16::from_be_bytes([*p1, *p2]),
                        transfer: u16::from_be_bytes([*t1, *t2]),
                        matrix: u16::from_be_bytes([*m1, *m2]),
                    };
                    self.cicp = Some((cicp, range & 0x80 != 0));
                }
                (b"colr", [b'p', b'r', b'o', b'f', profile @ ..])
                | (b"colr", [b'r', b'I', b'C', b'C', profile @ ..]) => self.profile = Some(profile),
                (b"clap", data) => {
                    let [_, _, width, height] = self.shown;
                    self.shown = aperture(data, width, height).unwrap_or(self.shown);
                }
                (b"irot", [quarters, ..]) => turn.rotate(4 - (quarters & 3)),
                (b"imir", [axis, ..]) => turn.mirror(axis & 1 == 1),
                _ => {}
            }
        }
        self.orientation = turn.orientation();
    }

    pub(super) fn header(&self) -> Header {
        let [_, _, width, height] = self.shown;
        Header {
            format: OriginalFormat::Avif,
            width,
            height,
            // EXIF says nothing here (23000-22, section 7.3.9).
            orientation: self.orientation,
            frames: Frames::Still,
            has_alpha: self.alpha.is_some(),
        }
    }

    pub(super) fn exif(&self) -> Option<&[u8]> {
        self.exif.as_deref()
    }

    pub(super) fn decode(&self) -> Result<Pixels, ThumbnailError> {
        let [left, top, width, height] = self.shown;
        let mut pixels = Pixels {
            width,
            height,
            channels: 0,
            bytes: Vec::new(),
        };
        let mut cicp = self.cicp.map(|(cicp, _)| cicp).unwrap_or_default();
        let mut is_grey = false;
        for (index, item) in self.primary.tiles.iter().enumerate() {
            let picture = self.primary.tile(&self.container, *item)?;
            let (of_tile, is_full_range) = self.cicp.unwrap_or_else(|| of_data(&picture));
            if index == 0 {
                cicp = of_tile;
                is_grey = picture.layout() == Layout::Monochrome;
                pixels.channels = match (&self.alpha, is_grey) {
                    (Some(_), _) => 4,
                    (None, true) => 1,
                    (None, false) => 3,
                };
                pixels.bytes = vec![0; width as usize * height as usize * pixels.channels];
            } else if is_grey != (picture.layout() == Layout::Monochrome) {
                return Err(damaged("its tiles are of different kinds"));
            }
            let conversion =
                Conversion::new(cicp.matrix, cicp.primaries, is_full_range, picture.bits());
            let conversion = conversion.ok_or(ThumbnailError::Unsupported(
                "an AVIF with an unusual colour matrix",
            ))?;
            let mut rows = Rows::new(&picture, conversion);
            let channels = pixels.channels;
            let place = self.primary.place(index);
            draw(&mut pixels, [left, top], place, |y, from, target| {
                rows.colours(y, from, target, channels);
            });
        }
        if let Some(alpha) = &self.alpha {
            for (index, item) in alpha.tiles.iter().enumerate() {
                let picture = alpha.tile(&self.container, *item)?;
                let is_full_range = picture.colour().is_full_range;
                let conversion = Conversion::new(1, 1, is_full_range, picture.bits());
                let conversion = conversion.ok_or_else(|| damaged("its alpha has no range"))?;
                let mut rows = Rows::new(&picture, conversion);
                draw(
                    &mut pixels,
                    [left, top],
                    alpha.place(index),
                    |y, from, target| {
                        rows.alpha(y, from, target);
                    },
                );
            }
            if self.is_premultiplied {
                divide(&mut pixels.bytes);
            }
        }
        let colours = match self.profile {
            Some(profile) => Colours::Profile(Cow::Borrowed(profile)),
            None => Colours::Cicp(cicp),
        };
        let mut raw = Raw { pixels, is_grey };
        colour::to_srgb(&mut raw, &colours);
        Ok(raw.reduced())
    }
}

/// What the data of a picture say of their colours, and whether samples have their full range.
fn of_data(picture: &quillfront_av1::Picture) -> (Cicp, bool) {
    let colour = picture.colour();
    let cicp = Cicp {
        primaries: colour.primaries.into(),
        transfer: colour.transfer.into(),
        matrix: colour.matrix.into(),
    };
    (cicp, colour.is_full_range)
}

impl Layer {
    fn open(container: &Container<'_>, item: u32, limits: &Limits) -> Result<Self, ThumbnailError> {
        let (width, height) = size(container, item)?;
        check_size(width, height, limits)?;
        match container.kind(item).as_ref() {
            Some(b"av01") => Ok(Self {
                width,
                height,
                columns: 1,
                tiles: vec![item],
                tile_width: width,
                tile_height: height,
            }),
            Some(b"grid") => Self::open_grid(container, item, (width, height), limits),
            Some(b"iovl") => Err(ThumbnailError::Unsupported("an AVIF of overlaid pictures")),
            Some(b"tmap") => Err(ThumbnailError::Unsupported("an AVIF that is tone-mapped")),
            Some(b"hvc1") => Err(ThumbnailError::Unsupported("a HEIC picture")),
            _ => Err(ThumbnailError::Unsupported("an AVIF of an unknown kind")),
        }
    }

    /// A picture of tiles (23008-12, section 6.6.2.3).
    fn open_grid(
        container: &Container<'_>,
        item: u32,
        (width, height): (u32, u32),
        limits: &Limits,
    ) -> Result<Self, ThumbnailError> {
        let wrong = || damaged("its tiles do not fit");
        let data = container.data(item).ok_or_else(wrong)?;
        let &[_, _, rows, columns, ..] = &*data else {
            return Err(wrong());
        };
        let (rows, columns) = (u32::from(rows) + 1, u32::from(columns) + 1);
        let tiles = container.references(b"dimg", item, false);
        let count = (rows * columns) as usize;
        if tiles.len() != count || count > MAX_TILES {
            return Err(wrong());
        }
        let (tile_width, tile_height) = size(container, tiles[0])?;
        check_size(tile_width, tile_height, limits)?;
        let fits = |all: u32, tile: u32, count: u32| {
            let (all, tile) = (u64::from(all), u64::from(tile));
            tile * u64::from(count) >= all && tile * u64::from(count - 1) < all
        };
        let fits = fits(width, tile_width, columns) && fits(height, tile_height, rows);
        let of_size = |tile: &u32| {
            container.kind(*tile) == Some(*b"av01")
                && size(container, *tile) == Ok((tile_width, tile_height))
        };
        if !fits || !tiles.iter().all(of_size) {
            return Err(wrong());
        }
        Ok(Self {
            width,
            height,
            columns,
            tiles,
            tile_width,
            tile_height,
        })
    }

    /// Decodes a tile.
    fn tile(
        &self,
        container: &Container<'_>,
        item: u32,
    ) -> Result<quillfront_av1::Picture, ThumbnailError> {
        let data = container.data(item);
        let data = data.ok_or_else(|| damaged("a part of it is missing"))?;
        let limits = quillfront_av1::Limits {
            pixels: self.tile_width * self.tile_height,
        };
        let picture = quillfront_av1::decode(&data, limits).map_err(damaged)?;
        if (picture.width(), picture.height()) != (self.tile_width, self.tile_height) {
            return Err(damaged("it has two sizes"));
        }
        Ok(picture)
    }

    /// Left, top, width and height of a tile.
    fn place(&self, index: usize) -> [u32; 4] {
        let index = index as u32;
        [
            index % self.columns * self.tile_width,
            index / self.columns * self.tile_height,
            self.tile_width,
            self.tile_height,
        ]
    }
}

/// The size of an item, as stored.
fn size(container: &Container<'_>, item: u32) -> Result<(u32, u32), ThumbnailError> {
    let properties = container.properties(item);
    let size = properties.iter().find(|found| &found.kind == b"ispe");
    match size.map(|found| found.data) {
        Some(&[_, _, _, _, w1, w2, w3, w4, h1, h2, h3, h4, ..]) => Ok((
            u32::from_be_bytes([w1, w2, w3, w4]),
            u32::from_be_bytes([h1, h2, h3, h4]),
        )),
        _ => Err(damaged("it has no size")),
    }
}

/// Draws a tile onto a picture of which a part is shown from here. `row` is told the row of the tile, the first
/// column that is shown, and where it is to be written.
fn draw(
    pixels: &mut Pixels,
    [left, top]: [u32; 2],
    [tile_left, tile_top, width, height]: [u32; 4],
    mut row: impl FnMut(u32, usize, &mut [u8]),
) {
    let from = left.max(tile_left);
    let to = (left + pixels.width).min(tile_left + width);
    if from >= to {
        return;
    }
    let stride = pixels.width as usize * pixels.channels;
    for y in top.max(tile_top)..(top + pixels.height).min(tile_top + height) {
        let start = (y - top) as usize * stride + (from - left) as usize * pixels.channels;
        let length = (to - from) as usize * pixels.channels;
        let target = &mut pixels.bytes[start..start + length];
        row(y - tile_top, (from - tile_left) as usize, target);
    }
}

/// Left, top, width and height of a clean aperture (14496-12, section 12.1.4); none where they are not those of
/// whole pixels inside of the picture.
fn aperture(data: &[u8], width: u32, height: u32) -> Option<[u32; 4]> {
    let mut numbers = data.chunks_exact(4).map(|word| {
        let [a, b, c, d] = [word[0], word[1], word[2], word[3]];
        i64::from(i32::from_be_bytes([a, b, c, d]))
    });
    let side = |all: u32, length: (i64, i64), offset: (i64, i64)| {
        let whole =
            |(above, below): (i64, i64)| (below > 0 && above % below == 0).then(|| above / below);
        let length = whole(length).filter(|length| (1..=i64::from(all)).contains(length))?;
        let (above, below) = offset;
        // From the middle: (all − length) ÷ 2 + offset.
        let start = whole((
            (i64::from(all) - length).checked_mul(below)? + above.checked_mul(2)?,
            below.checked_mul(2)?,
        ))?;
        (start >= 0 && start + length <= i64::from(all)).then_some((start as u32, length as u32))
    };
    let mut pair = || Some((numbers.next()?, numbers.next()?));
    let (wide, high, right, down) = (pair()?, pair()?, pair()?, pair()?);
    let (left, width) = side(width, wide, right)?;
    let (top, height) = side(height, high, down)?;
    Some([left, top, width, height])
}

/// EXIF data behind the number of bytes that come before them (23008-12, annex A.2.1).
fn behind_offset(data: Cow<'_, [u8]>) -> Option<Cow<'_, [u8]>> {
    let offset = u32::from_be_bytes(*data.first_chunk::<4>()?) as usize;
    let start = offset.checked_add(4)?;
    match data {
        Cow::Borrowed(data) => Some(Cow::Borrowed(exif::without_mark(data.get(start..)?))),
        Cow::Owned(data) => Some(Cow::Owned(exif::without_mark(data.get(start..)?).to_vec())),
    }
}

/// Turns and mirrors, one after the other.
#[derive(Default)]
struct Turn {
    /// Quarters, clockwise, before it is mirrored.
    quarters: u8,
    /// Whether left and right change sides.
    is_mirrored: bool,
}

impl Turn {
    fn rotate(&mut self, quarters: u8) {
        // To turn what is mirrored is to mirror what is turned the other way.
        let quarters = if self.is_mirrored {
            4 - quarters % 4
        } else {
            quarters
        };
        self.quarters = (self.quarters + quarters) % 4;
    }

    /// Left and right change sides, or above and below.
    fn mirror(&mut self, is_left_right: bool) {
        self.is_mirrored = !self.is_mirrored;
        if !is_left_right {
            self.quarters = (self.quarters + 2) % 4;
        }
    }

    fn orientation(&self) -> Orientation {
        match (self.quarters, self.is_mirrored) {
            (0, false) => Orientation::NoTransforms,
            (1, false) => Orientation::Rotate90,
            (2, false) => Orientation::Rotate180,
            (_, false) => Orientation::Rotate270,
            (0, true) => Orientation::FlipHorizontal,
            (1, true) => Orientation::Rotate90FlipH,
            (2, true) => Orientation::FlipVertical,
            (_, true) => Orientation::Rotate270FlipH,
        }
    }
}

/// Divides colours by alpha.
fn divide(bytes: &mut [u8]) {
    for pixel in bytes.chunks_exact_mut(4) {
        let alpha = u32::from(pixel[3]);
        for sample in &mut pixel[..3] {
            let whole = (u32::from(*sample) * 255 + alpha / 2).checked_div(alpha);
            *sample = whole.unwrap_or(0).min(255) as u8;
        }
    }
}
