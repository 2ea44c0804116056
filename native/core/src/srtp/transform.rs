//! One packet sealed or opened under session keys: AES in counter mode with HMAC-SHA1 (RFC 3711 section 4, RFC 6188), or
//! AES-GCM (RFC 7714). Keeps no state between packets; which index a packet has is the business of `mod`.

use aes::cipher::KeyInit;
use aes::{Aes128Enc, Aes256Enc};
use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes128Gcm, Aes256Gcm};
use hmac::{Hmac, Mac};
use sha1::Sha1;

use super::derive::{apply, derive, Label};
use super::suite::{MasterKey, Suite};

/// Bytes that protection adds at most: a tag of sixteen and an RTCP index of four.
pub const MOST_ADDED: usize = 20;
/// The part of an RTCP packet that stays readable: its first header with the sender's name.
pub const RTCP_CLEAR: usize = 8;
const GCM_TAG: usize = 16;
const AUTHENTICATION: usize = 20;
const ENCRYPTED: u32 = 1 << 31;

enum Cipher {
    Counter(Counter, Box<Hmac<Sha1>>),
    Galois(Galois),
}

enum Counter {
    Of128(Box<Aes128Enc>),
    Of256(Box<Aes256Enc>),
}

enum Galois {
    Of128(Box<Aes128Gcm>),
    Of256(Box<Aes256Gcm>),
}

/// Session keys of one direction, for RTP or for RTCP.
pub struct Transform {
    cipher: Cipher,
    salt: [u8; 14],
    tag: usize,
}

impl std::fmt::Debug for Transform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Transform")
    }
}

impl Transform {
    /// Derives the session keys.
    pub fn new(master: &MasterKey, rtcp: bool) -> Self {
        let suite = master.suite();
        let salt = derive(master, Label::Salt, rtcp, suite.salt_length());
        let key = derive(master, Label::Cipher, rtcp, suite.key_length());
        let authentication = derive(master, Label::Authentication, rtcp, AUTHENTICATION);
        Self::of(suite, &key, &salt, &authentication, rtcp)
    }

    // Keys have the suite's lengths.
    fn of(suite: Suite, key: &[u8], salt: &[u8], authentication: &[u8], rtcp: bool) -> Self {
        // HMAC fills a key up with zeros to the length of a block.
        let mac = || Box::new(Hmac::<Sha1>::new(&fixed::<64>(authentication).into()));
        let cipher = match suite {
            Suite::AesCm128Sha1_80 | Suite::AesCm128Sha1_32 => {
                let counter = Counter::Of128(Box::new(Aes128Enc::new(&fixed(key).into())));
                Cipher::Counter(counter, mac())
            }
            Suite::AesCm256Sha1_80 => {
                let counter = Counter::Of256(Box::new(Aes256Enc::new(&fixed(key).into())));
                Cipher::Counter(counter, mac())
            }
            Suite::AesGcm128 => Cipher::Galois(Galois::Of128(Box::new(Aes128Gcm::new(&fixed(key).into())))),
            Suite::AesGcm256 => Cipher::Galois(Galois::Of256(Box::new(Aes256Gcm::new(&fixed(key).into())))),
        };
        let tag = match suite {
            Suite::AesGcm128 | Suite::AesGcm256 => GCM_TAG,
            Suite::AesCm128Sha1_32 if !rtcp => 4,
            _ => 10,
        };
        let salt = fixed(salt);
        Self { cipher, salt, tag }
    }

    // RFC 3711 section 4.1.1; `index` has 48 bits for RTP, 31 for RTCP.
    fn counter(&self, ssrc: u32, index: u64) -> [u8; 16] {
        let mut iv = [0; 16];
        iv[..14].copy_from_slice(&self.salt);
        mix(&mut iv[4..8], &ssrc.to_be_bytes());
        mix(&mut iv[8..14], &index.to_be_bytes()[2..]);
        iv
    }

