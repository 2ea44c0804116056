//! What a packet on the shared port is (RFC 7983, RFC 5761), and whose it is before its source is known.

use is::stun::StunMessage;

/// What a packet is, by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A connectivity check or its answer.
    Stun,
    /// Handshake or alert.
    Dtls,
    /// Audio and keys.
    Rtp,
    /// Reports.
    Rtcp,
    /// Nothing that we know.
    Other,
}

/// Tells them apart.
pub fn kind(packet: &[u8]) -> Kind {
    match packet {
        [0..=3, ..] => Kind::Stun,
        [20..=63, ..] => Kind::Dtls,
        [128..=191, 192..=223, ..] => Kind::Rtcp,
        [128..=191, _, ..] => Kind::Rtp,
        _ => Kind::Other,
    }
}

/// Whether it is a connectivity check, rather than the answer to one.
pub fn asks(packet: &[u8]) -> bool {
    packet.starts_with(&[0, 1])
}

/// The user fragment of ours that a connectivity check names (RFC 8445 section 7.2.2): whose session it is for.
pub fn named(packet: &[u8]) -> Option<String> {
    let message = StunMessage::parse(packet).ok()?;
    let (ours, _) = message.split_username().filter(|_| message.is_binding_request())?;
    Some(ours.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn packets_are_told_apart_by_their_first_bytes() {
        assert_eq!(kind(&[0, 1]), Kind::Stun);
        assert_eq!(kind(&[22, 254]), Kind::Dtls);
        assert_eq!(kind(&[0x80, 0]), Kind::Rtp);
        assert_eq!(kind(&[0x80, 0x80 | 111]), Kind::Rtp);
        assert_eq!(kind(&[0x81, 200]), Kind::Rtcp);
        assert_eq!(kind(&[64, 0]), Kind::Other);
        assert_eq!(kind(&[]), Kind::Other);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = (kind(&bytes), named(&bytes));
        }

        #[test]
        fn no_attributes_make_it_panic(
            typ in 0u16..0x0200,
            attributes in proptest::collection::vec((0u16..0x8060, proptest::collection::vec(any::<u8>(), 0..40)), 0..8),
        ) {
            let mut body = Vec::new();
            for (kind, value) in attributes {
                body.extend(kind.to_be_bytes());
                body.extend((value.len() as u16).to_be_bytes());
                body.extend(&value);
                body.resize(body.len().next_multiple_of(4), 0);
            }
            let head = [&typ.to_be_bytes()[..], &(body.len() as u16).to_be_bytes(), &[0x21, 0x12, 0xA4, 0x42], &[7; 12]];
            let _ = named(&[head.concat(), body].concat());
        }
    }
}
