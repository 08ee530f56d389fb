//! All that is unsafe: calls of `rav1d`, and the memory of its pictures.

use crate::{Colour, Error, Layout, Limits, Plane, Row};
use rav1d::Dav1dResult;
use rav1d::include::dav1d::data::Dav1dData;
use rav1d::include::dav1d::dav1d::{Dav1dContext, Dav1dLogger, Dav1dSettings};
use rav1d::include::dav1d::headers::{
    DAV1D_PIXEL_LAYOUT_I400, DAV1D_PIXEL_LAYOUT_I420, DAV1D_PIXEL_LAYOUT_I422, Dav1dSequenceHeader,
};
use rav1d::include::dav1d::picture::Dav1dPicture;
use rav1d::src::lib::{
    dav1d_close, dav1d_data_create, dav1d_data_unref, dav1d_default_settings, dav1d_get_picture,
    dav1d_open, dav1d_picture_unref, dav1d_send_data,
};
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::slice;

/// The numbers of errors, which are those of POSIX, below zero.
const AGAIN: i32 = 11;
const OUT_OF_MEMORY: i32 = 12;
const OUT_OF_RANGE: i32 = 34;

/// Decodes the first frame of the data of a picture (AV1, section 7.5: a temporal unit).
///
/// # Errors
/// The data are damaged, end too early, or have a frame that is too large.
pub fn decode(data: &[u8], limits: Limits) -> Result<Picture, Error> {
    let mut decoder = Decoder::open(limits)?;
    decoder.send(data)?;
    decoder.picture()
}

fn checked(result: Dav1dResult) -> Result<(), Error> {
    match -result.0 {
        0 => Ok(()),
        AGAIN => Err(Error::NoPicture),
        OUT_OF_MEMORY => Err(Error::OutOfMemory),
        OUT_OF_RANGE => Err(Error::TooLarge),
        _ => Err(Error::Damaged),
    }
}

/// An open decoder. The context is there until it is dropped.
struct Decoder(Option<Dav1dContext>);

impl Decoder {
    fn open(limits: Limits) -> Result<Self, Error> {
        let mut settings = MaybeUninit::<Dav1dSettings>::uninit();
        // SAFETY: the place may be written to, and what was there need not be dropped.
        unsafe { dav1d_default_settings(NonNull::from(&mut settings).cast()) };
        // SAFETY: the call above has written it.
        let mut settings = unsafe { settings.assume_init() };
        settings.n_threads = 1;
        settings.max_frame_delay = 1;
        settings.all_layers = 0;
        settings.frame_size_limit = limits.pixels;
        // SAFETY: there is no function that could be called in a wrong way.
        settings.logger = unsafe { Dav1dLogger::new(None, None) };
        let mut context: Option<Dav1dContext> = None;
        // SAFETY: both places live through the call, one to be written to and one to be read from. The settings
        // are read bit by bit and have nothing to be dropped.
        let result = unsafe {
            dav1d_open(
                Some(NonNull::from(&mut context)),
                Some(NonNull::from(&mut settings)),
            )
        };
        let decoder = Self(context);
        checked(result)?;
        Ok(decoder)
    }

    fn send(&mut self, data: &[u8]) -> Result<(), Error> {
        if data.is_empty() {
            return Err(Error::NoPicture);
        }
        let mut buffer = Data(Dav1dData::default());
        // SAFETY: the place may be written to, and what was there, being empty, need not be dropped.
        let start = unsafe { dav1d_data_create(Some(NonNull::from(&mut buffer.0)), data.len()) };
        let start = NonNull::new(start).ok_or(Error::OutOfMemory)?;
        // SAFETY: the call above has taken this many bytes, which nobody else knows of.
        let target = unsafe { slice::from_raw_parts_mut(start.as_ptr(), data.len()) };
        target.copy_from_slice(data);
        // SAFETY: the context is open. The data are from `dav1d_data_create`; what the decoder has taken of them
        // it has also taken out of the buffer.
        checked(unsafe { dav1d_send_data(self.0, Some(NonNull::from(&mut buffer.0))) })
    }

    fn picture(&mut self) -> Result<Picture, Error> {
        let mut picture = Picture(Dav1dPicture::default());
        // SAFETY: the context is open. The place may be written to, and what was there, being empty, need not be
        // dropped.
        checked(unsafe { dav1d_get_picture(self.0, Some(NonNull::from(&mut picture.0))) })?;
        picture.checked()
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // SAFETY: the context is from `dav1d_open`, or none; the call takes it out, so it is closed once.
        unsafe { dav1d_close(Some(NonNull::from(&mut self.0))) };
    }
}

/// Data that were not sent are dropped.
struct Data(Dav1dData);

impl Drop for Data {
    fn drop(&mut self) {
        // SAFETY: it is from `dav1d_data_create`, or empty; the call leaves it empty.
        unsafe { dav1d_data_unref(Some(NonNull::from(&mut self.0))) };
    }
}

