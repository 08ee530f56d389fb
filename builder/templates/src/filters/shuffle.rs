//! Chance that comes out the same every time.

use tera::{Kwargs, State, TeraResult, Value};

/// `{{ page.extra.pictures | shuffle(seed="monday") }}`: another order. Without a seed the order
/// depends on the page that is written alone, so that two builds of it agree.
pub fn shuffle(mut items: Vec<Value>, kwargs: Kwargs, state: &State) -> TeraResult<Vec<Value>> {
    crate::budget::spend(items.len() as u64)?;
    crate::budget::of_arguments(&kwargs)?;
    let seed = match kwargs.get::<Value>("seed")? {
        Some(seed) => seed.to_string(),
        None => state
            .get::<Value>("current_path")?
            .map(|path| path.to_string())
            .unwrap_or_default(),
    };
    let mut chance = Chance::seeded(&seed);
    // Fisher and Yates: each place, from the last, takes one of those before it or itself.
    for last in (1..items.len()).rev() {
        items.swap(last, chance.below(last as u64 + 1) as usize);
    }
    Ok(items)
}

/// Numbers that look like chance and follow from a text: FNV-1a for the seed, SplitMix64 for the
/// sequence. Not for secrets.
#[derive(Debug, Clone)]
pub struct Chance {
    state: u64,
}

impl Chance {
    /// The sequence that belongs to a text.
    pub fn seeded(seed: &str) -> Chance {
        let state = seed.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        Chance { state }
    }

    /// The next number, from 0 up to but without `bound`; 0 if that is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^= mixed >> 31;
        // The high half of the product: every number has its share, to one part in 2^64.
        ((u128::from(mixed) * u128::from(bound)) >> 64) as u64
    }
}
