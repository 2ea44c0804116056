//! Keys as telephone events (RFC 4733 section 2.5): each heard once, whatever is lost, doubled or reordered.

/// Keys in the order of their event codes (RFC 4733 section 3.2).
pub const KEYS: &[u8; 16] = b"0123456789*#ABCD";

/// Times the last packet of an event is sent (RFC 4733 section 2.5.1.4).
pub const END_COPIES: u32 = 3;

/// The event code of a key.
pub fn code(key: char) -> Option<u8> {
    KEYS.iter()
        .position(|k| char::from(*k) == key.to_ascii_uppercase())
        .map(|at| at as u8)
}

/// One telephone event packet's payload (RFC 4733 section 2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Payload {
    /// 0..15 are keys.
    pub event: u8,
    /// The key was released.
    pub end: bool,
    /// In samples, since the event's timestamp.
    pub duration: u16,
}

impl Payload {
    /// `None` when the bytes are too few.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let [event, flags, high, low, ..] = *bytes else {
            return None;
        };
        Some(Self {
            event,
            end: flags & 0x80 != 0,
            duration: u16::from_be_bytes([high, low]),
        })
    }

    /// At -10 dBm0, as most phones send.
    pub fn to_bytes(self) -> [u8; 4] {
        let [high, low] = self.duration.to_be_bytes();
        [self.event, (self.end as u8) << 7 | 10, high, low]
    }
}

/// Recognises keys in the packets of one stream.
#[derive(Debug, Default)]
pub struct DigitReceiver {
    last: Option<(u32, u32, Payload)>,
}

impl DigitReceiver {
    /// The key when this packet is the first that tells of it.
    ///
    /// Packets of one event share its timestamp, so a new timestamp is a new key even if the start was lost and the
    /// key before it never ended. An event that is too long for its counter goes on under a new timestamp, right
    /// where the old one ended (section 2.5.1.3): that is the same key.
    pub fn receive(&mut self, ssrc: u32, timestamp: u32, bytes: &[u8]) -> Option<char> {
        let payload = Payload::parse(bytes)?;
        let key = char::from(*KEYS.get(payload.event as usize)?);
        if let Some((stream, start, before)) = self.last {
            let ahead = timestamp.wrapping_sub(start) as i32;
            if stream == ssrc && ahead <= 0 && ahead > -80_000 {
                if ahead == 0 {
                    let end = before.end || payload.end;
                    let duration = before.duration.max(payload.duration);
                    self.last = Some((
                        ssrc,
                        timestamp,
                        Payload {
                            end,
                            duration,
                            ..before
                        },
                    ));
                }
                return None;
            }
            let continues = !before.end && before.event == payload.event && ahead == i32::from(before.duration);
            self.last = Some((ssrc, timestamp, payload));
            return (!(stream == ssrc && continues)).then_some(key);
        }
        self.last = Some((ssrc, timestamp, payload));
        Some(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn packet(event: u8, end: bool, duration: u16) -> [u8; 4] {
        Payload { event, end, duration }.to_bytes()
    }

    #[test]
    fn a_key_is_heard_once_in_all_its_packets() {
        let mut receiver = DigitReceiver::default();
        let heard: Vec<_> = (1..=5u16)
            .map(|n| packet(5, false, n * 160))
            .chain((0..3).map(|_| packet(5, true, 800)))
            .filter_map(|p| receiver.receive(1, 1000, &p))
            .collect();
        assert_eq!(heard, ['5']);
    }

    #[test]
    fn lost_start_and_lost_end_packets_lose_no_key() {
        let mut receiver = DigitReceiver::default();
        assert_eq!(receiver.receive(1, 1000, &packet(1, true, 800)), Some('1'));
        assert_eq!(receiver.receive(1, 3000, &packet(2, false, 160)), Some('2'));
        assert_eq!(receiver.receive(1, 5000, &packet(2, false, 160)), Some('2'));
    }

    #[test]
    fn a_straggler_of_the_key_before_is_no_key() {
        let mut receiver = DigitReceiver::default();
        assert_eq!(receiver.receive(1, 1000, &packet(1, false, 160)), Some('1'));
        assert_eq!(receiver.receive(1, 3000, &packet(2, false, 160)), Some('2'));
        assert_eq!(receiver.receive(1, 1000, &packet(1, true, 800)), None);
        assert_eq!(receiver.receive(1, 3000, &packet(2, true, 800)), None);
    }

    #[test]
    fn a_key_held_longer_than_the_counter_is_one_key() {
        let mut receiver = DigitReceiver::default();
        assert_eq!(receiver.receive(1, 0, &packet(9, false, 65_535)), Some('9'));
        assert_eq!(receiver.receive(1, 65_535, &packet(9, false, 160)), None);
        assert_eq!(receiver.receive(1, 65_535, &packet(9, true, 320)), None);
    }

    #[test]
    fn a_flash_is_no_key() {
        assert_eq!(DigitReceiver::default().receive(1, 0, &packet(16, false, 160)), None);
    }

    proptest! {
        #[test]
        fn keys_survive_loss_and_doubling(keys in proptest::collection::vec(0u8..16, 1..12), fate in proptest::collection::vec(0u8..3, 100)) {
            let mut receiver = DigitReceiver::default();
            let mut fates = fate.iter().cycle();
            let (mut heard, mut expected) = (String::new(), String::new());
            for (n, key) in keys.iter().enumerate() {
                let mut arrived = false;
                for copy in 0..8u16 {
                    for _ in 0..*fates.next().expect("endless") {
                        arrived = true;
                        let p = packet(*key, copy >= 5, 160 * copy.min(5));
                        heard.extend(receiver.receive(7, n as u32 * 1600, &p));
                    }
                }
                if arrived {
                    expected.push(char::from(KEYS[*key as usize]));
                }
            }
            prop_assert_eq!(heard, expected);
        }

        #[test]
        fn no_payload_makes_it_panic(packets in proptest::collection::vec((any::<u32>(), proptest::collection::vec(any::<u8>(), 0..6)), 0..20)) {
            let mut receiver = DigitReceiver::default();
            for (timestamp, bytes) in packets {
                receiver.receive(1, timestamp, &bytes);
            }
        }
    }
}
