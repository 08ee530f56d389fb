//! A baseline JPEG whose colours come in scans of their own (ITU-T T.81, section A.2.2), some of them with fewer
//! samples than others. Such a scan has the blocks of a grey JPEG in their order, so it is decoded as one.

use super::{
    DHT, DQT, DRI, EOI, Part, SOF0, SOI, SOS, ThumbnailError, damaged, next_marker, segment,
};
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;

/// Bytes of tables that a picture may have; four of each kind take less than two thousand.
const MAX_TABLE_BYTES: usize = 65_536;

/// Where the scans are and what they make.
pub(super) struct Scans<'a> {
    /// All of the file, up to its end marker where it has one.
    pub bytes: &'a [u8],
    pub width: u32,
    pub height: u32,
    /// The channels, as the frame header lists them.
    pub parts: &'a [Part],
}

impl Scans<'_> {
    /// Decodes the samples as they are stored, in rows of pixels. One channel after the other, so that beside the
    /// result only one of them is in memory.
    pub(super) fn decode(&self, options: DecoderOptions) -> Result<Vec<u8>, ThumbnailError> {
        let channels = self.parts.len();
        let mut samples = vec![0; self.width as usize * self.height as usize * channels];
        let mut found = vec![false; channels];
        let mut tables = Vec::new();
        let mut at = 2;
        while let Some((marker, start)) = next_marker(self.bytes, at) {
            let Some(of_marker) = segment(self.bytes, start) else {
                break;
            };
            at = start + 2 + of_marker.len();
            match marker {
                EOI => break,
                // The last definition of a table holds.
                DHT | DQT | DRI => {
                    tables.extend_from_slice(&[0xff, marker]);
                    tables.extend_from_slice(&self.bytes[start..at]);
                    if tables.len() > MAX_TABLE_BYTES {
                        return Err(damaged("it has too many tables"));
                    }
                }
                SOS => {
                    let &[1, id, ..] = of_marker else {
                        return Err(ThumbnailError::Unsupported(
                            "a baseline JPEG of which some colours share a scan and others do not",
                        ));
                    };
                    let channel = self.parts.iter().position(|part| part.id == id);
                    let channel = channel.filter(|channel| !found[*channel]);
                    let channel =
                        channel.ok_or_else(|| damaged("it has a scan of another colour"))?;
                    found[channel] = true;
                    let end = next_marker(self.bytes, at)
                        .map_or(self.bytes.len(), |(_, start)| start - 2);
                    let plane =
                        self.plane(channel, &tables, of_marker, &self.bytes[at..end], options)?;
                    self.spread(&plane, channel, &mut samples);
                    at = end;
                }
                _ => {}
            }
        }
        if found.contains(&false) {
            return Err(damaged("it lacks the scan of a colour"));
        }
        Ok(samples)
    }

    /// Pixels of the picture for so many samples of a channel, across and down: numerator and denominator.
    fn ratio(&self, channel: usize) -> [[u32; 2]; 2] {
        [0, 1].map(|axis| {
            let most = self.parts.iter().map(|part| part.factors[axis]).max();
            [
                self.parts[channel].factors[axis].into(),
                most.unwrap_or(1).into(),
            ]
        })
    }

    /// Width and height of a channel, in its samples (section A.1.1).
    fn size(&self, channel: usize) -> [u32; 2] {
        let [across, down] = self.ratio(channel);
        let of = |pixels: u32, [own, most]: [u32; 2]| (pixels * own).div_ceil(most);
        [of(self.width, across), of(self.height, down)]
    }

    /// Decodes a channel.
    fn plane(
        &self,
        channel: usize,
        tables: &[u8],
        scan_header: &[u8],
        scan: &[u8],
        options: DecoderOptions,
    ) -> Result<Vec<u8>, ThumbnailError> {
        let [width, height] = self.size(channel);
        let Part { id, table, .. } = self.parts[channel];
        let [wide_1, wide_2] = (width as u16).to_be_bytes();
        let [high_1, high_2] = (height as u16).to_be_bytes();
        let frame = [
            0xff, SOF0, 0, 11, 8, high_1, high_2, wide_1, wide_2, 1, id, 0x11, table,
        ];
        let length = (scan_header.len() as u16 + 2).to_be_bytes();
        let grey = [
            &[0xff, SOI],
            tables,
            &frame,
            &[0xff, SOS],
            &length,
            scan_header,
            scan,
            &[0xff, EOI],
        ];
        let grey = grey.concat();
        let options = options.jpeg_set_out_colorspace(ColorSpace::Luma);
        let mut decoder = zune_jpeg::JpegDecoder::new_with_options(ZCursor::new(&grey), options);
        let plane = decoder.decode().map_err(damaged)?;
        if plane.len() != width as usize * height as usize {
            return Err(damaged("a scan has another size"));
        }
        Ok(plane)
    }

    /// Writes a channel into the pixels. Between its samples, which are in the middle of the pixels that they stand
    /// for (JFIF 1.02, "Spatial relationship of components"), it is interpolated.
    fn spread(&self, plane: &[u8], channel: usize, samples: &mut [u8]) {
        let [across, down] = self.ratio(channel);
        let [width, height] = self.size(channel);
        let columns = weights(self.width, across, width);
        let rows = weights(self.height, down, height);
        let channels = self.parts.len();
        let lines = samples.chunks_exact_mut(self.width as usize * channels);
        for (line, row) in lines.zip(rows) {
            let line_of = |row: usize| &plane[row * width as usize..][..width as usize];
            let (upper, lower) = (line_of(row.first), line_of(row.second));
            let pixels = line.iter_mut().skip(channel).step_by(channels);
            for (pixel, column) in pixels.zip(&columns) {
                let upper = column.of(upper[column.first], upper[column.second]);
                let lower = column.of(lower[column.first], lower[column.second]);
                let both = upper * (256 - row.second_weight) + lower * row.second_weight;
                *pixel = ((both + (1 << 15)) >> 16) as u8;
            }
        }
    }
}

