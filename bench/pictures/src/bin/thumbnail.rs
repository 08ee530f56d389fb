//! Makes one thumbnail, so many times: `thumbnail OPTIONS TIMES IN OUT`.

use quillfront_image_urls::{Accepted, Options, Settings, Variant};
use quillfront_images::thumbnail::make;
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [options, times, original, out] = &arguments[..] else {
        return Err("write: thumbnail OPTIONS TIMES IN OUT".into());
    };
    let settings = Settings::default();
    let options = Options::parse(options, &settings)?.unrestricted(&settings);
    let wanted = Variant::of(original, options, Accepted::default()).transform;
    let original = std::fs::read(original)?;
    for _ in 0..times.parse()? {
        let made = make(&original, &wanted, &settings.limits)?;
        std::fs::write(out, &made.bytes)?;
    }
    Ok(())
}
