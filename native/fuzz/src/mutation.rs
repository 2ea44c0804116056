//! Changes to files: bits, bytes, lengths, pieces moved, doubled and cut, and pieces of other files.

const EDGES: [u32; 12] = [0, 1, 2, 7, 8, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFF_FFFF, u32::MAX];
const LONGEST: usize = 64 << 10;

/// A source of changes; the same seed makes the same ones.
pub struct Mutator(u64);

impl Mutator {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        ((self.0 >> 16) % bound.max(1) as u64) as usize
    }

    /// A changed copy of one of `files`.
    pub fn mutate(&mut self, files: &[Vec<u8>]) -> Vec<u8> {
        let at = self.below(files.len());
        let mut bytes = files.get(at).cloned().unwrap_or_default();
        for _ in 0..=self.below(8) {
            let other = self.below(files.len());
            self.change(&mut bytes, files.get(other).map_or(&[], Vec::as_slice));
        }
        bytes.truncate(LONGEST);
        bytes
    }

    /// A place, more often near the beginning, where the headers are.
    fn place(&mut self, length: usize) -> usize {
        let bound = if self.below(2) == 0 { length.min(200) } else { length };
        self.below(bound)
    }

    fn change(&mut self, bytes: &mut Vec<u8>, other: &[u8]) {
        let at = self.place(bytes.len());
        let length = (1 + self.below(64)).min(bytes.len() - at);
        match self.below(9) {
            0 if length > 0 => bytes[at] ^= 1 << self.below(8),
            1 if length > 0 => bytes[at] = self.below(256) as u8,
            2 => {
                let edge = EDGES[self.below(EDGES.len())];
                let (little, width) = (edge.to_le_bytes(), 1 << self.below(3));
                let mut value = little[..width.min(length)].to_vec();
                if self.below(2) == 0 {
                    value.reverse();
                }
                bytes[at..at + value.len()].copy_from_slice(&value);
            }
            3 => drop(bytes.drain(at..at + length)),
            4 => {
                let piece = bytes[at..at + length].to_vec();
                let to = self.place(bytes.len());
                bytes.splice(to..to, piece);
            }
            5 => bytes.truncate(at.max(4)),
            6 if !other.is_empty() => {
                let from = self.below(other.len());
                let piece = &other[from..(from + 1 + self.below(2000)).min(other.len())];
                bytes.splice(at..at, piece.iter().copied());
            }
            7 if !other.is_empty() => {
                let from = self.below(other.len());
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from..]);
            }
            _ => bytes[at..at + length].fill(self.0 as u8),
        }
    }
}
