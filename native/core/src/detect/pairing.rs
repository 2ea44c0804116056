//! A key that comes twice, as an event and as a tone, is one key.

use std::collections::VecDeque;

/// How a key came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// As a telephone event.
    Event,
    /// As a tone.
    Tone,
}

/// Ticks for which the other telling of a key is waited for.
const PATIENCE: u64 = 30;
/// Keys that wait for it; the oldest goes first.
const MOST: usize = 16;

/// Keys that were told one way only, so far.
#[derive(Debug, Default)]
pub struct Pairing {
    waiting: VecDeque<(char, Source, u64)>,
    now: u64,
}

impl Pairing {
    /// 20 ms have passed.
    pub fn tick(&mut self) {
        self.now += 1;
        let now = self.now;
        self.waiting.retain(|(_, _, since)| now - since < PATIENCE);
    }

    /// Whether this is not the other telling of a key.
    pub fn is_new(&mut self, key: char, source: Source) -> bool {
        let other = self.waiting.iter().position(|(k, s, _)| *k == key && *s != source);
        if let Some(at) = other {
            self.waiting.remove(at);
            return false;
        }
        if self.waiting.len() == MOST {
            self.waiting.pop_front();
        }
        self.waiting.push_back((key, source, self.now));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_comes_both_ways_is_told_once_even_when_it_is_pressed_twice() {
        let mut pairing = Pairing::default();
        let told = [
            ('5', Source::Event),
            ('5', Source::Tone),
            ('5', Source::Event),
            ('6', Source::Event),
            ('5', Source::Tone),
            ('6', Source::Tone),
            ('5', Source::Tone),
        ];
        let new = told.map(|(key, source)| {
            (0..5).for_each(|_| pairing.tick());
            pairing.is_new(key, source)
        });
        assert_eq!(new, [true, false, true, true, false, false, true]);
    }

    #[test]
    fn the_same_key_a_while_later_is_another() {
        let mut pairing = Pairing::default();
        assert!(pairing.is_new('5', Source::Event));
        (0..PATIENCE).for_each(|_| pairing.tick());
        assert!(pairing.is_new('5', Source::Tone));
    }
}
