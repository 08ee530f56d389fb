//! Mutations of files that follow from a number.

/// Numbers that look like chance (SplitMix64).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64, number: u64) -> Self {
        let mut random = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ number);
        random.next();
        random
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below another one.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    /// A place in a file: in every second case near its beginning, where its structure is.
    fn place(&mut self, length: usize) -> usize {
        match self.below(2) {
            0 => self.below(length.min(600)),
            _ => self.below(length),
        }
    }
}

/// Changes a file in one to three ways. `other` is one to splice with.
pub fn mutate(bytes: &[u8], other: &[u8], random: &mut Random) -> Vec<u8> {
    let mut mutated = bytes.to_vec();
    for _ in 0..=random.below(3) {
        if mutated.is_empty() {
            break;
        }
        match random.below(8) {
            0 | 1 => flip_bits(&mut mutated, random),
            2 => {
                let length = random.below(mutated.len());
                mutated.truncate(length);
            }
            3 => repeat(&mut mutated, random),
            4 | 5 => write_length(&mut mutated, random),
            6 => {
                let start = random.place(mutated.len());
                let end = (start + 1 + random.below(64)).min(mutated.len());
                mutated.drain(start..end);
            }
            _ => {
                let head = random.below(mutated.len());
                let tail = random.below(other.len());
                mutated.truncate(head);
                mutated.extend_from_slice(&other[tail..]);
            }
        }
    }
    mutated
}

fn flip_bits(bytes: &mut [u8], random: &mut Random) {
    for _ in 0..=random.below(12) {
        let at = random.place(bytes.len());
        bytes[at] ^= 1 << random.below(8);
    }
}

/// Puts a part of the file in once more, somewhere else.
fn repeat(bytes: &mut Vec<u8>, random: &mut Random) {
    let start = random.place(bytes.len());
    let end = (start + 1 + random.below(2_000)).min(bytes.len());
    let part = bytes[start..end].to_vec();
    let at = random.place(bytes.len());
    bytes.splice(at..at, part);
}

/// Writes a number that lengths and sizes are wrong with.
fn write_length(bytes: &mut [u8], random: &mut Random) {
    const NUMBERS: [u32; 14] = [
        0,
        1,
        2,
        0x7f,
        0xff,
        0x100,
        0x7fff,
        0xffff,
        0x1_0000,
        0x00ff_ffff,
        0x7fff_ffff,
        0x8000_0000,
        0xffff_fff0,
        0xffff_ffff,
    ];
    let number = match random.below(3) {
        0 => bytes.len() as u32,
        _ => NUMBERS[random.below(NUMBERS.len())],
    };
    let at = random.place(bytes.len());
    let width = [1, 2, 4][random.below(3)].min(bytes.len() - at);
    let written = match random.below(2) {
        0 => number.to_le_bytes()[..width].to_vec(),
        _ => number.to_be_bytes()[4 - width..].to_vec(),
    };
    bytes[at..at + width].copy_from_slice(&written);
}
