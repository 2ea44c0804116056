//! Packets that wait to be used, in the order of their audio.

use std::collections::VecDeque;

use crate::codec::Codec;

/// Packets that wait at most, two seconds of the shortest; what comes beyond that is dropped.
const MOST: usize = 200;

/// What a packet holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Audio in this codec.
    Audio(Codec),
    /// How the background sounds while nothing else comes (RFC 3389).
    Noise,
}

/// A packet that waits.
#[derive(Debug)]
pub struct Waiting {
    /// Of its first sample.
    pub position: u32,
    /// Tells loss from silence that was not sent.
    pub sequence: u16,
    /// What the payload is.
    pub content: Content,
    /// As it came.
    pub payload: Vec<u8>,
}

/// The packets of one stream that wait.
#[derive(Debug, Default)]
pub struct Queue {
    packets: VecDeque<Waiting>,
    spare: Vec<Vec<u8>>,
}

impl Queue {
    /// Takes a packet in; `false` for one whose place is taken, or for which there is no room.
    pub fn put(&mut self, position: u32, sequence: u16, content: Content, payload: &[u8]) -> bool {
        let behind = |waiting: &Waiting| position.wrapping_sub(waiting.position) as i32;
        let at = self.packets.iter().rposition(|w| behind(w) >= 0).map_or(0, |at| at + 1);
        let taken = at > 0 && behind(&self.packets[at - 1]) == 0;
        if taken || self.packets.len() >= MOST {
            return false;
        }
        let mut own = self.spare.pop().unwrap_or_default();
        own.extend_from_slice(payload);
        let waiting = Waiting {
            position,
            sequence,
            content,
            payload: own,
        };
        self.packets.insert(at, waiting);
        true
    }

    /// The first.
    pub fn front(&self) -> Option<&Waiting> {
        self.packets.front()
    }

    /// Takes the first out.
    pub fn pop(&mut self) -> Option<Waiting> {
        self.packets.pop_front()
    }

    /// Gives back a packet's memory.
    pub fn recycle(&mut self, mut packet: Waiting) {
        if self.spare.len() < 4 {
            packet.payload.clear();
            self.spare.push(packet.payload);
        }
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.packets.is_empty()
    }

    /// Forgets all that waits.
    pub fn clear(&mut self) {
        self.packets.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AUDIO: Content = Content::Audio(Codec::Pcmu);

    #[test]
    fn packets_leave_in_order_across_the_wrap_and_once() {
        let mut queue = Queue::default();
        for n in [2u32, 0, 1, 2, 4, 3] {
            let taken = queue.put(n.wrapping_sub(2).wrapping_mul(160), n as u16, AUDIO, &[n as u8]);
            assert_eq!(taken, !(n == 2 && queue.packets.len() == 3));
        }
        let mut order = Vec::new();
        while let Some(packet) = queue.pop() {
            order.push(packet.payload[0]);
            queue.recycle(packet);
        }
        assert_eq!(order, [0, 1, 2, 3, 4]);
    }

    #[test]
    fn no_more_wait_than_there_is_room_for() {
        let mut queue = Queue::default();
        let taken = (0..1000).filter(|n| queue.put(*n, *n as u16, AUDIO, &[0; 10])).count();
        assert_eq!(taken, MOST);
    }
}
