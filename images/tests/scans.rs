//! A JPEG whose channels have scans of their own is decoded one channel after the other: what that takes is counted.

use peak_alloc::PeakAlloc;
use quillfront_images::thumbnail::transform::Transform;
use quillfront_images::thumbnail::{Limits, make};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const SIDE: usize = 3_200;

/// A grey picture with half as many samples of the colours across and down, each in a scan. The tables have one code
/// each, of one bit: no difference, and the end of a block.
fn jpeg() -> Vec<u8> {
    let [high, low] = (SIDE as u16).to_be_bytes();
    let table = |class: u8| {
        let mut table = vec![0xff, 0xc4, 0, 20, class, 1];
        table.extend([0; 16]);
        table
    };
    let mut bytes = vec![0xff, 0xd8, 0xff, 0xdb, 0, 67, 0];
    bytes.extend([1; 64]);
    bytes.extend([0xff, 0xc0, 0, 17, 8, high, low, high, low, 3]);
    bytes.extend([1, 0x22, 0, 2, 0x11, 0, 3, 0x11, 0]);
    bytes.extend(table(0));
    bytes.extend(table(0x10));
    for (id, blocks) in [(1, SIDE / 8), (2, SIDE / 16), (3, SIDE / 16)] {
        bytes.extend([0xff, 0xda, 0, 8, 1, id, 0, 0, 63, 0]);
        bytes.resize(bytes.len() + blocks * blocks / 4, 0);
    }
    bytes.extend([0xff, 0xd9]);
    bytes
}

#[test]
fn scans_of_single_channels_take_one_channel_beside_the_pixels() {
    let bytes = jpeg();
    let wanted = Transform {
        width: Some(64),
        ..Transform::default()
    };
    MEMORY.reset_peak_usage();
    let before = MEMORY.current_usage();
    let made = make(&bytes, &wanted, &Limits::default()).unwrap();
    let taken = MEMORY.peak_usage() - before;
    assert_eq!((made.width, made.height), (64, 64));
    let pixels = SIDE * SIDE;
    assert!(
        taken < pixels * 43 / 10,
        "{taken} bytes for {pixels} pixels"
    );
}
