//! Packet indices: the rollover counter guessed from sequence numbers (RFC 3711 section 3.3.1), and the replay list (section 3.3.2).

/// How far behind the highest index a packet may be.
pub const SIZE: u64 = 128;

/// Which indices of one stream were seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Window {
    /// None before the first packet.
    highest: Option<u64>,
    /// Bit n: `highest - n` was seen.
    seen: u128,
}

impl Window {
    /// The 48-bit index that a sequence number means: the one nearest to the highest so far.
    pub fn guess(&self, sequence: u16) -> u64 {
        let Some(highest) = self.highest else {
            return u64::from(sequence);
        };
        let distance = sequence.wrapping_sub(highest as u16) as i16;
        // Before the first rollover there is nothing below zero.
        highest
            .checked_add_signed(i64::from(distance))
            .unwrap_or(u64::from(sequence))
    }

    /// Whether a packet of this index may be taken: it was not before, and is not too old to tell.
    pub fn fresh(&self, index: u64) -> bool {
        match self.highest {
            Some(highest) if index <= highest => {
                let behind = highest - index;
                behind < SIZE && self.seen >> behind & 1 == 0
            }
            _ => true,
        }
    }

    /// A packet of this index was taken.
    pub fn mark(&mut self, index: u64) {
        let highest = *self.highest.get_or_insert(index);
        if index > highest {
            let ahead = index - highest;
            self.seen = if ahead < SIZE { self.seen << ahead } else { 0 };
            self.highest = Some(index);
            self.seen |= 1;
        } else if highest - index < SIZE {
            self.seen |= 1 << (highest - index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;

    #[test]
    fn the_rollover_counter_follows_sequence_numbers_in_either_direction() {
        let mut window = Window::default();
        for (sequence, index) in [
            (65_530u16, 65_530u64),
            (65_535, 65_535),
            (2, 0x1_0002),
            (65_534, 65_534),
            (40_000, 40_000),
        ] {
            assert_eq!(window.guess(sequence), index, "{sequence}");
            window.mark(index);
        }
        window.mark(0x1_FFFF);
        assert_eq!((window.guess(0), window.guess(0xFFFE)), (0x2_0000, 0x1_FFFE));
    }

    #[test]
    fn a_stream_that_begins_low_has_nothing_below_zero() {
        let mut window = Window::default();
        window.mark(5);
        assert_eq!(window.guess(65_530), 65_530);
    }

    proptest! {
        #[test]
        fn no_index_is_fresh_twice(indices in proptest::collection::vec(0u64..600, 0..300)) {
            let mut window = Window::default();
            let mut taken = HashSet::new();
            let mut highest = 0;
            for index in indices {
                if window.fresh(index) {
                    prop_assert!(taken.insert(index));
                    window.mark(index);
                    highest = highest.max(index);
                } else {
                    prop_assert!(taken.contains(&index) || index + SIZE <= highest);
                }
            }
        }
    }
}