/// A decoded frame. Its memory is the decoder's, and stays when the decoder is closed.
pub struct Picture(Dav1dPicture);

impl Drop for Picture {
    fn drop(&mut self) {
        // SAFETY: it is from `dav1d_get_picture`, or empty; the call leaves it empty.
        unsafe { dav1d_picture_unref(Some(NonNull::from(&mut self.0))) };
    }
}

impl Picture {
    /// Makes sure of what [`Picture::row`] takes for granted.
    fn checked(self) -> Result<Self, Error> {
        let width = self.width() as usize;
        let bytes = self.sample_bytes();
        let luma = self.0.stride[0].unsigned_abs() >= width * bytes;
        let chroma =
            self.0.stride[1].unsigned_abs() >= self.plane_size(Plane::U).0 as usize * bytes;
        let count = if self.layout() == Layout::Monochrome {
            1
        } else {
            3
        };
        let has_planes = self.0.data[..count].iter().all(Option::is_some);
        let has_size = self.0.p.w > 0 && self.0.p.h > 0;
        if has_size && has_planes && luma && (count == 1 || chroma) && self.0.seq_hdr.is_some() {
            Ok(self)
        } else {
            Err(Error::Damaged)
        }
    }

    /// Returns the pixels of a row.
    pub fn width(&self) -> u32 {
        self.0.p.w.unsigned_abs()
    }

    /// Returns the count of rows.
    pub fn height(&self) -> u32 {
        self.0.p.h.unsigned_abs()
    }

    /// Returns the bits of a sample: 8, 10 or 12.
    pub fn bits(&self) -> u8 {
        self.0.p.bpc as u8
    }

    fn sample_bytes(&self) -> usize {
        if self.bits() == 8 { 1 } else { 2 }
    }

    /// Returns which samples there are of chrominance.
    pub fn layout(&self) -> Layout {
        match self.0.p.layout {
            DAV1D_PIXEL_LAYOUT_I400 => Layout::Monochrome,
            DAV1D_PIXEL_LAYOUT_I420 => Layout::Half,
            DAV1D_PIXEL_LAYOUT_I422 => Layout::HalfWidth,
            _ => Layout::Full,
        }
    }

    /// Returns what the data say of their colours.
    pub fn colour(&self) -> Colour {
        let header = self.sequence_header();
        Colour {
            primaries: header.pri as u8,
            transfer: header.trc as u8,
            matrix: header.mtrx as u8,
            is_full_range: header.color_range != 0,
        }
    }

    fn sequence_header(&self) -> &Dav1dSequenceHeader {
        let header = self.0.seq_hdr.expect("`checked` has seen it");
        // SAFETY: the picture holds a reference to its sequence header, which nobody changes.
        unsafe { header.as_ref() }
    }

    /// Returns samples of a row, and rows, of a plane. None of chrominance where the picture is grey.
    pub fn plane_size(&self, plane: Plane) -> (u32, u32) {
        let (width, height) = (self.width(), self.height());
        match (plane, self.layout()) {
            (Plane::Y, _) | (_, Layout::Full) => (width, height),
            (_, Layout::Monochrome) => (0, 0),
            (_, Layout::Half) => (width.div_ceil(2), height.div_ceil(2)),
            (_, Layout::HalfWidth) => (width.div_ceil(2), height),
        }
    }

    /// Returns the samples of a row of a plane; none where there is no such row.
    pub fn row(&self, plane: Plane, y: u32) -> Row<'_> {
        let (width, height) = self.plane_size(plane);
        let (index, stride) = match plane {
            Plane::Y => (0, self.0.stride[0]),
            Plane::U => (1, self.0.stride[1]),
            Plane::V => (2, self.0.stride[1]),
        };
        let Some(data) = self.0.data[index].filter(|_| y < height) else {
            return Row::Eight(&[]);
        };
        let start = data.cast::<u8>().as_ptr();
        // SAFETY: a plane has `height` rows (rav1d, `Dav1dPicAllocator::alloc_picture_callback`), each as many
        // bytes behind the one before as the stride says, and y is below the height.
        let start = unsafe { start.offset(y as isize * stride) };
        let width = width as usize;
        if self.bits() == 8 {
            // SAFETY: `checked` has seen that a row has this many samples of one byte. The decoder has written
            // them all, and nobody changes them while the picture holds them.
            Row::Eight(unsafe { slice::from_raw_parts(start, width) })
        } else {
            // SAFETY: as above, of two bytes. Planes and strides are aligned to 64 bytes.
            Row::More(unsafe { slice::from_raw_parts(start.cast::<u16>(), width) })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_picture_is_an_error() {
        let limits = Limits { pixels: 1_000 };
        for data in [&b""[..], b"\0", b"\x12\0", b"hello, world", &[0xff; 64]] {
            assert!(decode(data, limits).is_err(), "{data:?}");
        }
    }
}
