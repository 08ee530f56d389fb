//! Prints the SSIMULACRA2 of a picture: `score REFERENCE.png PICTURE.png`, both of 8-bit RGB. 100 is the same
//! picture, 90 one that nobody tells apart, 70 a good one, 50 a fair one.

use fast_ssim2::{PixelDescriptor, PixelSlice, compute_ssimulacra2};
use std::error::Error;
use std::fs::File;
use std::io::BufReader;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(reference), Some(picture)) = (arguments.next(), arguments.next()) else {
        return Err("write: score REFERENCE.png PICTURE.png".into());
    };
    let (reference, picture) = (Picture::read(&reference)?, Picture::read(&picture)?);
    println!(
        "{:.3}",
        compute_ssimulacra2(&reference.pixels()?, &picture.pixels()?)?
    );
    Ok(())
}

struct Picture {
    width: u32,
    height: u32,
    bytes: Vec<u8>,
}

impl Picture {
    fn read(path: &str) -> Result<Self, Box<dyn Error>> {
        let mut reader = png::Decoder::new(BufReader::new(File::open(path)?)).read_info()?;
        let mut bytes = vec![0; reader.output_buffer_size().ok_or("too large")?];
        let info = reader.next_frame(&mut bytes)?;
        if (info.color_type, info.bit_depth) != (png::ColorType::Rgb, png::BitDepth::Eight) {
            return Err(format!("{path} is not of 8-bit RGB").into());
        }
        Ok(Self {
            width: info.width,
            height: info.height,
            bytes,
        })
    }

    fn pixels(&self) -> Result<PixelSlice<'_>, Box<dyn Error>> {
        let row_bytes = self.width as usize * 3;
        let kind = PixelDescriptor::RGB8_SRGB;
        let pixels = PixelSlice::new(&self.bytes, self.width, self.height, row_bytes, kind);
        pixels.map_err(|error| format!("{error:?}").into())
    }
}
