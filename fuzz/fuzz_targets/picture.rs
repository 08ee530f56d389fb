#![no_main]

use quillfront_images::{Picture, probe};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    if probe(bytes).is_ok_and(|found| u64::from(found.width) * u64::from(found.height) < 100_000) {
        let _ = Picture::decode(bytes);
    }
});
