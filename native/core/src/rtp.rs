//! RTP packets (RFC 3550 section 5.1): a borrowed view of what arrived, and headers for what leaves.
//!
//! Header extensions and CSRC lists are skipped over; nothing here keeps state.

/// Bytes of a header without CSRC list and extension, which is the only kind we send.
pub const HEADER: usize = 12;

/// The header fields that matter to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Start of a talkspurt, or of an event.
    pub marker: bool,
    /// 0..127.
    pub payload_type: u8,
    /// Grows by one per packet.
    pub sequence: u16,
    /// In samples.
    pub timestamp: u32,
    /// Names the stream.
    pub ssrc: u32,
}

/// Why bytes are not an RTP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotRtp {
    /// Shorter than its header says.
    Short,
    /// Not version 2.
    Version,
    /// The padding is longer than the payload.
    Padding,
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn half(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

// Behind the fixed header, the CSRC list and the extension; may lie behind the end of the packet.
fn payload_start(packet: &[u8]) -> Result<usize, NotRtp> {
    let first = *packet.first().ok_or(NotRtp::Short)?;
    let mut start = HEADER + 4 * (first & 15) as usize;
    if first & 0x10 != 0 {
        start += 4 + 4 * half(packet, start + 2).ok_or(NotRtp::Short)? as usize;
    }
    Ok(start)
}

/// Whether a datagram on a port of both is RTCP rather than RTP (RFC 5761 section 4).
pub fn is_rtcp(packet: &[u8]) -> bool {
    matches!(packet, [first, kind, ..] if first >> 6 == 2 && (192..224).contains(kind))
}

/// What of a packet stays readable when the rest is enciphered: its stream, its sequence number, and where its payload starts.
pub fn outline(packet: &[u8]) -> Option<(u32, u16, usize)> {
    let start = payload_start(packet).ok()?;
    (packet[0] >> 6 == 2 && start <= packet.len()).then_some((word(packet, 8)?, half(packet, 2)?, start))
}

/// Reads a packet that a stranger sent.
pub fn parse(packet: &[u8]) -> Result<(Header, &[u8]), NotRtp> {
    let first = *packet.first().ok_or(NotRtp::Short)?;
    if first >> 6 != 2 {
        return Err(NotRtp::Version);
    }
    let second = *packet.get(1).ok_or(NotRtp::Short)?;
    let header = Header {
        marker: second & 0x80 != 0,
        payload_type: second & 0x7F,
        sequence: half(packet, 2).ok_or(NotRtp::Short)?,
        timestamp: word(packet, 4).ok_or(NotRtp::Short)?,
        ssrc: word(packet, 8).ok_or(NotRtp::Short)?,
    };
    let mut payload = packet.get(payload_start(packet)?..).ok_or(NotRtp::Short)?;
    if first & 0x20 != 0 {
        let padding = *payload.last().ok_or(NotRtp::Padding)? as usize;
        let kept = payload.len().checked_sub(padding).ok_or(NotRtp::Padding)?;
        if padding == 0 {
            return Err(NotRtp::Padding);
        }
        payload = &payload[..kept];
    }
    Ok((header, payload))
}

impl Header {
    /// The twelve bytes that go in front of the payload.
    pub fn to_bytes(self) -> [u8; HEADER] {
        let mut bytes = [0; HEADER];
        bytes[0] = 0x80;
        bytes[1] = (self.marker as u8) << 7 | (self.payload_type & 0x7F);
        bytes[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        bytes[4..8].copy_from_slice(&self.timestamp.to_be_bytes());
        bytes[8..12].copy_from_slice(&self.ssrc.to_be_bytes());
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn whatever_is_sent_is_read_back(marker: bool, pt in 0u8..128, sequence: u16, timestamp: u32, ssrc: u32,
                                         payload in proptest::collection::vec(any::<u8>(), 0..200)) {
            let header = Header { marker, payload_type: pt, sequence, timestamp, ssrc };
            let mut packet = header.to_bytes().to_vec();
            packet.extend(&payload);
            prop_assert_eq!(parse(&packet), Ok((header, payload.as_slice())));
        }

        #[test]
        fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            if let Ok((_, payload)) = parse(&bytes) {
                prop_assert!(payload.len() + HEADER <= bytes.len());
            }
        }
    }

    #[test]
    fn csrc_list_extension_and_padding_are_skipped() {
        let mut packet = vec![0xB1, 0x08, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
        packet.extend([9; 4]);
        packet.extend([0xBE, 0xDE, 0, 1, 1, 2, 3, 4]);
        packet.extend([7, 7, 7, 0, 2]);
        let (header, payload) = parse(&packet).expect("a packet");
        assert_eq!(
            (header.payload_type, header.sequence, payload),
            (8, 1, &[7u8, 7, 7][..])
        );
    }

    #[test]
    fn padding_longer_than_the_payload_is_refused() {
        let mut packet = vec![0xA0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3];
        assert_eq!(parse(&packet), Err(NotRtp::Padding));
        packet.push(9);
        assert_eq!(parse(&packet), Err(NotRtp::Padding));
    }
}