    // RFC 7714 sections 8.1 and 9.1.
    fn nonce(&self, ssrc: u32, index: u64) -> [u8; 12] {
        let mut iv = [0; 12];
        iv.copy_from_slice(&self.salt[..12]);
        mix(&mut iv[2..6], &ssrc.to_be_bytes());
        mix(&mut iv[6..12], &index.to_be_bytes()[2..]);
        iv
    }

    /// Enciphers an RTP packet of `length` bytes whose payload starts at `start`; returns its new length. `packet` has room.
    pub fn seal_rtp(&self, packet: &mut [u8], start: usize, length: usize, ssrc: u32, index: u64) -> usize {
        let (head, rest) = packet.split_at_mut(start);
        let (payload, tag) = rest.split_at_mut(length - start);
        match &self.cipher {
            Cipher::Counter(cipher, mac) => {
                cipher.apply(&self.counter(ssrc, index), payload);
                self.sign(mac, [head, payload, &rollover(index)], tag);
            }
            Cipher::Galois(cipher) => cipher.seal(&self.nonce(ssrc, index), head, payload, tag),
        }
        length + self.tag
    }

    /// Deciphers what `seal_rtp` made; the length of the packet without its tag, `None` when it is not genuine.
    pub fn open_rtp(&self, packet: &mut [u8], start: usize, ssrc: u32, index: u64) -> Option<usize> {
        let length = packet.len().checked_sub(self.tag).filter(|length| *length >= start)?;
        let (head, rest) = packet.split_at_mut(start);
        let (payload, tag) = rest.split_at_mut(length - start);
        match &self.cipher {
            Cipher::Counter(cipher, mac) => {
                self.check(mac, [head, payload, &rollover(index)], tag)?;
                cipher.apply(&self.counter(ssrc, index), payload);
            }
            Cipher::Galois(cipher) => cipher.open(&self.nonce(ssrc, index), head, payload, tag)?,
        }
        Some(length)
    }

    /// Enciphers an RTCP packet of `length` bytes; returns its new length. `packet` has room, `index` has 31 bits.
    pub fn seal_rtcp(&self, packet: &mut [u8], length: usize, ssrc: u32, index: u32) -> usize {
        let word = (index | ENCRYPTED).to_be_bytes();
        let index = u64::from(index);
        let (head, rest) = packet.split_at_mut(RTCP_CLEAR);
        let (payload, end) = rest.split_at_mut(length - RTCP_CLEAR);
        match &self.cipher {
            Cipher::Counter(cipher, mac) => {
                cipher.apply(&self.counter(ssrc, index), payload);
                end[..4].copy_from_slice(&word);
                self.sign(mac, [head, payload, &word], &mut end[4..]);
            }
            Cipher::Galois(cipher) => {
                cipher.seal(&self.nonce(ssrc, index), &clear(head, word), payload, end);
                end[GCM_TAG..GCM_TAG + 4].copy_from_slice(&word);
            }
        }
        length + 4 + self.tag
    }

    /// The index that a sealed RTCP packet states; `None` when it is too short or its body is not enciphered.
    pub fn rtcp_index(&self, packet: &[u8]) -> Option<u32> {
        let behind = match self.cipher {
            Cipher::Counter(..) => self.tag,
            Cipher::Galois(_) => 0,
        };
        let at = packet.len().checked_sub(behind + 4)?;
        let word = u32::from_be_bytes(packet.get(at..at + 4)?.try_into().ok()?);
        (packet.len() >= RTCP_CLEAR + 4 + self.tag && word & ENCRYPTED != 0).then_some(word & !ENCRYPTED)
    }

