//! The order of each round, repeatable from a seed.

/// SplitMix64 (Steele, Lea, Flood 2014): one line of state is enough to shuffle a dozen names.
pub(in crate::bench) struct Shuffle(u64);

impl Shuffle {
    /// Orders that the seed decides.
    pub(in crate::bench) fn new(seed: u64) -> Shuffle {
        Shuffle(seed)
    }

    /// Fisher-Yates.
    pub(in crate::bench) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = (self.next() % (last as u64 + 1)) as usize;
            items.swap(last, other);
        }
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::Shuffle;

    #[test]
    fn a_seed_repeats_its_orders_and_nothing_is_lost() {
        let orders = |seed| {
            let mut shuffle = Shuffle::new(seed);
            let mut order: Vec<u32> = (0..15).collect();
            (0..5)
                .map(|_| {
                    shuffle.shuffle(&mut order);
                    order.clone()
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(orders(7), orders(7));
        assert_ne!(orders(7), orders(8));
        for mut order in orders(7) {
            order.sort_unstable();
            assert_eq!(order, (0..15).collect::<Vec<_>>());
        }
    }
}