/// Which two samples make a pixel, along one axis.
struct Weights {
    first: usize,
    second: usize,
    /// Of 256.
    second_weight: u32,
}

impl Weights {
    fn of(&self, first: u8, second: u8) -> u32 {
        u32::from(first) * (256 - self.second_weight) + u32::from(second) * self.second_weight
    }
}

/// The weights of all pixels along an axis that has `samples` of them.
fn weights(pixels: u32, [own, most]: [u32; 2], samples: u32) -> Vec<Weights> {
    let last = samples as usize - 1;
    let of_pixel = |pixel: u32| {
        // The place of its middle, in samples, times 512 · most; it may be before the first one.
        let place = ((2 * u64::from(pixel) + 1) * u64::from(own)).saturating_sub(most.into()) * 256;
        let whole = place / (2 * u64::from(most));
        let first = (whole / 256) as usize;
        Weights {
            first: first.min(last),
            second: (first + 1).min(last),
            second_weight: (whole % 256) as u32,
        }
    };
    (0..pixels).map(of_pixel).collect()
}

#[cfg(test)]
mod tests {
    use super::weights;

    #[test]
    fn a_pixel_lies_between_two_samples() {
        let told = |pixels, ratio, samples| -> Vec<(usize, usize, u32)> {
            let weights = weights(pixels, ratio, samples);
            let told = weights.iter();
            told.map(|one| (one.first, one.second, one.second_weight))
                .collect()
        };
        // As many samples as pixels.
        assert_eq!(told(3, [2, 2], 3), [(0, 1, 0), (1, 2, 0), (2, 2, 0)]);
        // Half as many: a quarter of a sample to each side.
        assert_eq!(
            told(5, [1, 2], 3),
            [(0, 1, 0), (0, 1, 64), (0, 1, 192), (1, 2, 64), (1, 2, 192)]
        );
        // Two for three pixels.
        assert_eq!(told(3, [2, 3], 2), [(0, 1, 0), (0, 1, 128), (1, 1, 42)]);
    }
}