    /// Deciphers what `seal_rtcp` made; the length of the packet without what was added, `None` when it is not genuine.
    pub fn open_rtcp(&self, packet: &mut [u8], ssrc: u32, index: u32) -> Option<usize> {
        let length = packet.len().checked_sub(4 + self.tag)?;
        let word = (index | ENCRYPTED).to_be_bytes();
        let index = u64::from(index);
        let (head, rest) = packet.split_at_mut_checked(RTCP_CLEAR)?;
        let (payload, end) = rest.split_at_mut_checked(length.checked_sub(RTCP_CLEAR)?)?;
        match &self.cipher {
            Cipher::Counter(cipher, mac) => {
                self.check(mac, [head, payload, &word], &end[4..])?;
                cipher.apply(&self.counter(ssrc, index), payload);
            }
            Cipher::Galois(cipher) => {
                let nonce = self.nonce(ssrc, index);
                cipher.open(&nonce, &clear(head, word), payload, &end[..GCM_TAG])?;
            }
        }
        Some(length)
    }

    fn sign(&self, mac: &Hmac<Sha1>, parts: [&[u8]; 3], tag: &mut [u8]) {
        let mut mac = mac.clone();
        parts.iter().for_each(|part| mac.update(part));
        tag[..self.tag].copy_from_slice(&mac.finalize().into_bytes()[..self.tag]);
    }

    fn check(&self, mac: &Hmac<Sha1>, parts: [&[u8]; 3], tag: &[u8]) -> Option<()> {
        let mut mac = mac.clone();
        parts.iter().for_each(|part| mac.update(part));
        mac.verify_truncated_left(tag).ok()
    }
}

impl Counter {
    fn apply(&self, iv: &[u8; 16], data: &mut [u8]) {
        match self {
            Self::Of128(cipher) => apply(&**cipher, iv, data),
            Self::Of256(cipher) => apply(&**cipher, iv, data),
        }
    }
}

impl Galois {
    fn seal(&self, nonce: &[u8; 12], clear: &[u8], payload: &mut [u8], tag: &mut [u8]) {
        let made = match self {
            Self::Of128(cipher) => cipher.encrypt_inout_detached(&(*nonce).into(), clear, payload.into()),
            Self::Of256(cipher) => cipher.encrypt_inout_detached(&(*nonce).into(), clear, payload.into()),
        };
        // Only gigabytes are too long to be enciphered.
        if let Ok(made) = made {
            tag[..GCM_TAG].copy_from_slice(&made);
        }
    }

    fn open(&self, nonce: &[u8; 12], clear: &[u8], payload: &mut [u8], tag: &[u8]) -> Option<()> {
        let (nonce, tag) = ((*nonce).into(), fixed::<GCM_TAG>(tag).into());
        match self {
            Self::Of128(cipher) => cipher.decrypt_inout_detached(&nonce, clear, payload.into(), &tag).ok(),
            Self::Of256(cipher) => cipher.decrypt_inout_detached(&nonce, clear, payload.into(), &tag).ok(),
        }
    }
}

// As many bytes as there are, zeros behind them.
fn fixed<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut out = [0; N];
    out.iter_mut().zip(bytes).for_each(|(out, byte)| *out = *byte);
    out
}

fn mix(out: &mut [u8], bytes: &[u8]) {
    out.iter_mut().zip(bytes).for_each(|(out, byte)| *out ^= byte);
}

fn rollover(index: u64) -> [u8; 4] {
    ((index >> 16) as u32).to_be_bytes()
}

fn clear(head: &[u8], word: [u8; 4]) -> [u8; RTCP_CLEAR + 4] {
    let mut clear = [0; RTCP_CLEAR + 4];
    clear[..RTCP_CLEAR].copy_from_slice(head);
    clear[RTCP_CLEAR..].copy_from_slice(&word);
    clear
}

#[cfg(test)]
mod tests {
    use super::super::unhex;
    use super::*;

    const RTP: &str = "8040f17b8041f8d35501a0b2\
                       47616c6c696120657374206f6d6e69732064697669736120696e207061727465732074726573";
    const RTCP: &str = "81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61\
                        deadbeefdeadbeefdeadbeefdeadbeefdeadbeef";

    fn gcm(suite: Suite) -> Transform {
        let key: Vec<u8> = (0..suite.key_length() as u8).collect();
        Transform::of(suite, &key, b"Quid pro quo", &[0; 20], false)
    }

    #[test]
    fn gcm_makes_the_rtp_packets_of_rfc_7714_section_16() {
        for (suite, sealed) in [
            (
                Suite::AesGcm128,
                "8040f17b8041f8d35501a0b2f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833\
                 899d7f27beb16a9152cf765ee4390cce",
            ),
            (
                Suite::AesGcm256,
                "8040f17b8041f8d35501a0b232b1de78a822fe12ef9f78fa332e33aab18012389a58e2f3b50b2a0276ffae0f1ba63799b87b\
                 7aa3db36dfffd6b0f9bb7878d7a76c13",
            ),
        ] {
            let plain = unhex(RTP);
            let mut packet = plain.clone();
            packet.resize(plain.len() + MOST_ADDED, 0);
            let length = gcm(suite).seal_rtp(&mut packet, 12, plain.len(), 0x5501_A0B2, 0xF17B);
            assert_eq!(packet[..length], unhex(sealed));
            let opened = gcm(suite).open_rtp(&mut packet[..length], 12, 0x5501_A0B2, 0xF17B);
            assert_eq!(opened, Some(plain.len()));
            assert_eq!(packet[..plain.len()], plain);
        }
    }

    #[test]
    fn gcm_makes_the_rtcp_packets_of_rfc_7714_section_17() {
        for (suite, sealed) in [
            (
                Suite::AesGcm128,
                "81c8000d4d61727363e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda\
                 4ce09b4686303ded0bb9275bc84aa45896cf4d2fc5abf87245d9eade800005d4",
            ),
            (
                Suite::AesGcm256,
                "81c8000d4d617273d50ae4d1f5ce5d304ba297e47d470c282c3ece5dbffe0a50a2eaa5c1110555be\
                 8415f658c61de0476f1b6fad1d1eb30c4446839f57ff6f6cb26ac3be800005d4",
            ),
        ] {
            let plain = unhex(RTCP);
            let mut packet = plain.clone();
            packet.resize(plain.len() + MOST_ADDED, 0);
            let length = gcm(suite).seal_rtcp(&mut packet, plain.len(), 0x4D61_7273, 0x5D4);
            assert_eq!(packet[..length], unhex(sealed));
            assert_eq!(gcm(suite).rtcp_index(&packet[..length]), Some(0x5D4));
            let opened = gcm(suite).open_rtcp(&mut packet[..length], 0x4D61_7273, 0x5D4);
            assert_eq!(opened, Some(plain.len()));
            assert_eq!(packet[..plain.len()], plain);
        }
    }

    #[test]
    fn counter_mode_makes_the_key_stream_of_rfc_3711_appendix_b2() {
        let key = unhex("2b7e151628aed2a6abf7158809cf4f3c");
        let salt = unhex("f0f1f2f3f4f5f6f7f8f9fafbfcfd");
        let transform = Transform::of(Suite::AesCm128Sha1_80, &key, &salt, &[0; 20], false);
        let mut packet = [0; 12 + 32 + MOST_ADDED];
        transform.seal_rtp(&mut packet, 12, 44, 0, 0);
        assert_eq!(
            packet[12..44],
            unhex("e03ead0935c95e80e166b16dd92b4eb4d23513162b02d0f72a43a2fe4a5f97ab")
        );
    }

    #[test]
    fn what_is_too_short_is_not_genuine() {
        for (_, suite) in Suite::NAMED {
            let transform = gcm(suite);
            for length in 0..30 {
                let mut packet = vec![0xFF; length];
                assert_eq!(transform.open_rtp(&mut packet, length.min(12), 1, 1), None);
                if let Some(index) = transform.rtcp_index(&packet) {
                    assert_eq!(transform.open_rtcp(&mut packet, 1, index), None);
                }
            }
        }
    }
}
